//! The object that a plan starts from: the configuration, with what only the provider knows taken from the prior object.

use std::collections::BTreeMap;

use streamform_lang::value::Kind;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;

use super::Attribute;
use super::Block;
use super::Nested;
use super::NestedBlock;
use super::Nesting;

/// Terraform's *proposed new object*: every argument as configured; computed attributes that are not configured as in
/// `prior` (null when there is none). Nested blocks are matched by position, by key, or, in sets, by what is configured.
/// Unknown values stay unknown. Neither object may carry marks.
pub fn proposed(prior: &Value, config: &Value, block: &Block) -> Value {
    if config.is_null() && prior.is_null() {
        return prior.clone();
    }
    if prior.is_null() {
        object(&empty(block), config, block)
    } else {
        object(prior, config, block)
    }
}

/// What an empty configuration of a block would be: attributes null, collections of blocks empty.
pub fn empty(block: &Block) -> Value {
    let attributes = block
        .attributes
        .iter()
        .map(|(n, a)| (n.clone(), Value::null(a.ty.clone())));
    let blocks = block.blocks.iter().map(|(n, b)| (n.clone(), b.empty_value()));
    merge(attributes, blocks)
}

impl NestedBlock {
    /// The value when there is no such block: null, an empty group or an empty collection.
    pub fn empty_value(&self) -> Value {
        let inner = || self.block.implied_type();
        match (self.nesting, self.implied_type()) {
            (Nesting::Single, ty) => Value::null(ty),
            (Nesting::Group, _) => empty(&self.block),
            (Nesting::List, Type::Any) => Value::tuple([]),
            (Nesting::Map, Type::Any) => Value::object([]),
            (Nesting::List, _) => Value::list(inner(), []),
            (Nesting::Set, _) => Value::set(inner(), []),
            (Nesting::Map, _) => Value::map(inner(), []),
        }
    }
}

/// Attributes and blocks as one object; both are sorted already, so this is a merge.
fn merge(
    attributes: impl Iterator<Item = (Name, Value)>,
    blocks: impl Iterator<Item = (Name, Value)>,
) -> Value {
    let mut items: Vec<(Name, Value)> = attributes.chain(blocks).collect();
    items.sort_by(|a, b| a.0.cmp(&b.0));
    Value::object(items)
}

/// A member of an object. Its type is worked out only if it is not there.
fn member(object: &Value, name: &str, ty: impl FnOnce() -> Type) -> Value {
    match object.kind() {
        Kind::Unknown(_) => Value::unknown(ty()),
        _ => object.get(name).cloned().unwrap_or_else(|| Value::null(ty())),
    }
}

fn object(prior: &Value, config: &Value, block: &Block) -> Value {
    // Not configured at all, or not known: nothing can be merged.
    if config.is_null() || !config.is_known() {
        return prior.clone();
    }
    let attributes = block.attributes.iter().map(|(n, a)| {
        let value = attribute(
            &member(prior, n, || a.ty.clone()),
            &member(config, n, || a.ty.clone()),
            a,
        );
        (n.clone(), value)
    });
    let blocks = block.blocks.iter().map(|(n, b)| {
        let ty = || b.implied_type();
        (
            n.clone(),
            nested_block(&member(prior, n, ty), &member(config, n, ty), b),
        )
    });
    merge(attributes, blocks)
}

fn attribute(prior: &Value, config: &Value, schema: &Attribute) -> Value {
    if schema.computed && config.is_null() {
        // Parts that only a configuration can have set show that the attribute was configured and is not any more.
        return if schema.optional && holds_configured_parts(prior, schema) {
            config.clone()
        } else {
            prior.clone()
        };
    }
    match &schema.nested {
        Some(nested) if config.is_known() && !config.is_null() => nested_attribute(prior, config, nested),
        _ => config.clone(),
    }
}

fn holds_configured_parts(value: &Value, schema: &Attribute) -> bool {
    let Some(nested) = &schema.nested else {
        return false;
    };
    let part = |object: &Value| {
        nested.attributes.iter().any(|(n, a)| {
            object.get(n).is_some_and(|v| {
                !v.is_null() && ((a.optional || a.required) && !a.computed || holds_configured_parts(v, a))
            })
        })
    };
    match nested.nesting {
        Nesting::Single | Nesting::Group => part(value),
        Nesting::List | Nesting::Set => value.items().unwrap_or_default().iter().any(part),
        Nesting::Map => value.entries().unwrap_or_default().iter().any(|(_, v)| part(v)),
    }
}

fn nested_attribute(prior: &Value, config: &Value, nested: &Nested) -> Value {
    let block = Block {
        attributes: nested.attributes.clone(),
        ..Block::default()
    };
    collection(prior, config, nested.nesting, &block)
}

fn nested_block(prior: &Value, config: &Value, schema: &NestedBlock) -> Value {
    if !config.is_known() {
        return config.clone();
    }
    collection(prior, config, schema.nesting, &schema.block)
}

fn one(prior: Option<&Value>, config: &Value, block: &Block) -> Value {
    match prior {
        Some(prior) if !prior.is_null() => object(prior, config, block),
        _ if config.is_null() => config.clone(),
        _ => object(&empty(block), config, block),
    }
}

fn collection(prior: &Value, config: &Value, nesting: Nesting, block: &Block) -> Value {
    match config.kind() {
        Kind::Null(_) | Kind::Unknown(_) => config.clone(),
        Kind::Object(_) if matches!(nesting, Nesting::Single | Nesting::Group) => {
            one(Some(prior), config, block)
        }
        Kind::List(s) => {
            let items = (s.items.iter().enumerate())
                .map(|(i, c)| one(prior.items().and_then(|p| p.get(i)), c, block));
            Value::list(s.elem.clone(), items)
        }
        Kind::Tuple(t) => Value::tuple(
            (t.iter().enumerate()).map(|(i, c)| one(prior.items().and_then(|p| p.get(i)), c, block)),
        ),
        Kind::Map(m) => Value::map(
            m.elem.clone(),
            (m.items.iter()).map(|(k, c)| (k.clone(), one(prior.get(k), c, block))),
        ),
        Kind::Object(o) => Value::object((o.iter()).map(|(k, c)| (k.clone(), one(prior.get(k), c, block)))),
        Kind::Set(s) => set(prior, &s.items, &s.elem, block),
        Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => config.clone(),
    }
}

/// Elements of a set have no names: a configured one continues the first unused prior one that it could have become by
/// the provider filling in computed attributes.
fn set(prior: &Value, config: &[Value], elem: &Type, block: &Block) -> Value {
    let candidates = prior.items().unwrap_or_default();
    let mut used = vec![false; candidates.len()];
    let places: BTreeMap<&Value, usize> = candidates.iter().zip(0..).collect();
    let items: Vec<Value> = config
        .iter()
        .map(|c| {
            // Most elements are as they were.
            let same = places.get(c).copied().filter(|i| !used[*i]);
            let found = same.or_else(|| {
                (0..candidates.len()).find(|i| !used[*i] && came_from(&candidates[*i], c, block))
            });
            if let Some(i) = found {
                used[i] = true;
            }
            one(found.map(|i| &candidates[i]), c, block)
        })
        .collect();
    Value::set(elem.clone(), items)
}

/// Whether `prior` can be what a provider made of `config`: equal, but for computed attributes that are not configured.
fn came_from(prior: &Value, config: &Value, block: &Block) -> bool {
    if prior == config {
        return true;
    }
    let (Kind::Object(_), Kind::Object(_)) = (prior.kind(), config.kind()) else {
        return false;
    };
    block.attributes.iter().all(|(n, a)| {
        let (p, c) = (
            member(prior, n, || a.ty.clone()),
            member(config, n, || a.ty.clone()),
        );
        p == c
            // Terraform cannot look into sets here either: one that the provider filled in makes another element.
            || a.computed && c.is_null() && !matches!(a.ty, Type::Set(_))
            || a.nested
                .as_ref()
                .is_some_and(|nested| nested_came_from(&p, &c, nested))
    }) && block.blocks.iter().all(|(n, b)| {
        let ty = || b.implied_type();
        blocks_came_from(&member(prior, n, ty), &member(config, n, ty), &b.block)
    })
}

fn nested_came_from(prior: &Value, config: &Value, nested: &Nested) -> bool {
    let block = Block {
        attributes: nested.attributes.clone(),
        ..Block::default()
    };
    blocks_came_from(prior, config, &block)
}

fn blocks_came_from(prior: &Value, config: &Value, block: &Block) -> bool {
    if prior == config {
        return true;
    }
    match (prior.kind(), config.kind()) {
        (Kind::List(p), Kind::List(c)) => {
            p.items.len() == c.items.len()
                && p.items.iter().zip(&c.items).all(|(p, c)| came_from(p, c, block))
        }
        (Kind::Map(p), Kind::Map(c)) => {
            p.items.len() == c.items.len()
                && p.items
                    .iter()
                    .zip(&c.items)
                    .all(|((k, p), (l, c))| k == l && came_from(p, c, block))
        }
        (Kind::Object(_), Kind::Object(_)) => came_from(prior, config, block),
        // Sets inside sets cannot be matched any further.
        _ => false,
    }
}
