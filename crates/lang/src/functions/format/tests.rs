use super::super::oracle::{answer, call, l, n, o, s, secret, t};
use super::*;

fn fmt(pattern: &str, args: &[Value]) -> String {
    let mut all = vec![s(pattern)];
    all.extend_from_slice(args);
    answer("format", &all)
}

#[test]
fn verbs() {
    let half = || n("1.5");
    for (pattern, args, expected) in [
        ("%s %s", vec![s("a"), n("12")], "a 12"),
        ("%%", vec![], "%"),
        ("%[2]s %[1]s", vec![s("a"), s("b")], "b a"),
        ("%[2]d %[1]d %d", vec![n("1"), n("2")], "2 1 2"),
        (
            "%05d|%-5d|%+d|% d|%.3d|%8.3d",
            vec![n("42"); 6],
            "00042|42   |+42| 42|042|     042",
        ),
        (
            "%x %X %#x %#o %b %#b",
            vec![n("255"), n("255"), n("255"), n("8"), n("5"), n("5")],
            "ff FF 0xff 010 101 0b101",
        ),
        (
            "%d",
            vec![n("123456789012345678901234567890")],
            "123456789012345678901234567890",
        ),
        ("%d", vec![s("12")], "12"),
        (
            "%5.1f|%-8.2f|%08.3f|%+.0f|% f",
            vec![n("3.14159"), n("2.5"), n("-1.5"), n("2.5"), n("1")],
            "  3.1|2.50    |-001.500|+2| 1.000000",
        ),
        (
            "%-+8.2f|%+08.2f|% 8.2f",
            vec![n("3.14159"); 3],
            "+3.14   |+0003.14|    3.14",
        ),
        (
            "%20g|%-20g|%020g",
            vec![half(), n("-1.5"), n("-1.5")],
            "                 1.5|-1.5                |-00000000000000001.5",
        ),
        (
            "%v %v %v %v",
            vec![half(), n("1e30"), n("1e-7"), n("123456789012")],
            "1.5 1e+30 1e-07 1.23456789012e+11",
        ),
        (
            "%10v|%-10v|%05v",
            vec![n("1"), Value::bool(true), s("x")],
            "         1|true      |0000x",
        ),
        (
            "%05s|%-5s|%-05s|%5s",
            vec![s("a"), s("b"), s("c"), s("日本")],
            "0000a|b    |c0000|   日本",
        ),
        ("%.0s|%.s|%.1s|%.10s", vec![s("abc"); 4], "abc|abc|a|abc"),
        ("%5s|", vec![s("👩‍👩‍👧‍👦")], "    👩‍👩‍👧‍👦|"),
        ("%t %5t", vec![s("true"), s("false")], "true false"),
        (
            "%v",
            vec![o(&[("a", n("1")), ("b", Value::tuple([Value::bool(true)]))])],
            r#"{"a":1,"b":[true]}"#,
        ),
        ("%#v", vec![Value::null(Type::String)], "null"),
    ] {
        assert_eq!(
            fmt(pattern, &args),
            crate::value::to_json(&s(expected)).unwrap(),
            "{pattern}"
        );
    }
    assert_eq!(fmt("%q", &[s("a\n<\"")]), r#""\"a\\n\\u003c\\\"\"""#);
}

#[test]
fn mistakes() {
    for (pattern, args, expected) in [
        (
            "%s %s",
            vec![s("a")],
            "not enough arguments for \"%s\" at 3: need index 2 but have 1 total",
        ),
        (
            "%s",
            vec![s("a"), s("b")],
            "argument 2: too many arguments; only 1 used by format string",
        ),
        (
            "x",
            vec![s("a")],
            "argument 1: too many arguments; no verbs in format string",
        ),
        (
            "%s",
            vec![t(&["a"])],
            "unsupported value for \"%s\" at 0: string required",
        ),
        (
            "%d",
            vec![n("1.5")],
            "unsupported value for \"%d\" at 0: an integer is required",
        ),
        (
            "%d",
            vec![Value::bool(true)],
            "unsupported value for \"%d\" at 0: number required",
        ),
        (
            "%d",
            vec![s("abc")],
            "unsupported value for \"%d\" at 0: a number is required",
        ),
        (
            "%t",
            vec![n("1")],
            "unsupported value for \"%t\" at 0: bool required",
        ),
        (
            "%s",
            vec![Value::null(Type::String)],
            "unsupported value for \"%s\" at 0: null value cannot be formatted",
        ),
        (
            "%z",
            vec![n("1")],
            "unsupported format verb 'z' in \"%z\" at offset 0",
        ),
        (
            "%é",
            vec![n("1")],
            "unrecognized format character 'é' at offset 1",
        ),
        (
            "%*d",
            vec![n("5"), n("42")],
            "unrecognized format character '*' at offset 1",
        ),
        ("%5", vec![n("1")], "invalid format string starting at offset 2"),
        ("abc%", vec![], "invalid format string starting at offset 4"),
        (
            "%[0]d",
            vec![n("1")],
            "unrecognized format character '0' at offset 2",
        ),
        (
            "%[1d",
            vec![n("1")],
            "unrecognized format character 'd' at offset 3",
        ),
        (
            "%[3]s",
            vec![s("a")],
            "not enough arguments for \"%[3]s\" at 0: need index 3 but have 1 total",
        ),
        (
            "%99999999999s",
            vec![s("a")],
            "unsupported value for \"%99999999999s\" at 0: the result would be longer than 64 MiB",
        ),
        (
            "%9999999d",
            vec![n("1")],
            "unsupported value for \"%9999999d\" at 0: width and precision must not be greater than 1000000",
        ),
    ] {
        assert_eq!(fmt(pattern, &args), expected, "{pattern}");
    }
}

#[test]
fn lists() {
    let unknown = Value::unknown(Type::String);
    for (args, expected) in [
        (vec![s("%s-%s"), t(&["a", "b"]), s("c")], r#"["a-c","b-c"]"#),
        (vec![s("%s"), t(&[])], "[]"),
        (vec![s("a")], r#"["a"]"#),
        (vec![s("%s"), s("x")], r#"["x"]"#),
        (
            vec![s("%s")],
            "not enough arguments for \"%s\" at 0: need index 1 but have 0 total",
        ),
        (
            vec![s("%s-%s"), t(&["a", "b"]), l(&["c"])],
            "argument 2: argument 2 has length 1, which is inconsistent with argument 1 of length 2",
        ),
        (
            vec![s("%d"), t(&["a"])],
            "error on format iteration 0: unsupported value for \"%d\" at 0: a number is required",
        ),
    ] {
        assert_eq!(answer("formatlist", &args), expected);
    }
    assert_eq!(
        call("formatlist", &[s("%s"), Value::tuple([unknown, s("b")])]).unwrap(),
        Value::list(Type::String, [Value::unknown_not_null(Type::String), s("b")])
    );
    assert!(
        !call("formatlist", &[s("%s"), Value::unknown(Type::list(Type::String))])
            .unwrap()
            .is_known()
    );
}

#[test]
fn unknown_null_and_secret() {
    let unknown = Value::unknown(Type::String);
    let v = call("format", &[s("id: %s"), unknown]).unwrap();
    assert_eq!(
        super::super::define::refinement(&v).prefix.as_deref(),
        Some("id:")
    );
    assert_eq!(
        call("format", &[s("%s"), Value::null(Type::Any)]).unwrap(),
        Value::unknown(Type::Any)
    );
    assert!(call("format", &[s("%s"), secret(s("x"))]).unwrap().is_sensitive());
}
