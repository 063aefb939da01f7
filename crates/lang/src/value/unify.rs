//! The one type that values of several types can have together.

use super::Name;
use super::Type;
use super::convert::possible;

/// The type that values of all the types can be converted to without ever failing; nothing if there is none (or none
/// is given). Strings take up numbers and bools, lists tuples and sets, maps objects.
pub fn unify(types: &[Type]) -> Option<Type> {
    unify_types(types, false)
}

/// As [`unify`], but counting conversions that fail for some values, such as from string to number.
pub fn unify_unsafe(types: &[Type]) -> Option<Type> {
    unify_types(types, true)
}

pub(super) fn unify_types(types: &[Type], unsafe_too: bool) -> Option<Type> {
    let (first, rest) = types.split_first()?;
    if rest.iter().all(|t| t == first) {
        return Some(first.clone());
    }
    let count = |is: fn(&Type) -> bool| types.iter().filter(|t| is(t)).count();
    let all = types.len();
    let any = count(|t| *t == Type::Any);
    let [lists, sets, maps, tuples, objects] = [
        count(|t| matches!(t, Type::List(_))),
        count(|t| matches!(t, Type::Set(_))),
        count(|t| matches!(t, Type::Map(_))),
        count(|t| matches!(t, Type::Tuple(_))),
        count(|t| matches!(t, Type::Object(_))),
    ];

    // What stands in the place of an `any` may change the outcome altogether, so nothing is promised.
    for kind in [lists, sets, maps, tuples, objects] {
        if kind > 0 && any > 0 && kind + any == all {
            return Some(Type::Any);
        }
    }
    if maps == all {
        return Some(Type::map(elements(types, unsafe_too)?));
    }
    if lists == all {
        return Some(Type::list(elements(types, unsafe_too)?));
    }
    if sets == all {
        return Some(Type::set(elements(types, unsafe_too)?));
    }
    if objects == all {
        return objects_together(types, unsafe_too);
    }
    if tuples == all {
        return tuples_together(types, unsafe_too);
    }
    if maps > 0
        && maps + objects + any == all
        && let Some(ty @ Type::Map(_)) = as_collections(types, unsafe_too)
    {
        return Some(ty);
    }
    if lists > 0
        && lists + tuples + any == all
        && let Some(ty @ Type::List(_)) = as_collections(types, unsafe_too)
    {
        return Some(ty);
    }
    if objects > 0 && tuples > 0 {
        return None;
    }

    let mut candidates: Vec<&Type> = types.iter().collect();
    candidates.sort_by_key(|t| preference(t));
    candidates
        .into_iter()
        .find(|want| types.iter().all(|t| possible(t, want, unsafe_too)))
        .cloned()
}

/// Lower is tried first.
fn preference(ty: &Type) -> u8 {
    match ty {
        Type::String => 0,
        Type::List(_) | Type::Map(_) => 1,
        Type::Set(_) => 2,
        Type::Bool | Type::Number | Type::Tuple(_) | Type::Object(_) => 3,
        Type::Any => 4,
    }
}

fn elements(types: &[Type], unsafe_too: bool) -> Option<Type> {
    let elements: Vec<Type> = types.iter().filter_map(|t| t.element().cloned()).collect();
    unify_types(&elements, unsafe_too)
}

/// The types inside tuples and objects.
fn members(types: &[Type]) -> Vec<Type> {
    let mut members: Vec<Type> = Vec::new();
    for ty in types {
        match ty {
            Type::Tuple(items) => members.extend(items.iter().cloned()),
            Type::Object(o) => members.extend(o.attributes().iter().map(|(_, t)| t.clone())),
            _ => {}
        }
    }
    members
}

/// Tuples read as lists and objects as maps, beside true lists and maps.
fn as_collections(types: &[Type], unsafe_too: bool) -> Option<Type> {
    let (structures, mut others): (Vec<Type>, Vec<Type>) = types
        .iter()
        .cloned()
        .partition(|t| matches!(t, Type::Tuple(_) | Type::Object(_)));
    others.push(match structures.first()? {
        Type::Tuple(_) => as_list(&structures, unsafe_too)?,
        _ => as_map(&structures, unsafe_too)?,
    });
    unify_types(&others, unsafe_too)
}

fn objects_together(types: &[Type], unsafe_too: bool) -> Option<Type> {
    let attributes: Vec<&[(Name, Type)]> = types
        .iter()
        .filter_map(|t| match t {
            Type::Object(o) => Some(o.attributes()),
            _ => None,
        })
        .collect();
    let (first, rest) = attributes.split_first()?;
    let same_names = rest
        .iter()
        .all(|o| o.len() == first.len() && o.iter().zip(*first).all(|((a, _), (b, _))| a == b));
    if !same_names {
        return as_map(types, unsafe_too);
    }
    let mut unified = Vec::with_capacity(first.len());
    for (i, (name, _)) in first.iter().enumerate() {
        let across: Vec<Type> = attributes.iter().map(|o| o[i].1.clone()).collect();
        unified.push((name.clone(), unify_types(&across, unsafe_too)?));
    }
    let together = Type::object(unified);
    if types.iter().all(|t| possible(t, &together, unsafe_too)) {
        return Some(together);
    }
    as_map(types, unsafe_too)
}

fn tuples_together(types: &[Type], unsafe_too: bool) -> Option<Type> {
    let tuples: Vec<&[Type]> = types
        .iter()
        .filter_map(|t| match t {
            Type::Tuple(items) => Some(&***items),
            _ => None,
        })
        .collect();
    let (first, rest) = tuples.split_first()?;
    if rest.iter().any(|t| t.len() != first.len()) {
        return as_list(types, unsafe_too);
    }
    let mut unified = Vec::with_capacity(first.len());
    for i in 0..first.len() {
        let across: Vec<Type> = tuples.iter().map(|t| t[i].clone()).collect();
        unified.push(unify_types(&across, unsafe_too)?);
    }
    let together = Type::tuple(unified);
    if types.iter().all(|t| possible(t, &together, unsafe_too)) {
        return Some(together);
    }
    as_list(types, unsafe_too)
}

/// The map that all of the objects can become.
fn as_map(objects: &[Type], unsafe_too: bool) -> Option<Type> {
    let map = Type::map(unify_types(&members(objects), unsafe_too)?);
    let all = objects.iter().all(|t| possible(t, &map, unsafe_too));
    all.then_some(map)
}

/// The list that all of the tuples can become.
fn as_list(tuples: &[Type], unsafe_too: bool) -> Option<Type> {
    let list = Type::list(unify_types(&members(tuples), unsafe_too)?);
    let all = tuples.iter().all(|t| possible(t, &list, unsafe_too));
    all.then_some(list)
}
