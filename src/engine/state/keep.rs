//! How a state is kept: whether all of it is well, and going back to a copy of it.

use streamform_lang::diag::Diagnostic;
use streamform_state::Check;
use streamform_state::HolderInfo;
use streamform_state::KeptSnapshot;
use streamform_state::Restored;
use streamform_state::StateError;

use super::needs_state;
use crate::engine::Session;
use crate::engine::session::state_error;

/// Looks at everything that belongs to the state, and changes nothing.
///
/// # Errors
/// When there is no state, somebody else holds its lock, or its place cannot be asked. What is damaged is no error here.
pub fn check_state(session: &Session) -> Result<Check, Box<Diagnostic>> {
    needs_state(session)?;
    session
        .locking(|wait| {
            let holder = holder(session, "OperationTypeStateCheck");
            session.states().check(&session.workspace, &holder, wait)
        })
        .map_err(failed)
}

/// The copies to go back to, newest first.
///
/// # Errors
/// When there is no state, or it is kept in a database, which has no copies of it.
pub fn list_copies(session: &Session) -> Result<Vec<KeptSnapshot>, Box<Diagnostic>> {
    needs_state(session)?;
    session.states().snapshots(&session.workspace).map_err(failed)
}

/// Goes back to the copy of a serial, or to the newest one that reads well and what the log holds after it.
///
/// # Errors
/// When there is no state or no such copy, when somebody else holds the lock, or files cannot be written.
pub fn restore_state(session: &Session, serial: Option<u64>) -> Result<Restored, Box<Diagnostic>> {
    needs_state(session)?;
    session
        .locking(|wait| {
            let holder = holder(session, "OperationTypeStateRestore");
            session
                .states()
                .restore(&session.workspace, &holder, wait, serial)
        })
        .map_err(failed)
}

fn holder(session: &Session, operation: &str) -> HolderInfo {
    let run = uuid::Uuid::new_v4().to_string();
    HolderInfo::new(operation, session.who.clone(), run, (session.clock)())
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err takes")]
fn failed(error: StateError) -> Box<Diagnostic> {
    Box::new(state_error(&error))
}
