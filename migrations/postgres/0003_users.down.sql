DROP TABLE user_r;
