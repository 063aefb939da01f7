//! A body matched with its schema once, so that it can be decoded for thousands of instances without looking anything up.

use std::collections::BTreeMap;
use std::sync::Arc;

use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Span;
use streamform_lang::diag::did_you_mean;
use streamform_lang::syntax;
use streamform_lang::syntax::Body;
use streamform_lang::syntax::Expr;
use streamform_lang::syntax::ExprKind;
use streamform_lang::syntax::Syntax;
use streamform_lang::syntax::json::EXTRANEOUS;
use streamform_lang::value::Name;
use streamform_lang::value::Type;

use super::Attribute;
use super::Block;
use super::NestedBlock;
use super::Nesting;
use super::iterator;

/// What a body holds for each attribute and block of its schema, in the order of names.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) fields: Vec<(Name, Field)>,
    /// What can be said against the body without evaluating anything.
    pub(super) findings: Diagnostics,
    /// Where something missing is reported.
    pub(super) missing: Span,
    /// The type of its value.
    pub(super) ty: Type,
}

#[derive(Clone, Debug)]
pub(super) enum Field {
    /// Not given: null.
    Absent(Type),
    /// `name = expr`
    Given {
        /// With `optional(…)` attributes where the schema has them.
        constraint: Type,
        ty: Type,
        expr: Arc<Expr>,
        name_span: Span,
    },
    /// Nested blocks, static and dynamic ones in the order of the source.
    Blocks {
        /// Boxed: most fields are attributes, and each has room for the largest.
        shape: Box<Shape>,
        sources: Vec<Source>,
    },
}

/// How nested blocks become a value.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) nesting: Nesting,
    pub(super) min: usize,
    pub(super) max: Option<usize>,
    /// Type of one block.
    pub(super) inner: Type,
    /// Type of the whole.
    pub(super) ty: Type,
    /// What stands for a group without a block.
    pub(super) empty: Option<Box<Layout>>,
}

#[derive(Clone, Debug)]
pub(super) enum Source {
    Static {
        /// Key of a map.
        label: Option<Name>,
        header: Span,
        layout: Layout,
    },
    Dynamic(Box<Dynamic>),
}

/// A `dynamic` block that is written properly.
#[derive(Clone, Debug)]
pub(super) struct Dynamic {
    pub(super) for_each: Arc<Expr>,
    pub(super) iterator: Name,
    pub(super) label: Option<Arc<Expr>>,
    pub(super) content: Layout,
    pub(super) header: Span,
}

impl Layout {
    /// Matches a body with its schema. `iterators` are the names that enclosing dynamic blocks bind; `ignore` are
    /// meta-arguments that someone else takes.
    pub(super) fn new(body: &Body, block: &Block, ignore: &[&str], iterators: &[Name]) -> Layout {
        let mut findings = Diagnostics::new();
        let missing = body.missing();
        let mut fields: Vec<(Name, Field)> = Vec::with_capacity(block.attributes.len() + block.blocks.len());

        let given: BTreeMap<&str, &syntax::Attribute> = body
            .attributes
            .iter()
            .map(|a| (a.name.name.as_str(), a))
            .collect();
        for (name, attribute) in &block.attributes {
            let field = match given.get(name.as_str()) {
                Some(a) => Field::Given {
                    constraint: attribute.constraint(),
                    ty: attribute.ty.clone(),
                    expr: iterator::bind(&a.expr, iterators),
                    name_span: a.name.span,
                },
                None => {
                    if attribute.required {
                        findings.error_at(
                            missing,
                            "Missing required argument",
                            format!("The argument {name:?} is required, but no definition was found."),
                        );
                    }
                    Field::Absent(attribute.ty.clone())
                }
            };
            fields.push((name.clone(), field));
        }
        report_unknown_arguments(body, block, ignore, &given, &mut findings);

        for (name, nested) in &block.blocks {
            fields.push((
                name.clone(),
                Field::Blocks {
                    shape: Box::new(Shape::new(nested, missing)),
                    sources: Vec::new(),
                },
            ));
        }
        let known: BTreeMap<&str, &NestedBlock> = block.blocks.iter().map(|(n, b)| (n.as_str(), b)).collect();
        for found in &body.blocks {
            let kind = found.kind.name.as_str();
            let (name, source) = if let Some(nested) = known.get(kind) {
                (kind, static_source(found, nested, iterators, &mut findings))
            } else if kind == "dynamic" && !ignore.contains(&"dynamic") {
                let Some(label) = found.labels.first().filter(|_| found.labels.len() == 1) else {
                    findings.push(
                        Diagnostic::error(
                            if found.labels.is_empty() {
                                "Missing type for dynamic"
                            } else {
                                "Extraneous label for dynamic"
                            },
                            if found.labels.is_empty() {
                                "All dynamic blocks must have 1 labels (type)."
                            } else {
                                "Only 1 labels (type) are expected for dynamic blocks."
                            },
                        )
                        .at(found.labels.get(1).map_or(found.header, |l| l.span))
                        .within(found.header),
                    );
                    continue;
                };
                match known.get(label.name.as_str()) {
                    Some(nested) => (
                        label.name.as_str(),
                        dynamic_source(found, &label.name, nested, iterators, &mut findings),
                    ),
                    None => {
                        if !ignore.contains(&label.name.as_str()) {
                            findings.push(
                                Diagnostic::error(
                                    "Unsupported block type",
                                    unexpected_dynamic_block(&label.name, block),
                                )
                                .at(label.span),
                            );
                        }
                        continue;
                    }
                }
            } else {
                if !ignore.contains(&kind) {
                    findings.push(
                        Diagnostic::error("Unsupported block type", unexpected_block(kind, block))
                            .at(found.kind.span),
                    );
                }
                continue;
            };
            if let (Some(source), Some(Field::Blocks { sources, .. })) = (
                source,
                fields
                    .iter_mut()
                    .find(|(n, _)| n.as_str() == name)
                    .map(|(_, f)| f),
            ) {
                sources.push(source);
            }
        }

        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        Layout {
            fields,
            findings,
            missing,
            ty: block.implied_type(),
        }
    }
}

impl Shape {
    fn new(nested: &NestedBlock, missing: Span) -> Shape {
        let empty = (nested.nesting == Nesting::Group).then(|| {
            let body = Body::empty(missing);
            let mut layout = Layout::new(&body, &nested.block, &[], &[]);
            layout.findings = Diagnostics::new();
            Box::new(layout)
        });
        Shape {
            nesting: nested.nesting,
            min: nested.min_items,
            max: nested.max_items,
            inner: nested.block.implied_type(),
            ty: nested.implied_type(),
            empty,
        }
    }
}

fn report_unknown_arguments(
    body: &Body,
    block: &Block,
    ignore: &[&str],
    given: &BTreeMap<&str, &syntax::Attribute>,
    findings: &mut Diagnostics,
) {
    for attribute in &body.attributes {
        let name = attribute.name.name.as_str();
        if block.attribute(name).is_some() || ignore.contains(&name) {
            continue;
        }
        // What is given already is not what the user meant to write here.
        let free = block
            .attributes
            .iter()
            .map(|(n, _)| n.as_str())
            .filter(|n| !given.contains_key(n));
        let hint = match did_you_mean(name, free) {
            Some(other) => format!(" Did you mean {other:?}?"),
            None if block.nested(name).is_some() || META_BLOCKS.contains(&name) => {
                format!(
                    " Did you mean to define a block of type {name:?}? A block has no equals sign: {name} {{ ... }}."
                )
            }
            None => meant_elsewhere(name, block, given),
        };
        let (summary, detail) = match body.syntax {
            Syntax::Native => (
                "Unsupported argument",
                format!("An argument named {name:?} is not expected here.{hint}"),
            ),
            Syntax::Json => (
                EXTRANEOUS,
                format!("No argument or block type is named {name:?}.{hint}"),
            ),
        };
        findings.error_at(attribute.name.span, summary, detail);
    }
}

/// Where something like it is: `environment_id` is the `id` of a block, `api_key` the end of longer names.
fn meant_elsewhere(name: &str, block: &Block, given: &BTreeMap<&str, &syntax::Attribute>) -> String {
    let inside = block.blocks.iter().find_map(|(block, nested)| {
        let attribute = name.strip_prefix(block.as_str())?.strip_prefix('_')?;
        nested.block.attribute(attribute).map(|_| (block, attribute))
    });
    if let Some((block, attribute)) = inside {
        return format!(" It is set in a block: {block} {{ {attribute} = ... }}.");
    }
    let longer: Vec<String> = block
        .attributes
        .iter()
        .map(|(n, _)| n.as_str())
        .filter(|n| n.strip_suffix(name).is_some_and(|n| n.ends_with('_')) && !given.contains_key(n))
        .map(|n| format!("{n:?}"))
        .collect();
    match longer.as_slice() {
        [] => String::new(),
        _ if name.len() < 4 || longer.len() > 4 => String::new(),
        [one] => format!(" Did you mean {one}?"),
        [first @ .., last] => format!(" Did you mean {} or {last}?", first.join(", ")),
    }
}

/// Blocks that the language itself knows in resources: `lifecycle = { ... }` is a mistake of people, not a new argument.
const META_BLOCKS: &[&str] = &["connection", "lifecycle", "provisioner"];

/// `dynamic "lifecycle"` and the like: what the language itself reads cannot depend on values.
fn unexpected_dynamic_block(name: &str, block: &Block) -> String {
    let told = unexpected_block(name, block);
    if META_BLOCKS.contains(&name) {
        format!(
            "{told} A {name} block is part of the language, and must be written out: a dynamic block makes blocks of the resource type only."
        )
    } else {
        told
    }
}

fn unexpected_block(name: &str, block: &Block) -> String {
    let hint = match did_you_mean(name, block.blocks.iter().map(|(n, _)| n.as_str())) {
        Some(other) => format!(" Did you mean {other:?}?"),
        None if block.attribute(name).is_some() => format!(
            " Did you mean to define argument {name:?}? If so, use the equals sign to assign it a value."
        ),
        None => String::new(),
    };
    format!("Blocks of type {name:?} are not expected here.{hint}")
}

fn static_source(
    found: &syntax::Block,
    nested: &NestedBlock,
    iterators: &[Name],
    findings: &mut Diagnostics,
) -> Option<Source> {
    let name = &found.kind.name;
    let wanted = usize::from(nested.nesting == Nesting::Map);
    if let Some(extra) = found.labels.get(wanted) {
        let detail = if wanted == 0 {
            format!("No labels are expected for {name} blocks.")
        } else {
            format!("Only 1 labels (key) are expected for {name} blocks.")
        };
        findings.push(
            Diagnostic::error(format!("Extraneous label for {name}"), detail)
                .at(extra.span)
                .within(found.header),
        );
        return None;
    }
    if found.labels.len() < wanted {
        findings.push(
            Diagnostic::error(
                format!("Missing key for {name}"),
                format!("All {name} blocks must have 1 labels (key)."),
            )
            .at(found.header),
        );
        return None;
    }
    Some(Source::Static {
        label: found.labels.first().map(|l| l.name.clone()),
        header: found.header,
        layout: Layout::new(&found.body, &nested.block, &[], iterators),
    })
}

fn dynamic_source(
    found: &syntax::Block,
    name: &Name,
    nested: &NestedBlock,
    iterators: &[Name],
    findings: &mut Diagnostics,
) -> Option<Source> {
    let before = findings.len();
    let missing = found.body.missing();
    for a in &found.body.attributes {
        if !["for_each", "iterator", "labels"].contains(&a.name.name.as_str()) {
            findings.error_at(
                a.name.span,
                "Unsupported argument",
                format!(
                    "An argument named {:?} is not expected here.",
                    a.name.name.as_str()
                ),
            );
        }
    }
    let argument = |wanted: &str| {
        found
            .body
            .attributes
            .iter()
            .find(|a| a.name.name == *wanted)
            .map(|a| &a.expr)
    };
    let for_each = argument("for_each");
    if for_each.is_none() {
        findings.error_at(
            missing,
            "Missing required argument",
            "The argument \"for_each\" is required, but no definition was found.",
        );
    }
    let iterator = match argument("iterator").map(|e| (&e.kind, e.span)) {
        None => name.clone(),
        Some((ExprKind::Traversal(t), _)) if t.steps.is_empty() => t.root.name.clone(),
        Some((_, span)) => {
            findings.error_at(
                span,
                "Invalid dynamic iterator name",
                "Dynamic iterator must be a single variable name.",
            );
            name.clone()
        }
    };
    let label = dynamic_label(
        name,
        nested,
        argument("labels"),
        iterators,
        &iterator,
        missing,
        findings,
    );

    let mut contents = Vec::new();
    for b in &found.body.blocks {
        if b.kind.name == "content" {
            contents.push(b);
        } else {
            findings.error_at(
                b.kind.span,
                "Unsupported block type",
                format!("Blocks of type {:?} are not expected here.", b.kind.name.as_str()),
            );
        }
    }
    if let Some(second) = contents.get(1) {
        findings.error_at(
            second.header,
            "Extraneous dynamic content block",
            "Only one nested content block is allowed for each dynamic block.",
        );
    }
    let Some(content) = contents.first() else {
        findings.error_at(
            missing,
            "Missing dynamic content block",
            "A dynamic block must have a nested block of type \"content\" to describe the body of each generated block.",
        );
        return None;
    };
    if findings.len() > before {
        return None;
    }
    let mut inside = iterators.to_vec();
    inside.push(iterator.clone());
    Some(Source::Dynamic(Box::new(Dynamic {
        for_each: iterator::bind(for_each?, iterators),
        iterator,
        label,
        content: Layout::new(&content.body, &nested.block, &[], &inside),
        header: found.header,
    })))
}

/// The label expression of a dynamic block whose blocks become a map.
fn dynamic_label(
    name: &Name,
    nested: &NestedBlock,
    labels: Option<&Arc<Expr>>,
    iterators: &[Name],
    iterator: &Name,
    missing: Span,
    findings: &mut Diagnostics,
) -> Option<Arc<Expr>> {
    let wanted = usize::from(nested.nesting == Nesting::Map);
    let items: &[Expr] = match labels.map(|e| (&e.kind, e.span)) {
        None => &[],
        Some((ExprKind::Tuple(items), _)) => items,
        Some((_, span)) => {
            findings.error_at(
                span,
                "Invalid expression",
                "A static list expression is required.",
            );
            return None;
        }
    };
    let requirement = || format!("Blocks of type {:?} require {wanted} label(s).", name.as_str());
    if let Some(extra) = items.get(wanted) {
        findings.error_at(extra.span, "Extraneous dynamic block label", requirement());
    } else if items.len() < wanted {
        findings.error_at(
            labels.map_or(missing, |l| l.span),
            "Insufficient dynamic block labels",
            requirement(),
        );
    }
    let mut inside = iterators.to_vec();
    inside.push(iterator.clone());
    items
        .first()
        .map(|e| iterator::bind(&Arc::new(e.clone()), &inside))
}

impl Attribute {
    /// The type that a given value is converted to: like [`Attribute::ty`], with attributes inside that may be left out.
    pub fn constraint(&self) -> Type {
        let Some(nested) = &self.nested else {
            return self.ty.clone();
        };
        let object = Type::Object(streamform_lang::value::ObjectType::with_optional(
            nested.attributes.iter().map(|(n, a)| (n.clone(), a.constraint())),
            nested
                .attributes
                .iter()
                .filter(|(_, a)| !a.required)
                .map(|(n, _)| n.clone()),
        ));
        match nested.nesting {
            Nesting::Single | Nesting::Group => object,
            Nesting::List => Type::list(object),
            Nesting::Set => Type::set(object),
            Nesting::Map => Type::map(object),
        }
    }
}
