-- Users. The columns from user_name to active hold comparison keys (folded, cut
-- to 512 bytes), login and label hold text as it is shown. doc is canonical
-- JSON; cut is the offset of its "schemas" member. Times are microseconds since
-- 1970, UTC.

CREATE TABLE user_r (
  space bigint NOT NULL,
  seq bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  id_key text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  created bigint NOT NULL,
  modified bigint NOT NULL,
  hidden smallint NOT NULL,
  cut bigint NOT NULL,
  user_name text COLLATE "C",
  external_id text COLLATE "C",
  display_name text COLLATE "C",
  family_name text COLLATE "C",
  given_name text COLLATE "C",
  title text COLLATE "C",
  user_type text COLLATE "C",
  active smallint,
  login text COLLATE "C",
  label text COLLATE "C",
  doc text COLLATE "C" NOT NULL,
  PRIMARY KEY (space, seq)
);

CREATE UNIQUE INDEX user_id ON user_r (space, id_key);
CREATE UNIQUE INDEX user_user_name ON user_r (space, user_name);
CREATE INDEX user_list ON user_r (space, hidden, seq);
CREATE INDEX user_external_id ON user_r (space, external_id, seq);
-- Wide enough for a search inside the text to stay in the index.
CREATE INDEX user_display_name ON user_r (space, display_name, seq, hidden);
CREATE INDEX user_family_name ON user_r (space, family_name, seq);
CREATE INDEX user_active ON user_r (space, active, seq);
CREATE INDEX user_modified ON user_r (space, modified, seq);
-- Keys that may have been cut, which are few: without any, SQL decides alone.
CREATE INDEX user_long ON user_r (space) WHERE octet_length(external_id) >= 509
  OR octet_length(display_name) >= 509
  OR octet_length(family_name) >= 509
  OR octet_length(given_name) >= 509
  OR octet_length(title) >= 509
  OR octet_length(user_type) >= 509;
