//! What a schema says must not be shown.

use streamform_lang::value::Kind;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Value;

use super::Attribute;
use super::Block;
use super::Nesting;

/// The value with every attribute that the schema calls sensitive marked so. A sensitive attribute inside a set marks the
/// whole set: elements of sets have no marks of their own.
pub fn mark_sensitive(block: &Block, value: Value) -> Value {
    if !block.has_sensitive() {
        return value;
    }
    let names: Vec<(&Name, Inside<'_>)> = block.inside().collect();
    mark(&names, value)
}

enum Inside<'a> {
    Attribute(&'a Attribute),
    Block(Nesting, &'a Block),
}

impl Block {
    /// Whether any attribute here or inside is sensitive.
    pub fn has_sensitive(&self) -> bool {
        self.attributes.iter().any(|(_, a)| a.has_sensitive())
            || self.blocks.iter().any(|(_, b)| b.block.has_sensitive())
    }

    fn inside(&self) -> impl Iterator<Item = (&Name, Inside<'_>)> {
        let attributes = self.attributes.iter().filter(|(_, a)| a.has_sensitive());
        let blocks = self.blocks.iter().filter(|(_, b)| b.block.has_sensitive());
        attributes
            .map(|(n, a)| (n, Inside::Attribute(a)))
            .chain(blocks.map(|(n, b)| (n, Inside::Block(b.nesting, &b.block))))
    }
}

impl Attribute {
    fn has_sensitive(&self) -> bool {
        self.sensitive
            || self
                .nested
                .as_ref()
                .is_some_and(|n| n.attributes.iter().any(|(_, a)| a.has_sensitive()))
    }
}

fn mark(names: &[(&Name, Inside<'_>)], value: Value) -> Value {
    let own = value.marks();
    let Kind::Object(items) = value.kind() else {
        return value;
    };
    let items: Vec<(Name, Value)> = items
        .iter()
        .map(|(k, v)| {
            let v = match names.iter().find(|(n, _)| *n == k) {
                None => v.clone(),
                Some((_, Inside::Attribute(a))) if a.sensitive => v.clone().with_marks(Marks::SENSITIVE),
                Some((_, Inside::Attribute(a))) => {
                    let inner: Vec<(&Name, Inside<'_>)> = a
                        .nested
                        .iter()
                        .flat_map(|n| &n.attributes)
                        .filter(|(_, a)| a.has_sensitive())
                        .map(|(n, a)| (n, Inside::Attribute(a)))
                        .collect();
                    let nesting = a.nested.as_ref().map_or(Nesting::Single, |n| n.nesting);
                    mark_each(nesting, &inner, v.clone())
                }
                Some((_, Inside::Block(nesting, block))) => {
                    let inner: Vec<(&Name, Inside<'_>)> = block.inside().collect();
                    mark_each(*nesting, &inner, v.clone())
                }
            };
            (k.clone(), v)
        })
        .collect();
    Value::object(items).with_marks(own)
}

fn mark_each(nesting: Nesting, inner: &[(&Name, Inside<'_>)], value: Value) -> Value {
    match nesting {
        Nesting::Single | Nesting::Group => mark(inner, value),
        // What is unknown or null has nothing inside; its parts are marked once they are known.
        _ if value.is_null() || !value.is_known() => value,
        Nesting::List | Nesting::Set | Nesting::Map => value.map_children(|v| mark(inner, v)),
    }
}
