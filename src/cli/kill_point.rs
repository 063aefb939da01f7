//! `STREAMFORM_KILL_AT=N`: the process kills itself (SIGKILL) at its Nth step towards a durable write of the state.
//!
//! Only in builds with debug assertions: it is how the tests end the real command at every journal step, which no signal from
//! outside can hit. Steps are what [`streamform_state::watch_steps`] tells, counted from 1; a number beyond the last of a
//! run changes nothing.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// Steps that are left; 0: none is the last.
static LEFT: AtomicU64 = AtomicU64::new(0);

/// Takes up the variable, if it is set.
pub(super) fn set() {
    let wanted = std::env::var("STREAMFORM_KILL_AT").ok();
    if let Some(steps) = wanted.and_then(|n| n.parse().ok()).filter(|n| *n > 0) {
        LEFT.store(steps, Ordering::SeqCst);
        streamform_state::watch_steps(passed);
    }
}

fn passed(name: &'static str) {
    if LEFT.fetch_sub(1, Ordering::SeqCst) != 1 {
        return;
    }
    super::environment::Looks::default()
        .ui(true)
        .err(&format!("killed at: {name}\n"));
    // Nothing of an orderly end: no destructor runs, no lock is let go of.
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    // The signal takes the process down; this thread must do nothing more until then.
    loop {
        std::thread::park();
    }
}
