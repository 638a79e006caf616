ALTER TABLE application DROP COLUMN person_rights;
