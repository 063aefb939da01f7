//! `state`: looking into it, and changing it by hand. One file a subcommand.

mod list;
mod mv;
mod pull;
mod push;
mod replace_provider;
mod rm;
mod show;

use std::sync::Arc;

use clap::Args;
use clap::Subcommand;
use streamform_lang::diag::Diagnostic;

use super::fail;
use crate::cli::arguments::LockArgs;
use crate::cli::session::Surroundings;
use crate::engine::Session;

/// Look into the state, and change it by hand
#[derive(Debug, Args)]
#[command(subcommand_required = true)]
pub(in crate::cli) struct StateArgs {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Debug, Subcommand)]
enum StateCommand {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Mv(mv::MvArgs),
    Rm(rm::RmArgs),
    ReplaceProvider(replace_provider::ReplaceProviderArgs),
    /// Print the state as a state file of Terraform, with its secrets in clear
    Pull,
    Push(push::PushArgs),
}

pub(super) fn run(surroundings: &Surroundings, args: &StateArgs) -> u8 {
    let ui = surroundings.ui();
    let done = match &args.command {
        StateCommand::List(args) => list::run(&ui, surroundings, args),
        StateCommand::Show(args) => show::run(&ui, surroundings, args),
        StateCommand::Mv(args) => mv::run(&ui, surroundings, args),
        StateCommand::Rm(args) => rm::run(&ui, surroundings, args),
        StateCommand::ReplaceProvider(args) => replace_provider::run(&ui, surroundings, args),
        StateCommand::Pull => pull::run(&ui, surroundings),
        StateCommand::Push(args) => push::run(&ui, surroundings, args),
    };
    match done {
        Ok(()) => 0,
        Err(d) => fail(&ui, d),
    }
}

/// A session for a command that only reads.
fn reading(surroundings: &Surroundings) -> Result<Session, Box<Diagnostic>> {
    surroundings.offline(Arc::new(()))
}

/// A session for a command that writes.
pub(super) fn writing(surroundings: &Surroundings, lock: &LockArgs) -> Result<Session, Box<Diagnostic>> {
    let mut session = reading(surroundings)?;
    session.lock_wait = lock.wait()?;
    Ok(session)
}
