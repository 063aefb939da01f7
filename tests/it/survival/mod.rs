//! What survives: the real command is killed at any instant and cut off from the service at any call, and whatever comes next must
//! find state and service object for object the same. The emulator is a process of its own and goes on living, as the real
//! service does.
//!
//! `STREAMFORM_KILLS=1000 cargo test --test it survival -- --nocapture` is the nightly run: so many kills at least, every journal step of
//! every stage among them, and every changing call cut before and after its effect.

#[cfg(debug_assertions)]
mod commands;
mod cuts;
mod decisions;
mod dice;
mod elsewhere;
mod kills;
mod ledger;
mod life;
mod lost_answers;
mod platform;

pub(crate) use ledger::living;
pub(crate) use ledger::recorded;
pub(crate) use ledger::state;
pub(crate) use platform::platform;
