//! Carrying out a planned change by a declared type.

use std::time::Duration;
use std::time::Instant;

use streamform_lang::value::Value;

use super::DeclaredProvider;
use super::finish;
use super::table::Known;
use crate::declared::Context;
use crate::declared::Outcome;
use crate::declared::duration;
use crate::declared::settle;
use crate::protocol::ApplyRequest;
use crate::protocol::ApplyResponse;
use crate::protocol::Findings;
use crate::protocol::Private;
use crate::protocol::Progress;
use crate::schema::Block;

/// The deadline of an operation that has none in its table.
const USUAL_DEADLINE: Duration = Duration::from_secs(20 * 60);

impl<C: Send + Sync + 'static> DeclaredProvider<C> {
    pub(super) async fn apply_one(&self, request: ApplyRequest) -> ApplyResponse {
        let (entry, client) = match self.both(&request.type_name) {
            Ok(both) => both,
            Err(d) => {
                return ApplyResponse {
                    state: request.prior,
                    private: request.private,
                    findings: vec![d],
                    outcome_unknown: false,
                };
            }
        };
        let known = entry.known();
        let block = &known.schema.block;
        let (prior, _) = request.prior.unmark_deep();
        let (planned, _) = request.planned.unmark_deep();
        let operation = match (prior.is_null(), planned.is_null()) {
            (true, true) => {
                return ApplyResponse {
                    state: prior,
                    private: request.private,
                    findings: Findings::new(),
                    outcome_unknown: false,
                };
            }
            (true, false) => "create",
            (false, false) => "update",
            (false, true) => "delete",
        };
        let deadline = deadline(
            known,
            operation,
            if planned.is_null() { &prior } else { &planned },
        );
        let progress = Completing {
            inner: &*request.progress,
            planned: if planned.is_null() { &prior } else { &planned },
            block,
        };
        let context = Context {
            progress: &progress,
            deadline: Instant::now() + deadline,
            token: &request.token,
            private: request.private.clone(),
        };
        let result = match operation {
            "create" => entry.ty.create(client, &planned, &context).await.map(Some),
            "update" => entry
                .ty
                .update(client, &prior, &planned, &context)
                .await
                .map(Some),
            _ => entry.ty.delete(client, &prior, &context).await.map(|()| None),
        };
        let gone = Value::null(block.implied_type());
        let (state, findings, outcome_unknown) = match result {
            Ok(None) => (gone, Findings::new(), false),
            Ok(Some(value)) => match finish(&value, &planned, block) {
                Ok(state) => (state, Findings::new(), false),
                Err(d) => (partial(&value, &planned, block), vec![d], false),
            },
            Err(outcome) => failed(outcome, operation, &prior, &planned, block),
        };
        ApplyResponse {
            state,
            private: request.private,
            findings,
            outcome_unknown,
        }
    }
}

/// What is kept after a failure: a half-made object as far as it is known; else what was there before.
fn failed(
    outcome: Outcome,
    operation: &str,
    prior: &Value,
    planned: &Value,
    block: &Block,
) -> (Value, Findings, bool) {
    let state = match outcome.partial {
        Some(value) if operation == "create" => partial(&value, planned, block),
        Some(value) => partial(&value, prior, block),
        None => prior.clone(),
    };
    (state, outcome.findings, outcome.outcome_unknown)
}

/// What is known of an object, and for the rest what was planned.
fn partial(value: &Value, planned: &Value, block: &Block) -> Value {
    let merged = settle::under(value, planned);
    let whole = settle::complete(&merged, block).unwrap_or_else(|_| planned.clone());
    settle::known(whole)
}

fn deadline(known: &Known, operation: &str, object: &Value) -> Duration {
    object
        .get("timeouts")
        .and_then(|t| t.get(operation))
        .and_then(Value::as_str)
        .and_then(|text| duration::parse(text).ok())
        .or_else(|| {
            known
                .declaration
                .timeouts
                .named()
                .find(|(n, _)| *n == operation)
                .map(|(_, d)| d)
        })
        .unwrap_or(USUAL_DEADLINE)
}

/// Makes whole what a type tells at a checkpoint: often only an id.
struct Completing<'a> {
    inner: &'a dyn Progress,
    planned: &'a Value,
    block: &'a Block,
}

impl Progress for Completing<'_> {
    fn checkpoint(&self, state: &Value, private: &Private) {
        self.inner
            .checkpoint(&partial(state, self.planned, self.block), private);
    }
    fn phase(&self, text: &str) {
        self.inner.phase(text);
    }
    fn stopping(&self) -> bool {
        self.inner.stopping()
    }
}
