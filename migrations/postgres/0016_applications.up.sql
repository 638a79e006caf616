-- Applications that get access tokens of a tenant, each for a service user, which
-- is a User of the tenant. id_key and client_key are id and client_id as they are
-- compared. secret is a memory-hard hash in the PHC string form. epoch is made
-- anew with the secret; a token names the one that it belongs to. lifetime is in
-- seconds, 0 for that of the endpoint. Times are microseconds since 1970, UTC.

CREATE TABLE application (
  tenant bigint NOT NULL REFERENCES tenant (id),
  id_key text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  client_key text COLLATE "C" NOT NULL,
  client_id text COLLATE "C" NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  secret text COLLATE "C" NOT NULL,
  epoch text COLLATE "C" NOT NULL,
  scopes text COLLATE "C" NOT NULL,
  rights text COLLATE "C" NOT NULL,
  lifetime bigint NOT NULL,
  created bigint NOT NULL,
  rotated bigint,
  PRIMARY KEY (tenant, id_key)
);

CREATE UNIQUE INDEX application_client ON application (tenant, client_key);
