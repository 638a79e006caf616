-- Groups. display_name and external_id hold comparison keys, label holds text as
-- it is shown; the other columns are those of users.

CREATE TABLE group_r (
  space bigint NOT NULL,
  seq bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  id_key text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  created bigint NOT NULL,
  modified bigint NOT NULL,
  hidden smallint NOT NULL,
  cut bigint NOT NULL,
  display_name text COLLATE "C",
  external_id text COLLATE "C",
  label text COLLATE "C",
  doc text COLLATE "C" NOT NULL,
  PRIMARY KEY (space, seq)
);

CREATE UNIQUE INDEX group_id ON group_r (space, id_key);
CREATE UNIQUE INDEX group_display_name ON group_r (space, display_name);
CREATE INDEX group_list ON group_r (space, hidden, seq);
CREATE INDEX group_external_id ON group_r (space, external_id, seq);
CREATE INDEX group_modified ON group_r (space, modified, seq);
-- Keys that may be cut, as for users.
CREATE INDEX group_long ON group_r (space) WHERE octet_length(external_id) >= 509
  OR octet_length(display_name) >= 509;

-- Edges between resources of one type, which are followed to their ends: few
-- among all edges of their resources.
CREATE INDEX edge_nested ON edge (space, relation, dst_type, src, dst) WHERE src_type = dst_type;

-- Whoever holds a row has the lock of that name.
CREATE TABLE named_lock (
  space bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  PRIMARY KEY (space, name)
);
