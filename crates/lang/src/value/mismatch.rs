//! Why values of one type cannot become another, in words.

use super::ObjectType;
use super::Type;
use super::convert::can_convert;

/// The reason, as a phrase in lower case without a full stop: `string required`, `attribute "a" is required`.
pub fn mismatch_message(got: &Type, want: &Type) -> String {
    let required = || format!("{} required", constraint_name(want));
    match (got, want) {
        (Type::Object(g), Type::Object(w)) => objects(g, w),
        (Type::Tuple(_), Type::List(e)) if **e == Type::Any => {
            "all list elements must have the same type".into()
        }
        (Type::Tuple(_), Type::Set(e)) if **e == Type::Any => {
            "all set elements must have the same type".into()
        }
        (Type::Object(_), Type::Map(e)) if **e == Type::Any => {
            "all map elements must have the same type".into()
        }
        (Type::Tuple(items), Type::List(e) | Type::Set(e)) => items
            .iter()
            .enumerate()
            .find(|(_, t)| !can_convert(t, e))
            .map_or_else(
                || format!("all elements must be {}", constraint_name(e)),
                |(i, t)| format!("element {i}: {}", mismatch_message(t, e)),
            ),
        (Type::Object(o), Type::Map(e)) => o
            .attributes()
            .iter()
            .find(|(_, t)| !can_convert(t, e))
            .map_or_else(
                || format!("all elements must be {}", constraint_name(e)),
                |(n, t)| format!("element {:?}: {}", n.as_str(), mismatch_message(t, e)),
            ),
        (Type::List(g) | Type::Set(g), Type::List(w)) => {
            format!("incorrect list element type: {}", mismatch_message(g, w))
        }
        (Type::List(g) | Type::Set(g), Type::Set(w)) => {
            format!("incorrect set element type: {}", mismatch_message(g, w))
        }
        (Type::Map(g), Type::Map(w)) => format!("incorrect map element type: {}", mismatch_message(g, w)),
        _ => required(),
    }
}

fn objects(got: &ObjectType, want: &ObjectType) -> String {
    let missing: Vec<String> = want
        .attributes()
        .iter()
        .filter(|(n, _)| got.get(n).is_none() && !want.is_optional(n))
        .map(|(n, _)| format!("{:?}", n.as_str()))
        .collect();
    match &missing[..] {
        [] => {}
        [one] => return format!("attribute {one} is required"),
        [one, two] => return format!("attributes {one} and {two} are required"),
        [more @ .., last] => return format!("attributes {}, and {last} are required", more.join(", ")),
    }
    want.attributes()
        .iter()
        .filter_map(|(n, w)| got.get(n).map(|g| (n, g, w)))
        .find(|(_, g, w)| !can_convert(g, w))
        .map_or_else(
            || "incorrect object attributes".to_owned(),
            |(n, g, w)| format!("attribute {:?}: {}", n.as_str(), mismatch_message(g, w)),
        )
}

/// How messages call a type that is asked for: as [`Type::friendly_name`], but `any` has words of its own.
pub fn constraint_name(ty: &Type) -> String {
    let element = |e: &Type| match e {
        Type::Any => "any single type".to_owned(),
        other => constraint_name(other),
    };
    match ty {
        Type::Any => "any type".to_owned(),
        Type::List(e) => format!("list of {}", element(e)),
        Type::Set(e) => format!("set of {}", element(e)),
        Type::Map(e) => format!("map of {}", element(e)),
        other => other.friendly_name(),
    }
}
