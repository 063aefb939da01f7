use super::super::oracle::{answer, call, l, n, s, secret, t};
use super::*;
use crate::value::Marks;

#[test]
fn text_in_text_out() {
    for (name, args, expected) in [
        ("chomp", vec!["a\r\n\n"], "\"a\""),
        ("lower", vec!["MiXed 123"], "\"mixed 123\""),
        ("upper", vec!["ñandú ß"], "\"ÑANDÚ ß\""),
        (
            "title",
            vec!["hello-world foo_bar it's"],
            "\"Hello-World Foo_bar It'S\"",
        ),
        ("trim", vec!["?!hello?!", "!?"], "\"hello\""),
        ("trim", vec!["abc", ""], "\"abc\""),
        ("trim", vec!["foobar", "far"], "\"oob\""),
        ("trimprefix", vec!["aab", "a"], "\"ab\""),
        ("trimsuffix", vec!["baa", "a"], "\"ba\""),
        ("trimspace", vec!["\r\n a \u{b}\u{c}"], "\"a\""),
        ("strrev", vec!["ae\u{301}🏳️‍🌈"], "\"🏳️‍🌈éa\""),
        ("startswith", vec!["abc", "ab"], "true"),
        ("endswith", vec!["", ""], "true"),
        ("strcontains", vec!["abc", "d"], "false"),
        ("split", vec![",", ",a,"], "[\"\",\"a\",\"\"]"),
        ("split", vec!["", "héy"], "[\"h\",\"é\",\"y\"]"),
        ("split", vec!["", ""], "[]"),
        ("split", vec![",", ""], "[\"\"]"),
        ("replace", vec!["aaa", "a", ""], "\"\""),
        ("replace", vec!["abc", "", "-"], "\"-a-b-c-\""),
        ("replace", vec!["abc", "/b/", "$$"], "\"a$c\""),
        ("replace", vec!["abc", "/(b)/", "x${1}y$1z"], "\"axbyc\""),
        (
            "replace",
            vec!["abc", "/(?P<n>b)/", "[$n][$nx][${n}x][$ ]"],
            "\"a[b][][bx][$ ]c\"",
        ),
        ("replace", vec!["abc", "/x*/", "-"], "\"-a-b-c-\""),
        ("replace", vec!["foo", "/$/", "!"], "\"foo!\""),
        ("replace", vec!["/", "/", "b"], "\"b\""),
        (
            "replace",
            vec!["a", "/(/", "b"],
            "error parsing regexp: missing closing ): `(`",
        ),
    ] {
        let values: Vec<Value> = args.iter().map(|a| s(a)).collect();
        assert_eq!(answer(name, &values), expected, "{name}({args:?})");
    }
}

#[test]
fn parts_by_characters() {
    for (text, offset, length, expected) in [
        ("hello world", "1", "4", "\"ello\""),
        ("hello", "1", "-1", "\"ello\""),
        ("hello", "-10", "2", "\"he\""),
        ("hello", "10", "1", "\"\""),
        ("hello", "0", "-2", "\"hello\""),
        ("hello", "-2", "0", "\"lo\""),
        ("hello", "2", "0", "\"\""),
        ("e\u{301}a", "1", "1", "\"a\""),
        (
            "hello",
            "1.5",
            "1",
            "value must be a whole number, between -9223372036854775808 and 9223372036854775807",
        ),
    ] {
        assert_eq!(answer("substr", &[s(text), n(offset), n(length)]), expected);
    }
}

#[test]
fn lists_of_text() {
    assert_eq!(answer("join", &[s(", "), t(&[])]), "\"\"");
    assert_eq!(answer("join", &[s("-"), l(&["a", "b"]), t(&["c"])]), "\"a-b-c\"");
    assert_eq!(answer("join", &[s("-")]), "at least one list is required");
    let with_null = Value::tuple([s("a"), Value::null(Type::Any)]);
    assert_eq!(
        answer("join", &[s("-"), with_null.clone()]),
        "argument 1: element 1 is null; cannot concatenate null values"
    );
    assert_eq!(
        answer("join", &[s("-"), t(&[]), with_null.clone()]),
        "argument 2: element 1 of list 2 is null; cannot concatenate null values"
    );
    assert_eq!(
        answer("sort", &[with_null]),
        "given list element 1 is null; a null string cannot be sorted"
    );
    assert_eq!(
        answer("sort", &[t(&["é", "z", "Z", "a10", "a9"])]),
        "[\"Z\",\"a10\",\"a9\",\"z\",\"é\"]"
    );
}

#[test]
fn indents_all_but_the_first_line() {
    assert_eq!(answer("indent", &[n("2"), s("a\nb\n")]), "\"a\\n  b\\n  \"");
    assert_eq!(
        answer("indent", &[n("-1"), s("a")]),
        "argument 0: must not be negative"
    );
    assert_eq!(
        answer("indent", &[n("999999999999"), s("a\nb")]),
        "argument 0: the result would be longer than 64 MiB"
    );
}

#[test]
fn unknown_null_and_secret() {
    let unknown = Value::unknown(Type::String);
    for name in ["chomp", "lower", "strrev", "title", "trimspace", "upper"] {
        assert_eq!(
            call(name, std::slice::from_ref(&unknown)).unwrap(),
            Value::unknown_not_null(Type::String)
        );
        assert_eq!(
            answer(name, &[Value::null(Type::String)]),
            "argument 0: argument must not be null"
        );
        assert!(call(name, &[secret(s("x"))]).unwrap().is_sensitive());
    }
    let known = Value::unknown_with(
        Type::String,
        Refinement {
            prefix: Some("ab".into()),
            ..Refinement::default()
        },
    );
    assert_eq!(answer("startswith", &[unknown.clone(), s("")]), "true");
    assert_eq!(answer("startswith", &[known.clone(), s("a")]), "true");
    assert_eq!(answer("startswith", &[known.clone(), s("ax")]), "false");
    assert!(!call("startswith", &[known, s("abc")]).unwrap().is_known());
    let sorted = call("sort", &[Value::tuple([s("a"), unknown.clone()])]).unwrap();
    assert_eq!(sorted.items().map(<[Value]>::len), Some(2));
    assert!(sorted.items().unwrap().iter().all(|v| !v.is_known()));
    let joined = call("join", &[s(","), Value::tuple([secret(s("a")), unknown])]).unwrap();
    assert!(!joined.is_known() && joined.marks().contains(Marks::SENSITIVE));
}

proptest::proptest! {
    #[test]
    fn sorting_twice_changes_nothing(items: Vec<String>) {
        let list = Value::list(Type::String, items.iter().map(|i| s(i)));
        let once = call("sort", &[list]).unwrap();
        assert_eq!(call("sort", std::slice::from_ref(&once)).unwrap(), once);
    }

    #[test]
    fn joining_undoes_splitting(text: String, separator in "[,;x]{0,2}") {
        let parts = call("split", &[s(&separator), s(&text)]).unwrap();
        assert_eq!(call("join", &[s(&separator), parts]).unwrap(), s(&text));
    }
}
