//! `-target`: what a limited plan takes in.
//!
//! A plan to make and change things takes in what the targets need. A plan to delete takes in what needs the targets,
//! as far as the state remembers: nothing may be left standing on what is gone.

use std::collections::HashMap;
use std::collections::HashSet;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::ConfigResource;

use super::walk::Planner;
use crate::deps::NodeId;
use crate::deps::NodeKind;
use crate::plan::PlanMode;

/// What the targets take in; nothing for a plan without targets.
#[derive(Default)]
pub(super) struct Chosen {
    /// Blocks that are walked.
    nodes: Option<HashSet<NodeId>>,
    /// Blocks that a target names itself: of these only the instances that it covers.
    named: HashSet<NodeId>,
    /// In a destroy: blocks whose objects go with those of the targets.
    with: Option<HashSet<ConfigResource>>,
}

impl Planner<'_> {
    /// Works out what the targets take in. Called when the state is loaded.
    pub(super) fn choose_targets(&mut self) {
        let options = &self.input.options;
        if options.targets.is_empty() {
            return;
        }
        if options.mode == PlanMode::Destroy {
            self.chosen.with = Some(self.standing_on_targets());
            return;
        }
        let graph = self.input.graph;
        let named: HashSet<NodeId> = options
            .targets
            .iter()
            .flat_map(|t| graph.named_by(self.input.config, t))
            .collect();
        let mut nodes = graph.needed(named.iter().copied());
        // Outputs all of whose resources are taken in come along, as in Terraform.
        for node in graph.order() {
            if let NodeKind::Output(module, _) = graph.kind(*node)
                && self.input.config.module(*module).path.is_root()
            {
                let below = graph.resource_dependencies(*node);
                if !below.is_empty() && below.iter().all(|d| nodes.contains(d)) {
                    nodes.extend(graph.needed([*node]));
                }
            }
        }
        self.chosen = Chosen {
            nodes: Some(nodes),
            named,
            with: None,
        };
    }

    /// Blocks of the state whose objects depend on what the targets cover, however indirectly.
    fn standing_on_targets(&self) -> HashSet<ConfigResource> {
        let mut used_by: HashMap<String, HashSet<ConfigResource>> = HashMap::new();
        for (address, prior) in &self.prior {
            for object in prior.current.iter().chain(prior.deposed.values()) {
                for dependency in &object.dependencies {
                    used_by
                        .entry(dependency.clone())
                        .or_default()
                        .insert(address.config());
                }
            }
        }
        let targets = &self.input.options.targets;
        let mut stack: Vec<String> = self
            .prior
            .keys()
            .filter(|a| targets.iter().any(|t| t.covers(a)))
            .map(|a| a.config().to_string())
            .collect();
        let mut found = HashSet::new();
        while let Some(block) = stack.pop() {
            for user in used_by.get(&block).into_iter().flatten() {
                if found.insert(user.clone()) {
                    stack.push(user.to_string());
                }
            }
        }
        found
    }

    /// Whether a block is walked.
    pub(super) fn is_included(&self, node: NodeId) -> bool {
        self.chosen.nodes.as_ref().is_none_or(|n| n.contains(&node))
    }

    /// Whether an instance is planned.
    pub(super) fn is_targeted(&self, address: &AbsInstance) -> bool {
        let targets = &self.input.options.targets;
        if targets.is_empty() || targets.iter().any(|t| t.covers(address)) {
            return true;
        }
        let config = address.config();
        if let Some(with) = &self.chosen.with {
            return with.contains(&config);
        }
        let Some(node) = self.input.graph.find_resource(self.input.config, &config) else {
            return false;
        };
        self.is_included(node) && !self.chosen.named.contains(&node)
    }
}
