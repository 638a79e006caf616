DROP TABLE account_r;
DROP TABLE container_r;
