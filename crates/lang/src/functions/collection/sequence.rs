//! Functions on what has an order: lists and tuples (and sets, where Terraform takes them too).

use std::collections::HashSet;

use super::super::Function;
use super::super::FunctionError;
use super::super::Param;
use super::super::Surroundings;
use super::super::define::Outcome;
use super::super::define::any;
use super::super::define::failed;
use super::super::define::function;
use super::super::define::gives_bool;
use super::super::define::gives_number;
use super::super::define::gives_strings;
use super::super::define::items;
use super::super::define::number;
use super::super::define::refinement;
use super::super::define::unknown;
use super::super::define::whole;
use super::super::define::wrong;
use super::equal::equal;
use crate::value::Kind;
use crate::value::Marks;
use crate::value::Number;
use crate::value::Refinement;
use crate::value::Type;
use crate::value::Value;
use crate::value::convert;
use crate::value::unify_unsafe;

pub(super) fn functions() -> Vec<Function> {
    let list_of = |name, ty| Param::new(name, Type::list(ty));
    vec![
        function(
            "alltrue",
            "Whether every element is true.",
            [list_of("list", Type::Bool)],
            gives_bool,
            |a, _| Ok(every(items(&a[0]), true)),
        ),
        function(
            "anytrue",
            "Whether any element is true.",
            [list_of("list", Type::Bool)],
            gives_bool,
            |a, _| Ok(every(items(&a[0]), false)),
        ),
        function(
            "chunklist",
            "Cuts a list into lists of a given length.",
            [list_of("list", Type::Any).markable(), number("size").markable()],
            |a| Ok(Type::list(a[0].ty())),
            chunklist,
        ),
        function(
            "coalesce",
            "The first argument that is neither null nor empty text.",
            [],
            |a| {
                unify_unsafe(&a.iter().map(Value::ty).collect::<Vec<_>>())
                    .ok_or_else(|| failed("all arguments must have the same type"))
            },
            coalesce,
        )
        .variadic(any("vals").nullable().unknowable()),
        function(
            "coalescelist",
            "The first list that is not empty.",
            [],
            coalescelist_type,
            coalescelist,
        )
        .variadic(any("vals").nullable().unknowable()),
        function(
            "compact",
            "A list of text without what is empty or null.",
            [list_of("list", Type::String)],
            gives_strings,
            |a, _| {
                if !a[0].is_wholly_known() {
                    return Ok(unknown(Type::list(Type::String)));
                }
                let kept = items(&a[0])
                    .iter()
                    .filter(|v| v.as_str().is_some_and(|s| !s.is_empty()));
                Ok(Value::list(Type::String, kept.cloned()))
            },
        ),
        function(
            "concat",
            "Lists or tuples, one behind the other.",
            [],
            concat_type,
            concat,
        )
        .variadic(any("seqs").markable()),
        function(
            "contains",
            "Whether a value is an element of a list, set or tuple.",
            [any("list"), any("value")],
            |a| {
                Ok(if a.iter().any(|v| v.ty() == Type::Any) {
                    Type::Any
                } else {
                    Type::Bool
                })
            },
            contains,
        ),
        function(
            "distinct",
            "A list without repetitions.",
            [list_of("list", Type::Any)],
            |a| Ok(a[0].ty()),
            |a, _| {
                if !a[0].is_wholly_known() {
                    return Ok(unknown(a[0].ty()));
                }
                let mut seen = HashSet::new();
                let kept: Vec<Value> = items(&a[0]).iter().filter(|v| seen.insert(*v)).cloned().collect();
                Ok(Value::list(element_type(&a[0]), kept))
            },
        ),
        function(
            "element",
            "The element at an index, which starts anew behind the end.",
            [any("list").markable(), number("index")],
            |a| element_at(a).map(|(ty, _)| ty),
            |a, _| {
                let (ty, at) = element_at(a)?;
                let v = at.and_then(|i| items(&a[0]).get(i)).cloned();
                Ok(v.unwrap_or_else(|| Value::unknown(ty)).with_marks(a[0].marks()))
            },
        )
        .nullable(),
        function(
            "flatten",
            "A tuple of all that is in sequences, and in sequences inside them.",
            [any("list").markable()],
            |a| {
                flatten(&a[0]).map(|v| match v.is_known() {
                    true => v.ty(),
                    false => Type::Any,
                })
            },
            |a, _| flatten(&a[0]),
        ),
        function(
            "index",
            "The index of a value in a list or tuple.",
            [any("list"), any("value")],
            |a| {
                Ok(if a.iter().any(|v| v.ty() == Type::Any) {
                    Type::Any
                } else {
                    Type::Number
                })
            },
            index,
        ),
        function(
            "length",
            "How many elements a collection has, or how many characters a text.",
            [any("value").unknowable().markable()],
            |a| match a[0].ty() {
                Type::Bool | Type::Number => Err(failed(
                    "argument must be a string, a collection type, or a structural type",
                )),
                _ => gives_number(a),
            },
            length,
        ),
        function(
            "matchkeys",
            "The values whose keys are in a set of keys.",
            [
                list_of("values", Type::Any),
                list_of("keys", Type::Any),
                list_of("searchset", Type::Any),
            ],
            |a| matchkeys_type(a).map(|_| a[0].ty()),
            matchkeys,
        ),
        function(
            "one",
            "The only element of a collection, or null if it is empty.",
            [any("list").markable()],
            |a| one(&a[0]).map(|v| v.ty()),
            |a, _| one(&a[0]).map(|v| v.with_marks(a[0].marks())),
        )
        .nullable(),
        function(
            "reverse",
            "A sequence from its end to its start.",
            [any("list").markable()],
            |a| match a[0].ty() {
                Type::Any => Ok(Type::Any),
                Type::Tuple(t) => Ok(Type::tuple(t.iter().rev().cloned())),
                Type::List(e) | Type::Set(e) => Ok(Type::List(e)),
                other => Err(wrong(
                    0,
                    format!(
                        "can only reverse list or tuple values, not {}",
                        other.friendly_name()
                    ),
                )),
            },
            |a, _| {
                let backwards = items(&a[0]).iter().rev().cloned();
                Ok(match a[0].kind() {
                    Kind::Tuple(_) => Value::tuple(backwards),
                    _ => Value::list(element_type(&a[0]), backwards),
                }
                .with_marks(a[0].marks()))
            },
        ),
        function(
            "slice",
            "The elements from one index up to (without) another.",
            [any("list").markable(), number("start_index"), number("end_index")],
            slice_type,
            slice,
        ),
    ]
}

/// The element type of a collection; `any` for all else.
pub(super) fn element_type(value: &Value) -> Type {
    value.ty().element().cloned().unwrap_or(Type::Any)
}

/// Whether all (or any) are true. Null counts as false.
fn every(elements: &[Value], all: bool) -> Value {
    let mut waiting = false;
    for v in elements {
        if !v.is_known() {
            // Terraform looks no further for "all".
            if all {
                return unknown(Type::Bool);
            }
            waiting = true;
        } else if (v.as_bool() == Some(true)) != all {
            return Value::bool(!all);
        }
    }
    if waiting {
        unknown(Type::Bool)
    } else {
        Value::bool(all)
    }
}

fn chunklist(a: &[Value], _: &Surroundings) -> Outcome {
    let marks = a[0].marks().union(a[1].marks());
    let size = whole(&a[1]).map_err(|e| failed(format!("invalid size: {e}")))?;
    let size = usize::try_from(size).map_err(|_| failed("the size argument must be positive"))?;
    let (list, element) = (a[0].clone().unmark().0, element_type(&a[0]));
    let chunks: Vec<Value> = match size {
        _ if items(&list).is_empty() => Vec::new(),
        0 => vec![list],
        n => items(&list)
            .chunks(n)
            .map(|c| Value::list(element.clone(), c.iter().cloned()))
            .collect(),
    };
    Ok(Value::list(Type::list(element), chunks).with_marks(marks))
}

fn coalesce(a: &[Value], _: &Surroundings) -> Outcome {
    let types: Vec<Type> = a.iter().map(Value::ty).collect();
    let ty = unify_unsafe(&types).ok_or_else(|| failed("all arguments must have the same type"))?;
    for v in a {
        let v = convert(v, &ty).map_err(|e| failed(e.to_string()))?;
        if !v.is_known() {
            return Ok(unknown(ty));
        }
        if !v.is_null() && v.as_str() != Some("") {
            return Ok(v);
        }
    }
    Err(failed("no non-null, non-empty-string arguments"))
}

fn coalescelist_type(a: &[Value]) -> Result<Type, FunctionError> {
    if a.is_empty() {
        return Err(failed("at least one argument is required"));
    }
    for v in a {
        if !v.is_known() {
            return Ok(Type::Any);
        }
        if !matches!(v.ty(), Type::List(_) | Type::Tuple(_)) {
            return Err(failed("coalescelist arguments must be lists or tuples"));
        }
    }
    let first = a[0].ty();
    Ok(if a.iter().all(|v| v.ty() == first) {
        first
    } else {
        Type::Any
    })
}

fn coalescelist(a: &[Value], _: &Surroundings) -> Outcome {
    for v in a {
        if !v.is_known() {
            return coalescelist_type(a).map(unknown);
        }
        if !items(v).is_empty() {
            return Ok(v.clone());
        }
    }
    Err(failed("no non-null arguments"))
}

fn concat_type(a: &[Value]) -> Result<Type, FunctionError> {
    if a.is_empty() {
        return Err(failed("at least one argument is required"));
    }
    let types: Vec<Type> = a.iter().map(Value::ty).collect();
    if types.contains(&Type::Any) {
        return Ok(Type::Any);
    }
    if types.iter().all(|t| matches!(t, Type::List(_)))
        && let Some(common) = unify_unsafe(&types)
    {
        return Ok(common);
    }
    let mut parts = Vec::new();
    for (i, (v, ty)) in a.iter().zip(&types).enumerate() {
        match ty {
            Type::Tuple(t) => parts.extend(t.iter().cloned()),
            Type::List(_) if !v.is_known() => return Ok(Type::Any),
            Type::List(e) => parts.extend(items(v).iter().map(|_| (**e).clone())),
            other => {
                return Err(wrong(
                    i,
                    format!(
                        "all arguments must be lists or tuples; got {}",
                        other.friendly_name()
                    ),
                ));
            }
        }
    }
    Ok(Type::tuple(parts))
}

fn concat(a: &[Value], _: &Surroundings) -> Outcome {
    let ty = concat_type(a)?;
    let mut marks = Marks::NONE;
    let mut all = Vec::new();
    for (i, v) in a.iter().enumerate() {
        marks = marks.union(v.marks());
        if let Type::List(_) = ty {
            let v = convert(v, &ty).map_err(|e| wrong(i, e.to_string()))?;
            all.extend_from_slice(items(&v));
        } else {
            all.extend_from_slice(items(v));
        }
    }
    Ok(match ty {
        Type::List(e) => Value::list((*e).clone(), all),
        _ => Value::tuple(all),
    }
    .with_marks(marks))
}

fn contains(a: &[Value], _: &Surroundings) -> Outcome {
    let elements = a[0]
        .items()
        .ok_or_else(|| failed("argument must be list, tuple, or set"))?;
    let mut waiting = false;
    for v in elements {
        match equal(v, &a[1]) {
            Some(true) => return Ok(Value::bool(true)),
            Some(false) => {}
            None => waiting = true,
        }
    }
    Ok(if waiting {
        unknown(Type::Bool)
    } else {
        Value::bool(false)
    })
}

/// The type of the element, and its index if both list and index are known.
fn element_at(a: &[Value]) -> Result<(Type, Option<usize>), FunctionError> {
    let ty = a[0].ty();
    let length = match &ty {
        Type::Any => return Ok((Type::Any, None)),
        Type::List(e) if !a[0].is_known() || !a[1].is_known() => return Ok(((**e).clone(), None)),
        Type::Tuple(_) if !a[1].is_known() => return Ok((Type::Any, None)),
        Type::List(_) => items(&a[0]).len(),
        Type::Tuple(t) => t.len(),
        other => {
            return Err(failed(format!(
                "cannot read elements from {}",
                other.friendly_name()
            )));
        }
    };
    let at = whole(&a[1]).map_err(|e| failed(format!("invalid index: {e}")))?;
    if length == 0 {
        return Err(failed("cannot use element function with an empty list"));
    }
    // A negative index counts from the end of a list; of a tuple only the first element can be reached so.
    let whole = i64::try_from(length).unwrap_or(i64::MAX);
    if at < 0 && at % whole != 0 && matches!(ty, Type::Tuple(_)) {
        return Err(failed("cannot use element function with a negative index"));
    }
    let at = usize::try_from(at.rem_euclid(whole)).unwrap_or(0);
    Ok(match ty {
        Type::List(e) => ((*e).clone(), Some(at)),
        Type::Tuple(t) => (t[at].clone(), Some(at)),
        _ => (Type::Any, None),
    })
}

fn flatten(list: &Value) -> Outcome {
    match list.ty() {
        Type::List(_) | Type::Set(_) | Type::Tuple(_) => {}
        // What is wrong with it is told when it is known, as Terraform does it.
        _ if !list.is_wholly_known() => {
            let Some(entries) = list.entries() else {
                return Ok(unknown(Type::Any));
            };
            let inside = Value::tuple(entries.iter().map(|(_, v)| v.clone()));
            return flatten(&inside.with_marks(list.marks()));
        }
        _ => return Err(failed("can only flatten lists, sets and tuples")),
    }
    let (mut out, mut marks) = (Vec::new(), Marks::NONE);
    Ok(if flatten_into(list, &mut out, &mut marks) {
        Value::tuple(out)
    } else {
        unknown(Type::Any)
    }
    .with_marks(marks))
}

/// Adds what is inside; not if it is not known yet how much that is.
fn flatten_into(list: &Value, out: &mut Vec<Value>, marks: &mut Marks) -> bool {
    *marks = marks.union(list.marks());
    if !list.is_known() || set_of_unknown_length(list) {
        return false;
    }
    let mut known = true;
    for v in items(list) {
        match v.ty() {
            Type::List(_) | Type::Set(_) | Type::Tuple(_) if !v.is_null() => {
                known &= flatten_into(v, out, marks);
            }
            ty => {
                known &= v.is_known() || ty != Type::Any;
                out.push(v.clone());
            }
        }
    }
    known
}

/// Elements of a set may turn out equal once they are known.
fn set_of_unknown_length(value: &Value) -> bool {
    matches!(value.kind(), Kind::Set(s) if s.items.len() > 1 && !value.is_wholly_known())
}

fn index(a: &[Value], _: &Surroundings) -> Outcome {
    let elements = match a[0].kind() {
        Kind::List(_) | Kind::Tuple(_) => items(&a[0]),
        _ => return Err(failed("argument must be a list or tuple")),
    };
    if elements.is_empty() {
        return Err(failed("cannot search an empty list"));
    }
    for (i, v) in elements.iter().enumerate() {
        match equal(v, &a[1]) {
            Some(true) => return Ok(Value::number(i)),
            Some(false) => {}
            None => return Ok(unknown(Type::Number)),
        }
    }
    Err(failed("item not found"))
}

fn length(a: &[Value], _: &Surroundings) -> Outcome {
    use unicode_segmentation::UnicodeSegmentation;
    let v = &a[0];
    let count = |s: &str| s.graphemes(true).count();
    let at_least = |min: usize, max: Option<usize>| {
        Value::unknown_with(
            Type::Number,
            Refinement {
                not_null: true,
                min: Some((Number::from(min), true)),
                max: max.map(|m| (Number::from(m), true)),
                ..Refinement::default()
            },
        )
    };
    let known = match v.ty() {
        Type::Tuple(t) => Some(t.len()),
        Type::Object(o) => Some(o.attributes().len()),
        _ if set_of_unknown_length(v) => {
            return Ok(at_least(1, Some(items(v).len())).with_marks(v.marks()));
        }
        _ => match v.kind() {
            Kind::String(s) => Some(count(s)),
            Kind::Map(m) => Some(m.items.len()),
            Kind::List(s) | Kind::Set(s) => Some(s.items.len()),
            _ => None,
        },
    };
    Ok(match known {
        Some(n) => Value::number(n),
        None => {
            let r = refinement(v);
            let prefix = r.prefix.as_deref().map_or(0, count);
            at_least(r.min_length.unwrap_or(prefix), r.max_length)
        }
    }
    .with_marks(v.marks()))
}

fn matchkeys_type(a: &[Value]) -> Result<Type, FunctionError> {
    unify_unsafe(&[a[1].ty(), a[2].ty()]).ok_or_else(|| failed("keys and searchset must be of the same type"))
}

fn matchkeys(a: &[Value], _: &Surroundings) -> Outcome {
    if items(&a[0]).len() != items(&a[1]).len() {
        return Err(failed("length of keys and values should be equal"));
    }
    let ty = matchkeys_type(a)?;
    let to = |i: usize| convert(&a[i], &ty).map_err(|e| failed(e.to_string()));
    let (keys, wanted) = (to(1)?, to(2)?);
    if !a[0].is_wholly_known() || !keys.is_wholly_known() || !wanted.is_wholly_known() {
        return Ok(unknown(a[0].ty()));
    }
    let wanted: HashSet<&Value> = items(&wanted).iter().collect();
    let found = items(&a[0])
        .iter()
        .zip(items(&keys))
        .filter(|(_, k)| wanted.contains(k))
        .map(|(v, _)| v.clone());
    Ok(Value::list(element_type(&a[0]), found))
}

fn one(list: &Value) -> Outcome {
    let bad = || {
        wrong(
            0,
            "must be a list, set, or tuple value with either zero or one elements",
        )
    };
    let element = match list.ty() {
        Type::Any => return Ok(Value::unknown(Type::Any)),
        Type::List(e) | Type::Set(e) => (*e).clone(),
        Type::Tuple(t) => match &**t {
            [] => Type::Any,
            [only] => only.clone(),
            _ => return Err(bad()),
        },
        _ => return Err(bad()),
    };
    if !list.is_known() || set_of_unknown_length(list) {
        return Ok(Value::unknown(element));
    }
    match items(list) {
        [] => Ok(Value::null(element)),
        [only] => Ok(only.clone()),
        _ => Err(bad()),
    }
}

/// The two indices, where they are known.
fn bounds(a: &[Value]) -> Result<(Option<usize>, Option<usize>), FunctionError> {
    let length = match a[0].items() {
        Some(items) => Some(items.len()),
        None => match a[0].ty() {
            Type::Tuple(t) => Some(t.len()),
            _ => None,
        },
    };
    let read = |i: usize, what: &str| {
        if !a[i].is_known() {
            return Ok(None);
        }
        let n = whole(&a[i]).map_err(|e| wrong(i, format!("invalid {what} index: {e}")))?;
        let n =
            usize::try_from(n).map_err(|_| wrong(i, format!("{what} index must not be less than zero")))?;
        if length.is_some_and(|l| n > l) {
            return Err(wrong(
                i,
                format!("{what} index must not be greater than the length of the list"),
            ));
        }
        Ok(Some(n))
    };
    let (start, end) = (read(1, "start")?, read(2, "end")?);
    if let (Some(s), Some(e)) = (start, end)
        && s > e
    {
        return Err(wrong(1, "start index must not be greater than end index"));
    }
    Ok((start, end))
}

fn slice_type(a: &[Value]) -> Result<Type, FunctionError> {
    if matches!(a[0].kind(), Kind::List(_) | Kind::Tuple(_))
        && let (Some(_), Some(_)) = bounds(a)?
    {
        // Everything is known: only the errors count.
        return Ok(Type::Any);
    }
    let ty = a[0].ty();
    match &ty {
        Type::Any => return Ok(ty),
        Type::Set(_) => {
            return Err(wrong(
                0,
                "cannot slice a set, because its elements do not have indices; explicitly convert to a list if the ordering of the result is not important",
            ));
        }
        Type::List(_) | Type::Tuple(_) => {}
        _ => return Err(wrong(0, "must be a list or tuple value")),
    }
    let bounds = bounds(a)?;
    Ok(match (ty, bounds) {
        (Type::Tuple(t), (Some(start), Some(end))) => Type::tuple(t[start..end].iter().cloned()),
        (Type::Tuple(_), _) => Type::Any,
        (list, _) => list,
    })
}

fn slice(a: &[Value], _: &Surroundings) -> Outcome {
    let (Some(start), Some(end)) = bounds(a)? else {
        return slice_type(a).map(unknown);
    };
    let part = items(&a[0]).get(start..end).unwrap_or(&[]).iter().cloned();
    Ok(match a[0].kind() {
        Kind::Tuple(_) => Value::tuple(part),
        _ => Value::list(element_type(&a[0]), part),
    }
    .with_marks(a[0].marks()))
}
