-- People who sign in to applications. grants are names of OAuth grant types
-- separated by blanks, redirects the redirect URIs likewise. A public application
-- has no secret. refresh_lifetime is in seconds, 0 for the usual one; rotates
-- tells that a refresh token is good once.

ALTER TABLE application ADD COLUMN public bigint NOT NULL DEFAULT 0;
ALTER TABLE application ADD COLUMN grants text COLLATE "C" NOT NULL DEFAULT 'client_credentials';
ALTER TABLE application ADD COLUMN redirects text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE application ADD COLUMN refresh_lifetime bigint NOT NULL DEFAULT 0;
ALTER TABLE application ADD COLUMN rotates bigint NOT NULL DEFAULT 0;

-- One row for each time that somebody has signed in. handle is the SHA-256 of what
-- all codes and refresh tokens of a session begin with, current the one of the
-- code or refresh token that is good now; redeemed tells that the code was used.
-- about is what else was asked for, as JSON. Nothing of a session is good after
-- expires, nor once it has ended.

CREATE TABLE session (
  tenant bigint NOT NULL REFERENCES tenant (id),
  id text COLLATE "C" NOT NULL,
  app_key text COLLATE "C" NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  handle bytea NOT NULL,
  current bytea NOT NULL,
  redeemed bigint NOT NULL,
  about text COLLATE "C" NOT NULL,
  created bigint NOT NULL,
  expires bigint NOT NULL,
  ended bigint,
  PRIMARY KEY (tenant, id)
);

CREATE UNIQUE INDEX session_handle ON session (tenant, handle);
CREATE INDEX session_of_user ON session (tenant, user_id);
CREATE INDEX session_expires ON session (expires);

-- Access tokens that were revoked one by one, by their ids, until they would have
-- expired.

CREATE TABLE ended_token (
  tenant bigint NOT NULL REFERENCES tenant (id),
  id text COLLATE "C" NOT NULL,
  until bigint NOT NULL,
  PRIMARY KEY (tenant, id)
);

CREATE INDEX ended_token_until ON ended_token (until);
