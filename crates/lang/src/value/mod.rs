//! Values and types.
//!
//! A [`Value`] is typed, may be null or unknown, and carries marks (sensitive, ephemeral). It is
//! cheap to clone (shared inside) and knows without looking deeper whether it holds an unknown or
//! a mark anywhere.

mod decimal;
mod number;
mod path;
mod ty;
#[expect(
    clippy::module_inception,
    reason = "the value itself is the main thing in this room"
)]
mod value;

pub use number::Number;
pub use path::{Path, Step};
pub use ty::{ObjectType, Type};
pub use value::{Entries, Kind, Marks, Name, Refinement, Sequence, Unknown, Value};
