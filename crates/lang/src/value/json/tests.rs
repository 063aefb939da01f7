use super::*;
use crate::value::Number;

fn obj(items: &[(&str, Value)]) -> Value {
    Value::object(items.iter().map(|(k, v)| (Name::from(*k), v.clone())))
}

#[test]
fn writes_as_jsonencode() {
    let value = obj(&[
        ("b", Value::number(Number::parse("1.50").unwrap())),
        (
            "a",
            Value::list(Type::Bool, [Value::bool(true), Value::null(Type::Bool)]),
        ),
        ("t", Value::string("<&>\u{2028}\u{7f}\n\"\\é😀")),
    ]);
    assert_eq!(
        to_json(&value).unwrap(),
        "{\"a\":[true,null],\"b\":1.5,\"t\":\"\\u003c\\u0026\\u003e\\u2028\u{7f}\\n\\\"\\\\é😀\"}"
    );
    let e = to_json(&Value::tuple([Value::unknown(Type::String)])).unwrap_err();
    assert_eq!(e.with_path(), "[0]: value is not known");
}

#[test]
fn any_keeps_its_type() {
    let ty = Type::object([("v".into(), Type::Any), ("n".into(), Type::Any)]);
    let value = obj(&[
        ("n", Value::null(Type::Any)),
        ("v", Value::list(Type::String, [Value::string("x")])),
    ]);
    let text = to_json_as(&value, &ty).unwrap();
    assert_eq!(text, r#"{"n":null,"v":{"value":["x"],"type":["list","string"]}}"#);
    assert_eq!(from_json(&text, &ty).unwrap(), value);
    let typed = obj(&[("n", Value::null(Type::String)), ("v", Value::null(Type::Any))]);
    let text = to_json_as(&typed, &ty).unwrap();
    assert_eq!(text, r#"{"n":{"value":null,"type":"string"},"v":null}"#);
    assert_eq!(from_json(&text, &ty).unwrap(), typed);
}

#[test]
fn reads_what_it_suggests() {
    let value = from_json_implied(" {\"a\": [1e2, -0.5, 123456789012345678901234567890], \"a\\u0062\": \"\\ud83d\\ude00\\ud800\", \"a\":[]}\n")
        .unwrap();
    assert_eq!(to_json(&value).unwrap(), "{\"a\":[],\"ab\":\"😀\u{fffd}\"}");
    assert_eq!(
        to_json(&from_json_implied("[123456789012345678901234567890,0.1]").unwrap()).unwrap(),
        "[123456789012345678901234567890,0.1]"
    );
    for (text, why) in [
        ("", "EOF"),
        ("[1,", "EOF"),
        ("[1,]", "invalid character ']'"),
        ("{a:1}", "invalid character 'a'"),
        ("1 2", "extraneous data after JSON object"),
        ("01", "extraneous data after JSON object"),
        ("tru", "EOF"),
        ("\"a", "unexpected EOF"),
        ("\"\\x\"", "invalid character 'x' in string escape code"),
        ("\"\u{1}\"", "invalid character '\\u{1}' in string literal"),
        ("1.", "EOF"),
    ] {
        assert_eq!(from_json_implied(text).unwrap_err().message, why, "{text}");
    }
    assert!(from_json_implied(&"[".repeat(100_000)).is_err());
}

#[test]
fn reads_as_a_type() {
    let ty = Type::object([
        ("m".into(), Type::map(Type::Number)),
        ("s".into(), Type::set(Type::String)),
        ("x".into(), Type::Bool),
    ]);
    let value = from_json(r#"{"m":{"k":"1"},"s":["b","a","b"]}"#, &ty).unwrap();
    assert_eq!(value.ty(), ty);
    assert_eq!(
        to_json(&value).unwrap(),
        r#"{"m":{"k":1},"s":["a","b"],"x":null}"#
    );
    assert_eq!(
        from_json(r#"{"m":{"k":[]}}"#, &ty).unwrap_err().with_path(),
        ".m[\"k\"]: a number is required"
    );
    assert_eq!(
        from_json(r#"{"y":1}"#, &ty).unwrap_err().message,
        "unsupported attribute \"y\""
    );
}

#[test]
fn types_round_trip() {
    let ty = Type::Object(crate::value::ObjectType::with_optional(
        [
            ("a".into(), Type::list(Type::set(Type::Bool))),
            ("b".into(), Type::tuple([Type::Any, Type::map(Type::Number)])),
        ],
        ["b".into()],
    ));
    let json = type_to_json(&ty);
    assert_eq!(
        json.to_string(),
        r#"["object",{"a":["list",["set","bool"]],"b":["tuple",["dynamic",["map","number"]]]},["b"]]"#
    );
    assert_eq!(type_from_json(&json).unwrap(), ty);
    assert!(type_from_json(&serde_json::json!(["list"])).is_err());
    assert!(type_from_json(&serde_json::json!("text")).is_err());
}

#[test]
fn serde_is_exact_or_refused() {
    let value = from_json_implied(r#"{"a":[1,18446744073709551615,0.1,null,"x",true]}"#).unwrap();
    let json = to_serde(&value).unwrap();
    assert_eq!(
        json.to_string(),
        r#"{"a":[1,18446744073709551615,0.1,null,"x",true]}"#
    );
    assert_eq!(from_serde(&json), value);
    let third = Value::number(Number::ONE.div(&Number::from(3i64)).unwrap());
    assert!(to_serde(&third).is_err());
}

proptest::proptest! {
    #[test]
    fn hostile_text_never_panics(text in "[\\[\\]{}:,\"\\\\0-9a-fnrtuE.+ é-]{0,40}") {
        if let Ok(value) = from_json_implied(&text) {
            let again = to_json(&value).unwrap();
            proptest::prop_assert_eq!(to_json(&from_json_implied(&again).unwrap()).unwrap(), again);
        }
    }
}
