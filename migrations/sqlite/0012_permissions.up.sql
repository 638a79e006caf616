-- Permissions on containers and on accounts: target and grantee are the seq of
-- what is granted and of the user or group who holds it, one permission for each
-- pair. The other columns are those of users.

CREATE TABLE container_permission_r (
  space INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  id_key TEXT NOT NULL,
  version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  hidden INTEGER NOT NULL,
  cut INTEGER NOT NULL,
  target INTEGER NOT NULL,
  grantee INTEGER NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (space, seq)
) STRICT;

CREATE UNIQUE INDEX container_permission_id ON container_permission_r (space, id_key);
CREATE UNIQUE INDEX container_permission_pair ON container_permission_r (space, target, grantee);
CREATE INDEX container_permission_list ON container_permission_r (space, hidden, target, grantee, seq);
CREATE INDEX container_permission_grantee ON container_permission_r (space, grantee, target);
CREATE INDEX container_permission_modified ON container_permission_r (space, modified, seq);

CREATE TABLE account_permission_r (
  space INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  id_key TEXT NOT NULL,
  version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  hidden INTEGER NOT NULL,
  cut INTEGER NOT NULL,
  target INTEGER NOT NULL,
  grantee INTEGER NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (space, seq)
) STRICT;

CREATE UNIQUE INDEX account_permission_id ON account_permission_r (space, id_key);
CREATE UNIQUE INDEX account_permission_pair ON account_permission_r (space, target, grantee);
CREATE INDEX account_permission_list ON account_permission_r (space, hidden, target, grantee, seq);
CREATE INDEX account_permission_grantee ON account_permission_r (space, grantee, target);
CREATE INDEX account_permission_modified ON account_permission_r (space, modified, seq);
