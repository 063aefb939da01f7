//! Between the JSON of an API and the values of a declared type.
//!
//! A type writes down its object as JSON in the form of its schema (blocks as arrays of objects); the [`Shape`]
//! makes the value of it, keeping what the configuration or the state says wherever the API means the same.

use serde_json::Map;
use serde_json::Value as Json;
use streamform_lang::value::Kind;
use streamform_lang::value::Name;
use streamform_lang::value::Number;
use streamform_lang::value::Type;
use streamform_lang::value::Value;

use crate::declared::Declaration;
use crate::declared::Field;
use crate::declared::FieldKind;
use crate::declared::Presence;

/// The fields of a declared type, ready to make values of.
#[derive(Clone, Debug)]
pub struct Shape {
    fields: Vec<Field>,
    timeouts: Option<Type>,
}

impl Shape {
    /// The shape of a declared type.
    pub fn of(declaration: &Declaration) -> Self {
        let t = &declaration.timeouts;
        let names: Vec<(Name, Type)> = [
            ("create", t.create),
            ("read", t.read),
            ("update", t.update),
            ("delete", t.delete),
        ]
        .into_iter()
        .filter(|(_, time)| time.is_some())
        .map(|(name, _)| (Name::from(name), Type::String))
        .collect();
        let mut fields = declaration.fields.clone();
        if !fields.iter().any(|f| f.name == "id") {
            fields.push(Field::optional_computed("id", FieldKind::String));
        }
        Shape {
            fields,
            timeouts: (!names.is_empty()).then(|| Type::object(names)),
        }
    }

    /// The object's type.
    pub fn ty(&self) -> Type {
        let timeouts = self.timeouts.iter().map(|t| (Name::from("timeouts"), t.clone()));
        Type::object(
            self.fields
                .iter()
                .map(|f| (Name::from(f.name), f.kind.ty()))
                .chain(timeouts),
        )
    }

    /// The value of `state`, an object in the form of the schema.
    ///
    /// What `state` does not name is taken from `base` (configuration, plan or prior state), null where that does not know it.
    /// Where `base` has a value that means the same as the one in `state` (null and an empty string, two spellings that the
    /// field says are equal), it is kept: a provider of this kind must not show differences that mean nothing.
    pub fn value(&self, base: Option<&Value>, state: &Json) -> Value {
        let base = base.map(|b| b.clone().unmark_deep().0);
        let base = base.as_ref().filter(|b| !b.is_null());
        let timeouts = self.timeouts.iter().map(|ty| {
            let value = base
                .and_then(|b| b.get("timeouts"))
                .map_or_else(|| Value::null(ty.clone()), known);
            (Name::from("timeouts"), value)
        });
        Value::object(
            self.fields
                .iter()
                .map(|f| {
                    let value = settle(f, base.and_then(|b| b.get(f.name)), state.get(f.name));
                    (Name::from(f.name), value)
                })
                .chain(timeouts),
        )
    }
}

fn fields_type(fields: &[Field]) -> Type {
    Type::object(fields.iter().map(|f| (Name::from(f.name), f.kind.ty())))
}

fn settle(field: &Field, base: Option<&Value>, state: Option<&Json>) -> Value {
    let Some(state) = state else {
        return base.map_or_else(|| nothing(field), |base| kept(field, base));
    };
    // Lists of objects are settled object by object.
    if let (
        FieldKind::Block {
            set: false, fields, ..
        },
        Json::Array(items),
    ) = (&field.kind, state)
    {
        let old = base.and_then(Value::items).unwrap_or_default();
        let same_length = old.len() == items.len();
        let items = items.iter().enumerate().map(|(i, item)| {
            let old = if same_length { old.get(i) } else { None };
            Value::object(fields.iter().map(|f| {
                let value = settle(f, old.and_then(|o| o.get(f.name)), Some(&item[f.name]));
                (Name::from(f.name), value)
            }))
        });
        let new = Value::list(fields_type(fields), items);
        return match base {
            Some(old) if same(field, old, &new) && old.is_wholly_known() => old.clone(),
            _ => new,
        };
    }
    let new = decode_field(field, state);
    match base {
        Some(old) if old.is_wholly_known() && same(field, old, &new) => old.clone(),
        _ => new,
    }
}

fn same(field: &Field, old: &Value, new: &Value) -> bool {
    // What only the provider sets is never left out by a configuration: null would mean "not known" there.
    let nothing = field.presence != Presence::Computed && is_empty(old) && is_empty(new);
    old == new || nothing || field.suppress.is_some_and(|suppress| suppress(old, new))
}

/// Null and everything that means as much.
fn is_empty(value: &Value) -> bool {
    match value.kind() {
        Kind::Null(_) => true,
        Kind::String(s) => s.is_empty(),
        Kind::Bool(b) => !b,
        Kind::Number(n) => *n == Number::ZERO,
        Kind::List(s) | Kind::Set(s) => s.items.is_empty(),
        Kind::Map(m) => m.items.is_empty(),
        Kind::Unknown(_) | Kind::Tuple(_) | Kind::Object(_) => false,
    }
}

/// No value: blocks that are written as blocks are never null, only none at all.
fn nothing(field: &Field) -> Value {
    match &field.kind {
        FieldKind::Block { set, fields, .. } if field.presence != Presence::Computed => {
            if *set {
                Value::set(fields_type(fields), [])
            } else {
                Value::list(fields_type(fields), [])
            }
        }
        kind => Value::null(kind.ty()),
    }
}

fn kept(field: &Field, base: &Value) -> Value {
    if base.is_known() && !base.is_null() {
        known(base)
    } else {
        nothing(field)
    }
}

fn decode_field(field: &Field, json: &Json) -> Value {
    let value = decode(&field.kind, json);
    if value.is_null() { nothing(field) } else { value }
}

/// The value with null for everything unknown.
fn known(value: &Value) -> Value {
    if value.is_wholly_known() {
        return value.clone();
    }
    if !value.is_known() {
        return Value::null(value.ty());
    }
    value.clone().map_children(|child| known(&child))
}

fn decode(kind: &FieldKind, json: &Json) -> Value {
    let null = || Value::null(kind.ty());
    match (kind, json) {
        (_, Json::Null) => null(),
        (FieldKind::Bool, Json::Bool(b)) => Value::bool(*b),
        (FieldKind::Bool, Json::String(s)) => s.parse().map_or_else(|_| null(), Value::bool),
        (FieldKind::Int | FieldKind::Float, Json::Number(n)) => {
            Number::parse(&n.to_string()).map_or_else(null, Value::number)
        }
        (FieldKind::Int | FieldKind::Float, Json::String(s)) => {
            Number::parse(s.trim()).map_or_else(null, Value::number)
        }
        (FieldKind::String, Json::String(s)) => Value::string(s.as_str()),
        (FieldKind::String, Json::Number(n)) => Value::string(n.to_string()),
        (FieldKind::String, Json::Bool(b)) => Value::string(b.to_string()),
        (FieldKind::List(e), Json::Array(items)) => Value::list(e.ty(), items.iter().map(|i| decode(e, i))),
        (FieldKind::Set(e), Json::Array(items)) => Value::set(e.ty(), items.iter().map(|i| decode(e, i))),
        (FieldKind::Map(e), Json::Object(items)) => Value::map(
            e.ty(),
            items
                .iter()
                .map(|(name, item)| (Name::from(name.as_str()), decode(e, item))),
        ),
        (FieldKind::Block { set, fields, .. }, Json::Array(items)) => {
            let objects = items.iter().map(|item| {
                Value::object(
                    fields
                        .iter()
                        .map(|f| (Name::from(f.name), decode_field(f, &item[f.name]))),
                )
            });
            if *set {
                Value::set(fields_type(fields), objects)
            } else {
                Value::list(fields_type(fields), objects)
            }
        }
        // An answer of another form than documented: as if it were not there.
        _ => null(),
    }
}

/// A value as JSON; what is unknown or null becomes null. Looks inside marked values: the result is for the wire, never for the screen.
pub fn encode(value: &Value) -> Json {
    match value.kind() {
        Kind::Null(_) | Kind::Unknown(_) => Json::Null,
        Kind::Bool(b) => Json::Bool(*b),
        Kind::Number(n) => match n.as_i64() {
            Some(i) => Json::from(i),
            None => serde_json::Number::from_f64(n.to_f64()).map_or(Json::Null, Json::Number),
        },
        Kind::String(s) => Json::String(s.as_str().to_owned()),
        Kind::List(s) | Kind::Set(s) => s.items.iter().map(encode).collect(),
        Kind::Tuple(items) => items.iter().map(encode).collect(),
        Kind::Map(m) => object(&m.items),
        Kind::Object(items) => object(items),
    }
}

fn object(items: &[(Name, Value)]) -> Json {
    Json::Object(
        items
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), encode(value)))
            .collect::<Map<_, _>>(),
    )
}
