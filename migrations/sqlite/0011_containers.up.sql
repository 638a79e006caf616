-- Containers (safes) and the accounts in them. owner and safe are the seq of a
-- user and of a container; the other columns before label hold comparison keys,
-- label the name as it is shown. The rest is as for users.

CREATE TABLE container_r (
  space INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  id_key TEXT NOT NULL,
  version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  hidden INTEGER NOT NULL,
  cut INTEGER NOT NULL,
  name TEXT,
  display_name TEXT,
  external_id TEXT,
  description TEXT,
  kind TEXT,
  owner INTEGER,
  owner_value TEXT,
  owner_display TEXT,
  label TEXT,
  doc TEXT NOT NULL,
  PRIMARY KEY (space, seq)
) STRICT;

CREATE UNIQUE INDEX container_id ON container_r (space, id_key);
CREATE UNIQUE INDEX container_name ON container_r (space, name);
CREATE UNIQUE INDEX container_display_name ON container_r (space, display_name);
CREATE INDEX container_list ON container_r (space, hidden, seq);
CREATE INDEX container_external_id ON container_r (space, external_id, seq);
CREATE INDEX container_owner ON container_r (space, owner, seq);
CREATE INDEX container_owner_value ON container_r (space, owner_value, seq);
CREATE INDEX container_modified ON container_r (space, modified, seq);
-- Keys that may be cut, as for users.
CREATE INDEX container_long ON container_r (space) WHERE octet_length(name) >= 509
  OR octet_length(display_name) >= 509
  OR octet_length(external_id) >= 509
  OR octet_length(description) >= 509
  OR octet_length(kind) >= 509
  OR octet_length(owner_value) >= 509
  OR octet_length(owner_display) >= 509;

CREATE TABLE account_r (
  space INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  id_key TEXT NOT NULL,
  version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  hidden INTEGER NOT NULL,
  cut INTEGER NOT NULL,
  name TEXT,
  external_id TEXT,
  description TEXT,
  kind TEXT,
  safe INTEGER NOT NULL,
  safe_name TEXT,
  label TEXT,
  doc TEXT NOT NULL,
  PRIMARY KEY (space, seq)
) STRICT;

CREATE UNIQUE INDEX account_id ON account_r (space, id_key);
CREATE INDEX account_list ON account_r (space, hidden, seq);
CREATE INDEX account_name ON account_r (space, name, seq);
CREATE INDEX account_external_id ON account_r (space, external_id, seq);
CREATE INDEX account_safe ON account_r (space, safe, seq);
CREATE INDEX account_safe_name ON account_r (space, safe_name, seq);
CREATE INDEX account_modified ON account_r (space, modified, seq);
-- Keys that may be cut, as for users.
CREATE INDEX account_long ON account_r (space) WHERE octet_length(name) >= 509
  OR octet_length(external_id) >= 509
  OR octet_length(description) >= 509
  OR octet_length(kind) >= 509
  OR octet_length(safe_name) >= 509;
