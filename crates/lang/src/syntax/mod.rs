//! From text to our own tree. Only this room knows hcl_edit.

mod tree;

pub use tree::*;
