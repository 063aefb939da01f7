//! Schemas: what attributes and nested blocks a type has, and what follows from it: decoding a body ([`Decoder`]), the
//! object that a plan starts from ([`proposed`]), places ([`locate`]), references, marks.

mod computed;
mod consistent;
mod decode;
mod iterator;
mod json;
mod layout;
mod locate;
mod proposed;
mod references;
mod sensitive;
mod state_json;
mod walk;

#[cfg(test)]
mod tests;

pub use computed::unknown_computed;
pub use consistent::consistent;
pub use consistent::plan_valid;
pub use decode::Decoder;
pub use decode::check;
pub use decode::decode;
pub use json::block_to_json;
pub use json::difference;
pub use json::to_json;
pub use locate::locate;
pub use proposed::empty;
pub use proposed::proposed;
pub use references::references;
pub use sensitive::mark_sensitive;
pub use state_json::StateJsonError;
pub use state_json::from_state_json;
pub use state_json::sensitive_paths;
pub use state_json::to_state_json;

use std::sync::Arc;

use streamform_lang::value::Name;
use streamform_lang::value::Type;

/// The schema of a resource type, data source, ephemeral resource or provider configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Version of the stored form; an older record is upgraded by the provider.
    pub version: u64,
    /// Attributes and blocks.
    pub block: Block,
}

/// Attributes and nested blocks, each sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Attributes.
    pub attributes: Vec<(Name, Attribute)>,
    /// Nested blocks.
    pub blocks: Vec<(Name, NestedBlock)>,
    /// Documentation, plain text.
    pub description: Option<Arc<str>>,
    /// Why the type is deprecated.
    pub deprecated: Option<Arc<str>>,
}

/// One attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its type; with `nested` the type that follows from it.
    pub ty: Type,
    /// Attributes of a structural attribute (protocol 6).
    pub nested: Option<Nested>,
    /// Must be given.
    pub required: bool,
    /// May be given.
    pub optional: bool,
    /// May be set by the provider.
    pub computed: bool,
    /// Must not be shown.
    pub sensitive: bool,
    /// Sent to the provider and never stored.
    pub write_only: bool,
    /// Why it is deprecated.
    pub deprecated: Option<Arc<str>>,
    /// Documentation, plain text.
    pub description: Option<Arc<str>>,
}

/// The attributes of a structural attribute, and how many of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nested {
    /// How they are kept.
    pub nesting: Nesting,
    /// The attributes.
    pub attributes: Vec<(Name, Attribute)>,
}

/// A kind of nested block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NestedBlock {
    /// How they are kept.
    pub nesting: Nesting,
    /// What is inside.
    pub block: Block,
    /// How many there must be.
    pub min_items: usize,
    /// How many there may be; none: any number.
    pub max_items: Option<usize>,
}

/// How nested blocks become a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// An object, or null.
    Single,
    /// An object, never null.
    Group,
    /// A list of objects.
    List,
    /// A set of objects.
    Set,
    /// A map of objects by label.
    Map,
}

impl Attribute {
    /// An attribute of a type that can be neither given nor set: the start for the ones below.
    pub fn new(ty: Type) -> Self {
        Attribute {
            ty,
            nested: None,
            required: false,
            optional: false,
            computed: false,
            sensitive: false,
            write_only: false,
            deprecated: None,
            description: None,
        }
    }
    /// A required attribute.
    pub fn required(ty: Type) -> Self {
        Attribute {
            required: true,
            ..Self::new(ty)
        }
    }
    /// An optional attribute.
    pub fn optional(ty: Type) -> Self {
        Attribute {
            optional: true,
            ..Self::new(ty)
        }
    }
    /// An attribute that only the provider sets.
    pub fn computed(ty: Type) -> Self {
        Attribute {
            computed: true,
            ..Self::new(ty)
        }
    }
    /// An attribute that may be given, and is set by the provider if it is not.
    pub fn optional_computed(ty: Type) -> Self {
        Attribute {
            optional: true,
            computed: true,
            ..Self::new(ty)
        }
    }
}

impl Block {
    /// An attribute by name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|(n, _)| n.as_str() == name)
            .map(|(_, a)| a)
    }
    /// A nested block by name.
    pub fn nested(&self, name: &str) -> Option<&NestedBlock> {
        self.blocks
            .iter()
            .find(|(n, _)| n.as_str() == name)
            .map(|(_, b)| b)
    }
    /// The object type that values of this block have.
    pub fn implied_type(&self) -> Type {
        Type::object(
            self.attributes
                .iter()
                .map(|(n, a)| (n.clone(), a.ty.clone()))
                .chain(self.blocks.iter().map(|(n, b)| (n.clone(), b.implied_type()))),
        )
    }
}

impl NestedBlock {
    /// The type of the attribute that these blocks become.
    pub fn implied_type(&self) -> Type {
        let inner = self.block.implied_type();
        match self.nesting {
            Nesting::Single | Nesting::Group => inner,
            // Blocks of different types (an `any` inside) cannot share a list.
            Nesting::List if inner.has_any() => Type::Any,
            Nesting::List => Type::list(inner),
            Nesting::Set => Type::set(inner),
            Nesting::Map if inner.has_any() => Type::Any,
            Nesting::Map => Type::map(inner),
        }
    }
}
