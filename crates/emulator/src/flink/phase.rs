//! In which phase a statement is: worked out from what is remembered of it and from the time.

use std::time::Duration;

use crate::app::{Session, Shared};
use crate::records::{Outcome, Statement};

/// How long a statement waits for the one whose offsets it takes.
const PATIENCE: Duration = Duration::from_secs(6 * 3600);
/// How long a `SELECT` runs whose results nobody fetches.
const UNATTENDED: Duration = Duration::from_secs(5 * 60);

/// The phase of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Pending {
        detail: String,
    },
    Running,
    Completed,
    Failed {
        detail: String,
    },
    Stopping,
    Stopped,
    Deleting,
    /// It is not there any more.
    Gone,
}

impl Phase {
    /// As `status.phase` spells it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Phase::Pending { .. } => "PENDING",
            Phase::Running => "RUNNING",
            Phase::Completed => "COMPLETED",
            Phase::Failed { .. } => "FAILED",
            Phase::Stopping => "STOPPING",
            Phase::Stopped => "STOPPED",
            Phase::Deleting | Phase::Gone => "DELETING",
        }
    }

    /// Whether it uses its compute pool.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self, Phase::Pending { .. } | Phase::Running | Phase::Stopping)
    }
}

/// The phase of `statement` at the moment of the session.
pub(crate) fn of(app: &Shared, session: &Session<'_>, statement: &Statement) -> Phase {
    let now = session.now;
    if let Some(at) = statement.deleted_at {
        return if app.is_ready(at, now) {
            Phase::Gone
        } else {
            Phase::Deleting
        };
    }
    if statement.stopped
        && let Some(at) = statement.stopped_at
    {
        return if app.is_ready(at, now) {
            Phase::Stopped
        } else {
            Phase::Stopping
        };
    }
    if let Outcome::WaitsFor { statement: other } = &statement.outcome {
        let end = statement.pending_since.plus(PATIENCE);
        if now >= end {
            return Phase::Failed {
                detail: format!(
                    "Statement {other} was not stopped before {}.",
                    end.rfc3339_seconds()
                ),
            };
        }
        return Phase::Pending {
            detail: format!(
                "Statement is currently pending until referenced statement {other} is stopped. If {other} is not stopped \
                 before {}, this statement will fail.",
                end.rfc3339_seconds()
            ),
        };
    }
    if !app.is_ready(statement.pending_since, now) {
        return Phase::Pending {
            detail: String::new(),
        };
    }
    match &statement.outcome {
        Outcome::Runs
            if statement.traits["sql_kind"] == "SELECT"
                && statement.pending_since.is_past(UNATTENDED, now) =>
        {
            Phase::Stopped
        }
        Outcome::Runs | Outcome::WaitsFor { .. } => Phase::Running,
        Outcome::Completed { .. } => Phase::Completed,
        Outcome::Failed { detail } => Phase::Failed {
            detail: detail.clone(),
        },
    }
}
