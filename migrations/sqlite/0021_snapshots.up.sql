-- Snapshots: states of a tenant's resources, each in a space that is not written to
-- any more, and that several may share.

CREATE TABLE snapshot (
  tenant INTEGER NOT NULL REFERENCES tenant (id),
  name TEXT NOT NULL,
  space INTEGER NOT NULL,
  created INTEGER NOT NULL,
  resources INTEGER NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX snapshot_space ON snapshot (space);

-- A tenant's space changes when a snapshot is restored; what belongs to the tenant
-- itself (its logs, its signing keys) stays under home, the number of its first
-- space. expires is in microseconds since 1970, UTC. on_demand tells that the
-- tenant came to be by its first use. changed is the generation of its last change,
-- by which servers find what they have to read again.

ALTER TABLE tenant ADD COLUMN home INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenant ADD COLUMN expires INTEGER;
ALTER TABLE tenant ADD COLUMN on_demand INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenant ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;

UPDATE tenant SET home = space;

CREATE INDEX tenant_changed ON tenant (changed);
CREATE INDEX tenant_expires ON tenant (expires) WHERE expires IS NOT NULL;
CREATE INDEX tenant_home ON tenant (home);
CREATE INDEX tenant_space ON tenant (space);

-- kept tells that requests under way may still read the space. tenant is the one
-- that was deleted, in the generation changed.

ALTER TABLE doomed_space ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
ALTER TABLE doomed_space ADD COLUMN tenant INTEGER;
ALTER TABLE doomed_space ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;

-- The space of the resource that an event is about, 0 for the one that the event
-- itself stands under.

ALTER TABLE event ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
