-- What we sell. A newer row with the same key replaces the older one (upsert), and Kafka keeps the newest (compact).
-- With a primary key and a watermark the table remembers what a product was called at any moment.
CREATE TABLE products (
  product_id   STRING NOT NULL,
  product_name STRING NOT NULL,
  category     STRING,
  updated_at   TIMESTAMP_LTZ(3) NOT NULL,
  PRIMARY KEY (product_id) NOT ENFORCED,
  WATERMARK FOR updated_at AS updated_at - INTERVAL '5' SECOND
)
DISTRIBUTED BY HASH(product_id) INTO 3 BUCKETS
WITH (
  'changelog.mode' = 'upsert',
  'kafka.cleanup-policy' = 'compact'
);
