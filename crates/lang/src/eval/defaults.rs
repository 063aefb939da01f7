//! Defaults of optional attributes in a type constraint.

use std::collections::BTreeMap;

use crate::value::Kind;
use crate::value::Name;
use crate::value::Value;

/// What `optional(type, default)` in a type constraint says, at every depth. It goes with the type of the constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    /// Of attributes of this object, already converted to their types.
    values: BTreeMap<Name, Value>,
    /// Inside this value.
    children: Children,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Children {
    #[default]
    None,
    /// The same for every element of a collection.
    Elements(Box<Defaults>),
    /// For elements of a tuple, by index.
    Items(BTreeMap<usize, Defaults>),
    /// For attributes of an object, by name.
    Attributes(BTreeMap<Name, Defaults>),
}

impl Defaults {
    pub(super) fn of_elements(inner: Defaults) -> Defaults {
        if inner.is_empty() {
            return inner;
        }
        Defaults {
            values: BTreeMap::new(),
            children: Children::Elements(Box::new(inner)),
        }
    }

    pub(super) fn of_tuple(items: BTreeMap<usize, Defaults>) -> Defaults {
        Defaults {
            values: BTreeMap::new(),
            children: if items.is_empty() {
                Children::None
            } else {
                Children::Items(items)
            },
        }
    }

    pub(super) fn of_object(values: BTreeMap<Name, Value>, inner: BTreeMap<Name, Defaults>) -> Defaults {
        Defaults {
            values,
            children: if inner.is_empty() {
                Children::None
            } else {
                Children::Attributes(inner)
            },
        }
    }

    /// Whether there is none at all.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.children == Children::None
    }

    /// The value with defaults in the place of attributes that are missing or null. A value that is itself null or
    /// unknown stays.
    ///
    /// Goes before the conversion to the type of the constraint: the result may be a tuple where a list is wanted.
    #[must_use]
    pub fn apply(&self, value: &Value) -> Value {
        if self.is_empty() || value.is_null() || !value.is_known() {
            return value.clone();
        }
        let filled = match value.kind() {
            Kind::List(_) | Kind::Set(_) | Kind::Tuple(_) => {
                let items = value.items().unwrap_or_default();
                Value::tuple(items.iter().enumerate().map(|(i, v)| match &self.children {
                    Children::Elements(inner) => inner.apply(v),
                    Children::Items(inner) => inner.get(&i).map_or_else(|| v.clone(), |d| d.apply(v)),
                    _ => v.clone(),
                }))
            }
            Kind::Map(_) | Kind::Object(_) => {
                let entries = value.entries().unwrap_or_default();
                let mut out: BTreeMap<Name, Value> = entries
                    .iter()
                    .map(|(name, v)| (name.clone(), self.inside(name, v)))
                    .collect();
                for (name, default) in &self.values {
                    if out.get(name).is_none_or(Value::is_null) {
                        out.insert(name.clone(), self.inside(name, default));
                    }
                }
                Value::object(out)
            }
            _ => return value.clone(),
        };
        filled.with_marks(value.marks())
    }

    fn inside(&self, name: &Name, value: &Value) -> Value {
        match &self.children {
            Children::Elements(inner) => inner.apply(value),
            Children::Attributes(inner) => inner.get(name).map_or_else(|| value.clone(), |d| d.apply(value)),
            _ => value.clone(),
        }
    }
}
