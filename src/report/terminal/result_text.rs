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
