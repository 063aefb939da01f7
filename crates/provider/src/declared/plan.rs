//! Planning by the table, with the results of the plugin SDK's own difference: what is kept, what becomes unknown, what
//! asks for a replacement, and which differences between nothing and a zero value are none.

use streamform_lang::value::Kind;
use streamform_lang::value::Name;
use streamform_lang::value::Number;
use streamform_lang::value::Path;
use streamform_lang::value::Step;
use streamform_lang::value::Type;
use streamform_lang::value::Value;

use super::Field;
use super::FieldKind;
use super::Presence;
use super::settle;
use crate::schema::Block;

/// What the table makes of a change.
pub(super) struct Planned {
    pub(super) value: Value,
    pub(super) replace: Vec<Path>,
}

/// Plans one object. `proposed` is not null; `prior` is null for a create. `fields` holds `id` too.
pub(super) fn plan(fields: &[Field], block: &Block, prior: &Value, proposed: &Value) -> Planned {
    let create = prior.is_null();
    let mut planner = Planner {
        create,
        replace: Vec::new(),
        changed: create,
    };
    let old = (!create).then_some(prior);
    let mut items: Vec<(Name, Value)> = planner.fields(fields, old, proposed, &Path::root(), false);
    let id = match prior.get("id") {
        Some(id) if !id.is_null() => id.clone(),
        // The SDK leaves the id to the create, whatever the table says.
        _ => Value::unknown(Type::String),
    };
    items.retain(|(n, _)| n != "id");
    items.push((Name::from("id"), id));
    if let Some(timeouts) = proposed.get("timeouts") {
        items.push((Name::from("timeouts"), timeouts.clone()));
    }
    if !planner.changed {
        return Planned {
            value: prior.clone(),
            replace: Vec::new(),
        };
    }
    let value = settle::nulls(Value::object(items), proposed);
    let value = if create {
        settle::unknowns(value, block)
    } else if settle::equivalent(prior, &value) {
        prior.clone()
    } else {
        blank_strings(fields, prior, value)
    };
    if create {
        planner.replace.clear();
    }
    planner.replace.sort();
    planner.replace.dedup();
    Planned {
        value,
        replace: planner.replace,
    }
}

struct Planner {
    create: bool,
    replace: Vec<Path>,
    changed: bool,
}

/// What the configuration (merged with what only the provider knows) says of one field.
#[derive(Clone, Copy)]
enum New<'a> {
    Nothing,
    Unknown,
    Known(&'a Value),
}

impl<'a> New<'a> {
    fn of(value: Option<&'a Value>) -> Self {
        match value {
            None => New::Nothing,
            Some(v) if v.is_null() => New::Nothing,
            Some(v) if !v.is_known() => New::Unknown,
            Some(v) => New::Known(v),
        }
    }
    /// The same, with an empty list of blocks as what it cannot be told from: none.
    fn without_empty_blocks(self, f: &Field) -> Self {
        match self {
            New::Known(v) if f.is_block() && v.items().is_some_and(<[Value]>::is_empty) => New::Nothing,
            new => new,
        }
    }
    fn known(self) -> Option<&'a Value> {
        match self {
            New::Known(v) => Some(v),
            New::Nothing | New::Unknown => None,
        }
    }
}

fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|v| !v.is_null())
}

impl Field {
    fn computes(&self) -> bool {
        matches!(self.presence, Presence::Computed | Presence::OptionalComputed)
    }
    fn suppresses(&self, old: &Value, new: &Value) -> bool {
        self.suppress.is_some_and(|f| f(old, new))
    }
}

impl Planner {
    fn fields(
        &mut self,
        fields: &[Field],
        old: Option<&Value>,
        new: &Value,
        at: &Path,
        in_set: bool,
    ) -> Vec<(Name, Value)> {
        fields
            .iter()
            .map(|f| {
                let name = Name::from(f.name);
                let path = at.child(Step::Attr(name.clone()));
                let old = present(old.and_then(|o| o.get(f.name)));
                let value = self.field(f, old, New::of(new.get(f.name)), &path, in_set);
                (name, value)
            })
            .collect()
    }

    fn field(&mut self, f: &Field, old: Option<&Value>, new: New<'_>, at: &Path, in_set: bool) -> Value {
        let ty = f.kind.ty();
        let new = match (&f.kind, new) {
            // The SDK knows such a collection only as a whole.
            (FieldKind::List(_) | FieldKind::Set(_) | FieldKind::Map(_), New::Known(v))
                if !v.is_wholly_known() =>
            {
                New::Unknown
            }
            // It cannot tell an empty set or map from none.
            (FieldKind::Set(_) | FieldKind::Map(_), New::Known(v)) if self.create && is_zero(v) => {
                New::Nothing
            }
            (_, new) => new,
        };
        match &f.kind {
            FieldKind::Bool | FieldKind::Int | FieldKind::Float | FieldKind::String => {
                self.primitive(f, &ty, old, new, at, in_set)
            }
            FieldKind::List(_) => self.list(f, None, &ty, old, new, at),
            FieldKind::Set(_) => self.set(f, None, &ty, old, new, at),
            FieldKind::Map(_) => self.map(f, &ty, old, new, at),
            FieldKind::Block {
                set: false, fields, ..
            } => self.list(f, Some(fields), &ty, old, new, at),
            FieldKind::Block {
                set: true, fields, ..
            } => self.set(f, Some(fields), &ty, old, new, at),
        }
    }

    fn keep(old: Option<&Value>, ty: &Type) -> Value {
        old.cloned().unwrap_or_else(|| Value::null(ty.clone()))
    }

    fn change(&mut self, force_new: bool, at: &Path) {
        self.changed = true;
        if force_new {
            self.replace.push(at.clone());
        }
    }

    fn primitive(
        &mut self,
        f: &Field,
        ty: &Type,
        old: Option<&Value>,
        new: New<'_>,
        at: &Path,
        in_set: bool,
    ) -> Value {
        let new = match (new, &f.default) {
            (New::Nothing, Some(default)) => New::Known(default),
            (new, _) => new,
        };
        let empty = Value::string("");
        match new {
            New::Unknown => {
                self.change(f.force_new, at);
                Value::unknown(ty.clone())
            }
            New::Nothing => {
                let nothing_before = old.is_none_or(|o| o.as_str() == Some(""));
                if nothing_before && f.computes() && (self.create || in_set) {
                    self.changed = true;
                    return Value::unknown(ty.clone());
                }
                // A zero value that is not configured any more is as good as nothing.
                if f.computes() || old.is_none_or(is_zero) {
                    if in_set && *ty == Type::String {
                        return empty;
                    }
                    return Self::keep(old, ty);
                }
                if old.is_some_and(|o| f.suppresses(o, &zero(ty))) {
                    return Self::keep(old, ty);
                }
                self.change(f.force_new, at);
                Value::null(ty.clone())
            }
            New::Known(new) => {
                let blank = new.as_str() == Some("");
                let before = old.unwrap_or(&empty);
                if before == new {
                    if blank && f.computes() && (self.create || in_set) {
                        self.changed = true;
                        return Value::unknown(ty.clone());
                    }
                    return match old {
                        None if in_set => new.clone(),
                        old => Self::keep(old, ty),
                    };
                }
                if f.computes() && blank || f.suppresses(before, new) {
                    return Self::keep(old, ty);
                }
                self.change(f.force_new, at);
                new.clone()
            }
        }
    }

    /// The planned collection, where its elements need not be compared.
    fn whole(&mut self, f: &Field, ty: &Type, old: Option<&Value>, new: New<'_>, at: &Path) -> Option<Value> {
        if matches!(new, New::Unknown) {
            self.change(f.force_new, at);
            return Some(Value::unknown(ty.clone()));
        }
        if new.known().is_none() && f.computes() {
            return Some(match old {
                Some(old) => old.clone(),
                None => {
                    self.change(f.force_new, at);
                    Value::unknown(ty.clone())
                }
            });
        }
        match (old, new.known()) {
            (Some(o), Some(n)) if o == n || f.suppresses(o, n) => Some(o.clone()),
            _ => None,
        }
    }

    fn list(
        &mut self,
        f: &Field,
        inner: Option<&[Field]>,
        ty: &Type,
        old: Option<&Value>,
        new: New<'_>,
        at: &Path,
    ) -> Value {
        let new = new.without_empty_blocks(f);
        if let Some(value) = self.whole(f, ty, old, new, at) {
            return value;
        }
        let before = old.and_then(Value::items).unwrap_or_default();
        let after = new.known().and_then(Value::items).unwrap_or_default();
        if before.len() != after.len() {
            self.change(f.force_new, at);
        }
        let elem = ty.element().cloned().unwrap_or(Type::Any);
        let mut items = Vec::with_capacity(after.len());
        for i in 0..before.len().max(after.len()) {
            let list = at;
            let at = at.child(Step::Index(i));
            let nothing = Value::null(elem.clone());
            let value = match inner {
                Some(fields) => {
                    let old = before.get(i);
                    let items = self.fields(fields, old, after.get(i).unwrap_or(&nothing), &at, false);
                    Self::element(fields, old, items)
                }
                None => {
                    // Elements are told apart, but it is the list that asks for a replacement.
                    let one = Field {
                        force_new: f.force_new,
                        ..Field::required("", FieldKind::String)
                    };
                    let new = New::of(after.get(i));
                    self.primitive(&one, &elem, present(before.get(i)), new, list, false)
                }
            };
            if i < after.len() {
                items.push(value);
            }
        }
        if old.is_none() && new.known().is_none() && !f.is_block() {
            return Value::null(ty.clone());
        }
        Value::list(elem, items)
    }

    /// An element of a list of blocks, with what the SDK does to it when it puts the object together again.
    fn element(fields: &[Field], old: Option<&Value>, mut items: Vec<(Name, Value)>) -> Value {
        let bare = items.iter().all(|(_, v)| is_zero(v) && v.as_str().is_none());
        for ((_, value), f) in items.iter_mut().zip(fields) {
            if bare && old.is_none() && f.is_block() {
                // Of an empty block not even its empty collections are left.
                *value = Value::null(f.kind.ty());
            }
        }
        Value::object(items)
    }

    fn set(
        &mut self,
        f: &Field,
        inner: Option<&[Field]>,
        ty: &Type,
        old: Option<&Value>,
        new: New<'_>,
        at: &Path,
    ) -> Value {
        let new = new.without_empty_blocks(f);
        if let Some(value) = self.whole(f, ty, old, new, at) {
            return value;
        }
        let before = old.and_then(Value::items).unwrap_or_default();
        let after = new.known().and_then(Value::items).unwrap_or_default();
        let elem = ty.element().cloned().unwrap_or(Type::Any);
        if before.len() != after.len() {
            self.change(f.force_new, at);
        }
        // Elements have no names of their own: a replacement is asked for by the set.
        let asked = self.replace.len();
        let mut items = Vec::with_capacity(after.len());
        let nothing = Value::null(elem.clone());
        let continued = continuing(inner, before, after);
        let gone = (0..before.len()).filter(|i| !continued.contains(&Some(*i)));
        for gone in gone.map(|i| &before[i]) {
            self.changed = true;
            match inner {
                Some(fields) => drop(self.fields(fields, Some(gone), &nothing, at, true)),
                None => self.change(f.force_new, at),
            }
        }
        for (new, old) in after.iter().zip(&continued) {
            if let Some(i) = old {
                items.push(before[*i].clone());
                continue;
            }
            self.changed = true;
            items.push(match inner {
                Some(fields) => Value::object(self.fields(fields, None, new, at, true)),
                None => {
                    self.change(f.force_new, at);
                    new.clone()
                }
            });
        }
        if self.replace.len() > asked {
            self.replace.truncate(asked);
            self.replace.push(at.clone());
        }
        if old.is_none() && new.known().is_none() && !f.is_block() {
            return Value::null(ty.clone());
        }
        Value::set(elem, items)
    }

    fn map(&mut self, f: &Field, ty: &Type, old: Option<&Value>, new: New<'_>, at: &Path) -> Value {
        let elem = ty.element().cloned().unwrap_or(Type::Any);
        let new = match new {
            New::Unknown => {
                self.change(f.force_new, at);
                return Value::unknown(ty.clone());
            }
            New::Nothing if f.computes() => {
                return match old {
                    Some(old) => old.clone(),
                    None => {
                        self.change(f.force_new, at);
                        Value::unknown(ty.clone())
                    }
                };
            }
            New::Nothing => None,
            New::Known(v) => Some(v),
        };
        let before = old.and_then(Value::entries).unwrap_or_default();
        let after = new.and_then(Value::entries).unwrap_or_default();
        if before.len() != after.len() && !(after.is_empty() && f.computes()) {
            self.change(f.force_new, at);
        }
        let mut items = Vec::with_capacity(after.len());
        for (key, value) in after {
            let was = old.and_then(|o| o.get(key));
            let value = match was {
                Some(was) if was == value => value.clone(),
                Some(was) if value.is_known() && f.suppresses(was, value) => was.clone(),
                _ => {
                    self.change(f.force_new, at);
                    value.clone()
                }
            };
            items.push((key.clone(), value));
        }
        for (key, value) in before {
            if new.and_then(|n| n.get(key)).is_some() {
                continue;
            }
            if f.suppresses(value, &Value::string("")) {
                items.push((key.clone(), value.clone()));
            } else {
                self.change(f.force_new, at);
            }
        }
        if old.is_none() && new.is_none() {
            return Value::null(ty.clone());
        }
        Value::map(elem, items)
    }
}

/// When the SDK puts a changed object together again, a text in a list of blocks that was not there before and is not
/// there now becomes empty.
fn blank_strings(fields: &[Field], prior: &Value, value: Value) -> Value {
    let Some(entries) = value.entries() else {
        return value;
    };
    let entries = entries.iter().map(|(name, v)| {
        let inner = fields.iter().find(|f| name == f.name).map(|f| &f.kind);
        let (
            Some(FieldKind::Block {
                set: false, fields, ..
            }),
            Some(items),
        ) = (inner, v.items())
        else {
            return (name.clone(), v.clone());
        };
        let before = prior.get(name).and_then(Value::items).unwrap_or_default();
        let items = items.iter().enumerate().map(|(i, item)| match before.get(i) {
            Some(old) => blank_strings(fields, old, blanked(fields, old, item)),
            None => item.clone(),
        });
        (
            name.clone(),
            Value::list(v.ty().element().cloned().unwrap_or(Type::Any), items),
        )
    });
    Value::object(entries.collect::<Vec<_>>())
}

fn blanked(fields: &[Field], old: &Value, item: &Value) -> Value {
    let Some(entries) = item.entries() else {
        return item.clone();
    };
    Value::object(entries.iter().map(|(name, v)| {
        let blank = v.is_null()
            && old.get(name).is_some_and(Value::is_null)
            && fields
                .iter()
                .any(|f| name == f.name && f.kind == FieldKind::String && f.presence == Presence::Optional);
        (name.clone(), if blank { Value::string("") } else { v.clone() })
    }))
}

/// For each element of `after` the element of `before` that it continues: equal, or different in nothing but what the
/// provider filled in. Each element is continued once.
fn continuing(inner: Option<&[Field]>, before: &[Value], after: &[Value]) -> Vec<Option<usize>> {
    let mut used = vec![false; before.len()];
    after
        .iter()
        .map(|new| {
            let same = before.binary_search(new).ok().filter(|i| !used[*i]);
            let found = same.or_else(|| {
                let fields = inner?;
                (0..before.len()).find(|i| !used[*i] && continues(fields, &before[*i], new))
            })?;
            used[found] = true;
            Some(found)
        })
        .collect()
}

fn continues(fields: &[Field], old: &Value, new: &Value) -> bool {
    fields.iter().all(|f| {
        let nothing = Value::null(f.kind.ty());
        let old = old.get(f.name).unwrap_or(&nothing);
        let new = new.get(f.name).filter(|v| !v.is_null());
        match new.or(f.default.as_ref()) {
            None => f.presence == Presence::Computed || is_zero(old),
            Some(new) => settle::equivalent(old, new),
        }
    })
}

/// Whether a value is what its type has when nothing is said: empty, zero, false.
pub(super) fn is_zero(value: &Value) -> bool {
    match value.kind() {
        Kind::Null(_) => true,
        Kind::Unknown(_) => false,
        Kind::Bool(b) => !b,
        Kind::Number(n) => *n == Number::ZERO,
        Kind::String(s) => s.is_empty(),
        Kind::List(s) | Kind::Set(s) => s.items.is_empty(),
        Kind::Map(m) => m.items.is_empty(),
        Kind::Tuple(t) => t.is_empty(),
        Kind::Object(_) => false,
    }
}

/// The zero value of a primitive type.
fn zero(ty: &Type) -> Value {
    match ty {
        Type::Bool => Value::bool(false),
        Type::Number => Value::number(Number::ZERO),
        _ => Value::string(""),
    }
}
