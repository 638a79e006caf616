-- Keys that seal values, wrapped by the server's master key, whose fingerprint is
-- master. nr orders them: the greatest seals, the others have a time when they
-- retired. An index finds what a key has sealed.

CREATE TABLE data_key (
  id text COLLATE "C" PRIMARY KEY,
  nr bigint NOT NULL UNIQUE,
  master text COLLATE "C" NOT NULL,
  wrapped bytea NOT NULL,
  created bigint NOT NULL,
  retired bigint
);

CREATE INDEX secret_key ON secret_r (key, space, seq, name);
