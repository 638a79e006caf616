-- The change log tells where a request came from, by which credential, and the
-- names of what it changed.

ALTER TABLE event ADD COLUMN credential text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE event ADD COLUMN address text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE event ADD COLUMN attributes text COLLATE "C" NOT NULL DEFAULT '';

-- The audit log: what was done or refused that changed no resource, never any
-- value. k and n are as in event; space 0 is the server's own.

CREATE TABLE audit (
  space bigint NOT NULL,
  k bigint NOT NULL,
  n bigint,
  at bigint NOT NULL,
  category text COLLATE "C" NOT NULL,
  action text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  status bigint NOT NULL,
  code text COLLATE "C" NOT NULL,
  principal_kind text COLLATE "C" NOT NULL,
  principal_id text COLLATE "C" NOT NULL,
  principal_display text COLLATE "C" NOT NULL,
  credential text COLLATE "C" NOT NULL,
  address text COLLATE "C" NOT NULL,
  request_id text COLLATE "C" NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (space, k)
);

CREATE UNIQUE INDEX audit_order ON audit (space, n);
