-- Job 3: for every hour with a strong signal, the hours after it in which the price moved: the smallest lag is how long
-- the market took to follow. A signal that nothing follows within six hours is forgotten, so the state stays small.
INSERT INTO market_lags (market_slug, signal_hour, price_hour, lag_hours, source_weighted_signal, price_change)
SELECT
  signals.market_slug,
  signals.window_start AS signal_hour,
  prices.window_start AS price_hour,
  TIMESTAMPDIFF(HOUR, signals.window_start, prices.window_start) AS lag_hours,
  signals.source_weighted_signal,
  prices.price_change
FROM rss_signals AS signals
JOIN market_prices AS prices
  ON prices.market_slug = signals.market_slug
  AND prices.window_end BETWEEN signals.window_end AND signals.window_end + INTERVAL '6' HOUR
WHERE signals.source_weighted_signal >= 0.15
  AND ABS(prices.price_change) >= 0.02;
