//! Programs that an apply runs on this machine: what to run, and who runs it.
//!
//! The engine has no environment of its own, so it starts no processes: whoever calls it brings a [`CommandRunner`].

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::run::Stop;

/// A program to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// The program, and what it is given. Never empty; no shell looks at it.
    pub words: Vec<String>,
    /// Variables on top of those that the runner has.
    pub environment: Vec<(String, String)>,
    /// The folder to run in, relative to the session's base; none: the base itself.
    pub folder: Option<String>,
}

/// How a program ended that did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandFailure {
    /// A phrase without a full stop: `exit status 3`.
    pub why: String,
    /// It was ended because the run was asked to stop.
    pub interrupted: bool,
}

/// Takes the lines that a program prints, without their ends, standard output and standard error alike.
pub type OutputLines = Arc<dyn Fn(&str) + Send + Sync>;

/// Runs programs.
pub trait CommandRunner: Send + Sync {
    /// Runs a program to its end. When `stop` is set the program is ended, and with it what it has started.
    fn run(
        &self,
        command: CommandLine,
        lines: OutputLines,
        stop: Stop,
    ) -> BoxFuture<'static, Result<(), CommandFailure>>;

    /// Ends all that run, at once and for good: the process is about to end.
    fn end_all(&self);
}

/// Runs nothing: for engines that must not start processes.
impl CommandRunner for () {
    fn run(
        &self,
        _command: CommandLine,
        _lines: OutputLines,
        _stop: Stop,
    ) -> BoxFuture<'static, Result<(), CommandFailure>> {
        Box::pin(std::future::ready(Err(CommandFailure {
            why: "no programs may be started here".to_owned(),
            interrupted: false,
        })))
    }

    fn end_all(&self) {}
}
