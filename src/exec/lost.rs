//! Creates of which it must be found out whether they were made already: because the answer to their call was lost, or because an
//! earlier run had begun them and no plan could ask.
//!
//! A provider that is asked could take what another call is just making for what is looked for. So whoever is to be asked waits until
//! no other create of the type is under way, goes alone, and creates that are ready meanwhile wait for it. What is not there is
//! made (once more). What cannot be told is left open: the next run asks again, and the user decides where nobody can tell.

use std::collections::HashMap;
use std::collections::HashSet;
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
use super::run::not_begun;
use super::step::Changed;
use super::step::Finished;
use crate::plan::Event;
use crate::plan::StepId;
use crate::plan::build::LiveProvider;
use crate::plan::build::recover;

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

/// Creates outside the process, by type.
#[derive(Default)]
pub(super) struct Creates<'a> {
    /// So many are under way.
    under_way: HashMap<String, usize>,
    /// One goes alone.
    alone: HashSet<String>,
    /// Ready, but one of their type goes alone.
    held: Vec<(String, UnderWay<'a>)>,
    /// To go alone: they ask before they make something.
    asking: Vec<(String, UnderWay<'a>)>,
    /// To be looked up.
    lost: Vec<Lost>,
}

impl<'a> Creates<'a> {
    /// Takes in a create that is ready. What comes back may begin now.
    pub(super) fn begin(&mut self, type_name: &str, asks: bool, call: UnderWay<'a>) -> Option<UnderWay<'a>> {
        if asks {
            self.asking.push((type_name.to_owned(), call));
            None
        } else if self.alone.contains(type_name) {
            self.held.push((type_name.to_owned(), call));
            None
        } else {
            self.count(type_name);
            Some(call)
        }
    }

    fn count(&mut self, type_name: &str) {
        *self.under_way.entry(type_name.to_owned()).or_default() += 1;
    }

    /// A create has come to an end, whatever that is.
    pub(super) fn end(&mut self, type_name: &str) {
        if let Some(count) = self.under_way.get_mut(type_name) {
            *count -= 1;
            if *count == 0 {
                self.under_way.remove(type_name);
                self.alone.remove(type_name);
            }
        }
    }

    /// The answer to one was lost.
    pub(super) fn lose(&mut self, lost: Lost) {
        self.lost.push(lost);
    }

    /// Those that have waited for one that went alone.
    pub(super) fn released(&mut self) -> Vec<UnderWay<'a>> {
        let (held, released): (Vec<_>, Vec<_>) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|(type_name, _)| self.alone.contains(type_name));
        self.held = held;
        let count = |(type_name, call): (String, UnderWay<'a>)| {
            self.count(&type_name);
            call
        };
        released.into_iter().map(count).collect()
    }

    /// Whether nobody else makes something of the type: then it is taken, and the caller goes alone.
    fn goes_alone(&mut self, type_name: &str) -> bool {
        let free = !self.under_way.contains_key(type_name);
        if free {
            self.count(type_name);
            self.alone.insert(type_name.to_owned());
        }
        free
    }
}

impl<'a> Run<'a> {
    /// The call of one that has to go alone, if there is one that can now. Everything is committed when it begins, so that what
    /// others have made by now is known to belong to them.
    pub(super) fn next_alone(&mut self) -> Option<UnderWay<'a>> {
        if self.creates.lost.is_empty() && self.creates.asking.is_empty() {
            return None;
        }
        lock(&self.journal).commit();
        let broken = lock(&self.journal).broken.is_some();
        if broken && !self.creates.asking.is_empty() {
            // An intent that is not on disk must not become a call.
            self.creates.asking.clear();
            self.diagnostics.push(not_begun());
        }
        if (broken || self.stop.is_set())
            && let Some(Lost { id, changed, again }) = self.creates.lost.pop()
        {
            self.creates.count(&again.request.type_name);
            return Some(Box::pin(std::future::ready((id, Finished::Changed(changed)))));
        }
        for at in 0..self.creates.asking.len() {
            let type_name = self.creates.asking[at].0.clone();
            if self.creates.goes_alone(&type_name) {
                return Some(self.creates.asking.swap_remove(at).1);
            }
        }
        for at in 0..self.creates.lost.len() {
            let type_name = self.creates.lost[at].again.request.type_name.clone();
            if self.creates.goes_alone(&type_name) {
                let lost = self.creates.lost.swap_remove(at);
                return self.look_up(lost);
            }
        }
        None
    }

    /// Looks for what a create has made whose answer was lost.
    fn look_up(&self, lost: Lost) -> Option<UnderWay<'a>> {
        let Lost {
            id,
            mut changed,
            again,
        } = lost;
        let others = self.creates.lost.iter();
        let alike = 1 + others.filter(|other| are_alike(&again, &other.again)).count();
        let change = self.plan.changes.get(changed.change)?;
        let address = change.address.to_string();
        let schema = Arc::clone(&change.schema);
        let journal = lock(&self.journal);
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
        let Again { live, request, .. } = Again {
            started_at: String::new(),
            ..again
        };
        let observer = Arc::clone(&self.observer);
        Some(Box::pin(async move {
            let began = Instant::now();
            observer.event(Event::Phase {
                address,
                text: "the answer was lost; looking whether it was made".to_owned(),
                elapsed: changed.elapsed,
            });
            let response = match recover(&*live.provider, question, alike).await {
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
}

/// Whether both make the very same thing.
fn are_alike(one: &Again, other: &Again) -> bool {
    one.request.type_name == other.request.type_name
        && Arc::ptr_eq(&one.live.provider, &other.live.provider)
        && one.request.planned == other.request.planned
}
