-- Keys that seal values, wrapped by the server's master key, whose fingerprint is
-- master. nr orders them: the greatest seals, the others have a time when they
-- retired. An index finds what a key has sealed.

CREATE TABLE data_key (
  id TEXT PRIMARY KEY,
  nr INTEGER NOT NULL UNIQUE,
  master TEXT NOT NULL,
  wrapped BLOB NOT NULL,
  created INTEGER NOT NULL,
  retired INTEGER
) STRICT;

CREATE INDEX secret_key ON secret_r (key, space, seq, name);
