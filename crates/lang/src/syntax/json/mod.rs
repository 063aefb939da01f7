//! The JSON syntax of the language.
//!
//! Text becomes a tree of [`Node`]s that keeps places, order and repeated names ([`parse_json`]). What a property means
//! (an argument, one block, many blocks, labels) is not in the text: whoever knows says so with a [`Shape`], and a
//! [`Reader`] makes the same [`Body`](super::Body) of it that the native syntax makes. What only a provider's schema
//! can tell is kept in [`Unread`](super::Unread) until that schema is there.

mod body;
mod expression;
mod node;
mod parse;
mod scan;
mod text;

pub use body::EXTRANEOUS;
pub use body::Meaning;
pub use body::Reader;
pub use body::Shape;
pub use expression::Reading;
pub use node::Node;
pub use node::NodeKind;
pub use node::Property;
pub use parse::parse_json;
pub use text::Text;

#[cfg(test)]
mod tests;
