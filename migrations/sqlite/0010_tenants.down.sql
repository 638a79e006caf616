DROP TABLE doomed_space;
DROP TABLE tenant_generation;
DROP TABLE tenant_host;
ALTER TABLE tenant DROP COLUMN limits;
ALTER TABLE tenant DROP COLUMN switches;
