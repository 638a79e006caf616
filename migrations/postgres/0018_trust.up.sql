-- Issuers of others whose tokens a tenant accepts, as JSON; '' for none.

ALTER TABLE tenant ADD COLUMN trust text COLLATE "C" NOT NULL DEFAULT '';
