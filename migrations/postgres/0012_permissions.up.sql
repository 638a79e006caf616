-- Permissions on containers and on accounts: target and grantee are the seq of
-- what is granted and of the user or group who holds it, one permission for each
-- pair. The other columns are those of users.

CREATE TABLE container_permission_r (
  space bigint NOT NULL,
  seq bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  id_key text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  created bigint NOT NULL,
  modified bigint NOT NULL,
  hidden smallint NOT NULL,
  cut bigint NOT NULL,
  target bigint NOT NULL,
  grantee bigint NOT NULL,
  doc text COLLATE "C" NOT NULL,
  PRIMARY KEY (space, seq)
);

CREATE UNIQUE INDEX container_permission_id ON container_permission_r (space, id_key);
CREATE UNIQUE INDEX container_permission_pair ON container_permission_r (space, target, grantee);
CREATE INDEX container_permission_list ON container_permission_r (space, hidden, target, grantee, seq);
CREATE INDEX container_permission_grantee ON container_permission_r (space, grantee, target);
CREATE INDEX container_permission_modified ON container_permission_r (space, modified, seq);

CREATE TABLE account_permission_r (
  space bigint NOT NULL,
  seq bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  id_key text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  created bigint NOT NULL,
  modified bigint NOT NULL,
  hidden smallint NOT NULL,
  cut bigint NOT NULL,
  target bigint NOT NULL,
  grantee bigint NOT NULL,
  doc text COLLATE "C" NOT NULL,
  PRIMARY KEY (space, seq)
);

CREATE UNIQUE INDEX account_permission_id ON account_permission_r (space, id_key);
CREATE UNIQUE INDEX account_permission_pair ON account_permission_r (space, target, grantee);
CREATE INDEX account_permission_list ON account_permission_r (space, hidden, target, grantee, seq);
CREATE INDEX account_permission_grantee ON account_permission_r (space, grantee, target);
CREATE INDEX account_permission_modified ON account_permission_r (space, modified, seq);
