//! Creates that an earlier run had begun and that no plan could ask about.
//!
//! A plan settles what earlier runs left open, with two exceptions: the provider's configuration was not known then, or
//! a saved plan is applied again after it was killed. So before an object is created for which a create is still open,
//! the provider is asked what became of it.

use std::sync::Arc;

use streamform_lang::value::Value;
use streamform_provider::Provider;
use streamform_provider::protocol::ApplyRequest;
use streamform_provider::protocol::ApplyResponse;
use streamform_provider::protocol::ProviderDiagnostic;
use streamform_provider::protocol::RecoverRequest;
use streamform_provider::protocol::Recovery;
use streamform_provider::schema::Schema;
use streamform_state::Intent;
use streamform_state::IntentAction;

use super::journal::Journal;
use crate::plan::build::Decisions;
use crate::plan::build::ambiguous;
use crate::plan::build::are_alike;
use crate::plan::build::recover;
use crate::plan::build::recover_request;

/// Creates of an instance that are still open, each with the number of those of the very same thing.
pub(super) fn creates_of(open: &[Intent], address: &str) -> Vec<(Intent, usize)> {
    open.iter()
        .filter(|i| i.address == address && i.action == IntentAction::Create)
        .map(|intent| {
            let alike = open.iter().filter(|other| are_alike(intent, other)).count();
            (intent.clone(), alike)
        })
        .collect()
}

/// The questions about them, with what the journal knows by now.
pub(super) fn questions(
    journal: &Journal,
    earlier: Vec<(Intent, usize)>,
    schema: &Schema,
    decisions: &Decisions,
) -> Vec<Question> {
    earlier
        .into_iter()
        .filter_map(|(intent, alike)| {
            let address = &intent.address;
            let checkpoint = journal.checkpoint(address, schema);
            let known = journal.ids_of(&intent.type_name, address);
            Some(Question {
                request: recover_request(&intent, checkpoint, known, decisions)?,
                forget: decisions.forgets(address),
                alike,
                intent,
            })
        })
        .collect()
}

/// What became of an earlier create?
pub(super) struct Question {
    intent: Intent,
    request: RecoverRequest,
    /// So many of the very same thing are in doubt, with this one.
    alike: usize,
    /// The user says that nothing came of it, if that cannot be told.
    forget: bool,
}

/// Carries out a change; a create after asking what became of earlier ones of the same instance.
pub(super) async fn carry_out(
    provider: &Arc<dyn Provider>,
    earlier: Vec<Question>,
    request: ApplyRequest,
) -> ApplyResponse {
    for question in earlier {
        let found = recover(&**provider, question.request, question.alike).await;
        if question.forget && matches!(found, Ok(Recovery::Ambiguous(_)) | Err(_)) {
            continue;
        }
        let gone = Value::null(request.prior.ty());
        let (state, private, findings, outcome_unknown) = match found {
            Ok(Recovery::NotDone | Recovery::Undone(_)) => continue,
            Ok(Recovery::Done(value, _)) if value.is_null() => continue,
            Ok(Recovery::Done(value, private)) => (value, private, Vec::new(), false),
            Ok(Recovery::Partial(value, private)) => (value, private, vec![not_usable()], false),
            Ok(Recovery::Ambiguous(found)) => {
                let told = ambiguous(&question.intent, &found);
                let told = ProviderDiagnostic::error(told.summary, told.detail);
                (gone, None, vec![told], true)
            }
            Err(findings) => (gone, None, findings, true),
        };
        return ApplyResponse {
            state,
            private,
            findings,
            outcome_unknown,
        };
    }
    provider.apply(request).await
}

/// What to tell of an object that an interrupted create has made, and that has not come up.
pub(super) fn not_usable() -> ProviderDiagnostic {
    ProviderDiagnostic::error(
        "Object of an interrupted change is not usable",
        "The making of this object was interrupted, and the object has not become ready. It is kept as tainted: the next apply replaces it.",
    )
}
