-- Relations between resources, readable from both ends.

CREATE TABLE edge (
  space bigint NOT NULL,
  relation bigint NOT NULL,
  src bigint NOT NULL,
  dst bigint NOT NULL,
  src_type bigint NOT NULL,
  dst_type bigint NOT NULL,
  PRIMARY KEY (space, relation, src, dst)
);

CREATE INDEX edge_reverse ON edge (space, relation, dst, src);
