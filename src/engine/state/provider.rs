//! `state replace-provider`: objects that another provider takes over.

use std::collections::BTreeSet;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::AbsResource;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Diagnostic;
use streamform_state::Entry;
use streamform_state::Record;
use streamform_state::Store;

use super::close;
use super::commit;
use super::needs_state;
use crate::engine::Session;

const OPERATION: &str = "OperationTypeStateReplaceProvider";

/// Records that another provider will have, worked out under the lock of the state, to be looked at before it is done.
pub struct Replacement {
    session: Session,
    run: String,
    store: Store,
    entries: Vec<Entry>,
    /// The resources that change.
    pub resources: BTreeSet<AbsResource>,
}

impl Replacement {
    /// Does it.
    ///
    /// # Errors
    /// When the state cannot be written, or an earlier run was interrupted on one of the objects.
    pub fn commit(self) -> Result<(), Box<Diagnostic>> {
        commit(&self.session, self.store, self.entries, (OPERATION, &self.run))
    }

    /// Leaves everything as it is.
    ///
    /// # Errors
    /// When the state cannot be let go of in order.
    pub fn discard(self) -> Result<(), Box<Diagnostic>> {
        close(self.store)
    }
}

/// Finds the records of one provider and works out what they are with another. Aliases and modules of the provider's
/// configurations stay.
///
/// # Errors
/// When there is no state, or it cannot be opened.
pub fn replace_provider(
    session: &Session,
    from: &ProviderAddr,
    to: &ProviderAddr,
) -> Result<Replacement, Box<Diagnostic>> {
    needs_state(session)?;
    let run = uuid::Uuid::new_v4().to_string();
    let store = session.open_state(OPERATION, &run)?;
    let mut resources = BTreeSet::new();
    let mut entries = Vec::new();
    for record in store.view().records() {
        let (Ok(address), Ok(provider)) = (
            AbsInstance::parse(&record.address),
            AbsProviderConfig::parse(&record.provider),
        ) else {
            continue;
        };
        if provider.provider != *from {
            continue;
        }
        resources.insert(address.abs_resource());
        let provider = AbsProviderConfig::new(provider.module.clone(), to.clone(), provider.alias.clone());
        entries.push(Entry::Put(Record {
            provider: provider.to_string(),
            ..Record::clone(record)
        }));
    }
    Ok(Replacement {
        session: session.clone(),
        run,
        store,
        entries,
        resources,
    })
}
