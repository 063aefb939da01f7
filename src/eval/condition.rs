//! Conditions with a message: validation rules, preconditions, postconditions, assertions.

use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::eval::Scope;
use streamform_lang::eval::describe_references;
use streamform_lang::eval::evaluate;
use streamform_lang::value::Marks;
use streamform_lang::value::Type;
use streamform_lang::value::convert;

use crate::config::CheckRule;

/// How a condition ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It holds.
    Holds,
    /// It does not hold; the message.
    Fails(String),
    /// It will be known after apply.
    Unknown,
    /// It could not be evaluated; the diagnostics say why.
    Broken,
}

/// What is told of a condition that does not hold: its message, and the values that its references have.
pub fn failed_condition(
    rule: &CheckRule,
    scope: &dyn Scope,
    summary: impl Into<String>,
    message: impl Into<String>,
) -> Diagnostic {
    Diagnostic::error(summary, message)
        .at(rule.condition.span)
        .with_values(describe_references(&rule.condition, scope))
}

/// Evaluates one rule. A condition that fails is no diagnostic here: what it means is the caller's matter.
pub fn evaluate_condition(rule: &CheckRule, scope: &dyn Scope) -> (Condition, Diagnostics) {
    let (value, mut diagnostics) = evaluate(&rule.condition, scope);
    if diagnostics.has_errors() {
        return (Condition::Broken, diagnostics);
    }
    let broken = |mut diagnostics: Diagnostics, detail: String| {
        diagnostics.push(
            Diagnostic::error("Invalid condition result", detail)
                .at(rule.condition.span)
                .with_values(describe_references(&rule.condition, scope)),
        );
        (Condition::Broken, diagnostics)
    };
    if !value.is_known() {
        return (Condition::Unknown, diagnostics);
    }
    if value.is_null() {
        return broken(
            diagnostics,
            "Condition expression must return either true or false, not null.".into(),
        );
    }
    let holds = match convert(&value, &Type::Bool) {
        Ok(v) => v.as_bool(),
        Err(e) => {
            let (condition, found) = broken(diagnostics, format!("Invalid condition result value: {e}."));
            let help = "Compare it with what it must be: VALUE > 0, VALUE != \"\", contains(LIST, VALUE).";
            return (condition, found.into_iter().map(|d| d.help(help)).collect());
        }
    };
    match holds {
        Some(true) => return (Condition::Holds, diagnostics),
        Some(false) => {}
        None => return (Condition::Unknown, diagnostics),
    }
    let (message, found) = evaluate(&rule.error_message, scope);
    diagnostics.extend(found);
    let text = if message.deep_marks().contains(Marks::SENSITIVE) {
        diagnostics.push(
            Diagnostic::warning(
                "Error message refers to sensitive values",
                "The error expression used to explain this condition refers to sensitive values, so Streamform will not display the resulting message.\n\nYou can correct this by removing references to sensitive values, or by carefully using the nonsensitive() function if the expression will not reveal the sensitive data.",
            )
            .at(rule.error_message.span),
        );
        "The error message included a sensitive value, so it will not be displayed.".to_owned()
    } else {
        match convert(&message, &Type::String) {
            Ok(text) => text.as_str().map(|s| s.trim().to_owned()).unwrap_or_default(),
            Err(_) => String::new(),
        }
    };
    let text = if text.is_empty() {
        "This check failed, but has an invalid error message.".to_owned()
    } else {
        text
    };
    (Condition::Fails(text), diagnostics)
}
