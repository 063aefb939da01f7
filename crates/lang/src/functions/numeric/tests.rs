use super::super::oracle::{answer, call, n, s, secret};
use super::*;

#[test]
fn numbers_in_number_out() {
    for (name, args, expected) in [
        ("abs", vec!["-1.5"], "1.5"),
        ("ceil", vec!["1.2"], "2"),
        ("ceil", vec!["-1.5"], "-1"),
        ("ceil", vec!["1e30"], "1000000000000000000000000000000"),
        ("floor", vec!["-0.5"], "-1"),
        ("floor", vec!["1e20"], "100000000000000000000"),
        ("log", vec!["50", "10"], "1.6989700043360185"),
        ("log", vec!["27", "3"], "3.0000000000000004"),
        ("log", vec!["8", "2"], "3"),
        ("log", vec!["-1", "10"], "the result is not a real number"),
        ("pow", vec!["2", "10"], "1024"),
        ("pow", vec!["2", "100"], "1267650600228229400000000000000"),
        ("pow", vec!["3", "40"], "12157665459056929000"),
        ("pow", vec!["10", "-2"], "0.01"),
        ("pow", vec!["2", "0.5"], "1.4142135623730951"),
        ("pow", vec!["10", "400"], "+Inf"),
        ("max", vec!["7", "12", "9"], "12"),
        ("min", vec!["-1", "-2"], "-2"),
        ("max", vec![], "must pass at least one number"),
        ("signum", vec!["-5"], "-1"),
        (
            "signum",
            vec!["0.5"],
            "value must be a whole number, between -9223372036854775808 and 9223372036854775807",
        ),
        ("range", vec!["5"], "[0,1,2,3,4]"),
        ("range", vec!["-3"], "[0,-1,-2]"),
        ("range", vec!["3", "1"], "[3,2]"),
        ("range", vec!["5", "0", "-2"], "[5,3,1]"),
        ("range", vec!["0", "1", "0.25"], "[0,0.25,0.5,0.75]"),
        ("range", vec!["1", "1"], "[]"),
        ("range", vec![], "must have one, two, or three arguments"),
        (
            "range",
            vec!["10", "0", "1"],
            "argument 1: end must be greater than start when step is positive",
        ),
        (
            "range",
            vec!["0", "10", "-1"],
            "argument 1: end must be less than start when step is negative",
        ),
        (
            "range",
            vec!["1e30"],
            "more than 1024 values were generated; either decrease the difference between start and end or use a smaller step",
        ),
        (
            "range",
            vec!["0", "1", "0"],
            "more than 1024 values were generated; either decrease the difference between start and end or use a smaller step",
        ),
    ] {
        let values: Vec<Value> = args.iter().map(|a| n(a)).collect();
        assert_eq!(answer(name, &values), expected, "{name}({args:?})");
    }
}

#[test]
fn reading_whole_numbers() {
    for (text, base, expected) in [
        ("1011", "2", "11"),
        ("FF", "16", "255"),
        ("-ff", "16", "-255"),
        ("+12", "10", "12"),
        ("Z", "36", "35"),
        ("aA", "62", "656"),
        ("zZ", "62", "2231"),
        (
            "123456789012345678901234567890",
            "10",
            "123456789012345678901234567890",
        ),
        (
            "12.5",
            "10",
            "argument 0: cannot parse \"12.5\" as a base 10 integer",
        ),
        (
            "1_000",
            "10",
            "argument 0: cannot parse \"1_000\" as a base 10 integer",
        ),
        ("", "10", "argument 0: cannot parse \"\" as a base 10 integer"),
        (
            "--1",
            "10",
            "argument 0: cannot parse \"--1\" as a base 10 integer",
        ),
        ("Zz", "40", "argument 0: cannot parse \"Zz\" as a base 40 integer"),
        (
            "10",
            "63",
            "argument 1: base must be a whole number between 2 and 62 inclusive",
        ),
    ] {
        assert_eq!(answer("parseint", &[s(text), n(base)]), expected);
    }
    assert_eq!(
        answer("parseint", &[n("11"), n("2")]),
        "argument 0: first argument must be a string, not number"
    );
}

#[test]
fn sums() {
    for (list, expected) in [
        (Value::tuple([n("1"), n("2.5")]), "3.5"),
        (Value::tuple([s("1"), n("2")]), "3"),
        (Value::tuple([n("1e20"), n("1"), n("-1e20")]), "1"),
        (Value::set(Type::Number, [n("1"), n("2")]), "3"),
        (Value::tuple([]), "argument 0: cannot sum an empty list"),
        (s("a"), "argument 0: cannot sum noniterable"),
        (
            Value::object([]),
            "argument 0: argument must be list, set, or tuple. Received object",
        ),
        (
            Value::tuple([n("1"), Value::null(Type::Any)]),
            "argument 0: argument must be list, set, or tuple of number values",
        ),
        (
            Value::tuple([Value::tuple([])]),
            "argument 0: argument must be list, set, or tuple of number values",
        ),
    ] {
        assert_eq!(answer("sum", &[list]), expected);
    }
    // Nothing is said about what is known before all is.
    assert!(
        !call("sum", &[Value::tuple([s("a"), Value::unknown(Type::Number)])])
            .unwrap()
            .is_known()
    );
    let waits = call("sum", &[Value::tuple([n("1"), Value::unknown(Type::Number)])]).unwrap();
    assert_eq!(waits, Value::unknown_not_null(Type::Number));
}

#[test]
fn unknown_null_and_secret() {
    assert_eq!(
        call("max", &[n("1"), Value::unknown(Type::Any)]).unwrap(),
        Value::unknown_not_null(Type::Number)
    );
    assert_eq!(
        answer("abs", &[Value::null(Type::Any)]),
        "argument 0: argument must not be null"
    );
    assert!(call("min", &[secret(n("1")), n("2")]).unwrap().is_sensitive());
}
