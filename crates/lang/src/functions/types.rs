//! Functions on types and marks.

use super::Function;
use super::FunctionError;
use super::define::Outcome;
use super::define::anything;
use super::define::function;
use super::define::gives_bool;
use super::define::wrong;
use crate::syntax::go_quoted;
use crate::value::Kind;
use crate::value::Marks;
use crate::value::Type;
use crate::value::Value;
use crate::value::can_convert;
use crate::value::constraint_name;
use crate::value::convert;
use crate::value::mismatch_message;

/// All of them.
pub(super) fn functions() -> Vec<Function> {
    let to = |name, description, result, body| {
        // Also of what is not known yet the marks stay, and the kind of the result is certain.
        function(name, description, [anything("v").markable()], result, body).nullable()
    };
    vec![
        function(
            "ephemeralasnull",
            "A value with null in place of all that is ephemeral.",
            [anything("value").markable()],
            |a| Ok(a[0].ty()),
            |a, _| Ok(without_ephemeral(a[0].clone())),
        )
        .nullable(),
        function(
            "issensitive",
            "Whether a value is marked sensitive.",
            [anything("value").markable()],
            gives_bool,
            |a, _| {
                let v = &a[0];
                if v.is_sensitive() {
                    return Ok(Value::bool(true));
                }
                // An unknown value may become sensitive when it gets known.
                if !v.is_known() {
                    return Ok(super::define::unknown(Type::Bool));
                }
                Ok(Value::bool(false))
            },
        ),
        function(
            "nonsensitive",
            "A value without the mark that it is sensitive.",
            [anything("value").markable()],
            |a| Ok(a[0].ty()),
            |a, _| Ok(remark(a[0].clone(), |m| m.without(Marks::SENSITIVE))),
        )
        .nullable(),
        function(
            "sensitive",
            "A value marked sensitive: it is shown nowhere.",
            [anything("value").markable()],
            |a| Ok(a[0].ty()),
            |a, _| Ok(remark(a[0].clone(), |m| m.union(Marks::SENSITIVE))),
        )
        .nullable(),
        to(
            "tobool",
            "A value as bool.",
            |a| to_type(a, Type::Bool),
            |a, _| to_value(a, &Type::Bool),
        ),
        to(
            "tolist",
            "A value as list.",
            |a| to_type(a, Type::list(Type::Any)),
            |a, _| to_value(a, &Type::list(Type::Any)),
        ),
        to(
            "tomap",
            "A value as map.",
            |a| to_type(a, Type::map(Type::Any)),
            |a, _| to_value(a, &Type::map(Type::Any)),
        ),
        to(
            "tonumber",
            "A value as number.",
            |a| to_type(a, Type::Number),
            |a, _| to_value(a, &Type::Number),
        ),
        to(
            "toset",
            "A value as set.",
            |a| to_type(a, Type::set(Type::Any)),
            |a, _| to_value(a, &Type::set(Type::Any)),
        ),
        to(
            "tostring",
            "A value as text.",
            |a| to_type(a, Type::String),
            |a, _| to_value(a, &Type::String),
        ),
    ]
}

fn without_ephemeral(value: Value) -> Value {
    if value.marks().contains(Marks::EPHEMERAL) {
        let marks = value.marks().without(Marks::EPHEMERAL);
        // What becomes null later may have another type by then.
        let nothing = match value.kind() {
            Kind::Unknown(u) => Value::unknown(u.ty.clone()),
            _ => Value::null(value.ty()),
        };
        return nothing.with_marks(marks);
    }
    if value.deep_marks().contains(Marks::EPHEMERAL) {
        return value.map_children(without_ephemeral);
    }
    value
}

/// The same value with other marks of its own; marks inside stay.
fn remark(value: Value, change: fn(Marks) -> Marks) -> Value {
    let (value, marks) = value.unmark();
    value.with_marks(change(marks))
}

/// The type of a conversion to `want`.
fn to_type(args: &[Value], want: Type) -> Result<Type, FunctionError> {
    let got = args[0].ty();
    if got == want || can_convert(&got, &want) {
        return Ok(want);
    }
    Err(impossible(&got, &want))
}

fn impossible(got: &Type, want: &Type) -> FunctionError {
    let message = match (got, want) {
        (Type::Tuple(_), Type::Tuple(_)) => {
            format!(
                "incompatible tuple type for conversion: {}",
                mismatch_message(got, want)
            )
        }
        (Type::Object(_), Type::Object(_)) => {
            format!(
                "incompatible object type for conversion: {}",
                mismatch_message(got, want)
            )
        }
        _ => format!(
            "cannot convert {} to {}",
            got.friendly_name(),
            constraint_name(want)
        ),
    };
    wrong(0, message)
}

fn to_value(args: &[Value], want: &Type) -> Outcome {
    let value = &args[0];
    if !value.is_known() {
        // As in Terraform nothing but the kind of the result is promised.
        return Ok(Value::unknown(want.clone()).with_marks(value.marks()));
    }
    convert(value, want).map_err(|_| {
        let given = match value.as_str() {
            Some(_) if value.is_sensitive() => "(sensitive value)".to_owned(),
            Some(s) => go_quoted(s),
            None => "string".to_owned(),
        };
        match (value.ty(), want) {
            (Type::String, Type::Bool) => wrong(
                0,
                format!("cannot convert {given} to bool; only the strings \"true\" or \"false\" are allowed"),
            ),
            (Type::String, Type::Number) => wrong(
                0,
                format!("cannot convert {given} to number; given string must be a decimal representation of a number"),
            ),
            (got, want) => impossible(&got, want),
        }
    })
}

#[cfg(test)]
mod tests;
