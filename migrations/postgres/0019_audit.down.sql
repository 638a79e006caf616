DROP TABLE audit;
ALTER TABLE event DROP COLUMN attributes;
ALTER TABLE event DROP COLUMN address;
ALTER TABLE event DROP COLUMN credential;
