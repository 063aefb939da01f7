//! One file a command.

mod apply;
mod console;
mod emulator;
mod fmt;
mod graph;
mod init;
mod output;
mod plan;
mod show;
mod state;
mod validate;
mod version;

use console::Console;

use super::arguments::Cli;
use super::arguments::Command;
use super::session::Surroundings;

/// Runs a command; the result is the exit code.
pub(super) fn run(cli: Cli) -> u8 {
    if let Command::Version(args) = &cli.command {
        return version::run(args);
    }
    if let Command::Emulator(args) = &cli.command {
        return emulator::run(args);
    }
    let surroundings = match Surroundings::new(cli.chdir, cli.emulator) {
        Ok(s) => s,
        Err(d) => return Console::new(&Default::default()).fail(d),
    };
    match cli.command {
        Command::Init(args) => init::run(&surroundings, &args),
        Command::Validate(args) => validate::run(&surroundings, &args),
        Command::Plan(args) => plan::run(&surroundings, &args),
        Command::Apply(args) => apply::run(&surroundings, &args, false),
        Command::Destroy(args) => apply::run(&surroundings, &args, true),
        Command::Show(args) => show::run(&surroundings, &args),
        Command::Output(args) => output::run(&surroundings, &args),
        Command::State(args) => state::run(&surroundings, &args),
        Command::Graph(args) => graph::run(&surroundings, &args),
        Command::Fmt(args) => fmt::run(&surroundings, &args),
        Command::Emulator(_) | Command::Version(_) => 0,
    }
}
