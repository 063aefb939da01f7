//! Functions on maps and objects.

use std::collections::BTreeMap;

use super::super::Function;
use super::super::FunctionError;
use super::super::Param;
use super::super::Surroundings;
use super::super::define::Outcome;
use super::super::define::any;
use super::super::define::anything;
use super::super::define::failed;
use super::super::define::function;
use super::super::define::items;
use super::super::define::string;
use super::super::define::unknown;
use super::super::define::wrong;
use super::sequence::element_type;
use crate::syntax::go_quoted;
use crate::value::Kind;
use crate::value::Marks;
use crate::value::Name;
use crate::value::Type;
use crate::value::Value;
use crate::value::convert;

pub(super) fn functions() -> Vec<Function> {
    vec![
        function(
            "keys",
            "The keys of a map or the names of an object's attributes, sorted.",
            [any("inputMap").unknowable().markable()],
            |a| match a[0].ty() {
                Type::Any => Ok(Type::Any),
                Type::Map(_) => Ok(Type::list(Type::String)),
                Type::Object(o) => Ok(Type::tuple(o.attributes().iter().map(|_| Type::String))),
                _ => Err(wrong(0, "must have map or object type")),
            },
            keys,
        ),
        function(
            "lookup",
            "The element of a map or object with a key, or a default.",
            [any("inputMap").markable(), string("key").markable().unknowable()],
            lookup_type,
            lookup,
        )
        .variadic(anything("default").markable())
        .nullable(),
        function(
            "merge",
            "All entries of maps or objects together; of equal keys the last wins.",
            [],
            merge_type,
            merge,
        )
        .variadic(any("maps").nullable().markable()),
        function(
            "transpose",
            "Turns a map of lists around: each element becomes a key, with the list of the keys that it stood under.",
            [Param::new("values", Type::map(Type::list(Type::String)))],
            |_| Ok(Type::map(Type::list(Type::String))),
            transpose,
        ),
        function(
            "values",
            "The values of a map or object, in the order of the keys.",
            [any("mapping").markable()],
            |a| match a[0].ty() {
                Type::Any => Ok(Type::Any),
                Type::Map(e) => Ok(Type::List(e)),
                Type::Object(o) => Ok(Type::tuple(o.attributes().iter().map(|(_, t)| t.clone()))),
                _ => Err(failed("values() requires a map as the first argument")),
            },
            |a, _| {
                let all = a[0].entries().unwrap_or(&[]).iter().map(|(_, v)| v.clone());
                Ok(match a[0].kind() {
                    Kind::Map(_) => Value::list(element_type(&a[0]), all),
                    _ => Value::tuple(all),
                }
                .with_marks(a[0].marks()))
            },
        ),
        function(
            "zipmap",
            "A map or object from a list of keys and one of values.",
            [
                Param::new("keys", Type::list(Type::String)).markable(),
                any("values").markable(),
            ],
            zipmap_type,
            zipmap,
        ),
    ]
}

fn keys(a: &[Value], _: &Surroundings) -> Outcome {
    let text = |n: &Name| Value::from(Kind::String(n.clone()));
    Ok(match (a[0].kind(), a[0].ty()) {
        (_, Type::Object(o)) => Value::tuple(o.attributes().iter().map(|(n, _)| text(n))),
        (Kind::Map(m), _) => Value::list(Type::String, m.items.iter().map(|(n, _)| text(n))),
        (_, Type::Any) => unknown(Type::Any),
        _ => unknown(Type::list(Type::String)),
    }
    .with_marks(a[0].marks()))
}

fn lookup_type(a: &[Value]) -> Result<Type, FunctionError> {
    if a.len() > 3 {
        return Err(failed(format!(
            "lookup() takes two or three arguments, got {}",
            a.len()
        )));
    }
    match a[0].ty() {
        Type::Any => Ok(Type::Any),
        Type::Object(o) => {
            let Some(key) = a[1].as_str() else {
                return Ok(Type::Any);
            };
            if let Some(ty) = o.get(key) {
                return Ok(ty.clone());
            }
            match a.get(2) {
                Some(default) => Ok(default.ty()),
                None => Err(wrong(
                    0,
                    format!("the given object has no attribute {}", shown_key(&a[1])),
                )),
            }
        }
        Type::Map(e) => {
            if let Some(default) = a.get(2)
                && convert(default, &e).is_err()
            {
                return Err(wrong(
                    2,
                    "the default value must have the same type as the map elements",
                ));
            }
            Ok((*e).clone())
        }
        _ => Err(wrong(0, "lookup() requires a map as the first argument")),
    }
}

fn shown_key(key: &Value) -> String {
    if key.is_sensitive() {
        "(sensitive value)".to_owned()
    } else {
        go_quoted(key.as_str().unwrap_or(""))
    }
}

fn lookup(a: &[Value], _: &Surroundings) -> Outcome {
    let ty = lookup_type(a)?;
    let marks = a[0].marks().union(a[1].marks());
    if !a[1].is_known() {
        return Ok(Value::unknown(ty).with_marks(marks));
    }
    if let Some(found) = a[0].get(a[1].as_str().unwrap_or("")) {
        return Ok(found.clone().with_marks(marks));
    }
    match a.get(2) {
        Some(default) => convert(default, &ty)
            .map(|v| v.with_marks(marks))
            .map_err(|e| failed(e.to_string())),
        None => Err(failed(format!("lookup failed to find key {}", shown_key(&a[1])))),
    }
}

fn merge_type(a: &[Value]) -> Result<Type, FunctionError> {
    let mut attributes: BTreeMap<Name, Type> = BTreeMap::new();
    let mut first: Option<Type> = None;
    let (mut same, mut known) = (true, true);
    for v in a {
        match v.ty() {
            // Behind what has no type yet nothing is looked at, as in Terraform.
            Type::Any => return Ok(Type::Any),
            Type::Map(_) | Type::Object(_) => {}
            other => return Err(no_entries(&other)),
        }
    }
    // Of what is known only the errors count; working out the types costs more than the merging.
    if a.iter()
        .all(|v| matches!(v.kind(), Kind::Map(_) | Kind::Object(_)))
    {
        return Ok(Type::Any);
    }
    for v in a {
        let mut ty = v.ty();
        match &ty {
            // Null has no attributes.
            Type::Object(_) if v.is_null() => ty = Type::empty_object(),
            Type::Object(o) => attributes.extend(o.attributes().iter().cloned()),
            Type::Map(_) if !v.is_known() => known = false,
            Type::Map(e) => {
                attributes.extend(
                    v.entries()
                        .unwrap_or(&[])
                        .iter()
                        .map(|(n, _)| (n.clone(), (**e).clone())),
                );
            }
            other => return Err(no_entries(other)),
        }
        same &= first.get_or_insert_with(|| ty.clone()) == &ty;
    }
    Ok(match first {
        Some(ty) if same => ty,
        _ if !known => Type::Any,
        _ => Type::object(attributes),
    })
}

fn no_entries(ty: &Type) -> FunctionError {
    failed(format!(
        "arguments must be maps or objects, got {}",
        go_quoted(&ty.friendly_name())
    ))
}

fn merge(a: &[Value], _: &Surroundings) -> Outcome {
    let mut marks = Marks::NONE;
    let mut all: BTreeMap<Name, Value> = BTreeMap::new();
    for v in a {
        if v.is_null() {
            continue;
        }
        marks = marks.union(v.marks());
        let entries = v.entries().ok_or_else(|| no_entries(&v.ty()))?;
        all.extend(entries.iter().cloned());
    }
    Ok(match one_map_type(a) {
        Some(elem) => Value::map(elem, all),
        None => Value::object(all),
    }
    .with_marks(marks))
}

/// The element type of the maps, where all are maps of one type.
fn one_map_type(a: &[Value]) -> Option<Type> {
    fn element(v: &Value) -> Option<&Type> {
        match v.kind() {
            Kind::Map(m) => Some(&m.elem),
            Kind::Null(Type::Map(elem)) => Some(elem),
            _ => None,
        }
    }
    let first = element(a.first()?)?;
    a[1..]
        .iter()
        .all(|v| element(v) == Some(first))
        .then(|| first.clone())
}

fn transpose(a: &[Value], _: &Surroundings) -> Outcome {
    let result = Type::map(Type::list(Type::String));
    let mut turned: BTreeMap<Name, Vec<Value>> = BTreeMap::new();
    for (key, list) in a[0].entries().unwrap_or(&[]) {
        if !list.is_wholly_known() {
            return Ok(unknown(result));
        }
        if list.is_null() {
            return Err(failed("input must not contain null list"));
        }
        for v in items(list) {
            let Kind::String(s) = v.kind() else {
                return Err(failed("input list must not contain null string"));
            };
            turned
                .entry(s.clone())
                .or_default()
                .push(Value::from(Kind::String(key.clone())));
        }
    }
    Ok(Value::map(
        Type::list(Type::String),
        turned.into_iter().map(|(k, v)| (k, Value::list(Type::String, v))),
    ))
}

fn zipmap_type(a: &[Value]) -> Result<Type, FunctionError> {
    match a[1].ty() {
        Type::Any => Ok(Type::Any),
        Type::List(e) => Ok(Type::Map(e)),
        Type::Tuple(_) if !a[0].is_wholly_known() => Ok(Type::Any),
        Type::Tuple(t) => Ok(Type::object(
            zip_keys(&a[0], t.len())?.into_iter().zip(t.iter().cloned()),
        )),
        _ => Err(failed("values argument must be a list or tuple value")),
    }
}

fn zip_keys(keys: &Value, values: usize) -> Result<Vec<Name>, FunctionError> {
    let keys = items(keys);
    if keys.len() != values {
        return Err(failed(format!(
            "number of keys ({}) does not match number of values ({values})",
            keys.len()
        )));
    }
    let mut names = Vec::with_capacity(keys.len());
    for (i, k) in keys.iter().enumerate() {
        let Kind::String(name) = k.kind() else {
            return Err(failed(format!("keys list has null value at index {i}")));
        };
        names.push(name.clone());
    }
    Ok(names)
}

fn zipmap(a: &[Value], _: &Surroundings) -> Outcome {
    // A key can carry no mark, so its marks go to the whole.
    let marks = a[0].deep_marks().union(a[1].marks());
    if !a[0].is_wholly_known() {
        return Ok(zipmap_type(a).map(unknown)?.with_marks(marks));
    }
    let values = items(&a[1]);
    let entries = zip_keys(&a[0], values.len())?
        .into_iter()
        .zip(values.iter().cloned());
    Ok(match a[1].kind() {
        Kind::List(_) => Value::map(element_type(&a[1]), entries),
        _ => Value::object(entries),
    }
    .with_marks(marks))
}
