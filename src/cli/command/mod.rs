//! One file a command: its arguments, whose comments are its help, and what it does.

pub(super) mod apply;
mod backend;
pub(super) mod console;
pub(super) mod drift;
pub(super) mod emulator;
pub(super) mod fmt;
mod from_module;
mod generated;
pub(super) mod graph;
pub(super) mod history;
pub(super) mod import;
pub(super) mod init;
pub(super) mod metadata;
pub(super) mod modules;
pub(super) mod output;
pub(super) mod plan;
pub(super) mod providers;
pub(super) mod rollback;
pub(super) mod show;
pub(super) mod state;
pub(super) mod taint;
mod takeover;
pub(super) mod validate;
pub(super) mod version;
mod view;
pub(super) mod workspace;

use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;

use super::arguments::Cli;
use super::arguments::Command;
use super::environment::Looks;
use super::session::Surroundings;
use crate::report::Ui;

/// Runs a command; the result is the exit code.
pub(super) fn run(cli: Cli) -> u8 {
    let plain = || {
        Looks {
            no_color: cli.global.no_color,
            compact_warnings: false,
        }
        .ui(true)
    };
    match &cli.command {
        Command::Version(args) => return version::run(&plain(), args),
        Command::Metadata(args) => return metadata::run(&plain(), args),
        Command::Emulator(args) => return emulator::run(&plain(), args),
        _ => {}
    }
    let surroundings = match Surroundings::new(&cli.global) {
        Ok(s) => s,
        Err(d) => return fail(&plain(), d),
    };
    match cli.command {
        Command::Init(args) => init::run(&surroundings, &args),
        Command::Console(args) => console::run(&surroundings, &args),
        Command::Validate(args) => validate::run(&surroundings, &args),
        Command::Plan(args) => plan::run(&surroundings, &args),
        Command::Apply(args) => apply::run(&surroundings, &args, false),
        Command::Destroy(args) => apply::run(&surroundings, &args, true),
        Command::Refresh(args) => apply::refresh(&surroundings, args),
        Command::Drift(args) => drift::run(&surroundings, &args),
        Command::Show(args) => show::run(&surroundings, &args),
        Command::Import(args) => import::run(&surroundings, &args),
        Command::Output(args) => output::run(&surroundings, &args),
        Command::State(args) => state::run(&surroundings, &args),
        Command::History(args) => history::run(&surroundings, &args),
        Command::Diff(args) => history::diff(&surroundings, &args),
        Command::Rollback(args) => rollback::run(&surroundings, &args),
        Command::Taint(args) => taint::taint(&surroundings, &args),
        Command::Untaint(args) => taint::untaint(&surroundings, &args),
        Command::Providers(args) => providers::run(&surroundings, &args),
        Command::Modules(args) => modules::run(&surroundings, &args),
        Command::Get(args) => modules::get(&surroundings, &args),
        Command::Graph(args) => graph::run(&surroundings, &args),
        Command::Workspace(args) => workspace::run(&surroundings, &args),
        Command::ForceUnlock(args) => workspace::force_unlock(&surroundings, &args),
        Command::Fmt(args) => fmt::run(&surroundings, &args),
        Command::Emulator(_) | Command::Version(_) | Command::Metadata(_) => 0,
    }
}

/// Tells why a command cannot go on.
fn fail(ui: &Ui, diagnostic: impl Into<Box<Diagnostic>>) -> u8 {
    ui.diagnostics(&Diagnostics::from(diagnostic.into()), &Sources::default());
    1
}

/// A line, with its end.
fn line(text: impl std::fmt::Display) -> String {
    format!("{text}\n")
}
