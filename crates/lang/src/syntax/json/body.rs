//! JSON values as bodies, once it is known what their properties mean.

use std::collections::HashMap;
use std::sync::Arc;

use super::Node;
use super::NodeKind;
use super::Property;
use super::Reading;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::syntax::Attribute;
use crate::syntax::Block;
use crate::syntax::Body;
use crate::syntax::Ident;
use crate::syntax::Label;
use crate::syntax::Syntax;
use crate::syntax::Unread;
use crate::value::Name;

/// What a property of a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// An argument.
    Argument(Reading),
    /// Blocks of this type, with labels of these names.
    Blocks(&'static [&'static str]),
    /// Something that another schema describes; kept in [`Unread`].
    Later,
    /// Nothing.
    Extraneous,
}

/// What the properties of a body mean.
pub trait Shape {
    /// The meaning of a property.
    fn meaning(&self, name: &str) -> Meaning;

    /// The shape of the blocks of a type.
    fn inside(&self, kind: &str, labels: &[Label]) -> Box<dyn Shape + '_>;

    /// All names that mean something, for suggestions: arguments first.
    fn names(&self) -> Vec<&str>;

    /// Whether the body is a plain list of assignments: one object, without blocks.
    fn is_assignments(&self) -> bool {
        false
    }
}

/// Reads values as bodies and expressions.
#[derive(Debug)]
pub struct Reader<'a> {
    pub(super) sources: &'a Sources,
    /// What was found wrong.
    pub diagnostics: Diagnostics,
}

impl<'a> Reader<'a> {
    /// A reader of files that are in `sources`.
    pub fn new(sources: &'a Sources) -> Self {
        Reader {
            sources,
            diagnostics: Diagnostics::new(),
        }
    }

    /// The files.
    pub fn sources(&self) -> &'a Sources {
        self.sources
    }

    fn wrong_type(&mut self, at: Span, detail: String) {
        self.diagnostics.error_at(at, "Incorrect JSON value type", detail);
    }

    /// The body that a value is: the root of a file, or the content of a block.
    pub fn body(&mut self, node: Node, shape: &dyn Shape) -> Body {
        let mut body = Body {
            attributes: Vec::new(),
            blocks: Vec::new(),
            span: node.span,
            end: node.missing(),
            syntax: Syntax::Json,
            unread: None,
        };
        let properties = if shape.is_assignments() {
            match node.kind {
                NodeKind::Object(properties) => properties,
                _ => {
                    let detail = "A JSON object is required here, setting the arguments for this block.";
                    self.wrong_type(node.start(), detail.to_owned());
                    Vec::new()
                }
            }
        } else {
            self.properties(node, None)
        };
        self.classify(properties, shape, &mut body);
        body
    }

    /// Puts properties into a body, each as what it is.
    pub fn classify(&mut self, properties: Vec<Property>, shape: &dyn Shape, body: &mut Body) {
        let mut given: HashMap<Name, Span> = HashMap::new();
        for property in properties {
            let name = Name::from(property.name.as_str());
            // A comment, whatever else is there.
            if name.as_str() == "//" {
                continue;
            }
            match shape.meaning(&name) {
                Meaning::Argument(reading) => {
                    let span = property.span();
                    if let Some(first) = given.get(&name) {
                        self.repeated(&name, *first, &property, shape.is_assignments());
                        continue;
                    }
                    given.insert(name.clone(), span);
                    let expr = self.expression(&property.value, reading);
                    body.attributes.push(Attribute {
                        name: Ident {
                            name,
                            span: property.name_span,
                        },
                        expr: Arc::new(expr),
                        span,
                    });
                }
                Meaning::Blocks(labels) => {
                    let kind = Ident {
                        name,
                        span: property.name_span,
                    };
                    self.blocks(
                        property.value,
                        &kind,
                        labels,
                        &mut Vec::new(),
                        shape,
                        &mut body.blocks,
                    );
                }
                Meaning::Later => body
                    .unread
                    .get_or_insert_with(Box::<Unread>::default)
                    .properties
                    .push(property),
                Meaning::Extraneous => {
                    let free = shape.names().into_iter().filter(|n| !given.contains_key(*n));
                    self.diagnostics.push(extraneous(&property, free));
                }
            }
        }
    }

    fn repeated(&mut self, name: &Name, first: Span, property: &Property, assignments: bool) {
        let place = self.sources.range(first);
        let summary = if assignments {
            "Duplicate attribute definition"
        } else {
            "Duplicate argument"
        };
        let detail = format!("The argument {:?} was already set at {place}.", name.as_str());
        self.diagnostics.push(
            Diagnostic::error(summary, detail)
                .at(property.name_span)
                .within(property.span()),
        );
    }

    /// The properties of an object, or of all objects of an array; `label` is what their names are, if they are labels.
    fn properties(&mut self, node: Node, label: Option<&str>) -> Vec<Property> {
        let purpose = match label {
            Some(label) => format!("to specify {label} labels for this block."),
            None => "to define arguments and child blocks.".to_owned(),
        };
        let start = node.start();
        match node.kind {
            NodeKind::Null => Vec::new(),
            NodeKind::Object(properties) => properties,
            NodeKind::Array(items) => {
                let mut all = Vec::new();
                for item in items {
                    let start = item.start();
                    match item.kind {
                        NodeKind::Object(properties) => all.extend(properties),
                        _ => self.wrong_type(start, format!("A JSON object is required here, {purpose}")),
                    }
                }
                all
            }
            _ => {
                let detail =
                    format!("Either a JSON object or JSON array of objects is required here, {purpose}");
                self.wrong_type(start, detail);
                Vec::new()
            }
        }
    }

    /// The blocks that a value describes: a level of objects for each label, then an object, or an array of several.
    fn blocks(
        &mut self,
        node: Node,
        kind: &Ident,
        missing: &[&str],
        labels: &mut Vec<Label>,
        shape: &dyn Shape,
        out: &mut Vec<Block>,
    ) {
        let start = node.start();
        if let Some((label, rest)) = missing.split_first() {
            let properties = self.properties(node, Some(label));
            if properties.is_empty() {
                self.diagnostics.error_at(
                    start,
                    "Missing block label",
                    format!(
                        "At least one object property is required, whose name represents the {} block's {label}.",
                        kind.name
                    ),
                );
            }
            for property in properties {
                labels.push(Label {
                    name: property.name.as_str().into(),
                    span: property.name_span,
                });
                self.blocks(property.value, kind, rest, labels, shape, out);
                labels.pop();
            }
            return;
        }
        let mut one = |reader: &mut Self, node: Node| {
            let span = node.span;
            let inner = shape.inside(&kind.name, labels);
            out.push(Block {
                kind: kind.clone(),
                labels: labels.clone(),
                body: reader.body(node, &*inner),
                header: start,
                span: kind.span.cover(span),
            });
        };
        match node.kind {
            NodeKind::Null => {}
            NodeKind::Object(_) => one(self, node),
            NodeKind::Array(items) => {
                for item in items {
                    one(self, item);
                }
            }
            _ => {
                let detail = format!(
                    "Either a JSON object or a JSON array is required, representing the contents of one or more {:?} blocks.",
                    kind.name.as_str()
                );
                self.wrong_type(start, detail);
            }
        }
    }
}

/// The summary of what is said about a property that means nothing.
pub const EXTRANEOUS: &str = "Extraneous JSON object property";

/// Says that a property means nothing here.
fn extraneous<'n>(property: &Property, names: impl IntoIterator<Item = &'n str>) -> Diagnostic {
    let name = property.name.as_str();
    let hint = did_you_mean(name, names).map_or_else(String::new, |n| format!(" Did you mean {n:?}?"));
    Diagnostic::error(
        EXTRANEOUS,
        format!("No argument or block type is named {name:?}.{hint}"),
    )
    .at(property.name_span)
    .within(property.span())
}
