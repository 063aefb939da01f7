//! Pre- and postconditions during the walk, and what is known of all conditions.

use streamform_lang::addrs::AbsInstance;
use streamform_lang::diag::Diagnostic;
use streamform_lang::value::Value;

use super::walk::Planner;
use crate::config::CheckRule;
use crate::eval::Condition;
use crate::eval::ModuleInstanceId;
use crate::eval::Repetition;
use crate::eval::evaluate_condition;
use crate::plan::CheckKind;
use crate::plan::CheckResult;
use crate::plan::CheckStatus;

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
            let status = match &condition {
                Condition::Holds => CheckStatus::Pass,
                Condition::Unknown => CheckStatus::Unknown,
                Condition::Broken => CheckStatus::Error,
                Condition::Fails(_) => CheckStatus::Fail,
            };
            let mut messages = Vec::new();
            if let Condition::Fails(message) = condition {
                well = false;
                messages.push(message.clone());
                self.diagnostics.push(
                    Diagnostic::error(format!("Resource {what} failed"), message)
                        .at(rule.condition.span)
                        .on(address.to_string()),
                );
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
        entry.status = worst(entry.status, status);
        let known = self
            .check_at
            .get(&instance)
            .and_then(|i| entry.instances.get_mut(*i));
        match known {
            Some((_, s, m)) => {
                *s = worst(*s, status);
                m.extend(messages);
            }
            None => {
                self.check_at.insert(instance.clone(), entry.instances.len());
                entry.instances.push((instance, status, messages));
            }
        }
    }
}

fn worst(a: CheckStatus, b: CheckStatus) -> CheckStatus {
    let rank = |s| match s {
        CheckStatus::Pass => 0,
        CheckStatus::Unknown => 1,
        CheckStatus::Fail => 2,
        CheckStatus::Error => 3,
    };
    if rank(a) >= rank(b) { a } else { b }
}
