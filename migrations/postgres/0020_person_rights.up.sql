-- The most that tokens of people who signed in to an application may do: rights, ''
-- for none. rights bounds all of its tokens.

ALTER TABLE application ADD COLUMN person_rights text COLLATE "C" NOT NULL DEFAULT '';
