//! Another key for the state.

use streamform_lang::diag::Diagnostic;
use streamform_state::HolderInfo;
use streamform_state::Rekeyed;
use streamform_state::SealKey;

use crate::engine::Session;
use crate::engine::session::state_error;

/// Seals the states of all workspaces with another key. What was done before an error stays done; running it again does the rest.
///
/// # Errors
/// When a lock is held, something is sealed with a key that is not at hand, or a state cannot be written.
pub fn rekey(session: &Session, new: &SealKey) -> Result<Vec<(String, Rekeyed)>, Box<Diagnostic>> {
    let told = |e| Box::new(state_error(&e));
    let states = session.states();
    let mut done = Vec::new();
    for workspace in states.workspaces().map_err(told)? {
        if !states.exists(&workspace).map_err(told)? {
            continue;
        }
        let holder = HolderInfo::new(
            "OperationTypeStateRekey",
            session.who.clone(),
            uuid::Uuid::new_v4().to_string(),
            (session.clock)(),
        );
        let rekeyed = states
            .rekey(&workspace, &holder, session.lock_wait, new)
            .map_err(told)?;
        done.push((workspace, rekeyed));
    }
    Ok(done)
}
