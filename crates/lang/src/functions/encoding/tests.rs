use super::super::oracle::{answer, call, n, o, s, secret, t};
use super::*;

#[test]
fn text_formats() {
    for (name, args, expected) in [
        ("base64encode", vec![""], "\"\""),
        ("base64decode", vec!["aGVs\nbG8="], "\"hello\""),
        (
            "base64decode",
            vec!["aGVsbG8"],
            "failed to decode base64 data \"aGVsbG8\"",
        ),
        (
            "base64decode",
            vec!["/w=="],
            "the result of decoding the provided string is not valid UTF-8",
        ),
        (
            "base64gzip",
            vec!["hello"],
            "\"H4sIAAAAAAAA/8pIzcnJBwAAAP//AQAA//+GphA2BQAAAA==\"",
        ),
        (
            "base64gzip",
            vec![""],
            "\"H4sIAAAAAAAA/wAAAP//AQAA//8AAAAAAAAAAA==\"",
        ),
        (
            "urlencode",
            vec!["a~b-c_d.e!*'()é/ +"],
            "\"a~b-c_d.e%21%2A%27%28%29%C3%A9%2F+%2B\"",
        ),
        (
            "textencodebase64",
            vec!["Hello World", "UTF-16LE"],
            "\"SABlAGwAbABvACAAVwBvAHIAbABkAA==\"",
        ),
        ("textencodebase64", vec!["a", "UTF-16"], "\"/v8AYQ==\""),
        ("textencodebase64", vec!["日本", "EUC-JP"], "\"xvzL3A==\""),
        ("textencodebase64", vec!["日本", "Shift_JIS"], "\"k/qWew==\""),
        (
            "textencodebase64",
            vec!["日本", "iso-2022-jp"],
            "\"GyRCRnxLXBsoQg==\"",
        ),
        ("textencodebase64", vec!["é€", "ISO-8859-15"], "\"6aQ=\""),
        ("textencodebase64", vec!["é", "ISO-8859-1"], "\"6Q==\""),
        (
            "textencodebase64",
            vec!["日本", "ISO-8859-1"],
            "argument 0: the given string contains characters that cannot be represented in ISO_8859-1:1987",
        ),
        (
            "textencodebase64",
            vec!["x", "UTF8"],
            "argument 1: \"UTF8\" is not a supported IANA encoding name or alias in this version",
        ),
        ("textdecodebase64", vec!["aOlsbG8=", "windows-1252"], "\"héllo\""),
        (
            "textdecodebase64",
            vec!["!!", "UTF-8"],
            "argument 0: the given value is has an invalid base64 symbol at offset 0",
        ),
        (
            "textdecodebase64",
            vec!["/w==", "UTF-8"],
            "argument 0: the given string contains symbols that are not defined for UTF-8",
        ),
    ] {
        let values: Vec<Value> = args.iter().map(|a| s(a)).collect();
        assert_eq!(answer(name, &values), expected, "{name}({args:?})");
    }
}

#[test]
fn csv() {
    for (text, expected) in [
        ("a,b\n1,2\n3,4\n", r#"[{"a":"1","b":"2"},{"a":"3","b":"4"}]"#),
        ("a\n", "[]"),
        ("a b,c\n 1 ,2\n", r#"[{"a b":" 1 ","c":"2"}]"#),
        ("\n\na\n\n1", r#"[{"a":"1"}]"#),
        ("a,b\r\n\"1\r\n2\",3\r\n", r#"[{"a":"1\n2","b":"3"}]"#),
        ("\"a\",\"b\"\"c\"\n1,", r#"[{"a":"1","b\"c":""}]"#),
        ("a\n#x\n", r##"[{"a":"#x"}]"##),
        ("", "missing header line"),
        ("a,a\n1,2\n", "duplicate column name \"a\""),
        ("a,b\n1\n", "CSV parse error on line 2: wrong number of fields"),
        (
            "a\nx\"y\n",
            "CSV parse error on line 2: bare \" in non-quoted-field",
        ),
        (
            "a\n\"x\"y\n",
            "CSV parse error on line 2: extraneous or missing \" in quoted-field",
        ),
        (
            "a\n\"x",
            "CSV parse error on line 2: extraneous or missing \" in quoted-field",
        ),
    ] {
        assert_eq!(answer("csvdecode", &[s(text)]), expected, "{text:?}");
    }
    assert_eq!(
        call("csvdecode", &[s("a\n")]).unwrap().ty(),
        Type::list(Type::object([("a".into(), Type::String)]))
    );
}

#[test]
fn json() {
    for (text, expected) in [
        ("-1.5e3", "-1500"),
        (r#"{"b":1,"a":2,"a":3}"#, r#"{"a":3,"b":1}"#),
        (r#""\u00e9""#, "\"é\""),
        ("null", "null"),
    ] {
        assert_eq!(answer("jsondecode", &[s(text)]), expected, "{text}");
    }
    for bad in [
        "", "{", "[1,", "[1 2]", "nul", "1 2", "\"a", "// c\n1", "{\"a\":}",
    ] {
        assert!(call("jsondecode", &[s(bad)]).is_err(), "{bad}");
    }
    assert_eq!(
        answer("jsonencode", &[s("<a href='x'>&</a>")]),
        r#""\"\\u003ca href='x'\\u003e\\u0026\\u003c/a\\u003e\"""#
    );
    assert_eq!(answer("jsonencode", &[Value::null(Type::Any)]), "\"null\"");
    let half = call("jsonencode", &[o(&[("a", Value::unknown(Type::String))])]).unwrap();
    assert_eq!(refinement(&half).prefix.as_deref(), Some("{"));
    assert!(
        call("jsonencode", &[o(&[("a", secret(n("1")))])])
            .unwrap()
            .is_sensitive()
    );
    assert_eq!(call("jsondecode", &[half]).unwrap().ty(), Type::Any);
}

#[test]
fn yaml_written() {
    let long = "aaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccccc ddddddddddddddddddddd";
    for (value, expected) in [
        (
            Value::tuple([n("1"), s("a"), Value::null(Type::Any)]),
            "- 1\n- \"a\"\n- null\n",
        ),
        (o(&[("a", n("1")), ("b", s("x"))]), "\"a\": 1\n\"b\": \"x\"\n"),
        (n("1e20"), "100000000000000000000\n...\n"),
        (Value::null(Type::Any), "null\n...\n"),
        (s("~"), "\"~\"\n"),
        (t(&[]), "[]\n"),
        (o(&[]), "{}\n"),
        (s("a\nb"), "|-\n  a\n  b\n"),
        (s("a\nb\n"), "|\n  a\n  b\n"),
        (s("a\nb\n\n"), "|+\n  a\n  b\n\n"),
        (s("\n"), "|2+\n\n"),
        (s(" a\nb"), "|2-\n   a\n  b\n"),
        (s("a \nb"), "\"a \\nb\"\n"),
        (s("a\tb\nc"), "\"a\\tb\\nc\"\n"),
        (s("😀 é \u{1} \u{feff}"), "\"\\U0001F600 é \\x01 \\uFEFF\"\n"),
        (
            s(long),
            "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccccc\n  ddddddddddddddddddddd\"\n",
        ),
        (
            o(&[(
                "a",
                o(&[("b", Value::tuple([n("1"), Value::tuple([n("2"), s("x\ny")])]))]),
            )]),
            "\"a\":\n  \"b\":\n  - 1\n  - - 2\n    - |-\n      x\n      y\n",
        ),
        (
            Value::tuple([s("x\ny"), o(&[("a", t(&["p\nq"])), ("b", n("2"))])]),
            "- |-\n  x\n  y\n- \"a\":\n  - |-\n    p\n    q\n  \"b\": 2\n",
        ),
        (
            o(&[("a", s("x\n\n")), ("b", n("1"))]),
            "\"a\": |+\n  x\n\n\"b\": 1\n",
        ),
        (
            o(&[("a\nb", o(&[("c", n("1"))]))]),
            "? |-\n  a\n  b\n: \"c\": 1\n",
        ),
    ] {
        let written = call("yamlencode", &[value]).unwrap();
        assert_eq!(written.as_str().unwrap(), expected);
    }
}

#[test]
fn yaml_read() {
    for (text, expected) in [
        ("- 1\n- a\n- true", "[1,\"a\",true]"),
        // A block is understood and made text again; without a line break at its end it ends without one.
        ("|\n  a\n  b", "\"a\\nb\""),
        ("|\n  a\n  b\n", "\"a\\nb\\n\""),
        ("- |\n  x\n- >\n  y", "[\"x\\n\",\"true\"]"),
        ("|-\n  1.50\n", "\"1.5\""),
        (">-\n  .inf\n", "\"+Inf\""),
        ("a: |\nb: 1", "{\"a\":null,\"b\":1}"),
        ("~", "null"),
        ("''", "\"\""),
        ("0x1f", "31"),
        ("0o17", "15"),
        ("017", "17"),
        ("0b11", "\"0b11\""),
        ("1_000", "\"1_000\""),
        ("-.5", "-0.5"),
        ("+1", "1"),
        ("1.", "1"),
        (".", "\".\""),
        ("+", "\"+\""),
        ("-0x1", "\"-0x1\""),
        ("0o8", "\"0o8\""),
        ("12:30:45", "\"12:30:45\""),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        (
            "a: yes\nb: No\nc: on\nd: y\nf: 'yes'\nh: tRue",
            r#"{"a":true,"b":false,"c":true,"d":true,"f":"yes","h":"tRue"}"#,
        ),
        ("2001-12-14", "\"2001-12-14T00:00:00Z\""),
        ("2001-12-14T21:59:43.10-05:00", "\"2001-12-14T21:59:43-05:00\""),
        ("2001-12-14 21:59:43.10", "\"2001-12-14T21:59:43Z\""),
        ("2001-1-2t1:2:3Z", "\"2001-01-02T01:02:03Z\""),
        ("!!str 1", "\"1\""),
        ("!!int \"1\"", "\"1\""),
        ("!!bool yes", "true"),
        ("!!null x", "null"),
        ("!!binary aGVsbG8=", "\"aGVsbG8=\""),
        ("!!map {a: 1}", "{\"a\":1}"),
        ("1: a\ntrue: b", r#"{"1":"a","true":"b"}"#),
        ("a: 1\na: 2", "{\"a\":2}"),
        (
            "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2",
            r#"{"a":{"b":1},"c":{"b":1,"d":2}}"#,
        ),
        ("a: |-\n  x\n", "{\"a\":\"x\"}"),
        ("a: >-\n  x\n\n  y\n", "{\"a\":\"x\\ny\"}"),
        ("plain\n  multi\n  line", "\"plain multi line\""),
        ("a:", "{\"a\":null}"),
        ("--- a\n...\n", "\"a\""),
        ("!!bool x", "cannot parse \"x\" as tag:yaml.org,2002:bool"),
        ("!foo x", "unsupported tag \"!foo\""),
        ("!foo [a]", "can't interpret sequence as !foo"),
        ("? [a]\n: 1", "only strings are allowed as mapping keys"),
        ("~: 1", "mapping key cannot be null"),
        (".nan", "floating point NaN is not supported"),
        ("", "on line 1, column 1: missing start of document"),
    ] {
        assert_eq!(answer("yamldecode", &[s(text)]), expected, "{text:?}");
    }
    for bad in [
        "a: 1\n---\nb: 2",
        "*x",
        "&x [*x]",
        "a: [1, 2",
        "a: 'x",
        "\ta: 1",
        "a: b: c",
        "@a",
    ] {
        assert!(call("yamldecode", &[s(bad)]).is_err(), "{bad:?}");
    }
    // Aliases of aliases would grow to a billion values.
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (from, to) in ["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi"]
        .iter()
        .map(|p| p.split_at(1))
    {
        bomb.push_str(&format!(
            "{to}: &{to} [{}]\n",
            vec![format!("*{from}"); 10].join(", ")
        ));
    }
    assert!(answer("yamldecode", &[s(&bomb)]).contains("more than"), "bomb");
    assert!(call("yamldecode", &[s(&"[".repeat(10_000))]).is_err());
}

fn any_value() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    let leaf = prop_oneof![
        Just(Value::null(Type::Any)),
        any::<bool>().prop_map(Value::bool),
        any::<i64>().prop_map(Value::number),
        "[ -~é\n😀]{0,90}".prop_map(Value::string),
        "\\PC{0,10}".prop_map(Value::string),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::tuple),
            prop::collection::btree_map("[ -~\n]{0,6}", inner, 0..4)
                .prop_map(|m| Value::object(m.into_iter().map(|(k, v)| (Name::from(k), v)))),
        ]
    })
}

proptest::proptest! {
    #[test]
    fn json_there_and_back(v in any_value()) {
        let text = call("jsonencode", std::slice::from_ref(&v)).unwrap();
        assert_eq!(call("jsondecode", &[text]).unwrap(), v);
    }

    #[test]
    fn yaml_there_and_back(v in any_value()) {
        let text = call("yamlencode", std::slice::from_ref(&v)).unwrap();
        assert_eq!(call("yamldecode", std::slice::from_ref(&text)).unwrap(), v, "{}", text.as_str().unwrap());
    }

    #[test]
    fn base64_there_and_back(v: String) {
        let text = call("base64encode", &[s(&v)]).unwrap();
        assert_eq!(call("base64decode", &[text]).unwrap(), s(&v));
    }

    #[test]
    fn csv_there_and_back(rows in proptest::collection::vec(proptest::collection::vec("[a-z\", \n]{1,5}", 2), 0..5)) {
        let mut text = "a,b\n".to_owned();
        for row in &rows {
            let quoted: Vec<String> = row.iter().map(|f| format!("\"{}\"", f.replace('"', "\"\""))).collect();
            text.push_str(&quoted.join(","));
            text.push('\n');
        }
        let read = call("csvdecode", &[s(&text)]).unwrap();
        let expected: Vec<Value> = rows.iter().map(|r| o(&[("a", s(&r[0])), ("b", s(&r[1]))])).collect();
        assert_eq!(read.items().unwrap(), &expected[..]);
    }

    #[test]
    fn nothing_panics(text in "[ -~\n]{0,40}") {
        for name in ["jsondecode", "yamldecode", "csvdecode", "base64decode"] {
            let _ = call(name, &[s(&text)]);
        }
    }
}
