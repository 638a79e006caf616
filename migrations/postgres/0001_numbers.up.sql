-- Numbers that stand for names in the keys of all other tables, and small
-- facts about the database itself.

CREATE TABLE allocator (
  name text COLLATE "C" PRIMARY KEY,
  next bigint NOT NULL
);

CREATE TABLE resource_type (
  nr bigint PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE
);

-- One number per attribute path, in lower case, and kind of comparison key:
-- the members of an open extension may hold values of several kinds.
CREATE TABLE attribute (
  nr bigint PRIMARY KEY,
  type bigint NOT NULL,
  path text COLLATE "C" NOT NULL,
  kind bigint NOT NULL,
  UNIQUE (type, path, kind)
);

CREATE TABLE setting (
  key text COLLATE "C" PRIMARY KEY,
  value text COLLATE "C" NOT NULL
);

-- A key stands here once it has been claimed, for ever.
CREATE TABLE claim (
  key text COLLATE "C" PRIMARY KEY
);
