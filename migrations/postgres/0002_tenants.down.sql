DROP TABLE token;
DROP TABLE tenant;
