//! Conversion of values from type to type.

use super::Kind;
use super::Name;
use super::Number;
use super::ObjectType;
use super::Path;
use super::Refinement;
use super::Step;
use super::Type;
use super::Value;
use super::mismatch::mismatch_message;
use super::unify::unify_unsafe;

/// Why a value cannot have a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConvertError {
    /// Which part of the value is at fault.
    pub path: Path,
    /// What is wrong with it, in lower case and without a full stop: `a number is required`.
    pub message: String,
}

impl ConvertError {
    /// The message behind the place in the value, where it is not the whole value: `.port: a number is required`.
    pub fn with_path(&self) -> String {
        match self.path.steps().first() {
            None => self.message.clone(),
            Some(Step::Attr(_)) => format!(".{}: {}", self.path, self.message),
            Some(_) => format!("{}: {}", self.path, self.message),
        }
    }
}

/// The value as a value of type `ty`.
///
/// Strings, numbers and bools become each other where their text allows it; sequences become any kind of sequence,
/// objects and maps each other. An object loses attributes that `ty` does not have; those that `ty` says may be left
/// out become null. `any` in `ty` is replaced by what fits the value; elements of one collection get one type. Marks
/// and what is known about unknown values are kept.
///
/// # Errors
/// The first part that does not fit.
pub fn convert(value: &Value, ty: &Type) -> Result<Value, ConvertError> {
    convert_into(value.clone(), ty)
}

/// As [`convert`], of a value that is not needed any more as it was.
///
/// # Errors
/// The first part that does not fit.
pub fn convert_into(value: Value, ty: &Type) -> Result<Value, ConvertError> {
    if has_type(&value, ty) {
        return Ok(value);
    }
    let from = value.ty();
    if !can_convert(&from, ty) {
        return Err(ConvertError {
            path: Path::root(),
            message: mismatch_message(&from, ty),
        });
    }
    run(value, ty, &mut Path::root())
}

/// Whether the value already is of exactly that type. Types with `any` or optional attributes have no values but null.
pub(super) fn has_type(value: &Value, ty: &Type) -> bool {
    match (value.kind(), ty) {
        (Kind::Bool(_), Type::Bool) | (Kind::Number(_), Type::Number) | (Kind::String(_), Type::String) => {
            true
        }
        (Kind::Null(t), ty) => t == ty,
        (Kind::Unknown(u), ty) => u.ty == *ty,
        (Kind::List(s), Type::List(e)) | (Kind::Set(s), Type::Set(e)) => s.elem == **e,
        (Kind::Map(m), Type::Map(e)) => m.elem == **e,
        (Kind::Tuple(items), Type::Tuple(types)) => {
            items.len() == types.len() && items.iter().zip(types.iter()).all(|(v, t)| has_type(v, t))
        }
        (Kind::Object(items), Type::Object(o)) => {
            let attributes = o.attributes();
            o.optional().is_empty()
                && items.len() == attributes.len()
                && items
                    .iter()
                    .zip(attributes)
                    .all(|((n, v), (m, t))| n == m && has_type(v, t))
        }
        _ => false,
    }
}

/// Whether some values of type `from` can be converted to `to`; for a single value it may still fail.
pub fn can_convert(from: &Type, to: &Type) -> bool {
    possible(from, to, true)
}

/// Whether there is a conversion; without `unsafe_too` only one that works for every value of the type.
pub(super) fn possible(from: &Type, to: &Type, unsafe_too: bool) -> bool {
    if from == to {
        return true;
    }
    match (from, to) {
        (_, Type::Any) => true,
        (Type::Any, _) => unsafe_too,
        (Type::Bool | Type::Number, Type::String) => true,
        (Type::String, Type::Bool | Type::Number) => unsafe_too,
        (Type::Object(a), Type::Object(b)) => b.attributes().iter().all(|(name, to)| match a.get(name) {
            Some(from) => possible(from, to, unsafe_too),
            None => b.is_optional(name),
        }),
        (Type::Tuple(a), Type::Tuple(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| possible(a, b, unsafe_too))
        }
        (Type::List(a) | Type::Set(a), Type::List(b))
        | (Type::Set(a), Type::Set(b))
        | (Type::Map(a), Type::Map(b)) => possible(a, b, unsafe_too),
        // A list has an order and doubles, which a set loses.
        (Type::List(a), Type::Set(b)) => unsafe_too && possible(a, b, unsafe_too),
        (Type::Tuple(items), Type::List(e) | Type::Set(e)) => {
            match common(items.iter(), e, unsafe_too) {
                // Elements of no type yet beside others may turn out to be anything.
                Some(Type::Any) => items.iter().all(|t| *t == Type::Any),
                common => common.is_some_and(|e| items.iter().all(|t| possible(t, &e, unsafe_too))),
            }
        }
        (Type::Object(o), Type::Map(e)) => {
            let members = || o.attributes().iter().map(|(_, t)| t);
            common(members(), e, unsafe_too).is_some_and(|e| members().all(|t| possible(t, &e, unsafe_too)))
        }
        (Type::Map(e), Type::Object(o)) => {
            unsafe_too
                && o.attributes()
                    .iter()
                    .all(|(name, t)| o.is_optional(name) || possible(e, t, unsafe_too))
        }
        _ => false,
    }
}

/// The type that elements are converted to: where anything goes, the one that all of them can have.
fn common<'a>(from: impl Iterator<Item = &'a Type>, to: &Type, unsafe_too: bool) -> Option<Type> {
    if *to != Type::Any {
        return Some(to.clone());
    }
    let types: Vec<Type> = from.cloned().collect();
    if types.is_empty() {
        return Some(Type::Any);
    }
    super::unify::unify_types(&types, unsafe_too)
}

/// `to` with what `from` says in the place of each `any`.
fn fill_any(from: &Type, to: &Type) -> Type {
    if *from == Type::Any || !to.has_any() {
        return to.without_optional();
    }
    let element = |from: &Type, to: &Type| match from {
        Type::List(e) | Type::Set(e) | Type::Map(e) => fill_any(e, to),
        Type::Tuple(items) => fill_any(&unify_unsafe(items).unwrap_or(Type::Any), to),
        Type::Object(o) => {
            let types: Vec<Type> = o.attributes().iter().map(|(_, t)| t.clone()).collect();
            fill_any(&unify_unsafe(&types).unwrap_or(Type::Any), to)
        }
        _ => to.without_optional(),
    };
    match to {
        Type::Any => from.clone(),
        Type::List(e) => Type::list(element(from, e)),
        Type::Set(e) => Type::set(element(from, e)),
        Type::Map(e) => Type::map(element(from, e)),
        Type::Tuple(to) => match from {
            Type::Tuple(from) if from.len() == to.len() => {
                Type::tuple(from.iter().zip(to.iter()).map(|(f, t)| fill_any(f, t)))
            }
            _ => Type::tuple(to.iter().map(Type::without_optional)),
        },
        Type::Object(o) => Type::object(o.attributes().iter().map(|(name, to)| {
            let from = match from {
                Type::Object(f) => f.get(name),
                Type::Map(e) => Some(&**e),
                _ => None,
            };
            (name.clone(), fill_any(from.unwrap_or(&Type::Any), to))
        })),
        Type::Bool | Type::Number | Type::String => to.clone(),
    }
}

fn fail<T>(at: &Path, message: impl Into<String>) -> Result<T, ConvertError> {
    Err(ConvertError {
        path: at.clone(),
        message: message.into(),
    })
}

fn run(value: Value, ty: &Type, at: &mut Path) -> Result<Value, ConvertError> {
    if *ty == Type::Any || has_type(&value, ty) {
        return Ok(value);
    }
    let (value, marks) = value.unmark();
    let converted = match value.kind() {
        Kind::Null(from) => Value::null(fill_any(from, ty)),
        Kind::Unknown(u) => {
            let to = fill_any(&u.ty, ty);
            let refinement = carry_over(&u.ty, &u.refinement, &to);
            Value::unknown_with(to, refinement)
        }
        Kind::Bool(b) if *ty == Type::String => Value::string(if *b { "true" } else { "false" }),
        Kind::Number(n) if *ty == Type::String => Value::string(n.to_string()),
        Kind::String(s) if *ty == Type::Number => match Number::parse(s) {
            Some(n) => Value::number(n),
            None => return fail(at, "a number is required"),
        },
        Kind::String(s) if *ty == Type::Bool => Value::bool(to_bool(s, at)?),
        // Elements of a set may turn out equal once they are known.
        Kind::Set(s) if matches!(ty, Type::List(_)) && s.items.len() > 1 && !value.is_wholly_known() => {
            let known = Refinement {
                not_null: true,
                min_length: Some(1),
                max_length: Some(s.items.len()),
                ..Refinement::default()
            };
            Value::unknown_with(fill_any(&value.ty(), ty), known)
        }
        Kind::List(_) | Kind::Set(_) | Kind::Tuple(_) => sequence(&value, ty, at)?,
        Kind::Map(_) | Kind::Object(_) => entries(&value, ty, at)?,
        _ => return fail(at, mismatch_message(&value.ty(), ty)),
    };
    Ok(converted.with_marks(marks))
}

fn to_bool(text: &str, at: &Path) -> Result<bool, ConvertError> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => match text.to_lowercase().as_str() {
            lower @ ("true" | "false") => fail(
                at,
                format!("a bool is required; to convert from string, use lowercase \"{lower}\""),
            ),
            _ => fail(at, "a bool is required"),
        },
    }
}

/// What stays true of an unknown value when its type changes.
fn carry_over(from: &Type, known: &Refinement, to: &Type) -> Refinement {
    let mut kept = Refinement {
        not_null: known.not_null,
        ..Refinement::default()
    };
    if from == to {
        return known.clone();
    }
    if (from.is_collection() || *from == Type::Any) && to.is_collection() {
        kept.max_length = known.max_length;
        kept.min_length = match to {
            // Elements may turn out equal.
            Type::Set(_) => known.min_length.map(|n| n.min(1)),
            _ => known.min_length,
        };
    } else if let (Type::Tuple(items), true) = (from, to.is_collection()) {
        kept.max_length = Some(items.len());
        kept.min_length = Some(if matches!(to, Type::Set(_)) {
            items.len().min(1)
        } else {
            items.len()
        });
    }
    kept
}

fn sequence(value: &Value, ty: &Type, at: &mut Path) -> Result<Value, ConvertError> {
    let items = value.items().unwrap_or_default();
    let is_set = matches!(value.kind(), Kind::Set(_));
    let step = |i: usize, v: &Value| {
        if is_set {
            Step::Element(Box::new(v.clone()))
        } else {
            Step::Index(i)
        }
    };
    match ty {
        Type::Tuple(types) if matches!(value.kind(), Kind::Tuple(_)) && types.len() == items.len() => {
            let mut out = Vec::with_capacity(items.len());
            for (i, (v, t)) in items.iter().zip(types.iter()).enumerate() {
                out.push(child(v, t, step(i, v), at)?);
            }
            Ok(Value::tuple(out))
        }
        Type::List(e) | Type::Set(e) => {
            let wanted = common_element(value, e);
            let to_list = matches!((value.kind(), ty), (Kind::Tuple(_), Type::List(_)));
            let mut out = Vec::with_capacity(items.len());
            for (i, v) in items.iter().enumerate() {
                let item = child(v, &wanted, step(i, v), at)?;
                out.push(if to_list { item } else { bare_null(item) });
            }
            let from = match value.kind() {
                Kind::List(s) | Kind::Set(s) => Some(&s.elem),
                _ => None,
            };
            let settled = match (from, ty) {
                // What becomes a list one by one may still settle on one type.
                (None, Type::List(_)) => Settle::Unsafe,
                _ => Settle::Never,
            };
            let (elem, out) = settle(&wanted, from, settled, out, at)?;
            Ok(if matches!(ty, Type::Set(_)) {
                Value::set(elem, out)
            } else {
                Value::list(elem, out)
            })
        }
        _ => fail(at, mismatch_message(&value.ty(), ty)),
    }
}

fn entries(value: &Value, ty: &Type, at: &mut Path) -> Result<Value, ConvertError> {
    let items = value.entries().unwrap_or_default();
    let is_map = matches!(value.kind(), Kind::Map(_));
    let step = |name: &Name| {
        if is_map {
            Step::Key(name.clone())
        } else {
            Step::Attr(name.clone())
        }
    };
    match ty {
        Type::Map(e) => {
            let wanted = common_element(value, e);
            let mut out = Vec::with_capacity(items.len());
            for (name, v) in items {
                out.push(child(v, &wanted, step(name), at)?);
            }
            let from = match value.kind() {
                Kind::Map(m) => Some(&m.elem),
                _ => None,
            };
            let settled = match (&wanted, is_map) {
                (Type::List(_) | Type::Set(_) | Type::Map(_) | Type::Object(_), true) => Settle::Safe,
                (Type::List(_) | Type::Set(_) | Type::Map(_) | Type::Object(_), false) => Settle::Unsafe,
                _ => Settle::Never,
            };
            let (elem, out) = settle(&wanted, from, settled, out, at)?;
            let names = items.iter().map(|(n, _)| n.clone());
            Ok(Value::map(elem, names.zip(out)))
        }
        Type::Object(o) => object(value, o, step, at),
        _ => fail(at, mismatch_message(&value.ty(), ty)),
    }
}

fn object(
    value: &Value,
    ty: &ObjectType,
    step: impl Fn(&Name) -> Step,
    at: &mut Path,
) -> Result<Value, ConvertError> {
    let mut out = Vec::with_capacity(ty.attributes().len());
    for (name, t) in ty.attributes() {
        let converted = match value.get(name) {
            Some(v) if matches!(value.kind(), Kind::Map(_)) && !can_convert(&v.ty(), t) => {
                at.0.push(step(name));
                let message = mismatch_message(&v.ty(), t);
                let error = fail(at, message);
                at.0.pop();
                return error;
            }
            Some(v) => bare_null(child(v, t, step(name), at)?),
            None if ty.is_optional(name) => Value::null(t.without_optional()),
            None if matches!(value.kind(), Kind::Map(_)) => {
                return fail(
                    at,
                    format!("map has no element for required attribute \"{name}\""),
                );
            }
            None => return fail(at, format!("attribute \"{name}\" is required")),
        };
        out.push((name.clone(), converted));
    }
    Ok(Value::object(out))
}

/// As in Terraform a null that is put into a set, an object or another kind of list has lost its marks.
fn bare_null(value: Value) -> Value {
    if value.is_null() { value.unmark().0 } else { value }
}

fn child(value: &Value, ty: &Type, step: Step, at: &mut Path) -> Result<Value, ConvertError> {
    if *ty == Type::Any || has_type(value, ty) {
        return Ok(value.clone());
    }
    at.0.push(step);
    let converted = run(value.clone(), ty, at)?;
    at.0.pop();
    Ok(converted)
}

/// The type that elements are converted to: where anything goes, the one that all of them can have.
fn common_element(value: &Value, wanted: &Type) -> Type {
    if *wanted != Type::Any {
        return wanted.clone();
    }
    match value.kind() {
        Kind::List(s) | Kind::Set(s) => s.elem.clone(),
        Kind::Map(m) => m.elem.clone(),
        Kind::Tuple(items) => {
            let types: Vec<Type> = items.iter().map(Value::ty).collect();
            unify_unsafe(&types).unwrap_or(Type::Any)
        }
        Kind::Object(items) => {
            let types: Vec<Type> = items.iter().map(|(_, v)| v.ty()).collect();
            unify_unsafe(&types).unwrap_or(Type::Any)
        }
        _ => Type::Any,
    }
}

/// Whether elements that came out with different types are converted once more, and how.
#[derive(Clone, Copy, PartialEq)]
enum Settle {
    /// By conversions that may fail.
    Unsafe,
    /// Only by conversions that cannot fail.
    Safe,
    Never,
}

/// One type for all elements of a collection, after each was converted to `wanted`. `from` is the type that they had in a
/// collection before.
fn settle(
    wanted: &Type,
    from: Option<&Type>,
    how: Settle,
    items: Vec<Value>,
    at: &Path,
) -> Result<(Type, Vec<Value>), ConvertError> {
    if items.is_empty() {
        let elem = from.filter(|_| *wanted == Type::Any).unwrap_or(wanted);
        return Ok((elem.without_optional(), items));
    }
    if !wanted.has_any() {
        return Ok((wanted.without_optional(), items));
    }
    let mut types: Vec<Type> = items.iter().map(Value::ty).collect();
    types.dedup();
    if let [only] = &types[..] {
        return Ok((only.clone(), items));
    }
    let mut path = at.clone();
    let mut items = items;
    if how != Settle::Never {
        let Some(elem) = super::unify::unify_types(&types, how == Settle::Unsafe) else {
            return fail(at, "cannot find a common base type for all elements");
        };
        items = all_as(items, &elem, &mut path)?;
        types = items.iter().map(Value::ty).collect();
    }
    // What has no type yet takes on that of the others.
    types.retain(|t| *t != Type::Any);
    let elem = types.pop().unwrap_or(Type::Any);
    if types.iter().any(|t| *t != elem) {
        return fail(at, "element types must all match for conversion to a collection");
    }
    let items = all_as(items, &elem, &mut path)?;
    Ok((elem, items))
}

fn all_as(items: Vec<Value>, ty: &Type, at: &mut Path) -> Result<Vec<Value>, ConvertError> {
    items.into_iter().map(|v| run(v, ty, at)).collect()
}

#[cfg(test)]
mod tests;
