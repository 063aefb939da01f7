use super::super::oracle::{answer, call, l, n, o, s, secret, t};
use crate::value::Marks;
use crate::value::Type;
use crate::value::Value;
use crate::value::convert;

fn null() -> Value {
    Value::null(Type::Any)
}
fn set(items: &[&str]) -> Value {
    Value::set(Type::String, items.iter().map(|i| s(i)))
}
fn map(items: &[(&str, &str)]) -> Value {
    Value::map(Type::String, items.iter().map(|(k, v)| ((*k).into(), s(v))))
}
fn b(items: &[bool]) -> Value {
    Value::tuple(items.iter().map(|b| Value::bool(*b)))
}

/// Recorded from `terraform console`.
#[test]
fn sequences() {
    let abc = || t(&["a", "b", "c"]);
    for (name, args, expected) in [
        ("alltrue", vec![b(&[true, true])], "true"),
        ("alltrue", vec![b(&[])], "true"),
        (
            "alltrue",
            vec![Value::tuple([Value::bool(true), null()])],
            "false",
        ),
        ("anytrue", vec![b(&[])], "false"),
        ("anytrue", vec![Value::tuple([null(), Value::bool(true)])], "true"),
        ("chunklist", vec![abc(), n("2")], r#"[["a","b"],["c"]]"#),
        ("chunklist", vec![t(&["a"]), n("0")], r#"[["a"]]"#),
        ("chunklist", vec![t(&[]), n("2")], "[]"),
        (
            "chunklist",
            vec![abc(), n("-1")],
            "the size argument must be positive",
        ),
        ("coalesce", vec![null(), n("1"), s("a")], "\"1\""),
        ("coalesce", vec![s(""), null(), s("x")], "\"x\""),
        ("coalesce", vec![n("0"), n("1")], "0"),
        ("coalesce", vec![null(), Value::tuple([n("1")])], "[1]"),
        ("coalesce", vec![], "all arguments must have the same type"),
        (
            "coalesce",
            vec![n("1"), t(&[])],
            "all arguments must have the same type",
        ),
        (
            "coalesce",
            vec![null()],
            "no non-null, non-empty-string arguments",
        ),
        ("coalescelist", vec![t(&[]), t(&["b"])], "[\"b\"]"),
        (
            "coalescelist",
            vec![s("a")],
            "coalescelist arguments must be lists or tuples",
        ),
        ("coalescelist", vec![t(&[]), t(&[])], "no non-null arguments"),
        ("coalescelist", vec![], "at least one argument is required"),
        ("compact", vec![Value::tuple([s("a"), s(""), null()])], "[\"a\"]"),
        ("compact", vec![set(&["b", "", "a"])], "[\"a\",\"b\"]"),
        ("compact", vec![s("a")], "argument 0: list of string required"),
        ("concat", vec![Value::tuple([n("1")]), t(&["x"])], "[1,\"x\"]"),
        (
            "concat",
            vec![l(&["a"]), Value::list(Type::Number, [n("1")])],
            "[\"a\",\"1\"]",
        ),
        ("concat", vec![l(&["a"]), Value::list(Type::Any, [])], "[\"a\"]"),
        ("concat", vec![], "at least one argument is required"),
        (
            "concat",
            vec![t(&["a"]), s("b")],
            "argument 1: all arguments must be lists or tuples; got string",
        ),
        ("contains", vec![t(&["1"]), n("1")], "false"),
        ("contains", vec![Value::tuple([n("1"), s("1")]), s("1")], "true"),
        ("contains", vec![set(&["a"]), s("a")], "true"),
        ("contains", vec![Value::tuple([s("a"), null()]), s("z")], "false"),
        (
            "contains",
            vec![t(&[]), null()],
            "argument 1: argument must not be null",
        ),
        (
            "contains",
            vec![s("a"), s("b")],
            "argument must be list, tuple, or set",
        ),
        ("distinct", vec![t(&["b", "a", "b"])], "[\"b\",\"a\"]"),
        ("distinct", vec![Value::tuple([n("1"), s("1")])], "[\"1\"]"),
        (
            "distinct",
            vec![s("a")],
            "argument 0: list of any single type required",
        ),
        ("element", vec![abc(), n("4")], "\"b\""),
        (
            "element",
            vec![t(&[]), n("0")],
            "cannot use element function with an empty list",
        ),
        (
            "element",
            vec![s("a"), n("0")],
            "cannot read elements from string",
        ),
        (
            "element",
            vec![set(&["a"]), n("0")],
            "cannot read elements from set of string",
        ),
        (
            "element",
            vec![abc(), n("-1")],
            "cannot use element function with a negative index",
        ),
        (
            "element",
            vec![convert(&abc(), &Type::list(Type::String)).unwrap(), n("-4")],
            "\"c\"",
        ),
        (
            "flatten",
            vec![Value::tuple([
                t(&["a"]),
                null(),
                Value::tuple([t(&["b"])]),
                o(&[]),
            ])],
            "[\"a\",null,\"b\",{}]",
        ),
        ("flatten", vec![s("a")], "can only flatten lists, sets and tuples"),
        ("flatten", vec![o(&[])], "can only flatten lists, sets and tuples"),
        ("index", vec![abc(), s("b")], "1"),
        ("index", vec![t(&[]), s("b")], "cannot search an empty list"),
        ("index", vec![abc(), s("z")], "item not found"),
        (
            "index",
            vec![set(&["a"]), s("a")],
            "argument must be a list or tuple",
        ),
        ("length", vec![s("🏳️‍🌈한국어")], "4"),
        ("length", vec![abc()], "3"),
        ("length", vec![map(&[("a", "b")])], "1"),
        (
            "length",
            vec![Value::bool(true)],
            "argument must be a string, a collection type, or a structural type",
        ),
        (
            "matchkeys",
            vec![abc(), t(&["1", "2", "3"]), t(&["1", "3"])],
            "[\"a\",\"c\"]",
        ),
        (
            "matchkeys",
            vec![t(&["a"]), Value::tuple([n("1")]), t(&["1"])],
            "[\"a\"]",
        ),
        (
            "matchkeys",
            vec![t(&["a"]), abc(), abc()],
            "length of keys and values should be equal",
        ),
        ("one", vec![t(&[])], "null"),
        ("one", vec![set(&["a"])], "\"a\""),
        (
            "one",
            vec![abc()],
            "argument 0: must be a list, set, or tuple value with either zero or one elements",
        ),
        ("reverse", vec![Value::tuple([n("1"), s("a")])], "[\"a\",1]"),
        ("reverse", vec![set(&["a", "b"])], "[\"b\",\"a\"]"),
        (
            "reverse",
            vec![s("a")],
            "argument 0: can only reverse list or tuple values, not string",
        ),
        ("slice", vec![abc(), n("1"), n("3")], "[\"b\",\"c\"]"),
        (
            "slice",
            vec![abc(), n("2"), n("1")],
            "argument 1: start index must not be greater than end index",
        ),
        (
            "slice",
            vec![abc(), n("0"), n("4")],
            "argument 2: end index must not be greater than the length of the list",
        ),
        (
            "slice",
            vec![s("a"), n("0"), n("1")],
            "argument 0: must be a list or tuple value",
        ),
    ] {
        assert_eq!(answer(name, &args), expected, "{name}({args:?})");
    }
}

#[test]
fn maps_and_objects() {
    let obj = || o(&[("b", n("1")), ("a", s("x"))]);
    for (name, args, expected) in [
        ("keys", vec![obj()], "[\"a\",\"b\"]"),
        ("keys", vec![s("a")], "argument 0: must have map or object type"),
        ("lookup", vec![obj(), s("a")], "\"x\""),
        ("lookup", vec![obj(), s("z"), t(&["d"])], "[\"d\"]"),
        ("lookup", vec![o(&[]), s("x"), null()], "null"),
        (
            "lookup",
            vec![obj(), s("z")],
            "argument 0: the given object has no attribute \"z\"",
        ),
        (
            "lookup",
            vec![map(&[]), s("z")],
            "lookup failed to find key \"z\"",
        ),
        (
            "lookup",
            vec![Value::map(Type::Number, []), s("z"), s("x")],
            "argument 2: the default value must have the same type as the map elements",
        ),
        (
            "lookup",
            vec![s("a"), s("b"), s("c")],
            "argument 0: lookup() requires a map as the first argument",
        ),
        (
            "lookup",
            vec![obj(), s("a"), n("1"), n("2")],
            "lookup() takes two or three arguments, got 4",
        ),
        ("merge", vec![], "{}"),
        ("merge", vec![null()], "{}"),
        (
            "merge",
            vec![o(&[("a", n("1"))]), o(&[("a", s("x"))])],
            "{\"a\":\"x\"}",
        ),
        (
            "merge",
            vec![
                map(&[("a", "1")]),
                Value::map(Type::Number, [("b".into(), n("2"))]),
            ],
            "{\"a\":\"1\",\"b\":2}",
        ),
        (
            "merge",
            vec![t(&[])],
            "arguments must be maps or objects, got \"tuple\"",
        ),
        (
            "transpose",
            vec![o(&[("a", t(&["1", "2"])), ("b", t(&["2"]))])],
            "{\"1\":[\"a\"],\"2\":[\"a\",\"b\"]}",
        ),
        (
            "transpose",
            vec![o(&[("a", Value::tuple([null()]))])],
            "input list must not contain null string",
        ),
        (
            "transpose",
            vec![t(&["a"])],
            "argument 0: map of list of string required",
        ),
        ("values", vec![obj()], "[\"x\",1]"),
        (
            "values",
            vec![s("a")],
            "values() requires a map as the first argument",
        ),
        (
            "zipmap",
            vec![t(&["b", "a"]), t(&["x", "y"])],
            "{\"a\":\"y\",\"b\":\"x\"}",
        ),
        ("zipmap", vec![t(&["a", "a"]), l(&["x", "y"])], "{\"a\":\"y\"}"),
        (
            "zipmap",
            vec![t(&["a"]), t(&[])],
            "number of keys (1) does not match number of values (0)",
        ),
        (
            "zipmap",
            vec![Value::tuple([null()]), t(&["x"])],
            "keys list has null value at index 0",
        ),
        (
            "zipmap",
            vec![t(&["a"]), s("x")],
            "values argument must be a list or tuple value",
        ),
    ] {
        assert_eq!(answer(name, &args), expected, "{name}({args:?})");
    }
    assert_eq!(
        call("merge", &[map(&[("a", "1")]), map(&[("b", "2")])]).unwrap(),
        map(&[("a", "1"), ("b", "2")])
    );
}

#[test]
fn sets() {
    for (name, args, expected) in [
        ("setintersection", vec![t(&["a", "b"]), t(&["b", "c"])], "[\"b\"]"),
        (
            "setintersection",
            vec![Value::tuple([n("1"), n("2")]), t(&["2"])],
            "[\"2\"]",
        ),
        (
            "setsubtract",
            vec![Value::tuple([n("1"), n("2")]), t(&["2"])],
            "[\"1\"]",
        ),
        ("setsubtract", vec![t(&[]), t(&["a"])], "[]"),
        (
            "setunion",
            vec![Value::tuple([n("1")]), t(&["a"])],
            "[\"1\",\"a\"]",
        ),
        ("setunion", vec![t(&[]), t(&[])], "[]"),
        (
            "setunion",
            vec![Value::tuple([t(&["a"])]), t(&["a"])],
            "given sets must all have compatible element types",
        ),
        (
            "setproduct",
            vec![t(&["a", "b"]), Value::tuple([n("1"), n("2")])],
            r#"[["a",1],["a",2],["b",1],["b",2]]"#,
        ),
        (
            "setproduct",
            vec![set(&["b", "a"]), t(&["x"])],
            r#"[["a","x"],["b","x"]]"#,
        ),
        ("setproduct", vec![t(&["a"]), t(&[])], "[]"),
        (
            "setproduct",
            vec![t(&["a"])],
            "at least two arguments are required",
        ),
        (
            "setproduct",
            vec![t(&["a"]), s("b")],
            "argument 1: a set or a list is required",
        ),
        (
            "setproduct",
            vec![Value::tuple([t(&[]), s("a")]), t(&[])],
            "argument 0: all elements must be of the same type",
        ),
    ] {
        assert_eq!(answer(name, &args), expected, "{name}({args:?})");
    }
    let thousand = Value::list(Type::Number, (0..1000usize).map(Value::number));
    assert!(
        answer("setproduct", &[thousand.clone(), thousand.clone(), thousand])
            .starts_with("more than 1048576")
    );
}

#[test]
fn unknown_parts() {
    let u = || Value::unknown(Type::String);
    let waits = |v: Value, ty: Type| assert!(!v.is_known() && v.ty() == ty, "{v:?}");
    let bools = Value::tuple([Value::unknown(Type::Bool), Value::bool(true)]);
    waits(call("alltrue", std::slice::from_ref(&bools)).unwrap(), Type::Bool);
    assert_eq!(answer("anytrue", &[bools]), "true");
    waits(call("coalesce", &[null(), u()]).unwrap(), Type::String);
    waits(
        call("distinct", &[Value::tuple([u(), s("a")])]).unwrap(),
        Type::list(Type::String),
    );
    assert_eq!(
        call("coalescelist", &[t(&[]), Value::tuple([u()])]).unwrap(),
        Value::tuple([u()])
    );
    waits(
        call(
            "coalescelist",
            &[Value::unknown(Type::list(Type::String)), t(&["a"])],
        )
        .unwrap(),
        Type::Any,
    );
    waits(
        call("element", &[t(&["a"]), Value::unknown(Type::Number)]).unwrap(),
        Type::Any,
    );
    waits(
        call("element", &[l(&["a"]), Value::unknown(Type::Number)]).unwrap(),
        Type::String,
    );
    assert_eq!(
        call("flatten", &[Value::tuple([Value::tuple([u()]), s("a")])]).unwrap(),
        Value::tuple([u(), s("a")])
    );
    waits(
        call(
            "flatten",
            &[Value::tuple([Value::unknown(Type::list(Type::String))])],
        )
        .unwrap(),
        Type::Any,
    );
    assert_eq!(answer("contains", &[Value::tuple([u(), s("a")]), s("a")]), "true");
    waits(
        call("contains", &[Value::tuple([u()]), s("a")]).unwrap(),
        Type::Bool,
    );
    assert_eq!(answer("contains", &[Value::tuple([u()]), n("1")]), "false");
    waits(
        call("index", &[Value::tuple([u(), s("a")]), s("a")]).unwrap(),
        Type::Number,
    );
    assert_eq!(answer("length", &[Value::tuple([u(), u()])]), "2");
    waits(
        call("length", &[Value::set(Type::String, [u(), s("x")])]).unwrap(),
        Type::Number,
    );
    assert_eq!(answer("keys", &[o(&[("a", u())])]), "[\"a\"]");
    assert_eq!(answer("lookup", &[o(&[("a", u())]), s("b"), s("d")]), "\"d\"");
    waits(
        call("lookup", &[map(&[("a", "b")]), u(), s("d")]).unwrap(),
        Type::String,
    );
    assert_eq!(
        call("merge", &[o(&[("a", n("1"))]), o(&[("b", u())])])
            .unwrap()
            .get("a"),
        Some(&n("1"))
    );
    waits(
        call(
            "merge",
            &[o(&[("a", n("1"))]), Value::unknown(Type::map(Type::String))],
        )
        .unwrap(),
        Type::Any,
    );
    waits(
        call("setsubtract", &[Value::tuple([u(), s("a")]), t(&["a"])]).unwrap(),
        Type::set(Type::String),
    );
    waits(
        call("slice", &[t(&["a"]), n("0"), Value::unknown(Type::Number)]).unwrap(),
        Type::Any,
    );
    waits(
        call("zipmap", &[Value::tuple([u()]), t(&["a"])]).unwrap(),
        Type::Any,
    );
    assert_eq!(
        call("zipmap", &[t(&["a"]), Value::tuple([u()])]).unwrap(),
        o(&[("a", u())])
    );
    waits(
        call("one", &[Value::unknown(Type::list(Type::String))]).unwrap(),
        Type::String,
    );
    waits(
        call(
            "setproduct",
            &[t(&["a"]), Value::unknown(Type::list(Type::String))],
        )
        .unwrap(),
        Type::list(Type::tuple([Type::String, Type::String])),
    );
}

#[test]
fn secrets_stay_where_they_are() {
    let inside = || Value::tuple([secret(n("1")), n("2")]);
    for name in ["length", "keys"] {
        let arg = if name == "keys" {
            o(&[("a", secret(n("1")))])
        } else {
            inside()
        };
        assert!(call(name, &[arg]).unwrap().deep_marks().is_empty(), "{name}");
    }
    assert!(call("length", &[secret(t(&["a"]))]).unwrap().is_sensitive());
    let joined = call("concat", &[inside(), t(&["a"])]).unwrap();
    assert!(!joined.is_sensitive() && joined.items().unwrap()[0].is_sensitive());
    assert!(
        call("concat", &[secret(t(&["a"])), t(&["b"])])
            .unwrap()
            .is_sensitive()
    );
    assert!(!call("element", &[inside(), n("1")]).unwrap().is_sensitive());
    assert!(
        call("lookup", &[o(&[("a", secret(n("1")))]), s("a")])
            .unwrap()
            .is_sensitive()
    );
    assert!(
        call("coalesce", &[s("b"), secret(s("a"))])
            .unwrap()
            .is_sensitive()
    );
    assert!(
        call("flatten", &[Value::tuple([secret(t(&["a"])), t(&["b"])])])
            .unwrap()
            .is_sensitive()
    );
    let keys = Value::tuple([secret(s("a"))]);
    assert!(call("zipmap", &[keys, t(&["x"])]).unwrap().is_sensitive());
    let merged = call("merge", &[o(&[("a", secret(n("1")))]), o(&[("b", n("2"))])]).unwrap();
    assert!(!merged.is_sensitive() && merged.deep_marks().contains(Marks::SENSITIVE));
    let key = call("lookup", &[map(&[]), secret(s("hunter2"))]).unwrap_err();
    assert!(!format!("{key:?}").contains("hunter2"));
}

#[test]
fn merge_looks_at_its_arguments_in_order() {
    assert!(call("merge", &[t(&["1"]), null()]).is_err());
    assert!(call("merge", &[null(), t(&["1"])]).is_err());
    assert!(
        !call("merge", &[Value::unknown(Type::Any), t(&["1"])])
            .unwrap()
            .is_known()
    );
    assert_eq!(
        call("merge", &[null(), o(&[("a", n("1"))])]).unwrap(),
        o(&[("a", n("1"))])
    );
    // Behind an argument of no type yet, null is no error.
    assert!(call("concat", &[Value::unknown(Type::Any), null()]).is_ok());
    assert!(call("concat", &[null(), Value::unknown(Type::Any)]).is_err());
}
