//! A statement's phases, over the Flink gateway: starting, stopping, resuming.

use std::time::Duration;

use serde_json::Value as Json;
use serde_json::json;
use streamform_provider::rest::CallError;
use streamform_provider::rest::Patience;
use streamform_provider::rest::Poll;
use streamform_provider::rest::Schedule;
use streamform_provider::rest::WaitError;
use streamform_provider::rest::segment;
use streamform_provider::rest::wait_until;

use super::properties;
use crate::context::FlinkPlane;
use crate::json::flag;
use crate::json::text;

/// The documented interval of looking at a statement.
pub(super) const POLL: Duration = Duration::from_secs(10);
/// How often a change is tried when somebody else changes the statement at the same time.
const CONFLICTS: u32 = 5;
/// The property that carries the offsets of another statement over: the new one stays PENDING until the old one is stopped.
const CARRY_OVER: &str = "sql.tables.initial-offset-from";

pub(super) fn statements(plane: &FlinkPlane) -> String {
    format!(
        "/sql/v1/organizations/{}/environments/{}/statements",
        segment(&plane.organization),
        segment(&plane.environment)
    )
}

pub(super) fn path(plane: &FlinkPlane, name: &str) -> String {
    format!("{}/{}", statements(plane), segment(name))
}

/// What a wait makes of a statement.
fn judge(api: &Json, done: &[&str], pending: &[&str]) -> Poll<Json> {
    let phase = text(api, "/status/phase");
    let name = text(api, "/name");
    if done.contains(&phase) {
        Poll::Done(api.clone())
    } else if pending.contains(&phase) {
        Poll::Pending(match text(api, "/status/detail") {
            "" => phase.to_owned(),
            detail => format!("{phase}: {detail}"),
        })
    } else if matches!(phase, "FAILED" | "FAILING") {
        Poll::Failed(format!(
            "Flink Statement {name:?} provisioning status is {phase:?}: {}",
            text(api, "/status/detail")
        ))
    } else {
        Poll::Failed(format!(
            "Flink Statement {name:?} is in the unexpected state {phase:?}"
        ))
    }
}

async fn wait(
    plane: &FlinkPlane,
    name: &str,
    what: &str,
    done: &[&str],
    pending: &[&str],
    patience: Patience<'_>,
) -> Result<Json, WaitError> {
    let schedule = Schedule::new(POLL, plane.client.is_loopback());
    wait_until(
        &format!("waiting for Flink Statement {name:?} to {what}"),
        schedule,
        patience,
        || async {
            let api = plane
                .client
                .get(path(plane, name))
                .during(patience)
                .json()
                .await?;
            Ok(judge(&api, done, pending))
        },
    )
    .await
}

/// Waits until a new statement does its work. A degraded one does, if badly: it is not made anew for it.
pub(super) async fn started(
    plane: &FlinkPlane,
    name: &str,
    wanted: &Json,
    patience: Patience<'_>,
) -> Result<Json, WaitError> {
    let carries = properties(wanted).get(CARRY_OVER).is_some();
    let (done, pending): (&[&str], &[&str]) = if carries {
        (&["PENDING", "RUNNING", "COMPLETED", "DEGRADED"], &[])
    } else {
        (&["RUNNING", "COMPLETED", "DEGRADED"], &["PENDING"])
    };
    wait(plane, name, "run", done, pending, patience).await
}

/// Changes what may change of a statement: reads it, edits it, writes it back whole. Nothing is written if `edit` finds nothing to do.
async fn put(
    plane: &FlinkPlane,
    name: &str,
    patience: Patience<'_>,
    edit: impl Fn(&mut Json) -> bool + Send + Sync,
) -> Result<(), CallError> {
    let mut conflicts = 0;
    loop {
        let mut api = plane
            .client
            .get(path(plane, name))
            .during(patience)
            .json()
            .await?;
        if !edit(&mut api["spec"]) {
            return Ok(());
        }
        match plane
            .client
            .put(path(plane, name))
            .body(api)
            .secret()
            .during(patience)
            .send()
            .await
        {
            Ok(_) => return Ok(()),
            // Somebody (or the service itself) changed it in between; or our own first sending did.
            Err(e) if e.status() == Some(409) && conflicts < CONFLICTS => conflicts += 1,
            Err(e) => return Err(e),
        }
    }
}

pub(super) async fn stop(plane: &FlinkPlane, name: &str, patience: Patience<'_>) -> Result<Json, WaitError> {
    put(plane, name, patience, |spec| {
        let running = !flag(spec, "/stopped");
        spec["stopped"] = json!(true);
        running
    })
    .await
    .map_err(WaitError::Call)?;
    wait(
        plane,
        name,
        "stop",
        &["STOPPED", "COMPLETED"],
        &["PENDING", "RUNNING", "STOPPING", "DEGRADED"],
        patience,
    )
    .await
}

pub(super) async fn resume(
    plane: &FlinkPlane,
    name: &str,
    patience: Patience<'_>,
) -> Result<Json, WaitError> {
    put(plane, name, patience, |spec| {
        let stopped = flag(spec, "/stopped");
        spec["stopped"] = json!(false);
        if !plane.principal.is_empty() {
            spec["principal"] = json!(plane.principal);
        }
        if !plane.compute_pool.is_empty() {
            spec["compute_pool_id"] = json!(plane.compute_pool);
        }
        stopped
    })
    .await
    .map_err(WaitError::Call)?;
    wait(
        plane,
        name,
        "run again",
        &["RUNNING", "COMPLETED", "DEGRADED"],
        &["PENDING", "STOPPED", "STOPPING"],
        patience,
    )
    .await
}
