DROP TABLE resource_unique;
DROP TABLE resource_r;
