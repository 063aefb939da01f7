//! Changes of the state alone: objects get other addresses, are forgotten, marked, or come from a state file.
//!
//! Every one of them reads the state under its lock, works out what to commit and commits it in one batch: all of it is
//! durable, or nothing has happened.

mod find;
mod keep;
mod provider;
mod push;
mod rekey;
mod relocate;
mod status;

pub use find::find_instances;
pub use find::list_instances;
pub use find::parse_target;
pub use find::parse_targets;
pub use find::read_state;
pub use keep::check_state;
pub use keep::list_copies;
pub use keep::restore_state;
pub use provider::Replacement;
pub use provider::replace_provider;
pub(super) use push::push_onto_nothing;
pub use push::push_state;
pub use rekey::rekey;
pub use relocate::Relocated;
pub use relocate::move_objects;
pub use status::Marked;
pub use status::mark_object;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostic;
use streamform_state::Entry;
use streamform_state::StateView;
use streamform_state::Store;

use super::Session;
use super::history;
use super::history::Kind;
use super::session::state_error;
use super::takeover::none_waits;

/// Takes objects out of the state; they stay where they are. Returns their addresses. With `dry_run` it only finds them.
///
/// # Errors
/// When nothing matches and it is no dry run, when an earlier run was interrupted on one of them, or when the state cannot be read or
/// written.
pub fn forget_objects(
    session: &Session,
    targets: &[Target],
    dry_run: bool,
) -> Result<Vec<AbsInstance>, Box<Diagnostic>> {
    edit(session, "OperationTypeStateRm", dry_run, |state| {
        was_written(session, state)?;
        let found = match find_instances(state, targets) {
            // As in Terraform: to look what would go is no mistake where nothing would.
            Err(_) if dry_run => Vec::new(),
            found => found?,
        };
        let entries = found
            .iter()
            .map(|a| Entry::Remove {
                address: a.to_string(),
            })
            .collect();
        Ok((entries, found))
    })
}

/// Reads the state, works out what to commit, and commits it unless it is only to be looked at.
fn edit<T>(
    session: &Session,
    operation: &str,
    dry_run: bool,
    work_out: impl FnOnce(&StateView) -> Result<(Vec<Entry>, T), Box<Diagnostic>>,
) -> Result<T, Box<Diagnostic>> {
    needs_state(session)?;
    if dry_run {
        return Ok(work_out(&session.read_state()?)?.1);
    }
    let run = uuid::Uuid::new_v4().to_string();
    let store = session.open_state(operation, &run)?;
    let state = store.view();
    match none_waits(session, &state).and_then(|()| work_out(&state)) {
        Ok((entries, result)) => {
            commit(session, store, entries, (operation, &run))?;
            Ok(result)
        }
        Err(d) => {
            close(store)?;
            Err(d)
        }
    }
}

/// Commits, writes the history, and lets go of the state.
fn commit(
    session: &Session,
    mut store: Store,
    entries: Vec<Entry>,
    (operation, run): (&str, &str),
) -> Result<(), Box<Diagnostic>> {
    if let Some(found) = interrupted(&store, &entries) {
        close(store)?;
        return Err(Box::new(found));
    }
    let changes = history::record_changes(&entries, &store.view());
    store.commit(entries).map_err(|e| Box::new(state_error(&e)))?;
    recorded(session, &store, (operation, run), changes);
    close(store)
}

/// Writes into the history what a command has changed of the state.
pub(super) fn recorded(
    session: &Session,
    store: &Store,
    (operation, run): (&str, &str),
    changes: Vec<history::Change>,
) {
    let kind = (Kind::of_operation(operation), None);
    if let Err(e) = history::note(session, store, run, kind, changes) {
        let event = crate::plan::Event::Notice(history::not_written(&e));
        session.observer.event(event);
    }
}

fn close(store: Store) -> Result<(), Box<Diagnostic>> {
    store.finish().map(|_| ()).map_err(|e| Box::new(state_error(&e)))
}

/// Why a record must not be touched: what became of a change of it can only be found out under its address.
fn interrupted(store: &Store, entries: &[Entry]) -> Option<Diagnostic> {
    let intents = store.open_intents();
    let touched = |address: &str| {
        entries.iter().any(|e| match e {
            Entry::Put(record) => record.address == address,
            Entry::Remove { address: gone } => gone == address,
            _ => false,
        })
    };
    let intent = intents.iter().find(|i| touched(&i.address))?;
    Some(
        Diagnostic::error(
            "Interrupted change",
            format!(
                "An earlier run was interrupted while it worked on {}, and it is not known yet what became of that. Nothing was changed. Let a plan look it up first, then run this command again.",
                intent.address
            ),
        )
        .help("streamform plan"),
    )
}

fn needs_state(session: &Session) -> Result<(), Box<Diagnostic>> {
    if session.state_exists()? {
        return Ok(());
    }
    none_waits(session, &StateView::empty(""))?;
    Err(no_state(session))
}

/// Refuses a state that was opened by a run that did not come to write anything.
fn was_written(session: &Session, state: &StateView) -> Result<(), Box<Diagnostic>> {
    if state.serial() == 0 && state.is_empty() {
        return Err(no_state(session));
    }
    Ok(())
}

fn no_state(session: &Session) -> Box<Diagnostic> {
    let place = session.backend.place(&session.workspace);
    Box::new(Diagnostic::error(
        "No state file was found!",
        format!(
            "There is no state in {place} yet. Run this command where \"streamform apply\" has been run, or name another state with the -state flag."
        ),
    ))
}
