//! The value type.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::Marks;
use super::Name;
use super::Number;
use super::Path;
use super::Step;
use super::Type;

/// Longer lists stay unknown as a whole.
const MOST_UNKNOWN_ELEMENTS: usize = 1 << 16;

/// What is known about an unknown value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Refinement {
    /// It will not be null.
    pub not_null: bool,
    /// A string that starts so.
    pub prefix: Option<Name>,
    /// A collection with at least so many elements.
    pub min_length: Option<usize>,
    /// A collection with at most so many elements.
    pub max_length: Option<usize>,
    /// A number not below (inclusive when the flag says so).
    pub min: Option<(Number, bool)>,
    /// A number not above (inclusive when the flag says so).
    pub max: Option<(Number, bool)>,
}

/// An unknown value: its type, and what is known of it all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The type, `any` if not even that is known.
    pub ty: Type,
    /// What else is known.
    pub refinement: Refinement,
}

/// The elements of a list or set, and their type.
#[derive(Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Element type.
    pub elem: Type,
    /// Elements; of a set: sorted, each once.
    pub items: Box<[Value]>,
}

/// The elements of a map, and their type.
#[derive(Debug, PartialEq, Eq)]
pub struct Entries {
    /// Element type.
    pub elem: Type,
    /// Elements by key.
    pub items: Box<[(Name, Value)]>,
}

/// What a value is, under its marks.
#[derive(Clone, PartialEq, Eq)]
pub enum Kind {
    /// Nothing, of some type.
    Null(Type),
    /// Not known yet.
    Unknown(Arc<Unknown>),
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text, in Unicode normalisation form C.
    String(Name),
    /// A list.
    List(Arc<Sequence>),
    /// A set.
    Set(Arc<Sequence>),
    /// A map.
    Map(Arc<Entries>),
    /// A tuple.
    Tuple(Arc<[Value]>),
    /// An object, attributes sorted by name.
    Object(Arc<[(Name, Value)]>),
}

/// A value of the language.
///
/// Printing one (`Debug`, `Display`) never shows what is marked.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    kind: Kind,
    /// Marks of this value itself.
    marks: Marks,
    /// Marks of this value and of everything inside.
    deep_marks: Marks,
    /// An unknown here or anywhere inside.
    has_unknown: bool,
}

impl From<Kind> for Value {
    fn from(kind: Kind) -> Value {
        let (deep_marks, has_unknown) = match &kind {
            Kind::Null(_) | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => (Marks::NONE, false),
            Kind::Unknown(_) => (Marks::NONE, true),
            Kind::List(s) | Kind::Set(s) => summary(s.items.iter()),
            Kind::Map(m) => summary(m.items.iter().map(|(_, v)| v)),
            Kind::Tuple(t) => summary(t.iter()),
            Kind::Object(o) => summary(o.iter().map(|(_, v)| v)),
        };
        Value {
            kind,
            marks: Marks::NONE,
            deep_marks,
            has_unknown,
        }
    }
}

fn summary<'a>(items: impl Iterator<Item = &'a Value>) -> (Marks, bool) {
    items.fold((Marks::NONE, false), |(m, u), v| {
        (m.union(v.deep_marks), u || v.has_unknown)
    })
}

impl Value {
    /// `null` of a type.
    pub fn null(ty: Type) -> Value {
        Kind::Null(ty).into()
    }
    /// A value of a type that is not known yet.
    pub fn unknown(ty: Type) -> Value {
        Kind::Unknown(Arc::new(Unknown {
            ty,
            refinement: Refinement::default(),
        }))
        .into()
    }
    /// An unknown value of which something is known. Where that leaves only one shape it is known: a list of a certain
    /// length has unknown elements.
    pub fn unknown_with(ty: Type, refinement: Refinement) -> Value {
        if let (true, Some(length), Some(most)) =
            (refinement.not_null, refinement.min_length, refinement.max_length)
            && length == most
        {
            match &ty {
                Type::List(e) if length <= MOST_UNKNOWN_ELEMENTS => {
                    let items = (0..length).map(|_| Value::unknown((**e).clone()));
                    return Value::list((**e).clone(), items);
                }
                Type::Set(e) if length <= 1 => {
                    let items = (0..length).map(|_| Value::unknown((**e).clone()));
                    return Value::set((**e).clone(), items);
                }
                Type::Map(e) if length == 0 => return Value::map((**e).clone(), []),
                _ => {}
            }
        }
        Kind::Unknown(Arc::new(Unknown { ty, refinement })).into()
    }
    /// Unknown, but certainly not null.
    pub fn unknown_not_null(ty: Type) -> Value {
        Self::unknown_with(
            ty,
            Refinement {
                not_null: true,
                ..Refinement::default()
            },
        )
    }
    /// A truth value.
    pub fn bool(b: bool) -> Value {
        Kind::Bool(b).into()
    }
    /// A number.
    pub fn number(n: impl Into<Number>) -> Value {
        Kind::Number(n.into()).into()
    }
    /// A string; it is brought to normalisation form C, as Terraform does.
    pub fn string(s: impl AsRef<str> + Into<Name>) -> Value {
        use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
        if s.as_ref().is_ascii() || is_nfc_quick(s.as_ref().chars()) == IsNormalized::Yes {
            Kind::String(s.into()).into()
        } else {
            Kind::String(s.as_ref().nfc().collect::<String>().into()).into()
        }
    }
    /// A list; all items are of type `elem` (not checked).
    pub fn list(elem: Type, items: impl IntoIterator<Item = Value>) -> Value {
        Kind::List(Arc::new(Sequence {
            elem,
            items: items.into_iter().collect(),
        }))
        .into()
    }
    /// A set: sorted, doubles dropped; marks of elements become marks of the set. All items are of type `elem` (not checked).
    pub fn set(elem: Type, items: impl IntoIterator<Item = Value>) -> Value {
        let mut marks = Marks::NONE;
        let mut items: Vec<Value> = items
            .into_iter()
            .map(|v| {
                let (v, m) = v.unmark_deep();
                marks = marks.union(m);
                v
            })
            .collect();
        super::set_order::sort(&mut items);
        // Two unknown elements may become different values, so only known ones are merged.
        items.dedup_by(|a, b| !a.has_unknown && a == b);
        Value::from(Kind::Set(Arc::new(Sequence {
            elem,
            items: items.into(),
        })))
        .with_marks(marks)
    }
    /// A map; all values are of type `elem` (not checked); of two equal keys the last wins.
    pub fn map(elem: Type, items: impl IntoIterator<Item = (Name, Value)>) -> Value {
        Kind::Map(Arc::new(Entries {
            elem,
            items: sorted(items),
        }))
        .into()
    }
    /// A tuple.
    pub fn tuple(items: impl IntoIterator<Item = Value>) -> Value {
        Kind::Tuple(items.into_iter().collect()).into()
    }
    /// An object; of two equal names the last wins.
    pub fn object(items: impl IntoIterator<Item = (Name, Value)>) -> Value {
        Kind::Object(Arc::from(sorted(items))).into()
    }

    /// What it is, whatever its marks. Whoever shows or stores the result must look at [`Value::deep_marks`] first.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }
    /// The type.
    pub fn ty(&self) -> Type {
        match &self.kind {
            Kind::Null(t) => t.clone(),
            Kind::Unknown(u) => u.ty.clone(),
            Kind::Bool(_) => Type::Bool,
            Kind::Number(_) => Type::Number,
            Kind::String(_) => Type::String,
            Kind::List(s) => Type::list(s.elem.clone()),
            Kind::Set(s) => Type::set(s.elem.clone()),
            Kind::Map(m) => Type::map(m.elem.clone()),
            Kind::Tuple(t) => Type::tuple(t.iter().map(Value::ty)),
            Kind::Object(o) => Type::object(o.iter().map(|(n, v)| (n.clone(), v.ty()))),
        }
    }
    /// Whether not even its type is known: an unknown or null value of any type.
    pub fn is_untyped(&self) -> bool {
        match &self.kind {
            Kind::Null(t) => *t == Type::Any,
            Kind::Unknown(u) => u.ty == Type::Any,
            _ => false,
        }
    }
    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null(_))
    }
    /// Whether the value itself is known (something inside may not be).
    pub fn is_known(&self) -> bool {
        !matches!(self.kind, Kind::Unknown(_))
    }
    /// Whether it and everything inside is known. Costs nothing.
    pub fn is_wholly_known(&self) -> bool {
        !self.has_unknown
    }
    /// Whether it or anything inside is an infinite number, which nothing can store.
    pub fn holds_infinity(&self) -> bool {
        match &self.kind {
            Kind::Number(n) => n.is_infinite(),
            Kind::Bool(_) | Kind::String(_) | Kind::Null(_) | Kind::Unknown(_) => false,
            Kind::List(s) | Kind::Set(s) => s.items.iter().any(Value::holds_infinity),
            Kind::Tuple(t) => t.iter().any(Value::holds_infinity),
            Kind::Map(m) => m.items.iter().any(|(_, v)| v.holds_infinity()),
            Kind::Object(o) => o.iter().any(|(_, v)| v.holds_infinity()),
        }
    }
    /// Marks of the value itself.
    pub fn marks(&self) -> Marks {
        self.marks
    }
    /// Marks of the value and of everything inside. Costs nothing.
    pub fn deep_marks(&self) -> Marks {
        self.deep_marks
    }
    /// Whether the value itself is marked sensitive.
    pub fn is_sensitive(&self) -> bool {
        self.marks.contains(Marks::SENSITIVE)
    }

    /// The same value with more marks.
    #[must_use]
    pub fn with_marks(mut self, marks: Marks) -> Value {
        self.marks = self.marks.union(marks);
        self.deep_marks = self.deep_marks.union(marks);
        self
    }
    /// The value without its own marks, and these. Marks inside stay.
    pub fn unmark(self) -> (Value, Marks) {
        let marks = self.marks;
        if marks.is_empty() {
            return (self, marks);
        }
        (self.kind.into(), marks)
    }
    /// The value without any mark inside either, and all marks that it had.
    pub fn unmark_deep(self) -> (Value, Marks) {
        let marks = self.deep_marks;
        if marks.is_empty() {
            return (self, marks);
        }
        (self.map_children(|v| v.unmark_deep().0).kind.into(), marks)
    }
    /// Takes all marks off and says where each was.
    pub fn unmark_with_paths(self) -> (Value, Vec<(Path, Marks)>) {
        let mut found = Vec::new();
        self.collect_marks(&mut Path::root(), &mut found);
        (self.unmark_deep().0, found)
    }
    fn collect_marks(&self, at: &mut Path, found: &mut Vec<(Path, Marks)>) {
        if self.deep_marks.is_empty() {
            return;
        }
        if !self.marks.is_empty() {
            found.push((at.clone(), self.marks));
        }
        self.each_child(|step, v| {
            at.0.push(step);
            v.collect_marks(at, found);
            at.0.pop();
        });
    }
    /// Puts marks on at paths; a path that leads nowhere marks the last value on its way.
    #[must_use]
    pub fn mark_with_paths(self, paths: &[(Path, Marks)]) -> Value {
        paths.iter().fold(self, |v, (p, m)| v.mark_at(p.steps(), *m))
    }
    fn mark_at(self, steps: &[Step], marks: Marks) -> Value {
        let Some((first, rest)) = steps.split_first() else {
            return self.with_marks(marks);
        };
        let own = self.marks;
        let replaced = match (&self.kind, first) {
            (Kind::Object(o), Step::Attr(n) | Step::Key(n)) => {
                let items: Arc<[(Name, Value)]> = o
                    .iter()
                    .map(|(k, v)| {
                        (
                            k.clone(),
                            if k == n {
                                v.clone().mark_at(rest, marks)
                            } else {
                                v.clone()
                            },
                        )
                    })
                    .collect();
                Kind::Object(items)
            }
            (Kind::Map(m), Step::Key(n) | Step::Attr(n)) => {
                let items = m
                    .items
                    .iter()
                    .map(|(k, v)| {
                        (
                            k.clone(),
                            if k == n {
                                v.clone().mark_at(rest, marks)
                            } else {
                                v.clone()
                            },
                        )
                    })
                    .collect();
                Kind::Map(Arc::new(Entries {
                    elem: m.elem.clone(),
                    items,
                }))
            }
            (Kind::List(s), Step::Index(i)) => {
                let mut items = s.items.to_vec();
                if let Some(v) = items.get_mut(*i) {
                    *v = v.clone().mark_at(rest, marks);
                }
                Kind::List(Arc::new(Sequence {
                    elem: s.elem.clone(),
                    items: items.into(),
                }))
            }
            (Kind::Tuple(t), Step::Index(i)) => {
                let mut items = t.to_vec();
                if let Some(v) = items.get_mut(*i) {
                    *v = v.clone().mark_at(rest, marks);
                }
                Kind::Tuple(items.into())
            }
            _ => return self.with_marks(marks),
        };
        Value::from(replaced).with_marks(own)
    }

    /// Calls `f` with each direct child and the step to it.
    pub fn each_child<'a>(&'a self, mut f: impl FnMut(Step, &'a Value)) {
        match &self.kind {
            Kind::List(s) => s.items.iter().enumerate().for_each(|(i, v)| f(Step::Index(i), v)),
            Kind::Tuple(t) => t.iter().enumerate().for_each(|(i, v)| f(Step::Index(i), v)),
            Kind::Set(s) => s
                .items
                .iter()
                .for_each(|v| f(Step::Element(Box::new(v.clone())), v)),
            Kind::Map(m) => m.items.iter().for_each(|(k, v)| f(Step::Key(k.clone()), v)),
            Kind::Object(o) => o.iter().for_each(|(k, v)| f(Step::Attr(k.clone()), v)),
            Kind::Null(_) | Kind::Unknown(_) | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {}
        }
    }

    /// The same value with each direct child replaced; own marks stay. `f` must keep the type of collection elements.
    #[must_use]
    pub fn map_children(self, mut f: impl FnMut(Value) -> Value) -> Value {
        let marks = self.marks;
        let kind = match self.kind {
            Kind::List(s) => Kind::List(Arc::new(Sequence {
                elem: s.elem.clone(),
                items: s.items.iter().cloned().map(&mut f).collect(),
            })),
            Kind::Set(s) => {
                return Value::set(s.elem.clone(), s.items.iter().cloned().map(&mut f)).with_marks(marks);
            }
            Kind::Map(m) => Kind::Map(Arc::new(Entries {
                elem: m.elem.clone(),
                items: m.items.iter().map(|(k, v)| (k.clone(), f(v.clone()))).collect(),
            })),
            Kind::Tuple(t) => Kind::Tuple(t.iter().cloned().map(&mut f).collect()),
            Kind::Object(o) => Kind::Object(o.iter().map(|(k, v)| (k.clone(), f(v.clone()))).collect()),
            other => other,
        };
        Value::from(kind).with_marks(marks)
    }

    /// The text of a known string, whatever its marks.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(s) => Some(s),
            _ => None,
        }
    }
    /// The number, if it is a known one, whatever its marks.
    pub fn as_number(&self) -> Option<&Number> {
        match &self.kind {
            Kind::Number(n) => Some(n),
            _ => None,
        }
    }
    /// The truth value, if it is a known one, whatever its marks.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.kind {
            Kind::Bool(b) => Some(*b),
            _ => None,
        }
    }
    /// The attribute of a known object or the element of a known map, without adding the marks of the container.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let items: &[(Name, Value)] = match &self.kind {
            Kind::Object(o) => o,
            Kind::Map(m) => &m.items,
            _ => return None,
        };
        let i = items.binary_search_by(|(n, _)| n.as_str().cmp(name)).ok()?;
        Some(&items[i].1)
    }
    /// The elements of a known list, set or tuple.
    pub fn items(&self) -> Option<&[Value]> {
        match &self.kind {
            Kind::List(s) | Kind::Set(s) => Some(&s.items),
            Kind::Tuple(t) => Some(t),
            _ => None,
        }
    }
    /// The entries of a known map or object.
    pub fn entries(&self) -> Option<&[(Name, Value)]> {
        match &self.kind {
            Kind::Map(m) => Some(&m.items),
            Kind::Object(o) => Some(o),
            _ => None,
        }
    }
    /// The value at a path, without adding marks of containers on the way.
    pub fn at(&self, path: &Path) -> Option<&Value> {
        path.steps().iter().try_fold(self, |v, s| match s {
            Step::Attr(n) | Step::Key(n) => v.get(n),
            Step::Index(i) => v.items().and_then(|items| items.get(*i)),
            Step::Element(e) => v.items().and_then(|items| items.iter().find(|x| *x == &**e)),
        })
    }
    /// A copy of a known object with one attribute set (added if it was not there).
    #[must_use]
    pub fn with_attr(&self, name: impl Into<Name>, value: Value) -> Value {
        match &self.kind {
            Kind::Object(o) => {
                let mut map: BTreeMap<Name, Value> = o.iter().cloned().collect();
                map.insert(name.into(), value);
                Value::object(map).with_marks(self.marks)
            }
            _ => self.clone(),
        }
    }
}

fn sorted(items: impl IntoIterator<Item = (Name, Value)>) -> Box<[(Name, Value)]> {
    let mut items: Vec<(Name, Value)> = items.into_iter().collect();
    if !items.is_sorted_by(|a, b| a.0 < b.0) {
        let map: BTreeMap<Name, Value> = items.into_iter().collect();
        items = map.into_iter().collect();
    }
    items.into()
}

/// A total order, in which equal values stand together: `false` before `true`, numbers by size, strings by their UTF-8
/// bytes, sequences element by element; null last, unknown behind it. Marks do not count. The elements of a set are kept
/// in an order of their own.
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        fn rank(k: &Kind) -> u8 {
            match k {
                Kind::Bool(_) => 0,
                Kind::Number(_) => 1,
                Kind::String(_) => 2,
                Kind::List(_) => 3,
                Kind::Set(_) => 4,
                Kind::Map(_) => 5,
                Kind::Tuple(_) => 6,
                Kind::Object(_) => 7,
                Kind::Null(_) => 8,
                Kind::Unknown(_) => 9,
            }
        }
        match (&self.kind, &other.kind) {
            (Kind::Bool(a), Kind::Bool(b)) => a.cmp(b),
            (Kind::Number(a), Kind::Number(b)) => a.cmp(b),
            (Kind::String(a), Kind::String(b)) => a.cmp(b),
            (Kind::List(a), Kind::List(b)) | (Kind::Set(a), Kind::Set(b)) => a.items.cmp(&b.items),
            (Kind::Map(a), Kind::Map(b)) => a.items.cmp(&b.items),
            (Kind::Tuple(a), Kind::Tuple(b)) => a.cmp(b),
            (Kind::Object(a), Kind::Object(b)) => a.cmp(b),
            (Kind::Unknown(a), Kind::Unknown(b)) => a.refinement.cmp(&b.refinement),
            (a, b) => rank(a).cmp(&rank(b)),
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl std::hash::Hash for Value {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        match &self.kind {
            Kind::Null(_) => 0u8.hash(state),
            Kind::Unknown(_) => 1u8.hash(state),
            Kind::Bool(b) => b.hash(state),
            Kind::Number(n) => n.hash(state),
            Kind::String(s) => s.hash(state),
            Kind::List(s) | Kind::Set(s) => s.items.hash(state),
            Kind::Map(m) => m.items.hash(state),
            Kind::Tuple(t) => t.hash(state),
            Kind::Object(o) => o.hash(state),
        }
    }
}

/// Shows structure; what is marked sensitive or ephemeral shows as `(sensitive value)`.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.marks.contains(Marks::SENSITIVE) {
            return f.write_str("(sensitive value)");
        }
        if self.marks.contains(Marks::EPHEMERAL) {
            return f.write_str("(ephemeral value)");
        }
        match &self.kind {
            Kind::Null(t) => write!(f, "null:{t}"),
            Kind::Unknown(u) => write!(f, "unknown:{}", u.ty),
            Kind::Bool(b) => write!(f, "{b}"),
            Kind::Number(n) => write!(f, "{n}"),
            Kind::String(s) => write!(f, "{s:?}"),
            Kind::List(s) => f.debug_list().entries(s.items.iter()).finish(),
            Kind::Set(s) => f.debug_set().entries(s.items.iter()).finish(),
            Kind::Tuple(t) => f.debug_list().entries(t.iter()).finish(),
            Kind::Map(m) => f
                .debug_map()
                .entries(m.items.iter().map(|(k, v)| (k, v)))
                .finish(),
            Kind::Object(o) => f.debug_map().entries(o.iter().map(|(k, v)| (k, v))).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plan makes millions of values: what they take is what it takes.
    #[test]
    fn values_are_small() {
        assert_eq!(size_of::<Value>(), 32);
    }
}
