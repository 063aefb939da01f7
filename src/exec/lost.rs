//! Creates whose answer was lost: what became of them is found out in the same run.
//!
//! It is asked only when no other create of the type is under way, for until then the provider could take what another one is
//! just making for the result of the lost one. What is not there is made once more. What cannot be told is left open: the
//! next run asks again, and the user decides where nobody can tell.

use std::sync::Arc;
use std::time::Instant;

use streamform_provider::protocol::ApplyRequest;
use streamform_provider::protocol::ApplyResponse;
use streamform_provider::protocol::RecoverRequest;
use streamform_provider::protocol::Recovery;

use super::call::held_to_plan;
use super::journal::lock;
use super::resume::not_usable;
use super::run::Run;
use super::run::UnderWay;
use super::step::Changed;
use super::step::Finished;
use crate::plan::Event;
use crate::plan::StepId;
use crate::plan::build::LiveProvider;

/// What it takes to find out what became of a create, and to make it again.
pub(super) struct Again {
    pub(super) live: LiveProvider,
    pub(super) request: ApplyRequest,
    /// When its intent was written.
    pub(super) started_at: String,
}

/// A create whose answer was lost.
pub(super) struct Lost {
    pub(super) id: StepId,
    pub(super) changed: Box<Changed>,
    pub(super) again: Again,
}

impl<'a> Run<'a> {
    /// The call that settles a lost create, if there is one that can be settled now.
    pub(super) fn settle_lost(&mut self) -> Option<UnderWay<'a>> {
        if self.lost.is_empty() {
            return None;
        }
        let stopping = self.stop.is_set() || lock(&self.journal).broken.is_some();
        let at = self
            .lost
            .iter()
            .position(|l| stopping || !self.creating.contains_key(&l.again.request.type_name))?;
        let Lost {
            id,
            mut changed,
            again,
        } = self.lost.swap_remove(at);
        // It counts as under way: others of its type must not be made or settled at the same time.
        self.create_begins(&again.request.type_name);
        let change = self.plan.changes.get(changed.change)?;
        let address = change.address.to_string();
        let schema = Arc::clone(&change.schema);
        let mut journal = lock(&self.journal);
        // So that what others have made by now is known to belong to them.
        journal.commit();
        let question = RecoverRequest {
            type_name: again.request.type_name.clone(),
            prior: again.request.prior.clone(),
            planned: again.request.planned.clone(),
            checkpoint: journal.checkpoint(&address, &schema),
            private: again.request.private.clone(),
            started_at: again.started_at,
            token: again.request.token.clone(),
            known_ids: journal.ids_of(&again.request.type_name, &address),
            chosen: None,
        };
        drop(journal);
        let observer = Arc::clone(&self.observer);
        Some(Box::pin(async move {
            if stopping {
                return (id, Finished::Changed(changed));
            }
            let began = Instant::now();
            observer.event(Event::Phase {
                address,
                text: "the answer was lost; looking whether it was made".to_owned(),
                elapsed: changed.elapsed,
            });
            let Again { live, request, .. } = Again {
                started_at: String::new(),
                ..again
            };
            let response = match live.provider.recover(question).await {
                Ok(Recovery::Done(value, private)) if !value.is_null() => ApplyResponse {
                    state: value,
                    private,
                    findings: Vec::new(),
                    outcome_unknown: false,
                },
                Ok(Recovery::Partial(value, private)) => ApplyResponse {
                    state: value,
                    private,
                    findings: vec![not_usable()],
                    outcome_unknown: false,
                },
                Ok(Recovery::NotDone | Recovery::Undone(_) | Recovery::Done(..)) => {
                    live.provider.apply(request.clone()).await
                }
                Ok(Recovery::Ambiguous(_)) | Err(_) => changed.response,
            };
            changed.response = held_to_plan(&live, &request.planned, response, &schema);
            changed.elapsed += began.elapsed();
            (id, Finished::Changed(changed))
        }))
    }

    /// A create is under way from now on.
    pub(super) fn create_begins(&mut self, type_name: &str) {
        *self.creating.entry(type_name.to_owned()).or_default() += 1;
    }

    /// A create has come to an end, whatever that is.
    pub(super) fn create_ends(&mut self, type_name: &str) {
        if let Some(count) = self.creating.get_mut(type_name) {
            *count -= 1;
            if *count == 0 {
                self.creating.remove(type_name);
            }
        }
    }
}
