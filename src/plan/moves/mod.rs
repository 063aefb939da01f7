//! Objects whose address changes: what `moved` blocks say, and what follows from `count` alone.
//!
//! A [`Statement`](statement::Statement) says that what stands at one address stands at another now. All statements of a
//! configuration are brought into an order (`order.rs`) and applied to the addresses of the state (`work_out`), before
//! anything is planned: the plan is made for a state in which everything has moved already, and remembers the moves. Apply
//! commits them in one batch. What can only be judged when the instances of the configuration are known is judged after
//! the walk (`validate.rs`).

mod implied;
mod order;
mod statement;
mod validate;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsResource;
use streamform_lang::addrs::ModuleInstance;
use streamform_lang::addrs::Resource;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Span;
use streamform_state::Intent;
use streamform_state::StateView;

use crate::config::Configuration;
use order::Order;
use statement::Reach;
use statement::Statement;

/// The moves of a plan.
#[derive(Clone, Debug, Default)]
pub struct Moves {
    /// Old and new address of every record that moves.
    done: Vec<(AbsInstance, AbsInstance)>,
    /// Old address by new one.
    origin: HashMap<AbsInstance, AbsInstance>,
    /// What could not move because something is there already: object and place, as told to the user.
    blocked: Vec<(String, String)>,
    /// Moves that wait until it is known what became of an interrupted change.
    held: Vec<(AbsInstance, AbsInstance)>,
    /// Moves that no provider can make.
    impossible: Diagnostics,
    statements: Vec<Statement>,
    /// Statements that lead in circles, each as indexes.
    cycles: Vec<Vec<usize>>,
}

impl Moves {
    /// Works out which records of the state move, and what the state is when they have. `back` are moves that no configuration
    /// says, from one address to another: those of a rollback.
    pub fn work_out(
        config: &Configuration,
        state: &StateView,
        open_intents: &[Intent],
        back: &[(AbsInstance, AbsInstance)],
    ) -> (Moves, StateView) {
        let mut statements: Vec<Statement> = config.modules.iter().flat_map(Statement::of).collect();
        // What an interrupted create has made may not have a record yet.
        let addresses = || {
            let records = state.records().map(|r| r.address.as_str());
            let begun = open_intents.iter().map(|i| i.address.as_str());
            records.chain(begun.filter(|a| state.get(a).is_none()))
        };
        statements.extend(implied::statements(config, addresses(), &statements));
        let mut moves = Moves {
            statements,
            ..Moves::default()
        };
        if moves.statements.is_empty() && back.is_empty() {
            return (moves, state.clone());
        }
        let order = Order::of(&moves.statements);
        if !order.cycles.is_empty() {
            moves.cycles = order.cycles;
            return (moves, state.clone());
        }
        let mut walk = Walk::new(addresses());
        // First of all, so that the configuration finds everything where it was when it was written.
        let back: Vec<Statement> = back
            .iter()
            .map(|(from, to)| Statement::exact(config.root, from, to))
            .collect();
        // (No object moves twice: of a chain the last goes first, to make room.)
        let first = Order::of(&back);
        let first = first.sequence.iter().rev().filter(|_| first.cycles.is_empty());
        for statement in first.filter_map(|i| back.get(*i)) {
            walk.take(statement, &mut Vec::new(), &mut Diagnostics::new());
        }
        for i in order.sequence {
            let Some(statement) = moves.statements.get(i) else {
                continue;
            };
            walk.take(statement, &mut moves.blocked, &mut moves.impossible);
        }
        moves.blocked.sort();
        let unclear: HashSet<&str> = open_intents.iter().map(|i| i.address.as_str()).collect();
        for (from, to) in walk.moved() {
            if unclear.contains(from.to_string().as_str()) || unclear.contains(to.to_string().as_str()) {
                moves.held.push((from, to));
            } else {
                moves.origin.insert(to.clone(), from.clone());
                moves.done.push((from, to));
            }
        }
        let view = if moves.done.is_empty() {
            state.clone()
        } else {
            state.after(&state.moving(&moves.done))
        };
        (moves, view)
    }

    /// Old and new address of every record that moves.
    pub fn all(&self) -> &[(AbsInstance, AbsInstance)] {
        &self.done
    }

    /// Where a record comes from, if it moves.
    pub fn origin(&self, address: &AbsInstance) -> Option<&AbsInstance> {
        self.origin.get(address)
    }

    /// Where it is written that what was of one type is of another.
    pub fn statement_between(&self, from: &AbsInstance, to: &AbsInstance) -> Option<Span> {
        self.statements
            .iter()
            .find(|s| {
                s.from.resource().is_some_and(|r| r.ty == from.resource.ty)
                    && s.to.resource().is_some_and(|r| r.ty == to.resource.ty)
            })
            .and_then(|s| s.span)
    }

    /// What is to be told before anything is planned: moves that cannot be made, and those that `-target` or `-exclude` would
    /// tear apart.
    pub fn told_first(&self, targets: &[Target], excludes: &[Target]) -> Diagnostics {
        let mut diagnostics = self.impossible.clone();
        if !self.blocked.is_empty() {
            let list: String = self
                .blocked
                .iter()
                .map(|(from, to)| format!("\n  - {from} could not move to {to}"))
                .collect();
            diagnostics.push(Diagnostic::warning(
                "Unresolved resource instance address changes",
                format!(
                    "Streamform tried to adjust resource instance addresses in the prior state based on change information recorded in the configuration, but some adjustments did not succeed due to existing objects already at the intended addresses:{list}\n\nStreamform has planned to destroy these objects. If Streamform's proposed changes aren't appropriate, you must first resolve the conflicts using the \"streamform state\" subcommands and then create a new plan."
                ),
            ));
        }
        if !targets.is_empty() {
            let left_out: BTreeSet<AbsResource> = self
                .done
                .iter()
                .flat_map(|(from, to)| [from, to])
                .filter(|a| !targets.iter().any(|t| t.covers(a)))
                .map(AbsInstance::abs_resource)
                .collect();
            if !left_out.is_empty() {
                let list: String = left_out
                    .iter()
                    .map(|r| format!("\n  -target={:?}", r.to_string()))
                    .collect();
                diagnostics.push(Diagnostic::error(
                    "Moved resource instances excluded by targeting",
                    format!(
                        "Resource instances in your current state have moved to new addresses in the latest configuration. Streamform must include those resource instances while planning in order to ensure a correct result, but your -target=... options do not fully cover all of those resource instances.\n\nTo create a valid plan, either remove your -target=... options altogether or add the following additional target options:{list}\n\nNote that adding these options may include further additional resource instances in your plan, in order to respect object dependencies."
                    ),
                ));
            }
        }
        let excluded: BTreeSet<String> = self
            .done
            .iter()
            .flat_map(|(from, to)| [from, to])
            .filter_map(|a| excludes.iter().find(|t| t.covers(a)))
            .map(|t| format!("\n  -exclude={:?}", t.to_string()))
            .collect();
        if !excluded.is_empty() {
            let list: String = excluded.into_iter().collect();
            diagnostics.push(Diagnostic::error(
                "Moved resource instances excluded by targeting",
                format!(
                    "Resource instances in the state have moved to new addresses in the configuration. They must be part of the plan, so that none is taken for another. Leave these options out:{list}"
                ),
            ));
        }
        diagnostics
    }

    /// What is told after the walk about moves that had to wait: by then it is known what became of the interrupted changes.
    pub fn told_held(&self) -> Diagnostics {
        self.held
            .iter()
            .map(|(from, to)| {
                Diagnostic::error(
                    "Interrupted change of a moved object",
                    format!(
                        "An earlier run was interrupted while it worked on {from}, which the configuration says has moved to {to}. What became of that change was looked up just now and is in the state. Run the command again: the object can move now."
                    ),
                )
                .on(from.to_string())
            })
            .collect()
    }
}

/// Where everything stands while statements are applied one after the other.
struct Walk {
    /// First address by present one.
    origin: BTreeMap<AbsInstance, AbsInstance>,
    /// Present addresses by block, whatever the module.
    by_resource: HashMap<Resource, BTreeSet<AbsInstance>>,
}

impl Walk {
    fn new<'a>(addresses: impl Iterator<Item = &'a str>) -> Walk {
        let mut walk = Walk {
            origin: BTreeMap::new(),
            by_resource: HashMap::new(),
        };
        for address in addresses.filter_map(|a| AbsInstance::parse(a).ok()) {
            walk.put(address.clone(), address);
        }
        walk
    }

    fn put(&mut self, at: AbsInstance, origin: AbsInstance) {
        self.by_resource
            .entry(at.resource.clone())
            .or_default()
            .insert(at.clone());
        self.origin.insert(at, origin);
    }

    /// Carries out one statement. What a statement moves as one piece (a module instance, a resource, an instance) moves as
    /// a whole or, where something is at its new place already, not at all.
    fn take(
        &mut self,
        statement: &Statement,
        blocked: &mut Vec<(String, String)>,
        impossible: &mut Diagnostics,
    ) {
        if statement.from == statement.to {
            // Told as redundant after the walk.
            return;
        }
        let affected: Vec<(AbsInstance, AbsInstance)> = match statement.from.resource() {
            Some(resource) => self
                .by_resource
                .get(resource)
                .into_iter()
                .flatten()
                .filter_map(|a| Some((a.clone(), statement.destination(a)?)))
                .collect(),
            None => self
                .origin
                .keys()
                .filter_map(|a| Some((a.clone(), statement.destination(a)?)))
                .collect(),
        };
        if affected.is_empty() {
            return;
        }
        if let Some(found) = statement.unfit(&affected[0].0) {
            impossible.push(found);
            return;
        }
        let mut pieces: BTreeMap<(String, String), Vec<(AbsInstance, AbsInstance)>> = BTreeMap::new();
        let occupied: HashSet<ModuleInstance> = match statement.reach() {
            Reach::Module => self.origin.keys().map(|a| a.module.clone()).collect(),
            _ => HashSet::new(),
        };
        for (from, to) in affected {
            let piece = match statement.reach() {
                Reach::Module => (from.module.to_string(), to.module.to_string()),
                Reach::Resource => (from.abs_resource().to_string(), to.abs_resource().to_string()),
                Reach::Instance => (from.to_string(), to.to_string()),
            };
            pieces.entry(piece).or_default().push((from, to));
        }
        for (piece, members) in pieces {
            let taken = members.first().is_some_and(|(_, to)| match statement.reach() {
                Reach::Module => occupied.contains(&to.module),
                Reach::Resource => self
                    .by_resource
                    .get(&to.resource)
                    .is_some_and(|all| all.iter().any(|a| a.module == to.module)),
                Reach::Instance => self.origin.contains_key(to),
            });
            if taken {
                blocked.push(piece);
                continue;
            }
            for (from, to) in members {
                if let Some(origin) = self.origin.remove(&from) {
                    if let Some(all) = self.by_resource.get_mut(&from.resource) {
                        all.remove(&from);
                    }
                    self.put(to, origin);
                }
            }
        }
    }

    /// First and last address of everything that is not where it was.
    fn moved(self) -> impl Iterator<Item = (AbsInstance, AbsInstance)> {
        self.origin
            .into_iter()
            .filter(|(now, first)| now != first)
            .map(|(now, first)| (first, now))
    }
}

#[cfg(test)]
mod tests;
