//! The end of a run: output values are written, and conditions that the plan had to leave open are told.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Arc;

use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Severity;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Value;
use streamform_lang::value::to_json;
use streamform_lang::value::type_to_json;
use streamform_state::Entry;
use streamform_state::OutputValue;
use streamform_state::RawJson;

use super::finish::known_only;
use super::journal::lock;
use super::run::Run;
use crate::config::ModuleId;
use crate::deps::NodeId;
use crate::deps::NodeKind;
use crate::eval::Condition;
use crate::eval::ModuleInstanceId;
use crate::eval::OUTPUT_FAILED;
use crate::eval::evaluate_condition;
use crate::eval::failed_condition;
use crate::plan::Action;
use crate::plan::CheckKind;
use crate::plan::CheckStatus;
use crate::plan::OutputChange;
use crate::plan::PlanMode;

/// What a failed assertion is called.
const CHECK_FAILED: &str = "Check block assertion failed";

impl Run<'_> {
    /// Works out the outputs of the root module and writes them. One that needs something that could not be made or
    /// changed has the value that the plan knew, else it keeps the one that it had.
    pub(super) fn write_outputs(&mut self) {
        let plan = Arc::clone(&self.plan);
        let mut spoiled = self.spoiled();
        let later = self.left_for_later();
        self.output_preconditions(&mut spoiled, &later);
        // Also an apply of nothing leaves a state: one that was never written is none.
        let written = lock(&self.journal).view().serial() > 0;
        if written && plan.graph.is_empty() && plan.outputs.iter().all(|o| o.action == Action::NoOp) {
            return;
        }
        let spoiled_or_later: HashSet<NodeId> = spoiled.union(&later).copied().collect();
        let touched = self.touched();
        // What the plan does not speak of is nothing to this run: somebody else may write it at the same time.
        let stored = lock(&self.journal).view().outputs().clone();
        let mut outputs: BTreeMap<String, OutputValue> = stored.clone();
        let reached = || plan.outputs.iter().filter(|o| o.reached);
        let spoken: HashSet<&str> = reached().map(|o| o.name.as_str()).collect();
        outputs.retain(|name, _| !spoken.contains(name.as_str()));
        for change in reached().filter(|o| o.action != Action::Delete) {
            // What could be planned of it is kept to; the rest keeps the value that it had.
            let spoiled = if change.after.is_wholly_known() {
                &spoiled
            } else {
                &spoiled_or_later
            };
            let value = match self.output_now(change, &touched, spoiled) {
                Some(v) if v.is_wholly_known() => v,
                // What no apply can tell (`format("%s", null)`) is null, as in Terraform.
                Some(v)
                    if self.unfinished.is_empty()
                        && plan.targets.is_empty()
                        && plan.mode != PlanMode::RefreshOnly =>
                {
                    known_only(v)
                }
                // As in Terraform, what was known beforehand does not wait for what went wrong.
                _ if change.after.is_wholly_known() => change.after.clone(),
                _ => change.before.clone(),
            };
            // Nor is what this run leaves as it was.
            if change.action == Action::NoOp && value == change.before {
                let name = change.name.to_string();
                if let Some(kept) = stored.get(&name) {
                    outputs.insert(name, kept.clone());
                }
                continue;
            }
            // A null is no output value.
            if value.is_null() {
                continue;
            }
            let sensitive = change.sensitive || value.deep_marks().contains(Marks::SENSITIVE);
            let plain: Value = value.unmark_deep().0;
            let written = to_json(&plain).ok().and_then(|text| {
                let value = RawJson::from_text(text).ok()?;
                Some((value, RawJson::from_value(&type_to_json(&plain.ty())).ok()?))
            });
            if let Some((value, value_type)) = written {
                outputs.insert(
                    change.name.to_string(),
                    OutputValue {
                        value,
                        value_type,
                        sensitive,
                    },
                );
            }
        }
        let mut journal = lock(&self.journal);
        journal.add(Entry::Outputs(outputs));
        if !written {
            let lineage = journal.view().lineage().to_owned();
            journal.add(Entry::Identity { lineage, serial: 1 });
        }
        journal.commit();
    }

    fn output_now(
        &mut self,
        change: &OutputChange,
        touched: &HashSet<NodeId>,
        spoiled: &HashSet<NodeId>,
    ) -> Option<Value> {
        if self.plan.mode != PlanMode::Normal {
            return Some(change.after.clone());
        }
        let root = self.config.root().id;
        if let Some(node) = self.graph.find(&NodeKind::Output(root, change.name.clone())) {
            if change.after.is_wholly_known() && !touched.contains(&node) {
                return Some(change.after.clone());
            }
            if spoiled.contains(&node) {
                return None;
            }
            if let Err(found) = self.values.ensure(node) {
                self.diagnostics.extend(found);
                return None;
            }
        }
        let world = &self.values.world;
        world.output(ModuleInstanceId(0), &change.name).cloned()
    }

    /// Everything that needs a block in which something was to change. What is known of the rest stays as it was planned; of
    /// these not even what was to stay, because an update may change an attribute that its plan did not name.
    fn touched(&self) -> HashSet<NodeId> {
        let changing = self.plan.changes.iter().filter(|c| c.action != Action::NoOp);
        let blocks: HashSet<_> = changing.map(|c| c.address.config()).collect();
        let found = blocks
            .iter()
            .filter_map(|b| self.graph.find_resource(self.config, b));
        self.with_users(found.collect())
    }

    /// Everything that needs a block of which something could not be made, changed or read.
    pub(super) fn spoiled(&self) -> HashSet<NodeId> {
        let own = self.unfinished.iter();
        let found = own.filter_map(|b| self.graph.find_resource(self.config, b));
        self.with_users(found.collect())
    }

    /// Everything that needs what the plan has left for a later apply.
    fn left_for_later(&self) -> HashSet<NodeId> {
        let own = self.plan.deferred.iter();
        self.with_users(
            own.flat_map(|d| self.graph.named_by(self.config, &d.address))
                .collect(),
        )
    }

    fn with_users(&self, mut spoiled: HashSet<NodeId>) -> HashSet<NodeId> {
        if spoiled.is_empty() {
            return spoiled;
        }
        for node in self.graph.order() {
            if self.graph.dependencies(*node).iter().any(|d| spoiled.contains(d)) {
                spoiled.insert(*node);
            }
        }
        spoiled
    }

    /// Conditions of outputs that could not be judged when the plan was made. A plan that only refreshes has warned of those that
    /// fail, and its apply has nothing that could mend them.
    fn output_preconditions(&mut self, spoiled: &mut HashSet<NodeId>, later: &HashSet<NodeId>) {
        if self.plan.mode == PlanMode::Destroy {
            return;
        }
        if self.plan.mode == PlanMode::RefreshOnly {
            let failed = self
                .plan
                .diagnostics
                .iter()
                .filter(|d| d.summary == OUTPUT_FAILED);
            let failed = failed.map(|d| Diagnostic {
                severity: Severity::Error,
                ..d.clone()
            });
            self.diagnostics.extend(failed.collect());
        }
        for (node, module, name) in self.objects_of(CheckKind::Output, |s| s == CheckStatus::Unknown) {
            let block = self.config.module(module).outputs.get(&name);
            let (Some(block), false) = (block, spoiled.contains(&node) || later.contains(&node)) else {
                continue;
            };
            if let Err(found) = self.values.ensure(node) {
                self.diagnostics.extend(found);
                continue;
            }
            for id in self.values.world.instances_of(module).to_vec() {
                let address = format!("{}output.{name}", self.inside(id));
                for rule in &block.preconditions {
                    let (condition, mut found) = evaluate_condition(rule, &self.values.world.scope(id));
                    found.name_object(&address);
                    self.diagnostics.extend(found);
                    self.judged.note(&address, &condition);
                    if let Condition::Fails(message) = condition {
                        spoiled.insert(node);
                        let scope = self.values.world.scope(id);
                        let failed = failed_condition(rule, &scope, OUTPUT_FAILED, message);
                        self.diagnostics.push(failed.on(address.clone()));
                    }
                }
            }
        }
    }

    /// Assertions of `check` blocks: they are about what is there after the apply, also where they could be judged before.
    pub(super) fn tell_checks(&mut self) {
        match self.plan.mode {
            PlanMode::Normal => {}
            PlanMode::Destroy => return,
            PlanMode::RefreshOnly => {
                // Nothing has changed since the plan judged them.
                let told = self.plan.diagnostics.iter();
                let told = told.filter(|d| d.summary == CHECK_FAILED).cloned();
                self.diagnostics.extend(told.collect());
                return;
            }
        }
        let mut spoiled = self.spoiled();
        spoiled.extend(self.left_for_later());
        for (node, module, name) in self.objects_of(CheckKind::Check, |_| true) {
            let block = self.config.module(module).checks.get(&name);
            let (Some(block), false) = (block, spoiled.contains(&node)) else {
                continue;
            };
            let before = self.values.ensure(node);
            for id in self.values.world.instances_of(module).to_vec() {
                let address = format!("{}check.{name}", self.inside(id));
                for rule in &block.asserts {
                    if before.is_err() {
                        continue;
                    }
                    let (condition, found) = evaluate_condition(rule, &self.values.world.scope(id));
                    for d in found {
                        self.diagnostics.push(Diagnostic {
                            severity: Severity::Warning,
                            ..d
                        });
                    }
                    self.judged.note(&address, &condition);
                    if let Condition::Fails(message) = condition {
                        let scope = self.values.world.scope(id);
                        self.diagnostics.push(Diagnostic {
                            severity: Severity::Warning,
                            ..failed_condition(rule, &scope, CHECK_FAILED, message)
                        });
                    }
                }
            }
        }
    }

    /// The address of a module instance with a dot behind it; nothing for the root module.
    pub(super) fn inside(&self, id: ModuleInstanceId) -> String {
        let module = self.values.world.address(id);
        if module.is_root() {
            String::new()
        } else {
            format!("{module}.")
        }
    }

    /// Objects of a kind with conditions that ended so in the plan. What the plan has not looked at is not among them.
    fn objects_of(&self, kind: CheckKind, wanted: fn(CheckStatus) -> bool) -> Vec<(NodeId, ModuleId, Name)> {
        let addresses: HashSet<&str> = self
            .plan
            .checks
            .iter()
            .filter(|c| c.kind == kind && c.instances.iter().any(|(_, s, _)| wanted(*s)))
            .map(|c| c.address.as_str())
            .collect();
        if addresses.is_empty() {
            return Vec::new();
        }
        let order = self.graph.order().iter();
        order
            .filter_map(|node| match self.graph.kind(*node) {
                NodeKind::Output(module, name) if kind == CheckKind::Output => {
                    Some((*node, *module, name, "output"))
                }
                NodeKind::Check(module, name) if kind == CheckKind::Check => {
                    Some((*node, *module, name, "check"))
                }
                _ => None,
            })
            .filter(|(_, module, name, what)| {
                let path = &self.config.module(*module).path;
                let dot = if path.is_root() { "" } else { "." };
                addresses.contains(format!("{path}{dot}{what}.{name}").as_str())
            })
            .map(|(node, module, name, _)| (node, module, name.clone()))
            .collect()
    }

    /// Whether the conditions of an object were not come to, because something that it needs could not be made or changed.
    pub(super) fn was_not_reached(&self, spoiled: &HashSet<NodeId>, kind: CheckKind, object: &str) -> bool {
        self.graph.order().iter().any(|node| {
            let (module, name) = match self.graph.kind(*node) {
                NodeKind::Output(module, name) if kind == CheckKind::Output => {
                    (*module, format!("output.{name}"))
                }
                NodeKind::Check(module, name) if kind == CheckKind::Check => {
                    (*module, format!("check.{name}"))
                }
                NodeKind::Resource(module, resource) if kind == CheckKind::Resource => {
                    (*module, resource.to_string())
                }
                _ => return false,
            };
            let path = &self.config.module(module).path;
            let dot = if path.is_root() { "" } else { "." };
            spoiled.contains(node) && object == format!("{path}{dot}{name}")
        })
    }
}
