//! A provider of one type, driven through its trait.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Instant;

use async_trait::async_trait;

use super::*;
use crate::protocol::ApplyRequest;
use crate::protocol::ApplyResponse;
use crate::protocol::Findings;
use crate::protocol::Private;
use crate::protocol::Progress;
use crate::protocol::Provider;
use crate::protocol::ProviderDiagnostic;
use crate::protocol::ProviderFactory as _;
use crate::protocol::ReadRequest;
use crate::protocol::RecoverRequest;
use crate::protocol::Recovery;

/// What the fake API does next.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Well,
    FailsHalfway,
    LosesTheAnswer,
    Gone,
}

struct Api {
    mood: Mutex<Mood>,
    deadline: Mutex<Option<u64>>,
}

struct Thing;

fn made() -> Value {
    Value::object([
        (Name::from("id"), Value::string("t-9")),
        (Name::from("cloud"), Value::string("AWS")),
        (Name::from("note"), Value::string("")),
        (Name::from("partitions"), Value::number(6_usize)),
        (
            Name::from("basic"),
            Value::tuple([Value::object([(Name::from("max"), Value::number(5_usize))])]),
        ),
    ])
}

fn boom(partial: Option<Value>, outcome_unknown: bool) -> Outcome {
    Outcome {
        partial,
        findings: vec![ProviderDiagnostic::error("Boom", "It broke.")],
        outcome_unknown,
    }
}

#[async_trait]
impl ResourceType<Api> for Thing {
    fn declaration(&self) -> Declaration {
        sample()
    }
    async fn create(&self, api: &Api, _planned: &Value, context: &Context<'_>) -> Result<Value, Outcome> {
        *api.deadline.lock().unwrap() = Some((context.deadline - Instant::now()).as_secs() + 1);
        let id = Value::object([(Name::from("id"), Value::string("t-9"))]);
        context.progress.checkpoint(&id, &context.private);
        let mood = *api.mood.lock().unwrap();
        match mood {
            Mood::FailsHalfway => Err(boom(Some(id), false)),
            Mood::LosesTheAnswer => Err(boom(None, true)),
            _ => Ok(made()),
        }
    }
    async fn read(&self, api: &Api, _prior: &Value) -> Result<Option<Value>, Findings> {
        Ok((*api.mood.lock().unwrap() != Mood::Gone).then(made))
    }
    async fn update(&self, _: &Api, _: &Value, _: &Value, _: &Context<'_>) -> Result<Value, Outcome> {
        Err(boom(None, false))
    }
    async fn delete(&self, _: &Api, _: &Value, _: &Context<'_>) -> Result<(), Outcome> {
        Ok(())
    }
    async fn recover_create(&self, _: &Api, lost: &LostCreate<'_>) -> Result<Recovery, Findings> {
        Ok(match lost.checkpoint {
            Some(_) => Recovery::Done(made(), None),
            None => Recovery::NotDone,
        })
    }
    async fn import(&self, _: &Api, id: &str) -> Result<Value, Findings> {
        Ok(Value::object([(Name::from("id"), Value::string(id))]))
    }
}

#[derive(Default)]
struct Heard(Mutex<Vec<Value>>);

impl Progress for Heard {
    fn checkpoint(&self, state: &Value, _: &Private) {
        self.0.lock().unwrap().push(state.clone());
    }
    fn phase(&self, _: &str) {}
    fn stopping(&self) -> bool {
        false
    }
}

fn provider_block() -> Declaration {
    Declaration {
        type_name: "sample",
        fields: vec![Field::optional("endpoint", FieldKind::String)],
        timeouts: Timeouts::default(),
        ..sample()
    }
}

async fn provider(mood: Mood) -> (DeclaredProvider<Api>, Value) {
    let table = Table::new("1.0.0", provider_block, |_| {
        Ok(Api {
            mood: Mutex::new(Mood::Well),
            deadline: Mutex::new(None),
        })
    })
    .resource("sample_thing", Thing);
    let provider = DeclaredProvider::new(Arc::new(table));
    assert!(provider.configure(Value::null(Type::Any)).await.is_empty());
    *provider.client().unwrap().mood.lock().unwrap() = mood;
    (provider, Value::null(sample().schema().block.implied_type()))
}

fn planned(timeouts: &str) -> Value {
    object(&format!(
        r#"{{"cloud": "AWS", "partitions": 6, "basic": [{{}}], "timeouts": {timeouts}}}"#
    ))
    .with_attr("id", Value::unknown(Type::String))
    .with_attr("endpoint", Value::unknown(Type::String))
}

async fn apply(p: &DeclaredProvider<Api>, prior: Value, planned: Value, heard: &Arc<Heard>) -> ApplyResponse {
    p.apply(ApplyRequest {
        type_name: "sample_thing".to_owned(),
        prior,
        config: planned.clone(),
        planned,
        private: None,
        token: "t".to_owned(),
        progress: Arc::<Heard>::clone(heard),
    })
    .await
}

#[tokio::test]
async fn a_create_returns_a_whole_object_and_keeps_what_was_planned_as_nothing() {
    let (p, nothing) = provider(Mood::Well).await;
    let heard = Arc::new(Heard::default());
    let done = apply(&p, nothing, planned(r#"{"create": "90s"}"#), &heard).await;
    assert!(done.findings.is_empty());
    let state = done.state;
    assert_eq!(state.ty(), sample().schema().block.implied_type());
    assert!(state.is_wholly_known());
    assert!(state.get("note").unwrap().is_null());
    assert_eq!(
        state.get("timeouts").unwrap().get("create"),
        Some(&Value::string("90s"))
    );
    assert_eq!(*p.client().unwrap().deadline.lock().unwrap(), Some(90));
    // The checkpoint told an id alone; what is durable is the planned object with it.
    let told = heard.0.lock().unwrap()[0].clone();
    assert_eq!(told.get("id"), Some(&Value::string("t-9")));
    assert_eq!(told.get("cloud"), Some(&Value::string("AWS")));
    assert!(told.is_wholly_known());
}

#[tokio::test]
async fn deadlines_come_from_the_table_if_the_user_names_none() {
    let (p, nothing) = provider(Mood::Well).await;
    apply(&p, nothing, planned("null"), &Arc::new(Heard::default())).await;
    assert_eq!(*p.client().unwrap().deadline.lock().unwrap(), Some(7200));
}

#[tokio::test]
async fn failures_keep_what_is_known() {
    let (p, nothing) = provider(Mood::FailsHalfway).await;
    let heard = Arc::new(Heard::default());
    let half = apply(&p, nothing.clone(), planned("null"), &heard).await;
    assert_eq!(half.findings[0].summary, "Boom");
    assert_eq!(half.state.get("id"), Some(&Value::string("t-9")));
    assert_eq!(half.state.get("cloud"), Some(&Value::string("AWS")));
    assert!(half.state.get("endpoint").unwrap().is_null());

    let (p, nothing) = provider(Mood::LosesTheAnswer).await;
    let lost = apply(&p, nothing, planned("null"), &heard).await;
    assert!(lost.outcome_unknown && lost.state.is_null());

    let prior = object(MADE);
    let unchanged = apply(
        &p,
        prior.clone(),
        prior.with_attr("note", Value::string("x")),
        &heard,
    )
    .await;
    assert_eq!(unchanged.state, prior);
}

#[tokio::test]
async fn reads_answer_in_order_and_see_what_is_gone() {
    let group = |n: usize| -> Vec<ReadRequest> {
        (0..n)
            .map(|i| ReadRequest {
                type_name: "sample_thing".to_owned(),
                prior: object(MADE).with_attr(
                    "timeouts",
                    object(&format!(r#"{{"timeouts": {{"create": "{i}s"}}}}"#))
                        .get("timeouts")
                        .unwrap()
                        .clone(),
                ),
                private: None,
            })
            .collect()
    };
    let (p, _) = provider(Mood::Well).await;
    for (i, answer) in p.read(group(40)).await.into_iter().enumerate() {
        let create = answer
            .state
            .get("timeouts")
            .unwrap()
            .get("create")
            .unwrap()
            .clone();
        assert_eq!(create, Value::string(format!("{i}s")));
        assert!(answer.state.get("note").unwrap().is_null());
    }
    let (p, _) = provider(Mood::Gone).await;
    assert!(p.read(group(1)).await[0].state.is_null());
}

#[tokio::test]
async fn unknown_outcomes_are_looked_up() {
    let ask = |prior: Value, planned: Value, checkpoint: Option<Value>| RecoverRequest {
        type_name: "sample_thing".to_owned(),
        prior,
        planned,
        checkpoint,
        private: None,
        started_at: "2026-01-01T00:00:00Z".to_owned(),
        token: "t".to_owned(),
        known_ids: Vec::new(),
        chosen: None,
    };
    let (p, nothing) = provider(Mood::Well).await;
    let done = p
        .recover(ask(nothing.clone(), planned("null"), Some(made())))
        .await
        .unwrap();
    assert!(matches!(done, Recovery::Done(v, _) if v.ty() == nothing.ty()));
    let not = p
        .recover(ask(nothing.clone(), planned("null"), None))
        .await
        .unwrap();
    assert!(matches!(not, Recovery::NotDone));
    // A delete whose object is still there, and an update that is not to be seen: what is there counts.
    let not = p.recover(ask(object(MADE), nothing.clone(), None)).await.unwrap();
    assert!(matches!(not, Recovery::NotDone));
    let other = object(MADE).with_attr("note", Value::string("changed"));
    let seen = p.recover(ask(object(MADE), other.clone(), None)).await.unwrap();
    assert!(matches!(seen, Recovery::Done(v, _) if v.get("note") != other.get("note")));
    let (p, nothing) = provider(Mood::Gone).await;
    let gone = p.recover(ask(object(MADE), nothing, None)).await.unwrap();
    assert!(matches!(gone, Recovery::Done(v, _) if v.is_null()));
}

#[tokio::test]
async fn stored_objects_are_brought_up_to_date_and_newer_ones_refused() {
    let (p, _) = provider(Mood::Well).await;
    let value = p
        .upgrade("sample_thing", 0, r#"{"id": "t", "old": 1, "cloud": "AWS"}"#)
        .await
        .unwrap();
    assert_eq!(value.get("cloud"), Some(&Value::string("AWS")));
    let refused = p.upgrade("sample_thing", 2, "{}").await.unwrap_err();
    assert_eq!(
        refused[0].summary,
        "Resource instance managed by newer provider version"
    );
    assert!(p.upgrade("sample_thing", 1, "{").await.is_err());
    let imported = p.import("sample_thing", "t-3").await.unwrap();
    assert_eq!(imported[0].state.get("id"), Some(&Value::string("t-3")));
}

#[test]
fn a_factory_makes_schemas_when_they_are_asked_for() {
    let factory = DeclaredFactory::new(
        Table::<Api>::new("1.0.0", provider_block, |_| Err(Findings::new())).resource("sample_thing", Thing),
    );
    assert_eq!(
        factory.type_names(streamform_lang::addrs::Mode::Managed),
        ["sample_thing"]
    );
    assert!(
        factory
            .schema(streamform_lang::addrs::Mode::Managed, "sample_thing")
            .is_some()
    );
    assert!(
        factory
            .schema(streamform_lang::addrs::Mode::Data, "sample_thing")
            .is_none()
    );
    assert!(factory.config_schema().block.attribute("id").is_none());
}
