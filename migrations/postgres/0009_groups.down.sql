DELETE FROM edge WHERE relation = 1;
DROP INDEX edge_nested;
DROP TABLE named_lock;
DROP TABLE group_r;
