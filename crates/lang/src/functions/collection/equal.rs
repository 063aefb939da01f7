//! Whether two values are equal, when parts of them may be unknown.

use crate::value::Kind;
use crate::value::Value;

/// Equal, different, or not known yet. Values of different types differ.
pub(in super::super) fn equal(a: &Value, b: &Value) -> Option<bool> {
    if a.is_wholly_known() && b.is_wholly_known() {
        return Some(a == b);
    }
    let (ta, tb) = (a.ty(), b.ty());
    if ta != tb && !ta.has_any() && !tb.has_any() {
        return Some(false);
    }
    match (a.kind(), b.kind()) {
        (Kind::Unknown(u), _) if b.is_null() && u.refinement.not_null => Some(false),
        (_, Kind::Unknown(u)) if a.is_null() && u.refinement.not_null => Some(false),
        (Kind::Unknown(_), _) | (_, Kind::Unknown(_)) => None,
        (Kind::Null(_), _) | (_, Kind::Null(_)) => Some(a.is_null() && b.is_null()),
        (Kind::Set(_), Kind::Set(_)) => None,
        _ => match (a.items(), b.items(), a.entries(), b.entries()) {
            (Some(x), Some(y), ..) if x.len() == y.len() => all(x.iter().zip(y)),
            (.., Some(x), Some(y)) if x.len() == y.len() && x.iter().zip(y).all(|(p, q)| p.0 == q.0) => {
                all(x.iter().map(|e| &e.1).zip(y.iter().map(|e| &e.1)))
            }
            _ => Some(false),
        },
    }
}

fn all<'v>(pairs: impl Iterator<Item = (&'v Value, &'v Value)>) -> Option<bool> {
    let mut sure = true;
    for (a, b) in pairs {
        match equal(a, b) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => sure = false,
        }
    }
    sure.then_some(true)
}
