//! Objects, `for` expressions and splats.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::btree_map::Entry;

use super::Binding;
use super::Env;
use super::budget;
use super::describe::report;
use super::evaluate_in;
use super::failed_since;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::syntax::Expr;
use crate::syntax::ExprKind;
use crate::syntax::For;
use crate::syntax::ObjectItem;
use crate::value::Kind;
use crate::value::Marks;
use crate::value::Name;
use crate::value::Refinement;
use crate::value::Type;
use crate::value::Value;
use crate::value::convert;
use crate::value::convert_into;
use crate::value::unify_unsafe;

/// Of a property in JSON that cannot be a name.
const JSON_KEY: &str = "Invalid object key expression";

/// `{…}`
pub(super) fn object(items: &[ObjectItem], expr: &Expr, env: Env<'_>, found: &mut Diagnostics) -> Value {
    let mut out: Vec<(Name, Value)> = Vec::with_capacity(items.len());
    let mut marks = Marks::NONE;
    let mut known = true;
    let mut names: BTreeSet<Name> = BTreeSet::new();
    for item in items {
        let before = found.len();
        // Only as a value: a `providers` argument names provider configurations in this way.
        if let ExprKind::Traversal(t) = &item.key.kind
            && !t.steps.is_empty()
        {
            found.push(
                Diagnostic::error(
                    "Ambiguous attribute key",
                    "This key can be read as a name with points or as a reference. For a reference put it into parentheses, for a name into quotes.",
                )
                .at(item.key.span),
            );
            known = false;
            continue;
        }
        let key = evaluate_in(&item.key, env, found);
        let key_failed = failed_since(found, before);
        let value = evaluate_in(&item.value, env, found);
        if key_failed {
            known = false;
            continue;
        }
        if key.is_null() {
            let d = Diagnostic::error(
                if item.json { JSON_KEY } else { "Null value as key" },
                "Can't use a null value as a key.",
            );
            report(d.at(item.key.span).within(expr.span), &item.key, env, found);
            known = false;
            continue;
        }
        marks = marks.union(key.deep_marks());
        match convert_into(key, &Type::String) {
            Ok(key) => match key.kind() {
                Kind::String(name) if item.json && !names.insert(name.clone()) => {
                    let detail = if key.marks().is_empty() {
                        format!(
                            "An attribute named {:?} was already defined in this object.",
                            name.as_str()
                        )
                    } else {
                        "An attribute of this name was already defined in this object.".to_owned()
                    };
                    let d = Diagnostic::error("Duplicate object attribute", detail);
                    report(d.at(item.key.span).within(expr.span), &item.key, env, found);
                }
                Kind::String(name) => out.push((name.clone(), value)),
                _ => known = false,
            },
            Err(e) => {
                let d = Diagnostic::error(
                    if item.json { JSON_KEY } else { "Incorrect key type" },
                    format!("Can't use this value as a key: {e}."),
                );
                report(d.at(item.key.span).within(expr.span), &item.key, env, found);
                known = false;
            }
        }
    }
    if known {
        Value::object(out).with_marks(marks)
    } else {
        Value::unknown(Type::Any)
    }
}

/// Whether there is something to walk; an unknown collection is no error, a null or a scalar is.
pub(super) fn iterable(
    value: &Value,
    collection: &Expr,
    whole: Span,
    env: Env<'_>,
    found: &mut Diagnostics,
) -> bool {
    let diagnostic = match value.kind() {
        Kind::List(_) | Kind::Set(_) | Kind::Map(_) | Kind::Tuple(_) | Kind::Object(_) => return true,
        Kind::Null(_) => Diagnostic::error(
            "Iteration over null value",
            "A null value cannot be used as the collection in a 'for' expression.",
        ),
        Kind::Unknown(u) if !u.ty.is_primitive() => return false,
        _ => Diagnostic::error(
            "Iteration over non-iterable value",
            format!(
                "A value of type {} cannot be used as the collection in a 'for' expression.",
                value.ty().friendly_name()
            ),
        ),
    };
    report(
        diagnostic.at(collection.span).within(whole),
        collection,
        env,
        found,
    );
    false
}

/// How many elements a known collection has.
pub(super) fn length(value: &Value) -> usize {
    value
        .entries()
        .map(<[_]>::len)
        .or_else(|| value.items().map(<[_]>::len))
        .unwrap_or(0)
}

/// Calls `f` with each key (or index; the element itself for a set) and element of a known collection.
pub(super) fn each(value: &Value, mut f: impl FnMut(Value, &Value)) {
    match value.kind() {
        Kind::Set(s) => s.items.iter().for_each(|v| f(v.clone(), v)),
        Kind::Map(_) | Kind::Object(_) => {
            for (name, v) in value.entries().unwrap_or_default() {
                f(Value::from(Kind::String(name.clone())), v);
            }
        }
        _ => {
            for (i, v) in value.items().unwrap_or_default().iter().enumerate() {
                f(Value::number(i), v);
            }
        }
    }
}

/// `[for …]`, `{for …}`
pub(super) fn for_expression(f: &For, expr: &Expr, env: Env<'_>, found: &mut Diagnostics) -> Value {
    let (collection, marks) = evaluate_in(&f.collection, env, found).unmark();
    let nothing = |marks| Value::unknown(Type::Any).with_marks(marks);
    // What is wrong with a part of the collection does not hide what is wrong with the rest.
    let any = collection.ty() == Type::Any;
    if any && !collection.is_null() {
        return nothing(Marks::NONE);
    }
    let before = found.len();
    let iterable = iterable(&collection, &f.collection, expr.span, env, found);
    if any || failed_since(found, before) {
        return nothing(Marks::NONE);
    }
    let mut walk = Walk {
        f,
        expr,
        marks,
        known: true,
        items: Vec::new(),
        entries: BTreeMap::new(),
        groups: BTreeMap::new(),
    };
    // A condition that is wrong for every element is reported once.
    if let Some(condition) = &f.condition
        && !walk.check_condition(condition, !iterable, env, found)
    {
        return nothing(Marks::NONE);
    }
    if !iterable {
        return nothing(walk.marks);
    }
    if !budget::spend(length(&collection), expr.span) {
        return nothing(walk.marks);
    }
    each(&collection, |key, value| {
        with_variables(f, &key, value, env, |inner| walk.element(inner, found));
    });
    if !walk.known {
        return nothing(walk.marks);
    }
    let value = match (&f.key, f.group) {
        (None, _) => Value::tuple(walk.items),
        (Some(_), false) => Value::object(walk.entries),
        (Some(_), true) => Value::object(walk.groups.into_iter().map(|(k, vs)| (k, Value::tuple(vs)))),
    };
    value.with_marks(walk.marks)
}

fn with_variables<R>(f: &For, key: &Value, value: &Value, env: Env<'_>, run: impl FnOnce(Env<'_>) -> R) -> R {
    let key_binding;
    let mut variables = env.variables;
    if let Some(name) = &f.key_name {
        key_binding = Binding {
            name: &name.name,
            value: key,
            outer: variables,
        };
        variables = Some(&key_binding);
    }
    let value_binding = Binding {
        name: &f.value_name.name,
        value,
        outer: variables,
    };
    run(Env {
        variables: Some(&value_binding),
        ..env
    })
}

/// A `for` expression under way.
struct Walk<'a> {
    f: &'a For,
    expr: &'a Expr,
    marks: Marks,
    /// Whether which elements and keys there will be is known so far.
    known: bool,
    items: Vec<Value>,
    entries: BTreeMap<Name, Value>,
    groups: BTreeMap<Name, Vec<Value>>,
}

impl Walk<'_> {
    /// Where the collection is not known, the marks of the condition are all that will be known of it.
    fn check_condition(
        &mut self,
        condition: &Expr,
        take_marks: bool,
        env: Env<'_>,
        found: &mut Diagnostics,
    ) -> bool {
        let before = found.len();
        let any = Value::unknown(Type::Any);
        let result = with_variables(self.f, &any, &any, env, |inner| {
            evaluate_in(condition, inner, found)
        });
        if failed_since(found, before) {
            return false;
        }
        if take_marks {
            self.marks = self.marks.union(result.marks());
        }
        self.judge("Condition is null", result, condition, env, found)
            .is_ok()
    }

    /// What a condition says: nothing where that is not known. What cannot be a condition is told.
    fn judge(
        &self,
        null_summary: &str,
        result: Value,
        condition: &Expr,
        env: Env<'_>,
        found: &mut Diagnostics,
    ) -> Result<Option<bool>, ()> {
        let diagnostic = if result.is_null() {
            Diagnostic::error(null_summary, "The value of the 'if' clause must not be null.")
        } else {
            match convert_into(result, &Type::Bool) {
                Ok(value) => return Ok(value.as_bool()),
                Err(e) => Diagnostic::error(
                    "Invalid 'for' condition",
                    format!("The 'if' clause value is invalid: {e}."),
                ),
            }
        };
        if self.known {
            let diagnostic = diagnostic.at(condition.span).within(self.expr.span);
            report(diagnostic, condition, env, found);
        }
        Err(())
    }

    fn element(&mut self, env: Env<'_>, found: &mut Diagnostics) {
        if let Some(condition) = &self.f.condition {
            let result = evaluate_in(condition, env, found);
            self.marks = self.marks.union(result.marks());
            // As in Terraform a list does not look at the type of what is not known.
            if self.f.key.is_none() && !result.is_known() {
                self.known = false;
                return;
            }
            match self.judge("Invalid 'for' condition", result, condition, env, found) {
                Ok(Some(true)) => {}
                Ok(Some(false)) => return,
                Ok(None) | Err(()) => {
                    self.known = false;
                    return;
                }
            }
        }
        let Some(key) = &self.f.key else {
            let value = evaluate_in(&self.f.value, env, found);
            self.items.push(value);
            return;
        };
        let Some(name) = self.key(key, env, found) else {
            self.known = false;
            return;
        };
        let value = evaluate_in(&self.f.value, env, found);
        if self.f.group {
            self.groups.entry(name).or_default().push(value);
            return;
        }
        match self.entries.entry(name) {
            Entry::Vacant(place) => {
                place.insert(value);
            }
            Entry::Occupied(taken) => {
                let shown = if self.marks.contains(Marks::SENSITIVE) {
                    "(sensitive value)"
                } else {
                    taken.key().as_str()
                };
                let detail = format!(
                    "Two different items produced the key {shown:?} in this 'for' expression. If duplicates are \
                     expected, use the ellipsis (...) after the value expression to enable grouping by key."
                );
                let d = Diagnostic::error("Duplicate object key", detail);
                report(d.at(key.span).within(self.expr.span), key, env, found);
            }
        }
    }

    fn key(&mut self, key: &Expr, env: Env<'_>, found: &mut Diagnostics) -> Option<Name> {
        let value = evaluate_in(key, env, found);
        let detail = if value.is_null() {
            "Key expression in 'for' expression must not produce a null value.".to_owned()
        } else {
            self.marks = self.marks.union(value.marks());
            if !value.is_known() {
                return None;
            }
            match convert_into(value, &Type::String) {
                Ok(text) => {
                    return match text.kind() {
                        Kind::String(name) => Some(name.clone()),
                        _ => None,
                    };
                }
                Err(e) => format!("The key expression produced an invalid result: {e}."),
            }
        };
        if self.known {
            let d = Diagnostic::error("Invalid object key", detail);
            report(d.at(key.span).within(self.expr.span), key, env, found);
        }
        None
    }
}

/// `source[*].steps`, `source.*.steps`
pub(super) fn splat(
    source: &Expr,
    each: &Expr,
    marker: Span,
    expr: &Expr,
    env: Env<'_>,
    found: &mut Diagnostics,
) -> Value {
    let before = found.len();
    let value = evaluate_in(source, env, found);
    if failed_since(found, before) {
        // Errors behind the star do not depend on what is wrong before it.
        evaluate_in(each, Env { item: None, ..env }, found);
        return Value::unknown(Type::Any);
    }
    let ty = value.ty();
    let (value, marks) = value.unmark();
    let single = !matches!(ty, Type::Tuple(_) | Type::List(_) | Type::Set(_));
    if value.is_null() {
        if single {
            return Value::tuple([]).with_marks(marks);
        }
        let d = Diagnostic::error(
            "Splat of null value",
            "Splat expressions (with the * symbol) cannot be applied to null sequences.",
        );
        report(
            d.at(source.span).within(source.span.cover(marker)),
            expr,
            env,
            found,
        );
        return Value::unknown(Type::Any);
    }
    if ty == Type::Any {
        return Value::unknown(Type::Any).with_marks(marks);
    }
    let of = |item: &Value, found: &mut Diagnostics| {
        let inner = Env {
            item: Some(item),
            ..env
        };
        evaluate_in(each, inner, found)
    };
    if single {
        let known = match value.kind() {
            Kind::Unknown(u) => u.refinement.not_null,
            _ => true,
        };
        let item = of(&value, found);
        // A single value that may turn out null gives one element or none.
        return if known && !failed_since(found, before) {
            Value::tuple([item]).with_marks(marks)
        } else {
            Value::unknown(Type::Any).with_marks(marks)
        };
    }
    if let Kind::Unknown(u) = value.kind() {
        let (min, max) = (u.refinement.min_length, u.refinement.max_length);
        let known = Refinement {
            not_null: true,
            min_length: min.filter(|_| ty.is_collection()),
            max_length: max.filter(|_| ty.is_collection()),
            ..Refinement::default()
        };
        let ty = unknown_type(&ty, |t| of(&Value::unknown(t.clone()), found).ty());
        return Value::unknown_with(ty, known).with_marks(marks);
    }
    let items = value.items().unwrap_or_default();
    if !budget::spend(items.len(), expr.span) {
        return Value::unknown(Type::Any).with_marks(marks);
    }
    let results: Vec<Value> = items.iter().map(|item| of(item, found)).collect();
    let mut ignored = Diagnostics::new();
    if failed_since(found, before) {
        let ty = unknown_type(&ty, |t| of(&Value::unknown(t.clone()), &mut ignored).ty());
        return Value::unknown(ty).with_marks(marks);
    }
    if matches!(ty, Type::Tuple(_)) {
        return Value::tuple(results).with_marks(marks);
    }
    let result = match results.first() {
        None => {
            let elem = ty.element().cloned().unwrap_or(Type::Any);
            Value::list(of(&Value::unknown(elem), found).ty(), [])
        }
        Some(first) => {
            let elem = first.ty();
            if results.iter().all(|v| v.ty() == elem) {
                Value::list(elem, results)
            } else {
                // Unknown elements of no known type beside others.
                let types: Vec<Type> = results.iter().map(Value::ty).collect();
                let tuple = Value::tuple(results);
                match unify_unsafe(&types).map(|e| convert(&tuple, &Type::list(e))) {
                    Some(Ok(list)) => list,
                    _ => tuple,
                }
            }
        }
    };
    result.with_marks(marks)
}

fn unknown_type(source: &Type, mut of: impl FnMut(&Type) -> Type) -> Type {
    match source {
        Type::Tuple(items) => Type::tuple(items.iter().map(&mut of)),
        Type::List(e) | Type::Set(e) => Type::list(of(e)),
        _ => Type::Any,
    }
}
