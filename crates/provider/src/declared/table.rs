//! From the table of a type to its schema, by the rules of the plugin SDK.

use streamform_lang::value::Name;
use streamform_lang::value::Type;

use super::Declaration;
use super::Field;
use super::FieldKind;
use super::Presence;
use super::Timeouts;
use crate::schema::Attribute;
use crate::schema::Block;
use crate::schema::NestedBlock;
use crate::schema::Nesting;
use crate::schema::Schema;

impl Declaration {
    /// The schema: fields as attributes or blocks, `id` (optional and computed) where the table has none, and a `timeouts`
    /// block where the table has deadlines.
    pub fn schema(&self) -> Schema {
        let mut block = block_of(&self.fields);
        if !self.fields.iter().any(|f| f.name == "id") {
            block
                .attributes
                .push((Name::from("id"), Attribute::optional_computed(Type::String)));
        }
        if let Some(timeouts) = self.timeouts.block() {
            block.blocks.push((Name::from("timeouts"), timeouts));
        }
        block.attributes.sort_by(|a, b| a.0.cmp(&b.0));
        block.blocks.sort_by(|a, b| a.0.cmp(&b.0));
        block.deprecated = self.deprecated.map(Into::into);
        Schema {
            version: self.version,
            block,
        }
    }
}

impl Timeouts {
    /// Names of the operations that may be given a deadline, with the default.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, std::time::Duration)> {
        [
            ("create", self.create),
            ("read", self.read),
            ("update", self.update),
            ("delete", self.delete),
        ]
        .into_iter()
        .filter_map(|(n, d)| Some((n, d?)))
    }

    fn block(&self) -> Option<NestedBlock> {
        let mut attributes: Vec<(Name, Attribute)> = self
            .named()
            .map(|(n, _)| (Name::from(n), Attribute::optional(Type::String)))
            .collect();
        attributes.sort_by(|a, b| a.0.cmp(&b.0));
        (!attributes.is_empty()).then(|| NestedBlock {
            nesting: Nesting::Single,
            block: Block {
                attributes,
                ..Block::default()
            },
            min_items: 0,
            max_items: None,
        })
    }
}

/// Fields as attributes and blocks.
pub(super) fn block_of(fields: &[Field]) -> Block {
    let mut block = Block::default();
    for field in fields {
        let name = Name::from(field.name);
        match field.as_block() {
            Some(nested) => block.blocks.push((name, nested)),
            None => block.attributes.push((name, field.as_attribute())),
        }
    }
    block.attributes.sort_by(|a, b| a.0.cmp(&b.0));
    block.blocks.sort_by(|a, b| a.0.cmp(&b.0));
    block
}

impl Field {
    /// Whether the SDK makes a block of it: nested objects that may be given.
    pub(super) fn is_block(&self) -> bool {
        matches!(self.kind, FieldKind::Block { .. }) && self.presence != Presence::Computed && !self.attribute
    }

    fn as_block(&self) -> Option<NestedBlock> {
        let FieldKind::Block {
            set,
            fields,
            min,
            max,
        } = &self.kind
        else {
            return None;
        };
        if !self.is_block() {
            return None;
        }
        Some(NestedBlock {
            nesting: if *set { Nesting::Set } else { Nesting::List },
            block: block_of(fields),
            // The SDK has never looked at the minimum of something optional.
            min_items: match self.presence {
                Presence::Required => (*min).max(1),
                _ => 0,
            },
            max_items: *max,
        })
    }

    fn as_attribute(&self) -> Attribute {
        let start = match self.presence {
            Presence::Required => Attribute::required(self.kind.ty()),
            Presence::Optional => Attribute::optional(self.kind.ty()),
            Presence::Computed => Attribute::computed(self.kind.ty()),
            Presence::OptionalComputed => Attribute::optional_computed(self.kind.ty()),
        };
        Attribute {
            sensitive: self.sensitive,
            write_only: self.write_only,
            deprecated: self.deprecated.map(Into::into),
            ..start
        }
    }
}

impl FieldKind {
    /// The type of a value of this kind.
    pub fn ty(&self) -> Type {
        match self {
            FieldKind::Bool => Type::Bool,
            FieldKind::Int | FieldKind::Float => Type::Number,
            FieldKind::String => Type::String,
            FieldKind::List(e) => Type::list(e.ty()),
            FieldKind::Set(e) => Type::set(e.ty()),
            FieldKind::Map(e) => Type::map(e.ty()),
            FieldKind::Block { set, fields, .. } => {
                let object = Type::object(fields.iter().map(|f| (Name::from(f.name), f.kind.ty())));
                if *set {
                    Type::set(object)
                } else {
                    Type::list(object)
                }
            }
        }
    }
}
