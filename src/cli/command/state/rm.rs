//! `state rm`

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

/// Forget objects without deleting them
#[derive(Debug, Args)]
pub(super) struct RmArgs {
    /// Only tell what would be forgotten
    #[arg(long)]
    dry_run: bool,
    /// Resource instances, resources and modules
    #[arg(value_name = "ADDRESS", required = true)]
    addresses: Vec<String>,
    #[command(flatten)]
    state_file: StateFileArg,
    #[command(flatten)]
    lock: LockArgs,
    #[command(flatten)]
    ignored: IgnoredBackupArgs,
}

pub(super) fn run(ui: &Ui, surroundings: &Surroundings, args: &RmArgs) -> Result<(), Box<Diagnostic>> {
    let targets = state::parse_targets(&args.addresses)?;
    let mut session = writing(surroundings, &args.lock)?;
    args.state_file.settle(&mut session);
    let found = state::forget_objects(&session, &targets, args.dry_run)?;
    if args.dry_run && found.is_empty() {
        ui.out("Would have removed nothing.\n");
    }
    let verb = if args.dry_run { "Would remove" } else { "Removed" };
    ui.out(
        &found
            .iter()
            .map(|a| line(format_args!("{verb} {a}")))
            .collect::<String>(),
    );
    if !args.dry_run {
        ui.out(&line(format_args!(
            "Successfully removed {} resource instance(s).",
            found.len()
        )));
    }
    Ok(())
}
