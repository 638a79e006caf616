DROP TABLE value_r;
