-- The change log. k is handed out before commit; n is the event's place in
-- commit order, which a database with several writers learns only afterwards,
-- from moment (the latest time of this and earlier events of a transaction) and k.

CREATE TABLE event (
  space INTEGER NOT NULL,
  k INTEGER NOT NULL,
  n INTEGER,
  moment INTEGER NOT NULL,
  at INTEGER NOT NULL,
  operation TEXT NOT NULL,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  principal_kind TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  principal_display TEXT NOT NULL,
  request_id TEXT NOT NULL,
  PRIMARY KEY (space, k)
) STRICT;

CREATE UNIQUE INDEX event_order ON event (space, n);
