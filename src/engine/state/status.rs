//! `taint` and `untaint`: whether an object is to be replaced.

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::Mode;
use streamform_lang::diag::Diagnostic;
use streamform_state::Entry;
use streamform_state::ObjectStatus;
use streamform_state::Record;

use super::edit;
use crate::engine::Session;

/// What came of marking an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marked {
    /// It is marked now.
    Done,
    /// There is no such object; nothing was done.
    Missing(Box<Diagnostic>),
}

/// Marks an object as tainted, so that the next plan replaces it, or as whole again.
///
/// # Errors
/// When it is a data source, when it is to be made whole and is, when an earlier run was interrupted on it, or when the state
/// cannot be read or written.
pub fn mark_object(
    session: &Session,
    address: &AbsInstance,
    status: ObjectStatus,
) -> Result<Marked, Box<Diagnostic>> {
    if address.resource.mode != Mode::Managed {
        return Err(Box::new(Diagnostic::error(
            "Resource instance cannot be tainted",
            format!("{address} is only read. Only managed objects can be replaced."),
        )));
    }
    if !session.state_exists()? {
        return Ok(Marked::Missing(missing(address, true)));
    }
    edit(session, "OperationTypeTaint", false, |state| {
        let current = state.get(&address.to_string()).map(|r| (r, r.current.as_ref()));
        let Some((record, object)) = current else {
            let found = Marked::Missing(missing(address, state.records().next().is_none()));
            return Ok((Vec::new(), found));
        };
        let Some(object) = object else {
            return Err(Box::new(Diagnostic::error(
                "No such resource instance",
                format!(
                    "{address} has only objects left that were replaced and still wait to be deleted. The next apply deletes them."
                ),
            )));
        };
        if status.is_ready() && object.status.is_ready() {
            return Err(Box::new(Diagnostic::error(
                "Resource instance is not tainted",
                format!(
                    "Resource instance {address} is not currently tainted, and so it cannot be untainted."
                ),
            )));
        }
        let mut record = Record::clone(record);
        if let Some(object) = &mut record.current {
            object.status = status;
        }
        Ok((vec![Entry::Put(record)], Marked::Done))
    })
}

fn missing(address: &AbsInstance, empty: bool) -> Box<Diagnostic> {
    let detail = if empty {
        "The state currently contains no resource instances whatsoever. This may occur if the configuration has never been applied or if it has recently been destroyed.".to_owned()
    } else {
        format!(
            "There is no resource instance in the state with the address {address}. If the resource configuration has just been added, you must run \"streamform apply\" once to create the corresponding instance(s) before they can be tainted."
        )
    };
    Box::new(Diagnostic::error("No such resource instance", detail))
}
