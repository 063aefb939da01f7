//! Values as people read them: as in `console` and under `Outputs:`.

use std::fmt::Write as _;

use streamform_lang::syntax::push_go_quoted;
use streamform_lang::value::Kind;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;

/// What stands for a value that must not be shown.
pub const SENSITIVE: &str = "(sensitive value)";
/// What stands for a value that is not known yet.
pub const UNKNOWN: &str = "(known after apply)";

/// The value as an expression that would give it, as `terraform console` and `terraform output` print it. Sensitive and
/// unknown parts are replaced by a note.
pub fn value_text(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    out
}

/// As [`value_text`], sensitive parts in clear: only for an output that the user asked for by its name.
pub fn value_text_in_clear(value: &Value) -> String {
    value_text(&value.clone().unmark_deep().0)
}

fn write(out: &mut String, value: &Value, indent: usize) {
    if !value.is_known() {
        out.push_str(UNKNOWN);
        return;
    }
    if value.marks().contains(Marks::SENSITIVE) {
        out.push_str(SENSITIVE);
        return;
    }
    if value.marks().contains(Marks::EPHEMERAL) {
        out.push_str("(ephemeral value)");
        return;
    }
    match value.kind() {
        Kind::Unknown(_) => out.push_str(UNKNOWN),
        Kind::Null(ty) => null(out, ty),
        Kind::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        // INVARIANT: writing to a string does not fail; the same below.
        Kind::Number(n) => _ = write!(out, "{n}"),
        Kind::String(s) if s.contains('\n') => heredoc(out, s, indent),
        Kind::String(s) => push_go_quoted(out, s),
        Kind::List(s) => wrapped(out, "tolist", |out| sequence(out, &s.items, indent)),
        Kind::Set(s) => wrapped(out, "toset", |out| sequence(out, &s.items, indent)),
        Kind::Tuple(items) => sequence(out, items, indent),
        Kind::Map(m) => wrapped(out, "tomap", |out| mapping(out, &m.items, indent)),
        Kind::Object(items) => mapping(out, items, indent),
    }
}

fn wrapped(out: &mut String, function: &str, inner: impl FnOnce(&mut String)) {
    out.push_str(function);
    out.push('(');
    inner(out);
    out.push(')');
}

fn null(out: &mut String, ty: &Type) {
    match ty {
        Type::Any => out.push_str("null"),
        Type::String => out.push_str("tostring(null)"),
        Type::Number => out.push_str("tonumber(null)"),
        Type::Bool => out.push_str("tobool(null)"),
        Type::List(e) => _ = write!(out, "tolist(null) /* of {} */", e.friendly_name()),
        Type::Set(e) => _ = write!(out, "toset(null) /* of {} */", e.friendly_name()),
        Type::Map(e) => _ = write!(out, "tomap(null) /* of {} */", e.friendly_name()),
        Type::Tuple(_) | Type::Object(_) => _ = write!(out, "null /* {} */", ty.friendly_name()),
    }
}

fn line(out: &mut String, indent: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

fn sequence(out: &mut String, items: &[Value], indent: usize) {
    if items.is_empty() {
        out.push_str("[]");
        return;
    }
    out.push('[');
    for v in items {
        line(out, indent + 2);
        write(out, v, indent + 2);
        out.push(',');
    }
    line(out, indent);
    out.push(']');
}

fn mapping(out: &mut String, items: &[(Name, Value)], indent: usize) {
    if items.is_empty() {
        out.push_str("{}");
        return;
    }
    out.push('{');
    for (k, v) in items {
        line(out, indent + 2);
        if k.contains('\n') {
            heredoc(out, k, indent + 2);
        } else {
            push_go_quoted(out, k);
        }
        out.push_str(" = ");
        write(out, v, indent + 2);
    }
    line(out, indent);
    out.push('}');
}

/// A heredoc whose end marker does not occur as a line of the text.
fn heredoc(out: &mut String, text: &str, indent: usize) {
    let mut marker = "EOT".to_owned();
    while text.split('\n').any(|l| l.trim() == marker) {
        marker.push('_');
    }
    out.push_str(if indent > 0 { "<<-" } else { "<<" });
    out.push_str(&marker);
    for l in text.split('\n') {
        line(out, indent);
        // A line may end as it does on Windows.
        let end = l.strip_suffix('\r');
        printable(out, end.unwrap_or(l));
        if end.is_some() {
            out.push('\r');
        }
    }
    line(out, indent);
    out.push_str(&marker);
}

/// Keeps text from steering the terminal: control characters other than tabs become escapes.
pub(super) fn printable(out: &mut String, text: &str) {
    for c in text.chars() {
        if c.is_control() && c != '\t' {
            _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
}

/// One line of text without anything that steers the terminal.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    printable(&mut out, text);
    out
}

/// Text of several lines without anything that steers the terminal.
pub(super) fn clean_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(clean).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn obj(items: Vec<(&str, Value)>) -> Value {
        Value::object(items.into_iter().map(|(n, v)| (Name::from(n), v)))
    }

    #[test]
    fn prints_as_terraform_output_does() {
        let v = obj(vec![
            (
                "a",
                Value::tuple([Value::number(1usize), Value::string("x"), Value::null(Type::Any)]),
            ),
            ("b", Value::list(Type::String, [Value::string("q")])),
            ("c", Value::map(Type::String, [("k".into(), Value::string("v"))])),
            ("d", Value::tuple([])),
            ("e", Value::null(Type::String)),
            ("t", Value::string("a\nb\n")),
        ]);
        insta::assert_snapshot!(value_text(&v), @r#"
        {
          "a" = [
            1,
            "x",
            null,
          ]
          "b" = tolist([
            "q",
          ])
          "c" = tomap({
            "k" = "v"
          })
          "d" = []
          "e" = tostring(null)
          "t" = <<-EOT
          a
          b
          
          EOT
        }
        "#);
    }

    #[test]
    fn never_shows_what_is_sensitive() {
        let v = obj(vec![
            ("a", Value::string("s3cr3t").with_marks(Marks::SENSITIVE)),
            ("b", Value::unknown(Type::String)),
        ]);
        let text = value_text(&v);
        assert!(!text.contains("s3cr3t"), "{text}");
        assert!(text.contains(SENSITIVE) && text.contains(UNKNOWN), "{text}");
        assert!(value_text_in_clear(&v).contains("s3cr3t"));
    }

    #[test]
    fn escapes_as_go_does_and_keeps_markers_apart() {
        assert_eq!(
            value_text(&Value::string("a\"b\\ \t${x} é\u{1b}[31m")),
            r#""a\"b\\ \t${x} é\x1b[31m""#
        );
        assert_eq!(value_text(&Value::string("x\n EOT")), "<<EOT_\nx\n EOT\nEOT_");
    }
}
