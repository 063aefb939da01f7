//! Pre- and postconditions during the walk, and what is known of all conditions.

use streamform_lang::addrs::AbsInstance;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Severity;
use streamform_lang::value::Value;

use super::outputs::inside;
use super::walk::Planner;
use crate::config::CheckRule;
use crate::config::ResourceBlock;
use crate::deps::NodeKind;
use crate::eval::Condition;
use crate::eval::ModuleInstanceId;
use crate::eval::Repetition;
use crate::eval::evaluate_condition;
use crate::eval::failed_condition;
use crate::plan::CheckKind;
use crate::plan::CheckResult;
use crate::plan::CheckStatus;
use crate::plan::PlanMode;

impl Planner<'_> {
    /// Evaluates conditions of an instance; false if one fails.
    pub(super) fn conditions(
        &mut self,
        rules: &[CheckRule],
        module: ModuleInstanceId,
        address: &AbsInstance,
        repetition: &Repetition,
        object: Option<&Value>,
        what: &str,
    ) -> bool {
        let mut well = true;
        for rule in rules {
            let mut scope = self.world.instance_scope(module, repetition.clone());
            if let Some(object) = object {
                scope = scope.with_self(object.clone());
            }
            let (condition, mut found) = evaluate_condition(rule, &scope);
            found.name_object(&address.to_string());
            self.diagnostics.extend(found);
            let (status, messages) = status_of(&condition);
            if let Condition::Fails(message) = condition {
                let failed = failed_condition(rule, &scope, format!("Resource {what} failed"), message);
                let failed = self.as_severe(failed.on(address.to_string()));
                well &= failed.severity != Severity::Error;
                self.diagnostics.push(failed);
            } else if condition == Condition::Broken {
                well = false;
            }
            self.record_check(
                CheckKind::Resource,
                address.config().to_string(),
                address.to_string(),
                status,
                messages,
            );
        }
        well
    }

    /// The conditions of an instance that this plan does not look at.
    pub(super) fn unjudged(&mut self, block: &ResourceBlock, address: &AbsInstance) {
        let rules = &block.lifecycle;
        if !(rules.preconditions.is_empty() && rules.postconditions.is_empty()) {
            self.record_check(
                CheckKind::Resource,
                address.config().to_string(),
                address.to_string(),
                CheckStatus::Unknown,
                Vec::new(),
            );
        }
    }

    /// A plan that only refreshes is not stopped by a condition that does not hold: that is a warning there.
    pub(super) fn as_severe(&self, failed: Diagnostic) -> Diagnostic {
        if self.input.options.mode == PlanMode::RefreshOnly {
            Diagnostic {
                severity: Severity::Warning,
                ..failed
            }
        } else {
            failed
        }
    }

    /// Takes over how validation rules of input variables ended.
    pub(super) fn record_validations(&mut self) {
        for v in self.world.take_validated() {
            let what = format!("var.{}", v.variable);
            let object = inside(
                &self.world.address(v.module).module().to_string(),
                format_args!("{what}"),
            );
            let instance = inside(&self.world.address(v.module).to_string(), format_args!("{what}"));
            let (status, messages) = status_of(&v.condition);
            self.record_check(CheckKind::Variable, object, instance, status, messages);
        }
    }

    /// All results by address, also of objects that have no instances, or that this plan does not look at.
    pub(super) fn check_results(&mut self) -> Vec<CheckResult> {
        let config = self.input.config;
        let mut missing = Vec::new();
        for module in &config.modules {
            let path = module.path.to_string();
            let mut add = |kind, name: String, node: NodeKind| {
                let address = inside(&path, format_args!("{name}"));
                if !self.checks.contains_key(&address) {
                    missing.push((kind, address, node));
                }
            };
            for (name, v) in module.variables.iter().filter(|(_, v)| !v.validations.is_empty()) {
                let node = NodeKind::Variable(module.id, name.clone());
                add(CheckKind::Variable, format!("var.{}", v.name), node);
            }
            for (name, _) in module.outputs.iter().filter(|(_, o)| !o.preconditions.is_empty()) {
                let node = NodeKind::Output(module.id, name.clone());
                add(CheckKind::Output, format!("output.{name}"), node);
            }
            for name in module.checks.keys() {
                let node = NodeKind::Check(module.id, name.clone());
                add(CheckKind::Check, format!("check.{name}"), node);
            }
            for (resource, block) in &module.resources {
                let rules = &block.lifecycle;
                if !(rules.preconditions.is_empty() && rules.postconditions.is_empty()) {
                    let node = NodeKind::Resource(module.id, resource.clone());
                    add(CheckKind::Resource, resource.to_string(), node);
                }
            }
        }
        for (kind, address, node) in missing {
            let node = self.input.graph.find(&node);
            let looked =
                self.input.options.mode != PlanMode::Destroy && node.is_some_and(|n| self.is_included(n));
            let status = if looked && !self.diagnostics.has_errors() {
                CheckStatus::Pass
            } else {
                CheckStatus::Unknown
            };
            let result = CheckResult {
                kind,
                address: address.clone(),
                status,
                instances: Vec::new(),
            };
            self.checks.insert(address, result);
        }
        std::mem::take(&mut self.checks).into_values().collect()
    }

    /// Adds the result of a condition to what is known of its object.
    pub(super) fn record_check(
        &mut self,
        kind: CheckKind,
        object: String,
        instance: String,
        status: CheckStatus,
        messages: Vec<String>,
    ) {
        let entry = self.checks.entry(object.clone()).or_insert_with(|| CheckResult {
            kind,
            address: object,
            status: CheckStatus::Pass,
            instances: Vec::new(),
        });
        entry.status = entry.status.worse(status);
        let known = self
            .check_at
            .get(&instance)
            .and_then(|i| entry.instances.get_mut(*i));
        match known {
            Some((_, s, m)) => {
                *s = s.worse(status);
                m.extend(messages);
            }
            None => {
                self.check_at.insert(instance.clone(), entry.instances.len());
                entry.instances.push((instance, status, messages));
            }
        }
    }
}

/// How a condition ended, and what it says if it does not hold.
pub fn status_of(condition: &Condition) -> (CheckStatus, Vec<String>) {
    match condition {
        Condition::Holds => (CheckStatus::Pass, Vec::new()),
        Condition::Fails(m) if m.is_empty() => (CheckStatus::Fail, Vec::new()),
        Condition::Fails(m) => (CheckStatus::Fail, vec![m.clone()]),
        Condition::Unknown => (CheckStatus::Unknown, Vec::new()),
        Condition::Broken => (CheckStatus::Error, Vec::new()),
    }
}
