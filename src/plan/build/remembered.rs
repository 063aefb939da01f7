//! Which block needed which when its objects were made: what the state remembers, also of blocks that are gone.

use std::collections::BTreeMap;

use petgraph::graph::DiGraph;
use petgraph::graph::NodeIndex;
use petgraph::visit::Dfs;
use petgraph::visit::Reversed;
use rustc_hash::FxHashMap as HashMap;
use rustc_hash::FxHashSet as HashSet;
use streamform_lang::addrs::AbsInstance;

use super::order::BlockSteps;
use super::order::Blocks;
use super::prior::Prior;
use crate::plan::ExecutionGraph;
use crate::plan::Step;
use crate::plan::StepId;

/// The graph of blocks as the state remembers it: from what needs to what is needed.
pub(super) struct Remembered {
    pub(super) graph: DiGraph<String, ()>,
}

impl Remembered {
    /// With what was found out about interrupted changes, which the state does not have yet.
    pub(super) fn of(prior: &BTreeMap<AbsInstance, Prior>) -> Remembered {
        let mut graph: DiGraph<String, ()> = DiGraph::new();
        let mut index: HashMap<String, NodeIndex> = HashMap::default();
        let mut edges: HashSet<(NodeIndex, NodeIndex)> = HashSet::default();
        for (address, record) in prior {
            let from_name = address.config().to_string();
            let from = *index
                .entry(from_name.clone())
                .or_insert_with(|| graph.add_node(from_name));
            for object in record.current.iter().chain(record.deposed.values()) {
                for dependency in &object.dependencies {
                    let to = *index
                        .entry(dependency.clone())
                        .or_insert_with(|| graph.add_node(dependency.clone()));
                    if from != to && edges.insert((from, to)) {
                        graph.add_edge(from, to, ());
                    }
                }
            }
        }
        Remembered { graph }
    }

    /// The other blocks that needed a block, however indirectly.
    fn users(&self, of: NodeIndex) -> Vec<&str> {
        let graph = Reversed(&self.graph);
        let mut walk = Dfs::new(graph, of);
        let mut found = Vec::new();
        while let Some(node) = walk.next(graph) {
            if node != of {
                found.push(self.graph[node].as_str());
            }
        }
        found
    }

    /// The other blocks that a block needed, however indirectly.
    fn needs(&self, of: NodeIndex) -> Vec<&str> {
        let mut walk = Dfs::new(&self.graph, of);
        let mut found = Vec::new();
        while let Some(node) = walk.next(&self.graph) {
            if node != of {
                found.push(self.graph[node].as_str());
            }
        }
        found
    }

    /// Orders what is made and changed by what goes, as Terraform does it. Where B needed A:
    ///
    /// * what B changes or makes anew waits until A's objects are gone; those that go late (create before destroy) wait for it;
    /// * what A makes or changes waits until B's objects are gone; those that go late wait for it.
    pub(super) fn order(&self, graph: &mut ExecutionGraph, blocks: &Blocks) {
        let blocks = steps_by_name(blocks);
        for node in self.graph.node_indices() {
            let Some(own) = blocks.get(&self.graph[node]) else {
                continue;
            };
            if own.delete.is_empty() && own.delete_late.is_empty() {
                continue;
            }
            let forward = |names: Vec<&str>, had: bool| -> Vec<StepId> {
                let steps = names.into_iter().filter_map(|name| blocks.get(name));
                // (What is made for the first time needed nothing yet.)
                steps
                    .flat_map(|b| if had { &b.anew } else { &b.forward })
                    .copied()
                    .collect()
            };
            let mut others = forward(self.users(node), true);
            others.extend(forward(self.needs(node), false));
            if others.is_empty() {
                continue;
            }
            let name = &self.graph[node];
            if !own.delete.is_empty() {
                let gone = graph.add(Step::Gather(format!("{name} (gone)")));
                own.delete.iter().for_each(|s| graph.order(*s, gone));
                others.iter().for_each(|s| graph.order(gone, *s));
            }
            if !own.delete_late.is_empty() {
                let gone_on = graph.add(Step::Gather(format!("{name} (all have gone on)")));
                others.iter().for_each(|s| graph.order(*s, gone_on));
                own.delete_late.iter().for_each(|s| graph.order(gone_on, *s));
            }
        }
    }
}

/// The steps of blocks by their names.
pub(super) fn steps_by_name(blocks: &Blocks) -> HashMap<String, &BlockSteps> {
    blocks.iter().map(|(b, own)| (b.to_string(), own)).collect()
}
