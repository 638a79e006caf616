DROP TABLE account_permission_r;
DROP TABLE container_permission_r;
