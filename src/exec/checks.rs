//! How conditions ended during an apply, and what the state remembers of them.

use std::collections::HashMap;

use streamform_lang::diag::Diagnostics;
use streamform_state::Entry;

use super::journal::lock;
use super::run::Run;
use crate::config::CheckRule;
use crate::eval::Condition;
use crate::eval::InstanceScope;
use crate::eval::evaluate_condition;
use crate::eval::failed_condition;
use crate::plan::CheckStatus;
use crate::plan::build::status_of;
use crate::plan::checks_to_state_json;

/// Conditions that were judged in this run, by the address of the object.
#[derive(Debug, Default)]
pub(super) struct Judged(HashMap<String, (CheckStatus, Vec<String>)>);

impl Judged {
    /// Takes in how a condition of an object ended.
    pub(super) fn note(&mut self, object: &str, condition: &Condition) {
        let (status, messages) = status_of(condition);
        match self.0.get_mut(object) {
            Some((known, told)) => {
                *known = known.worse(status);
                told.extend(messages);
            }
            None => _ = self.0.insert(object.to_owned(), (status, messages)),
        }
    }
}

impl Judged {
    /// Judges conditions of an object, `what` they are: `precondition` or `postcondition`.
    pub(super) fn judge(
        &mut self,
        rules: &[CheckRule],
        scope: &InstanceScope<'_, '_>,
        object: &str,
        what: &str,
    ) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        for rule in rules {
            let (condition, found) = evaluate_condition(rule, scope);
            diagnostics.extend(found);
            self.note(object, &condition);
            if let Condition::Fails(message) = condition {
                let summary = format!("Resource {what} failed");
                diagnostics.push(failed_condition(rule, scope, summary, message));
            }
        }
        diagnostics.name_object(object);
        diagnostics
    }
}

impl Run<'_> {
    /// Writes the results of all conditions: as the plan has them, except where this run has judged anew.
    pub(super) fn write_checks(&mut self) {
        for v in self.values.world.take_validated() {
            let object = format!("{}var.{}", self.inside(v.module), v.variable);
            self.judged.note(&object, &v.condition);
        }
        let mut results = self.plan.checks.clone();
        let spoiled = self.spoiled();
        for result in &mut results {
            let unreached =
                !spoiled.is_empty() && self.was_not_reached(&spoiled, result.kind, &result.address);
            for (object, status, messages) in &mut result.instances {
                if let Some((judged, told)) = self.judged.0.get(object) {
                    *status = *judged;
                    messages.clone_from(told);
                } else if unreached {
                    *status = CheckStatus::Unknown;
                    messages.clear();
                }
            }
            if let Some(worst) = result
                .instances
                .iter()
                .map(|(_, s, _)| *s)
                .reduce(CheckStatus::worse)
            {
                result.status = worst;
            }
        }
        let json = checks_to_state_json(&results);
        let mut journal = lock(&self.journal);
        let empty = results.is_empty() && journal.view().checks().is_null();
        if !empty && *journal.view().checks() != json {
            journal.add(Entry::Checks(json));
            journal.commit();
        }
    }
}
