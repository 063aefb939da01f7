//! From values back to text: names and strings as the language writes them.

/// Whether a text can stand as a name without quotes, for instance as a key or an argument.
pub fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// A string literal that stands for exactly this text: nothing in it is a template.
pub fn string_literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if chars.peek() == Some(&'{') => out.extend([c, c]),
            // All of them have at most four digits.
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::FileId;
    use crate::syntax::ExprKind;
    use crate::syntax::parse_expression;

    #[test]
    fn a_literal_reads_back_as_its_text() {
        for text in [
            "",
            "a",
            "\"\\",
            "a\nb\r\t",
            "${x} %{y} $ % $${z}",
            "\u{1}\u{7f}\u{9f}",
            "é 日本",
        ] {
            let (expr, found) = parse_expression(FileId(0), &string_literal(text), 0);
            assert!(found.is_empty(), "{text:?}: {found:?}");
            let Some(ExprKind::Literal(value)) = expr.map(|e| e.kind) else {
                panic!("{text:?} is no literal");
            };
            assert_eq!(value.as_str(), Some(text));
        }
    }

    #[test]
    fn names_need_no_quotes() {
        for (text, is) in [
            ("a", true),
            ("_b-1", true),
            ("é", true),
            ("", false),
            ("1a", false),
            ("a b", false),
            ("-", false),
        ] {
            assert_eq!(is_identifier(text), is, "{text:?}");
        }
    }
}
