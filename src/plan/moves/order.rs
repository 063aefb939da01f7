//! Which statement comes before which.
//!
//! * What moves on from where another statement brought it moves after that one: `a → b` before `b → c`.
//! * A module that gets a new name takes with it what was moved into or inside it under its old name, so such statements come
//!   first; those that speak of its new name come after it.

use std::collections::HashMap;

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use petgraph::graph::NodeIndex;
use streamform_lang::addrs::Resource;

use super::statement::Statement;

/// The order, or what keeps there from being one.
pub(super) struct Order {
    /// Indexes of statements, each after those that it waits for. Of no use if there are cycles.
    pub(super) sequence: Vec<usize>,
    /// Statements that wait for each other.
    pub(super) cycles: Vec<Vec<usize>>,
}

impl Order {
    pub(super) fn of(statements: &[Statement]) -> Order {
        // An edge leads from what waits to what it waits for: components come out with the latter first.
        let mut graph: DiGraph<(), ()> = DiGraph::new();
        let nodes: Vec<NodeIndex> = statements.iter().map(|_| graph.add_node(())).collect();
        let mut waits = |a: usize, b: usize| {
            if let (Some(later), Some(earlier)) = (nodes.get(a), nodes.get(b)) {
                graph.add_edge(*later, *earlier, ());
            }
        };
        // Statements about resources can only meet if they name the same one; those about modules can meet anything.
        let mut same: HashMap<&Resource, Vec<usize>> = HashMap::new();
        let mut modules = Vec::new();
        for (i, s) in statements.iter().enumerate() {
            match (s.from.resource(), s.to.resource()) {
                (Some(from), Some(to)) => {
                    same.entry(from).or_default().push(i);
                    if from != to {
                        same.entry(to).or_default().push(i);
                    }
                }
                _ => modules.push(i),
            }
        }
        for group in same.values() {
            for &a in group {
                for &b in group {
                    if a != b && statements[a].from.meets(&statements[b].to) {
                        waits(a, b);
                    }
                }
            }
        }
        for (a, s) in statements.iter().enumerate() {
            for &b in modules.iter().filter(|b| **b != a) {
                let m = &statements[b];
                if s.from.meets(&m.to) || s.from.lies_in(&m.to) || s.to.lies_in(&m.to) {
                    waits(a, b);
                }
                if s.from.lies_in(&m.from) || s.to.lies_in(&m.from) {
                    waits(b, a);
                }
            }
        }
        let mut sequence = Vec::with_capacity(statements.len());
        let mut cycles = Vec::new();
        for component in tarjan_scc(&graph) {
            let mut members: Vec<usize> = component.iter().map(|n| n.index()).collect();
            members.sort_unstable();
            match members.as_slice() {
                [one] => sequence.push(*one),
                _ => cycles.push(members),
            }
        }
        cycles.sort();
        Order { sequence, cycles }
    }
}
