//! From an expression and a scope to a value.

mod scope;

pub use scope::Evaluated;
pub use scope::Scope;
