//! `state replace-provider`

use std::fmt::Write as _;

use clap::Args;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Diagnostic;

use super::super::line;
use super::notices;
use crate::cli::arguments::IgnoredBackupArgs;
use crate::cli::arguments::LockArgs;
use crate::cli::arguments::StateFileArg;
use crate::cli::session::Answer;
use crate::cli::session::Surroundings;
use crate::engine::state;
use crate::report::Ui;

/// Hand the objects of one provider over to another
///
/// For a provider that has moved to another address. The objects stay as they are.
#[derive(Debug, Args)]
pub(super) struct ReplaceProviderArgs {
    /// Do not ask
    #[arg(long)]
    auto_approve: bool,
    /// The provider that has them, such as hashicorp/null
    #[arg(value_name = "FROM")]
    from: String,
    /// The provider that gets them
    #[arg(value_name = "TO")]
    to: String,
    #[command(flatten)]
    state_file: StateFileArg,
    #[command(flatten)]
    lock: LockArgs,
    #[command(flatten)]
    ignored: IgnoredBackupArgs,
}

pub(super) fn run(
    ui: &Ui,
    surroundings: &Surroundings,
    args: &ReplaceProviderArgs,
) -> Result<(), Box<Diagnostic>> {
    let parse = |what: &str, text: &str| {
        ProviderAddr::parse(text).map_err(|why| {
            Box::new(Diagnostic::error(
                format!("Invalid {what:?} provider {text:?}"),
                why,
            ))
        })
    };
    let from = parse("from", &args.from)?;
    let to = parse("to", &args.to)?;
    let mut opened = surroundings.open(notices(surroundings))?;
    opened.session.lock_wait = args.lock.wait()?;
    args.state_file.settle(&mut opened.session);
    let replacement = state::replace_provider(&opened.session, &from, &to)?;
    if replacement.resources.is_empty() {
        replacement.discard()?;
        opened.close();
        ui.out("No matching resources found.\n");
        return Ok(());
    }
    let count = replacement.resources.len();
    let mut text = format!(
        "Streamform will perform the following actions:\n\n  ~ Updating provider:\n    - {from}\n    + {to}\n\nChanging {count} resources:\n\n"
    );
    for resource in &replacement.resources {
        _ = writeln!(text, "  {resource}");
    }
    ui.out(&line(text));
    if !args.auto_approve {
        let question =
            "Do you want to make these changes?\nOnly 'yes' will be accepted to continue.\n\nEnter a value: ";
        let answer = opened.ask(ui, question);
        ui.err("\n");
        match answer {
            Answer::Line(line) if line == "yes" => {}
            Answer::End => {
                replacement.discard()?;
                return Err(Box::new(
                    Diagnostic::error(
                        "Error asking for approval",
                        "Standard input ended before an answer.",
                    )
                    .help("-auto-approve"),
                ));
            }
            _ => {
                replacement.discard()?;
                opened.close();
                ui.out("Cancelled replacing providers.\n");
                return Ok(());
            }
        }
    }
    replacement.commit()?;
    opened.close();
    ui.out(&line(format_args!(
        "Successfully replaced provider for {count} resources."
    )));
    Ok(())
}
