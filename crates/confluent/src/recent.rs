//! Objects that were made a moment ago, maybe by a call whose answer was lost.

use std::future::Future;
use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::Value as Json;
use streamform_provider::rest::CallError;

use crate::context::Confluent;
use crate::json::text;

/// How far the service's clock may be behind ours.
const SKEW: Duration = Duration::from_secs(30);

/// How long after its creating call began an object may still be missing from lists and reads. The service promises no time; what
/// is documented to spread (topics over brokers, roles over planes) takes seconds.
const APPEARS: Duration = Duration::from_secs(30);

/// The same where the service runs on this machine.
const APPEARS_LOCALLY: Duration = Duration::from_millis(250);

/// What the times of intents are rounded to.
const ROUNDING: Duration = Duration::from_secs(1);

/// Whether `api` (an object with `metadata.created_at`) was made after `started_at`. Without a readable time on either side it was not:
/// an object that we are not sure of is never touched.
pub(crate) fn made_after(api: &Json, started_at: &str) -> bool {
    let created: Option<Timestamp> = text(api, "/metadata/created_at").parse().ok();
    let started: Option<Timestamp> = started_at.parse().ok();
    match (created, started) {
        (Some(created), Some(started)) => created.checked_add(SKEW).is_ok_and(|created| created >= started),
        _ => false,
    }
}

/// Looks for the result of a call that began at `started_at`, and again as long as it may only not be visible yet.
pub(crate) async fn look_again<T, F>(
    client: &Confluent,
    started_at: &str,
    look: impl Fn() -> F + Send + Sync,
) -> Result<Option<T>, CallError>
where
    F: Future<Output = Result<Option<T>, CallError>> + Send,
{
    let (window, first) = if client.is_loopback() {
        (APPEARS_LOCALLY, Duration::from_millis(20))
    } else {
        (APPEARS, Duration::from_secs(1))
    };
    let ends = Instant::now() + left_of(window, started_at, Timestamp::now());
    let mut pause = first;
    loop {
        if let Some(found) = look().await? {
            return Ok(Some(found));
        }
        let left = ends.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 3 / 2).min(Duration::from_secs(5));
    }
}

/// What is left of the time after `started_at` in which an object may still appear.
fn left_of(window: Duration, started_at: &str, now: Timestamp) -> Duration {
    let Ok(started) = started_at.parse::<Timestamp>() else {
        return window;
    };
    // Of a clock that is ahead of ours nothing is believed but that the call was recent.
    let since = Duration::try_from(now.duration_since(started)).unwrap_or_default();
    (window + ROUNDING).saturating_sub(since).min(window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_look_again_ends_after_the_call() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let left = |now: &str| left_of(APPEARS, "2026-01-01T00:00:00Z", at(now)).as_secs();
        assert_eq!(left("2026-01-01T00:00:00Z"), 30);
        assert_eq!(left("2026-01-01T00:00:21Z"), 10);
        assert_eq!(left("2026-01-01T00:00:31Z"), 0);
        assert_eq!(left("2026-01-02T00:00:00Z"), 0);
        assert_eq!(left("2025-12-31T00:00:00Z"), 30, "our clock may be behind");
        assert_eq!(left_of(APPEARS, "no time", at("2026-01-01T00:00:00Z")), APPEARS);
    }
}
