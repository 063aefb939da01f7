//! Keeps secrets out of the messages of functions.

use super::FunctionError;
use crate::syntax::go_quoted;
use crate::value::Marks;
use crate::value::Value;

/// Takes the text of every sensitive argument out of an error that a function gave: its code saw the arguments without their marks.
pub fn redact(error: FunctionError, args: &[Value]) -> FunctionError {
    let mut secrets = Vec::new();
    for arg in args {
        collect(arg, false, &mut secrets);
    }
    if secrets.is_empty() {
        return error;
    }
    // The longest first: a secret may be a part of another one.
    secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
    let clean = |mut message: String| {
        for s in &secrets {
            message = message.replace(&go_quoted(s), "(sensitive value)");
            if s.len() >= 4 && message.contains(s.as_str()) {
                message = message.replace(s.as_str(), "(sensitive value)");
            }
        }
        message
    };
    match error {
        FunctionError::Argument(i, m) => FunctionError::Argument(i, clean(m)),
        FunctionError::Call(m) => FunctionError::Call(clean(m)),
    }
}

fn collect(value: &Value, inside: bool, secrets: &mut Vec<String>) {
    if !inside && !value.deep_marks().contains(Marks::SENSITIVE) {
        return;
    }
    let inside = inside || value.is_sensitive();
    if inside {
        if let Some(s) = value.as_str().filter(|s| !s.is_empty()) {
            secrets.push(s.to_owned());
        } else if let Some(n) = value.as_number() {
            secrets.push(n.to_string());
        }
    }
    value.each_child(|_, v| collect(v, inside, secrets));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_leave_messages() {
        let secret = Value::string("hunter22").with_marks(Marks::SENSITIVE);
        let error = FunctionError::Call("cannot parse \"hunter22\" (hunter22)".into());
        assert_eq!(
            redact(error, &[Value::list(crate::value::Type::String, [secret])]),
            FunctionError::Call("cannot parse (sensitive value) ((sensitive value))".into())
        );
        let error = FunctionError::Argument(0, "open \"x\"".into());
        assert_eq!(redact(error.clone(), &[Value::string("x")]), error);
    }
}
