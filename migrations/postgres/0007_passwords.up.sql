-- Password hashes, apart from the documents.

CREATE TABLE password (
  space bigint NOT NULL,
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (space, seq)
);
