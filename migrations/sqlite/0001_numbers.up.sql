-- Numbers that stand for names in the keys of all other tables, and small
-- facts about the database itself.

CREATE TABLE allocator (
  name TEXT PRIMARY KEY,
  next INTEGER NOT NULL
) STRICT;

CREATE TABLE resource_type (
  nr INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- One number per attribute path, in lower case, and kind of comparison key:
-- the members of an open extension may hold values of several kinds.
CREATE TABLE attribute (
  nr INTEGER PRIMARY KEY,
  type INTEGER NOT NULL,
  path TEXT NOT NULL,
  kind INTEGER NOT NULL,
  UNIQUE (type, path, kind)
) STRICT;

CREATE TABLE setting (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- A key stands here once it has been claimed, for ever.
CREATE TABLE claim (
  key TEXT PRIMARY KEY
) STRICT;
