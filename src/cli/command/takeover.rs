//! Taking over what Terraform has kept so far, a part of `init`.

use streamform_lang::diag::Diagnostic;

use super::backend::BackendArgs;
use super::line;
use crate::cli::environment::may_ask;
use crate::engine;
use crate::engine::Session;
use crate::engine::Waiting;
use crate::report::Ui;

/// Offers to take over the states that Terraform has kept for this configuration, and does it. What comes back is told to the
/// user.
///
/// # Errors
/// When a state cannot be read or written, or nobody says what to do.
pub(super) fn offer(
    ui: &Ui,
    session: &Session,
    (args, input): (&BackendArgs, bool),
) -> Result<Option<String>, Box<Diagnostic>> {
    // "States stay where they are."
    if args.reconfigure {
        return Ok(None);
    }
    let waiting = engine::all_waiting(session)?;
    if waiting.is_empty() || !(args.migrate_state || args.force_copy || wanted(ui, &waiting, input)?) {
        return Ok(None);
    }
    for one in &waiting {
        engine::take_over(session, one)?;
    }
    Ok(Some(told(&waiting)))
}

fn list(waiting: &[Waiting]) -> String {
    let lines = waiting.iter().map(|one| {
        line(format_args!(
            "  - {} (workspace \"{}\")",
            one.described(),
            one.workspace
        ))
    });
    lines.collect()
}

fn wanted(ui: &Ui, waiting: &[Waiting], input: bool) -> Result<bool, Box<Diagnostic>> {
    let list = list(waiting);
    let cannot = || {
        Box::new(
            Diagnostic::error(
                "Error asking for state migration action",
                format!(
                    "Terraform has kept the state of this configuration so far, and Streamform has none:\n\n{list}\nNobody can be asked whether to take it over. Use -migrate-state to do it (the file stays as it is), or -reconfigure to leave it."
                ),
            )
            .help("streamform init -migrate-state"),
        )
    };
    if !input || !may_ask() {
        return Err(cannot());
    }
    let question = format!(
        "\nDo you want to take over the state of Terraform?\n  Terraform has kept the state of this configuration so far:\n\n{list}\n  Its files stay as they are, and Streamform does not write them.\n  Enter \"yes\" to take it over, and \"no\" to leave it.\n\n  Enter a value: "
    );
    match ui.prompt(&question) {
        Ok(Some(answer)) if answer == "yes" => Ok(true),
        Ok(Some(answer)) if answer == "no" => Ok(false),
        Ok(Some(_)) => Err(Box::new(Diagnostic::error(
            "State migration cancelled",
            "Only \"yes\" and \"no\" are answers. Nothing was changed.",
        ))),
        _ => Err(cannot()),
    }
}

fn told(waiting: &[Waiting]) -> String {
    format!(
        "Took over the state of Terraform:\n{}Streamform keeps it in a place of its own from now on, and leaves Terraform's files as they are. Do not apply with\nTerraform any more: it does not see what Streamform changes. The way back is \"streamform state pull\".",
        list(waiting)
    )
}
