//! What makes or changes an object: its configuration with what is known now, planned again and held to the plan.

use super::journal::lock;
use super::records;
use super::run::Begun;
use super::run::Ended;
use super::run::Run;
use super::step::Changed;
use crate::config::ResourceBlock;
use crate::deps::NodeKind;
use crate::plan::Action;
use crate::plan::Event;
use crate::plan::InstanceChange;
use crate::plan::Operation;
use crate::plan::Step;
use crate::plan::StepId;
use crate::plan::build::decode_instance;
use crate::plan::build::display_id;
use crate::plan::build::place_findings;
use crate::plan::build::sensitive_paths;
use std::sync::Arc;
use std::time::Duration;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Path;
use streamform_lang::value::Value;
use streamform_provider::protocol::ApplyRequest;
use streamform_provider::protocol::ApplyResponse;
use streamform_provider::protocol::PlanRequest;
use streamform_provider::protocol::has_errors;
use streamform_provider::schema;
use streamform_state::IntentAction;

impl<'a> Run<'a> {
    /// Evaluates the configuration of an instance with what is known now.
    pub(super) fn config_of(
        &mut self,
        change: &InstanceChange,
    ) -> Result<(&'a Arc<ResourceBlock>, crate::plan::build::ConfigValue), Diagnostics> {
        let address = change.address.to_string();
        let gone = || -> Diagnostics {
            Diagnostic::error(
                "Configuration has changed since the plan",
                format!("{address} is in the plan, but its configuration no longer has this instance. Make a new plan."),
            )
            .on(address.clone())
            .into()
        };
        let block = self.block_of(change).ok_or_else(gone)?;
        let module = self
            .config
            .find(&change.address.module.module())
            .ok_or_else(gone)?
            .id;
        let node = self
            .graph
            .find(&NodeKind::Resource(module, change.address.resource.clone()))
            .ok_or_else(gone)?;
        self.values.ensure(node)?;
        let id = self.values.world.find(&change.address.module).ok_or_else(gone)?;
        let repetition = self
            .values
            .world
            .expansion(id, &change.address.resource)
            .and_then(|e| e.repetition(&change.address.key))
            .ok_or_else(gone)?;
        let repeated = change.address.key != InstanceKey::None || !change.address.module.is_root();
        let decoder = self
            .decoders
            .get(&change.address.config(), &block.body, &change.schema, repeated);
        let scope = self.values.world.instance_scope(id, repetition);
        let rules = &block.lifecycle.preconditions;
        let diagnostics = self.judged.judge(rules, &scope, &address, "precondition");
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        self.diagnostics.extend(diagnostics);
        let (config, found) = decode_instance(&decoder, &scope, &address);
        if found.has_errors() {
            Err(found)
        } else {
            Ok((block, config))
        }
    }

    /// Judges the conditions of an object that stays as it is, of which the plan did not know enough.
    pub(super) fn judge_unchanged(&mut self, index: usize) -> Ended {
        let plan = Arc::clone(&self.plan);
        let Some(change) = plan.changes.get(index) else {
            return Ended::Badly;
        };
        match self.config_of(change) {
            Ok(_) => self.postconditions(change, &change.after),
            Err(mut found) => {
                found.name_object(&change.address.to_string());
                self.diagnostics.extend(found);
                Ended::Badly
            }
        }
    }

    pub(super) fn make(&mut self, id: StepId, step: &Step, index: usize) -> Begun<'a> {
        let plan = Arc::clone(&self.plan);
        let Some(change) = plan.changes.get(index) else {
            return Begun::Over(Ended::Badly);
        };
        let address = change.address.to_string();
        let (block, config) = match self.config_of(change) {
            Ok(found) => found,
            Err(mut found) => {
                found.name_object(&address);
                self.diagnostics.extend(found);
                return Begun::Over(Ended::Badly);
            }
        };
        let Some(live) = self.providers.get(&change.provider).cloned() else {
            return Begun::Over(Ended::Badly);
        };
        let update = matches!(step, Step::Update(_));
        let none = Value::null(change.schema.block.implied_type());
        let prior = if update {
            change.before.clone().unmark_deep().0
        } else {
            none
        };
        let private = if update {
            change.before_private.clone()
        } else {
            None
        };
        let wanted = ignored(block, &prior, &config.value);
        let proposed = schema::proposed(&prior, &wanted, &change.schema.block);
        let mut response = live.provider.plan(PlanRequest {
            type_name: change.address.resource.ty.to_string(),
            prior: prior.clone(),
            config: wanted.clone(),
            proposed,
            private: private.clone(),
        });
        if !has_errors(&response.findings) {
            let lenient = live.provider.lenient();
            let broken =
                schema::plan_valid(&prior, &wanted, &response.planned, &change.schema.block, lenient);
            response.findings.extend(broken);
        }
        let found = place_findings(
            std::mem::take(&mut response.findings),
            Some(&block.body),
            Some(block.header),
            Some(&address),
        );
        let broken = found.has_errors();
        self.diagnostics.extend(found);
        if broken {
            return Begun::Over(Ended::Badly);
        }
        let promised = change.after.clone().unmark_deep().0;
        if let Some(path) = contradiction(&promised, &response.planned, &mut Path::root()) {
            self.diagnostics.push(
                Diagnostic::error(
                    "Provider produced inconsistent final plan",
                    format!(
                        "When the plan for {address} was completed with values that are known only now, the new plan contradicted the old one at {}. Nothing was changed for this resource; make a new plan.",
                        if path.steps().is_empty() { "the whole object".to_owned() } else { path.to_string() }
                    ),
                )
                .on(address),
            );
            return Begun::Over(Ended::Badly);
        }
        let replaced = response
            .requires_replace
            .iter()
            .find(|p| update && prior.at(p) != response.planned.at(p));
        if let Some(path) = replaced {
            self.diagnostics.push(
                Diagnostic::error(
                    "Provider produced inconsistent final plan",
                    format!(
                        "When the plan for {address} was completed with values that are known only now, the update turned out to need a replacement because of {path}. Nothing was changed for this resource; make a new plan."
                    ),
                )
                .on(address),
            );
            return Begun::Over(Ended::Badly);
        }
        let outside = live.provider.effects_outside(&change.address.resource.ty);
        if update && response.planned == prior {
            // Nothing is left to do: only what the record remembers is new. That something is secret now, or no longer, is told.
            let now = records::marked(change, prior.clone(), &config.marks);
            let unchanged = sensitive_paths(&now) == sensitive_paths(&change.before);
            if !unchanged {
                self.observer.event(Event::Started {
                    address,
                    operation: Operation::Update,
                    id: display_id(&change.before),
                });
            }
            let response = ApplyResponse {
                state: prior,
                private: response.private,
                findings: Vec::new(),
                outcome_unknown: false,
            };
            return self.changed(
                id,
                Changed {
                    change: index,
                    step: step.clone(),
                    operation: Operation::Update,
                    prior: response.state.clone(),
                    response,
                    intent: None,
                    marks: config.marks,
                    elapsed: Duration::ZERO,
                    unchanged,
                    again: None,
                },
            );
        }
        if matches!(change.action, Action::CreateThenDelete | Action::CreateThenForget) {
            self.depose(change, index);
        }
        let (operation, action) = if update {
            (Operation::Update, IntentAction::Update)
        } else {
            (Operation::Create, IntentAction::Create)
        };
        let intent = outside.then(|| {
            let sent = records::marked(change, response.planned.clone(), &config.marks);
            self.intend(change, action, None, &sent, &prior, &private)
        });
        let request = ApplyRequest {
            type_name: change.address.resource.ty.to_string(),
            prior,
            planned: response.planned,
            config: wanted,
            private: response.private,
            token: intent.as_ref().map(|i| i.token.clone()).unwrap_or_default(),
            progress: self.progress(index, None, &address, config.marks.clone(), !update),
        };
        self.call(
            id,
            step,
            index,
            operation,
            outside,
            request,
            live,
            intent,
            config.marks,
            false,
        )
    }

    /// Sets the current object aside before its successor is made.
    fn depose(&mut self, change: &InstanceChange, index: usize) {
        let mut journal = lock(&self.journal);
        let Some(record) = journal.record(&change.address.to_string()) else {
            return;
        };
        let mut record = (*record).clone();
        let Some(object) = record.current.take() else {
            return;
        };
        let mut key = uuid::Uuid::new_v4().simple().to_string();
        key.truncate(8);
        record.deposed.insert(key.clone(), object);
        journal.put(record);
        drop(journal);
        self.deposed.insert(index, key);
    }
}

fn ignored(block: &ResourceBlock, prior: &Value, config: &Value) -> Value {
    if prior.is_null() {
        config.clone()
    } else {
        crate::plan::build::ignore_changes(&block.lifecycle.ignore_changes, prior, config)
    }
}

/// Where a known part of the promised value is something else in the final one.
fn contradiction(promised: &Value, found: &Value, at: &mut Path) -> Option<Path> {
    if !promised.is_known() || promised == found {
        return None;
    }
    let same_shape = match (
        promised.entries(),
        found.entries(),
        promised.items(),
        found.items(),
    ) {
        (Some(a), Some(b), _, _) => a.len() == b.len() && a.iter().zip(b).all(|((x, _), (y, _))| x == y),
        (_, _, Some(a), Some(b)) => a.len() == b.len(),
        _ => false,
    };
    let open_set =
        matches!(promised.kind(), streamform_lang::value::Kind::Set(_)) && !promised.is_wholly_known();
    if !(same_shape || open_set && found.items().is_some()) {
        return Some(at.clone());
    }
    // The elements of sets have no places to compare one by one, and those that were not known may turn out to be equal.
    if matches!(promised.kind(), streamform_lang::value::Kind::Set(_)) {
        return promised.is_wholly_known().then(|| at.clone());
    }
    let mut bad = None;
    let mut children = Vec::new();
    promised.each_child(|step, v| children.push((step, v)));
    for (step, v) in children {
        at.0.push(step);
        let place = Path(at.0.last().cloned().into_iter().collect());
        if let Some(other) = found.at(&place) {
            bad = contradiction(v, other, at);
        }
        at.0.pop();
        if bad.is_some() {
            break;
        }
    }
    bad
}
