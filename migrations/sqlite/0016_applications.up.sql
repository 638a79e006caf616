-- Applications that get access tokens of a tenant, each for a service user, which
-- is a User of the tenant. id_key and client_key are id and client_id as they are
-- compared. secret is a memory-hard hash in the PHC string form. epoch is made
-- anew with the secret; a token names the one that it belongs to. lifetime is in
-- seconds, 0 for that of the endpoint. Times are microseconds since 1970, UTC.

CREATE TABLE application (
  tenant INTEGER NOT NULL REFERENCES tenant (id),
  id_key TEXT NOT NULL,
  id TEXT NOT NULL,
  client_key TEXT NOT NULL,
  client_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  secret TEXT NOT NULL,
  epoch TEXT NOT NULL,
  scopes TEXT NOT NULL,
  rights TEXT NOT NULL,
  lifetime INTEGER NOT NULL,
  created INTEGER NOT NULL,
  rotated INTEGER,
  PRIMARY KEY (tenant, id_key)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX application_client ON application (tenant, client_key);
