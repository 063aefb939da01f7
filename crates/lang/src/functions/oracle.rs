//! What the tests of this folder share: calling a function by its name, as an expression does.

use super::FunctionError;
use super::Param;
use super::Surroundings;
use super::lookup;
use crate::value::Marks;
use crate::value::Refinement;
use crate::value::Type;
use crate::value::Value;
use crate::value::convert;

/// Calls a built-in function by the rules that [`Param`] states.
pub(super) fn call_in(name: &str, args: &[Value], around: &Surroundings) -> Result<Value, FunctionError> {
    let f = lookup(name).unwrap_or_else(|| panic!("no function {name}"));
    let mut marks = Marks::NONE;
    let mut ready = Vec::new();
    let mut waits = false;
    for (i, arg) in args.iter().enumerate() {
        let p: &Param = f
            .params
            .get(i)
            .or(f.variadic.as_ref())
            .expect("too many arguments");
        let mut v = if p.ty == Type::Any {
            arg.clone()
        } else {
            convert(arg, &p.ty).map_err(|e| FunctionError::Argument(i, e.to_string()))?
        };
        if !p.allow_marked {
            let (plain, m) = v.unmark_deep();
            marks = marks.union(m);
            v = plain;
        }
        if v.is_null() && !p.allow_null {
            return Err(FunctionError::Argument(i, "argument must not be null".into()));
        }
        waits |= !v.is_known() && !p.allow_unknown;
        ready.push(v);
    }
    assert!(args.len() >= f.params.len(), "too few arguments for {name}");
    let ty = (f.result)(&ready)?;
    let value = if waits {
        if f.not_null && ty != Type::Any {
            Value::unknown_with(
                ty,
                Refinement {
                    not_null: true,
                    ..Refinement::default()
                },
            )
        } else {
            Value::unknown(ty)
        }
    } else {
        let v = (f.body)(&ready, around)?;
        if ty != Type::Any && !ty.has_any() {
            assert_eq!(v.ty(), ty, "type of {name}");
        }
        v
    };
    Ok(value.with_marks(marks))
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
        Ok(v) => super::json_text::write(&v).unwrap_or_else(|_| format!("{v:?}")),
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
