//! Types, with Terraform's names and printing.

use std::fmt;
use std::sync::Arc;

use super::Name;

/// The type of a value. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// `bool`
    Bool,
    /// `number`
    Number,
    /// `string`
    String,
    /// `any`: not known yet, or (in a constraint) anything goes. Only null and unknown values can have it.
    Any,
    /// `list(T)`
    List(Arc<Type>),
    /// `set(T)`
    Set(Arc<Type>),
    /// `map(T)`
    Map(Arc<Type>),
    /// `tuple([T, …])`. Two pointers, because every value has room for a type.
    Tuple(Arc<Box<[Type]>>),
    /// `object({name = T, …})`
    Object(ObjectType),
}

/// The attributes of an object type, sorted by name. One pointer, because every value has room for a type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectType(Arc<Attributes>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Attributes {
    all: Box<[(Name, Type)]>,
    /// Names that a conversion may leave out (null then); sorted. Only in constraints.
    optional: Box<[Name]>,
}

impl ObjectType {
    /// An object type; of two attributes of one name the last wins.
    pub fn new(attributes: impl IntoIterator<Item = (Name, Type)>) -> Self {
        Self::with_optional(attributes, [])
    }

    /// An object type some of whose attributes may be left out in a conversion.
    pub fn with_optional(
        attributes: impl IntoIterator<Item = (Name, Type)>,
        optional: impl IntoIterator<Item = Name>,
    ) -> Self {
        let mut attributes: Vec<(Name, Type)> = attributes.into_iter().collect();
        // Those of a value and of a schema come sorted.
        if !attributes.is_sorted_by(|(a, _), (b, _)| a < b) {
            let map: std::collections::BTreeMap<Name, Type> = attributes.into_iter().collect();
            attributes = map.into_iter().collect();
        }
        let mut optional: Vec<Name> = optional.into_iter().collect();
        optional.sort();
        optional.dedup();
        ObjectType(Arc::new(Attributes {
            all: attributes.into(),
            optional: optional.into(),
        }))
    }

    /// Name and type of each attribute, by name.
    pub fn attributes(&self) -> &[(Name, Type)] {
        &self.0.all
    }

    /// The type of one attribute.
    pub fn get(&self, name: &str) -> Option<&Type> {
        let all = self.attributes();
        let i = all.binary_search_by(|(n, _)| n.as_str().cmp(name)).ok()?;
        Some(&all[i].1)
    }

    /// Whether a conversion may leave this attribute out.
    pub fn is_optional(&self, name: &str) -> bool {
        let optional = self.optional();
        optional.binary_search_by(|n| n.as_str().cmp(name)).is_ok()
    }

    /// The names that may be left out, sorted.
    pub fn optional(&self) -> &[Name] {
        &self.0.optional
    }
}

impl Type {
    /// `list(elem)`
    pub fn list(elem: Type) -> Type {
        Type::List(Arc::new(elem))
    }
    /// `set(elem)`
    pub fn set(elem: Type) -> Type {
        Type::Set(Arc::new(elem))
    }
    /// `map(elem)`
    pub fn map(elem: Type) -> Type {
        Type::Map(Arc::new(elem))
    }
    /// `tuple([…])`
    pub fn tuple(items: impl IntoIterator<Item = Type>) -> Type {
        Type::Tuple(Arc::new(items.into_iter().collect()))
    }
    /// `object({…})` with all attributes required.
    pub fn object(attributes: impl IntoIterator<Item = (Name, Type)>) -> Type {
        Type::Object(ObjectType::new(attributes))
    }
    /// The object type without attributes.
    pub fn empty_object() -> Type {
        Type::object([])
    }

    /// `bool`, `number` or `string`.
    pub fn is_primitive(&self) -> bool {
        matches!(self, Type::Bool | Type::Number | Type::String)
    }

    /// `list`, `set` or `map`.
    pub fn is_collection(&self) -> bool {
        matches!(self, Type::List(_) | Type::Set(_) | Type::Map(_))
    }

    /// The element type of a collection type.
    pub fn element(&self) -> Option<&Type> {
        match self {
            Type::List(e) | Type::Set(e) | Type::Map(e) => Some(e),
            _ => None,
        }
    }

    /// Whether `any` occurs anywhere inside.
    pub fn has_any(&self) -> bool {
        match self {
            Type::Any => true,
            Type::Bool | Type::Number | Type::String => false,
            Type::List(e) | Type::Set(e) | Type::Map(e) => e.has_any(),
            Type::Tuple(items) => items.iter().any(Type::has_any),
            Type::Object(o) => o.attributes().iter().any(|(_, t)| t.has_any()),
        }
    }

    /// The same type with every attribute required, as values have it.
    #[must_use]
    pub fn without_optional(&self) -> Type {
        match self {
            Type::List(e) => Type::list(e.without_optional()),
            Type::Set(e) => Type::set(e.without_optional()),
            Type::Map(e) => Type::map(e.without_optional()),
            Type::Tuple(items) => Type::tuple(items.iter().map(Type::without_optional)),
            Type::Object(o) => Type::object(
                o.attributes()
                    .iter()
                    .map(|(n, t)| (n.clone(), t.without_optional())),
            ),
            Type::Bool | Type::Number | Type::String | Type::Any => self.clone(),
        }
    }

    /// How messages call it: `string`, `list of string`, `object`, `tuple` (cty's friendly names).
    pub fn friendly_name(&self) -> String {
        match self {
            Type::Bool => "bool".into(),
            Type::Number => "number".into(),
            Type::String => "string".into(),
            Type::Any => "dynamic".into(),
            Type::List(e) => format!("list of {}", e.friendly_name()),
            Type::Set(e) => format!("set of {}", e.friendly_name()),
            Type::Map(e) => format!("map of {}", e.friendly_name()),
            Type::Tuple(_) => "tuple".into(),
            Type::Object(_) => "object".into(),
        }
    }
}

/// Prints the type as it is written in a `type` argument.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Bool => f.write_str("bool"),
            Type::Number => f.write_str("number"),
            Type::String => f.write_str("string"),
            Type::Any => f.write_str("any"),
            Type::List(e) => write!(f, "list({e})"),
            Type::Set(e) => write!(f, "set({e})"),
            Type::Map(e) => write!(f, "map({e})"),
            Type::Tuple(items) => {
                f.write_str("tuple([")?;
                for (i, t) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{t}")?;
                }
                f.write_str("])")
            }
            Type::Object(o) => {
                f.write_str("object({")?;
                for (i, (n, t)) in o.attributes().iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    if o.is_optional(n) {
                        write!(f, "{n} = optional({t})")?;
                    } else {
                        write!(f, "{n} = {t}")?;
                    }
                }
                f.write_str("})")
            }
        }
    }
}
