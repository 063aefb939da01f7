use std::time::Instant;

use streamform_lang::value::Path;

use super::*;

fn object(id: Value, input: Value, output: Value, triggers: Value) -> Value {
    Value::object([
        (Name::from("id"), id),
        (Name::from("input"), input),
        (Name::from("output"), output),
        (Name::from("triggers_replace"), triggers),
    ])
}

fn null() -> Value {
    Value::null(Type::Any)
}

fn config(input: Value, triggers: Value) -> Value {
    object(Value::null(Type::String), input, null(), triggers)
}

fn plan(prior: &Value, config: &Value) -> PlanResponse {
    Builtin::default().plan(PlanRequest {
        type_name: DATA.to_owned(),
        prior: prior.clone(),
        config: config.clone(),
        proposed: schema::proposed(prior, config, &DATA_SCHEMA.block),
        private: None,
    })
}

fn made(input: Value, triggers: Value) -> Value {
    object(Value::string("8d1f"), input.clone(), input, triggers)
}

#[test]
fn a_new_object_has_an_unknown_id_and_an_output_of_the_inputs_type() {
    let nothing = Value::null(DATA_SCHEMA.block.implied_type());
    let p = plan(&nothing, &config(Value::string("x"), null())).planned;
    assert!(!p.get("id").unwrap().is_known());
    assert_eq!(p.get("output"), Some(&Value::unknown(Type::String)));
    let p = plan(&nothing, &config(null(), null())).planned;
    assert!(p.get("output").unwrap().is_null());
}

#[test]
fn input_changes_in_place_and_triggers_replace() {
    let prior = made(Value::string("x"), Value::number(1_usize));
    let same = plan(&prior, &config(Value::string("x"), Value::number(1_usize)));
    assert_eq!(same.planned, prior);

    let changed = plan(&prior, &config(Value::bool(true), Value::number(1_usize)));
    assert!(changed.requires_replace.is_empty());
    assert_eq!(changed.planned.get("id"), prior.get("id"));
    assert_eq!(changed.planned.get("output"), Some(&Value::unknown(Type::Bool)));

    let replaced = plan(&prior, &config(Value::string("x"), Value::number(2_usize)));
    assert_eq!(replaced.requires_replace, [Path::attr("triggers_replace")]);
    assert!(!replaced.planned.get("id").unwrap().is_known());

    let unknown = plan(&prior, &config(Value::string("x"), Value::unknown(Type::Any)));
    assert_eq!(unknown.requires_replace, [Path::attr("triggers_replace")]);
}

#[test]
fn apply_settles_what_was_unknown() {
    let nothing = Value::null(DATA_SCHEMA.block.implied_type());
    let input = Value::tuple([Value::number(1_usize), Value::string("a")]);
    let a = terraform_data::apply(plan(&nothing, &config(input.clone(), null())).planned);
    let b = terraform_data::apply(plan(&nothing, &config(input.clone(), null())).planned);
    assert!(a.is_wholly_known());
    assert_eq!(a.get("output"), Some(&input));
    assert_ne!(a.get("id"), b.get("id"));
    assert!(terraform_data::apply(nothing).is_null());
}

#[test]
fn stored_and_read_back_it_is_the_same() {
    for input in [
        null(),
        Value::string("x\n\"ü\""),
        Value::number(streamform_lang::value::Number::parse("12345678901234567890123.5").unwrap()),
        Value::tuple([Value::bool(true), null()]),
        Value::map(Type::Number, [(Name::from("a"), Value::number(1_usize))]),
        Value::set(Type::String, [Value::string("b"), Value::string("a")]),
        Value::object([(Name::from("x"), Value::list(Type::String, []))]),
    ] {
        let value = made(input, Value::string("t"));
        let stored = schema::to_state_json(&value, &DATA_SCHEMA.block);
        let back = schema::from_state_json(&stored, &DATA_SCHEMA.block).unwrap();
        assert_eq!(back, value, "{stored}");
    }
}

#[test]
fn the_stored_form_is_terraforms() {
    let value = made(Value::tuple([Value::string("x")]), null());
    assert_eq!(
        schema::to_state_json(&value, &DATA_SCHEMA.block),
        r#"{"id":"8d1f","input":{"value":["x"],"type":["tuple",["string"]]},"output":{"value":["x"],"type":["tuple",["string"]]},"triggers_replace":null}"#
    );
}

#[test]
fn read_only_attributes_cannot_be_configured() {
    let config = object(Value::string("x"), null(), Value::number(3_usize), null());
    let summaries: Vec<String> = Builtin::default()
        .validate(Mode::Managed, DATA, &config)
        .into_iter()
        .map(|d| d.summary)
        .collect();
    assert_eq!(
        summaries,
        [
            "\"id\" attribute is read-only",
            "\"output\" attribute is read-only"
        ]
    );
}

#[test]
fn ten_thousand_objects_are_planned_in_linear_time() {
    let prior = made(Value::string("x"), Value::number(1_usize));
    let config = config(Value::string("y"), Value::number(1_usize));
    let started = Instant::now();
    for _ in 0..10_000 {
        assert!(!plan(&prior, &config).planned.is_wholly_known());
    }
    // Generous: an unoptimised build on a busy machine.
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}
