//! The plan of one managed instance.

use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Marks;
use streamform_lang::value::Path;
use streamform_lang::value::Step;
use streamform_lang::value::Value;
use streamform_provider::Provider;
use streamform_provider::protocol::PlanRequest;
use streamform_provider::protocol::PlanResponse;
use streamform_provider::protocol::has_errors;
use streamform_provider::schema;
use streamform_provider::schema::Schema;

use super::ConfigValue;
use super::place_findings;
use super::prior::PriorObject;
use super::prior::absent;
use crate::config::IgnoreChanges;
use crate::config::ResourceBlock;
use crate::plan::Action;
use crate::plan::ActionReason;
use crate::plan::InstanceChange;

/// What one managed instance is planned from.
pub(super) struct InstancePlan<'p> {
    pub(super) address: &'p AbsInstance,
    pub(super) block: &'p ResourceBlock,
    pub(super) provider_config: &'p AbsProviderConfig,
    pub(super) provider: &'p Arc<dyn Provider>,
    pub(super) schema: &'p Arc<Schema>,
    pub(super) config: &'p ConfigValue,
    pub(super) prior: Option<&'p PriorObject>,
    pub(super) replace: Option<ActionReason>,
    pub(super) create_before_destroy: bool,
    /// Whether an object that is replaced is only forgotten.
    pub(super) forgets: bool,
    pub(super) dependencies: Vec<String>,
}

impl InstancePlan<'_> {
    /// Asks the provider and decides the action.
    pub(super) fn plan(self) -> (Option<InstanceChange>, Diagnostics) {
        let mut diagnostics = Diagnostics::new();
        let text = self.address.to_string();
        let place = |found| {
            place_findings(
                found,
                Some(&self.block.body),
                Some(self.block.header),
                Some(&text),
            )
        };
        let none = absent(self.schema);
        let existing = self.prior.filter(|p| !p.current.is_null());
        let before = existing.map_or_else(|| none.clone(), |p| p.current.clone());
        let config = match existing {
            Some(p) => ignore_changes(
                &self.block.lifecycle.ignore_changes,
                &p.current,
                &self.config.value,
            ),
            None => self.config.value.clone(),
        };
        let mut replace_reason = self.replace;
        let triggered = replace_reason == Some(ActionReason::ReplaceByTriggers);
        if existing.is_some_and(|p| p.tainted) && !triggered {
            replace_reason = Some(ActionReason::ReplaceBecauseTainted);
        }
        let private = existing.and_then(|p| p.private.clone());
        let mut response = self.ask(before.clone(), config.clone(), private);
        self.check(&before, &config, &mut response);
        diagnostics.extend(place(std::mem::take(&mut response.findings)));
        if diagnostics.has_errors() {
            return (None, diagnostics);
        }
        let mut action = if existing.is_none() {
            Action::Create
        } else if response.planned == before {
            Action::NoOp
        } else {
            Action::Update
        };
        let mut replace_paths = Vec::new();
        if existing.is_some() {
            replace_paths = response
                .requires_replace
                .iter()
                .filter(|p| differs(before.at(p), response.planned.at(p)))
                .cloned()
                .collect();
            if !replace_paths.is_empty() && replace_reason.is_none() {
                replace_reason = Some(ActionReason::ReplaceBecauseCannotUpdate);
            }
            if replace_reason.is_some() {
                action = if self.forgets {
                    Action::CreateThenForget
                } else if self.create_before_destroy {
                    Action::CreateThenDelete
                } else {
                    Action::DeleteThenCreate
                };
                let explanation = response.reason.take();
                // A new object is made as it is written: nothing is there whose changes could be ignored.
                response = self.ask(none.clone(), self.config.value.clone(), None);
                self.check(&none, &self.config.value, &mut response);
                response.reason = explanation.or(response.reason);
                diagnostics.extend(place(std::mem::take(&mut response.findings)));
                if diagnostics.has_errors() {
                    return (None, diagnostics);
                }
            }
        }
        let after = schema::mark_sensitive(
            &self.schema.block,
            response
                .planned
                .mark_with_paths(&relevant_marks(&self.config.marks)),
        );
        let mut before = before;
        if let Some(p) = existing {
            before = before.mark_with_paths(&p.marks);
            // What becomes secret, or no longer is, must be written even if the object stays as it is.
            if action == Action::NoOp && sensitive_paths(&before) != sensitive_paths(&after) {
                action = Action::Update;
            }
            before = schema::mark_sensitive(&self.schema.block, before);
        }
        let change = InstanceChange {
            address: self.address.clone(),
            previous_address: None,
            deposed: None,
            provider: self.provider_config.clone(),
            schema: Arc::clone(self.schema),
            action,
            // As in Terraform, what is made for the first time also tells that it was triggered.
            reason: replace_reason.filter(|_| action.is_replace() || triggered),
            explanation: response.reason,
            before,
            after,
            replace_paths,
            before_private: existing.and_then(|p| p.private.clone()),
            after_private: response.private,
            dependencies: self.dependencies,
            create_before_destroy: self.create_before_destroy,
            prevent_destroy: self.block.lifecycle.prevent_destroy,
            skip_destroy: self.block.lifecycle.skip_destroy,
            importing: None,
        };
        (Some(change), diagnostics)
    }

    /// Whether the provider keeps to the configuration.
    fn check(&self, prior: &Value, config: &Value, response: &mut PlanResponse) {
        if !has_errors(&response.findings) {
            let lenient = self.provider.lenient();
            let broken = schema::plan_valid(prior, config, &response.planned, &self.schema.block, lenient);
            response.findings.extend(broken);
        }
    }

    fn ask(
        &self,
        prior: Value,
        config: Value,
        private: streamform_provider::protocol::Private,
    ) -> PlanResponse {
        let proposed = schema::proposed(&prior, &config, &self.schema.block);
        self.provider.plan(PlanRequest {
            type_name: self.address.resource.ty.to_string(),
            prior,
            config,
            proposed,
            private,
        })
    }
}

/// The sensitive places of a value.
pub fn sensitive_paths(value: &Value) -> Vec<Path> {
    if !value.deep_marks().contains(Marks::SENSITIVE) {
        return Vec::new();
    }
    let (_, marks) = value.clone().unmark_with_paths();
    let mut paths: Vec<Path> = marks
        .into_iter()
        .filter(|(_, m)| m.contains(Marks::SENSITIVE))
        .map(|(p, _)| p)
        .collect();
    paths.sort();
    paths
}

fn relevant_marks(marks: &[(Path, Marks)]) -> Vec<(Path, Marks)> {
    // What is ephemeral is not kept: write-only attributes are null in a plan.
    marks
        .iter()
        .filter(|(_, m)| m.contains(Marks::SENSITIVE))
        .map(|(p, _)| (p.clone(), Marks::SENSITIVE))
        .collect()
}

fn differs(before: Option<&Value>, after: Option<&Value>) -> bool {
    match (before, after) {
        (Some(b), Some(a)) => !a.is_wholly_known() || a != b,
        (None, None) => false,
        _ => true,
    }
}

/// The configuration with the prior value wherever changes are ignored.
pub fn ignore_changes(ignored: &IgnoreChanges, prior: &Value, config: &Value) -> Value {
    match ignored {
        IgnoreChanges::All => prior.clone(),
        IgnoreChanges::Paths(paths) => paths.iter().fold(config.clone(), |config, (path, _)| {
            put(config, prior, path.steps())
        }),
    }
}

fn is_map(value: &Value) -> bool {
    matches!(value.kind(), streamform_lang::value::Kind::Map(_))
}

/// `config` with the value of `prior` at a path; a map key that `prior` does not have is taken out.
fn put(config: Value, prior: &Value, steps: &[Step]) -> Value {
    let Some((first, rest)) = steps.split_first() else {
        return prior.clone();
    };
    match first {
        // As in Terraform a key of what is no map stands for the whole of it.
        Step::Key(_) if rest.is_empty() && !is_map(&config) => prior.clone(),
        Step::Attr(name) | Step::Key(name) => {
            let Some(entries) = config.entries() else {
                return config;
            };
            let is_map = is_map(&config);
            match (config.get(name), prior.get(name)) {
                (current, Some(p)) => {
                    let inner = match current {
                        Some(c) => put(c.clone(), p, rest),
                        None if rest.is_empty() && is_map => p.clone(),
                        None => return config,
                    };
                    if is_map {
                        let elem = config
                            .ty()
                            .element()
                            .cloned()
                            .unwrap_or(streamform_lang::value::Type::Any);
                        let mut items: std::collections::BTreeMap<_, _> = entries.iter().cloned().collect();
                        items.insert(name.clone(), inner);
                        Value::map(elem, items)
                    } else {
                        config.with_attr(name.clone(), inner)
                    }
                }
                (Some(_), None) if is_map && rest.is_empty() => {
                    let elem = config
                        .ty()
                        .element()
                        .cloned()
                        .unwrap_or(streamform_lang::value::Type::Any);
                    Value::map(elem, entries.iter().filter(|(k, _)| k != name).cloned())
                }
                _ => config,
            }
        }
        Step::Index(i) => {
            let (Some(items), Some(p)) = (config.items(), prior.items().and_then(|x| x.get(*i))) else {
                return config;
            };
            if *i >= items.len() {
                return config;
            }
            let at = *i;
            let mut index = 0;
            config.map_children(|v| {
                let here = index == at;
                index += 1;
                if here { put(v, p, rest) } else { v }
            })
        }
        Step::Element(_) => config,
    }
}
