-- Adds up the orders of each minute, then looks up what the product was called at the end of that minute.
-- $rowtime is the time at which Kafka got the order; Confluent keeps its watermark.
INSERT INTO product_revenue (product_id, product_name, window_start, window_end, order_count, revenue)
SELECT
  minutes.product_id,
  products.product_name,
  minutes.window_start,
  minutes.window_end,
  minutes.order_count,
  minutes.revenue
FROM (
  SELECT
    product_id,
    window_start,
    window_end,
    window_time,
    COUNT(*) AS order_count,
    SUM(quantity * unit_price) AS revenue
  FROM TABLE(
    TUMBLE(TABLE orders, DESCRIPTOR($rowtime), INTERVAL '1' MINUTE)
  )
  GROUP BY product_id, window_start, window_end, window_time
) AS minutes
LEFT JOIN products FOR SYSTEM_TIME AS OF minutes.window_time
  ON products.product_id = minutes.product_id;
