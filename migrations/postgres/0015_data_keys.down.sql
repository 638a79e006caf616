DROP INDEX secret_key;
DROP TABLE data_key;
