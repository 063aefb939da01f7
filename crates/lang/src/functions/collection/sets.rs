//! Functions on sets.

use std::collections::BTreeSet;

use super::super::Function;
use super::super::FunctionError;
use super::super::Param;
use super::super::Surroundings;
use super::super::define::Outcome;
use super::super::define::any;
use super::super::define::failed;
use super::super::define::function;
use super::super::define::items;
use super::super::define::refinement;
use super::super::define::unknown;
use super::super::define::wrong;
use crate::value::Kind;
use crate::value::Marks;
use crate::value::Refinement;
use crate::value::Type;
use crate::value::Value;
use crate::value::convert;
use crate::value::unify_unsafe;

/// `setproduct` makes at most so many combinations.
const MOST_COMBINATIONS: usize = 1 << 20;

pub(super) fn functions() -> Vec<Function> {
    let set = |name| Param::new(name, Type::set(Type::Any));
    vec![
        function(
            "setintersection",
            "What is in every set.",
            [set("first_set")],
            set_type,
            |a, _| combine(a, |x, y| x.intersection(y).cloned().collect(), false),
        )
        .variadic(set("other_sets")),
        function(
            "setproduct",
            "Every combination of one element from each.",
            [],
            product_type,
            product,
        )
        .variadic(any("sets").markable().unknowable()),
        function(
            "setsubtract",
            "What is in the first set and not in the second.",
            [set("a"), set("b")],
            set_type,
            |a, _| combine(a, |x, y| x.difference(y).cloned().collect(), false),
        ),
        function(
            "setunion",
            "What is in any of the sets.",
            [set("first_set")],
            set_type,
            |a, _| combine(a, |x, y| x.union(y).cloned().collect(), true),
        )
        .variadic(set("other_sets")),
    ]
}

fn set_type(a: &[Value]) -> Result<Type, FunctionError> {
    let mut elements = Vec::new();
    for v in a {
        let Type::Set(e) = v.ty() else {
            return Ok(Type::Any);
        };
        // An empty set of no type yet fits to all.
        if *e == Type::Any && v.items().is_some_and(<[Value]>::is_empty) {
            continue;
        }
        elements.push((*e).clone());
    }
    if elements.is_empty() {
        return Ok(Type::set(Type::Any));
    }
    unify_unsafe(&elements)
        .map(Type::set)
        .ok_or_else(|| failed("given sets must all have compatible element types"))
}

type Set = BTreeSet<Value>;

fn combine(a: &[Value], step: fn(&Set, &Set) -> Set, with_unknown: bool) -> Outcome {
    let ty = set_type(a)?;
    let mut converted = Vec::with_capacity(a.len());
    for (i, v) in a.iter().enumerate() {
        let v = convert(v, &ty).map_err(|e| wrong(i, e.to_string()))?;
        // An unknown element may turn out to be any of the others.
        if !with_unknown && !v.is_wholly_known() {
            return Ok(unknown(ty));
        }
        converted.push(v);
    }
    let element = ty.element().cloned().unwrap_or(Type::Any);
    if converted.iter().any(|v| !v.is_wholly_known()) {
        let all = converted.iter().flat_map(|v| items(v).to_vec());
        return Ok(Value::set(element, all));
    }
    let mut sets = converted
        .iter()
        .map(|v| items(v).iter().cloned().collect::<Set>());
    let first = sets.next().unwrap_or_default();
    let result = sets.fold(first, |x, y| step(&x, &y));
    Ok(Value::set(element, result))
}

fn product_type(a: &[Value]) -> Result<Type, FunctionError> {
    if a.len() < 2 {
        return Err(failed("at least two arguments are required"));
    }
    if a.iter().any(|v| v.ty() == Type::Any) {
        return Ok(Type::Any);
    }
    let mut ordered = true;
    let mut elements = Vec::with_capacity(a.len());
    for (i, v) in a.iter().enumerate() {
        elements.push(match v.ty() {
            Type::Set(e) => {
                ordered = false;
                (*e).clone()
            }
            Type::List(e) => (*e).clone(),
            Type::Tuple(t) if t.is_empty() => Type::Any,
            Type::Tuple(t) => {
                unify_unsafe(&t).ok_or_else(|| wrong(i, "all elements must be of the same type"))?
            }
            _ => return Err(wrong(i, "a set or a list is required")),
        });
    }
    let tuple = Type::tuple(elements);
    Ok(if ordered {
        Type::list(tuple)
    } else {
        Type::set(tuple)
    })
}

fn product(a: &[Value], _: &Surroundings) -> Outcome {
    let ty = product_type(a)?;
    let marks = a.iter().fold(Marks::NONE, |m, v| m.union(v.marks()));
    let Some(Type::Tuple(parts)) = ty.element().cloned() else {
        return Ok(unknown(ty).with_marks(marks));
    };
    let unsure = |v: &Value| {
        !v.is_known() || matches!(v.kind(), Kind::Set(_) if !v.is_wholly_known() && items(v).len() > 1)
    };
    if a.iter().any(unsure) {
        return Ok(Value::unknown_with(ty, at_most(a)).with_marks(marks));
    }
    let total = a
        .iter()
        .try_fold(1usize, |n, v| n.checked_mul(items(v).len()))
        .filter(|n| *n <= MOST_COMBINATIONS)
        .ok_or_else(|| {
            failed(format!(
                "more than {MOST_COMBINATIONS} combinations would be generated; use fewer or smaller sets"
            ))
        })?;
    let mut columns = Vec::with_capacity(a.len());
    for (i, (v, part)) in a.iter().zip(parts.iter()).enumerate() {
        let mut column = Vec::with_capacity(items(v).len());
        for element in items(v) {
            column.push(convert(element, part).map_err(|e| wrong(i, e.to_string()))?);
        }
        columns.push(column);
    }
    let rows = (0..total).map(|mut at| {
        let mut row: Vec<Value> = columns
            .iter()
            .rev()
            .map(|column| {
                let v = column[at % column.len()].clone();
                at /= column.len();
                v
            })
            .collect();
        row.reverse();
        Value::tuple(row)
    });
    let element = Type::Tuple(parts);
    Ok(match ty {
        Type::List(_) => Value::list(element, rows),
        _ => Value::set(element, rows),
    }
    .with_marks(marks))
}

/// How many combinations there can be when some lengths are not known.
fn at_most(a: &[Value]) -> Refinement {
    let mut most = Some(1usize);
    for v in a {
        let length = match v.ty() {
            Type::Tuple(t) => Some(t.len()),
            _ => v.items().map(<[Value]>::len).or(refinement(v).max_length),
        };
        // Beyond these bounds, the same as in Terraform, the knowledge is of no use.
        most = most
            .zip(length.filter(|l| *l <= 1024))
            .map(|(m, l)| m.saturating_mul(l))
            .filter(|m| *m <= 2048);
    }
    Refinement {
        not_null: true,
        min_length: most.map(|m| m.min(1)),
        max_length: most,
        ..Refinement::default()
    }
}
