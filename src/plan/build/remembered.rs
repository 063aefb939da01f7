//! Which block needed which when its objects were made: what the state remembers, also of blocks that are gone.

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
use petgraph::graph::NodeIndex;
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
    /// The circle that each block belongs to, mostly alone: records written at different times may disagree. Within a circle there is
    /// no order to keep.
    pub(super) circle: Vec<usize>,
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
        let mut circle = vec![0; graph.node_count()];
        for (i, together) in kosaraju_scc(&graph).into_iter().enumerate() {
            together.into_iter().for_each(|node| circle[node.index()] = i);
        }
        Remembered { graph, circle }
    }

    /// Orders what is made and changed by what goes, as Terraform does it. Where B needed A, however indirectly:
    ///
    /// * what B changes or makes anew waits until A's objects are gone; those that go late (create before destroy) wait for it;
    /// * what A makes or changes waits until B's objects are gone; those that go late wait for it.
    ///
    /// (What is made for the first time needed nothing yet.)
    pub(super) fn order(&self, graph: &mut ExecutionGraph, blocks: &Blocks) {
        let by_name = steps_by_name(blocks);
        let names = self.graph.node_weights();
        let own: Vec<Option<&BlockSteps>> = names.map(|name| by_name.get(name).copied()).collect();
        let (users, needs) = (Direction::Incoming, Direction::Outgoing);
        self.link(graph, &own, users, |b| &b.delete, |b| &b.anew);
        self.link(graph, &own, needs, |b| &b.delete, |b| &b.forward);
        self.link(graph, &own, needs, |b| &b.anew, |b| &b.delete_late);
        self.link(graph, &own, users, |b| &b.forward, |b| &b.delete_late);
    }

    /// Lets the later steps of a block wait for the earlier ones of all blocks from which it is reached. Only blocks on the way
    /// between some of both get gathering steps, so that the orders stay in proportion to blocks and references.
    fn link(
        &self,
        graph: &mut ExecutionGraph,
        own: &[Option<&BlockSteps>],
        along: Direction,
        earlier: fn(&BlockSteps) -> &[StepId],
        later: fn(&BlockSteps) -> &[StepId],
    ) {
        let steps = |node: NodeIndex, of: fn(&BlockSteps) -> &[StepId]| {
            own[node.index()].map_or(&[] as &[StepId], of)
        };
        let reached = self.reached(along, |node| !steps(node, earlier).is_empty());
        let reaching = self.reached(along.opposite(), |node| !steps(node, later).is_empty());
        let is_between = |node: &NodeIndex| reached[node.index()] && reaching[node.index()];
        let between: Vec<NodeIndex> = self.graph.node_indices().filter(is_between).collect();
        // Of each circle: what comes before it, and that together with its own steps.
        let mut gathered: HashMap<usize, (StepId, StepId)> = HashMap::default();
        for node in &between {
            gathered.entry(self.circle[node.index()]).or_insert_with(|| {
                let name = &self.graph[*node];
                let before = graph.add(Step::Gather(format!("{name} (before)")));
                let done = graph.add(Step::Gather(format!("{name} (done)")));
                graph.order(before, done);
                (before, done)
            });
        }
        for node in between {
            let Some((before, done)) = gathered.get(&self.circle[node.index()]).copied() else {
                continue;
            };
            steps(node, earlier).iter().for_each(|s| graph.order(*s, done));
            let mut after = before;
            for other in self.graph.neighbors_directed(node, along.opposite()) {
                match gathered.get(&self.circle[other.index()]) {
                    Some((_, others)) if *others == done => after = done,
                    Some((_, others)) => graph.order(*others, before),
                    None => {}
                }
            }
            steps(node, later).iter().for_each(|s| graph.order(after, *s));
        }
    }

    /// The blocks that can be reached from some, themselves among them.
    fn reached(&self, along: Direction, is_start: impl Fn(NodeIndex) -> bool) -> Vec<bool> {
        let mut seen = vec![false; self.graph.node_count()];
        let mut stack: Vec<NodeIndex> = self.graph.node_indices().filter(|n| is_start(*n)).collect();
        while let Some(node) = stack.pop() {
            if !std::mem::replace(&mut seen[node.index()], true) {
                stack.extend(self.graph.neighbors_directed(node, along));
            }
        }
        seen
    }
}

/// The steps of blocks by their names.
pub(super) fn steps_by_name(blocks: &Blocks) -> HashMap<String, &BlockSteps> {
    blocks.iter().map(|(b, own)| (b.to_string(), own)).collect()
}
