//! `state`: looking into it.

use std::sync::Arc;

use clap::Args;
use clap::Subcommand;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostic;
use streamform_state::Entry;
use streamform_state::Record;
use streamform_state::StateView;

use super::fail;
use super::line;
use crate::cli::arguments::LockArgs;
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
    /// Forget objects without deleting them
    Rm(RmArgs),
    /// Print the state as a state file of Terraform, with its secrets in clear
    Pull,
}

#[derive(Debug, Args)]
struct RmArgs {
    /// Only tell what would be forgotten
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    lock: LockArgs,
    /// Resource instances, resources and modules
    #[arg(value_name = "ADDRESS", required = true)]
    addresses: Vec<String>,
}

pub(super) fn run(surroundings: &Surroundings, args: &StateArgs) -> u8 {
    let ui = surroundings.ui();
    match carry_out(&ui, surroundings, args) {
        Ok(()) => 0,
        Err(d) => fail(&ui, d),
    }
}

fn carry_out(ui: &Ui, surroundings: &Surroundings, args: &StateArgs) -> Result<(), Box<Diagnostic>> {
    let mut session = surroundings.offline(Arc::new(()))?;
    match &args.command {
        StateCommand::List { id, addresses } => {
            list(ui, &session, &session.read_state()?, id.as_deref(), addresses)
        }
        StateCommand::Show { address } => show(ui, &session, &session.read_state()?, address),
        StateCommand::Pull => pull(ui, &session.read_state()?),
        StateCommand::Rm(args) => {
            session.lock_wait = args.lock.wait()?;
            remove(ui, &session, args)
        }
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

fn remove(ui: &Ui, session: &Session, args: &RmArgs) -> Result<(), Box<Diagnostic>> {
    let mut targets = Vec::new();
    for text in &args.addresses {
        let target = Target::parse(text).map_err(|e| {
            Box::new(Diagnostic::error(
                format!("Invalid address \"{text}\""),
                e.to_string(),
            ))
        })?;
        targets.push(target);
    }
    let found = |state: &StateView| -> Result<Vec<String>, Box<Diagnostic>> {
        let records = sorted(state);
        let mut found: Vec<String> = Vec::new();
        for target in &targets {
            let before = found.len();
            for (_, record) in records.iter().filter(|(a, _)| target.covers(a)) {
                if !found.contains(&record.address) {
                    found.push(record.address.clone());
                }
            }
            if found.len() == before {
                return Err(Box::new(
                    Diagnostic::error(
                        "Invalid target address",
                        "No matching objects found. Please modify the address to reference what the state knows.",
                    )
                    .help("streamform state list"),
                ));
            }
        }
        Ok(found)
    };
    if args.dry_run || !session.state.exists() {
        let found = found(&session.read_state()?)?;
        ui.out(
            &found
                .iter()
                .map(|a| line(format_args!("Would remove {a}")))
                .collect::<String>(),
        );
        return Ok(());
    }
    let mut store = session.open_state("OperationTypeStateRm", "state-rm")?;
    let found = found(&store.view())?;
    let entries = found
        .iter()
        .map(|a| Entry::Remove { address: a.clone() })
        .collect();
    store.commit(entries).and_then(|_| store.finish()).map_err(|e| {
        Box::new(Diagnostic::error(
            "State cannot be used",
            format!("Nothing is certain to be removed: {e}."),
        ))
    })?;
    ui.out(
        &found
            .iter()
            .map(|a| line(format_args!("Removed {a}")))
            .collect::<String>(),
    );
    ui.out(&line(format_args!(
        "Successfully removed {} resource instance(s).",
        found.len()
    )));
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
