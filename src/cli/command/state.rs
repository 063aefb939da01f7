//! `state`: looking into it.

use std::sync::Arc;

use clap::Args;
use clap::Subcommand;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostic;
use streamform_state::Record;
use streamform_state::StateView;

use super::fail;
use super::line;
use crate::cli::session::Surroundings;
use crate::config::version::COMPATIBLE_VERSION;
use crate::engine::Session;
use crate::report::Ui;
use crate::report::instance_text;

/// Look into the state
#[derive(Debug, Args)]
#[command(subcommand_required = true)]
pub(in crate::cli) struct StateArgs {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Debug, Subcommand)]
enum StateCommand {
    /// List the addresses of all resource instances
    List {
        /// Only the instance whose object has this id
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        /// Only what these resources and modules hold
        #[arg(value_name = "ADDRESS")]
        addresses: Vec<String>,
    },
    /// Show one resource instance
    Show {
        /// Its address
        address: String,
    },
    /// Print the state as a state file of Terraform, with its secrets in clear
    Pull,
}

pub(super) fn run(surroundings: &Surroundings, args: &StateArgs) -> u8 {
    let ui = surroundings.ui();
    let result = surroundings
        .offline(Arc::new(()))
        .map_err(Box::new)
        .and_then(|session| {
            let state = session.read_state()?;
            match &args.command {
                StateCommand::List { id, addresses } => list(&ui, &session, &state, id.as_deref(), addresses),
                StateCommand::Show { address } => show(&ui, &session, &state, address),
                StateCommand::Pull => pull(&ui, &state),
            }
        });
    match result {
        Ok(()) => 0,
        Err(d) => fail(&ui, *d),
    }
}

/// The records in the order in which people look for them: the root module first, keys by number.
fn sorted(state: &StateView) -> Vec<(AbsInstance, &Arc<Record>)> {
    let mut found: Vec<_> = state
        .records()
        .filter_map(|r| Some((AbsInstance::parse(&r.address).ok()?, r)))
        .collect();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found
}

fn list(
    ui: &Ui,
    session: &Session,
    state: &StateView,
    id: Option<&str>,
    addresses: &[String],
) -> Result<(), Box<Diagnostic>> {
    if !session.state.exists() {
        return Err(Box::new(Diagnostic::error(
            "No state file was found!",
            "There is no state in this folder yet. Run this command where \"streamform apply\" has been run.",
        )));
    }
    let records = sorted(state);
    let mut targets = Vec::new();
    for text in addresses {
        let target = Target::parse(text).map_err(|e| {
            Box::new(Diagnostic::error(
                format!("Invalid address \"{text}\""),
                e.to_string(),
            ))
        })?;
        if !records.iter().any(|(a, _)| target.covers(a)) {
            let kind = if matches!(target, Target::Module(_)) {
                "module"
            } else {
                "resource"
            };
            return Err(Box::new(Diagnostic::error(
                format!("Unknown {kind}"),
                format!(
                    "The current state contains no {kind} {text}. If you've just added this {kind} to the configuration, you must run \"streamform apply\" first to create the {kind}'s entry in the state."
                ),
            )));
        }
        targets.push(target);
    }
    let wanted = |address: &AbsInstance, record: &Record| {
        (targets.is_empty() || targets.iter().any(|t| t.covers(address)))
            && id.is_none_or(|id| record.objects().any(|(_, o)| has_id(o, id)))
    };
    let lines: String = records
        .iter()
        .filter(|(a, r)| wanted(a, r))
        .map(|(a, _)| line(a))
        .collect();
    ui.out(&lines);
    Ok(())
}

fn has_id(object: &streamform_state::Object, id: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Id {
        #[serde(default)]
        id: Option<serde_json::Value>,
    }
    object
        .attributes
        .parse::<Id>()
        .is_ok_and(|found| found.id.is_some_and(|v| v.as_str() == Some(id)))
}

fn show(ui: &Ui, session: &Session, state: &StateView, address: &str) -> Result<(), Box<Diagnostic>> {
    let instance = AbsInstance::parse(address).map_err(|e| {
        Box::new(Diagnostic::error(
            format!("Invalid address \"{address}\""),
            e.to_string(),
        ))
    })?;
    let Some(text) = instance_text(state, &instance.to_string(), &session.registry, &ui.style()) else {
        return Err(Box::new(
            Diagnostic::error(
                "No instance found for the given address!",
                "This command requires that the address references one specific instance that the state knows.",
            )
            .help("streamform state list"),
        ));
    };
    ui.out(&text);
    Ok(())
}

fn pull(ui: &Ui, state: &StateView) -> Result<(), Box<Diagnostic>> {
    if state.serial() == 0 && state.is_empty() {
        return Ok(());
    }
    let text = state.to_v4_text(COMPATIBLE_VERSION).map_err(|e| {
        Box::new(Diagnostic::error(
            "State cannot be used",
            format!("It cannot be written as a state file: {e}."),
        ))
    })?;
    ui.out(&line(text.trim_end()));
    Ok(())
}
