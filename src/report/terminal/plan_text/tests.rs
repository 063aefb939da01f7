use streamform_lang::addrs::AbsInstance;
use streamform_lang::value::Marks;
use streamform_lang::value::Path;
use streamform_lang::value::Type;
use streamform_lang::value::Value;

use super::*;
use crate::plan::ActionReason;
use crate::plan::CheckKind;
use crate::plan::CheckResult;
use crate::plan::OutputChange;
use crate::plan::Plan;
use crate::plan::Secrets;
use crate::report::specimens::change;
use crate::report::specimens::data;
use crate::report::specimens::data_schema;
use crate::report::specimens::json;
use crate::report::specimens::n;
use crate::report::specimens::nothing;
use crate::report::specimens::object;
use crate::report::specimens::output;
use crate::report::specimens::plan;
use crate::report::specimens::s;
use crate::report::specimens::topic_schema;
use crate::report::specimens::unknown;

/// The plan as it is shown.
pub(in crate::report::terminal) fn text_of(plan: &Plan) -> String {
    plan_text(&PlanReport::of(plan, &Secrets::default()), &TextStyle::default())
}

#[test]
fn creates_as_terraform_writes_them() {
    let schema = data_schema();
    let input = json(
        r#"{"b":true,"el":[],"empty":{},"list":["a","b"],"name":"x","nested":{"k":"v","long_key":null,"n":1.5}}"#,
    );
    let sql = s("INSERT INTO a\nSELECT x, COUNT(*) FROM b\nGROUP BY x\n");
    let plan = plan(
        vec![
            change(
                "terraform_data.a",
                &schema,
                Action::Create,
                nothing(),
                data(unknown(), input, unknown(), nothing()),
            ),
            change(
                "terraform_data.b[0]",
                &schema,
                Action::Create,
                nothing(),
                data(unknown(), sql, unknown(), Value::tuple([n(1), unknown()])),
            ),
            change(
                "terraform_data.j",
                &schema,
                Action::Create,
                nothing(),
                data(unknown(), s(r#"{"a":1,"b":[1,2],"v":1}"#), unknown(), nothing()),
            ),
            change(
                "terraform_data.s",
                &schema,
                Action::Create,
                nothing(),
                data(
                    unknown(),
                    s("hush").with_marks(Marks::SENSITIVE),
                    unknown(),
                    nothing(),
                ),
            ),
        ],
        vec![
            output("em", Action::Create, nothing(), Value::tuple([])),
            output("id", Action::Create, nothing(), unknown()),
            output(
                "list",
                Action::Create,
                nothing(),
                json(r#"[1,"x",null,["q"],{"k":"v"}]"#),
            ),
            output("q", Action::Create, nothing(), s("he said \"x\" ${foo} é\t")),
            OutputChange {
                sensitive: true,
                reached: true,
                ..output("sens", Action::Create, nothing(), s("hush"))
            },
            output("text", Action::Create, nothing(), s("a\nb\nv1\n")),
        ],
    );
    insta::assert_snapshot!(text_of(&plan));
}

#[test]
fn replaces_and_deletes_with_their_reasons() {
    let schema = data_schema();
    let sql = |x: &str| s(&format!("INSERT INTO a\nSELECT x, {x} FROM b\nGROUP BY x\n"));
    let mut replaced = change(
        "terraform_data.b[0]",
        &schema,
        Action::DeleteThenCreate,
        data(
            s("f061"),
            sql("COUNT(*)"),
            sql("COUNT(*)"),
            Value::tuple([n(1), s("5489")]),
        ),
        data(
            unknown(),
            sql("SUM(y)"),
            unknown(),
            Value::tuple([s("2"), s("5489")]),
        ),
    );
    replaced.reason = Some(ActionReason::ReplaceBecauseCannotUpdate);
    replaced.replace_paths = vec![Path::attr("triggers_replace")];
    replaced.explanation = Some(
        "The statement starts anew: its state is lost, and it reads its sources from the beginning.".into(),
    );
    let mut gone = change(
        "terraform_data.c[1]",
        &schema,
        Action::Delete,
        data(s("x"), s("in"), Value::tuple([n(1)]), nothing()),
        nothing(),
    );
    gone.reason = Some(ActionReason::DeleteBecauseCountIndex);
    let mut moved = change(
        "terraform_data.new",
        &schema,
        Action::NoOp,
        data(s("x"), nothing(), nothing(), nothing()),
        data(s("x"), nothing(), nothing(), nothing()),
    );
    moved.previous_address = Some(AbsInstance::parse("terraform_data.old").unwrap());
    let mut cbd = change(
        "terraform_data.r",
        &schema,
        Action::CreateThenDelete,
        data(s("x"), nothing(), nothing(), n(1)),
        data(unknown(), nothing(), nothing(), s("2")),
    );
    cbd.reason = Some(ActionReason::ReplaceByRequest);
    let mut deposed = change(
        "terraform_data.r",
        &schema,
        Action::Delete,
        data(s("y"), nothing(), nothing(), n(1)),
        nothing(),
    );
    deposed.deposed = Some("abcd1234".into());
    let plan = plan(
        vec![replaced, gone, moved, cbd, deposed],
        vec![
            output("text", Action::Update, s("a\nb\nv1\n"), s("a\nb\nv2\n")),
            output("gone", Action::Delete, json(r#"{"a":1}"#), nothing()),
        ],
    );
    insta::assert_snapshot!(text_of(&plan));
}

#[test]
fn blocks_maps_and_sensitive_attributes() {
    let schema = topic_schema();
    let credentials =
        |secret: &str| Value::list(Type::Any, [object(&[("key", s("K")), ("secret", s(secret))])]);
    let cluster = Value::list(Type::Any, [object(&[("id", s("lkc-1"))])]);
    let config =
        |items: &[(&str, &str)]| Value::map(Type::String, items.iter().map(|(k, v)| ((*k).into(), s(v))));
    let topic = |id: Value, config: Value, n: usize, credentials: Value, name: &str| {
        object(&[
            ("config", config),
            ("credentials", credentials),
            ("id", id),
            ("kafka_cluster", cluster.clone()),
            ("partitions_count", Value::number(n)),
            ("topic_name", s(name)),
        ])
    };
    let mut replaced = change(
        "confluent_kafka_topic.c",
        &schema,
        Action::DeleteThenCreate,
        topic(s("t3"), nothing(), 6, credentials("pass-word-1"), "old"),
        topic(unknown(), nothing(), 6, credentials("pass-word-1"), "new"),
    );
    replaced.replace_paths = vec![Path::attr("topic_name")];
    let plan = plan(
        vec![
            change(
                "confluent_kafka_topic.a",
                &schema,
                Action::Create,
                nothing(),
                topic(
                    unknown(),
                    config(&[("retention.ms", "1")]),
                    6,
                    credentials("pass-word-1"),
                    "orders",
                ),
            ),
            change(
                "confluent_kafka_topic.b",
                &schema,
                Action::Update,
                topic(
                    s("t2"),
                    config(&[("cleanup.policy", "delete"), ("retention.ms", "1"), ("x", "y")]),
                    6,
                    credentials("pass-word-1"),
                    "b",
                ),
                topic(
                    s("t2"),
                    config(&[("cleanup.policy", "delete"), ("retention.ms", "2")]),
                    6,
                    credentials("pass-word-2"),
                    "b",
                ),
            ),
            replaced,
            change(
                "confluent_kafka_topic.d",
                &schema,
                Action::Delete,
                topic(s("t4"), config(&[("a", "b")]), 1, credentials("pass-word-1"), "d"),
                nothing(),
            ),
        ],
        vec![output(
            "leak",
            Action::Create,
            nothing(),
            s("user=K;password=pass-word-1"),
        )],
    );
    let text = text_of(&plan);
    assert!(!text.contains("pass-word"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn nothing_to_do() {
    insta::assert_snapshot!(text_of(&plan(vec![], vec![])));
    let mut destroy = plan(vec![], vec![]);
    destroy.mode = PlanMode::Destroy;
    insta::assert_snapshot!(text_of(&destroy));
}

#[test]
fn drift_and_checks_and_outputs_alone() {
    let schema = data_schema();
    let mut p = plan(vec![], vec![output("o", Action::Create, nothing(), n(1))]);
    p.drift = vec![change(
        "terraform_data.a",
        &schema,
        Action::Update,
        data(s("x"), s("a"), nothing(), nothing()),
        data(s("x"), s("b"), nothing(), nothing()),
    )];
    // Nothing that changes comes from it: a refresh-only plan alone shows it.
    assert!(!text_of(&p).contains("outside"), "{}", text_of(&p));
    p.relevant = vec![crate::plan::RelevantDrift {
        index: 0,
        attributes: vec!["input".into()],
    }];
    p.checks = vec![CheckResult {
        kind: CheckKind::Check,
        address: "check.health".into(),
        status: CheckStatus::Fail,
        instances: vec![(
            "check.health".into(),
            CheckStatus::Fail,
            vec!["It is not well.".into()],
        )],
    }];
    insta::assert_snapshot!(text_of(&p));
    p.mode = PlanMode::RefreshOnly;
    insta::assert_snapshot!(text_of(&p));
}

#[test]
fn a_thousand_creates_are_written_fast_and_linearly() {
    let schema = data_schema();
    let changes = (0..1000)
        .map(|i| {
            change(
                &format!("terraform_data.a[{i}]"),
                &schema,
                Action::Create,
                nothing(),
                data(unknown(), json(r#"{"a":"x","b":[1,2,3]}"#), unknown(), nothing()),
            )
        })
        .collect();
    let text = text_of(&plan(changes, vec![]));
    assert_eq!(text.matches("will be created").count(), 1000);
    assert!(text.contains("Plan: 1000 to add"));
}
