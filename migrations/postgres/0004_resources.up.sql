-- Resources of every type that has no table of its own. Their attributes live
-- in value rows, their unique values in resource_unique.

CREATE TABLE resource_r (
  space bigint NOT NULL,
  seq bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  id_key text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  created bigint NOT NULL,
  modified bigint NOT NULL,
  hidden smallint NOT NULL,
  cut bigint NOT NULL,
  type bigint NOT NULL,
  label_key text COLLATE "C",
  label text COLLATE "C",
  doc text COLLATE "C" NOT NULL,
  PRIMARY KEY (space, seq)
);

CREATE UNIQUE INDEX resource_id ON resource_r (space, type, id_key);
CREATE INDEX resource_list ON resource_r (space, type, hidden, seq);
CREATE INDEX resource_label ON resource_r (space, type, label_key, seq);
CREATE INDEX resource_modified ON resource_r (space, type, modified, seq);
-- Keys that may have been cut, which are few: without any, SQL decides alone.
CREATE INDEX resource_long ON resource_r (space) WHERE octet_length(label_key) >= 509;

CREATE TABLE resource_unique (
  space bigint NOT NULL,
  attr bigint NOT NULL,
  v text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (space, attr, v)
);

CREATE INDEX resource_unique_seq ON resource_unique (space, seq);
