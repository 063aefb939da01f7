//! The command line: arguments, one file a command, exit codes. The only place that reads the environment and names the
//! providers.

mod arguments;
mod command;
mod session;
mod variables;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

pub use arguments::Cli;

/// Runs the command that the arguments ask for.
///
/// Exit codes as Terraform's: 0 well, 1 failed, 2 changes (where `-detailed-exitcode` asks for it).
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = arguments::normalize(args);
    match Cli::try_parse_from(args) {
        Ok(cli) => ExitCode::from(command::run(cli)),
        Err(e) => {
            let code = if e.use_stderr() { 1 } else { 0 };
            // Help and version go to stdout, mistakes to stderr.
            let _ = e.print();
            ExitCode::from(code)
        }
    }
}
