//! One step: prepared and begun.

use super::journal::StepProgress;
use super::journal::checkpoint;
use super::journal::lock;
use super::records;
use super::resume;
use super::run::Begun;
use super::run::Ended;
use super::run::Run;
use crate::config::ResourceBlock;
use crate::deps::NodeKind;
use crate::eval::Condition;
use crate::eval::evaluate_condition;
use crate::plan::Action;
use crate::plan::Event;
use crate::plan::InstanceChange;
use crate::plan::Operation;
use crate::plan::Step;
use crate::plan::StepId;
use crate::plan::build::LiveProvider;
use crate::plan::build::decode_instance;
use crate::plan::build::display_id;
use crate::plan::build::evaluate_provider;
use crate::plan::build::place_findings;
use crate::plan::build::shown_address;
use crate::plan::encode_value;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Marks;
use streamform_lang::value::Path;
use streamform_lang::value::Value;
use streamform_provider::protocol::ApplyRequest;
use streamform_provider::protocol::ApplyResponse;
use streamform_provider::protocol::Findings;
use streamform_provider::protocol::PlanRequest;
use streamform_provider::protocol::has_errors;
use streamform_provider::schema;
use streamform_state::Entry;
use streamform_state::Intent;
use streamform_state::IntentAction;
use streamform_state::RawJson;

/// How the call of a step ended.
pub(super) enum Finished {
    Configured(streamform_lang::addrs::AbsProviderConfig, Findings),
    Closed,
    Changed(Box<Changed>),
    DataRead(usize, Result<Value, Findings>, Vec<(Path, Marks)>, Duration),
}

/// The end of a change.
pub(super) struct Changed {
    pub(super) change: usize,
    pub(super) step: Step,
    pub(super) operation: Operation,
    pub(super) response: ApplyResponse,
    pub(super) intent: Option<u64>,
    /// What was there before.
    pub(super) prior: Value,
    pub(super) marks: Vec<(Path, Marks)>,
    pub(super) elapsed: Duration,
}

impl<'a> Run<'a> {
    /// Prepares a step as far as it needs no call.
    pub(super) fn begin(&mut self, id: StepId, step: &Step) -> Begun<'a> {
        match step {
            Step::Gather(_) => Begun::Over(Ended::Well),
            Step::Configure(address) => self.configure(id, address),
            Step::Close(address) => match self.providers.remove(address) {
                None => Begun::Over(Ended::Well),
                Some(live) => Begun::Local(Box::pin(async move {
                    live.provider.close().await;
                    (id, Finished::Closed)
                })),
            },
            Step::Create(i) | Step::Update(i) => self.make(id, step, *i),
            Step::Read(i) => self.read(id, *i),
            Step::Delete(i) | Step::DeleteDeposed(i) => self.delete(id, step, *i),
            Step::Forget(i) => {
                if let Some(change) = self.plan.changes.get(*i) {
                    let mut journal = lock(&self.journal);
                    if let Some(record) = journal.record(&change.address.to_string()) {
                        let mut record = (*record).clone();
                        match &change.deposed {
                            Some(key) => {
                                record.deposed.remove(key);
                            }
                            None => record.current = None,
                        }
                        journal.put(record);
                    }
                    if change.mode() == streamform_lang::addrs::Mode::Managed {
                        self.done.forget += 1;
                    }
                }
                Begun::Over(Ended::Well)
            }
        }
    }

    fn configure(&mut self, id: StepId, address: &streamform_lang::addrs::AbsProviderConfig) -> Begun<'a> {
        if self.providers.get(address).is_some_and(|p| p.configured) {
            return Begun::Over(Ended::Well);
        }
        if let Some(node) = self.graph.find(&NodeKind::Provider(address.clone()))
            && let Err(found) = self.values.ensure(node)
        {
            self.diagnostics.extend(found);
            return Begun::Over(Ended::Badly);
        }
        match evaluate_provider(&self.values.world, self.registry, address) {
            Err(found) => {
                self.diagnostics.extend(found);
                Begun::Over(Ended::Badly)
            }
            Ok((provider, value, found)) => {
                self.diagnostics.extend(found);
                let live = LiveProvider {
                    provider: Arc::clone(&provider),
                    configured: true,
                };
                self.providers.insert(address.clone(), live);
                let address = address.clone();
                Begun::Call(Box::pin(async move {
                    let findings = provider.configure(value).await;
                    (id, Finished::Configured(address, findings))
                }))
            }
        }
    }

    pub(super) fn block_of(&self, change: &InstanceChange) -> Option<&'a Arc<ResourceBlock>> {
        self.config.resource(&change.address.config())
    }

    /// Evaluates the configuration of an instance with what is known now.
    fn config_of(
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
        let decoder = self
            .decoders
            .get(&change.address.config(), &block.body, &change.schema);
        let scope = self.values.world.instance_scope(id, repetition);
        let mut diagnostics = Diagnostics::new();
        for rule in &block.lifecycle.preconditions {
            let (condition, found) = evaluate_condition(rule, &scope);
            diagnostics.extend(found);
            if let Condition::Fails(message) = condition {
                diagnostics.push(
                    Diagnostic::error("Resource precondition failed", message)
                        .at(rule.condition.span)
                        .on(address.clone()),
                );
            }
        }
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        let (config, found) = decode_instance(&decoder, &scope, &address);
        if found.has_errors() {
            Err(found)
        } else {
            Ok((block, config))
        }
    }

    fn make(&mut self, id: StepId, step: &Step, index: usize) -> Begun<'a> {
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
            // Nothing is left to do: only what the record remembers is new.
            let response = ApplyResponse {
                state: prior,
                private: response.private,
                findings: Vec::new(),
                outcome_unknown: false,
            };
            let ended = self.changed(Changed {
                change: index,
                step: step.clone(),
                operation: Operation::Update,
                prior: response.state.clone(),
                response,
                intent: None,
                marks: config.marks,
                elapsed: Duration::ZERO,
            });
            return Begun::Over(ended);
        }
        if change.action == Action::CreateThenDelete {
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
            token: intent.as_ref().map(|(_, t)| t.clone()).unwrap_or_default(),
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
            intent.map(|(i, _)| i),
            config.marks,
        )
    }

    fn delete(&mut self, id: StepId, step: &Step, index: usize) -> Begun<'a> {
        let plan = Arc::clone(&self.plan);
        let Some(change) = plan.changes.get(index) else {
            return Begun::Over(Ended::Badly);
        };
        let Some(live) = self.providers.get(&change.provider).cloned() else {
            return Begun::Over(Ended::Badly);
        };
        let deposed = match step {
            Step::DeleteDeposed(_) => {
                let key = change
                    .deposed
                    .clone()
                    .or_else(|| self.deposed.get(&index).cloned());
                match key {
                    Some(k) => Some(k),
                    None => return Begun::Over(Ended::Well),
                }
            }
            _ => None,
        };
        let none = Value::null(change.schema.block.implied_type());
        let prior = change.before.clone().unmark_deep().0;
        let address = shown_address(&change.address, deposed.as_deref());
        let outside = live.provider.effects_outside(&change.address.resource.ty);
        let intent = outside.then(|| {
            self.intend(
                change,
                IntentAction::Delete,
                deposed.clone(),
                &none,
                &prior,
                &change.before_private,
            )
        });
        let request = ApplyRequest {
            type_name: change.address.resource.ty.to_string(),
            prior,
            planned: none.clone(),
            config: none,
            private: change.before_private.clone(),
            token: intent.as_ref().map(|(_, t)| t.clone()).unwrap_or_default(),
            progress: self.progress(index, deposed.as_deref(), &address, Vec::new(), false),
        };
        self.call(
            id,
            step,
            index,
            Operation::Delete,
            outside,
            request,
            live,
            intent.map(|(i, _)| i),
            Vec::new(),
        )
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one call, put together in two places"
    )]
    fn call(
        &self,
        id: StepId,
        step: &Step,
        change: usize,
        operation: Operation,
        outside: bool,
        request: ApplyRequest,
        live: LiveProvider,
        intent: Option<u64>,
        marks: Vec<(Path, Marks)>,
    ) -> Begun<'a> {
        let deposed = match step {
            Step::DeleteDeposed(i) => self
                .plan
                .changes
                .get(*i)
                .and_then(|c| c.deposed.clone())
                .or_else(|| self.deposed.get(i).cloned()),
            _ => None,
        };
        let address = self
            .plan
            .changes
            .get(change)
            .map(|c| shown_address(&c.address, deposed.as_deref()))
            .unwrap_or_default();
        let earlier = match operation {
            Operation::Create if !self.open.is_empty() => {
                resume::questions(&lock(&self.journal), &self.open, &address)
            }
            _ => Vec::new(),
        };
        let shown = address.clone();
        let schema = self.plan.changes.get(change).map(|c| Arc::clone(&c.schema));
        let prior = request.prior.clone();
        let event = Event::Started {
            address,
            operation,
            id: display_id(&request.prior),
        };
        let observer = Arc::clone(&self.observer);
        let step = step.clone();
        let future = Box::pin(async move {
            observer.event(event);
            let began = Instant::now();
            let planned = request.planned.clone();
            let mut response = resume::carry_out(&live.provider, &shown, earlier, request).await;
            // A provider on the older plugin SDK may differ in what means nothing, but not lose the object.
            let held_to_it = !live.provider.lenient() || response.state.is_null();
            if let Some(schema) = schema
                && !planned.is_null()
                && held_to_it
                && !has_errors(&response.findings)
            {
                let broken = schema::consistent(&planned, &response.state, &schema.block);
                response.findings.extend(broken);
            }
            let changed = Changed {
                change,
                step,
                operation,
                response,
                intent,
                prior,
                marks,
                elapsed: began.elapsed(),
            };
            (id, Finished::Changed(Box::new(changed)))
        });
        if outside {
            Begun::Call(future)
        } else {
            Begun::Local(future)
        }
    }

    /// Adds the intent of a change to what is committed before its call.
    fn intend(
        &self,
        change: &InstanceChange,
        action: IntentAction,
        deposed: Option<String>,
        planned: &Value,
        prior: &Value,
        private: &streamform_provider::protocol::Private,
    ) -> (u64, String) {
        let token = uuid::Uuid::new_v4().to_string();
        let raw = |v: &Value| RawJson::from_text(encode_value(v)).unwrap_or_else(|_| RawJson::null());
        let mut journal = lock(&self.journal);
        let id = journal.next_intent_id();
        journal.add(Entry::Intent(Intent {
            id,
            run: self.run.clone(),
            address: change.address.to_string(),
            deposed,
            action,
            type_name: change.address.resource.ty.to_string(),
            provider: change.provider.to_string(),
            planned: raw(planned),
            prior: Some(raw(prior)),
            token: token.clone(),
            started_at: (self.clock)(),
            dependencies: change.dependencies.clone(),
            create_before_destroy: change.create_before_destroy,
            prevent_destroy: change.prevent_destroy,
            private: private.as_ref().map(|p| p.to_vec()),
        }));
        (id, token)
    }

    fn progress(
        &self,
        index: usize,
        deposed: Option<&str>,
        address: &str,
        marks: Vec<(Path, Marks)>,
        checkpoints: bool,
    ) -> Arc<StepProgress> {
        let journal = Arc::clone(&self.journal);
        let plan = Arc::clone(&self.plan);
        let keep = checkpoints && deposed.is_none();
        Arc::new(StepProgress {
            sink: Arc::new(move |state, private| {
                if keep && let Some(change) = plan.changes.get(index) {
                    checkpoint(&journal, change, state, private, &marks);
                }
            }),
            observer: Arc::clone(&self.observer),
            address: address.to_owned(),
            began: Instant::now(),
            stop: self.stop.clone(),
        })
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

    fn read(&mut self, id: StepId, index: usize) -> Begun<'a> {
        let plan = Arc::clone(&self.plan);
        let Some(change) = plan.changes.get(index) else {
            return Begun::Over(Ended::Badly);
        };
        let address = change.address.to_string();
        let config = match self.config_of(change) {
            Ok((_, config)) => config,
            Err(mut found) => {
                found.name_object(&address);
                self.diagnostics.extend(found);
                return Begun::Over(Ended::Badly);
            }
        };
        let Some(live) = self.providers.get(&change.provider).cloned() else {
            return Begun::Over(Ended::Badly);
        };
        let type_name = change.address.resource.ty.to_string();
        let observer = Arc::clone(&self.observer);
        Begun::Call(Box::pin(async move {
            observer.event(Event::Started {
                address,
                operation: Operation::Read,
                id: None,
            });
            let began = Instant::now();
            let answer = live.provider.read_data(&type_name, config.value).await;
            (
                id,
                Finished::DataRead(index, answer, config.marks, began.elapsed()),
            )
        }))
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
