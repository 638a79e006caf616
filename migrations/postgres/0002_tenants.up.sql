-- Tenants with the space that holds their resources, and bearer tokens, of
-- which only the SHA-256 is kept. Times are microseconds since 1970, UTC.

CREATE TABLE tenant (
  id bigint PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  space bigint NOT NULL,
  profile text COLLATE "C" NOT NULL,
  created bigint NOT NULL
);

CREATE TABLE token (
  id text COLLATE "C" PRIMARY KEY,
  tenant bigint NOT NULL REFERENCES tenant (id),
  name text COLLATE "C" NOT NULL,
  hash bytea NOT NULL UNIQUE,
  rights text COLLATE "C" NOT NULL,
  principal_kind text COLLATE "C" NOT NULL,
  principal_id text COLLATE "C" NOT NULL,
  principal_display text COLLATE "C" NOT NULL,
  created bigint NOT NULL,
  expires bigint,
  revoked bigint
);

-- A name may be used again once the token that had it is revoked.
CREATE UNIQUE INDEX token_name ON token (tenant, name) WHERE revoked IS NULL;
