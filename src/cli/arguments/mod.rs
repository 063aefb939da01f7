//! The arguments that several commands share, and the command line as a whole. What only one command takes stands with that
//! command.

mod spelling;
mod values;

use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use clap::Parser;
use clap::Subcommand;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_state::Backend;
use streamform_state::LockWait;

pub(super) use spelling::normalize;
pub(super) use values::GivenValue;
pub(super) use values::VariableArgs;

use super::command::apply::ApplyArgs;
use super::command::apply::RefreshArgs;
use super::command::console::ConsoleArgs;
use super::command::drift::DriftArgs;
use super::command::emulator::EmulatorArgs;
use super::command::fmt::FmtArgs;
use super::command::graph::GraphArgs;
use super::command::history::DiffArgs;
use super::command::history::HistoryArgs;
use super::command::import::ImportArgs;
use super::command::init::InitArgs;
use super::command::metadata::MetadataArgs;
use super::command::modules::GetArgs;
use super::command::modules::ModulesArgs;
use super::command::output::OutputArgs;
use super::command::plan::PlanArgs;
use super::command::providers::ProvidersArgs;
use super::command::rollback::RollbackArgs;
use super::command::show::ShowArgs;
use super::command::state::StateArgs;
use super::command::taint::TaintArgs;
use super::command::validate::ValidateArgs;
use super::command::version::VersionArgs;
use super::command::workspace::ForceUnlockArgs;
use super::command::workspace::WorkspaceArgs;
use super::session::duration;
use super::session::invalid_duration;
use crate::engine;
use crate::engine::Session;

/// Infrastructure as code for Confluent Cloud and Apache Flink.
///
/// Reads the Terraform language, shows what would change, and changes it. Flags may be written with one dash or two.
#[derive(Debug, Parser)]
#[command(
    name = "streamform",
    bin_name = "streamform",
    args_override_self = true,
    disable_help_subcommand = true,
    infer_long_args = false,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = false,
    help_template = "{about-with-newline}\n{usage-heading} {usage}\n\n{all-args}{after-help}",
    after_help = "\
Completion:
      --install-autocomplete
          Let bash, zsh and fish complete commands and flags; stands alone on the command line

      --uninstall-autocomplete
          Take that back"
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: GlobalArgs,

    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct GlobalArgs {
    /// Work in this folder instead of the current one
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) chdir: Option<PathBuf>,

    /// Use an emulator of the Confluent APIs in this process instead of the real ones
    #[arg(long, global = true)]
    pub(super) emulator: bool,

    /// Print without colour
    #[arg(long, global = true)]
    pub(super) no_color: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Init(InitArgs),
    Validate(ValidateArgs),
    Plan(PlanArgs),
    Apply(ApplyArgs),
    /// Delete every object of the state
    ///
    /// Makes a plan to delete, shows it, asks, and carries it out. The same as apply -destroy.
    Destroy(ApplyArgs),
    Refresh(RefreshArgs),
    Drift(DriftArgs),
    Import(ImportArgs),
    Output(OutputArgs),
    Console(ConsoleArgs),
    Show(ShowArgs),
    State(StateArgs),
    History(HistoryArgs),
    Diff(DiffArgs),
    Rollback(RollbackArgs),
    /// Mark an object to be replaced
    ///
    /// The next plan replaces it. Better: plan and apply with -replace=ADDRESS, which shows what will happen first.
    Taint(TaintArgs),
    /// Take the mark off an object that was to be replaced
    Untaint(TaintArgs),
    Graph(GraphArgs),
    Providers(ProvidersArgs),
    Modules(ModulesArgs),
    Get(GetArgs),
    Fmt(FmtArgs),
    Emulator(EmulatorArgs),
    #[command(alias = "env")]
    Workspace(WorkspaceArgs),
    ForceUnlock(ForceUnlockArgs),
    Metadata(MetadataArgs),
    Version(VersionArgs),
}

/// How a plan is made.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Planning")]
pub(super) struct PlanningArgs {
    /// Plan to delete every object
    #[arg(long)]
    pub(super) destroy: bool,
    /// Plan only to bring the state up to date with the real objects
    #[arg(long)]
    pub(super) refresh_only: bool,
    /// Read the real objects before planning [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(super) refresh: Option<bool>,
    /// Plan only this resource or module and what it needs (can be repeated)
    #[arg(long, value_name = "ADDRESS")]
    pub(super) target: Vec<String>,
    /// Plan everything but this resource or module and what depends on it (can be repeated)
    #[arg(long, value_name = "ADDRESS")]
    pub(super) exclude: Vec<String>,
    /// Replace this object even if nothing about it changes (can be repeated)
    #[arg(long, value_name = "ADDRESS")]
    pub(super) replace: Vec<String>,
    /// Read only objects that would change
    #[arg(long)]
    pub(super) minimal_refresh: bool,
    /// Let this object be destroyed although prevent_destroy guards it (can be repeated)
    #[arg(long, value_name = "ADDRESS")]
    pub(super) allow_destroy: Vec<String>,
    /// Say which object an interrupted run has made, where it cannot be told: ADDRESS=ID (can be repeated)
    #[arg(long, value_name = "ADDRESS=ID")]
    pub(super) adopt: Vec<String>,
    /// Say that an interrupted run has made nothing of this address that counts, where it cannot be told (can be repeated)
    #[arg(long, value_name = "ADDRESS")]
    pub(super) forget: Vec<String>,
    /// Leave what cannot be planned yet, such as unknown instances, for the next apply
    #[arg(long)]
    pub(super) allow_deferral: bool,
}

/// What to do about a lock that somebody else holds.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Running")]
pub(super) struct LockArgs {
    /// Wait this long for a lock that somebody else holds, such as 30s or 5m [default: 0s]
    #[arg(long, value_name = "DURATION")]
    pub(super) lock_timeout: Option<String>,
    /// Lock the state; accepted for compatibility, a state is always locked before it is written
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    pub(super) lock: Option<bool>,
}

impl LockArgs {
    /// How long to wait.
    ///
    /// # Errors
    /// When the text is no duration.
    pub(super) fn wait(&self) -> Result<LockWait, Box<Diagnostic>> {
        match self.lock_timeout.as_deref().map(|t| (t, duration(t))) {
            None => Ok(LockWait::No),
            Some((_, Some(d))) if d.is_zero() => Ok(LockWait::No),
            Some((_, Some(d))) => Ok(LockWait::UpTo(d)),
            // A time that is over already is no time to wait.
            Some((text, None)) if text.strip_prefix('-').is_some_and(|t| duration(t).is_some()) => {
                Ok(LockWait::No)
            }
            Some((text, None)) => Err(Box::new(Diagnostic {
                summary: "Failed to parse command-line flags".to_owned(),
                ..invalid_duration("-lock-timeout", text)
            })),
        }
    }
}

/// How a run goes about its work.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Running")]
pub(super) struct RunningArgs {
    /// Run at most this many operations at once [default: 10]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(super) parallelism: Option<i64>,
    #[command(flatten)]
    pub(super) lock: LockArgs,
    #[command(flatten)]
    pub(super) state_file: StateFileArgs,
    /// Print warnings as a list of their titles
    #[arg(long, help_heading = "Output")]
    pub(super) compact_warnings: bool,
}

/// A state by the name of its file, as Terraform's local backend has it.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "State")]
pub(super) struct StateFileArg {
    /// Use the state of this file's name instead of that of the backend: terraform.tfstate means streamform.state, NAME means
    /// NAME.streamform
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

impl StateFileArg {
    /// Puts the session on the state that is meant.
    pub(super) fn settle(&self, session: &mut Session) {
        if let Some(file) = &self.state {
            session.backend = beside(session, file);
            session.unusable = None;
        }
    }
}

/// The same for commands that write.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "State")]
pub(super) struct StateFileArgs {
    #[command(flatten)]
    read: StateFileArg,
    /// Write the state under this file's name, and leave the one that was read as it is
    #[arg(long, value_name = "FILE")]
    state_out: Option<PathBuf>,
    /// Accepted for compatibility: a state keeps snapshots of itself
    #[arg(long, value_name = "FILE", hide = true)]
    backup: Option<PathBuf>,
}

impl StateFileArgs {
    /// What is told of a state that a flag names: another command may not name it.
    pub(super) fn deprecated(&self) -> Diagnostics {
        let flag = self.read.state.as_ref().map(|_| {
            Diagnostic::warning(
                "Deprecated flag: -state",
                "Use the \"path\" attribute within the \"local\" backend to specify a file for state storage.",
            )
        });
        flag.into_iter().collect()
    }

    /// Puts the session on the state that is meant. `writes`: the command may change it.
    ///
    /// # Errors
    /// When a state cannot be copied to where it is to be written.
    pub(super) fn settle(&self, session: &mut Session, writes: bool) -> Result<(), Box<Diagnostic>> {
        self.read.settle(session);
        let Some(file) = self.state_out.as_ref().filter(|_| writes) else {
            return Ok(());
        };
        let out = beside(session, file);
        if out.place(&session.workspace) != session.backend.place(&session.workspace) {
            engine::copy_state(session, &session.backend, &out, &session.workspace)?;
            session.backend = out;
            session.unusable = None;
        }
        Ok(())
    }
}

/// Flags of Terraform's commands that change a state which mean nothing here, and are accepted: a state keeps snapshots of itself, and
/// there is no remote version.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct IgnoredArgs {
    #[arg(long, value_name = "FILE", hide = true)]
    backup_out: Option<PathBuf>,
    #[arg(long, hide = true)]
    ignore_remote_version: bool,
}

/// The same where the state cannot be written to another place, which takes the flag from [`StateFileArgs`].
#[derive(Clone, Debug, Default, Args)]
pub(super) struct IgnoredBackupArgs {
    #[arg(long, value_name = "FILE", hide = true)]
    backup: Option<PathBuf>,
    #[command(flatten)]
    others: IgnoredArgs,
}

/// The state that stands for a file of Terraform's.
fn beside(session: &Session, file: &Path) -> Backend {
    Backend::folder(streamform_state::folder_of_file(&session.base.join(file)))
}

#[cfg(test)]
mod tests;
