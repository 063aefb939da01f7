//! What is printed when an apply is through: counts and outputs.

use std::fmt::Write as _;

use streamform_lang::value::Name;
use streamform_lang::value::Value;

use super::TextStyle;
use crate::plan::Summary;
use crate::report::paint::Ink;
use crate::report::value_text::value_text;

/// `Apply complete! Resources: 1 added, 0 changed, 0 destroyed.` Ends in a line end.
pub fn apply_complete_text(done: &Summary, style: &TextStyle) -> String {
    let mut text = String::from("Apply complete! Resources: ");
    if done.import > 0 {
        _ = write!(text, "{} imported, ", done.import);
    }
    _ = write!(
        text,
        "{} added, {} changed, {} destroyed",
        done.add, done.change, done.destroy
    );
    if done.forget > 0 {
        _ = write!(text, ", {} forgotten", done.forget);
    }
    text.push('.');
    let mut out = style.paint.text(Ink::BoldGreen, &text);
    out.push('\n');
    out
}

/// `Destroy complete! Resources: 1 destroyed.` Ends in a line end.
pub fn destroy_complete_text(done: &Summary, style: &TextStyle) -> String {
    let mut text = format!("Destroy complete! Resources: {} destroyed", done.destroy);
    if done.forget > 0 {
        _ = write!(text, ", {} forgotten", done.forget);
    }
    text.push('.');
    let mut out = style.paint.text(Ink::BoldGreen, &text);
    out.push('\n');
    out
}

/// The lines of output values as `terraform output` prints them: `name = value`, each with a line end. What is flagged
/// sensitive, or marked so, shows as `<sensitive>`.
pub fn outputs_text<'a>(outputs: impl IntoIterator<Item = (&'a Name, &'a Value, bool)>) -> String {
    let mut out = String::new();
    for (name, value, sensitive) in outputs {
        if sensitive || value.is_sensitive() {
            _ = writeln!(out, "{name} = <sensitive>");
        } else {
            _ = writeln!(out, "{name} = {}", value_text(value));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::specimens::json;
    use crate::report::specimens::s;

    #[test]
    fn results() {
        let style = TextStyle::default();
        let done = Summary {
            add: 5,
            change: 1,
            destroy: 2,
            ..Summary::default()
        };
        assert_eq!(
            apply_complete_text(&done, &style),
            "Apply complete! Resources: 5 added, 1 changed, 2 destroyed.\n"
        );
        assert_eq!(
            destroy_complete_text(&done, &style),
            "Destroy complete! Resources: 2 destroyed.\n"
        );
        let (a, b, c) = (Name::from("a"), Name::from("b"), Name::from("c"));
        let (v, w, x) = (json(r#"{"k":1}"#), s("hush"), s("t\n"));
        assert_eq!(
            outputs_text([(&a, &v, false), (&b, &w, true), (&c, &x, false)]),
            "a = {\n  \"k\" = 1\n}\nb = <sensitive>\nc = <<EOT\nt\n\nEOT\n"
        );
    }
}
