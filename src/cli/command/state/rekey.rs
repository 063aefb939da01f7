//! `state rekey`

use clap::Args;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;

use super::super::line;
use super::writing;
use crate::cli::arguments::LockArgs;
use crate::cli::keys;
use crate::cli::keys::Source;
use crate::cli::keys::Which;
use crate::cli::session::Surroundings;
use crate::engine::state;
use crate::report::Ui;

/// Seal the state with another key
///
/// Everything that is sealed in the states of all workspaces is sealed anew: records, outputs, what is open in the journal,
/// snapshots and history. The present key (and those of variables that end in _OLD) open what is there. The new one comes from an option below or
/// from one of STREAMFORM_STATE_KEY_FILE_NEW, STREAMFORM_STATE_PASSPHRASE_NEW, STREAMFORM_STATE_AGE_IDENTITY_NEW and
/// STREAMFORM_STATE_KEY_COMMAND_NEW; without any, what is sealed with older keys is sealed with the present one. If it is interrupted, run it
/// again. Plan files are not sealed anew: make new plans.
#[derive(Debug, Args)]
pub(super) struct RekeyArgs {
    /// A key file; made when there is none
    #[arg(long, value_name = "FILE")]
    new_key_file: Option<String>,
    /// An age identity file
    #[arg(long, value_name = "FILE")]
    new_age_identity: Option<String>,
    /// A command that prints the key
    #[arg(long, value_name = "COMMAND")]
    new_key_command: Option<String>,
    #[command(flatten)]
    lock: LockArgs,
}

fn counted(n: usize, what: &str) -> String {
    match (n, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        (_, None) => format!("{n} {what}s"),
    }
}

pub(super) fn run(ui: &Ui, surroundings: &Surroundings, args: &RekeyArgs) -> Result<(), Box<Diagnostic>> {
    let mut named = keys::named(Which::New, |name| std::env::var(name).ok())?;
    for (name, source, value) in [
        ("-new-key-file", Source::KeyFile, &args.new_key_file),
        ("-new-age-identity", Source::AgeIdentity, &args.new_age_identity),
        ("-new-key-command", Source::Command, &args.new_key_command),
    ] {
        if let Some(value) = value {
            named.push((name.to_owned(), source.key(name, value)?));
        }
    }
    let session = writing(surroundings, &args.lock)?;
    let chosen = keys::only(named)?;
    let Some(new) = chosen.clone().or_else(|| session.key.clone()) else {
        return Err(Box::new(
            Diagnostic::error(
                "No key for the state",
                "There is no key to seal the state with: you have no home folder, and neither options nor environment name one.",
            )
            .help("streamform state rekey -new-key-file=state.key"),
        ));
    };
    let done = state::rekey(&session, &new)?;
    for (workspace, rekeyed) in &done {
        ui.out(&line(format_args!(
            "{workspace}: {} and {} sealed with {}.",
            counted(rekeyed.items, "secret item"),
            counted(rekeyed.copies, "copy"),
            new.describe()
        )));
        if !rekeyed.left.is_empty() {
            let found = Diagnostic::warning(
                "Copies not sealed anew",
                format!(
                    "They are damaged, or sealed with a key that is not at hand, and stay as they are:\n  {}",
                    rekeyed.left.join("\n  ")
                ),
            );
            ui.diagnostics(&Diagnostics::from(found), &Sources::default());
        }
    }
    if done.is_empty() {
        ui.out("No state.\n");
    }
    if chosen.is_some() {
        ui.out("\nThe old key does not open the state any more: from now on set the environment to the new one (without _NEW).\n");
    }
    Ok(())
}
