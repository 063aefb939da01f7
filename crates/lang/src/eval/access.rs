//! Attributes and indices.

use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::syntax::Step;
use crate::syntax::StepKind;
use crate::value::Kind;
use crate::value::Number;
use crate::value::Type;
use crate::value::Value;
use crate::value::convert;

/// Boxed, because the way without an error is the one that must be fast.
type Found = Result<Value, Box<Diagnostic>>;

fn fail(span: Span, summary: &str, detail: impl Into<String>) -> Found {
    Err(Box::new(Diagnostic::error(summary, detail).at(span)))
}

/// The same with what to do about it, which may name parts of `value`: nothing where that is marked.
fn fail_of(
    value: &Value,
    span: Span,
    summary: &str,
    detail: impl Into<String>,
    help: Option<String>,
) -> Found {
    let diagnostic = Diagnostic::error(summary, detail).at(span);
    Err(Box::new(match help.filter(|_| value.marks().is_empty()) {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }))
}

/// So many names are listed; of more, the first ones.
const MOST_NAMES: usize = 10;

/// What there is in place of a name that is not there: the one that is meant, else all.
fn instead<'a>(what: &str, wanted: &str, names: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    // Of very short names every other one is near.
    let near = did_you_mean(wanted, names.clone());
    if let Some(other) = near.filter(|n| n.chars().any(|c| wanted.contains(c))) {
        return Some(format!("Did you mean {other:?}?"));
    }
    let mut listed: Vec<String> = names.clone().take(MOST_NAMES).map(|n| format!("{n:?}")).collect();
    let more = names.count() - listed.len();
    if more > 0 {
        listed.push(format!("and {more} more"));
    }
    match &listed[..] {
        [] => None,
        [one] => Some(format!("Its only {what} is {one}.")),
        more => Some(format!("Its {what}s are {}.", more.join(", "))),
    }
}

/// One literal step into a value.
///
/// # Errors
/// The diagnostic that says why there is nothing, at the step.
pub(super) fn step(value: &Value, step: &Step) -> Found {
    match &step.kind {
        StepKind::Attr(name) => attribute(value, name, step.span),
        StepKind::Index(key) => index(value, key, step.span),
    }
}

/// `value.name`
pub(super) fn attribute(value: &Value, name: &str, span: Span) -> Found {
    if value.is_null() {
        return fail(
            span,
            "Attempt to get attribute from null value",
            "This value is null, so it does not have any attributes.",
        );
    }
    if let Some(inner) = value.get(name) {
        return Ok(inner.clone().with_marks(value.marks()));
    }
    let unsupported = |detail: String| fail(span, "Unsupported attribute", detail);
    match value.kind() {
        Kind::Unknown(u) => {
            let inner = match &u.ty {
                Type::Any => Value::unknown(Type::Any),
                Type::Map(e) => Value::unknown((**e).clone()),
                Type::Object(o) => match o.get(name) {
                    Some(ty) => Value::unknown(ty.clone()),
                    None => {
                        let names = o.attributes().iter().map(|(n, _)| n.as_str());
                        return no_attribute(value, name, names, span);
                    }
                },
                ty => return unsupported(no_attributes(ty, name)),
            };
            Ok(inner.with_marks(value.marks()))
        }
        Kind::Object(o) => no_attribute(value, name, o.iter().map(|(n, _)| n.as_str()), span),
        Kind::Map(m) => fail_of(
            value,
            span,
            "Missing map element",
            format!("This map does not have an element with the key {name:?}."),
            instead("key", name, m.items.iter().map(|(n, _)| n.as_str())),
        ),
        _ => unsupported(no_attributes(&value.ty(), name)),
    }
}

fn no_attribute<'a>(
    value: &Value,
    name: &str,
    names: impl Iterator<Item = &'a str> + Clone,
    span: Span,
) -> Found {
    let detail = format!("This object does not have an attribute named {name:?}.");
    let help = instead("attribute", name, names);
    fail_of(value, span, "Unsupported attribute", detail, help)
}

fn no_attributes(ty: &Type, name: &str) -> String {
    match ty {
        Type::List(e) => match &**e {
            Type::Object(o) if o.get(name).is_some() => format!(
                "Can't access attributes on a list of objects. Did you mean to access attribute {name:?} for a specific \
                 element of the list, or across all elements of the list?"
            ),
            Type::Object(_) => "Can't access attributes on a list of objects. Did you mean to access an attribute for \
                                a specific element of the list, or across all elements of the list?"
                .into(),
            _ => "This value does not have any attributes.".into(),
        },
        Type::Set(e) if matches!(&**e, Type::Object(_)) => {
            "Can't access attributes on a set of objects. Did you mean to access an attribute across all elements of \
             the set?"
                .into()
        }
        ty if ty.is_primitive() => format!(
            "Can't access attributes on a primitive-typed value ({}).",
            ty.friendly_name()
        ),
        _ => "This value does not have any attributes.".into(),
    }
}

const INVALID_INDEX: &str = "Invalid index";
const NO_ELEMENT: &str = "The given key does not identify an element in this collection value";

/// `value[key]`
pub(super) fn index(value: &Value, key: &Value, span: Span) -> Found {
    if value.is_null() {
        return fail(
            span,
            "Attempt to index null value",
            "This value is null, so it does not have any indices.",
        );
    }
    if key.is_null() {
        return fail(span, INVALID_INDEX, "Can't use a null value as an indexing key.");
    }
    let marks = value.marks().union(key.deep_marks());
    let is_any = |v: &Value| matches!(v.kind(), Kind::Unknown(u) if u.ty == Type::Any);
    if is_any(value) || is_any(key) {
        return Ok(Value::unknown(Type::Any).with_marks(marks));
    }
    let as_key = |ty: &Type| {
        convert(key, ty)
            .map_err(|e| Box::new(Diagnostic::error(INVALID_INDEX, format!("{NO_ELEMENT}: {e}.")).at(span)))
    };
    let found = match value.kind() {
        Kind::List(_) | Kind::Tuple(_) => {
            let items = value.items().unwrap_or_default();
            let key = as_key(&Type::Number)?;
            match key.as_number() {
                Some(n) => match n.as_usize().and_then(|i| items.get(i)) {
                    Some(item) => item.clone(),
                    None => {
                        let detail = out_of_range(n, items.len());
                        // A secret index is not told from what there is in place of it.
                        let help = indexes(items.len()).filter(|_| key.marks().is_empty());
                        return fail_of(value, span, INVALID_INDEX, detail, help);
                    }
                },
                None => Value::unknown(match value.kind() {
                    Kind::List(s) => s.elem.clone(),
                    _ => Type::Any,
                }),
            }
        }
        Kind::Map(m) => {
            let key = as_key(&Type::String)?;
            match key.as_str() {
                Some(name) => match value.get(name) {
                    Some(item) => item.clone(),
                    None => {
                        let names = m.items.iter().map(|(n, _)| n.as_str());
                        let help = instead("key", name, names).filter(|_| key.marks().is_empty());
                        return fail_of(value, span, INVALID_INDEX, format!("{NO_ELEMENT}."), help);
                    }
                },
                None => Value::unknown(m.elem.clone()),
            }
        }
        Kind::Object(o) => {
            let was_number = key.as_number().is_some();
            let key = as_key(&Type::String)?;
            match key.as_str() {
                Some(name) => match value.get(name) {
                    Some(item) => item.clone(),
                    None => {
                        let names = o.iter().map(|(n, _)| n.as_str());
                        let help = instead("attribute", name, names).filter(|_| key.marks().is_empty());
                        return fail_of(value, span, INVALID_INDEX, no_such_attribute(was_number), help);
                    }
                },
                None => Value::unknown(Type::Any),
            }
        }
        Kind::Unknown(u) => match &u.ty {
            Type::List(e) => {
                as_key(&Type::Number)?;
                Value::unknown((**e).clone())
            }
            Type::Map(e) => {
                as_key(&Type::String)?;
                Value::unknown((**e).clone())
            }
            Type::Tuple(items) => {
                let key = as_key(&Type::Number)?;
                match key.as_number() {
                    Some(n) => match n.as_usize().and_then(|i| items.get(i)) {
                        Some(ty) => Value::unknown(ty.clone()),
                        None => return fail(span, INVALID_INDEX, out_of_range(n, items.len())),
                    },
                    None => Value::unknown(Type::Any),
                }
            }
            // Unlike behind a dot, the name is looked up once there is a value.
            Type::Object(_) => {
                as_key(&Type::String)?;
                Value::unknown(Type::Any)
            }
            ty => return fail(span, INVALID_INDEX, no_indices(ty)),
        },
        _ => return fail(span, INVALID_INDEX, no_indices(&value.ty())),
    };
    Ok(found.with_marks(marks))
}

fn no_such_attribute(was_number: bool) -> String {
    let hint = if was_number {
        " An object only supports looking up attributes by name, not by numeric index."
    } else {
        ""
    };
    format!("{NO_ELEMENT}.{hint}")
}

fn no_indices(ty: &Type) -> &'static str {
    match ty {
        Type::Set(_) => {
            "Elements of a set are identified only by their value and don't have any separate index or key to select \
             with, so it's only possible to perform operations across all elements of the set."
        }
        _ => "This value does not have any indices.",
    }
}

/// Which indexes a sequence of a length has.
fn indexes(length: usize) -> Option<String> {
    match length {
        0 => None,
        1 => Some("It has one element, with the index 0.".into()),
        n => Some(format!("It has {n} elements: their indexes are 0 to {}.", n - 1)),
    }
}

/// The number itself is not shown: it may be a secret.
fn out_of_range(n: &Number, length: usize) -> String {
    let reason = if !n.is_integer() {
        "indexing a sequence requires a whole number, but the given index has a fractional part"
    } else if n.is_negative() {
        "a negative number is not a valid index for a sequence"
    } else if *n > Number::from(length) {
        // Terraform gives a reason only right behind the end.
        return format!("{NO_ELEMENT}.");
    } else if length == 0 {
        "the collection has no elements"
    } else {
        "the given index is greater than or equal to the length of the collection"
    };
    format!("{NO_ELEMENT}: {reason}.")
}
