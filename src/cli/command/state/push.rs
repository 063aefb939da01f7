//! `state push`

use std::io::Read as _;
use std::path::Path;

use clap::Args;
use streamform_lang::diag::Diagnostic;
use streamform_state::ForeignState;

use super::writing;
use crate::cli::arguments::IgnoredBackupArgs;
use crate::cli::arguments::LockArgs;
use crate::cli::arguments::StateFileArg;
use crate::cli::session::Surroundings;
use crate::engine::state;
use crate::report::Ui;

/// More than any state file: what is read is held in memory.
const LARGEST: u64 = 4 << 30;

/// Make a state file of Terraform the state
///
/// The file has format version 4, as "state pull" prints it. What is there already is replaced. Refused without -force: a
/// file of another lineage, an older one (a lower serial), and another content with the same serial.
#[derive(Debug, Args)]
pub(super) struct PushArgs {
    /// Replace the state even if the file does not belong to it or is older
    #[arg(long)]
    force: bool,
    /// The state file; - for standard input
    #[arg(value_name = "PATH")]
    path: String,
    #[command(flatten)]
    state_file: StateFileArg,
    #[command(flatten)]
    lock: LockArgs,
    #[command(flatten)]
    ignored: IgnoredBackupArgs,
}

pub(super) fn run(_: &Ui, surroundings: &Surroundings, args: &PushArgs) -> Result<(), Box<Diagnostic>> {
    let unreadable = |why: String| {
        Box::new(Diagnostic::error(
            format!("Error reading source state {:?}", args.path),
            why,
        ))
    };
    let mut session = writing(surroundings, &args.lock)?;
    args.state_file.settle(&mut session);
    let text = read(&session.base, &args.path)
        .map_err(|e| unreadable(format!("The state file cannot be read: {e}.")))?;
    if text.trim().is_empty() {
        return Err(unreadable("There is no state in it: it is empty.".to_owned()));
    }
    let file = ForeignState::from_v4_text(&text).map_err(|e| unreadable(e.to_string()))?;
    state::push_state(&session, &file, args.force)
}

fn read(base: &Path, path: &str) -> std::io::Result<String> {
    let mut text = String::new();
    if path == "-" {
        std::io::stdin().lock().take(LARGEST).read_to_string(&mut text)?;
    } else {
        std::fs::File::open(base.join(path))?
            .take(LARGEST)
            .read_to_string(&mut text)?;
    }
    Ok(text)
}
