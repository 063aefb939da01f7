//! Values during an apply: worked out on demand, when everything that they need is there.

use std::collections::HashMap;
use std::collections::HashSet;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsResource;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Value;

use crate::config::Configuration;
use crate::config::ModuleId;
use crate::deps;
use crate::deps::NodeId;
use crate::deps::NodeKind;
use crate::eval::Expansion;
use crate::eval::World;
use crate::eval::WorldSettings;
use crate::plan::Action;
use crate::plan::InstanceChange;
use crate::plan::Plan;
use crate::plan::PlanMode;
use crate::plan::Secrets;
use crate::plan::build::Ready;

/// The world of an apply.
pub(super) struct Values<'a> {
    pub(super) world: World<'a>,
    graph: &'a deps::Graph,
    plan: &'a Plan,
    by_block: HashMap<AbsResource, Vec<usize>>,
    /// Objects that the plan leaves as they are, without a word.
    untouched: HashMap<&'a AbsInstance, &'a InstanceChange>,
    /// Blocks that the plan left for a later apply.
    deferred: HashSet<AbsResource>,
    results: HashMap<usize, Value>,
    done: HashSet<NodeId>,
    failed: HashSet<NodeId>,
    /// Learns what must not be shown; none where nobody could show it.
    secrets: Option<Secrets>,
}

impl<'a> Values<'a> {
    pub(super) fn new(
        config: &'a Configuration,
        graph: &'a deps::Graph,
        plan: &'a Plan,
        settings: WorldSettings,
        secrets: Option<Secrets>,
    ) -> Self {
        let mut by_block: HashMap<AbsResource, Vec<usize>> = HashMap::new();
        for (i, c) in plan
            .changes
            .iter()
            .enumerate()
            .filter(|(_, c)| c.deposed.is_none())
        {
            by_block.entry(c.address.abs_resource()).or_default().push(i);
        }
        Values {
            world: World::new(config, settings),
            graph,
            plan,
            by_block,
            untouched: plan.untouched.iter().map(|c| (&c.address, c)).collect(),
            deferred: plan
                .deferred
                .iter()
                .filter_map(|d| match &d.address {
                    Target::Resource(r) => Some(r.clone()),
                    _ => None,
                })
                .collect(),
            results: HashMap::new(),
            done: HashSet::new(),
            failed: HashSet::new(),
            secrets,
        }
    }

    /// The value of an instance has become known.
    pub(super) fn set_result(&mut self, change: usize, value: Value) {
        if let Some(c) = self.plan.changes.get(change)
            && self.has_value(c)
            && let Some(module) = self.world.find(&c.address.module)
        {
            self.world
                .set_instance(module, &c.address.resource, c.address.key.clone(), value.clone());
        }
        self.results.insert(change, value);
    }

    /// An instance of an ephemeral resource is open.
    pub(super) fn set_opened(&mut self, one: &Ready, value: Value) {
        let AbsInstance { resource, key, .. } = &one.address;
        self.world.set_instance(one.module, resource, key.clone(), value);
    }

    /// Whether expressions may still see an instance: what goes in a plan that is no destroy is nothing to the configuration.
    fn has_value(&self, change: &InstanceChange) -> bool {
        self.plan.mode != PlanMode::Normal || !matches!(change.action, Action::Delete | Action::Forget)
    }

    /// Works out a node and everything that it needs and that is not worked out yet.
    ///
    /// # Errors
    /// When something on the way cannot be evaluated; told once, later demands fail without a diagnostic.
    pub(super) fn ensure(&mut self, target: NodeId) -> Result<(), Diagnostics> {
        let mut stack = vec![target];
        while let Some(node) = stack.last().copied() {
            if self.done.contains(&node) {
                stack.pop();
                continue;
            }
            let depth = stack.len();
            stack.extend(
                self.graph
                    .dependencies(node)
                    .iter()
                    .copied()
                    .filter(|d| !self.done.contains(d)),
            );
            if stack.len() > depth {
                continue;
            }
            stack.pop();
            self.done.insert(node);
            let found = if self
                .graph
                .dependencies(node)
                .iter()
                .any(|d| self.failed.contains(d))
            {
                self.failed.insert(node);
                continue;
            } else {
                self.work_out(node)
            };
            if found.has_errors() {
                self.failed.insert(node);
                return Err(found);
            }
        }
        if self.failed.contains(&target) {
            Err(Diagnostics::new())
        } else {
            Ok(())
        }
    }

    /// Remembers a variable that is secret.
    fn learn(&self, module: ModuleId, name: &str) {
        let Some(secrets) = &self.secrets else { return };
        for id in self.world.instances_of(module) {
            if let Some(value) = self.world.variable(*id, name) {
                secrets.learn(value);
            }
        }
    }

    fn work_out(&mut self, node: NodeId) -> Diagnostics {
        match self.graph.kind(node) {
            NodeKind::Variable(module, name) => {
                let found = self.world.evaluate_variable(*module, name);
                self.learn(*module, name);
                found
            }
            NodeKind::Local(module, name) => self.world.evaluate_local(*module, name),
            NodeKind::Output(module, name) => self.world.evaluate_output(*module, name),
            NodeKind::Call(module, name) => self.world.evaluate_call(*module, name),
            NodeKind::Resource(module, resource) => {
                let mut diagnostics = Diagnostics::new();
                let ephemeral = resource.mode == Mode::Ephemeral;
                let config = self.world.config();
                let Some(block) = config.module(*module).resources.get(resource).cloned() else {
                    return diagnostics;
                };
                for id in self.world.instances_of(*module).to_vec() {
                    let abs = AbsResource {
                        module: self.world.address(id).clone(),
                        resource: resource.clone(),
                    };
                    let expansion = if self.deferred.contains(&abs) {
                        // Nothing was planned for it: that its number may be known now does not make its instances.
                        Expansion::Unknown(block.for_each.is_some())
                    } else if self.plan.mode == PlanMode::Normal || ephemeral {
                        let (expansion, found) = Expansion::of(
                            block.count.as_deref(),
                            block.for_each.as_deref(),
                            &self.world.scope(id),
                        );
                        diagnostics.extend(found);
                        expansion
                    } else {
                        self.expansion_by_plan(&abs)
                    };
                    let left_out = match &expansion {
                        _ if !self.plan.is_limited() || ephemeral => Vec::new(),
                        expansion => expansion.instances(),
                    };
                    self.world.set_expansion(id, resource, expansion);
                    let planned: HashSet<&InstanceKey> = match left_out.is_empty() {
                        true => HashSet::new(),
                        false => self.keys_planned(&abs).collect(),
                    };
                    for (key, _) in left_out {
                        match self.untouched.get(&abs.instance(key.clone())) {
                            Some(c) => self.world.set_instance(id, resource, key, c.after.clone()),
                            None if planned.contains(&key) => {}
                            None => self.world.set_absent(id, resource, key),
                        }
                    }
                    for i in self.by_block.get(&abs).into_iter().flatten() {
                        let Some(change) = self.plan.changes.get(*i).filter(|c| self.has_value(c)) else {
                            continue;
                        };
                        let value = match (self.results.get(i), change.action) {
                            (Some(v), _) => v.clone(),
                            (None, Action::Delete | Action::Forget) => change.before.clone(),
                            (None, _) => change.after.clone(),
                        };
                        self.world
                            .set_instance(id, resource, change.address.key.clone(), value);
                    }
                }
                diagnostics
            }
            NodeKind::Provider(_) | NodeKind::Check(..) | NodeKind::Hub => Diagnostics::new(),
        }
    }

    /// The instances of a block that the plan has.
    fn keys_planned(&self, block: &AbsResource) -> impl Iterator<Item = &'a InstanceKey> {
        let plan = self.plan;
        let changes = self.by_block.get(block).into_iter().flatten();
        changes.filter_map(move |i| plan.changes.get(*i).map(|c| &c.address.key))
    }

    /// In a destroy: the instances are those that are planned.
    fn expansion_by_plan(&self, block: &AbsResource) -> Expansion {
        let keys: Vec<&InstanceKey> = self
            .by_block
            .get(block)
            .into_iter()
            .flatten()
            .filter_map(|i| self.plan.changes.get(*i))
            .map(|c| &c.address.key)
            .collect();
        match keys.first() {
            None => Expansion::Unknown(false),
            Some(InstanceKey::None) => Expansion::Single,
            Some(InstanceKey::Int(_)) => Expansion::Count(
                keys.iter()
                    .map(|k| if let InstanceKey::Int(i) = k { i + 1 } else { 0 })
                    .max()
                    .unwrap_or(0),
            ),
            Some(InstanceKey::Str(_)) => Expansion::Each(
                keys.iter()
                    .filter_map(|k| match k {
                        InstanceKey::Str(s) => Some((s.clone(), Value::string(s.clone()))),
                        _ => None,
                    })
                    .collect(),
            ),
        }
    }
}
