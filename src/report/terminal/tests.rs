use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::ModulePath;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Path;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_provider::schema::Attribute;
use streamform_provider::schema::Block;
use streamform_provider::schema::NestedBlock;
use streamform_provider::schema::Nesting;
use streamform_provider::schema::Schema;

use super::*;
use crate::plan::Action;
use crate::plan::ActionReason;
use crate::plan::CheckKind;
use crate::plan::CheckResult;
use crate::plan::CheckStatus;
use crate::plan::ExecutionGraph;
use crate::plan::InstanceChange;
use crate::plan::OutputChange;
use crate::plan::Plan;
use crate::plan::PlanMode;
use crate::plan::Summary;
use crate::report::model::PlanReport;

/// `terraform_data`, and whatever else a test needs.
pub(crate) fn data_schema() -> Arc<Schema> {
    Arc::new(Schema {
        version: 0,
        block: Block {
            attributes: vec![
                ("id".into(), Attribute::computed(Type::String)),
                ("input".into(), Attribute::optional(Type::Any)),
                ("output".into(), Attribute::computed(Type::Any)),
                ("triggers_replace".into(), Attribute::optional(Type::Any)),
            ],
            ..Block::default()
        },
    })
}

fn topic_schema() -> Arc<Schema> {
    let mut secret = Attribute::required(Type::String);
    secret.sensitive = true;
    Arc::new(Schema {
        version: 0,
        block: Block {
            attributes: vec![
                ("config".into(), Attribute::optional(Type::map(Type::String))),
                ("id".into(), Attribute::computed(Type::String)),
                ("partitions_count".into(), Attribute::optional(Type::Number)),
                ("topic_name".into(), Attribute::required(Type::String)),
            ],
            blocks: vec![
                (
                    "credentials".into(),
                    NestedBlock {
                        nesting: Nesting::List,
                        block: Block {
                            attributes: vec![
                                ("key".into(), Attribute::required(Type::String)),
                                ("secret".into(), secret),
                            ],
                            ..Block::default()
                        },
                        min_items: 0,
                        max_items: Some(1),
                    },
                ),
                (
                    "kafka_cluster".into(),
                    NestedBlock {
                        nesting: Nesting::List,
                        block: Block {
                            attributes: vec![("id".into(), Attribute::required(Type::String))],
                            ..Block::default()
                        },
                        min_items: 0,
                        max_items: Some(1),
                    },
                ),
            ],
            ..Block::default()
        },
    })
}

pub(crate) fn object(items: &[(&str, Value)]) -> Value {
    Value::object(items.iter().map(|(n, v)| (Name::from(*n), v.clone())))
}

pub(crate) fn nothing() -> Value {
    Value::null(Type::Any)
}

pub(crate) fn data(id: Value, input: Value, output: Value, triggers: Value) -> Value {
    object(&[
        ("id", id),
        ("input", input),
        ("output", output),
        ("triggers_replace", triggers),
    ])
}

pub(crate) fn change(
    address: &str,
    schema: &Arc<Schema>,
    action: Action,
    before: Value,
    after: Value,
) -> InstanceChange {
    InstanceChange {
        address: AbsInstance::parse(address).unwrap(),
        previous_address: None,
        deposed: None,
        provider: AbsProviderConfig {
            module: ModulePath::root(),
            provider: ProviderAddr::builtin(),
            alias: None,
        },
        schema: Arc::clone(schema),
        action,
        reason: None,
        explanation: None,
        before,
        after,
        replace_paths: Vec::new(),
        before_private: Default::default(),
        after_private: Default::default(),
        dependencies: Vec::new(),
        create_before_destroy: false,
        prevent_destroy: false,
        skip_destroy: false,
        importing: None,
    }
}

pub(crate) fn plan(changes: Vec<InstanceChange>, outputs: Vec<OutputChange>) -> Plan {
    Plan {
        moves: Vec::new(),
        mode: PlanMode::Normal,
        timestamp: "2026-01-01T00:00:00Z".into(),
        changes,
        drift: Vec::new(),
        relevant: Vec::new(),
        outputs,
        checks: Vec::new(),
        untouched: Vec::new(),
        deferred: Vec::new(),
        graph: ExecutionGraph::default(),
        targets: Vec::new(),
        excludes: Vec::new(),
        variables: Vec::new(),
        lineage: String::new(),
        serial: 0,
        records_read: Vec::new(),
        errored: false,
        diagnostics: Diagnostics::new(),
    }
}

pub(crate) fn output(name: &str, action: Action, before: Value, after: Value) -> OutputChange {
    OutputChange {
        name: name.into(),
        action,
        before,
        after,
        sensitive: false,
    }
}

fn s(text: &str) -> Value {
    Value::string(text)
}

fn n(n: usize) -> Value {
    Value::number(n)
}

pub(crate) fn unknown() -> Value {
    Value::unknown(Type::Any)
}

fn text_of(plan: &Plan) -> String {
    plan_text(&PlanReport::of(plan), &TextStyle::default())
}

/// The case of one `terraform_data` whose input goes from one value to another, recorded from Terraform 1.11.4.
fn input_text(before: Value, after: Value) -> String {
    let c = change(
        "terraform_data.t",
        &data_schema(),
        Action::Update,
        data(s("i"), before, nothing(), s("same")),
        data(s("i"), after, nothing(), s("same")),
    );
    let text = text_of(&plan(vec![c], vec![]));
    let from = text.find("      ~ input").unwrap();
    let to = text
        .rfind("        # (1 unchanged attribute hidden)\n    }")
        .unwrap();
    text[from..to].to_owned()
}

fn json(text: &str) -> Value {
    streamform_lang::value::from_json_implied(text).unwrap()
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
fn input_differences_recorded_from_terraform() {
    let check = |before: &str, after: &str, expected: &str| {
        assert_eq!(
            input_text(json(before), json(after)),
            expected,
            "{before} -> {after}"
        );
    };
    check(
        r#"["a","b","c","d","e"]"#,
        r#"["a","x","c","d","e"]"#,
        "      ~ input            = [
            \"a\",
          ~ \"b\" -> \"x\",
            \"c\",
            # (2 unchanged elements hidden)
        ]\n",
    );
    check(
        r#"["a","b","c","d","e","f"]"#,
        r#"["a","b","z","c","d","e","f"]"#,
        "      ~ input            = [
            # (1 unchanged element hidden)
            \"b\",
          + \"z\",
            \"c\",
            # (3 unchanged elements hidden)
        ]\n",
    );
    check(
        r#"["b","c","d"]"#,
        r#"["a"]"#,
        "      ~ input            = [
          - \"b\",
          - \"c\",
          - \"d\",
          + \"a\",
        ]\n",
    );
    check(
        r#"{"a":1,"b":2,"longer_key":"c"}"#,
        r#"{"a":1,"b":3,"d":4}"#,
        "      ~ input            = {
          ~ b          = 2 -> 3
          + d          = 4
          - longer_key = \"c\"
            # (1 unchanged attribute hidden)
        }\n",
    );
    check(
        r#"{"a":1}"#,
        "[1]",
        "      ~ input            = {
          - a = 1
        } -> [
          + 1,
        ]\n",
    );
    check(
        r#"{"a":null}"#,
        r#"{"a":1}"#,
        "      ~ input            = {\n          ~ a = null -> 1\n        }\n",
    );
    check(
        r#"{"a":1}"#,
        r#"{"a":null}"#,
        "      ~ input            = {\n          ~ a = 1 -> null\n        }\n",
    );
    check("1", "1.25", "      ~ input            = 1 -> 1.25\n");
    check("true", "false", "      ~ input            = true -> false\n");
    check(
        r#""{\"a\":1,\"b\":[1,2,3,4]}""#,
        r#""{\"a\":1,\"b\":[1,2,4]}""#,
        "      ~ input            = jsonencode(
          ~ {
              ~ b = [
                    # (1 unchanged element hidden)
                    2,
                  - 3,
                    4,
                ]
                # (1 unchanged attribute hidden)
            }
        )\n",
    );
    check(
        r#""{\"a\": 1}""#,
        r#""{\"a\":1}""#,
        "      ~ input            = jsonencode( # whitespace changes
            {
                a = 1
            }
        )\n",
    );
    check(
        r#"[[["a"],["b"]]]"#,
        r#"[[["a"],["c"]]]"#,
        "      ~ input            = [
          ~ [
                [
                    \"a\",
                ],
              ~ [
                  ~ \"b\" -> \"c\",
                ],
            ],
        ]\n",
    );
    check(
        r#"{"1z":2,"a b":1,"c":2,"x-y":3,"é":5}"#,
        r#"{"1z":3,"a b":2,"c":2,"x-y":4,"é":6}"#,
        "      ~ input            = {
          ~ \"1z\"  = 2 -> 3
          ~ \"a b\" = 1 -> 2
          ~ x-y   = 3 -> 4
          ~ é     = 5 -> 6
            # (1 unchanged attribute hidden)
        }\n",
    );
    check(
        r#"{"id":"a","name":"b","other":1,"q":1,"tags":{"x":1,"y":2}}"#,
        r#"{"id":"a","name":"b","other":2,"q":1,"tags":{"x":1,"y":2}}"#,
        "      ~ input            = {
            id    = \"a\"
            name  = \"b\"
          ~ other = 1 -> 2
            tags  = {
                x = 1
                y = 2
            }
            # (1 unchanged attribute hidden)
        }\n",
    );
    check(
        r#""one""#,
        r#""a\nb""#,
        "      ~ input            = <<-EOT
          - one
          + a
          + b
        EOT\n",
    );
    check(
        r#""a""#,
        r#""${x} \"q\" \\ \t""#,
        "      ~ input            = \"a\" -> \"${x} \\\"q\\\" \\\\ \\t\"\n",
    );
    check(
        "[]",
        r#"["a"]"#,
        "      ~ input            = [\n          + \"a\",\n        ]\n",
    );
}

#[test]
fn long_texts_are_folded_and_words_stand_out() {
    let lines = |mark: &str| {
        (0..30)
            .map(|i| {
                if i == 15 {
                    format!("SELECT {mark} FROM t\n")
                } else {
                    format!("line {i}\n")
                }
            })
            .collect::<String>()
    };
    let (before, after) = (s(&lines("COUNT(x)")), s(&lines("SUM(x)")));
    insta::assert_snapshot!(input_text(before.clone(), after.clone()));
    let c = change(
        "terraform_data.t",
        &data_schema(),
        Action::Update,
        data(s("i"), before, nothing(), nothing()),
        data(s("i"), after, nothing(), nothing()),
    );
    let style = TextStyle {
        paint: Paint::new(true),
        width: 78,
    };
    let text = plan_text(&PlanReport::of(&plan(vec![c], vec![])), &style);
    assert!(text.contains("\u{1b}[1;4;32m"), "{text}");
}

#[test]
fn results() {
    let style = TextStyle::default();
    let done = Summary {
        add: 5,
        change: 1,
        destroy: 2,
        ..Summary::default()
    };
    assert_eq!(
        apply_complete_text(&done, &style),
        "Apply complete! Resources: 5 added, 1 changed, 2 destroyed.\n"
    );
    assert_eq!(
        destroy_complete_text(&done, &style),
        "Destroy complete! Resources: 2 destroyed.\n"
    );
    let (a, b, c) = (Name::from("a"), Name::from("b"), Name::from("c"));
    let (v, w, x) = (json(r#"{"k":1}"#), s("hush"), s("t\n"));
    assert_eq!(
        outputs_text([(&a, &v, false), (&b, &w, true), (&c, &x, false)]),
        "a = {\n  \"k\" = 1\n}\nb = <sensitive>\nc = <<EOT\nt\n\nEOT\n"
    );
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

#[test]
fn events_as_terraform_prints_them() {
    use crate::plan::Event;
    use crate::plan::Operation;
    let id = Some("ab-1".to_owned());
    let at = || "terraform_data.a".to_owned();
    let started = |operation| Event::Started {
        address: at(),
        operation,
        id: id.clone(),
    };
    let completed = |operation, secs| Event::Completed {
        address: at(),
        operation,
        id: id.clone(),
        elapsed: std::time::Duration::from_secs(secs),
    };
    let line = |e: Event| event_line(&e, Paint::plain()).unwrap_or_default();
    assert_eq!(line(started(Operation::Create)), "terraform_data.a: Creating...");
    assert_eq!(
        line(started(Operation::Update)),
        "terraform_data.a: Modifying... [id=ab-1]"
    );
    assert_eq!(
        line(started(Operation::Delete)),
        "terraform_data.a: Destroying... [id=ab-1]"
    );
    assert_eq!(
        line(started(Operation::Refresh)),
        "terraform_data.a: Refreshing state... [id=ab-1]"
    );
    assert_eq!(
        line(completed(Operation::Create, 0)),
        "terraform_data.a: Creation complete after 0s [id=ab-1]"
    );
    assert_eq!(
        line(completed(Operation::Update, 65)),
        "terraform_data.a: Modifications complete after 1m5s [id=ab-1]"
    );
    assert_eq!(
        line(completed(Operation::Delete, 3600)),
        "terraform_data.a: Destruction complete after 1h0m0s"
    );
    assert_eq!(line(completed(Operation::Refresh, 0)), "");
    let hostile = Event::Skipped {
        address: "a[\"\u{1b}[31m\"]".into(),
    };
    assert!(!line(hostile).contains('\u{1b}'));
}

#[test]
fn progress_writes_lines_and_reminds() {
    use crate::plan::Event;
    use crate::plan::Observer;
    use crate::plan::Operation;
    use crate::report::ui::Captured;
    use crate::report::ui::Ui;
    use crate::report::ui::UiSettings;
    let err = Captured::default();
    let ui = Ui::with_streams(
        UiSettings::default(),
        Box::new(std::io::sink()),
        Box::new(err.clone()),
        Box::new(std::io::empty()),
    );
    let progress = Progress::new(ui);
    let address = "terraform_data.a".to_owned();
    progress.event(Event::Started {
        address: address.clone(),
        operation: Operation::Create,
        id: None,
    });
    progress.event(Event::Phase {
        address: address.clone(),
        text: "PROVISIONING".into(),
        elapsed: std::time::Duration::from_secs(9),
    });
    let now = std::time::Instant::now();
    progress.remind(now);
    progress.remind(now + std::time::Duration::from_secs(11));
    progress.remind(now + std::time::Duration::from_secs(12));
    progress.remind(now + std::time::Duration::from_secs(25));
    progress.event(Event::Completed {
        address,
        operation: Operation::Create,
        id: None,
        elapsed: std::time::Duration::from_secs(26),
    });
    progress.remind(now + std::time::Duration::from_secs(40));
    assert_eq!(
        err.text(),
        "terraform_data.a: Creating...\n\
         terraform_data.a: Still creating... [10s elapsed] (PROVISIONING)\n\
         terraform_data.a: Still creating... [20s elapsed] (PROVISIONING)\n\
         terraform_data.a: Creation complete after 26s\n"
    );
}
