//! The call of a change: its intent, its progress, what is told of it.

use super::journal::StepProgress;
use super::journal::checkpoint;
use super::journal::lock;
use super::lost::Again;
use super::resume;
use super::run::Begun;
use super::run::Run;
use super::run::UnderWay;
use super::step::Changed;
use super::step::Finished;
use crate::plan::Event;
use crate::plan::InstanceChange;
use crate::plan::Operation;
use crate::plan::Step;
use crate::plan::StepId;
use crate::plan::build::Decisions;
use crate::plan::build::LiveProvider;
use crate::plan::build::display_id;
use crate::plan::build::shown_address;
use crate::plan::encode_value;
use std::sync::Arc;
use std::time::Instant;
use streamform_lang::value::Marks;
use streamform_lang::value::Path;
use streamform_lang::value::Value;
use streamform_provider::protocol::ApplyRequest;
use streamform_provider::protocol::ApplyResponse;
use streamform_provider::protocol::has_errors;
use streamform_provider::schema;
use streamform_provider::schema::Schema;
use streamform_state::Entry;
use streamform_state::Intent;
use streamform_state::IntentAction;
use streamform_state::RawJson;

/// An intent that has been added to what is to be committed.
pub(super) struct Intended {
    pub(super) id: u64,
    pub(super) token: String,
    pub(super) started_at: String,
}

/// An answer with what is wrong about it, held against what was planned.
pub(super) fn held_to_plan(
    live: &LiveProvider,
    planned: &Value,
    mut response: ApplyResponse,
    schema: &Schema,
) -> ApplyResponse {
    // A provider on the older plugin SDK may differ in what means nothing, but not lose the object.
    let held_to_it = !live.provider.lenient() || response.state.is_null();
    if !planned.is_null() && held_to_it && !has_errors(&response.findings) {
        let broken = schema::consistent(planned, &response.state, &schema.block);
        response.findings.extend(broken);
    }
    response
}

impl<'a> Run<'a> {
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one call, put together in two places"
    )]
    pub(super) fn call(
        &mut self,
        id: StepId,
        step: &Step,
        change: usize,
        operation: Operation,
        outside: bool,
        request: ApplyRequest,
        live: LiveProvider,
        intent: Option<Intended>,
        marks: Vec<(Path, Marks)>,
        told: bool,
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
        let schema = self.plan.changes.get(change).map(|c| Arc::clone(&c.schema));
        let creating = operation == Operation::Create && outside;
        let earlier = match creating && !self.open.is_empty() {
            true => resume::creates_of(&self.open, &address),
            false => Vec::new(),
        };
        let (asks, type_name) = (!earlier.is_empty(), request.type_name.clone());
        // (What an earlier run has left in doubt is not looked up twice.)
        let again = match &intent {
            Some(intent) if creating && earlier.is_empty() => Some(Again {
                live: live.clone(),
                request: request.clone(),
                started_at: intent.started_at.clone(),
            }),
            _ => None,
        };
        let intent = intent.map(|i| i.id);
        let prior = request.prior.clone();
        let event = Event::Started {
            address,
            operation,
            id: display_id(&request.prior),
        };
        let observer = Arc::clone(&self.observer);
        let step = step.clone();
        let journal = Arc::clone(&self.journal);
        let decisions = if asks {
            self.decisions.clone()
        } else {
            Decisions::default()
        };
        let future: UnderWay<'a> = Box::pin(async move {
            if !told {
                observer.event(event);
            }
            let began = Instant::now();
            let planned = request.planned.clone();
            let questions = match &schema {
                Some(schema) if asks => resume::questions(&lock(&journal), earlier, schema, &decisions),
                _ => Vec::new(),
            };
            // (A journal that nobody else holds gives its store back at the end.)
            drop(journal);
            let mut response = resume::carry_out(&live.provider, questions, request).await;
            if let Some(schema) = schema {
                response = held_to_plan(&live, &planned, response, &schema);
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
                unchanged: false,
                again,
            };
            (id, Finished::Changed(Box::new(changed)))
        });
        match (outside, creating) {
            (false, _) => Begun::Local(future),
            (true, false) => Begun::Call(future),
            (true, true) => {
                let begins = self.creates.begin(&type_name, asks, future);
                begins.map_or(Begun::Waits, Begun::Call)
            }
        }
    }

    /// Adds the intent of a change to what is committed before its call.
    pub(super) fn intend(
        &self,
        change: &InstanceChange,
        action: IntentAction,
        deposed: Option<String>,
        planned: &Value,
        prior: &Value,
        private: &streamform_provider::protocol::Private,
    ) -> Intended {
        let token = uuid::Uuid::new_v4().to_string();
        let raw = |v: &Value| RawJson::from_text(encode_value(v)).unwrap_or_else(|_| RawJson::null());
        let mut journal = lock(&self.journal);
        let id = journal.next_intent_id();
        let started_at = (self.clock)();
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
            started_at: started_at.clone(),
            dependencies: change.dependencies.clone(),
            create_before_destroy: change.create_before_destroy,
            prevent_destroy: change.prevent_destroy,
            skip_destroy: change.skip_destroy,
            private: private.as_ref().map(|p| p.to_vec()),
        }));
        Intended {
            id,
            token,
            started_at,
        }
    }

    pub(super) fn progress(
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
}
