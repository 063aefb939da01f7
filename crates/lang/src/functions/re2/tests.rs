use super::super::oracle::{answer, s};
use super::*;

/// Recorded from `terraform console`.
const CASES: &[(&str, &str, &str)] = &[
    ("[a-z]+", "53453453.345345aaabbbccc23454", r#""aaabbbccc""#),
    ("a(b)?c", "ac", "[null]"),
    ("(?P<a>x)|(?P<b>y)", "y", r#"{"a":null,"b":"y"}"#),
    ("(?<n>a)", "a", r#"{"n":"a"}"#),
    ("(?i)ABC", "xabcx", r#""abc""#),
    ("(?m)^b$", "a\nb\nc", r#""b""#),
    (r"\bfoo\b", "a foo b", r#""foo""#),
    (r"\Bb", "ab", r#""b""#),
    ("a{2,3}", "caaaat", r#""aaa""#),
    ("(a*)(b*)", "aabb", r#"["aa","bb"]"#),
    (r"\w+", "éa", r#""a""#),
    (r"(?i)É", "é", r#""é""#),
    ("[a-z&&[^b]]+", "a&[x]", r#""x]""#),
    ("a{,2}", "a{,2}", r#""a{,2}""#),
    ("{", "{", r#""{""#),
    ("a{01}", "a{01}", r#""a{01}""#),
    (r"[\d\-x]+", "1-x", r#""1-x""#),
    (r"\101\x41\x{41}", "AAA", r#""AAA""#),
    ("[[:alpha:]]+", "1ab", r#""ab""#),
    (r"\pL+ \p{Greek}", "aé α", r#""aé α""#),
    (r"\P{^L}+", "1ab", r#""ab""#),
    ("(?U)a+", "aaa", r#""a""#),
    ("a+?", "aaa", r#""a""#),
    ("(a|b|)(c)?", "b", r#"["b",null]"#),
    (r"\_", "_", r#""_""#),
    ("[a-]+", "a-", r#""a-""#),
    ("[-a]+", "a-", r#""a-""#),
    ("[]a]+", "a]a", r#""a]a""#),
    (r"[\w-z]+", "a-z", r#""a-z""#),
    ("(?i)(?-i)A", "aA", r#""A""#),
    ("()", "a", r#"[""]"#),
    (r"[^\n]*", "ab\nc", r#""ab""#),
    ("(?s).*", "ab\nc", r#""ab\nc""#),
    ("a{0}", "b", r#""""#),
    (r"\Qa.b", "a.b", r#""a.b""#),
    ("", "a", r#""""#),
    ("zz", "a", "pattern did not match any part of the given string"),
    (
        "[",
        "abc",
        "argument 0: invalid regexp pattern: missing closing ] in [",
    ),
    (
        r"(a)\1",
        "aa",
        r"argument 0: invalid regexp pattern: invalid escape sequence in \1",
    ),
    (
        r"\8",
        "a",
        r"argument 0: invalid regexp pattern: invalid escape sequence in \8",
    ),
    (
        r"\é",
        "a",
        r"argument 0: invalid regexp pattern: invalid escape sequence in \é",
    ),
    (
        r"[a-\d]",
        "a",
        r"argument 0: invalid regexp pattern: invalid escape sequence in \d",
    ),
    (
        "a{1001}",
        "a",
        "argument 0: invalid regexp pattern: invalid repeat count in {1001}",
    ),
    (
        "a{2,1}",
        "a",
        "argument 0: invalid regexp pattern: invalid repeat count in {2,1}",
    ),
    (
        "(a{500}){500}",
        "a",
        "argument 0: invalid regexp pattern: invalid repeat count in {500}",
    ),
    (
        "a**",
        "x",
        "argument 0: invalid regexp pattern: invalid nested repetition operator in **",
    ),
    (
        "x{2}{3}",
        "x",
        "argument 0: invalid regexp pattern: invalid nested repetition operator in {2}{3}",
    ),
    (
        "*",
        "x",
        "argument 0: invalid regexp pattern: missing argument to repetition operator in *",
    ),
    (
        "x|*",
        "x",
        "argument 0: invalid regexp pattern: missing argument to repetition operator in *",
    ),
    (
        "(*)",
        "x",
        "argument 0: invalid regexp pattern: missing argument to repetition operator in *",
    ),
    (
        "a)",
        "x",
        "argument 0: invalid regexp pattern: unexpected ) in a)",
    ),
    (
        "(",
        "x",
        "argument 0: invalid regexp pattern: missing closing ) in (",
    ),
    (
        "[z-a]",
        "x",
        "argument 0: invalid regexp pattern: invalid character class range in z-a",
    ),
    (
        "[[:foo:]]",
        "x",
        "argument 0: invalid regexp pattern: invalid character class range in [:foo:]",
    ),
    (
        r"\p{latin}",
        "x",
        r"argument 0: invalid regexp pattern: invalid character class range in \p{latin}",
    ),
    (
        "(?P<n",
        "x",
        "argument 0: invalid regexp pattern: invalid named capture in (?P<n",
    ),
    (
        "(?P<é>x)",
        "x",
        "argument 0: invalid regexp pattern: invalid named capture in (?P<é>",
    ),
    (
        "(?=a)",
        "x",
        "argument 0: invalid regexp pattern: invalid or unsupported Perl syntax in (?=",
    ),
    (
        "(?i",
        "x",
        "argument 0: invalid regexp pattern: invalid or unsupported Perl syntax in (?i",
    ),
    (
        "a\\",
        "x",
        "argument 0: invalid regexp pattern: trailing backslash at end of expression in ",
    ),
    (
        "(?P<a>x)(y)",
        "xy",
        "argument 0: invalid regexp pattern: cannot mix both named and unnamed capture groups",
    ),
];

#[test]
fn patterns_mean_what_they_mean_in_go() {
    for (pattern, text, expected) in CASES {
        assert_eq!(
            answer("regex", &[s(pattern), s(text)]),
            *expected,
            "{pattern} on {text}"
        );
    }
}

#[test]
fn all_matches() {
    for (pattern, text, expected) in [
        ("[a-z]+", "1234abcd5678efgh9", r#"["abcd","efgh"]"#),
        ("a*", "baac", r#"["","aa",""]"#),
        ("", "é", r#"["",""]"#),
        (r"\b", "é a", r#"["",""]"#),
        ("(?i)\\w+", "aſ K b", r#"["aſ","K","b"]"#),
        ("(a)|(b)", "ab", r#"[["a",null],[null,"b"]]"#),
        ("x", "a", "[]"),
    ] {
        assert_eq!(
            answer("regexall", &[s(pattern), s(text)]),
            expected,
            "{pattern} on {text}"
        );
    }
}

#[test]
fn unknown_patterns() {
    use super::super::oracle::call;
    use crate::value::{Type, Value};
    let unknown = Value::unknown(Type::String);
    assert_eq!(call("regex", &[unknown.clone(), s("x")]).unwrap().ty(), Type::Any);
    assert_eq!(
        call("regex", &[s("(a)(b)"), unknown.clone()]).unwrap(),
        Value::unknown_not_null(Type::tuple([Type::String, Type::String]))
    );
    assert_eq!(
        call("regexall", &[unknown, s("x")]).unwrap().ty(),
        Type::list(Type::Any)
    );
}

proptest::proptest! {
    /// Whatever is accepted compiles, and nothing panics.
    #[test]
    fn translation_compiles(pattern in r"[ab\[\](){}*+?|^$.\\dwQEpL0-9,:<>&~#P-]{0,12}") {
        if let Ok(translated) = translate(&pattern) {
            let compiled = ::regex::RegexBuilder::new(&translated.pattern).size_limit(16 << 20).build();
            let fine = match &compiled {
                Ok(r) => r.captures_len() == translated.names.len() + 1,
                Err(::regex::Error::CompiledTooBig(_)) => true,
                Err(_) => false,
            };
            assert!(fine, "{pattern} became {}: {compiled:?}", translated.pattern);
        }
    }
}
