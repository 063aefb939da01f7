//! From a body to the object value that its schema describes.

use std::collections::BTreeMap;

use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Span;
use streamform_lang::eval::Scope;
use streamform_lang::eval::evaluate;
use streamform_lang::syntax::Body;
use streamform_lang::value::ConvertError;
use streamform_lang::value::Kind;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Step;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_lang::value::convert;

use super::Block;
use super::Nesting;
use super::iterator::IteratorScope;
use super::layout::Dynamic;
use super::layout::Field;
use super::layout::Layout;
use super::layout::Shape;
use super::layout::Source;

/// A body matched with its schema: decodes it for any number of instances.
#[derive(Clone, Debug)]
pub struct Decoder {
    layout: Layout,
}

impl Decoder {
    /// Matches a body with its schema; `ignore` are meta-arguments and blocks that are taken already.
    pub fn new(body: &Body, block: &Block, ignore: &[&str]) -> Self {
        Decoder {
            layout: Layout::new(body, block, ignore, &[]),
        }
    }

    /// The value of the body in a scope, an object of the schema's implied type, and everything that is wrong with it.
    /// What is wrong becomes unknown, so that one mistake is reported once.
    pub fn decode(&self, scope: &dyn Scope) -> (Value, Diagnostics) {
        let mut diags = Diagnostics::new();
        let world = World {
            scope,
            marks: Marks::NONE,
            unknown: false,
        };
        let value = decode_layout(&self.layout, world, &mut diags);
        (value, diags)
    }

    /// What can be said against the body without evaluating anything: missing and unknown arguments and blocks, also
    /// inside nested and dynamic blocks, in the order of the source tree.
    pub fn check(&self) -> Diagnostics {
        let mut diags = Diagnostics::new();
        check_layout(&self.layout, &mut diags);
        diags
    }

    /// Where the expression of an argument stands in the body.
    pub fn place_of(&self, argument: &str) -> Option<Span> {
        self.layout.fields.iter().find_map(|(name, field)| match field {
            Field::Given { expr, .. } if name.as_str() == argument => Some(expr.span),
            _ => None,
        })
    }

    /// The type of the value.
    pub fn implied_type(&self) -> &Type {
        &self.layout.ty
    }
}

/// Decodes a body once. Who decodes it for several instances keeps a [`Decoder`].
pub fn decode(body: &Body, block: &Block, scope: &dyn Scope, ignore: &[&str]) -> (Value, Diagnostics) {
    Decoder::new(body, block, ignore).decode(scope)
}

/// Reports unknown and missing arguments and blocks of a body without evaluating anything.
pub fn check(body: &Body, block: &Block, ignore: &[&str]) -> Diagnostics {
    Decoder::new(body, block, ignore).check()
}

fn check_layout(layout: &Layout, diags: &mut Diagnostics) {
    diags.extend(layout.findings.clone());
    for (name, field) in &layout.fields {
        let Field::Blocks { shape, sources } = field else {
            continue;
        };
        let mut places = Vec::new();
        for source in sources {
            match source {
                Source::Static { header, layout, .. } => {
                    check_layout(layout, diags);
                    places.push(*header);
                }
                Source::Dynamic(dynamic) => check_layout(&dynamic.content, diags),
            }
        }
        if places.len() == sources.len() {
            check_number(name, shape, &places, layout.missing, diags);
        }
    }
}

/// Why a value does not fit, with the part that does not: `element 0: string required`.
fn describe(error: &ConvertError) -> String {
    let mut text = String::new();
    for step in error.path.steps() {
        text += &match step {
            Step::Attr(name) => format!("attribute {:?}: ", name.as_str()),
            Step::Key(key) => format!("element {:?}: ", key.as_str()),
            Step::Index(i) => format!("element {i}: "),
            Step::Element(_) => "element: ".to_owned(),
        };
    }
    text + &error.message
}

/// What a layout is decoded with.
#[derive(Clone, Copy)]
struct World<'a> {
    scope: &'a dyn Scope,
    /// Marks of the collections that enclosing dynamic blocks walk.
    marks: Marks,
    /// An enclosing dynamic block walks an unknown collection: nothing in it can be evaluated.
    unknown: bool,
}

fn decode_layout(layout: &Layout, world: World<'_>, diags: &mut Diagnostics) -> Value {
    diags.extend(layout.findings.clone());
    let mut items = Vec::with_capacity(layout.fields.len());
    for (name, field) in &layout.fields {
        let value = match field {
            Field::Absent(ty) => Value::null(ty.clone()),
            Field::Given { ty, .. } if world.unknown => Value::unknown(ty.clone()).with_marks(world.marks),
            Field::Given {
                constraint,
                ty,
                expr,
                name_span,
            } => {
                let (value, found) = evaluate(expr, world.scope);
                let failed = found.has_errors();
                diags.extend(found);
                let value = value.with_marks(world.marks);
                if failed && !value.is_known() {
                    Value::unknown(ty.clone()).with_marks(value.deep_marks())
                } else {
                    match convert(&value, constraint) {
                        Ok(v) => v,
                        Err(e) => {
                            diags.push(
                                Diagnostic::error(
                                    "Incorrect attribute value type",
                                    format!(
                                        "Inappropriate value for attribute {:?}: {}.",
                                        name.as_str(),
                                        describe(&e)
                                    ),
                                )
                                .at(expr.span)
                                .within(name_span.cover(expr.span)),
                            );
                            Value::unknown(ty.clone()).with_marks(value.deep_marks())
                        }
                    }
                }
            }
            Field::Blocks { shape, sources } => {
                let mut found = Found::default();
                for source in sources {
                    gather(source, world, &mut found, diags);
                }
                assemble(name, shape, found, layout.missing, world, diags)
            }
        };
        items.push((name.clone(), value));
    }
    Value::object(items)
}

/// The blocks of one type that were found in a body.
#[derive(Default)]
struct Found {
    values: Vec<(Option<Name>, Value, Span)>,
    /// A dynamic block walks an unknown collection: how many there are is not known.
    unknown: bool,
}

fn gather(source: &Source, world: World<'_>, found: &mut Found, diags: &mut Diagnostics) {
    match source {
        Source::Static {
            label,
            header,
            layout,
        } => {
            let value = decode_layout(layout, world, diags);
            found.values.push((label.clone(), value, *header));
        }
        Source::Dynamic(dynamic) => expand(dynamic, world, found, diags),
    }
}

fn expand(dynamic: &Dynamic, world: World<'_>, found: &mut Found, diags: &mut Diagnostics) {
    let place = dynamic.for_each.span;
    let collection = if world.unknown {
        Value::unknown(Type::Any)
    } else {
        let (value, more) = evaluate(&dynamic.for_each, world.scope);
        let failed = more.has_errors();
        diags.extend(more);
        if failed {
            found.unknown = true;
            return;
        }
        value
    };
    let (collection, marks) = collection.unmark();
    let inner = World {
        marks: world.marks.union(marks),
        ..world
    };
    let ty = collection.ty();
    if ty.is_primitive() {
        diags.error_at(
            place,
            "Invalid dynamic for_each value",
            format!(
                "Cannot use a {} value in for_each. An iterable collection is required.",
                ty.friendly_name()
            ),
        );
        found.unknown = true;
        return;
    }
    let mut one = |key: Value, value: Value, unknown: bool, diags: &mut Diagnostics| {
        let scope = IteratorScope {
            outer: world.scope,
            name: &dynamic.iterator,
            key,
            value,
        };
        let world = World {
            scope: &scope,
            unknown,
            ..inner
        };
        let label = dynamic.label.as_ref().and_then(|e| label(e, world, diags));
        let value = decode_layout(&dynamic.content, world, diags);
        found.values.push((label, value, dynamic.header));
    };
    match collection.kind() {
        Kind::Unknown(_) => {
            one(Value::unknown(Type::Any), Value::unknown(Type::Any), true, diags);
            found.unknown = true;
        }
        Kind::Null(_) => {
            diags.error_at(
                place,
                "Invalid dynamic for_each value",
                "Cannot use a null value in for_each.",
            );
            found.unknown = true;
        }
        Kind::List(_) | Kind::Tuple(_) => {
            for (i, v) in collection.items().unwrap_or_default().iter().enumerate() {
                one(Value::number(i), v.clone(), false, diags);
            }
        }
        Kind::Set(_) => {
            for v in collection.items().unwrap_or_default() {
                one(v.clone(), v.clone(), false, diags);
            }
        }
        Kind::Map(_) | Kind::Object(_) => {
            for (k, v) in collection.entries().unwrap_or_default() {
                one(Value::string(k.clone()), v.clone(), false, diags);
            }
        }
        Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {}
    }
}

fn label(expr: &streamform_lang::syntax::Expr, world: World<'_>, diags: &mut Diagnostics) -> Option<Name> {
    const SUMMARY: &str = "Invalid dynamic block label";
    if world.unknown {
        return None;
    }
    let (value, found) = evaluate(expr, world.scope);
    let failed = found.has_errors();
    diags.extend(found);
    if failed {
        return None;
    }
    let problem = if value.is_null() {
        "Cannot use a null value as a dynamic block label.".to_owned()
    } else if !value.is_known() {
        "This value is not yet known. Dynamic block labels must be immediately-known values.".to_owned()
    } else if !value.deep_marks().is_empty() {
        "This value is sensitive or ephemeral. Dynamic block labels must not be marked.".to_owned()
    } else {
        match convert(&value, &Type::String).map(|v| v.as_str().map(Name::from)) {
            Ok(Some(name)) => return Some(name),
            Ok(None) => "A string is required.".to_owned(),
            Err(e) => format!("Cannot use this value as a dynamic block label: {e}."),
        }
    };
    diags.error_at(expr.span, SUMMARY, problem);
    None
}

/// Checks how many there are and makes one value of them.
fn assemble(
    name: &Name,
    shape: &Shape,
    found: Found,
    missing: Span,
    world: World<'_>,
    diags: &mut Diagnostics,
) -> Value {
    if found.unknown {
        return Value::unknown(shape.ty.clone());
    }
    let places: Vec<Span> = found.values.iter().map(|(_, _, s)| *s).collect();
    check_number(name, shape, &places, missing, diags);
    let mut values = found.values;
    match shape.nesting {
        Nesting::Single | Nesting::Group => match (values.drain(..).next(), &shape.empty) {
            (Some((_, value, _)), _) => value,
            (None, Some(layout)) => decode_layout(layout, world, diags),
            (None, None) => Value::null(shape.ty.clone()),
        },
        Nesting::List if shape.ty == Type::Any => Value::tuple(values.into_iter().map(|(_, v, _)| v)),
        Nesting::List => Value::list(shape.inner.clone(), values.into_iter().map(|(_, v, _)| v)),
        Nesting::Set => Value::set(shape.inner.clone(), values.into_iter().map(|(_, v, _)| v)),
        Nesting::Map => {
            let mut map: BTreeMap<Name, Value> = BTreeMap::new();
            for (label, value, place) in values {
                let Some(label) = label else { continue };
                if map.contains_key(&label) {
                    diags.error_at(
                        place,
                        format!("Duplicate {name} block"),
                        format!("A block of type {:?} with the label {:?} is defined already. Each label may be used once.", name.as_str(), label.as_str()),
                    );
                }
                map.insert(label, value);
            }
            if shape.ty == Type::Any {
                Value::object(map)
            } else {
                Value::map(shape.inner.clone(), map)
            }
        }
    }
}

fn check_number(name: &Name, shape: &Shape, places: &[Span], missing: Span, diags: &mut Diagnostics) {
    let quoted = name.as_str();
    if matches!(shape.nesting, Nesting::Single | Nesting::Group) {
        if let Some(second) = places.get(1) {
            diags.error_at(
                *second,
                format!("Duplicate {name} block"),
                format!("Only one block of type {quoted:?} is allowed."),
            );
        }
        if places.is_empty() && shape.min > 0 {
            diags.error_at(
                missing,
                format!("Missing {name} block"),
                format!("A block of type {quoted:?} is required here."),
            );
        }
        return;
    }
    if places.len() < shape.min {
        diags.error_at(
            missing,
            format!("Insufficient {name} blocks"),
            format!("At least {} {quoted:?} blocks are required.", shape.min),
        );
    } else if let Some(extra) = shape.max.filter(|m| *m > 0).and_then(|m| places.get(m)) {
        diags.error_at(
            *extra,
            format!("Too many {name} blocks"),
            format!(
                "No more than {} {quoted:?} blocks are allowed",
                shape.max.unwrap_or_default()
            ),
        );
    }
}
