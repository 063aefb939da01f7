//! Values and types.
//!
//! A [`Value`] is typed, may be null or unknown, and carries marks (sensitive, ephemeral). It is
//! cheap to clone (shared inside) and knows without looking deeper whether it holds an unknown or
//! a mark anywhere.

mod convert;
mod decimal;
mod equal;
mod json;
mod marks;
mod mismatch;
mod name;
mod number;
mod path;
mod quoted;
mod set_order;
mod ty;
mod unify;
#[expect(
    clippy::module_inception,
    reason = "the value itself is the main thing in this room"
)]
mod value;

pub use convert::ConvertError;
pub use convert::can_convert;
pub use convert::convert;
pub use convert::convert_into;
pub use equal::equals;
pub use json::JsonError;
pub use json::TypeJson;
pub use json::from_json;
pub use json::from_json_implied;
pub use json::from_serde;
pub use json::to_json;
pub use json::to_json_as;
pub use json::to_serde;
pub use json::type_from_json;
pub use json::type_to_json;
pub use marks::Marks;
pub use mismatch::constraint_name;
pub use mismatch::mismatch_message;
pub use name::Name;
pub use number::Number;
pub use number::Undefined;
pub use path::{Path, Step};
pub use quoted::go_quoted;
pub(crate) use quoted::is_printable;
pub use quoted::push_go_quoted;
pub use ty::{ObjectType, Type};
pub use unify::unify;
pub use unify::unify_unsafe;
pub use value::{Entries, Kind, Refinement, Sequence, Unknown, Value};
