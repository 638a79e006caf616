-- People who sign in to applications. grants are names of OAuth grant types
-- separated by blanks, redirects the redirect URIs likewise. A public application
-- has no secret. refresh_lifetime is in seconds, 0 for the usual one; rotates
-- tells that a refresh token is good once.

ALTER TABLE application ADD COLUMN public INTEGER NOT NULL DEFAULT 0;
ALTER TABLE application ADD COLUMN grants TEXT NOT NULL DEFAULT 'client_credentials';
ALTER TABLE application ADD COLUMN redirects TEXT NOT NULL DEFAULT '';
ALTER TABLE application ADD COLUMN refresh_lifetime INTEGER NOT NULL DEFAULT 0;
ALTER TABLE application ADD COLUMN rotates INTEGER NOT NULL DEFAULT 0;

-- One row for each time that somebody has signed in. handle is the SHA-256 of what
-- all codes and refresh tokens of a session begin with, current the one of the
-- code or refresh token that is good now; redeemed tells that the code was used.
-- about is what else was asked for, as JSON. Nothing of a session is good after
-- expires, nor once it has ended.

CREATE TABLE session (
  tenant INTEGER NOT NULL REFERENCES tenant (id),
  id TEXT NOT NULL,
  app_key TEXT NOT NULL,
  user_id TEXT NOT NULL,
  handle BLOB NOT NULL,
  current BLOB NOT NULL,
  redeemed INTEGER NOT NULL,
  about TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  ended INTEGER,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX session_handle ON session (tenant, handle);
CREATE INDEX session_of_user ON session (tenant, user_id);
CREATE INDEX session_expires ON session (expires);

-- Access tokens that were revoked one by one, by their ids, until they would have
-- expired.

CREATE TABLE ended_token (
  tenant INTEGER NOT NULL REFERENCES tenant (id),
  id TEXT NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX ended_token_until ON ended_token (until);
