-- Attribute values outside the resources' own columns: one row per value, or
-- per element of a multi-valued complex attribute, ord being its position. v
-- is the comparison key of the value (or of the element's "value"), typ that of
-- its "type"; prim is its "primary". lead marks the row that sorts.

CREATE TABLE value_r (
  space bigint NOT NULL,
  seq bigint NOT NULL,
  attr bigint NOT NULL,
  ord bigint NOT NULL,
  typ text COLLATE "C",
  prim smallint,
  lead smallint NOT NULL,
  v text COLLATE "C",
  PRIMARY KEY (space, seq, attr, ord)
);

CREATE INDEX value_search ON value_r (space, attr, v, seq, typ, prim);
-- Keys that may have been cut, which are few: without any, SQL decides alone.
CREATE INDEX value_long ON value_r (space, attr) WHERE octet_length(v) >= 509
  OR octet_length(typ) >= 509;
