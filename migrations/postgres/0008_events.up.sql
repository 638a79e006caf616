-- The change log. k is handed out before commit; n is the event's place in
-- commit order, which a database with several writers learns only afterwards,
-- from moment (the latest time of this and earlier events of a transaction) and k.

CREATE TABLE event (
  space bigint NOT NULL,
  k bigint NOT NULL,
  n bigint,
  moment bigint NOT NULL,
  at bigint NOT NULL,
  operation text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  principal_kind text COLLATE "C" NOT NULL,
  principal_id text COLLATE "C" NOT NULL,
  principal_display text COLLATE "C" NOT NULL,
  request_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (space, k)
);

CREATE UNIQUE INDEX event_order ON event (space, n);
