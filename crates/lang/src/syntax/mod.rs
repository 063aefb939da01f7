//! From text to our own tree. Only this room knows hcl_edit.
//!
//! Text goes through a scanner (tokens) and a grammar (the items of bodies, errors as Terraform reports them, the
//! pieces of expressions); each expression is parsed by hcl-edit and lowered into our own tree, with exact spans.
//! [`json`] makes the same tree of files in the JSON syntax.

mod check;
pub mod json;
mod lower;
mod parse;
mod places;
mod reference;
pub(crate) mod scan;
pub(crate) mod shape;
pub(crate) mod token;
mod tree;
mod unfinished;
mod walk;
mod written;

pub use crate::value::go_quoted;
pub use crate::value::push_go_quoted;
pub(crate) use parse::layout;
pub use parse::parse;
pub use parse::parse_expression;
pub use parse::parse_template;
pub use parse::parse_traversal;
pub use reference::reference;
pub use tree::*;
pub use unfinished::is_unfinished;
pub use written::is_identifier;
pub use written::string_literal;

#[cfg(test)]
pub(crate) mod tests;
