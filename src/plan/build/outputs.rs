//! Module calls, outputs and `check` blocks during the walk, and the changes of output values.

use std::collections::BTreeSet;

use streamform_lang::addrs::InstanceKey;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::eval::describe_unknown;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_lang::value::from_json;
use streamform_lang::value::type_from_json;

use super::conditions::status_of;
use super::resource::unknown_repetition;
use super::walk::Planner;
use crate::config::ModuleId;
use crate::eval::Condition;
use crate::eval::Expansion;
use crate::eval::ModuleInstanceId;
use crate::eval::OUTPUT_FAILED;
use crate::eval::evaluate_condition;
use crate::eval::failed_condition;
use crate::plan::Action;
use crate::plan::CheckKind;
use crate::plan::OutputChange;
use crate::plan::PlanMode;

impl Planner<'_> {
    pub(super) fn call(&mut self, module: ModuleId, name: &Name) -> Diagnostics {
        let mut found = self.world.evaluate_call(module, name);
        if found.has_errors() || self.input.options.mode != PlanMode::Normal {
            // What goes or is only read is found in the state, whatever instances there would be now.
            return found;
        }
        let call = self.input.config.module(module).calls.get(name).cloned();
        for id in self.world.instances_of(module).to_vec() {
            let expansion = self.world.call_expansion(id, name).cloned();
            if let (Some(Expansion::Unknown(for_each)), Some(call)) = (&expansion, &call) {
                if self.may_defer() {
                    let called = self.world.address(id).child(name.clone(), InstanceKey::None);
                    self.defer_module(self.call_node(module, name), called, *for_each);
                    continue;
                }
                let expr = if *for_each { &call.for_each } else { &call.count };
                let values = expr
                    .as_ref()
                    .map(|e| describe_unknown(e, &self.world.scope(id)))
                    .unwrap_or_default();
                found.push(
                    unknown_repetition(*for_each, expr.as_ref().map_or(call.header, |e| e.span))
                        .with_values(values),
                );
            }
        }
        found
    }

    pub(super) fn output(&mut self, module: ModuleId, name: &Name) -> Diagnostics {
        let Some(output) = self.input.config.module(module).outputs.get(name).cloned() else {
            return Diagnostics::new();
        };
        let mut diagnostics = Diagnostics::new();
        if self.input.options.mode != PlanMode::Destroy {
            for id in self.world.instances_of(module).to_vec() {
                let address = output_address(&self.world.address(id).to_string(), name);
                for rule in &output.preconditions {
                    let (condition, found) = evaluate_condition(rule, &self.world.scope(id));
                    diagnostics.extend(found);
                    let (status, messages) = status_of(&condition);
                    if let Condition::Fails(message) = condition {
                        let failed = failed_condition(rule, &self.world.scope(id), OUTPUT_FAILED, message);
                        diagnostics.push(self.as_severe(failed.on(address.clone())));
                    }
                    let object = output_address(&self.input.config.module(module).path.to_string(), name);
                    self.record_check(CheckKind::Output, object, address.clone(), status, messages);
                }
            }
            if diagnostics.has_errors() {
                return diagnostics;
            }
        }
        diagnostics.extend(self.world.evaluate_output(module, name));
        diagnostics
    }

    pub(super) fn check(&mut self, module: ModuleId, name: &Name) -> Diagnostics {
        let Some(check) = self.input.config.module(module).checks.get(name).cloned() else {
            return Diagnostics::new();
        };
        let mut diagnostics = Diagnostics::new();
        if self.input.options.mode == PlanMode::Destroy {
            return diagnostics;
        }
        for id in self.world.instances_of(module).to_vec() {
            let address = inside(&self.world.address(id).to_string(), format_args!("check.{name}"));
            let path = self.input.config.module(module).path.to_string();
            let object = inside(&path, format_args!("check.{name}"));
            // What its data source could not read is told already.
            let unread = self
                .checks
                .get(&object)
                .is_some_and(|c| c.instances.iter().any(|(a, _, _)| *a == address));
            for rule in &check.asserts {
                let (condition, found) = evaluate_condition(rule, &self.world.scope(id));
                // An assertion that does not hold never stops a run; one that cannot be evaluated does.
                diagnostics.extend(found);
                let (status, messages) = status_of(&condition);
                if condition == Condition::Unknown && !unread {
                    diagnostics.push(
                        Diagnostic::warning(
                            "Check block assertion known after apply",
                            "What the condition refers to is not known yet. It is judged when the plan is applied.",
                        )
                        .at(rule.condition.span)
                        .with_values(describe_unknown(&rule.condition, &self.world.scope(id))),
                    );
                }
                if let Condition::Fails(message) = condition {
                    let scope = self.world.scope(id);
                    diagnostics.push(Diagnostic {
                        severity: streamform_lang::diag::Severity::Warning,
                        ..failed_condition(rule, &scope, "Check block assertion failed", message)
                    });
                }
                self.record_check(
                    CheckKind::Check,
                    object.clone(),
                    address.clone(),
                    status,
                    messages,
                );
            }
        }
        diagnostics
    }

    /// Compares the root module's outputs with those of the state.
    pub(super) fn output_changes(&self) -> Vec<OutputChange> {
        let declared = &self.input.config.root().outputs;
        let stored = self.input.state.outputs();
        let names: BTreeSet<Name> = declared
            .keys()
            .cloned()
            .chain(stored.keys().map(|n| Name::from(n.as_str())))
            .collect();
        let root = ModuleInstanceId(0);
        let mut changes = Vec::new();
        for name in names {
            let left = self.leaves_output(&name);
            let before = stored.get(name.as_str()).and_then(|o| {
                let json: serde_json::Value = o.value_type.parse().ok()?;
                let ty = type_from_json(&json).ok()?;
                let value = from_json(o.value.as_str(), &ty).ok()?;
                Some(if o.sensitive {
                    value.with_marks(Marks::SENSITIVE)
                } else {
                    value
                })
            });
            let destroying = self.input.options.mode == PlanMode::Destroy;
            let planned = self.world.output(root, &name).filter(|_| !left);
            let after = match (self.input.options.mode, declared.get(&name)) {
                _ if left => before.clone(),
                // What is not there is not made by a destroy, also where it leaves other things alone.
                _ if destroying && before.is_none() => None,
                (PlanMode::Destroy, _) if self.input.options.targets.is_empty() => None,
                (_, None) if self.input.options.targets.is_empty() => None,
                (_, Some(output)) if !output.ephemeral => planned.cloned().or_else(|| before.clone()),
                _ => before.clone(),
            };
            let sensitive = declared.get(&name).map_or_else(
                || stored.get(name.as_str()).is_some_and(|o| o.sensitive),
                |o| o.sensitive,
            );
            let action = match (&before, &after) {
                (None, None) => continue,
                // An output value of null is none.
                (None, Some(a)) if a.is_null() => Action::NoOp,
                (None, Some(_)) => Action::Create,
                (Some(_), None) => Action::Delete,
                (Some(b), Some(a)) if same(b, a) => Action::NoOp,
                (Some(_), Some(_)) => Action::Update,
            };
            changes.push(OutputChange {
                name,
                reached: planned.is_some() || action != Action::NoOp,
                action,
                before: before.unwrap_or_else(|| Value::null(Type::Any)),
                after: after.unwrap_or_else(|| Value::null(Type::Any)),
                sensitive,
            });
        }
        changes
    }
}

fn same(before: &Value, after: &Value) -> bool {
    after.is_wholly_known()
        && before.is_sensitive() == after.is_sensitive()
        && before.clone().unmark_deep().0 == after.clone().unmark_deep().0
}

fn output_address(module: &str, name: &Name) -> String {
    inside(module, format_args!("output.{name}"))
}

/// The address of something in a module (instance).
pub(super) fn inside(module: &str, what: std::fmt::Arguments<'_>) -> String {
    if module.is_empty() {
        what.to_string()
    } else {
        format!("{module}.{what}")
    }
}
