//! No text makes the reader panic, and every place lies in the text.

use proptest::prelude::*;
use streamform_flinksql::{Place, equivalent, lex, parse};

fn check(sql: &str) {
    let (tokens, _) = lex(sql);
    let mut end = 0;
    for token in tokens {
        assert!(
            token.span.start >= end
                && token.span.end > token.span.start
                && sql.get(token.span.start..token.span.end).is_some()
        );
        end = token.span.end;
    }
    let script = parse(sql);
    for problem in script.problems.iter().take(20) {
        assert!(
            problem.span.start <= problem.span.end && problem.span.end <= sql.len(),
            "{problem:?} in {sql:?}"
        );
        assert!(!problem.to_string().is_empty());
        Place::at(sql, problem.span.start);
    }
    for statement in &script.statements {
        assert!(!statement.span.of(sql).is_empty());
        for name in statement.targets.iter().chain(&statement.reads) {
            assert!(!name.span.of(sql).is_empty(), "{name:?}");
        }
    }
    assert!(equivalent(sql, sql));
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "SELECT",
            "FROM",
            "WITH",
            "AS",
            "(",
            ")",
            ",",
            ";",
            "TABLE",
            "CREATE",
            "INSERT",
            "INTO",
            "EXECUTE",
            "STATEMENT",
            "SET",
            "BEGIN",
            "END",
            "CASE",
            "JOIN",
            "LATERAL",
            "ROW",
            "<",
            ">",
            "MAP",
            "ARRAY",
            "'a'",
            "=",
            "`q`",
            "PRIMARY",
            "KEY",
            "WATERMARK",
            "FOR",
            "DISTRIBUTED",
            "BY",
            "BUCKETS",
            "LIKE",
            "t",
            ".",
            "1",
            "NOT",
            "NULL",
            "/*+",
            "*/",
            "--",
            "'",
            "`",
            "\n",
            "METADATA",
            "COMMENT",
            "ALTER",
            "DROP",
            "IF",
            "EXISTS",
            "U&'x'",
        ])
        .prop_map(str::to_owned),
        "[a-zé]{1,3}",
    ]
}

proptest! {
    #[test]
    fn any_text(sql in any::<String>()) {
        check(&sql);
    }

    #[test]
    fn any_words(words in prop::collection::vec(word(), 0..40)) {
        check(&words.join(" "));
        check(&words.concat());
    }
}

#[test]
fn great_depth_does_not_exhaust_the_stack() {
    for piece in [
        "(",
        "SELECT * FROM (",
        "/*+",
        "EXECUTE STATEMENT SET BEGIN ",
        "ROW<a ",
        "CASE ",
        "WITH a AS (",
        "[",
        "ARRAY<",
    ] {
        check(&piece.repeat(20_000));
        check(&format!("CREATE TABLE t (a {}", piece.repeat(20_000)));
        check(&format!("INSERT INTO t {}", piece.repeat(20_000)));
    }
}
