//! Asking a provider what became of changes that earlier runs left open.

use std::sync::Arc;
use std::time::Instant;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Value;
use streamform_provider::Provider;
use streamform_provider::protocol::Ambiguity;
use streamform_provider::protocol::Candidate;
use streamform_provider::protocol::Findings;
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
    decisions: &Decisions,
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
        chosen: match intent.action {
            IntentAction::Create => decisions.adopted(&intent.address).map(str::to_owned),
            _ => None,
        },
    })
}

/// What the user has decided about changes whose outcome no provider can tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// `-adopt`: the object with this id is what an interrupted create of this instance has made.
    pub adopt: Vec<(AbsInstance, String)>,
    /// `-forget`: none of the candidates is.
    pub forget: Vec<AbsInstance>,
}

impl Decisions {
    /// The object that the user names as the result of a create.
    pub fn adopted(&self, address: &str) -> Option<&str> {
        let of_address = self.adopt.iter().rev().find(|(a, _)| a.to_string() == address);
        of_address.map(|(_, id)| id.as_str())
    }

    /// Whether the user says that nothing came of what is in doubt.
    pub fn forgets(&self, address: &str) -> bool {
        self.forget.iter().any(|a| a.to_string() == address)
    }

    /// Decisions about instances of which nothing is in doubt, as errors.
    pub fn without_cause(&self, open: &[Intent]) -> Diagnostics {
        let mut found = Diagnostics::new();
        let mut refuse = |flag: &str, address: &AbsInstance, detail: &str| {
            found.push(
                Diagnostic::error(
                    format!("Nothing to decide about {address}"),
                    format!("{flag} decides what became of an interrupted change. {detail}"),
                )
                .on(address.to_string()),
            );
        };
        let of = |address: &AbsInstance| {
            let text = address.to_string();
            open.iter().filter(move |i| i.address == text)
        };
        for (address, _) in &self.adopt {
            if of(address).next().is_none() {
                let how = "The state knows of none of this resource instance. To take in an object that exists, use the import command or an import block.";
                refuse("-adopt", address, how);
            } else if !of(address).any(|i| i.action == IntentAction::Create && i.deposed.is_none()) {
                let how = "That of this resource instance was not making an object, so there is none to adopt: leave -adopt out.";
                refuse("-adopt", address, how);
            }
        }
        for address in &self.forget {
            if of(address).next().is_none() {
                let how = "The state knows of none of this resource instance. To take an object out of the state, use the command state rm.";
                refuse("-forget", address, how);
            }
        }
        found
    }
}

/// What to tell the user when several objects could be the result of a change.
pub fn ambiguous(intent: &Intent, found: &Ambiguity) -> Diagnostic {
    let address = &intent.address;
    let mut text = format!(
        "An earlier run was interrupted at {}, while it was making {address}. It cannot be told whether {} what it made:\n",
        intent.started_at,
        if found.candidates.len() == 1 {
            "this object is"
        } else {
            "one of these objects is"
        }
    );
    for candidate in &found.candidates {
        text.push_str(&format!("\n  {}", candidate.id));
        if !candidate.name.is_empty() {
            text.push_str(&format!(" {:?}", candidate.name));
        }
        if !candidate.made_at.is_empty() {
            text.push_str(&format!(", made at {}", candidate.made_at));
        }
        for (name, value) in telling(candidate, &found.candidates) {
            text.push_str(&format!("\n      {name}: {value}"));
        }
    }
    let apart = found
        .candidates
        .iter()
        .any(|c| !telling(c, &found.candidates).is_empty());
    if !apart && found.candidates.len() > 1 {
        text.push_str("\n\nThey differ in nothing but that.");
    }
    text.push_str("\n\nNothing is guessed. This object, and what needs it, waits for your decision; run the command again with one of:\n");
    for candidate in &found.candidates {
        text.push_str(&format!("\n  -adopt='{address}={}'", candidate.id));
    }
    text.push_str(&format!("\n  -forget='{address}'"));
    text.push_str("\n\n-adopt: that is the one. ");
    match &found.once_chosen {
        Some(what) => text.push_str(what),
        None => text.push_str("It becomes the object of this resource instance."),
    }
    text.push_str(" -forget: none of them; they are left alone, and the object is made anew.");
    Diagnostic::error("Interrupted change with several possible results", text).on(address.clone())
}

/// What tells a candidate from the others; all that is known of it if there are no others. What differs only because it
/// holds the object's own id (an address, say) tells nothing.
fn telling<'c>(candidate: &'c Candidate, all: &[Candidate]) -> Vec<&'c (String, String)> {
    let bare = |of: &Candidate, value: &str| value.replace(&of.id, "");
    let shared = |(name, value): &(String, String)| {
        let value = bare(candidate, value);
        all.iter().all(|other| {
            let same = |(n, v): &(String, String)| n == name && bare(other, v) == value;
            other.facts.iter().any(same)
        })
    };
    let facts = candidate.facts.iter();
    facts.filter(|fact| all.len() == 1 || !shared(fact)).collect()
}

/// What to tell the user when the outcome of a change could not be found out.
pub(super) fn not_found_out(intent: &Intent, mut found: Diagnostics) -> Diagnostics {
    let address = &intent.address;
    found.push(
        Diagnostic::error(
            "Outcome of an interrupted change not known",
            format!(
                "An earlier run was interrupted at {}, while it worked on {address}, and what became of that could not be found out for the reason above. This object, and what needs it, is left as it is. Run the command again when the cause is removed. If you are sure that nothing came of the change, or have put it right yourself, say so with:\n\n  -forget='{address}'",
                intent.started_at
            ),
        )
        .on(address.clone()),
    );
    found
}

/// Asks about one change after the other, so that what one of them is found to have made is not taken for the result of
/// another.
pub(super) async fn ask(
    provider: &dyn Provider,
    open: Vec<(Intent, RecoverRequest)>,
    decisions: &Decisions,
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
        let alike = 1 + left.iter().filter(|(other, _)| are_alike(&intent, other)).count();
        let mut found = recover(provider, request, alike).await;
        if let Ok(Recovery::Done(value, _) | Recovery::Partial(value, _)) = &found
            && let Some(id) = value.get("id").and_then(Value::as_str)
        {
            taken.push((intent.type_name.clone(), id.to_owned()));
        }
        observer.event(event(Some(began)));
        if decisions.forgets(&intent.address) && matches!(found, Ok(Recovery::Ambiguous(_)) | Err(_)) {
            found = Ok(Recovery::NotDone);
        }
        answers.push((intent, found));
    }
    answers
}

/// Asks what became of a create, one of so many of the very same thing that are in doubt: which of them made which of as many
/// candidates does not matter.
///
/// # Errors
/// When it cannot be found out.
pub async fn recover(
    provider: &dyn Provider,
    mut request: RecoverRequest,
    alike: usize,
) -> Result<Recovery, Findings> {
    let found = provider.recover(request.clone()).await;
    match &found {
        Ok(Recovery::Ambiguous(Ambiguity { candidates, .. })) if (2..=alike).contains(&candidates.len()) => {
            let others = candidates.iter().skip(1).map(|c| c.id.clone());
            request.known_ids.extend(others);
            provider.recover(request).await
        }
        _ => found,
    }
}

/// Whether two interrupted creates were making the very same thing.
pub fn are_alike(one: &Intent, other: &Intent) -> bool {
    one.action == IntentAction::Create
        && other.action == IntentAction::Create
        && one.type_name == other.type_name
        && one.provider == other.provider
        && one.planned == other.planned
}
