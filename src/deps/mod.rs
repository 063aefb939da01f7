//! What depends on what: the blocks of all modules as a graph.
//!
//! Nodes are blocks of the configuration, not their instances: 10,000 instances of a block are one node. An edge leads
//! from a block to what it uses. Calls of modules stand for their expansion: everything in a module uses the call that
//! makes its instances.

mod build;
mod cycle;
mod target;

use std::sync::Arc;
use std::sync::OnceLock;

use rustc_hash::FxHashMap as HashMap;
use rustc_hash::FxHashSet as HashSet;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::Resource;
use streamform_lang::value::Name;

use crate::config::Configuration;
use crate::config::ModuleId;

/// Names a node within its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

impl NodeId {
    /// Names no node.
    pub const NONE: NodeId = NodeId(u32::MAX);
}

/// What a node stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// An input variable of a module.
    Variable(ModuleId, Name),
    /// A local value.
    Local(ModuleId, Name),
    /// An output value of a module.
    Output(ModuleId, Name),
    /// A module call: which instances the called module has.
    Call(ModuleId, Name),
    /// A resource block of any mode.
    Resource(ModuleId, Resource),
    /// A provider configuration that has a block.
    Provider(AbsProviderConfig),
    /// A `check` block.
    Check(ModuleId, Name),
    /// Everything in a called module, for references to the module as a whole.
    Hub,
}

/// The graph.
#[derive(Debug, Default)]
pub struct Graph {
    kinds: Vec<NodeKind>,
    index: HashMap<NodeKind, NodeId>,
    dependencies: Vec<Vec<NodeId>>,
    dependents: Vec<Vec<NodeId>>,
    /// What `depends_on` of the block itself names.
    explicit: HashMap<NodeId, Vec<NodeId>>,
    /// The call of the module that a resource or a call stands in.
    around: HashMap<NodeId, NodeId>,
    order: Vec<NodeId>,
    resources: Vec<OnceLock<Arc<[NodeId]>>>,
    create_before_destroy: Vec<bool>,
}

impl Graph {
    /// Every node, each after all that it uses.
    pub fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// What a node stands for.
    pub fn kind(&self, node: NodeId) -> &NodeKind {
        self.kinds.get(node.0 as usize).unwrap_or(&NodeKind::Hub)
    }

    /// What a node uses directly.
    pub fn dependencies(&self, node: NodeId) -> &[NodeId] {
        self.dependencies.get(node.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// What uses a node directly.
    pub fn dependents(&self, node: NodeId) -> &[NodeId] {
        self.dependents.get(node.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// The node of a block.
    pub fn find(&self, kind: &NodeKind) -> Option<NodeId> {
        self.index.get(kind).copied()
    }

    /// The node of a resource block by its address.
    pub fn find_resource(&self, config: &Configuration, address: &ConfigResource) -> Option<NodeId> {
        let module = config.find(&address.module)?.id;
        self.find(&NodeKind::Resource(module, address.resource.clone()))
    }

    /// Whether a node is an ephemeral resource.
    pub fn is_ephemeral(&self, node: NodeId) -> bool {
        matches!(self.kind(node), NodeKind::Resource(_, resource) if resource.mode == Mode::Ephemeral)
    }

    /// The resource blocks that a node uses, directly or through variables, locals, outputs and calls, but not through
    /// other resources nor through provider configurations.
    pub fn resource_dependencies(&self, node: NodeId) -> Arc<[NodeId]> {
        if self.order.is_empty() {
            // There are cycles, so there is no plan either; nothing to remember.
            return self.resources_by_walking(self.dependencies(node).to_vec()).into();
        }
        let known = |n: NodeId| self.resources.get(n.0 as usize).and_then(OnceLock::get);
        let mut stack = vec![node];
        while let Some(n) = stack.last().copied() {
            let Some(cell) = self.resources.get(n.0 as usize) else {
                return Arc::new([]);
            };
            if cell.get().is_some() {
                stack.pop();
                continue;
            }
            let before = stack.len();
            stack.extend(
                self.dependencies(n)
                    .iter()
                    .filter(|d| self.is_passed_through(**d) && known(**d).is_none()),
            );
            if stack.len() == before {
                stack.pop();
                cell.get_or_init(|| self.gather(n));
            }
        }
        known(node).map_or_else(|| Arc::new([]), Arc::clone)
    }

    /// Whether what a node uses counts as used by those that use the node.
    fn is_passed_through(&self, node: NodeId) -> bool {
        !matches!(self.kind(node), NodeKind::Resource(..) | NodeKind::Provider(_))
    }

    /// The resources of a node all of whose passed-through dependencies are known. A set that comes from one place alone
    /// is shared: a long chain of locals costs one set.
    fn gather(&self, node: NodeId) -> Arc<[NodeId]> {
        let mut direct: Vec<NodeId> = Vec::new();
        let mut sets: Vec<&Arc<[NodeId]>> = Vec::new();
        for d in self.dependencies(node) {
            if matches!(self.kind(*d), NodeKind::Resource(..)) {
                direct.push(*d);
            } else if self.is_passed_through(*d)
                && let Some(set) = self.resources.get(d.0 as usize).and_then(OnceLock::get)
                && !set.is_empty()
                && !sets.iter().any(|s| Arc::ptr_eq(s, set))
            {
                sets.push(set);
            }
        }
        if let ([set], true) = (sets.as_slice(), direct.is_empty()) {
            return Arc::clone(set);
        }
        direct.extend(sets.iter().flat_map(|s| s.iter().copied()));
        direct.sort_unstable();
        direct.dedup();
        direct.into()
    }

    /// The resources that can be reached from `stack` without passing through a resource or a provider configuration.
    fn resources_by_walking(&self, mut stack: Vec<NodeId>) -> Vec<NodeId> {
        let mut found = Vec::new();
        let mut seen = HashSet::default();
        while let Some(n) = stack.pop() {
            if !seen.insert(n) {
                continue;
            }
            match self.kind(n) {
                NodeKind::Resource(..) => found.push(n),
                NodeKind::Provider(_) => {}
                _ => stack.extend(self.dependencies(n).iter().copied()),
            }
        }
        found.sort_unstable();
        found
    }

    /// The resource blocks that `depends_on` names, of the block itself or of a module call around it.
    pub fn explicit_dependencies(&self, node: NodeId) -> Vec<NodeId> {
        let mut stack: Vec<NodeId> = Vec::new();
        let mut at = Some(node);
        while let Some(n) = at {
            stack.extend(self.explicit.get(&n).into_iter().flatten());
            at = self.around.get(&n).copied();
        }
        self.resources_by_walking(stack)
    }

    /// Whether objects of a resource block are replaced by creating the new one first: it says so itself, or something
    /// that says so uses it (otherwise the order of its own replacement could not be kept).
    pub fn is_create_before_destroy(&self, node: NodeId) -> bool {
        self.create_before_destroy
            .get(node.0 as usize)
            .copied()
            .unwrap_or(false)
    }
}

#[cfg(test)]
mod tests;
