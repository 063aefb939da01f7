//! Equality of values, some of which are not known yet.

use std::cmp::Ordering;

use super::Kind;
use super::Type;
use super::Value;

/// Whether two values are equal; nothing if that is not known yet. Marks do not count.
///
/// Values of different types are not equal, except that all nulls are equal.
pub fn equals(a: &Value, b: &Value) -> Option<bool> {
    match (a.kind(), b.kind()) {
        (Kind::Null(_), Kind::Null(_)) => return Some(true),
        (Kind::Null(_), Kind::Unknown(u)) | (Kind::Unknown(u), Kind::Null(_)) => {
            return u.refinement.not_null.then_some(false);
        }
        (Kind::Null(_), _) | (_, Kind::Null(_)) => return Some(false),
        // As in Terraform the shape of what is partly known decides, also against what has no type yet.
        (Kind::Unknown(u), _) if b.is_known() && !b.is_wholly_known() && u.ty != b.ty() => {
            return Some(false);
        }
        (_, Kind::Unknown(u)) if a.is_known() && !a.is_wholly_known() && u.ty != a.ty() => {
            return Some(false);
        }
        (Kind::Unknown(u), _) if b.is_known() => return if excludes(u, b) { Some(false) } else { None },
        (_, Kind::Unknown(u)) if a.is_known() => return if excludes(u, a) { Some(false) } else { None },
        (Kind::Unknown(_), _) | (_, Kind::Unknown(_)) => return None,
        _ => {}
    }
    if a.is_wholly_known() && b.is_wholly_known() {
        // The order of values does not look at marks.
        let equal = same_kind(a, b) && a.cmp(b) == Ordering::Equal;
        return Some(equal && (is_scalar(a) || a.ty() == b.ty()));
    }
    let (s, t) = (a.ty(), b.ty());
    if s != t && !s.has_any() && !t.has_any() {
        return Some(false);
    }
    match (a.kind(), b.kind()) {
        (Kind::List(_), Kind::List(_)) | (Kind::Tuple(_), Kind::Tuple(_)) => {
            let (x, y) = (a.items().unwrap_or_default(), b.items().unwrap_or_default());
            if x.len() != y.len() {
                return Some(false);
            }
            // From left to right: the first that is unknown or different decides, as in Terraform.
            for (x, y) in x.iter().zip(y) {
                match equals(x, y) {
                    Some(true) => {}
                    other => return other,
                }
            }
            Some(true)
        }
        (Kind::Map(_), Kind::Map(_)) | (Kind::Object(_), Kind::Object(_)) => {
            let (x, y) = (a.entries().unwrap_or_default(), b.entries().unwrap_or_default());
            if x.len() != y.len() || x.iter().zip(y).any(|((m, _), (n, _))| m != n) {
                return Some(false);
            }
            let mut result = Some(true);
            for ((_, x), (_, y)) in x.iter().zip(y) {
                match equals(x, y) {
                    Some(true) => {}
                    Some(false) => return Some(false),
                    None => result = None,
                }
            }
            result
        }
        // Of what is in them at least one element stays.
        (Kind::Set(x), Kind::Set(y)) if x.items.is_empty() != y.items.is_empty() => Some(false),
        (Kind::Set(_), Kind::Set(_)) => None,
        _ => Some(false),
    }
}

fn is_scalar(value: &Value) -> bool {
    matches!(value.kind(), Kind::Bool(_) | Kind::Number(_) | Kind::String(_))
}

fn same_kind(a: &Value, b: &Value) -> bool {
    std::mem::discriminant(a.kind()) == std::mem::discriminant(b.kind())
}

/// Whether what is known of the unknown value rules out that it becomes `value`.
fn excludes(unknown: &super::Unknown, value: &Value) -> bool {
    let known = &unknown.refinement;
    if value.is_wholly_known() && !conforms(&value.ty(), &unknown.ty) {
        return true;
    }
    match value.kind() {
        Kind::String(s) => known.prefix.as_ref().is_some_and(|p| !s.starts_with(p.as_str())),
        Kind::Number(n) => {
            known
                .min
                .as_ref()
                .is_some_and(|(min, inclusive)| n < min || (!inclusive && n == min))
                || known
                    .max
                    .as_ref()
                    .is_some_and(|(max, inclusive)| n > max || (!inclusive && n == max))
        }
        Kind::List(s) => outside(known, s.items.len(), s.items.len()),
        Kind::Map(m) => outside(known, m.items.len(), m.items.len()),
        Kind::Set(s) if value.is_wholly_known() => outside(known, s.items.len(), s.items.len()),
        _ => false,
    }
}

/// Whether a value of a type may stand where another is wanted: they are the same but for what is wanted to be anything.
fn conforms(given: &Type, wanted: &Type) -> bool {
    match (given, wanted) {
        (_, Type::Any) => true,
        (Type::List(g), Type::List(w)) | (Type::Set(g), Type::Set(w)) | (Type::Map(g), Type::Map(w)) => {
            conforms(g, w)
        }
        (Type::Tuple(g), Type::Tuple(w)) => {
            g.len() == w.len() && g.iter().zip(w.iter()).all(|(g, w)| conforms(g, w))
        }
        (Type::Object(g), Type::Object(w)) => {
            let (g, w) = (g.attributes(), w.attributes());
            let same = |((m, g), (n, w)): (&(_, Type), &(_, Type))| m == n && conforms(g, w);
            g.len() == w.len() && g.iter().zip(w).all(same)
        }
        (given, wanted) => given == wanted,
    }
}

fn outside(known: &super::Refinement, least: usize, most: usize) -> bool {
    known.min_length.is_some_and(|min| most < min) || known.max_length.is_some_and(|max| least > max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Marks, Refinement};

    #[test]
    fn known_values() {
        let s = Value::string("1");
        assert_eq!(equals(&s, &Value::string("1")), Some(true));
        assert_eq!(equals(&s, &Value::number(1i64)), Some(false));
        assert_eq!(equals(&s, &s.clone().with_marks(Marks::SENSITIVE)), Some(true));
        assert_eq!(
            equals(&Value::null(Type::Any), &Value::null(Type::String)),
            Some(true)
        );
        assert_eq!(
            equals(&Value::tuple([]), &Value::list(Type::String, [])),
            Some(false)
        );
        assert_eq!(
            equals(&Value::list(Type::String, []), &Value::list(Type::Number, [])),
            Some(false)
        );
    }

    #[test]
    fn unknown_values() {
        let u = Value::unknown(Type::String);
        let not_null = Value::unknown_not_null(Type::String);
        let null = Value::null(Type::Any);
        assert_eq!(equals(&u, &null), None);
        assert_eq!(equals(&not_null, &null), Some(false));
        let prefixed = Value::unknown_with(
            Type::String,
            Refinement {
                prefix: Some("a-".into()),
                ..Refinement::default()
            },
        );
        assert_eq!(equals(&prefixed, &Value::string("b")), Some(false));
        assert_eq!(equals(&prefixed, &Value::string("a-b")), None);
        let one = Value::number(1i64);
        assert_eq!(
            equals(
                &Value::tuple([u.clone(), one.clone()]),
                &Value::tuple([u.clone(), Value::number(2i64)])
            ),
            None
        );
        // What can never be of the type is not equal, whatever it becomes.
        let some = Value::unknown(Type::tuple([Type::Any]));
        assert_eq!(equals(&some, &one), Some(false));
        assert_eq!(equals(&some, &Value::tuple([one.clone()])), None);
        assert_eq!(
            equals(&some, &Value::tuple([one.clone(), one.clone()])),
            Some(false)
        );
        assert_eq!(
            equals(
                &Value::tuple([u.clone(), one.clone()]),
                &Value::tuple([u.clone(), Value::string("1")])
            ),
            Some(false)
        );
        let set = Value::set(Type::String, [u.clone()]);
        assert_eq!(equals(&set, &Value::set(Type::String, [])), Some(false));
        assert_eq!(
            equals(&set, &Value::set(Type::String, [Value::string("a")])),
            None
        );
        assert_eq!(
            equals(&Value::tuple([u.clone(), one]), &Value::tuple([u])),
            Some(false)
        );
    }
}
