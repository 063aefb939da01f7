//! Which records an address means.

use std::collections::BTreeSet;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostic;
use streamform_state::Object;
use streamform_state::Record;
use streamform_state::StateView;

use super::needs_state;
use crate::engine::Session;
use crate::engine::takeover::none_waits;

/// Understands an address that a user typed.
///
/// # Errors
/// When it is none.
pub fn parse_target(text: &str) -> Result<Target, Box<Diagnostic>> {
    Target::parse(text).map_err(|e| {
        Box::new(Diagnostic::error("Invalid address", e.to_string()).help("streamform state list"))
    })
}

/// Understands several addresses.
///
/// # Errors
/// When one of them is none.
pub fn parse_targets(texts: &[String]) -> Result<Vec<Target>, Box<Diagnostic>> {
    texts.iter().map(|t| parse_target(t)).collect()
}

/// All records by address: data sources first within a module, keys by number.
pub(super) fn addresses(state: &StateView) -> BTreeSet<AbsInstance> {
    state
        .addresses()
        .filter_map(|address| AbsInstance::parse(address).ok())
        .collect()
}

/// The records that any of the targets means, each once, in the order of the targets.
///
/// # Errors
/// When there is none at all.
pub fn find_instances(state: &StateView, targets: &[Target]) -> Result<Vec<AbsInstance>, Box<Diagnostic>> {
    let all = addresses(state);
    let mut told = BTreeSet::new();
    let mut found = Vec::new();
    for target in targets {
        for address in all.iter().filter(|a| target.covers(a)) {
            if told.insert(address) {
                found.push(address.clone());
            }
        }
    }
    if found.is_empty() {
        return Err(Box::new(Diagnostic::error(
            "Invalid target address",
            "No matching objects found. To view the available instances, use \"streamform state list\". Please modify the address to reference a specific instance.",
        )));
    }
    Ok(found)
}

/// The state, which must be there.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn read_state(session: &Session) -> Result<StateView, Box<Diagnostic>> {
    needs_state(session)?;
    let state = session.read_state()?;
    none_waits(session, &state)?;
    Ok(state)
}

/// The addresses of the state, or of it what the targets mean (all of it if there are none) and, with an `id`, whose object
/// has it.
///
/// # Errors
/// When there is no state, it cannot be read, or a target means nothing in it.
pub fn list_instances(
    session: &Session,
    targets: &[Target],
    id: Option<&str>,
) -> Result<Vec<AbsInstance>, Box<Diagnostic>> {
    let state = read_state(session)?;
    let all = addresses(&state);
    if let Some(missing) = targets.iter().find(|t| !all.iter().any(|a| t.covers(a))) {
        return Err(Box::new(unknown(missing)));
    }
    let wanted = |address: &AbsInstance| {
        (targets.is_empty() || targets.iter().any(|t| t.covers(address)))
            && id.is_none_or(|id| {
                state
                    .get(&address.to_string())
                    .is_some_and(|r: &std::sync::Arc<Record>| r.objects().any(|(_, o)| has_id(o, id)))
            })
    };
    let mut found: Vec<AbsInstance> = all.into_iter().filter(wanted).collect();
    // As Terraform lists: what is less deep in modules first.
    found.sort_by_key(|a| a.module.0.len());
    Ok(found)
}

fn unknown(target: &Target) -> Diagnostic {
    let apply = "you must run \"streamform apply\" first to create";
    match target {
        Target::Module(m) => Diagnostic::error(
            "Unknown module",
            format!(
                "The current state contains no module at {m}. If you've just added this module to the configuration, {apply} the module's entry in the state."
            ),
        ),
        Target::Resource(r) => Diagnostic::error(
            "Unknown resource",
            format!(
                "The current state contains no resource {r}. If you've just added this resource to the configuration, {apply} the resource's entry in the state."
            ),
        ),
        Target::Instance(i) => Diagnostic::error(
            "Unknown resource instance",
            format!(
                "The current state contains no resource instance {i}. If you've just added its resource to the configuration or have changed the count or for_each arguments, you must run \"streamform apply\" first to update the resource's entry in the state."
            ),
        ),
    }
}

fn has_id(object: &Object, id: &str) -> bool {
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
