//! Whether an object can be the result of a change.

use std::time::Duration;

use serde_json::Value as Json;

use crate::json::text;

/// How far the service's clock may be behind ours.
const SKEW: Duration = Duration::from_secs(30);

/// Whether `api` (an object with `metadata.created_at`) was made after `started_at`. Without a readable time on either side it was not:
/// an object that we are not sure of is never touched.
pub(crate) fn made_after(api: &Json, started_at: &str) -> bool {
    let created: Option<jiff::Timestamp> = text(api, "/metadata/created_at").parse().ok();
    let started: Option<jiff::Timestamp> = started_at.parse().ok();
    match (created, started) {
        (Some(created), Some(started)) => created.checked_add(SKEW).is_ok_and(|created| created >= started),
        _ => false,
    }
}
