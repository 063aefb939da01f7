//! Finding a function by its name, and calling it: what every function has in common happens here.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::Function;
use super::FunctionError;
use super::Param;
use super::Surroundings;
use super::collection;
use super::crypto;
use super::encoding;
use super::filesystem;
use super::network;
use super::numeric;
use super::redact;
use super::string;
use super::time;
use super::types;
use crate::value::Kind;
use crate::value::Marks;
use crate::value::Refinement;
use crate::value::Type;
use crate::value::Value;
use crate::value::convert;

static TABLE: LazyLock<FxHashMap<&'static str, Function>> = LazyLock::new(|| {
    [
        lazy,
        string::functions,
        encoding::functions,
        crypto::functions,
        time::functions,
        filesystem::functions,
        collection::functions,
        numeric::functions,
        types::functions,
        network::functions,
    ]
    .into_iter()
    .flat_map(|room| room())
    .map(|f| (f.name, f))
    .collect()
});

/// Those that look at errors of their arguments. The evaluator handles them itself; here they have got arguments
/// without errors.
fn lazy() -> Vec<Function> {
    let argument = || {
        Param::new("expressions", Type::Any)
            .nullable()
            .unknowable()
            .markable()
    };
    vec![
        Function {
            name: "try",
            description: "Returns the value of the first argument that can be evaluated without errors.",
            params: Vec::new(),
            variadic: Some(argument()),
            result: |_| Ok(Type::Any),
            not_null: false,
            body: |args, _| match args.first() {
                Some(first) => Ok(first.clone()),
                None => Err(FunctionError::Call("at least one argument is required".into())),
            },
        },
        Function {
            name: "can",
            description: "Tells whether its argument can be evaluated without errors.",
            params: vec![Param {
                name: "expression",
                ..argument()
            }],
            variadic: None,
            result: |_| Ok(Type::Bool),
            not_null: true,
            body: |_, _| Ok(Value::bool(true)),
        },
    ]
}

/// The built-in function of that name; `core::` in front of a name changes nothing.
pub fn lookup(name: &str) -> Option<&'static Function> {
    TABLE
        .get(name)
        .or_else(|| TABLE.get(name.strip_prefix("core::")?))
}

/// The names of all built-in functions, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    let mut names: Vec<&str> = TABLE.keys().copied().collect();
    names.sort_unstable();
    names.into_iter()
}

/// Why a call gives no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// Fewer arguments than parameters.
    NotEnough,
    /// More arguments than parameters.
    TooMany,
    /// The arguments with these indices (from 0) are at fault; a phrase for each, in lower case without a full stop.
    Arguments(Vec<(usize, String)>),
    /// The function itself fails; a phrase, in lower case without a full stop.
    Failed(String),
}

impl From<FunctionError> for CallError {
    fn from(e: FunctionError) -> Self {
        match e {
            FunctionError::Argument(i, reason) => CallError::Arguments(vec![(i, reason)]),
            FunctionError::Call(reason) => CallError::Failed(reason),
        }
    }
}

/// Whether a function takes that many arguments.
///
/// # Errors
/// [`CallError::NotEnough`] or [`CallError::TooMany`].
pub fn check_arity(function: &Function, arguments: usize) -> Result<(), CallError> {
    if arguments < function.params.len() {
        return Err(CallError::NotEnough);
    }
    if function.variadic.is_none() && arguments > function.params.len() {
        return Err(CallError::TooMany);
    }
    Ok(())
}

fn parameter(function: &Function, i: usize) -> Option<&Param> {
    function.params.get(i).or(function.variadic.as_ref())
}

/// Converts arguments to what the parameters want.
///
/// # Errors
/// [`CallError::Arguments`] with all that do not fit.
pub fn convert_arguments(function: &Function, args: &mut [Value]) -> Result<(), CallError> {
    let mut faults = Vec::new();
    for (i, arg) in args.iter_mut().enumerate() {
        let Some(p) = parameter(function, i) else { continue };
        match (arg.kind(), &p.ty) {
            (_, Type::Any)
            | (Kind::String(_), Type::String)
            | (Kind::Number(_), Type::Number)
            | (Kind::Bool(_), Type::Bool) => {}
            (_, ty) => match convert(arg, ty) {
                Ok(value) => *arg = value,
                Err(e) => faults.push((i, e.to_string())),
            },
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(CallError::Arguments(faults))
    }
}

/// Calls a function with evaluated arguments, as their parameters say: converts them, refuses null, gives an unknown
/// result for an unknown argument, and carries marks over to the result.
///
/// # Errors
/// What is wrong with the number of arguments, with an argument, or with the call.
pub fn call(
    function: &Function,
    mut args: Vec<Value>,
    surroundings: &Surroundings,
) -> Result<Value, CallError> {
    check_arity(function, args.len())?;
    // What a message must not show; without a mark there is nothing of the kind.
    let marked = args.iter().any(|a| !a.deep_marks().is_empty());
    let given = if marked { args.clone() } else { Vec::new() };
    convert_arguments(function, &mut args)?;
    let mut marks = Marks::NONE;
    let mut unknown = false;
    let mut untyped = false;
    for (i, arg) in args.iter_mut().enumerate() {
        let Some(p) = parameter(function, i) else {
            return Err(CallError::TooMany);
        };
        // Behind an argument of no type yet nothing is looked at, as in Terraform.
        if arg.is_null() && !p.allow_null && !untyped {
            return Err(CallError::Arguments(vec![(
                i,
                "argument must not be null".into(),
            )]));
        }
        if !p.allow_marked && !arg.deep_marks().is_empty() {
            let (bare, taken) = std::mem::replace(arg, Value::bool(false)).unmark_deep();
            *arg = bare;
            marks = marks.union(taken);
        }
        if let Kind::Unknown(u) = arg.kind()
            && !p.allow_unknown
        {
            unknown = true;
            untyped |= u.ty == Type::Any;
        }
    }
    let value = if untyped {
        Value::unknown(Type::Any)
    } else {
        // The type comes first: working it out checks what the parameters' types cannot say.
        let ty = (function.result)(&args).map_err(|e| redact(e, &given))?;
        if unknown {
            Value::unknown(ty.without_optional())
        } else {
            (function.body)(&args, surroundings).map_err(|e| redact(e, &given))?
        }
    };
    Ok(never_null(function, value).with_marks(marks))
}

/// What is unknown of a function that never gives null is not null: so `upper(unknown) == null` is known.
fn never_null(function: &Function, value: Value) -> Value {
    match value.kind() {
        Kind::Unknown(u) if function.not_null && !u.refinement.not_null && u.ty != Type::Any => {
            let refinement = Refinement {
                not_null: true,
                ..u.refinement.clone()
            };
            Value::unknown_with(u.ty.clone(), refinement).with_marks(value.marks())
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shout() -> Function {
        Function {
            name: "shout",
            description: "Test.",
            params: vec![Param::new("text", Type::String)],
            variadic: Some(Param::new("more", Type::Number)),
            result: |_| Ok(Type::String),
            not_null: true,
            body: |args, _| {
                let text = args[0].as_str().unwrap_or_default();
                if text.is_empty() {
                    return Err(FunctionError::Argument(0, "must not be empty".into()));
                }
                Ok(Value::string(format!("{text}!")))
            },
        }
    }

    fn run(args: &[Value]) -> Result<Value, CallError> {
        call(&shout(), args.to_vec(), &Surroundings::default())
    }

    #[test]
    fn arguments_are_prepared() {
        assert_eq!(run(&[Value::number(1i64)]), Ok(Value::string("1!")));
        assert_eq!(run(&[]), Err(CallError::NotEnough));
        assert_eq!(
            run(&[Value::tuple([]), Value::string("x")]),
            Err(CallError::Arguments(vec![
                (0, "string required".into()),
                (1, "a number is required".into())
            ]))
        );
        assert_eq!(
            run(&[Value::null(Type::Any)]),
            Err(CallError::Arguments(vec![(
                0,
                "argument must not be null".into()
            )]))
        );
        assert_eq!(
            run(&[Value::string("")]),
            Err(CallError::Arguments(vec![(0, "must not be empty".into())]))
        );
    }

    #[test]
    fn unknown_and_marks_travel() {
        let secret = Value::string("a").with_marks(Marks::SENSITIVE);
        let result = run(&[secret]).unwrap();
        assert!(result.is_sensitive());
        assert_eq!(result.as_str(), Some("a!"));
        let unknown = run(&[
            Value::unknown(Type::Any),
            Value::number(1i64).with_marks(Marks::EPHEMERAL),
        ])
        .unwrap();
        assert_eq!(
            unknown,
            Value::unknown_not_null(Type::String).with_marks(Marks::EPHEMERAL)
        );
    }

    #[test]
    fn the_table_has_names() {
        assert!(lookup("try").is_some() && lookup("core::can").is_some() && lookup("nope").is_none());
        assert!(names().any(|n| n == "can"));
    }
}
