-- Secrets of resources by name, sealed, apart from the documents. key names the
-- key that sealed.

CREATE TABLE secret_r (
  space bigint NOT NULL,
  seq bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  sealed bytea NOT NULL,
  PRIMARY KEY (space, seq, name)
);
