//! `state push`: a state file becomes the state.

use streamform_lang::diag::Diagnostic;
use streamform_state::Entry;
use streamform_state::ForeignState;
use streamform_state::Object;
use streamform_state::StateError;
use streamform_state::StateView;
use streamform_state::Store;

use super::close;
use super::recorded;
use crate::config::version::COMPATIBLE_VERSION;
use crate::engine::Session;
use crate::engine::history::record_changes;
use crate::engine::session::state_error;

const OPERATION: &str = "OperationTypeStatePush";

/// Makes a state file of Terraform (format version 4) the state, with its lineage and serial.
///
/// Refused, unless `force`: a file of another lineage, one with a lower serial, one with the same serial and another content,
/// and any file while it is not known what became of changes of an interrupted run.
///
/// # Errors
/// When it is refused, or the state cannot be read or written.
pub fn push_state(session: &Session, file: &ForeignState, force: bool) -> Result<(), Box<Diagnostic>> {
    let run = uuid::Uuid::new_v4().to_string();
    let mut store = session.open_state(OPERATION, &run)?;
    let current = store.view();
    let fresh = current.serial() == 0 && current.is_empty();
    let same = same_content(&current, &file.view).map_err(|e| Box::new(state_error(&e)))?;
    let refusal = if force {
        None
    } else if let Some(why) = unsettled(&store) {
        Some(why)
    } else if fresh {
        None
    } else {
        refusal(&current, &file.view, same)
    };
    if let Some(why) = refusal {
        close(store)?;
        return Err(Box::new(refused(&why).help("streamform state push -force PATH")));
    }
    let unchanged =
        same && current.serial() == file.view.serial() && current.lineage() == file.view.lineage();
    if !unchanged {
        let entries: Vec<Entry> = file
            .replacing(&current)
            .into_iter()
            .map(|entry| keep_what_is_ours(entry, &current))
            .collect();
        let changes = record_changes(&entries, &current);
        store.commit(entries).map_err(|e| Box::new(state_error(&e)))?;
        recorded(session, &store, (OPERATION, &run), changes);
    }
    close(store)
}

/// Makes a state file of Terraform the state where there is none, or one with nothing in it.
///
/// # Errors
/// When there is something, or it is not known what became of changes of an interrupted run, or the state cannot be written.
pub(in crate::engine) fn push_onto_nothing(
    session: &Session,
    file: &ForeignState,
) -> Result<(), Box<Diagnostic>> {
    let run = uuid::Uuid::new_v4().to_string();
    let mut store = session.open_state(OPERATION, &run)?;
    let current = store.view();
    let why = if current.is_empty() {
        unsettled(&store)
    } else {
        Some("another run has put something into it meanwhile".to_owned())
    };
    if let Some(why) = why {
        close(store)?;
        return Err(Box::new(refused(&why)));
    }
    let entries = file.replacing(&current);
    let changes = record_changes(&entries, &current);
    store.commit(entries).map_err(|e| Box::new(state_error(&e)))?;
    recorded(session, &store, (OPERATION, &run), changes);
    close(store)
}

fn refused(why: &str) -> Diagnostic {
    Diagnostic::error(
        "Failed to write state",
        format!("The state was left as it is: {why}."),
    )
}

fn unsettled(store: &Store) -> Option<String> {
    store.open_intents().first().map(|intent| format!(
        "an earlier run was interrupted while it worked on {}, and it is not known yet what became of that. Run \"streamform plan\" first: it looks that up",
        intent.address
    ))
}

fn refusal(current: &StateView, new: &StateView, same: bool) -> Option<String> {
    if current.lineage() != new.lineage() {
        return Some(format!(
            "cannot import state with lineage {:?} over unrelated state with lineage {:?}",
            new.lineage(),
            current.lineage()
        ));
    }
    if new.serial() < current.serial() {
        return Some(format!(
            "cannot import state with serial {} over newer state with serial {}",
            new.serial(),
            current.serial()
        ));
    }
    (new.serial() == current.serial() && !same).then(|| {
        format!(
            "cannot overwrite existing state with serial {} with a different state that has the same serial",
            current.serial()
        )
    })
}

/// Whether both are the same state file, apart from lineage and serial.
fn same_content(current: &StateView, new: &StateView) -> Result<bool, StateError> {
    let content = |view: &StateView| -> Result<serde_json::Value, StateError> {
        let mut json = view.to_v4_json(COMPATIBLE_VERSION)?;
        if let Some(file) = json.as_object_mut() {
            file.remove("lineage");
            file.remove("serial");
        }
        Ok(json)
    };
    Ok(content(current)? == content(new)?)
}

/// A state file does not have everything that a record remembers: an object that comes back as it went keeps the rest.
fn keep_what_is_ours(entry: Entry, current: &StateView) -> Entry {
    let Entry::Put(mut record) = entry else {
        return entry;
    };
    if let Some(ours) = current.get(&record.address) {
        let keep = |theirs: &mut Object, ours: &Object| {
            // (What `state pull` printed says it itself; what Terraform wrote since says nothing.)
            theirs.prevent_destroy |= ours.prevent_destroy;
            theirs.skip_destroy |= ours.skip_destroy;
            // A file lists what an object depends on indirectly too.
            if ours.dependencies.iter().all(|d| theirs.dependencies.contains(d)) {
                theirs.dependencies.clone_from(&ours.dependencies);
            }
        };
        if let (Some(theirs), Some(ours)) = (&mut record.current, &ours.current) {
            keep(theirs, ours);
        }
        for (key, theirs) in &mut record.deposed {
            if let Some(ours) = ours.deposed.get(key) {
                keep(theirs, ours);
            }
        }
    }
    Entry::Put(record)
}
