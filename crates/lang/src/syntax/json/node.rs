//! A JSON text as a tree.

use super::Text;
use crate::diag::Span;
use crate::value::Number;

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Where, quotes and brackets included.
    pub span: Span,
}

/// The kinds of JSON value.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, exactly.
    Number(Number),
    /// A string, not yet understood as a template.
    String(Text),
    /// `[…]`
    Array(Vec<Node>),
    /// `{…}`, in the order of the source, repeated names kept.
    Object(Vec<Property>),
    /// What could not be read; reported already.
    Invalid,
}

/// `"name": value`
#[derive(Clone, Debug)]
pub struct Property {
    /// Name.
    pub name: Text,
    /// Where the name is, quotes included.
    pub name_span: Span,
    /// Value.
    pub value: Node,
}

impl Node {
    /// How messages point at the value: its opening bracket, or the whole if it has none.
    pub fn start(&self) -> Span {
        match self.kind {
            NodeKind::Object(_) | NodeKind::Array(_) => Span {
                end: self.span.start + 1,
                ..self.span
            },
            _ => self.span,
        }
    }

    /// Where something missing in it is reported: the closing brace of an object, else where it starts.
    pub fn missing(&self) -> Span {
        match self.kind {
            NodeKind::Object(_) => Span {
                start: self.span.end.saturating_sub(1),
                ..self.span
            },
            _ => self.start(),
        }
    }
}

impl Node {
    /// How messages call the object or array around a byte of the file, as a path from this value: `resource.a.b.input[0]`.
    /// Empty if it is this value itself.
    pub fn path_around(&self, byte: u32) -> String {
        let mut path = String::new();
        let mut at = self;
        loop {
            let around = |n: &Node| {
                n.span.contains(byte) && matches!(n.kind, NodeKind::Object(_) | NodeKind::Array(_))
            };
            at = match &at.kind {
                NodeKind::Object(properties) => {
                    let Some(inner) = properties.iter().find(|p| around(&p.value)) else {
                        return path;
                    };
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(inner.name.as_str());
                    &inner.value
                }
                NodeKind::Array(items) => {
                    let Some(index) = items.iter().position(around) else {
                        return path;
                    };
                    path.push_str(&format!("[{index}]"));
                    &items[index]
                }
                _ => return path,
            };
        }
    }
}

impl Property {
    /// From the name to the end of the value.
    pub fn span(&self) -> Span {
        self.name_span.cover(self.value.span)
    }
}
