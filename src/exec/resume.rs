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
use streamform_state::Intent;
use streamform_state::IntentAction;

use super::journal::Journal;
use crate::plan::build::ambiguous;
use crate::plan::build::recover_request;

/// The questions about creates of an instance that are still open.
pub(super) fn questions(journal: &Journal, open: &[Intent], address: &str) -> Vec<RecoverRequest> {
    open.iter()
        .filter(|i| i.address == address && i.action == IntentAction::Create)
        .filter_map(|intent| recover_request(intent, None, journal.ids_of(&intent.type_name)))
        .collect()
}

/// Carries out a change; a create after asking what became of earlier ones of the same instance.
pub(super) async fn carry_out(
    provider: &Arc<dyn Provider>,
    address: &str,
    earlier: Vec<RecoverRequest>,
    request: ApplyRequest,
) -> ApplyResponse {
    for question in earlier {
        let found = provider.recover(question).await;
        let gone = Value::null(request.prior.ty());
        let (state, private, findings, outcome_unknown) = match found {
            Ok(Recovery::NotDone | Recovery::Undone(_)) => continue,
            Ok(Recovery::Done(value, _)) if value.is_null() => continue,
            Ok(Recovery::Done(value, private)) => (value, private, Vec::new(), false),
            Ok(Recovery::Partial(value, private)) => (
                value,
                private,
                vec![ProviderDiagnostic::error(
                    "Object of an interrupted run is not usable",
                    "An earlier run was interrupted while it made this object, and the object has not become ready. It is kept as tainted: the next apply replaces it.",
                )],
                false,
            ),
            Ok(Recovery::Ambiguous(candidates)) => (
                gone,
                None,
                vec![ProviderDiagnostic::error(
                    "Interrupted change with several possible results",
                    ambiguous(address, &candidates),
                )],
                true,
            ),
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
