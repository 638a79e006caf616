-- Tenants with the space that holds their resources, and bearer tokens, of
-- which only the SHA-256 is kept. Times are microseconds since 1970, UTC.

CREATE TABLE tenant (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  space INTEGER NOT NULL,
  profile TEXT NOT NULL,
  created INTEGER NOT NULL
) STRICT;

CREATE TABLE token (
  id TEXT PRIMARY KEY,
  tenant INTEGER NOT NULL REFERENCES tenant (id),
  name TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE,
  rights TEXT NOT NULL,
  principal_kind TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  principal_display TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER,
  revoked INTEGER
) STRICT;

-- A name may be used again once the token that had it is revoked.
CREATE UNIQUE INDEX token_name ON token (tenant, name) WHERE revoked IS NULL;
