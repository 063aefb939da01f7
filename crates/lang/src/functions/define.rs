//! How the rooms of this folder write a function down, and how their code reads its arguments.

use super::Body;
use super::Function;
use super::FunctionError;
use super::Param;
use super::ResultType;
use crate::value::Refinement;
use crate::value::Type;
use crate::value::Value;

/// What a function's code gives back.
pub(super) type Outcome = Result<Value, FunctionError>;

/// A function of fixed parameters whose result is never null.
pub(super) fn function(
    name: &'static str,
    description: &'static str,
    params: impl IntoIterator<Item = Param>,
    result: ResultType,
    body: Body,
) -> Function {
    Function {
        name,
        description,
        params: params.into_iter().collect(),
        variadic: None,
        result,
        not_null: true,
        body,
    }
}

impl Function {
    /// Any number of further arguments.
    pub(super) fn variadic(mut self, param: Param) -> Self {
        self.variadic = Some(param);
        self
    }

    /// The result may be null.
    pub(super) fn nullable(mut self) -> Self {
        self.not_null = false;
        self
    }
}

/// A parameter of type string.
pub(super) const fn string(name: &'static str) -> Param {
    Param::new(name, Type::String)
}

/// A parameter of type number.
pub(super) const fn number(name: &'static str) -> Param {
    Param::new(name, Type::Number)
}

/// A parameter that takes a value as it is.
pub(super) const fn any(name: &'static str) -> Param {
    Param::new(name, Type::Any)
}

/// A parameter that takes a value as it is, known or not, null or not.
pub(super) const fn anything(name: &'static str) -> Param {
    Param::new(name, Type::Any).nullable().unknowable()
}

/// Result type of a function that always gives text.
pub(super) fn gives_string(_: &[Value]) -> Result<Type, FunctionError> {
    Ok(Type::String)
}

/// Result type of a function that always gives a number.
pub(super) fn gives_number(_: &[Value]) -> Result<Type, FunctionError> {
    Ok(Type::Number)
}

/// Result type of a function that always gives a truth value.
pub(super) fn gives_bool(_: &[Value]) -> Result<Type, FunctionError> {
    Ok(Type::Bool)
}

/// Result type of a function that always gives a list of text.
pub(super) fn gives_strings(_: &[Value]) -> Result<Type, FunctionError> {
    Ok(Type::list(Type::String))
}

/// Result type of a function that gives what its text says.
pub(super) fn gives_any(_: &[Value]) -> Result<Type, FunctionError> {
    Ok(Type::Any)
}

/// An error of the whole call.
pub(super) fn failed(message: impl Into<String>) -> FunctionError {
    FunctionError::Call(message.into())
}

/// An error of one argument, counted from 0.
pub(super) fn wrong(index: usize, message: impl Into<String>) -> FunctionError {
    FunctionError::Argument(index, message.into())
}

/// The text of an argument that was converted to string and is known and not null.
pub(super) fn text(args: &[Value], index: usize) -> &str {
    args.get(index).and_then(Value::as_str).unwrap_or("")
}

/// The elements of an argument that is a known list, set or tuple.
pub(super) fn items(value: &Value) -> &[Value] {
    value.items().unwrap_or(&[])
}

/// A whole number that fits 64 bits.
pub(super) fn whole(value: &Value) -> Result<i64, String> {
    value
        .as_number()
        .and_then(crate::value::Number::as_i64)
        .ok_or_else(|| {
            format!(
                "value must be a whole number, between {} and {}",
                i64::MIN,
                i64::MAX
            )
        })
}

/// A list of text.
pub(super) fn strings<S: AsRef<str> + Into<crate::value::Name>>(items: impl IntoIterator<Item = S>) -> Value {
    Value::list(Type::String, items.into_iter().map(Value::string))
}

/// Unknown and not null, unless the type is open.
pub(super) fn unknown(ty: Type) -> Value {
    if ty == Type::Any {
        Value::unknown(ty)
    } else {
        Value::unknown_not_null(ty)
    }
}

/// Unknown text of which the start is known. The last character may still join with what follows, so it is left out.
pub(super) fn unknown_with_prefix(prefix: &str) -> Value {
    use unicode_segmentation::UnicodeSegmentation;
    let last = prefix.graphemes(true).next_back().map_or(0, str::len);
    let sure = &prefix[..prefix.len() - last];
    Value::unknown_with(
        Type::String,
        Refinement {
            not_null: true,
            prefix: (!sure.is_empty()).then(|| sure.into()),
            ..Refinement::default()
        },
    )
}

/// What is known about an unknown value.
pub(super) fn refinement(value: &Value) -> Refinement {
    match value.kind() {
        crate::value::Kind::Unknown(u) => u.refinement.clone(),
        _ => Refinement::default(),
    }
}
