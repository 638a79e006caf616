-- What stood under a tenant's first space goes to the one that it has now.

UPDATE event SET space = (SELECT t.space FROM tenant t WHERE t.home = event.space)
WHERE EXISTS (SELECT 1 FROM tenant t WHERE t.home = event.space AND t.space <> t.home);
UPDATE audit SET space = (SELECT t.space FROM tenant t WHERE t.home = audit.space)
WHERE EXISTS (SELECT 1 FROM tenant t WHERE t.home = audit.space AND t.space <> t.home);
UPDATE secret_r SET space = (SELECT t.space FROM tenant t WHERE t.home = secret_r.space)
WHERE seq = 0 AND EXISTS (SELECT 1 FROM tenant t WHERE t.home = secret_r.space AND t.space <> t.home);
INSERT INTO doomed_space (space, since) SELECT DISTINCT space, 0 FROM snapshot WHERE true ON CONFLICT DO NOTHING;

ALTER TABLE event DROP COLUMN state;
ALTER TABLE doomed_space DROP COLUMN changed;
ALTER TABLE doomed_space DROP COLUMN tenant;
ALTER TABLE doomed_space DROP COLUMN kept;
DROP INDEX tenant_space;
DROP INDEX tenant_home;
DROP INDEX tenant_expires;
DROP INDEX tenant_changed;
ALTER TABLE tenant DROP COLUMN changed;
ALTER TABLE tenant DROP COLUMN on_demand;
ALTER TABLE tenant DROP COLUMN expires;
ALTER TABLE tenant DROP COLUMN home;
DROP TABLE snapshot;
