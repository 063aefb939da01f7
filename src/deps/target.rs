//! What a run that is limited by `-target` needs.

use std::collections::HashSet;

use streamform_lang::addrs::Target;

use super::Graph;
use super::NodeId;
use super::NodeKind;
use crate::config::Configuration;
use crate::config::ModuleId;

impl Graph {
    /// The nodes that a target names: a resource block, or everything in a module and in the modules that it calls.
    /// Instance keys do not matter here. Empty if the configuration has nothing of that address.
    pub fn named_by(&self, config: &Configuration, target: &Target) -> Vec<NodeId> {
        let block = match target {
            Target::Resource(resource) => resource.config(),
            Target::Instance(instance) => instance.config(),
            Target::Module(module) => {
                let path = module.module();
                let inside: HashSet<ModuleId> = config
                    .modules
                    .iter()
                    .filter(|m| m.path.0.starts_with(&path.0))
                    .map(|m| m.id)
                    .collect();
                return self
                    .kinds
                    .iter()
                    .enumerate()
                    .filter(|(_, kind)| kind.module().is_some_and(|m| inside.contains(&m)))
                    .map(|(i, _)| NodeId(i as u32))
                    .collect();
            }
        };
        self.find_resource(config, &block).into_iter().collect()
    }

    /// These nodes and all that they use, directly or through others.
    pub fn needed(&self, nodes: impl IntoIterator<Item = NodeId>) -> HashSet<NodeId> {
        let mut stack: Vec<NodeId> = nodes.into_iter().collect();
        let mut needed = HashSet::new();
        while let Some(node) = stack.pop() {
            if needed.insert(node) {
                stack.extend(self.dependencies(node).iter().copied());
            }
        }
        needed
    }
}

impl Graph {
    /// These nodes and all that uses them, directly or through others.
    pub fn using(&self, nodes: impl IntoIterator<Item = NodeId>) -> HashSet<NodeId> {
        let mut stack: Vec<NodeId> = nodes.into_iter().collect();
        let mut using = HashSet::new();
        while let Some(node) = stack.pop() {
            if using.insert(node) {
                stack.extend(self.dependents(node).iter().copied());
            }
        }
        using
    }
}

impl NodeKind {
    /// The module that the block stands in; none for provider configurations and hubs.
    pub fn module(&self) -> Option<ModuleId> {
        match self {
            NodeKind::Variable(m, _)
            | NodeKind::Local(m, _)
            | NodeKind::Output(m, _)
            | NodeKind::Call(m, _)
            | NodeKind::Resource(m, _)
            | NodeKind::Check(m, _) => Some(*m),
            NodeKind::Provider(_) | NodeKind::Hub => None,
        }
    }
}
