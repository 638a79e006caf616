-- Secrets of resources by name, sealed, apart from the documents. key names the
-- key that sealed.

CREATE TABLE secret_r (
  space INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  name TEXT NOT NULL,
  key TEXT NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (space, seq, name)
) STRICT, WITHOUT ROWID;
