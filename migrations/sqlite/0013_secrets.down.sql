DROP TABLE secret_r;
