-- Users. The columns from user_name to active hold comparison keys (folded, cut
-- to 512 bytes), login and label hold text as it is shown. doc is canonical
-- JSON; cut is the offset of its "schemas" member. Times are microseconds since
-- 1970, UTC.

CREATE TABLE user_r (
  space INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  id_key TEXT NOT NULL,
  version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  hidden INTEGER NOT NULL,
  cut INTEGER NOT NULL,
  user_name TEXT,
  external_id TEXT,
  display_name TEXT,
  family_name TEXT,
  given_name TEXT,
  title TEXT,
  user_type TEXT,
  active INTEGER,
  login TEXT,
  label TEXT,
  doc TEXT NOT NULL,
  PRIMARY KEY (space, seq)
) STRICT;

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
