//! What deletes an object.

use super::journal::lock;
use super::run::Begun;
use super::run::Ended;
use super::run::Run;
use crate::config::When;
use crate::plan::Event;
use crate::plan::Operation;
use crate::plan::Step;
use crate::plan::StepId;
use crate::plan::build::display_id;
use crate::plan::build::shown_address;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;
use streamform_lang::value::Value;
use streamform_provider::protocol::ApplyRequest;
use streamform_state::IntentAction;
use streamform_state::ObjectStatus;

impl<'a> Run<'a> {
    /// Deletes an object, after its provisioners. Deposed and tainted objects have none: the one has a successor that lives,
    /// the other was never whole.
    pub(super) fn delete(&mut self, id: StepId, step: &Step, index: usize) -> Begun<'a> {
        let plan = Arc::clone(&self.plan);
        let Some(change) = plan.changes.get(index) else {
            return Begun::Over(Ended::Badly);
        };
        if self.provisions && matches!(step, Step::Delete(_)) {
            let address = change.address.to_string();
            let tainted = lock(&self.journal)
                .record(&address)
                .and_then(|r| r.current.as_ref().map(|o| o.status == ObjectStatus::Tainted))
                .unwrap_or(true);
            let provisioners = if tainted {
                VecDeque::new()
            } else {
                self.provisioners_of(change, When::Destroy)
            };
            if !provisioners.is_empty() {
                self.observer.event(Event::Started {
                    address,
                    operation: Operation::Delete,
                    id: display_id(&change.before),
                });
                let object = change.before.clone();
                return self.provision(
                    (id, step, index),
                    object,
                    Operation::Delete,
                    Instant::now(),
                    provisioners,
                );
            }
        }
        self.delete_now(id, step, index, false)
    }

    /// Makes the call that deletes. `told`: that it begins was told already.
    pub(super) fn delete_now(&mut self, id: StepId, step: &Step, index: usize, told: bool) -> Begun<'a> {
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
            token: intent.as_ref().map(|i| i.token.clone()).unwrap_or_default(),
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
            intent,
            Vec::new(),
            told,
        )
    }
}
