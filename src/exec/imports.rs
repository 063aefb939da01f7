//! Imported objects are written to the state before anything is done with them.

use std::sync::Arc;

use streamform_lang::diag::Diagnostic;
use streamform_state::ObjectStatus;

use super::journal::lock;
use super::records;
use super::run::Run;
use crate::plan::Event;
use crate::plan::Operation;

impl Run<'_> {
    /// Writes a record for every imported object, as it was found. The caller commits.
    pub(super) fn write_imports(&mut self) {
        let plan = Arc::clone(&self.plan);
        for change in &plan.changes {
            let Some(importing) = &change.importing else {
                continue;
            };
            let address = change.address.to_string();
            let id = (!importing.id.is_sensitive()).then(|| importing.id_text().to_owned());
            self.observer.event(Event::Started {
                address: address.clone(),
                operation: Operation::Import,
                id: id.clone(),
            });
            let object = records::object(
                change,
                &change.before,
                &change.before_private,
                ObjectStatus::Ready,
            );
            let mut journal = lock(&self.journal);
            let mut record = records::record_of(journal.record(&address).as_ref(), change);
            match object {
                Ok(object) => {
                    record.current = Some(object);
                    journal.put(record);
                }
                Err(e) => {
                    drop(journal);
                    self.diagnostics.push(
                        Diagnostic::error(
                            "Imported object cannot be written",
                            format!("What the provider told of {address} cannot be kept in the state: {e}."),
                        )
                        .on(address),
                    );
                    continue;
                }
            }
            drop(journal);
            self.done.import += 1;
            self.observer.event(Event::Completed {
                address,
                operation: Operation::Import,
                id,
                elapsed: std::time::Duration::ZERO,
            });
        }
    }
}
