DROP TABLE ended_token;
DROP TABLE session;
ALTER TABLE application DROP COLUMN rotates;
ALTER TABLE application DROP COLUMN refresh_lifetime;
ALTER TABLE application DROP COLUMN redirects;
ALTER TABLE application DROP COLUMN grants;
ALTER TABLE application DROP COLUMN public;
