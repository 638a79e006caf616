-- Password hashes, apart from the documents.

CREATE TABLE password (
  space INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (space, seq)
) STRICT, WITHOUT ROWID;
