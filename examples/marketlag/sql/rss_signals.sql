-- Job 1: how loudly the RSS feeds talked about each market, hour by hour.
-- The weighted signal counts a mention in a trusted source for more.
INSERT INTO rss_signals (market_slug, window_start, window_end, mention_count, keyword_score, source_weighted_signal)
SELECT
  market_slug,
  window_start,
  window_end,
  COUNT(*) AS mention_count,
  SUM(keyword_score) AS keyword_score,
  SUM(keyword_score * source_weight) / NULLIF(SUM(source_weight), 0) AS source_weighted_signal
FROM TABLE(
  TUMBLE(TABLE rss_events, DESCRIPTOR(published_at), INTERVAL '1' HOUR)
)
GROUP BY market_slug, window_start, window_end;
