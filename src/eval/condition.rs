//! Conditions with a message: validation rules, preconditions, postconditions, assertions.

use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Severity;
use streamform_lang::eval::Scope;
use streamform_lang::eval::describe_references;
use streamform_lang::eval::evaluate;
use streamform_lang::value::Marks;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_lang::value::convert;

use crate::config::CheckRule;

/// Summary of errors about a message that is no text.
pub(crate) const INVALID_MESSAGE: &str = "Invalid error message";

/// Summary of the condition of an output that does not hold.
pub(crate) const OUTPUT_FAILED: &str = "Module output value precondition failed";

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
    let message = message.into();
    let message = if message.is_empty() {
        "This check failed, but has an invalid error message as described in the other accompanying messages."
            .to_owned()
    } else {
        message
    };
    Diagnostic::error(summary, message)
        .at(rule.condition.span)
        .with_values(describe_references(&rule.condition, scope))
}

/// Evaluates one rule. A condition that fails is no diagnostic here: what it means is the caller's matter. What is wrong with
/// the message is told whether or not the condition holds; a message that cannot be shown is empty.
pub fn evaluate_condition(rule: &CheckRule, scope: &dyn Scope) -> (Condition, Diagnostics) {
    let (text, mut diagnostics) = evaluate_message(rule, scope);
    if diagnostics.has_errors() {
        return (Condition::Broken, diagnostics);
    }
    let (holds, found) = judge(rule, scope, "Invalid condition result", "Condition");
    diagnostics.extend(found);
    let condition = match holds {
        Condition::Fails(_) => Condition::Fails(text),
        other => other,
    };
    (condition, diagnostics)
}

/// The message of a rule, and what is wrong with it. One that cannot be shown is empty.
pub fn evaluate_message(rule: &CheckRule, scope: &dyn Scope) -> (String, Diagnostics) {
    let (message, mut diagnostics) = evaluate(&rule.error_message, scope);
    let text = if diagnostics.has_errors() {
        String::new()
    } else {
        match error_message(rule, &message) {
            Ok(text) => text,
            Err(Hidden::Invalid(found)) => {
                diagnostics.push(*found);
                String::new()
            }
            Err(Hidden::Sensitive) => {
                diagnostics.push(hidden(rule, "sensitive", "carefully using the nonsensitive() function if the expression will not reveal the sensitive data"));
                String::new()
            }
            Err(Hidden::Ephemeral) => {
                diagnostics.push(hidden(
                    rule,
                    "ephemeral",
                    "using the ephemeralasnull() function on the references to not reveal ephemeral data",
                ));
                String::new()
            }
        }
    };
    (text, diagnostics)
}

/// Evaluates the validation rule of a variable. Here the message counts only where the condition does not hold. One with a
/// secret in it is not shown; that is no mistake in the rule where the variable itself is the secret.
pub fn evaluate_validation(rule: &CheckRule, scope: &dyn Scope, secret: bool) -> (Condition, Diagnostics) {
    let (holds, mut diagnostics) = judge(
        rule,
        scope,
        "Invalid variable validation result",
        "Validation condition",
    );
    if !matches!(holds, Condition::Fails(_)) {
        return (holds, diagnostics);
    }
    let (message, found) = evaluate(&rule.error_message, scope);
    diagnostics.extend(found);
    if !message.is_known() {
        let detail = "Unsuitable value for error message: expression refers to values that won't be known until the apply phase.";
        diagnostics.push(Diagnostic::error(INVALID_MESSAGE, detail).at(rule.error_message.span));
        return (Condition::Broken, diagnostics);
    }
    const NOT_SHOWN: &str = "The error message included a sensitive value, so it will not be displayed.";
    let error = |found: Diagnostic| Diagnostic {
        severity: Severity::Error,
        ..found
    };
    let text = match error_message(rule, &message) {
        Ok(text) => text,
        Err(Hidden::Invalid(found)) => {
            // A message of null is told by the words that stand in its place.
            if !message.is_null() {
                diagnostics.push(*found);
            }
            String::new()
        }
        Err(Hidden::Sensitive) if secret => NOT_SHOWN.to_owned(),
        Err(Hidden::Sensitive) => {
            diagnostics.push(error(hidden(rule, "sensitive", "carefully using the nonsensitive() function if the expression will not reveal the sensitive data")));
            NOT_SHOWN.to_owned()
        }
        Err(Hidden::Ephemeral) => {
            diagnostics.push(error(hidden(rule, "ephemeral", "carefully using the ephemeralasnull() function if the expression will not reveal the ephemeral data")));
            NOT_SHOWN.to_owned()
        }
    };
    let text = if text.is_empty() {
        "Failed to evaluate condition error message.".to_owned()
    } else {
        text
    };
    (Condition::Fails(text), diagnostics)
}

/// Why a message cannot be shown.
enum Hidden {
    Invalid(Box<Diagnostic>),
    Sensitive,
    Ephemeral,
}

/// The text of a message; empty if it is not known yet.
fn error_message(rule: &CheckRule, message: &Value) -> Result<String, Hidden> {
    let invalid = |why: String| {
        let detail = format!("Unsuitable value for error message: {why}.");
        let found = Diagnostic::error(INVALID_MESSAGE, detail).at(rule.error_message.span);
        Err(Hidden::Invalid(Box::new(found)))
    };
    let text = match convert(message, &Type::String) {
        Ok(text) => text,
        Err(e) => return invalid(e.to_string()),
    };
    if !text.is_known() {
        return Ok(String::new());
    }
    if text.is_null() {
        return invalid("must not be null".to_owned());
    }
    let marks = message.deep_marks();
    if marks.contains(Marks::SENSITIVE) {
        return Err(Hidden::Sensitive);
    }
    if marks.contains(Marks::EPHEMERAL) {
        return Err(Hidden::Ephemeral);
    }
    Ok(text.as_str().map(|s| s.trim().to_owned()).unwrap_or_default())
}

fn hidden(rule: &CheckRule, kind: &str, way_out: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("Error message refers to {kind} values"),
        format!(
            "The error expression used to explain this condition refers to {kind} values, so Streamform will not display the resulting message.\n\nYou can correct this by removing references to {kind} values, or by {way_out}."
        ),
    )
    .at(rule.error_message.span)
}

/// Whether the condition holds; the message of one that fails is not there yet.
fn judge(rule: &CheckRule, scope: &dyn Scope, summary: &str, what: &str) -> (Condition, Diagnostics) {
    let (value, diagnostics) = evaluate(&rule.condition, scope);
    if diagnostics.has_errors() {
        return (Condition::Broken, diagnostics);
    }
    let broken = |mut diagnostics: Diagnostics, detail: String| {
        diagnostics.push(
            Diagnostic::error(summary, detail)
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
            format!("{what} expression must return either true or false, not null."),
        );
    }
    let holds = match convert(&value, &Type::Bool) {
        Ok(v) => v.as_bool(),
        Err(e) => {
            let (condition, found) = broken(
                diagnostics,
                format!("Invalid {} result value: {e}.", what.to_lowercase()),
            );
            let help = "Compare it with what it must be: VALUE > 0, VALUE != \"\", contains(LIST, VALUE).";
            return (condition, found.into_iter().map(|d| d.help(help)).collect());
        }
    };
    let condition = match holds {
        Some(true) => Condition::Holds,
        Some(false) => Condition::Fails(String::new()),
        None => Condition::Unknown,
    };
    (condition, diagnostics)
}
