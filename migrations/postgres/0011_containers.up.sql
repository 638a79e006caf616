-- Containers (safes) and the accounts in them. owner and safe are the seq of a
-- user and of a container; the other columns before label hold comparison keys,
-- label the name as it is shown. The rest is as for users.

CREATE TABLE container_r (
  space bigint NOT NULL,
  seq bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  id_key text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  created bigint NOT NULL,
  modified bigint NOT NULL,
  hidden smallint NOT NULL,
  cut bigint NOT NULL,
  name text COLLATE "C",
  display_name text COLLATE "C",
  external_id text COLLATE "C",
  description text COLLATE "C",
  kind text COLLATE "C",
  owner bigint,
  owner_value text COLLATE "C",
  owner_display text COLLATE "C",
  label text COLLATE "C",
  doc text COLLATE "C" NOT NULL,
  PRIMARY KEY (space, seq)
);

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
  space bigint NOT NULL,
  seq bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  id_key text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  created bigint NOT NULL,
  modified bigint NOT NULL,
  hidden smallint NOT NULL,
  cut bigint NOT NULL,
  name text COLLATE "C",
  external_id text COLLATE "C",
  description text COLLATE "C",
  kind text COLLATE "C",
  safe bigint NOT NULL,
  safe_name text COLLATE "C",
  label text COLLATE "C",
  doc text COLLATE "C" NOT NULL,
  PRIMARY KEY (space, seq)
);

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
