DROP INDEX container_display_name;
CREATE UNIQUE INDEX container_display_name ON container_r (space, display_name);
