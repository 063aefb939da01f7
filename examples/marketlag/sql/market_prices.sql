-- Job 2: price and polls of each market, hour by hour, and how far the price moved since the hour before.
INSERT INTO market_prices (market_slug, window_start, window_end, poll_count, poll_share, price, price_change)
WITH hours AS (
  SELECT
    market_slug,
    window_start,
    window_end,
    window_time,
    COUNT(poll_share) AS poll_count,
    AVG(poll_share) AS poll_share,
    AVG(price) AS price
  FROM TABLE(
    TUMBLE(TABLE market_polls, DESCRIPTOR(observed_at), INTERVAL '1' HOUR)
  )
  GROUP BY market_slug, window_start, window_end, window_time
)
SELECT
  market_slug,
  window_start,
  window_end,
  poll_count,
  poll_share,
  price,
  price - LAG(price) OVER (PARTITION BY market_slug ORDER BY window_time) AS price_change
FROM hours;
