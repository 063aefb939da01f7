//! Asking a provider what became of changes that earlier runs left open.

use std::sync::Arc;
use std::time::Instant;

use streamform_lang::value::Value;
use streamform_provider::Provider;
use streamform_provider::protocol::Candidate;
use streamform_provider::protocol::RecoverRequest;
use streamform_provider::protocol::Recovery;
use streamform_state::Intent;
use streamform_state::IntentAction;
use streamform_state::RawJson;

use super::walk::Recovered;
use crate::plan::Event;
use crate::plan::Observer;
use crate::plan::Operation;
use crate::plan::Recurring;
use crate::plan::decode_value;

/// A value of an intent.
pub(super) fn decode_intent(raw: &RawJson) -> Option<Value> {
    decode_value(raw.as_str(), &mut Recurring::default()).ok()
}

/// The question what became of an interrupted change. None: the intent cannot be read.
pub fn recover_request(
    intent: &Intent,
    checkpoint: Option<Value>,
    known_ids: Vec<String>,
) -> Option<RecoverRequest> {
    let planned = decode_intent(&intent.planned)?.unmark_deep().0;
    Some(RecoverRequest {
        type_name: intent.type_name.clone(),
        prior: intent
            .prior
            .as_ref()
            .and_then(decode_intent)
            .unwrap_or_else(|| Value::null(planned.ty())),
        planned,
        checkpoint,
        private: intent.private.as_deref().map(Arc::from),
        started_at: intent.started_at.clone(),
        token: intent.token.clone(),
        known_ids,
    })
}

/// What to tell the user when several objects could be the result of a change.
pub fn ambiguous(address: &str, candidates: &[Candidate]) -> String {
    let list: Vec<&str> = candidates.iter().map(|c| c.description.as_str()).collect();
    format!(
        "An earlier run was interrupted while it worked on {address}, and it cannot be told whether one of these objects is what it made:\n  - {}\n\nNothing is guessed here: delete those that you do not want, so that at most one is left that is what the configuration asks for, and run the command again.",
        list.join("\n  - ")
    )
}

/// Asks about one change after the other, so that what one of them is found to have made is not taken for the result of
/// another.
pub(super) async fn ask(
    provider: &dyn Provider,
    open: Vec<(Intent, RecoverRequest)>,
    observer: &dyn Observer,
) -> Vec<Recovered> {
    let mut answers = Vec::with_capacity(open.len());
    let mut taken: Vec<(String, String)> = Vec::new();
    let mut left = open;
    while !left.is_empty() {
        let (intent, mut request) = left.remove(0);
        let of_type = taken.iter().filter(|(ty, _)| *ty == intent.type_name);
        request.known_ids.extend(of_type.map(|(_, id)| id.clone()));
        let event = |began: Option<Instant>| match began {
            None => Event::Started {
                address: intent.address.clone(),
                operation: Operation::Recover,
                id: None,
            },
            Some(began) => Event::Completed {
                address: intent.address.clone(),
                operation: Operation::Recover,
                id: None,
                elapsed: began.elapsed(),
            },
        };
        observer.event(event(None));
        let began = Instant::now();
        let mut found = provider.recover(request.clone()).await;
        if let Ok(Recovery::Ambiguous(candidates)) = &found {
            let alike = 1 + left.iter().filter(|(other, _)| are_alike(&intent, other)).count();
            // As many interrupted creates of the very same thing: which made which does not matter.
            if (2..=alike).contains(&candidates.len()) {
                request
                    .known_ids
                    .extend(candidates.iter().skip(1).map(|c| c.id.clone()));
                found = provider.recover(request).await;
            }
        }
        if let Ok(Recovery::Done(value, _) | Recovery::Partial(value, _)) = &found
            && let Some(id) = value.get("id").and_then(Value::as_str)
        {
            taken.push((intent.type_name.clone(), id.to_owned()));
        }
        observer.event(event(Some(began)));
        answers.push((intent, found));
    }
    answers
}

fn are_alike(one: &Intent, other: &Intent) -> bool {
    one.action == IntentAction::Create
        && other.action == IntentAction::Create
        && one.type_name == other.type_name
        && one.provider == other.provider
        && one.planned == other.planned
}
