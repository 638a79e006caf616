-- Issuers of others whose tokens a tenant accepts, as JSON; '' for none.

ALTER TABLE tenant ADD COLUMN trust TEXT NOT NULL DEFAULT '';
