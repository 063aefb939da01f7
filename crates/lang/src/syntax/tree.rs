//! The tree of a configuration file: bodies, blocks, expressions, each with its place.

use std::sync::Arc;

use super::json;
use crate::addrs::Reference;
use crate::diag::FileId;
use crate::diag::Span;
use crate::value::Name;
use crate::value::Value;

/// A parsed file. Kept whole even if some of its blocks could not be parsed.
#[derive(Clone, Debug)]
pub struct File {
    /// Which source.
    pub id: FileId,
    /// Everything at top level.
    pub body: Body,
}

/// What stands in a file or between the braces of a block, in the order of the source.
#[derive(Clone, Debug)]
pub struct Body {
    /// `name = expression`
    pub attributes: Vec<Attribute>,
    /// `type "label" { … }`
    pub blocks: Vec<Block>,
    /// The whole range (of a block: between its braces).
    pub span: Span,
    /// The closing brace, or the end of the file.
    pub end: Span,
    /// In which syntax it is written.
    pub syntax: Syntax,
    /// What cannot be read before a provider's schema is there. Always none in the native syntax, unless an override file
    /// in the JSON syntax changes the body.
    pub unread: Option<Box<Unread>>,
}

/// The two ways to write a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// `.tf`
    Native,
    /// `.tf.json`
    Json,
}

/// Parts of a body whose meaning only a schema tells: whether a JSON property is an argument, or one or many blocks.
#[derive(Clone, Debug, Default)]
pub struct Unread {
    /// Properties in the order of the source.
    pub properties: Vec<json::Property>,
    /// Bodies of override files that replace parts of this one, the last one wins.
    pub overrides: Vec<Body>,
}

impl Body {
    /// An empty body at a place.
    pub fn empty(at: Span) -> Body {
        Body {
            attributes: Vec::new(),
            blocks: Vec::new(),
            span: at,
            end: at,
            syntax: Syntax::Native,
            unread: None,
        }
    }

    /// Where something missing is reported: the start of a native body, the closing brace of a JSON object.
    pub fn missing(&self) -> Span {
        match self.syntax {
            Syntax::Native => Span {
                end: self.span.start,
                ..self.span
            },
            Syntax::Json => self.end,
        }
    }

    /// Takes over everything that stands in another body.
    pub fn append(&mut self, other: Body) {
        self.attributes.extend(other.attributes);
        self.blocks.extend(other.blocks);
        if let Some(other) = other.unread {
            let unread = self.unread.get_or_insert_default();
            unread.properties.extend(other.properties);
            unread.overrides.extend(other.overrides);
        }
    }
}

/// A name with its place.
#[derive(Clone, Debug)]
pub struct Ident {
    /// The name.
    pub name: Name,
    /// Where.
    pub span: Span,
}

/// `name = expression`
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Name.
    pub name: Ident,
    /// Value.
    pub expr: Arc<Expr>,
    /// From the name to the end of the expression.
    pub span: Span,
}

/// A label of a block, quoted or bare.
#[derive(Clone, Debug)]
pub struct Label {
    /// The text.
    pub name: Name,
    /// Where, quotes included.
    pub span: Span,
}

/// `type "label" … { … }`
#[derive(Clone, Debug)]
pub struct Block {
    /// Type.
    pub kind: Ident,
    /// Labels.
    pub labels: Vec<Label>,
    /// What is inside.
    pub body: Body,
    /// From the type to the last label: how messages point at a block.
    pub header: Span,
    /// The whole block.
    pub span: Span,
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// The kinds of expression. The large ones are boxed: most expressions are literals, and every one has room for the largest.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A number, `true`, `false`, `null` (of type any), or a string without templates.
    Literal(Value),
    /// A string or heredoc with interpolations or directives.
    Template(Vec<TemplatePart>),
    /// `"${expr}"` alone: the value itself, not a string.
    Wrap(Box<Expr>),
    /// `root.step…`
    Traversal(Box<Traversal>),
    /// Steps into the value of an expression that is no plain traversal: `f(x).a[0]`.
    Relative(Box<Expr>, Vec<Step>),
    /// `collection[key]` with a key that is no literal.
    Index(Box<Expr>, Box<Expr>),
    /// `source.*.steps` (attribute-only) or `source[*].steps`; `each` is applied to each element, which it sees as [`ExprKind::SplatItem`].
    Splat {
        /// The list (or single value, or null).
        source: Box<Expr>,
        /// What to take from each element.
        each: Box<Expr>,
        /// The `*` itself.
        marker: Span,
    },
    /// The current element of the innermost enclosing splat.
    SplatItem,
    /// `name(args)`
    Call(Box<Call>),
    /// `condition ? yes : no`
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `left op right`; the span is the operator's.
    Binary(BinaryOp, Span, Box<Expr>, Box<Expr>),
    /// `op operand`
    Unary(UnaryOp, Box<Expr>),
    /// `[…]`
    Tuple(Vec<Expr>),
    /// `{…}`
    Object(Vec<ObjectItem>),
    /// `[for …]`, `{for …}`
    For(Box<For>),
    /// `(…)`
    Parens(Box<Expr>),
}

/// A root name and the steps behind it.
#[derive(Clone, Debug)]
pub struct Traversal {
    /// First name.
    pub root: Ident,
    /// Steps behind it.
    pub steps: Vec<Step>,
    /// What the traversal refers to when `root` is not a variable of an enclosing `for`; or why it refers to nothing
    /// (a message with summary and detail: `A managed resource reference must …`).
    pub reference: Result<Reference, Box<crate::diag::Diagnostic>>,
}

/// A literal step of a traversal.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it is.
    pub kind: StepKind,
    /// Where, with its dot or brackets.
    pub span: Span,
}

/// Kinds of literal step.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// `.name`
    Attr(Name),
    /// `[0]`, `["key"]`, `.0`: a known number or string.
    Index(Value),
}

/// A part of a template.
#[derive(Clone, Debug)]
pub enum TemplatePart {
    /// Text as it goes into the result (escapes done, trimming and heredoc indentation done).
    Text(Name),
    /// `${expr}`
    Interpolation(Expr),
    /// `%{if c}…%{else}…%{endif}`
    If {
        /// The condition.
        condition: Box<Expr>,
        /// Parts if it holds.
        yes: Vec<TemplatePart>,
        /// Parts if not.
        no: Vec<TemplatePart>,
        /// The whole directive.
        span: Span,
    },
    /// `%{for k, v in xs}…%{endfor}`
    For {
        /// Name of the key, where given.
        key: Option<Ident>,
        /// Name of the value.
        value: Ident,
        /// What is walked.
        collection: Box<Expr>,
        /// Parts for each element.
        body: Vec<TemplatePart>,
        /// The whole directive.
        span: Span,
    },
}

/// A function call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Name as written, with namespaces: `upper`, `core::upper`, `provider::x::y`.
    pub name: Name,
    /// Where the name is.
    pub name_span: Span,
    /// Arguments.
    pub args: Vec<Expr>,
    /// Whether the last argument is expanded (`xs...`).
    pub expand: bool,
}

/// One item of an object expression.
#[derive(Clone, Debug)]
pub struct ObjectItem {
    /// The key; a bare name is a literal string.
    pub key: Expr,
    /// The value.
    pub value: Expr,
    /// Whether it is a property of a JSON object, whose name must not come twice.
    pub json: bool,
}

/// A `for` expression.
#[derive(Clone, Debug)]
pub struct For {
    /// Name of the key or index, where given.
    pub key_name: Option<Ident>,
    /// Name of the value.
    pub value_name: Ident,
    /// What is walked.
    pub collection: Expr,
    /// The key expression: an object is made.
    pub key: Option<Expr>,
    /// The value expression.
    pub value: Expr,
    /// `if …`
    pub condition: Option<Expr>,
    /// `...`: values of equal keys are gathered.
    pub group: bool,
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is its own name")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Eq,
    NotEq,
    Less,
    LessEq,
    Greater,
    GreaterEq,
    And,
    Or,
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is its own name")]
pub enum UnaryOp {
    Negate,
    Not,
}
