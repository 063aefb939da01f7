//! Templates: text with interpolations and directives.

use super::Binding;
use super::Env;
use super::budget;
use super::collections;
use super::conditional;
use super::describe::report;
use super::evaluate_in;
use super::failed_since;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::syntax::Expr;
use crate::syntax::TemplatePart;
use crate::value::Kind;
use crate::value::Marks;
use crate::value::Name;
use crate::value::Refinement;
use crate::value::Type;
use crate::value::Value;
use crate::value::convert;

/// Longer known beginnings of an unknown string are cut: nobody compares so far.
const MAX_PREFIX: usize = 128;

/// A string or heredoc with templates.
pub(super) fn template(expr: &Expr, parts: &[TemplatePart], env: Env<'_>, found: &mut Diagnostics) -> Value {
    let before = found.len();
    let mut out = Rendered {
        // Most templates are names and the like.
        text: String::with_capacity(64),
        ..Rendered::default()
    };
    out.parts(parts, expr, env, found);
    if failed_since(found, before) {
        return Value::unknown_not_null(Type::String).with_marks(out.marks);
    }
    if !budget::spend_text(out.text.len(), expr.span) {
        out.unknown = true;
    }
    out.finish()
}

/// A template on its way to be a string.
#[derive(Default)]
struct Rendered {
    text: String,
    /// Something was unknown: `text` is what comes before it.
    unknown: bool,
    marks: Marks,
}

impl Rendered {
    fn finish(self) -> Value {
        let value = if self.unknown {
            let prefix = safe_prefix(&self.text);
            Value::unknown_with(
                Type::String,
                Refinement {
                    not_null: true,
                    prefix: (!prefix.is_empty()).then(|| Name::from(prefix)),
                    ..Refinement::default()
                },
            )
        } else {
            Value::string(self.text)
        };
        value.with_marks(self.marks)
    }

    fn push(&mut self, text: &str) {
        if !self.unknown {
            self.text.push_str(text);
        }
    }

    fn parts(&mut self, parts: &[TemplatePart], whole: &Expr, env: Env<'_>, found: &mut Diagnostics) {
        for part in parts {
            match part {
                TemplatePart::Text(text) => self.push(text),
                TemplatePart::Interpolation(e) => {
                    let before = found.len();
                    let value = evaluate_in(e, env, found);
                    if failed_since(found, before) {
                        self.unknown = true;
                        continue;
                    }
                    self.interpolate(&value, e, whole, env, found);
                }
                TemplatePart::If {
                    condition,
                    yes,
                    no,
                    span,
                } => self.directive_if(condition, [yes, no], *span, whole, env, found),
                TemplatePart::For {
                    key,
                    value,
                    collection,
                    body,
                    span,
                } => {
                    let names = (key.as_ref().map(|k| &k.name), &value.name);
                    self.directive_for(names, collection, body, *span, whole, env, found);
                }
            }
        }
    }

    fn interpolate(
        &mut self,
        value: &Value,
        part: &Expr,
        whole: &Expr,
        env: Env<'_>,
        found: &mut Diagnostics,
    ) {
        let invalid = |detail: String| {
            Diagnostic::error("Invalid template interpolation value", detail)
                .at(part.span)
                .within(whole.span)
        };
        if value.is_null() {
            let d = invalid(
                "The expression result is null. Cannot include a null value in a string template.".into(),
            )
            .help("Say what to write in place of null: ${coalesce(VALUE, \"text\")}, or give it a value.");
            report(d, part, env, found);
            return;
        }
        self.marks = self.marks.union(value.marks());
        if let Kind::Unknown(u) = value.kind() {
            if let Some(prefix) = &u.refinement.prefix {
                self.push(prefix);
            }
            self.unknown = true;
            return;
        }
        if let Kind::String(text) = value.kind() {
            return self.interpolate_text(text, part);
        }
        match convert(value, &Type::String) {
            Ok(text) => self.interpolate_text(text.as_str().unwrap_or_default(), part),
            Err(e) => {
                let d = invalid(format!(
                    "Cannot include the given value in a string template: {e}."
                ));
                report(d, part, env, found);
            }
        }
    }

    fn interpolate_text(&mut self, text: &str, part: &Expr) {
        // What is put together again and again must not grow first and be counted later.
        if budget::spend_text(text.len(), part.span) {
            self.push(text);
        } else {
            self.unknown = true;
        }
    }

    fn directive_if(
        &mut self,
        condition: &Expr,
        [yes, no]: [&[TemplatePart]; 2],
        span: Span,
        whole: &Expr,
        env: Env<'_>,
        found: &mut Diagnostics,
    ) {
        let value = evaluate_in(condition, env, found);
        self.marks = self.marks.union(value.marks());
        match conditional::decide(&value, condition, span, env, found) {
            Some(true) => self.parts(yes, whole, env, found),
            Some(false) => self.parts(no, whole, env, found),
            None => {
                // Both could come: their marks count, their errors do not.
                let mut ignored = Diagnostics::new();
                for parts in [yes, no] {
                    let mut branch = Rendered::default();
                    branch.parts(parts, whole, env, &mut ignored);
                    self.marks = self.marks.union(branch.marks);
                }
                self.unknown = true;
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one directive")]
    fn directive_for(
        &mut self,
        (key_name, value_name): (Option<&Name>, &Name),
        collection: &Expr,
        body: &[TemplatePart],
        span: Span,
        whole: &Expr,
        env: Env<'_>,
        found: &mut Diagnostics,
    ) {
        let source = evaluate_in(collection, env, found);
        let (source, marks) = source.unmark();
        self.marks = self.marks.union(marks);
        if !collections::iterable(&source, collection, span, env, found) {
            self.unknown = true;
            return;
        }
        if !budget::spend(collections::length(&source), span) {
            self.unknown = true;
            return;
        }
        collections::each(&source, |key, value| {
            let key_binding;
            let mut variables = env.variables;
            if let Some(name) = key_name {
                key_binding = Binding {
                    name,
                    value: &key,
                    outer: variables,
                };
                variables = Some(&key_binding);
            }
            let value_binding = Binding {
                name: value_name,
                value,
                outer: variables,
            };
            let inner = Env {
                variables: Some(&value_binding),
                ..env
            };
            self.parts(body, whole, inner, found);
        });
    }
}

/// The part of a known beginning that stays as it is whatever follows: what follows may combine with the last
/// character (an `e` may become an `é`), except with punctuation.
fn safe_prefix(text: &str) -> &str {
    let mut end = text.len().min(MAX_PREFIX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    match text.char_indices().next_back() {
        Some((at, last)) if !last.is_ascii_punctuation() && last != ' ' => &text[..at],
        _ => text,
    }
}
