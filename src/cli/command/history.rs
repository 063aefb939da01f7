//! `history`, `history show` and `diff`.

use clap::Args;
use clap::Subcommand;
use streamform_lang::diag::Diagnostic;

use super::fail;
use super::line;
use crate::cli::arguments::StateFileArg;
use crate::cli::session::Surroundings;
use crate::engine::Session;
use crate::engine::history;
use crate::report::Ui;
use crate::report::difference_text;
use crate::report::history_text;
use crate::report::json::difference_json;
use crate::report::json::history_json;
use crate::report::json::json_text;
use crate::report::json::version_json;
use crate::report::learn_version;
use crate::report::version_text;

/// List the versions of the state: who has changed it when, and how
///
/// Every run that changes the state is a version. STREAMFORM_HISTORY_KEEP says how many are kept: a number (200 if it is not
/// set), a number of days (90d), all, or 0 for no history.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct HistoryArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Show the newest N versions; 0 for all
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    state_file: StateFileArg,
    #[command(subcommand)]
    command: Option<HistoryCommand>,
}

#[derive(Debug, Subcommand)]
enum HistoryCommand {
    /// Show everything that is known of a version
    Show(ShowArgs),
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The number of the version
    #[arg(value_name = "VERSION")]
    version: u64,
    #[command(flatten)]
    state_file: StateFileArg,
}

/// Show what is different between two versions of the state
///
/// Compares configuration, variables, objects, the SQL of statements and outputs.
#[derive(Debug, Args)]
pub(in crate::cli) struct DiffArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The number of a version
    #[arg(value_name = "FROM")]
    from: u64,
    /// The number of the version that it is compared with
    #[arg(value_name = "TO")]
    to: u64,
    #[command(flatten)]
    state_file: StateFileArg,
}

pub(super) fn run(surroundings: &Surroundings, args: &HistoryArgs) -> u8 {
    match &args.command {
        None => with(surroundings, &args.state_file, |ui, session| {
            list(ui, session, args)
        }),
        Some(HistoryCommand::Show(args)) => with(surroundings, &args.state_file, |ui, session| {
            let version = history::get_version(session, args.version)?;
            learn_version(ui.secrets(), &version);
            ui.out(&if args.json {
                line(json_text(&version_json(&version)))
            } else {
                version_text(&version, &ui.style())
            });
            Ok(())
        }),
    }
}

pub(super) fn diff(surroundings: &Surroundings, args: &DiffArgs) -> u8 {
    with(surroundings, &args.state_file, |ui, session| {
        let difference = history::compare_versions(session, args.from, args.to)?;
        learn_version(ui.secrets(), &difference.from);
        learn_version(ui.secrets(), &difference.to);
        ui.out(&if args.json {
            line(json_text(&difference_json(&difference)))
        } else {
            difference_text(&difference, ui.secrets(), &ui.style())
        });
        Ok(())
    })
}

fn list(ui: &Ui, session: &Session, args: &HistoryArgs) -> Result<(), Box<Diagnostic>> {
    let (versions, all) = history::list_versions(session, args.limit)?;
    ui.out(&if args.json {
        line(json_text(&history_json(&versions)))
    } else {
        history_text(&versions, all, &ui.style())
    });
    Ok(())
}

fn with(
    surroundings: &Surroundings,
    state_file: &StateFileArg,
    work: impl FnOnce(&Ui, &Session) -> Result<(), Box<Diagnostic>>,
) -> u8 {
    let ui = surroundings.ui();
    let done = surroundings.offline().and_then(|mut session| {
        state_file.settle(&mut session);
        work(&ui, &session)
    });
    match done {
        Ok(()) => 0,
        Err(d) => fail(&ui, d),
    }
}
