//! `-allow-deferral`: what cannot be planned yet is left for a later apply, with the reason.
//!
//! Left are blocks whose `count` or `for_each` is not known, blocks whose provider has a configuration that is not known, and
//! whatever needs one of them: because it names it in `depends_on`, or because its configuration is unknown where it refers
//! to it. What is wholly known is planned, whatever it refers to.

use std::collections::HashSet;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsResource;
use streamform_lang::addrs::ModuleInstance;
use streamform_lang::addrs::Target;
use streamform_lang::value::Name;

use super::walk::Planner;
use crate::config::ResourceBlock;
use crate::deps::NodeId;
use crate::deps::NodeKind;
use crate::plan::DeferralReason;
use crate::plan::Deferred;
use crate::plan::PlanMode;

/// What the walk has left so far.
#[derive(Default)]
pub(super) struct Left {
    /// Nodes with something left in them, or that use one.
    uncertain: HashSet<NodeId>,
    /// Blocks of which something is left.
    blocks: HashSet<NodeId>,
    resources: HashSet<AbsResource>,
    instances: HashSet<AbsInstance>,
    modules: HashSet<ModuleInstance>,
}

impl Planner<'_> {
    /// Whether things may be left.
    pub(super) fn may_defer(&self) -> bool {
        self.input.options.allow_deferral && self.input.options.mode == PlanMode::Normal
    }

    /// Takes down what a node inherits from those that it uses. Called before it is begun.
    pub(super) fn note_uncertainty(&mut self, node: NodeId) {
        // What a resource refers to does not make it uncertain: whether it is left is decided by its values.
        if matches!(self.input.graph.kind(node), NodeKind::Resource(..)) {
            return;
        }
        if self.uses_uncertain(node) {
            self.left.uncertain.insert(node);
        }
    }

    /// Whether a node uses something that is left, or that depends on what is left.
    pub(super) fn uses_uncertain(&self, node: NodeId) -> bool {
        let below = self.input.graph.dependencies(node);
        below.iter().any(|d| self.left.uncertain.contains(d))
    }

    /// Why a whole block is left before its instances are looked at.
    pub(super) fn must_defer(&self, node: NodeId, block: &ResourceBlock) -> Option<(DeferralReason, String)> {
        if !self.may_defer() {
            return None;
        }
        let unknown = self
            .providers
            .get(&block.resolved_provider)
            .is_some_and(|p| !p.configured);
        if unknown {
            return Some((
                DeferralReason::ProviderConfigUnknown,
                format!(
                    "The configuration of the provider {} depends on what is known only after this apply.",
                    block.resolved_provider.provider.for_display()
                ),
            ));
        }
        let explicit = self.input.graph.explicit_dependencies(node);
        let first = explicit.iter().find(|n| self.left.blocks.contains(n))?;
        let NodeKind::Resource(module, resource) = self.input.graph.kind(*first) else {
            return None;
        };
        let path = &self.input.config.module(*module).path;
        let named = if path.is_root() {
            resource.to_string()
        } else {
            format!("{path}.{resource}")
        };
        Some((
            DeferralReason::DeferredPrerequisite,
            format!("It depends on {named}, which is deferred."),
        ))
    }

    /// Leaves a block in one module instance.
    pub(super) fn defer_resource(
        &mut self,
        node: NodeId,
        resource: AbsResource,
        reason: DeferralReason,
        explanation: impl Into<String>,
    ) {
        self.left.uncertain.insert(node);
        self.left.blocks.insert(node);
        self.left.resources.insert(resource.clone());
        self.deferred.push(Deferred {
            address: Target::Resource(resource),
            reason,
            explanation: explanation.into(),
        });
    }

    /// Leaves one instance.
    pub(super) fn defer_instance(&mut self, node: NodeId, instance: AbsInstance) {
        self.left.uncertain.insert(node);
        self.left.blocks.insert(node);
        self.left.instances.insert(instance.clone());
        self.deferred.push(Deferred {
            address: Target::Instance(instance),
            reason: DeferralReason::DeferredPrerequisite,
            explanation: "Its configuration is not known yet, because it refers to what is deferred."
                .to_owned(),
        });
    }

    /// Leaves a module whose instances are not known, with everything in it.
    pub(super) fn defer_module(&mut self, node: NodeId, module: ModuleInstance, for_each: bool) {
        self.left.uncertain.insert(node);
        self.left.modules.insert(module.clone());
        self.deferred.push(Deferred {
            address: Target::Module(module),
            reason: DeferralReason::InstanceCountUnknown,
            explanation: count_unknown(for_each, "this module, and everything in it,"),
        });
    }

    /// The node of a call that is being evaluated.
    pub(super) fn call_node(&self, module: crate::config::ModuleId, name: &Name) -> NodeId {
        let found = self.input.graph.find(&NodeKind::Call(module, name.clone()));
        found.unwrap_or(NodeId::NONE)
    }

    /// Whether an object of the state belongs to what is left: it stays as it is.
    pub(super) fn is_left(&self, address: &AbsInstance) -> bool {
        let left = &self.left;
        if left.instances.contains(address) || left.resources.contains(&address.abs_resource()) {
            return true;
        }
        !left.modules.is_empty()
            && (1..=address.module.0.len()).any(|n| {
                let Some((name, _)) = address.module.0.get(n - 1) else {
                    return false;
                };
                let above = ModuleInstance(address.module.0[..n - 1].into());
                let call = above.child(name.clone(), streamform_lang::addrs::InstanceKey::None);
                left.modules.contains(&call)
            })
    }
}

/// Why instances are not known, as a sentence.
pub(super) fn count_unknown(for_each: bool, what: &str) -> String {
    let argument = if for_each { "for_each" } else { "count" };
    format!(
        "The \"{argument}\" value depends on what is known only after this apply, so {what} can be planned only then."
    )
}
