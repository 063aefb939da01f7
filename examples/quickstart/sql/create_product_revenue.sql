-- What each product earned in each minute. Rows are only ever added, so every reader can stream them.
CREATE TABLE product_revenue (
  product_id   STRING NOT NULL,
  product_name STRING,
  window_start TIMESTAMP(3) NOT NULL,
  window_end   TIMESTAMP(3) NOT NULL,
  order_count  BIGINT NOT NULL,
  revenue      DOUBLE
)
DISTRIBUTED BY HASH(product_id) INTO 3 BUCKETS
WITH (
  'changelog.mode' = 'append',
  'kafka.retention.time' = '30 d'
);
