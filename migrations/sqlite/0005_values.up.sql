-- Attribute values outside the resources' own columns: one row per value, or
-- per element of a multi-valued complex attribute, ord being its position. v
-- is the comparison key of the value (or of the element's "value"), typ that of
-- its "type"; prim is its "primary". lead marks the row that sorts.

CREATE TABLE value_r (
  space INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  attr INTEGER NOT NULL,
  ord INTEGER NOT NULL,
  typ TEXT,
  prim INTEGER,
  lead INTEGER NOT NULL,
  v TEXT,
  PRIMARY KEY (space, seq, attr, ord)
) STRICT, WITHOUT ROWID;

CREATE INDEX value_search ON value_r (space, attr, v, seq, typ, prim);
-- Keys that may have been cut, which are few: without any, SQL decides alone.
CREATE INDEX value_long ON value_r (space, attr) WHERE octet_length(v) >= 509
  OR octet_length(typ) >= 509;
