//! What an observer is told while the engine works.

use std::time::Duration;
use std::time::Instant;

use streamform_lang::diag::Diagnostic;
use streamform_lang::value::Value;

/// What is being done to one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Read to learn what it is now.
    Refresh,
    /// A data source is read.
    Read,
    /// Made.
    Create,
    /// Changed in place.
    Update,
    /// Deleted.
    Delete,
    /// The outcome of an interrupted change is looked up.
    Recover,
    /// An ephemeral resource is opened.
    Open,
    /// An ephemeral resource is closed.
    CloseEphemeral,
    /// An object is looked up by its import id.
    FindImport,
    /// An imported object is written to the state.
    Import,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// An operation begins. `id` is the object's id where it is known and not secret.
    Started {
        /// Which object, with `(deposed KEY)` behind it where it is one.
        address: String,
        /// What is done.
        operation: Operation,
        /// The id of the object.
        id: Option<String>,
    },
    /// An operation is in a phase worth showing.
    Phase {
        /// Which object.
        address: String,
        /// The phase, as the provider calls it.
        text: String,
        /// Since the operation began.
        elapsed: Duration,
    },
    /// An operation ended well.
    Completed {
        /// Which object.
        address: String,
        /// What was done.
        operation: Operation,
        /// The id of the object.
        id: Option<String>,
        /// How long it took.
        elapsed: Duration,
    },
    /// An operation failed; the diagnostics come with the result of the run.
    Failed {
        /// Which object.
        address: String,
        /// What was tried.
        operation: Operation,
        /// How long it took.
        elapsed: Duration,
    },
    /// A provisioner of an object begins.
    Provisioning {
        /// Which object.
        address: String,
        /// Its type: `local-exec`.
        provisioner: String,
    },
    /// A provisioner printed a line. It holds no secret.
    ProvisionOutput {
        /// Which object.
        address: String,
        /// Its type.
        provisioner: String,
        /// The line, without its end; may hold what steers a terminal.
        text: String,
    },
    /// A provisioner ended.
    Provisioned {
        /// Which object.
        address: String,
        /// Its type.
        provisioner: String,
        /// Why it failed, a phrase without a full stop.
        failed: Option<String>,
        /// What comes after it goes on: it ended well, or its failure does not matter.
        goes_on: bool,
    },
    /// A step does not run because one before it failed.
    Skipped {
        /// Which object.
        address: String,
    },
    /// The run was asked to stop and waits for what is in flight.
    Stopping,
    /// Something to tell at once, such as a lock taken over from a dead process.
    Notice(Diagnostic),
}

/// Whoever wants to know what happens while it happens. Called from the engine's threads; must not block.
pub trait Observer: Send + Sync {
    /// Told of one event.
    fn event(&self, event: Event);

    /// Told of a value that may hold secrets, marked as such: nothing that is shown from now on, here or elsewhere, may hold them.
    fn secret(&self, _value: &Value) {}

    /// Whether it wants to hear of reads that never leave the process, too: there is one for each object of the state, and people
    /// learn nothing from them.
    fn hears_local_reads(&self) -> bool {
        false
    }
}

/// Makes a call on an object, and tells of it. `id` is what its result says of the object's id.
pub async fn observed<T, E>(
    observer: &dyn Observer,
    address: String,
    operation: Operation,
    call: impl Future<Output = Result<T, E>>,
    id: impl FnOnce(&T) -> Option<String>,
) -> Result<T, E> {
    let began = Instant::now();
    observer.event(Event::Started {
        address: address.clone(),
        operation,
        id: None,
    });
    let answer = call.await;
    let elapsed = began.elapsed();
    observer.event(match &answer {
        Ok(result) => Event::Completed {
            address,
            operation,
            id: id(result),
            elapsed,
        },
        Err(_) => Event::Failed {
            address,
            operation,
            elapsed,
        },
    });
    answer
}

/// An observer that does not look.
impl Observer for () {
    fn event(&self, _event: Event) {}
}
