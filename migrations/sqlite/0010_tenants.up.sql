-- Tenants of their own: how one behaves, what it may cost, and its hosts. Both
-- switches and limits are JSON that package scim reads; switches is empty where
-- the server's own options decide. Hosts are in lower case, without a port.

ALTER TABLE tenant ADD COLUMN switches TEXT NOT NULL DEFAULT '';
ALTER TABLE tenant ADD COLUMN limits TEXT NOT NULL DEFAULT '';

CREATE TABLE tenant_host (
  host TEXT PRIMARY KEY,
  tenant INTEGER NOT NULL REFERENCES tenant (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX tenant_host_tenant ON tenant_host (tenant, host);

-- One row: n grows with each change of the two tables, so that servers which
-- keep them in memory notice.
CREATE TABLE tenant_generation (
  nr INTEGER PRIMARY KEY,
  n INTEGER NOT NULL
) STRICT;

INSERT INTO tenant_generation (nr, n) VALUES (1, 1);

-- Spaces of deleted tenants that may still hold rows, with the time of the
-- deletion in microseconds since 1970, UTC.
CREATE TABLE doomed_space (
  space INTEGER PRIMARY KEY,
  since INTEGER NOT NULL
) STRICT;
