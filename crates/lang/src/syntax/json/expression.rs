//! JSON values as expressions.

use super::Node;
use super::NodeKind;
use super::Reader;
use super::Text;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::syntax::Expr;
use crate::syntax::ExprKind;
use crate::syntax::ObjectItem;
use crate::syntax::TemplatePart;
use crate::syntax::check::Place;
use crate::syntax::parse::expression_at;
use crate::syntax::parse::template_at;
use crate::value::Name;
use crate::value::Type;
use crate::value::Value;

/// What the strings of an argument are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Templates; one that is a single interpolation is the value of its expression. Names of properties are templates too.
    Template,
    /// Text: an argument whose value must be known before anything is evaluated.
    Literal,
    /// References, keywords, types: each string holds what the native syntax has without quotes. One that holds something
    /// else is no reference; whoever wants one complains.
    Reference,
    /// The same, but what cannot be read is reported where it stands.
    Expression,
    /// An entry of `required_providers`: text, but for `configuration_aliases`, which holds references.
    Requirement,
}

impl Reader<'_> {
    /// The expression that a value is.
    pub fn expression(&mut self, node: &Node, reading: Reading) -> Expr {
        let kind = match &node.kind {
            NodeKind::Null => ExprKind::Literal(Value::null(Type::Any)),
            NodeKind::Bool(b) => ExprKind::Literal(Value::bool(*b)),
            NodeKind::Number(n) => ExprKind::Literal(Value::number(n.clone())),
            NodeKind::String(text) => return self.string(text, node.span, reading),
            NodeKind::Array(items) => {
                ExprKind::Tuple(items.iter().map(|i| self.expression(i, reading)).collect())
            }
            NodeKind::Object(properties) => {
                let mut items: Vec<ObjectItem> = Vec::with_capacity(properties.len());
                for property in properties {
                    let inner = match reading {
                        Reading::Requirement if property.name.as_str() == "configuration_aliases" => {
                            Reading::Reference
                        }
                        Reading::Requirement => Reading::Literal,
                        other => other,
                    };
                    let key = match reading {
                        Reading::Requirement => Reading::Literal,
                        other => other,
                    };
                    items.push(ObjectItem {
                        key: self.string(&property.name, property.name_span, key),
                        value: self.expression(&property.value, inner),
                        json: true,
                    });
                }
                self.repeated_keys(&items);
                ExprKind::Object(items)
            }
            NodeKind::Invalid => ExprKind::Literal(Value::unknown(Type::Any)),
        };
        Expr {
            kind,
            span: node.span,
        }
    }

    /// Keys that are told by the text alone and stand in an object twice.
    fn repeated_keys(&mut self, items: &[ObjectItem]) {
        let mut seen: std::collections::HashMap<&str, Span> = std::collections::HashMap::new();
        for item in items {
            let Some(name) = item.key.as_literal_string() else {
                continue;
            };
            if let Some(first) = seen.get(name) {
                let place = self.sources.range(*first);
                self.diagnostics.error_at(
                    item.key.span,
                    "Duplicate object attribute",
                    format!("An attribute named {name:?} was already defined at {place}."),
                );
            } else {
                seen.insert(name, item.key.span);
            }
        }
    }

    fn string(&mut self, text: &Text, span: Span, reading: Reading) -> Expr {
        let content = text.as_str();
        let literal = || Expr {
            kind: ExprKind::Literal(Value::string(content)),
            span,
        };
        match reading {
            Reading::Literal | Reading::Requirement => literal(),
            Reading::Template if !content.contains("${") && !content.contains("%{") => literal(),
            Reading::Template => {
                let (found, problems) = self.placed(text, span, template_at);
                self.diagnostics.extend(problems);
                match found {
                    Some(expr) => Expr {
                        kind: expr.kind,
                        span,
                    },
                    None => unreadable(span),
                }
            }
            Reading::Reference | Reading::Expression => {
                let (found, problems) = self.placed(text, span, expression_at);
                match found {
                    // A list or a map is one of JSON, not one in a string.
                    Some(expr) if matches!(expr.kind, ExprKind::Tuple(_) | ExprKind::Object(_)) => Expr {
                        kind: ExprKind::Parens(Box::new(expr)),
                        span,
                    },
                    // What is said about the whole is said about the string.
                    Some(expr) => Expr {
                        kind: expr.kind,
                        span,
                    },
                    None if reading == Reading::Expression => {
                        self.diagnostics.extend(problems);
                        unreadable(span)
                    }
                    // Neither a reference nor a string without templates: nothing that a literal place takes.
                    None => Expr {
                        kind: ExprKind::Template(vec![TemplatePart::Text(Name::from(content))]),
                        span,
                    },
                }
            }
        }
    }
}

/// What stands for an expression that could not be read: a value that is not known.
fn unreadable(span: Span) -> Expr {
    Expr {
        kind: ExprKind::Literal(Value::unknown(Type::Any)),
        span,
    }
}

type Parse = fn(Place, &str) -> (Option<Expr>, Diagnostics);

impl Reader<'_> {
    /// What a string holds, with places in the file that the string is in.
    fn placed(&self, text: &Text, quoted: Span, parse: Parse) -> (Option<Expr>, Diagnostics) {
        let place = Place {
            file: quoted.file,
            offset: if text.is_plain() { quoted.start + 1 } else { 0 },
            line: self
                .sources
                .get(quoted.file)
                .map(|f| f.position(quoted.start).line),
        };
        let (found, problems) = parse(place, text.as_str());
        if text.is_plain() {
            return (found, problems);
        }
        let found = found.map(|mut expr| {
            expr.each_span_mut(&mut |s| *s = text.place(quoted, *s));
            expr
        });
        (found, text.place_all(quoted, problems))
    }
}
