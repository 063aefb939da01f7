//! Carrying out a plan: walks the execution graph, writes the journal before and after every change, reports.
//!
//! [`apply`] is one thread of control that owns the state store. Steps that are ready are prepared there (evaluated,
//! planned anew with what is known by then), their intents are committed together with the results of steps that have
//! ended, and only then are their calls begun. Calls run side by side.

mod call;
mod checks;
mod command;
mod delete;
mod ephemeral;
mod finish;
mod imports;
mod journal;
mod local_exec;
mod lost;
mod make;
mod outputs;
mod provision;
mod records;
mod resume;
mod run;
mod step;
mod values;

pub use command::CommandFailure;
pub use command::CommandLine;
pub use command::CommandRunner;
pub use command::OutputLines;
pub use records::is_remembered;
pub use run::Applied;
pub use run::ApplyInput;
pub use run::Stop;
pub use run::apply;
