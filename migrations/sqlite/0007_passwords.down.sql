DROP TABLE password;
