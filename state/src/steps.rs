//! The instants between two durable writes, for tests that end the process at each of them.
//!
//! What must hold after a kill at any instant is what holds after a kill just before and just after each write: between two
//! of them nothing on disk changes. So every place that writes durably calls [`step`] before and after, and a test counts.

use std::sync::OnceLock;

/// Called with the name of a place that is about to write, or has just written: `log: before append`.
pub type Watcher = fn(&'static str);

static WATCHER: OnceLock<Watcher> = OnceLock::new();

/// Has every step towards a durable write told to `watcher`, in this process and from now on. The first call counts, later ones
/// change nothing. Meant for tests; without a watcher a step costs nothing.
pub fn watch_steps(watcher: Watcher) {
    // INVARIANT: a second watcher is not an error, only without effect, as documented.
    let _ = WATCHER.set(watcher);
}

/// A durable write is about to happen, or has just happened.
pub(crate) fn step(name: &'static str) {
    if let Some(watcher) = WATCHER.get() {
        watcher(name);
    }
}
