-- Resources of every type that has no table of its own. Their attributes live
-- in value rows, their unique values in resource_unique.

CREATE TABLE resource_r (
  space INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  id_key TEXT NOT NULL,
  version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  hidden INTEGER NOT NULL,
  cut INTEGER NOT NULL,
  type INTEGER NOT NULL,
  label_key TEXT,
  label TEXT,
  doc TEXT NOT NULL,
  PRIMARY KEY (space, seq)
) STRICT;

CREATE UNIQUE INDEX resource_id ON resource_r (space, type, id_key);
CREATE INDEX resource_list ON resource_r (space, type, hidden, seq);
CREATE INDEX resource_label ON resource_r (space, type, label_key, seq);
CREATE INDEX resource_modified ON resource_r (space, type, modified, seq);
-- Keys that may have been cut, which are few: without any, SQL decides alone.
CREATE INDEX resource_long ON resource_r (space) WHERE octet_length(label_key) >= 509;

CREATE TABLE resource_unique (
  space INTEGER NOT NULL,
  attr INTEGER NOT NULL,
  v TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (space, attr, v)
) STRICT, WITHOUT ROWID;

CREATE INDEX resource_unique_seq ON resource_unique (space, seq);
