//! Carrying out a plan: walks the execution graph, writes the journal, reports.

mod event;

pub use event::Event;
pub use event::Observer;
pub use event::Operation;
