//! In which phase a statement is: worked out from what is remembered of it and from the time.

use crate::app::{Session, Shared};
use crate::records::{Outcome, Statement};
use crate::store::statement_key;

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
    if !app.is_ready(statement.pending_since, now) {
        return Phase::Pending {
            detail: String::new(),
        };
    }
    match &statement.outcome {
        Outcome::Runs => Phase::Running,
        Outcome::Completed { .. } => Phase::Completed,
        Outcome::Failed { detail } => Phase::Failed {
            detail: detail.clone(),
        },
        Outcome::WaitsFor { statement: other } => {
            let key = statement_key(&statement.environment, other);
            match session
                .world()
                .statements
                .get(&key)
                .map(|other| of(app, session, other))
            {
                Some(Phase::Stopped) => Phase::Running,
                _ => Phase::Pending {
                    detail: String::new(),
                },
            }
        }
    }
}
