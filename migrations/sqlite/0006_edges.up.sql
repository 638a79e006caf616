-- Relations between resources, readable from both ends.

CREATE TABLE edge (
  space INTEGER NOT NULL,
  relation INTEGER NOT NULL,
  src INTEGER NOT NULL,
  dst INTEGER NOT NULL,
  src_type INTEGER NOT NULL,
  dst_type INTEGER NOT NULL,
  PRIMARY KEY (space, relation, src, dst)
) STRICT, WITHOUT ROWID;

CREATE INDEX edge_reverse ON edge (space, relation, dst, src);
