-- What a container is displayed as is its name, which is unique; this column
-- need not be so by itself.

DROP INDEX container_display_name;
CREATE INDEX container_display_name ON container_r (space, display_name, seq);
