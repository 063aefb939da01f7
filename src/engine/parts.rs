//! Several runs on one state at the same time, where the backend can lock parts of it.
//!
//! A plan is made without a lock, from the state as of one instant. What it is going to write is locked afterwards; then the
//! records that it was made from must still be those that it read.

use std::collections::BTreeSet;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::Mode;
use streamform_lang::diag::Diagnostic;
use streamform_state::Scope;
use streamform_state::StateView;
use streamform_state::Store;

use super::Session;
use crate::exec::is_remembered;
use crate::plan::Action;
use crate::plan::InstanceChange;
use crate::plan::Plan;
use crate::plan::PlanMode;

/// Notes which records of the state a plan was made from, each with its version; 0 for one that is not there. Data sources are
/// read anew by every plan, so their records do not count.
pub(super) fn records_read(plan: &Plan, state: &StateView) -> Vec<(String, u64)> {
    let read: BTreeSet<String> = plan
        .changes
        .iter()
        .chain(&plan.drift)
        .filter(|change| change.mode() == Mode::Managed)
        .flat_map(|change| [Some(&change.address), change.previous_address.as_ref()])
        .flatten()
        .chain(plan.moves.iter().flat_map(|(from, to)| [from, to]))
        .map(ToString::to_string)
        .collect();
    let version = |address: &str| state.get(address).map_or(0, |record| record.version);
    read.into_iter()
        .map(|address| {
            let version = version(&address);
            (address, version)
        })
        .collect()
}

/// The records that are not any more as the plan read them.
fn changed_since(plan: &Plan, state: &StateView) -> Vec<String> {
    let now = |address: &str| state.get(address).map_or(0, |record| record.version);
    plan.records_read
        .iter()
        .filter(|(address, version)| now(address) != *version)
        .map(|(address, _)| address.clone())
        .collect()
}

/// What carrying out a plan writes. Results of data sources are not among it: everybody may write what they read.
fn written(plan: &Plan, state: &StateView) -> Scope {
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut add = |address: &AbsInstance| {
        found.insert(address.to_string());
    };
    for change in plan
        .changes
        .iter()
        .filter(|change| change.mode() == Mode::Managed)
    {
        if is_written(plan, change, state) {
            add(&change.address);
            change.previous_address.iter().for_each(&mut add);
        }
    }
    let drift = plan.drift.iter().filter(|drift| drift.action != Action::NoOp);
    drift
        .filter(|drift| drift.mode() == Mode::Managed)
        .for_each(|drift| add(&drift.address));
    for (from, to) in &plan.moves {
        add(from);
        add(to);
    }
    Scope::Subtrees(found)
}

fn is_written(plan: &Plan, change: &InstanceChange, state: &StateView) -> bool {
    if change.action != Action::NoOp || change.importing.is_some() {
        return true;
    }
    // (A plan that only deletes brings no memories up to date.)
    if plan.mode == PlanMode::Destroy || change.deposed.is_some() || change.after.is_null() {
        return false;
    }
    let record = state.get(&change.address.to_string());
    !record.is_some_and(|record| is_remembered(record.current.as_ref(), change))
}

/// What came of taking the lock of a plan.
pub(super) enum Taken {
    /// The plan holds.
    Locked(Box<Store>),
    /// It does not: these records have changed since. Nothing is locked.
    Stale(Vec<String>),
    /// The state has another lineage. Nothing is locked.
    OtherState,
}

/// Locks what a plan is going to write, waiting for whoever is in the way, and looks whether the plan still holds.
///
/// # Errors
/// When somebody else holds a part of it for too long, or the state cannot be read.
pub(super) fn take(
    session: &Session,
    plan: &Plan,
    operation: &str,
    run: &str,
) -> Result<Taken, Box<Diagnostic>> {
    let scope = written(plan, &session.snapshot()?.view);
    let store = session.open_part(operation, run, &scope)?;
    let view = store.view();
    let taken = if !plan.lineage.is_empty() && *plan.lineage != *view.lineage() {
        Taken::OtherState
    } else {
        let changed = changed_since(plan, &view);
        if changed.is_empty() {
            return Ok(Taken::Locked(Box::new(store)));
        }
        Taken::Stale(changed)
    };
    store
        .finish()
        .map_err(|e| Box::new(super::session::state_error(&e)))?;
    Ok(taken)
}

/// Told of a saved plan that does not hold any more.
pub(super) fn stale(changed: &[String]) -> Diagnostic {
    Diagnostic::error(
        "Saved plan is stale",
        format!(
            "The given plan file can no longer be applied because the state was changed by another operation after the plan was created. What the plan was made from and is not the same any more:\n{}\n\nMake a new plan.",
            listed(changed)
        ),
    )
}

/// Told when a plan that was about to be applied at once is made anew.
pub(super) fn made_anew(changed: &[String]) -> Diagnostic {
    Diagnostic::warning(
        "State changed by another run",
        format!(
            "While this run was planning or waited for its lock, another one changed what the plan was made from, so the plan is made anew:\n{}",
            listed(changed)
        ),
    )
}

/// Addresses or the like, a line each; of many the first.
pub(super) fn listed(addresses: &[String]) -> String {
    const MOST: usize = 10;
    let mut lines: Vec<String> = addresses
        .iter()
        .take(MOST)
        .map(|address| format!("  - {address}"))
        .collect();
    if addresses.len() > MOST {
        lines.push(format!("  - and {} more", addresses.len() - MOST));
    }
    lines.join("\n")
}
