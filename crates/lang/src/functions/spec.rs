//! The shape of a function: parameters, and what is done for it before and after its own code runs.

use super::Surroundings;
use crate::value::Type;
use crate::value::Value;

/// One parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Name, for messages and documentation.
    pub name: &'static str,
    /// The type that arguments are converted to; [`Type::Any`] takes everything as it is.
    pub ty: Type,
    /// Whether null is passed on; otherwise it is an error ("argument must not be null").
    pub allow_null: bool,
    /// Whether an unknown argument is passed on; otherwise the result is unknown. This is about the argument itself:
    /// a known collection with unknown elements always reaches the body, which must look ([`Value::is_wholly_known`]).
    pub allow_unknown: bool,
    /// Whether marks are passed on; otherwise they are taken off (deeply) before and put on the result.
    pub allow_marked: bool,
}

impl Param {
    /// A parameter with the usual rules: converted, not null, unknown gives unknown, marks travel to the result.
    pub const fn new(name: &'static str, ty: Type) -> Self {
        Param {
            name,
            ty,
            allow_null: false,
            allow_unknown: false,
            allow_marked: false,
        }
    }
    /// Null is passed on.
    #[must_use]
    pub const fn nullable(mut self) -> Self {
        self.allow_null = true;
        self
    }
    /// Unknown values are passed on.
    #[must_use]
    pub const fn unknowable(mut self) -> Self {
        self.allow_unknown = true;
        self
    }
    /// Marks are passed on.
    #[must_use]
    pub const fn markable(mut self) -> Self {
        self.allow_marked = true;
        self
    }
}

/// Why a function gives no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionError {
    /// The argument with this index (from 0) is at fault; a phrase in lower case without a full stop, as Terraform prints behind `Invalid value for "name" parameter: `.
    Argument(usize, String),
    /// The call as a whole fails; printed behind `Call to function "name" failed: `.
    Call(String),
}

/// The type of a result, worked out from the (converted) arguments, some of which may be unknown.
pub type ResultType = fn(&[Value]) -> Result<Type, FunctionError>;

/// The function's own code. Arguments are as [`Param`] says.
pub type Body = fn(&[Value], &Surroundings) -> Result<Value, FunctionError>;

/// A built-in function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Name.
    pub name: &'static str,
    /// One line on what it does.
    pub description: &'static str,
    /// Fixed parameters.
    pub params: Vec<Param>,
    /// Parameter of all further arguments.
    pub variadic: Option<Param>,
    /// Type of the result, needed where an argument is unknown.
    pub result: ResultType,
    /// Whether a result is never null, so that an unknown one is known to be not null (unless its type is `any`).
    pub not_null: bool,
    /// The code.
    pub body: Body,
}
