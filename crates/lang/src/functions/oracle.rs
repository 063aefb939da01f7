//! What the tests of this folder share: calling a function by its name, as an expression does.

use super::FunctionError;
use super::Surroundings;
use super::lookup;
use crate::value::Marks;
use crate::value::Type;
use crate::value::Value;

/// Calls a built-in function.
pub(super) fn call_in(name: &str, args: &[Value], around: &Surroundings) -> Result<Value, FunctionError> {
    let f = lookup(name).unwrap_or_else(|| panic!("no function {name}"));
    super::call::call(f, args.to_vec(), around).map_err(|e| match e {
        super::call::CallError::Arguments(all) => {
            let (i, m) = all.into_iter().next().expect("a fault");
            FunctionError::Argument(i, m)
        }
        super::call::CallError::Failed(m) => FunctionError::Call(m),
        other => panic!("{other:?}"),
    })
}

/// As [`call_in`], in a place where nothing of the outside world is to be seen.
pub(super) fn call(name: &str, args: &[Value]) -> Result<Value, FunctionError> {
    call_in(name, args, &Surroundings::default())
}

/// The result of a call as JSON, or its message.
pub(super) fn answer(name: &str, args: &[Value]) -> String {
    shown(call(name, args))
}

/// A result as JSON, or its message.
pub(super) fn shown(result: Result<Value, FunctionError>) -> String {
    match result {
        Ok(v) if !v.deep_marks().is_empty() => format!("marked {}", shown(Ok(v.unmark_deep().0))),
        Ok(v) => crate::value::to_json(&v).unwrap_or_else(|_| format!("{v:?}")),
        Err(FunctionError::Argument(i, m)) => format!("argument {i}: {m}"),
        Err(FunctionError::Call(m)) => m,
    }
}

/// Text.
pub(super) fn s(text: &str) -> Value {
    Value::string(text)
}

/// A number.
pub(super) fn n(text: &str) -> Value {
    Value::number(crate::value::Number::parse(text).expect("a number"))
}

/// A tuple of text.
pub(super) fn t(items: &[&str]) -> Value {
    Value::tuple(items.iter().map(|i| s(i)))
}

/// A list of text.
pub(super) fn l(items: &[&str]) -> Value {
    Value::list(Type::String, items.iter().map(|i| s(i)))
}

/// An object.
pub(super) fn o(items: &[(&str, Value)]) -> Value {
    Value::object(items.iter().map(|(k, v)| ((*k).into(), v.clone())))
}

/// A secret.
pub(super) fn secret(value: Value) -> Value {
    value.with_marks(Marks::SENSITIVE)
}
