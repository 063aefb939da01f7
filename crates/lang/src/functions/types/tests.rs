use super::super::oracle::{answer, call, n, o, s, secret, t};
use super::*;

#[test]
fn conversions() {
    let null = || Value::null(Type::Any);
    for (name, value, expected) in [
        ("tostring", n("1e30"), "\"1000000000000000000000000000000\""),
        ("tostring", Value::bool(true), "\"true\""),
        ("tostring", null(), "null"),
        ("tonumber", s("1.50"), "1.5"),
        ("tobool", s("0"), "false"),
        ("tolist", Value::tuple([n("1"), s("a")]), "[\"1\",\"a\"]"),
        ("toset", t(&["b", "a", "b"]), "[\"a\",\"b\"]"),
        (
            "tomap",
            o(&[("a", n("1")), ("b", s("x"))]),
            "{\"a\":\"1\",\"b\":\"x\"}",
        ),
        ("tobool", n("1"), "argument 0: cannot convert number to bool"),
        (
            "tobool",
            s("yes"),
            "argument 0: cannot convert \"yes\" to bool; only the strings \"true\" or \"false\" are allowed",
        ),
        (
            "tonumber",
            s(" 1"),
            "argument 0: cannot convert \" 1\" to number; given string must be a decimal representation of a number",
        ),
        ("tonumber", t(&[]), "argument 0: cannot convert tuple to number"),
        ("tostring", o(&[]), "argument 0: cannot convert object to string"),
        (
            "tolist",
            n("1"),
            "argument 0: cannot convert number to list of any single type",
        ),
        (
            "tolist",
            Value::tuple([n("1"), t(&[])]),
            "argument 0: cannot convert tuple to list of any single type",
        ),
        (
            "tomap",
            t(&["a"]),
            "argument 0: cannot convert tuple to map of any single type",
        ),
    ] {
        assert_eq!(
            answer(name, std::slice::from_ref(&value)),
            expected,
            "{name}({value:?})"
        );
    }
    assert_eq!(
        call("tolist", &[null()]).unwrap(),
        Value::null(Type::list(Type::Any))
    );
    assert_eq!(
        call("tonumber", &[Value::unknown(Type::String)]).unwrap().ty(),
        Type::Number
    );
    let secret_text = call("tonumber", &[secret(s("hunter2"))]).unwrap_err();
    assert!(!format!("{secret_text:?}").contains("hunter2"));
}

#[test]
fn marks_come_and_go() {
    let inside = Value::tuple([secret(s("a"))]);
    assert_eq!(answer("issensitive", std::slice::from_ref(&inside)), "false");
    assert_eq!(answer("issensitive", &[secret(s("a"))]), "true");
    assert!(
        !call("issensitive", &[Value::unknown(Type::String)])
            .unwrap()
            .is_known()
    );
    assert!(call("sensitive", &[s("a")]).unwrap().is_sensitive());
    assert!(!call("nonsensitive", &[secret(s("a"))]).unwrap().is_sensitive());
    let still = call("nonsensitive", &[secret(inside)]).unwrap();
    assert!(!still.is_sensitive() && still.deep_marks().contains(Marks::SENSITIVE));
    let list = call("tolist", &[Value::tuple([secret(s("a")), s("b")])]).unwrap();
    assert!(!list.is_sensitive() && list.items().unwrap()[0].is_sensitive());
}

#[test]
fn ephemeral_becomes_null() {
    let e = s("a").with_marks(Marks::EPHEMERAL);
    let v = call("ephemeralasnull", &[o(&[("a", e), ("b", s("x"))])]).unwrap();
    assert_eq!(v, o(&[("a", Value::null(Type::String)), ("b", s("x"))]));
}

#[test]
fn of_what_is_not_known_only_the_kind_is_promised() {
    let strings = Value::unknown_not_null(Type::list(Type::String));
    assert_eq!(
        call("toset", std::slice::from_ref(&strings)).unwrap(),
        Value::unknown(Type::set(Type::Any))
    );
    let any = Value::unknown(Type::Any).with_marks(Marks::SENSITIVE);
    assert_eq!(
        call("tomap", &[any]).unwrap(),
        Value::unknown(Type::map(Type::Any)).with_marks(Marks::SENSITIVE)
    );
    // An ephemeral value that is not known may have another type when it is dropped.
    let later = Value::unknown_not_null(Type::String).with_marks(Marks::EPHEMERAL);
    assert_eq!(
        call("ephemeralasnull", &[later]).unwrap(),
        Value::unknown(Type::String)
    );
}
