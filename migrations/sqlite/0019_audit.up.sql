-- The change log tells where a request came from, by which credential, and the
-- names of what it changed.

ALTER TABLE event ADD COLUMN credential TEXT NOT NULL DEFAULT '';
ALTER TABLE event ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE event ADD COLUMN attributes TEXT NOT NULL DEFAULT '';

-- The audit log: what was done or refused that changed no resource, never any
-- value. k and n are as in event; space 0 is the server's own.

CREATE TABLE audit (
  space INTEGER NOT NULL,
  k INTEGER NOT NULL,
  n INTEGER,
  at INTEGER NOT NULL,
  category TEXT NOT NULL,
  action TEXT NOT NULL,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  status INTEGER NOT NULL,
  code TEXT NOT NULL,
  principal_kind TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  principal_display TEXT NOT NULL,
  credential TEXT NOT NULL,
  address TEXT NOT NULL,
  request_id TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (space, k)
) STRICT;

CREATE UNIQUE INDEX audit_order ON audit (space, n);
