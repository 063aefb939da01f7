//! The difference of two values, as a tree that every skin draws in its own way. Sensitive parts are left out here, so no
//! skin can show them.

mod sequence;
mod text;

use streamform_lang::syntax::push_go_quoted;
use streamform_lang::value::Kind;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Path;
use streamform_lang::value::Step;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_provider::schema::Attribute;
use streamform_provider::schema::Block;
use streamform_provider::schema::Nesting;

use crate::plan::Secrets;

pub use text::Line;
pub use text::TextLines;

/// What happens to a part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Nothing.
    Same,
    /// It comes.
    Add,
    /// It changes.
    Change,
    /// It goes.
    Remove,
}

/// The difference at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Diff {
    /// What happens.
    pub sign: Sign,
    /// Whether the object is replaced because of it.
    pub forces: bool,
    /// The difference itself.
    pub body: Body,
}

/// What is different at one place.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// One token before, after, or both: numbers, quoted strings, `null`.
    Token {
        /// Before; none if it was not there.
        before: Option<String>,
        /// After; none if it goes.
        after: Option<String>,
    },
    /// Must not be shown.
    Sensitive,
    /// Known only after apply; what was there before, as something that goes.
    Unknown(Option<Box<Diff>>),
    /// A text of several lines.
    Text(TextLines),
    /// A string that holds JSON: the difference of what it says. `None`: only white space differs.
    Json {
        /// The difference of the content.
        inner: Box<Diff>,
        /// Only the writing differs.
        only_space: bool,
    },
    /// Attributes of an object, or elements of a map.
    Mapping {
        /// By key.
        items: Vec<(Name, Diff)>,
        /// How keys are written and ends are marked.
        style: MappingStyle,
    },
    /// Elements of a list or tuple, in their order.
    List(Vec<Diff>),
    /// Elements of a set.
    Set(Vec<Diff>),
    /// Something else altogether.
    Turned {
        /// Before, as something that goes.
        before: Box<Diff>,
        /// After, as something that comes.
        after: Box<Diff>,
    },
    /// A resource or nested block.
    Block(BlockDiff),
}

/// How a mapping is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MappingStyle {
    /// A value of no declared type: names as they are.
    Object,
    /// A structural attribute: as an object, and what goes from it ends in `-> null`.
    Nested,
    /// A map: quoted keys.
    Map,
}

/// Attributes and nested blocks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlockDiff {
    /// Attributes that are or were set, by name.
    pub attributes: Vec<(Name, Diff)>,
    /// Nested blocks by type: label (of a map) and difference of each.
    pub blocks: Vec<(Name, Vec<Labelled>)>,
}

/// A nested block: its label, if blocks of its type are kept by label, and its difference.
pub type Labelled = (Option<Name>, Diff);

/// What a difference is worked out with.
#[derive(Clone, Copy, Debug)]
pub struct Differ<'a> {
    /// Secrets that are hidden wherever they turn up.
    pub secrets: &'a Secrets,
    /// Attributes because of which the object is replaced.
    pub replace: &'a [Path],
    /// Whether what is looked at has no declared type, as outputs have none. Maps are written as objects then, as Terraform
    /// writes them: it does not know the one from the other there.
    pub untyped: bool,
}

/// Where we are, as the steps from the object.
type Trail = Vec<Step>;

const HIDDEN: Marks = Marks::SENSITIVE.union(Marks::EPHEMERAL);

fn is_hidden(value: &Value) -> bool {
    value.marks() != value.marks().without(HIDDEN)
}

/// Whether two values show the same: marks inside count, because they change what may be shown.
fn same(a: &Value, b: &Value) -> bool {
    a == b
}

impl<'a> Differ<'a> {
    /// The difference of two objects of a schema; `None`: not there.
    pub fn object(&self, before: Option<&Value>, after: Option<&Value>, schema: &Block) -> BlockDiff {
        self.block(before, after, schema, &mut Vec::new())
    }

    /// The difference of two values of no declared type, such as outputs.
    pub fn value(&self, before: Option<&Value>, after: Option<&Value>) -> Diff {
        Differ {
            untyped: true,
            ..*self
        }
        .any(before, after, &mut Vec::new())
    }

    fn forces(&self, trail: &Trail) -> bool {
        self.replace.iter().any(|p| p.steps() == trail.as_slice())
    }

    fn block(
        &self,
        before: Option<&Value>,
        after: Option<&Value>,
        schema: &Block,
        trail: &mut Trail,
    ) -> BlockDiff {
        let mut out = BlockDiff::default();
        for (name, attribute) in &schema.attributes {
            let (b, a) = (child(before, name), child(after, name));
            if (b.is_none() && a.is_none()) || attribute.write_only {
                continue;
            }
            trail.push(Step::Attr(name.clone()));
            out.attributes
                .push((name.clone(), self.attribute(b, a, attribute, trail)));
            trail.pop();
        }
        for (name, nested) in &schema.blocks {
            trail.push(Step::Attr(name.clone()));
            let list = self.blocks(
                child(before, name),
                child(after, name),
                nested.nesting,
                &nested.block,
                trail,
            );
            trail.pop();
            if !list.is_empty() {
                out.blocks.push((name.clone(), list));
            }
        }
        out
    }

    fn attribute(
        &self,
        b: Option<&Value>,
        a: Option<&Value>,
        attribute: &Attribute,
        trail: &mut Trail,
    ) -> Diff {
        if attribute.sensitive {
            return self.sensitive(b, a, trail);
        }
        let Some(nested) = &attribute.nested else {
            let differ = Differ {
                untyped: attribute.ty == Type::Any,
                ..*self
            };
            return differ.any(b, a, trail);
        };
        if let Some(special) = self.special(b, a, trail) {
            return special;
        }
        let block = Block {
            attributes: nested.attributes.clone(),
            ..Block::default()
        };
        let one = |b: Option<&Value>, a: Option<&Value>, trail: &mut Trail| {
            if let Some(special) = self.special(b, a, trail) {
                return special;
            }
            let items = self.block(b, a, &block, trail).attributes;
            self.whole(
                b,
                a,
                Body::Mapping {
                    items,
                    style: MappingStyle::Nested,
                },
                trail,
            )
        };
        match nested.nesting {
            Nesting::Single | Nesting::Group => one(b, a, trail),
            Nesting::Map => {
                let items = keyed(b, a, trail, |b, a, trail| one(b, a, trail));
                self.whole(
                    b,
                    a,
                    Body::Mapping {
                        items,
                        style: MappingStyle::Map,
                    },
                    trail,
                )
            }
            Nesting::List => {
                let items = sequence::list(items(b), items(a), b.is_some() && a.is_some(), true, trail, one);
                self.whole(b, a, Body::List(items), trail)
            }
            Nesting::Set => {
                let items = sequence::set(items(b), items(a), trail, one);
                self.whole(b, a, Body::Set(items), trail)
            }
        }
    }

    fn blocks(
        &self,
        b: Option<&Value>,
        a: Option<&Value>,
        nesting: Nesting,
        schema: &Block,
        trail: &mut Trail,
    ) -> Vec<Labelled> {
        let one = |b: Option<&Value>, a: Option<&Value>, trail: &mut Trail| {
            if let Some(special) = self.special(b, a, trail) {
                return special;
            }
            let body = Body::Block(self.block(b, a, schema, trail));
            self.whole(b, a, body, trail)
        };
        if b.is_none() && a.is_none() {
            return Vec::new();
        }
        if b.is_some_and(is_hidden) || a.is_some_and(is_hidden) || a.is_some_and(|a| !a.is_known()) {
            return vec![(None, one(b, a, trail))];
        }
        let unnamed = |diffs: Vec<Diff>| diffs.into_iter().map(|d| (None, d)).collect();
        match nesting {
            Nesting::Single | Nesting::Group => vec![(None, one(b, a, trail))],
            Nesting::List => unnamed(sequence::list(items(b), items(a), true, true, trail, one)),
            Nesting::Set => unnamed(sequence::set(items(b), items(a), trail, one)),
            Nesting::Map => keyed(b, a, trail, one)
                .into_iter()
                .map(|(n, d)| (Some(n), d))
                .collect(),
        }
    }

    fn sensitive(&self, b: Option<&Value>, a: Option<&Value>, trail: &Trail) -> Diff {
        let bare = |v: &Value| v.clone().unmark_deep().0;
        let sign = match (b, a) {
            (None, _) => Sign::Add,
            (_, None) => Sign::Remove,
            // That it becomes, or stops being, sensitive is a change too.
            (Some(b), Some(a)) if is_hidden(b) == is_hidden(a) && bare(b) == bare(a) => Sign::Same,
            _ => Sign::Change,
        };
        Diff {
            sign,
            forces: self.forces(trail),
            body: Body::Sensitive,
        }
    }

    /// What is sensitive or unknown as a whole.
    fn special(&self, b: Option<&Value>, a: Option<&Value>, trail: &mut Trail) -> Option<Diff> {
        if b.is_some_and(is_hidden) || a.is_some_and(is_hidden) {
            return Some(self.sensitive(b, a, trail));
        }
        if a.is_some_and(|a| !a.is_known()) {
            let sign = if b.is_some() { Sign::Change } else { Sign::Add };
            let before = b.map(|b| {
                Box::new(
                    Differ {
                        replace: &[],
                        ..*self
                    }
                    .any(Some(b), None, trail),
                )
            });
            if before.as_ref().is_some_and(|d| d.body == Body::Sensitive) {
                return Some(Diff {
                    sign,
                    forces: self.forces(trail),
                    body: Body::Sensitive,
                });
            }
            return Some(Diff {
                sign,
                forces: self.forces(trail),
                body: Body::Unknown(before),
            });
        }
        None
    }

    /// A difference whose sign follows from what is there and what is inside.
    fn whole(&self, b: Option<&Value>, a: Option<&Value>, body: Body, trail: &Trail) -> Diff {
        let sign = match (b, a) {
            (None, _) => Sign::Add,
            (_, None) => Sign::Remove,
            _ if body.is_same() => Sign::Same,
            _ => Sign::Change,
        };
        Diff {
            sign,
            forces: self.forces(trail),
            body,
        }
    }

    /// Null is nothing here only where the caller says so by giving none.
    fn any(&self, b: Option<&Value>, a: Option<&Value>, trail: &mut Trail) -> Diff {
        if let Some(special) = self.special(b, a, trail) {
            return special;
        }
        match (b.map(Shape::of), a.map(Shape::of)) {
            (Some(x), Some(y)) if x != y => self.turned(b, a, x, y, trail),
            (x, y) => match x.or(y) {
                None | Some(Shape::Token) => self.token(b, a, trail),
                Some(Shape::Mapping) => {
                    let is_map = [b, a]
                        .into_iter()
                        .flatten()
                        .any(|v| matches!(v.kind(), Kind::Map(_)));
                    let style = if is_map && !self.untyped {
                        MappingStyle::Map
                    } else {
                        MappingStyle::Object
                    };
                    let items = keyed(b, a, trail, |b, a, trail| self.any(b, a, trail));
                    self.whole(b, a, Body::Mapping { items, style }, trail)
                }
                Some(Shape::List) => {
                    let by_place = ![b, a]
                        .into_iter()
                        .flatten()
                        .any(|v| matches!(v.kind(), Kind::List(_)));
                    let items = sequence::list(
                        items(b),
                        items(a),
                        b.is_some() && a.is_some(),
                        by_place,
                        trail,
                        |b, a, t| self.any(b, a, t),
                    );
                    self.whole(b, a, Body::List(items), trail)
                }
                Some(Shape::Set) => {
                    let items = sequence::set(items(b), items(a), trail, |b, a, t| self.any(b, a, t));
                    self.whole(b, a, Body::Set(items), trail)
                }
            },
        }
    }

    fn turned(&self, b: Option<&Value>, a: Option<&Value>, x: Shape, y: Shape, trail: &mut Trail) -> Diff {
        // A container where nothing was simply comes; one that gives way to null goes.
        if x == Shape::Token && b.is_some_and(Value::is_null) {
            return self.any(None, a, trail);
        }
        if y == Shape::Token && a.is_some_and(Value::is_null) {
            return self.any(b, None, trail);
        }
        let plain = Differ {
            replace: &[],
            ..*self
        };
        let body = Body::Turned {
            before: Box::new(plain.any(b, None, trail)),
            after: Box::new(plain.any(None, a, trail)),
        };
        Diff {
            sign: Sign::Change,
            forces: self.forces(trail),
            body,
        }
    }

    fn token(&self, b: Option<&Value>, a: Option<&Value>, trail: &mut Trail) -> Diff {
        let (before, after) = (b.and_then(Value::as_str), a.and_then(Value::as_str));
        if before.is_some_and(|s| self.secrets.hides(s)) || after.is_some_and(|s| self.secrets.hides(s)) {
            return self.sensitive(b, a, trail);
        }
        if let Some(body) = self.json(b, a, before, after, trail) {
            return self.whole_json(b, a, body, trail);
        }
        let long = |s: Option<&str>| s.is_some_and(|s| s.contains('\n'));
        let strings = (b.is_none() || before.is_some()) && (a.is_none() || after.is_some());
        let equal = matches!((b, a), (Some(b), Some(a)) if same(b, a));
        let body = if strings && (long(before) || long(after)) {
            Body::Text(text::lines(before, after))
        } else {
            Body::Token {
                before: b.map(token_text),
                after: a.map(token_text),
            }
        };
        let sign = match (b, a) {
            (None, _) => Sign::Add,
            (_, None) => Sign::Remove,
            _ if equal => Sign::Same,
            _ => Sign::Change,
        };
        Diff {
            sign,
            forces: self.forces(trail),
            body,
        }
    }

    fn whole_json(&self, b: Option<&Value>, a: Option<&Value>, body: Body, trail: &Trail) -> Diff {
        let sign = match (b, a) {
            (None, _) => Sign::Add,
            (_, None) => Sign::Remove,
            (Some(b), Some(a)) if same(b, a) => Sign::Same,
            _ => Sign::Change,
        };
        Diff {
            sign,
            forces: self.forces(trail),
            body,
        }
    }

    fn json(
        &self,
        b: Option<&Value>,
        a: Option<&Value>,
        before: Option<&str>,
        after: Option<&str>,
        trail: &mut Trail,
    ) -> Option<Body> {
        let read = |v: Option<&Value>, s: Option<&str>| match (v, s) {
            (None, _) => Some(None),
            (Some(_), Some(s)) if s.starts_with(['{', '[']) => {
                streamform_lang::value::from_json_implied(s).ok().map(Some)
            }
            _ => None,
        };
        let (x, y) = (read(b, before)?, read(a, after)?);
        if let (Some(x), Some(y)) = (&x, &y)
            && Shape::of(x) != Shape::of(y)
        {
            return None;
        }
        let plain = Differ {
            replace: &[],
            ..*self
        };
        let inner = Box::new(plain.any(x.as_ref(), y.as_ref(), trail));
        let only_space = inner.sign == Sign::Same && before != after;
        Some(Body::Json { inner, only_space })
    }
}

/// What values can be compared part by part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Token,
    Mapping,
    List,
    Set,
}

impl Shape {
    fn of(value: &Value) -> Shape {
        match value.kind() {
            Kind::Map(_) | Kind::Object(_) => Shape::Mapping,
            Kind::List(_) | Kind::Tuple(_) => Shape::List,
            Kind::Set(_) => Shape::Set,
            _ => Shape::Token,
        }
    }
}

/// The attribute of an object, or nothing if there is no object or the attribute is null.
fn child<'v>(object: Option<&'v Value>, name: &str) -> Option<&'v Value> {
    object
        .and_then(|o| o.get(name))
        .filter(|v| !v.is_null() || is_hidden(v))
}

fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::items).unwrap_or_default()
}

/// Both mappings side by side; keys in order, each once.
fn keyed(
    b: Option<&Value>,
    a: Option<&Value>,
    trail: &mut Trail,
    mut one: impl FnMut(Option<&Value>, Option<&Value>, &mut Trail) -> Diff,
) -> Vec<(Name, Diff)> {
    let is_map = [b, a]
        .into_iter()
        .flatten()
        .any(|v| matches!(v.kind(), Kind::Map(_)));
    let (x, y) = (
        b.and_then(Value::entries).unwrap_or_default(),
        a.and_then(Value::entries).unwrap_or_default(),
    );
    let mut out = Vec::with_capacity(x.len().max(y.len()));
    let (mut i, mut j) = (0, 0);
    while i < x.len() || j < y.len() {
        let order = match (x.get(i), y.get(j)) {
            (Some((k, _)), Some((l, _))) => k.cmp(l),
            (Some(_), None) => std::cmp::Ordering::Less,
            _ => std::cmp::Ordering::Greater,
        };
        let (key, before, after) = match order {
            std::cmp::Ordering::Less => (&x[i].0, Some(&x[i].1), None),
            std::cmp::Ordering::Equal => (&x[i].0, Some(&x[i].1), Some(&y[j].1)),
            std::cmp::Ordering::Greater => (&y[j].0, None, Some(&y[j].1)),
        };
        trail.push(if is_map {
            Step::Key(key.clone())
        } else {
            Step::Attr(key.clone())
        });
        out.push((key.clone(), one(before, after, trail)));
        trail.pop();
        i += usize::from(order.is_le());
        j += usize::from(order.is_ge());
    }
    out
}

fn token_text(value: &Value) -> String {
    match value.kind() {
        Kind::Bool(b) => b.to_string(),
        Kind::Number(n) => n.to_string(),
        Kind::String(s) => {
            let mut out = String::with_capacity(s.len() + 2);
            push_go_quoted(&mut out, s);
            out
        }
        _ => "null".to_owned(),
    }
}

impl Body {
    fn is_same(&self) -> bool {
        match self {
            Body::Mapping { items, .. } => items.iter().all(|(_, d)| d.sign == Sign::Same),
            Body::List(items) | Body::Set(items) => items.iter().all(|d| d.sign == Sign::Same),
            Body::Block(block) => block.is_same(),
            _ => false,
        }
    }
}

impl BlockDiff {
    /// Whether nothing changes.
    pub fn is_same(&self) -> bool {
        self.attributes.iter().all(|(_, d)| d.sign == Sign::Same)
            && self
                .blocks
                .iter()
                .all(|(_, list)| list.iter().all(|(_, d)| d.sign == Sign::Same))
    }
}

#[cfg(test)]
mod tests;
