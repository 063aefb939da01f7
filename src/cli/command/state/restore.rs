//! `state restore`

use std::fmt::Write as _;

use clap::Args;
use streamform_lang::diag::Diagnostic;
use streamform_state::KeptSnapshot;

use super::super::line;
use super::notices;
use super::reading;
use crate::cli::arguments::LockArgs;
use crate::cli::arguments::StateFileArg;
use crate::cli::environment::may_ask;
use crate::cli::session::Answer;
use crate::cli::session::Surroundings;
use crate::engine::state;
use crate::report::Ui;

/// Go back to a snapshot of the state
///
/// Without a serial to the newest snapshot that reads well, and from there on as far as the log reads well: what a damaged
/// state needs. With a serial to the state as it was then; objects that were made since are no longer known and must be
/// imported. The files that are replaced are set aside. Nothing is done to the objects themselves.
#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// List the snapshots, and do nothing
    #[arg(long)]
    list: bool,
    /// Do not ask
    #[arg(long)]
    auto_approve: bool,
    /// The serial of the snapshot
    #[arg(value_name = "SERIAL")]
    serial: Option<u64>,
    #[command(flatten)]
    state_file: StateFileArg,
    #[command(flatten)]
    lock: LockArgs,
}

pub(super) fn run(ui: &Ui, surroundings: &Surroundings, args: &RestoreArgs) -> Result<(), Box<Diagnostic>> {
    if args.list {
        let mut session = reading(surroundings)?;
        args.state_file.settle(&mut session);
        ui.out(&table(&state::list_copies(&session)?));
        return Ok(());
    }
    let mut opened = surroundings.open(notices(surroundings))?;
    opened.session.lock_wait = args.lock.wait()?;
    args.state_file.settle(&mut opened.session);
    if !args.auto_approve {
        let to = match args.serial {
            None if !opened.session.backend.keeps_copies() => {
                "the rows that read well: the database has no other copy. Damaged ones are set aside"
                    .to_owned()
            }
            None => "the newest snapshot that reads well, and what the log holds after it".to_owned(),
            Some(serial) => {
                format!("the snapshot of serial {serial}; objects that were made since are no longer known")
            }
        };
        let question = format!(
            "Do you really want to restore the state?\n  Streamform will go back to {to}.\n  Only 'yes' will be accepted to confirm.\n\n  Enter a value: "
        );
        let answer = if may_ask() {
            opened.ask(ui, &question)
        } else {
            Answer::End
        };
        ui.err("\n");
        match answer {
            Answer::Line(line) if line == "yes" => {}
            Answer::End => {
                opened.close();
                return Err(Box::new(
                    Diagnostic::error(
                        "Error asking for confirmation",
                        "Nobody can be asked whether to restore the state.",
                    )
                    .help("-auto-approve"),
                ));
            }
            Answer::Line(_) | Answer::Interrupted => {
                opened.close();
                ui.out("Cancelled: the state is as it was.\n");
                return Ok(());
            }
        }
    }
    let restored = state::restore_state(&opened.session, args.serial)?;
    opened.close();
    if !restored.lost.is_empty() {
        ui.out(&format!(
            "These could not be kept, and have no copy:\n  - {}\nObjects among them still exist: import them again.\n\n",
            restored.lost.join("\n  - ")
        ));
    }
    ui.out(&format!(
        "The state is as it was at serial {}, and has the serial {} now.\n\nRestored from: {}\nSet aside:     {}\n\nRun \"streamform plan\" to see what differs from the objects as they are.\n",
        restored.from_serial,
        restored.serial,
        restored.snapshot.display(),
        restored.set_aside.display()
    ));
    Ok(())
}

fn table(copies: &[KeptSnapshot]) -> String {
    if copies.is_empty() {
        return line("There are no snapshots.");
    }
    let mut text = format!(
        "{:>6}  {:>8}  {:>10}  {}\n",
        "Serial", "Records", "Bytes", "Written"
    );
    for KeptSnapshot { info, records } in copies {
        let written = info
            .written
            .and_then(|at| jiff::Timestamp::try_from(at).ok())
            .map_or_else(String::new, |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        let held = match records {
            Ok(records) => records.to_string(),
            Err(_) => "damaged".to_owned(),
        };
        _ = writeln!(
            text,
            "{:>6}  {held:>8}  {:>10}  {written}",
            info.serial, info.bytes
        );
    }
    text
}
