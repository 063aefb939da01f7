//! `-target` and `-exclude`: what a limited plan takes in.
//!
//! A plan to make and change things takes in what the targets need. A plan to delete takes in what needs the targets,
//! as far as the state remembers: nothing may be left standing on what is gone. Excluding is the opposite: what is excluded
//! stays as it is, and with it what depends on it (or, where things are deleted, what it depends on).

use std::collections::HashMap;
use std::collections::HashSet;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::Target;
use streamform_lang::value::Name;

use super::walk::Planner;
use crate::deps::NodeId;
use crate::deps::NodeKind;
use crate::plan::PlanMode;

/// What the targets take in; nothing for a plan without targets.
#[derive(Default)]
pub(super) struct Chosen {
    /// Blocks that are walked; none: all.
    nodes: Option<HashSet<NodeId>>,
    /// Blocks that a target names itself: of these only the instances that it covers.
    named: HashSet<NodeId>,
    /// In a destroy: blocks whose objects go with those of the targets.
    with: Option<HashSet<ConfigResource>>,
    /// What `-exclude` names, and what waits for a decision of the user.
    excluded: Vec<Target>,
    /// Blocks that are not walked because of `-exclude`.
    left_out: HashSet<NodeId>,
    /// Blocks whose objects in the state stay because of `-exclude`.
    kept: HashSet<ConfigResource>,
    /// Of what targets take in: blocks whose objects are replaced by creating the new one first.
    created_first: rustc_hash::FxHashSet<NodeId>,
}

impl Planner<'_> {
    /// Works out what the targets take in. Called when the state is loaded.
    pub(super) fn choose_targets(&mut self) {
        let options = &self.input.options;
        self.chosen.excluded = options
            .excludes
            .iter()
            .cloned()
            .chain(options.held.iter().map(|h| Target::Instance(h.address.clone())))
            .collect();
        if !self.chosen.excluded.is_empty() {
            self.leave_out();
        }
        if options.targets.is_empty() {
            if options.mode == PlanMode::Destroy {
                self.chosen.nodes = Some(self.needed_to_destroy());
            }
            return;
        }
        if options.mode == PlanMode::Destroy {
            self.chosen.with = Some(self.standing_on(&options.targets));
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
        self.chosen.created_first = graph.created_first(self.input.config, |n| nodes.contains(&n));
        self.chosen.nodes = Some(nodes);
        self.chosen.named = named;
    }

    /// Whether objects of a block are replaced by creating the new one first. What targets leave out asks for nothing.
    pub(super) fn is_created_first(&self, node: NodeId) -> bool {
        if self.chosen.nodes.is_some() && !self.input.options.targets.is_empty() {
            self.chosen.created_first.contains(&node)
        } else {
            self.input.graph.is_create_before_destroy(node)
        }
    }

    /// Whether targets leave an output value of the root module as it is.
    pub(super) fn leaves_output(&self, name: &Name) -> bool {
        let options = &self.input.options;
        let node = NodeKind::Output(self.input.config.root, name.clone());
        !options.targets.is_empty()
            && (options.mode == PlanMode::Destroy
                || self.input.graph.find(&node).is_none_or(|n| !self.is_included(n)))
    }

    /// What has to be walked where everything goes: the objects are those of the state, so of the rest only what tells which
    /// modules there are and how providers are configured, and the variables that the user gives.
    fn needed_to_destroy(&self) -> HashSet<NodeId> {
        let graph = self.input.graph;
        let root = self.input.config.root;
        let valued = graph.order().iter().copied().filter(|n| match graph.kind(*n) {
            NodeKind::Provider(address) => self.wanted_providers.contains(address),
            NodeKind::Call(..) => true,
            NodeKind::Variable(module, _) => *module == root,
            _ => false,
        });
        let mut nodes = graph.needed(valued);
        let resources = graph.order().iter().copied();
        nodes.extend(resources.filter(|n| matches!(graph.kind(*n), NodeKind::Resource(..))));
        nodes
    }

    /// Works out what `-exclude` takes out.
    fn leave_out(&mut self) {
        let options = &self.input.options;
        if options.mode == PlanMode::Destroy {
            self.chosen.kept = self.below(&self.chosen.excluded);
            return;
        }
        let graph = self.input.graph;
        let excluded = std::mem::take(&mut self.chosen.excluded);
        for target in &excluded {
            let named = graph.named_by(self.input.config, target);
            let mut out = graph.using(named.iter().copied());
            if !is_whole(target) {
                // Other instances of the same blocks go on.
                named.iter().for_each(|n| _ = out.remove(n));
            }
            self.chosen.left_out.extend(out);
        }
        self.chosen.kept = self.standing_on(&excluded);
        self.chosen.excluded = excluded;
    }

    /// Blocks of the state whose objects depend on what the targets cover, however indirectly.
    fn standing_on(&self, targets: &[Target]) -> HashSet<ConfigResource> {
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

    /// Blocks of the state on which what the targets cover depends, however indirectly.
    fn below(&self, targets: &[Target]) -> HashSet<ConfigResource> {
        let mut uses: HashMap<String, HashSet<&str>> = HashMap::new();
        let mut blocks: HashMap<String, ConfigResource> = HashMap::new();
        for (address, prior) in &self.prior {
            let config = address.config();
            let of = uses.entry(config.to_string()).or_default();
            for object in prior.current.iter().chain(prior.deposed.values()) {
                of.extend(object.dependencies.iter().map(String::as_str));
            }
            blocks.insert(config.to_string(), config);
        }
        let mut stack: Vec<String> = self
            .prior
            .keys()
            .filter(|a| targets.iter().any(|t| t.covers(a)))
            .map(|a| a.config().to_string())
            .collect();
        let mut found = HashSet::new();
        // What is held may have no record; its intent says what it needs.
        for needed in self.input.options.held.iter().flat_map(|h| &h.dependencies) {
            if let Some(config) = blocks.get(needed)
                && found.insert(config.clone())
            {
                stack.push(needed.clone());
            }
        }
        while let Some(block) = stack.pop() {
            for dependency in uses.get(&block).into_iter().flatten() {
                if let Some(config) = blocks.get(*dependency)
                    && found.insert(config.clone())
                {
                    stack.push((*dependency).to_owned());
                }
            }
        }
        found
    }

    /// Whether a block is walked.
    pub(super) fn is_included(&self, node: NodeId) -> bool {
        !self.chosen.left_out.contains(&node) && self.chosen.nodes.as_ref().is_none_or(|n| n.contains(&node))
    }

    /// Whether an instance is planned.
    pub(super) fn is_targeted(&self, address: &AbsInstance) -> bool {
        let options = &self.input.options;
        let config = || address.config();
        let excluded = &self.chosen.excluded;
        if !excluded.is_empty()
            && (excluded.iter().any(|t| t.covers(address))
                || self.chosen.kept.contains(&config())
                || self
                    .input
                    .graph
                    .find_resource(self.input.config, &config())
                    .is_some_and(|n| self.chosen.left_out.contains(&n)))
        {
            return false;
        }
        if options.targets.is_empty() || options.targets.iter().any(|t| t.covers(address)) {
            return true;
        }
        if let Some(with) = &self.chosen.with {
            return with.contains(&config());
        }
        let Some(node) = self.input.graph.find_resource(self.input.config, &config()) else {
            return false;
        };
        self.is_included(node) && !self.chosen.named.contains(&node)
    }
}

/// Whether a target means every instance of the blocks that it names.
fn is_whole(target: &Target) -> bool {
    let module = match target {
        Target::Module(module) => module,
        Target::Resource(resource) => &resource.module,
        Target::Instance(_) => return false,
    };
    module.0.iter().all(|(_, key)| *key == InstanceKey::None)
}
