//! Settling what the table left open: nothing or a zero value, known or not.

use streamform_lang::value::ConvertError;
use streamform_lang::value::Kind;
use streamform_lang::value::Name;
use streamform_lang::value::ObjectType;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_lang::value::convert;

use super::plan::is_zero;
use crate::schema::Block;

/// The planned object with the difference between nothing and empty as the configuration has it, where the table cannot
/// tell them apart.
pub(super) fn nulls(planned: Value, proposed: &Value) -> Value {
    if !proposed.is_null() && !proposed.is_known() {
        return if planned.is_null() {
            proposed.clone()
        } else {
            planned
        };
    }
    if proposed.is_null() || !planned.is_known() {
        return planned;
    }
    match (planned.kind(), proposed.kind()) {
        (Kind::Object(items), Kind::Object(_)) => Value::object(items.iter().map(|(k, v)| {
            let v = v.clone();
            (
                k.clone(),
                match proposed.get(k) {
                    Some(p) => nulls(v, p),
                    None => v,
                },
            )
        })),
        (Kind::List(p), Kind::List(c)) if p.items.len() == c.items.len() => {
            let items = p.items.iter().zip(&c.items).map(|(p, c)| nulls(p.clone(), c));
            Value::list(p.elem.clone(), items)
        }
        (Kind::Null(_), Kind::List(c)) if c.items.is_empty() => proposed.clone(),
        (Kind::Null(_), Kind::String(s)) if s.is_empty() => proposed.clone(),
        _ => planned,
    }
}

/// The object with every computed attribute that is null made unknown: what a create will tell.
pub(super) fn unknowns(value: Value, block: &Block) -> Value {
    let Kind::Object(items) = value.kind() else {
        return value;
    };
    let items = items.iter().map(|(k, v)| {
        let v = if v.is_null() && block.attribute(k).is_some_and(|a| a.computed) {
            Value::unknown(v.ty())
        } else if let Some(nested) = block.nested(k) {
            inside(v, &nested.block)
        } else {
            v.clone()
        };
        (k.clone(), v)
    });
    Value::object(items.collect::<Vec<(Name, Value)>>())
}

fn inside(value: &Value, block: &Block) -> Value {
    match value.kind() {
        Kind::Object(_) => unknowns(value.clone(), block),
        Kind::List(s) => Value::list(s.elem.clone(), s.items.iter().map(|v| inside(v, block))),
        Kind::Set(s) => Value::set(s.elem.clone(), s.items.iter().map(|v| inside(v, block))),
        _ => value.clone(),
    }
}

/// Whether two objects differ in nothing but null against empty, zero or false.
pub(super) fn equivalent(a: &Value, b: &Value) -> bool {
    if a == b {
        return true;
    }
    if !a.is_known() || !b.is_known() {
        return false;
    }
    if a.is_null() || b.is_null() {
        return is_zero(a) && is_zero(b);
    }
    match (a.kind(), b.kind()) {
        (Kind::Object(a), Kind::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b.iter())
                    .all(|((k, a), (l, b))| k == l && equivalent(a, b))
        }
        (Kind::List(a), Kind::List(b)) | (Kind::Set(a), Kind::Set(b)) => {
            a.items.len() == b.items.len() && a.items.iter().zip(&b.items).all(|(a, b)| equivalent(a, b))
        }
        (Kind::Map(a), Kind::Map(b)) => {
            a.items.len() == b.items.len()
                && a.items
                    .iter()
                    .zip(&b.items)
                    .all(|((k, a), (l, b))| k == l && equivalent(a, b))
        }
        _ => false,
    }
}

/// The result of an apply or read with the difference between nothing and empty as it was planned: an API rarely tells
/// an absent text from an empty one, and a configuration that says nothing must not see a change.
pub(super) fn as_planned(actual: Value, planned: &Value) -> Value {
    if planned.is_null() {
        return if is_zero(&actual) && actual.is_known() && !matches!(actual.kind(), Kind::Object(_)) {
            planned.clone()
        } else {
            actual
        };
    }
    match (actual.kind(), planned.kind()) {
        (Kind::Null(_), _) if planned.is_known() && is_zero(planned) => planned.clone(),
        (Kind::Object(items), Kind::Object(_)) => Value::object(items.iter().map(|(k, v)| {
            let v = v.clone();
            (
                k.clone(),
                match planned.get(k) {
                    Some(p) => as_planned(v, p),
                    None => v,
                },
            )
        })),
        (Kind::List(a), Kind::List(p)) if a.items.len() == p.items.len() => {
            let items = a
                .items
                .iter()
                .zip(&p.items)
                .map(|(a, p)| as_planned(a.clone(), p));
            Value::list(a.elem.clone(), items)
        }
        _ => actual,
    }
}

/// The object with everything that it leaves out: attributes as null, blocks as none. So a resource type need only name
/// what it knows.
pub(super) fn complete(value: &Value, block: &Block) -> Result<Value, ConvertError> {
    let value = convert(value, &all_optional(&block.implied_type()))?;
    Ok(without_null_blocks(value, block))
}

fn all_optional(ty: &Type) -> Type {
    match ty {
        Type::Object(o) => Type::Object(ObjectType::with_optional(
            o.attributes().iter().map(|(n, t)| (n.clone(), all_optional(t))),
            o.attributes().iter().map(|(n, _)| n.clone()),
        )),
        Type::List(e) => Type::list(all_optional(e)),
        Type::Set(e) => Type::set(all_optional(e)),
        Type::Map(e) => Type::map(all_optional(e)),
        other => other.clone(),
    }
}

fn without_null_blocks(value: Value, block: &Block) -> Value {
    let Kind::Object(items) = value.kind() else {
        return value;
    };
    if block.blocks.is_empty() {
        return value;
    }
    Value::object(items.iter().map(|(k, v)| {
        let v = match block.nested(k) {
            None => v.clone(),
            Some(nested) if v.is_null() => nested.empty_value(),
            Some(nested) if v.items().is_some() => v
                .clone()
                .map_children(|item| without_null_blocks(item, &nested.block)),
            Some(nested) => without_null_blocks(v.clone(), &nested.block),
        };
        (k.clone(), v)
    }))
}

/// The object with everything in it known: what the provider does not tell in the end is nothing.
pub(super) fn known(value: Value) -> Value {
    if value.is_wholly_known() {
        return value;
    }
    match value.kind() {
        Kind::Unknown(u) => Value::null(u.ty.clone()),
        _ => value.map_children(known),
    }
}

/// An object with `base` showing through where it says nothing.
pub(super) fn under(value: &Value, base: &Value) -> Value {
    let (Kind::Object(items), Kind::Object(below)) = (value.kind(), base.kind()) else {
        return if value.is_null() {
            base.clone()
        } else {
            value.clone()
        };
    };
    let mut merged: std::collections::BTreeMap<Name, Value> = below.iter().cloned().collect();
    for (k, v) in items.iter() {
        if !v.is_null() {
            merged.insert(k.clone(), v.clone());
        }
    }
    Value::object(merged)
}
