DROP TABLE claim;
DROP TABLE setting;
DROP TABLE attribute;
DROP TABLE resource_type;
DROP TABLE allocator;
