//! `state mv`

use std::path::PathBuf;

use clap::Args;
use streamform_lang::diag::Diagnostic;

use super::super::line;
use super::writing;
use crate::cli::arguments::IgnoredBackupArgs;
use crate::cli::arguments::LockArgs;
use crate::cli::arguments::StateFileArg;
use crate::cli::session::Surroundings;
use crate::engine::state;
use crate::report::Ui;

/// Give objects another address
///
/// Moves a resource instance, a resource or a module to another address of the same kind. The objects stay as they are; what
/// depends on them keeps depending on them. A moved block in the configuration does the same for everybody who uses it.
#[derive(Debug, Args)]
pub(super) struct MvArgs {
    /// Only tell what would move
    #[arg(long)]
    dry_run: bool,
    /// Not there: one state at a time
    #[arg(long, value_name = "FILE", hide = true)]
    state_out: Option<PathBuf>,
    /// Where it is
    #[arg(value_name = "SOURCE")]
    source: String,
    /// Where it is to be
    #[arg(value_name = "DESTINATION")]
    destination: String,
    #[command(flatten)]
    state_file: StateFileArg,
    #[command(flatten)]
    lock: LockArgs,
    #[command(flatten)]
    ignored: IgnoredBackupArgs,
}

pub(super) fn run(ui: &Ui, surroundings: &Surroundings, args: &MvArgs) -> Result<(), Box<Diagnostic>> {
    if args.state_out.is_some() {
        return Err(Box::new(Diagnostic::error(
            "Objects are not moved from one state to another",
            "The command changes one state only, so that a run that is killed leaves no object in both of them or in none. To hand an object over: write an import block for it in the other configuration and apply that, then take it out of this state.",
        ).help(format!("streamform state rm '{}'", args.source))));
    }
    let from = state::parse_target(&args.source)?;
    let to = state::parse_target(&args.destination)?;
    let mut session = writing(surroundings, &args.lock)?;
    args.state_file.settle(&mut session);
    let moved = state::move_objects(&session, &from, &to, args.dry_run)?;
    let verb = if args.dry_run { "Would move" } else { "Move" };
    ui.out(
        &moved
            .iter()
            .map(|m| line(format_args!("{verb} {:?} to {:?}", m.from, m.to)))
            .collect::<String>(),
    );
    if !args.dry_run {
        ui.out(&line(format_args!(
            "Successfully moved {} object(s).",
            moved.len()
        )));
    }
    Ok(())
}
