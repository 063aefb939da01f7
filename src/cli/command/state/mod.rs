//! `state`: looking into it, and changing it by hand. One file a subcommand.

mod check;
mod list;
mod mv;
mod pull;
mod push;
mod rekey;
mod replace_provider;
mod restore;
mod rm;
mod show;

use std::sync::Arc;

use clap::Args;
use clap::Subcommand;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_lang::value::Value;

use super::fail;
use crate::cli::arguments::LockArgs;
use crate::cli::session::Surroundings;
use crate::engine::Session;
use crate::plan::Event;
use crate::plan::Observer;
use crate::report::Ui;

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
    Check(check::CheckArgs),
    Restore(restore::RestoreArgs),
    Rekey(rekey::RekeyArgs),
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
        StateCommand::Restore(args) => restore::run(&ui, surroundings, args),
        StateCommand::Check(args) => match check::run(&ui, surroundings, args) {
            Ok(true) => Ok(()),
            Ok(false) => return 1,
            Err(d) => Err(d),
        },
        StateCommand::Rekey(args) => rekey::run(&ui, surroundings, args),
    };
    match done {
        Ok(()) => 0,
        Err(d) => fail(&ui, d),
    }
}

/// Tells what is worth knowing meanwhile: for whom a command waits, whose lock it took over.
struct Notices(Ui);

impl Observer for Notices {
    fn secret(&self, value: &Value) {
        self.0.secrets().learn(value);
    }

    fn event(&self, event: Event) {
        if let Event::Notice(notice) = event {
            self.0
                .diagnostics(&Diagnostics::from(notice), &Sources::default());
        }
    }
}

fn notices(surroundings: &Surroundings) -> Arc<dyn Observer> {
    Arc::new(Notices(surroundings.ui()))
}

/// A session for a command that only reads.
fn reading(surroundings: &Surroundings) -> Result<Session, Box<Diagnostic>> {
    surroundings.offline_telling(notices(surroundings))
}

/// A session for a command that writes.
pub(super) fn writing(surroundings: &Surroundings, lock: &LockArgs) -> Result<Session, Box<Diagnostic>> {
    let mut session = reading(surroundings)?;
    session.lock_wait = lock.wait()?;
    Ok(session)
}
