//! Which records an address means.

use std::collections::BTreeSet;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::Listed;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostic;
use streamform_state::Object;
use streamform_state::Record;
use streamform_state::StateView;

use super::needs_state;
use super::was_written;
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
    was_written(session, &state)?;
    Ok(state)
}

/// Hands out the addresses of the state, or of it what the targets mean (all of it if there are none) and, with an `id`, whose
/// object has it; in the order of reports. Without an `id` no record is read.
///
/// # Errors
/// When there is no state, it cannot be read, or a target means nothing in it.
pub fn list_instances(
    session: &Session,
    targets: &[Target],
    id: Option<&str>,
    mut found: impl FnMut(&str),
) -> Result<(), Box<Diagnostic>> {
    let state = read_state(session)?;
    let mut all: Vec<Listed<'_>> = state.addresses().filter_map(Listed::of).collect();
    if !targets.is_empty() {
        let mut missing: Vec<&Target> = targets.iter().collect();
        all.retain(|address| {
            let Ok(address) = AbsInstance::parse(address.text()) else {
                return false;
            };
            missing.retain(|target| !target.covers(&address));
            targets.iter().any(|target| target.covers(&address))
        });
        if let Some(missing) = missing.first() {
            return Err(Box::new(unknown(missing)));
        }
    }
    all.sort_unstable();
    for address in all.iter().map(Listed::text) {
        let wanted = id.is_none_or(|id| {
            state
                .get(address)
                .is_some_and(|record: &std::sync::Arc<Record>| record.objects().any(|(_, o)| has_id(o, id)))
        });
        if wanted {
            found(address);
        }
    }
    Ok(())
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
