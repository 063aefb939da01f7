//! From hcl-edit's expressions to ours.
//!
//! The only place that knows hcl_edit. It is given one expression at a time, in which every [`Piece`] (string, object,
//! deeply nested part, long number) is masked by an empty list of the same length; where such a list comes out, the piece is
//! lowered for itself. So neither hcl-edit's limits (nesting, number of operators, time for large objects, size of
//! numbers) nor its reading of heredocs reach a user's configuration, and every span is exact.

mod mask;
mod steps;

use hcl_edit::Span as _;
use hcl_edit::expr as hcl;

use mask::masked;
use steps::traversal;

use super::check::Place;
use super::shape::Bytes;
use super::shape::Part;
use super::shape::Piece;
use super::shape::Pieces;
use super::shape::Template;
use super::token::Token;
use super::tree::*;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::value::Number;
use crate::value::Type;
use crate::value::Value;

/// Lowers expressions of one text.
pub(super) struct Lowerer<'a> {
    pub(super) place: Place,
    pub(super) text: &'a str,
    pub(super) pieces: &'a Pieces,
    pub(super) diagnostics: Diagnostics,
}

impl Lowerer<'_> {
    fn span(&self, bytes: &Bytes) -> Span {
        self.place.span(bytes)
    }

    fn slice(&self, bytes: &Bytes) -> &str {
        self.text
            .get(bytes.start as usize..bytes.end as usize)
            .unwrap_or("")
    }

    pub(super) fn ident(&self, token: Token) -> Ident {
        Ident {
            name: token.text(self.text).into(),
            span: self.span(&(token.start..token.end)),
        }
    }

    /// What stands for an expression that could not be read: a value that is not known.
    pub(super) fn unreadable(&self, range: &Bytes) -> Expr {
        Expr {
            kind: ExprKind::Literal(Value::unknown(Type::Any)),
            span: self.span(range),
        }
    }

    /// The expression in a range of the text.
    pub(super) fn expression(&mut self, range: &Bytes) -> Expr {
        let pieces = self.pieces;
        match pieces.at(range) {
            None | Some(Piece::Group) => self.parse(range),
            Some(piece) => self.piece(piece, range),
        }
    }

    fn piece(&mut self, piece: &Piece, range: &Bytes) -> Expr {
        let span = self.span(range);
        let kind = match piece {
            Piece::Group => return self.parse(range),
            Piece::Number | Piece::Index => self.number(range),
            Piece::Template(template) => self.template(template),
            Piece::Object(items) => {
                let mut out = Vec::with_capacity(items.len());
                for item in items {
                    let key = if item.bare {
                        Expr {
                            kind: ExprKind::Literal(Value::string(self.slice(&item.key))),
                            span: self.span(&item.key),
                        }
                    } else {
                        self.expression(&item.key)
                    };
                    out.push(ObjectItem {
                        key,
                        value: self.expression(&item.value),
                        json: false,
                    });
                }
                ExprKind::Object(out)
            }
            Piece::Chain(operands, operators) => return self.chain(operands, operators),
        };
        Expr { kind, span }
    }

    fn number(&mut self, range: &Bytes) -> ExprKind {
        let text = self.slice(range);
        match parse_number(text) {
            Some(n) => ExprKind::Literal(Value::number(n)),
            None => {
                let detail = format!("{text:?} is not a number that can be represented.");
                let span = self.span(range);
                self.diagnostics.error_at(span, "Invalid number literal", detail);
                ExprKind::Literal(Value::unknown(Type::Number))
            }
        }
    }

    /// A long row of operators, by their precedence.
    fn chain(&mut self, operands: &[Bytes], operators: &[(BinaryOp, Bytes)]) -> Expr {
        let mut values: Vec<Expr> = Vec::new();
        let mut waiting: Vec<(BinaryOp, Span)> = Vec::new();
        let combine = |values: &mut Vec<Expr>, (op, at): (BinaryOp, Span)| {
            if let (Some(right), Some(left)) = (values.pop(), values.pop()) {
                let span = left.span.cover(right.span);
                values.push(Expr {
                    kind: ExprKind::Binary(op, at, Box::new(left), Box::new(right)),
                    span,
                });
            }
        };
        for (i, operand) in operands.iter().enumerate() {
            let expr = self.expression(operand);
            values.push(expr);
            if let Some((op, at)) = operators.get(i) {
                while let Some(top) = waiting.pop_if(|(top, _)| precedence(*top) >= precedence(*op)) {
                    combine(&mut values, top);
                }
                waiting.push((*op, self.span(at)));
            }
        }
        while let Some(top) = waiting.pop() {
            combine(&mut values, top);
        }
        match values.pop() {
            Some(e) => e,
            None => self.unreadable(&(0..0)),
        }
    }

    /// What a template evaluates as.
    pub(super) fn template(&mut self, template: &Template) -> ExprKind {
        match template.parts.as_slice() {
            [] => ExprKind::Literal(Value::string("")),
            [Part::Text(text)] => ExprKind::Literal(Value::string(text.as_str())),
            [Part::Interpolation(range)] if template.wraps => {
                ExprKind::Wrap(Box::new(self.expression(range)))
            }
            parts => ExprKind::Template(self.parts(parts)),
        }
    }

    fn parts(&mut self, parts: &[Part]) -> Vec<TemplatePart> {
        let mut out = Vec::with_capacity(parts.len());
        for part in parts {
            out.push(match part {
                Part::Text(text) if text.is_empty() => continue,
                Part::Text(text) => TemplatePart::Text(text.as_str().into()),
                Part::Interpolation(range) => TemplatePart::Interpolation(self.expression(range)),
                Part::If {
                    condition,
                    yes,
                    no,
                    span,
                } => TemplatePart::If {
                    condition: Box::new(self.expression(condition)),
                    yes: self.parts(yes),
                    no: self.parts(no),
                    span: self.span(span),
                },
                Part::For {
                    key,
                    value,
                    collection,
                    body,
                    span,
                } => TemplatePart::For {
                    key: key.map(|k| self.ident(k)),
                    value: self.ident(*value),
                    collection: Box::new(self.expression(collection)),
                    body: self.parts(body),
                    span: self.span(span),
                },
            });
        }
        out
    }

    /// Hands a range to hcl-edit, its pieces masked.
    fn parse(&mut self, range: &Bytes) -> Expr {
        let source = self.slice(range);
        // The commonest of all, without a detour.
        if let Some(simple) = self.simple(source, range) {
            return simple;
        }
        let masked = masked(self.text, self.pieces, range);
        let base = range.start.wrapping_sub(1);
        match hcl_edit::parser::parse_expr(&masked) {
            Ok(hcl::Expression::Parenthesis(p)) => self.lower(p.inner(), base, range),
            Ok(expr) => self.lower(&expr, base, range),
            Err(error) => {
                let at = (base.wrapping_add(error.location().offset() as u32)).clamp(range.start, range.end);
                let d = Diagnostic::error(
                    "Invalid expression",
                    format!("This expression could not be read: {}.", error.message()),
                )
                .at(self.span(&(at..at)))
                .within(self.span(range));
                self.diagnostics.push(d);
                self.unreadable(range)
            }
        }
    }

    /// A lone name, plain names with dots between, or a short whole number.
    fn simple(&self, source: &str, range: &Bytes) -> Option<Expr> {
        let span = self.span(range);
        let first = source.bytes().next()?;
        if first.is_ascii_digit() && source.len() <= 15 && source.bytes().all(|b| b.is_ascii_digit()) {
            let n: i64 = source.parse().ok()?;
            return Some(Expr {
                kind: ExprKind::Literal(Value::number(n)),
                span,
            });
        }
        let mut names = source.split('.');
        let root = names.next().filter(|n| is_plain_name(n))?;
        if root.len() == source.len() {
            return Some(self.name(root, span));
        }
        if matches!(root, "true" | "false" | "null") {
            return None;
        }
        let mut at = range.start + root.len() as u32;
        let root = Ident {
            name: root.into(),
            span: self.span(&(range.start..at)),
        };
        let mut steps = Vec::with_capacity(2);
        for name in names {
            let end = at + 1 + name.len() as u32;
            steps.push(Step {
                kind: StepKind::Attr(Some(name).filter(|n| is_plain_name(n))?.into()),
                span: self.span(&(at..end)),
            });
            at = end;
        }
        Some(traversal(root, steps))
    }

    fn name(&self, name: &str, span: Span) -> Expr {
        let kind = match name {
            "true" => ExprKind::Literal(Value::bool(true)),
            "false" => ExprKind::Literal(Value::bool(false)),
            "null" => ExprKind::Literal(Value::null(Type::Any)),
            _ => {
                let root = Ident {
                    name: name.into(),
                    span,
                };
                return traversal(root, Vec::new());
            }
        };
        Expr { kind, span }
    }

    /// `base` is what hcl-edit's offsets are counted from; `whole` stands in where it gives no span.
    fn lower(&mut self, expr: &hcl::Expression, base: u32, whole: &Bytes) -> Expr {
        let range = range_of(expr.span(), base, whole);
        let span = self.span(&range);
        let boxed = |this: &mut Self, e: &hcl::Expression| Box::new(this.lower(e, base, whole));
        let kind = match expr {
            hcl::Expression::Null(_) => ExprKind::Literal(Value::null(Type::Any)),
            hcl::Expression::Bool(b) => ExprKind::Literal(Value::bool(*b.value())),
            hcl::Expression::Number(_) => match self.slice(&range).strip_prefix('-') {
                // hcl-edit takes a sign into the number; in the language it is an operator.
                Some(rest) => {
                    // Space and comments may stand between the two.
                    let from = rest
                        .rfind(|c: char| c.is_whitespace() || c == '/')
                        .map_or(0, |i| i + 1);
                    let digits = range.end - (rest.len() - from) as u32..range.end;
                    let number = Expr {
                        kind: self.number(&digits),
                        span: self.span(&digits),
                    };
                    ExprKind::Unary(UnaryOp::Negate, Box::new(number))
                }
                None => self.number(&range),
            },
            hcl::Expression::Variable(_) => {
                let name = self.slice(&range);
                return self.name(name, span);
            }
            hcl::Expression::Parenthesis(p) => ExprKind::Parens(boxed(self, p.inner())),
            hcl::Expression::Array(items) => {
                if range != *whole
                    && let Some(piece) = self.pieces.at(&range)
                {
                    return self.piece(piece, &range);
                }
                ExprKind::Tuple(items.iter().map(|e| self.lower(e, base, whole)).collect())
            }
            hcl::Expression::Conditional(c) => ExprKind::Conditional(
                boxed(self, &c.cond_expr),
                boxed(self, &c.true_expr),
                boxed(self, &c.false_expr),
            ),
            hcl::Expression::UnaryOp(u) => {
                let op = match u.operator.value() {
                    hcl::UnaryOperator::Neg => UnaryOp::Negate,
                    hcl::UnaryOperator::Not => UnaryOp::Not,
                };
                ExprKind::Unary(op, boxed(self, &u.expr))
            }
            hcl::Expression::BinaryOp(b) => {
                let at = self.span(&range_of(b.operator.span(), base, &range));
                ExprKind::Binary(
                    binary(*b.operator.value()),
                    at,
                    boxed(self, &b.lhs_expr),
                    boxed(self, &b.rhs_expr),
                )
            }
            hcl::Expression::FuncCall(call) => {
                let mut name = String::new();
                let mut name_range = range_of(call.name.name.span(), base, &range);
                for part in &call.name.namespace {
                    name_range.start = name_range.start.min(range_of(part.span(), base, &range).start);
                    name.push_str(part.as_str());
                    name.push_str("::");
                }
                name.push_str(call.name.name.as_str());
                ExprKind::Call(Box::new(Call {
                    name: name.into(),
                    name_span: self.span(&name_range),
                    args: call.args.iter().map(|e| self.lower(e, base, whole)).collect(),
                    expand: call.args.expand_final(),
                }))
            }
            hcl::Expression::Traversal(t) => return self.traverse(t, base, whole, range.start),
            hcl::Expression::ForExpr(f) => {
                let name = |this: &Self, i: &hcl_edit::Decorated<hcl_edit::Ident>| Ident {
                    name: i.as_str().into(),
                    span: this.span(&range_of(i.span(), base, &range)),
                };
                ExprKind::For(Box::new(For {
                    key_name: f.intro.key_var.as_ref().map(|k| name(self, k)),
                    value_name: name(self, &f.intro.value_var),
                    collection: self.lower(&f.intro.collection_expr, base, whole),
                    key: f.key_expr.as_ref().map(|k| self.lower(k, base, whole)),
                    value: self.lower(&f.value_expr, base, whole),
                    condition: f.cond.as_ref().map(|c| self.lower(&c.expr, base, whole)),
                    group: f.grouping,
                }))
            }
            // Strings, heredocs and objects are always masked.
            hcl::Expression::String(_)
            | hcl::Expression::StringTemplate(_)
            | hcl::Expression::HeredocTemplate(_)
            | hcl::Expression::Object(_) => return self.unreadable(&range),
        };
        Expr { kind, span }
    }
}

/// A name of letters that need no table.
fn is_plain_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    matches!(bytes.first(), Some(b) if b.is_ascii_alphabetic() || *b == b'_')
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

fn range_of(span: Option<std::ops::Range<usize>>, base: u32, fallback: &Bytes) -> Bytes {
    match span {
        Some(s) => base.wrapping_add(s.start as u32)..base.wrapping_add(s.end as u32),
        None => fallback.clone(),
    }
}

fn parse_number(text: &str) -> Option<Number> {
    match text.parse::<i64>() {
        Ok(n) => Some(Number::from(n)),
        Err(_) => Number::parse(text),
    }
}

fn binary(op: hcl::BinaryOperator) -> BinaryOp {
    use hcl::BinaryOperator as B;
    match op {
        B::Eq => BinaryOp::Eq,
        B::NotEq => BinaryOp::NotEq,
        B::LessEq => BinaryOp::LessEq,
        B::GreaterEq => BinaryOp::GreaterEq,
        B::Less => BinaryOp::Less,
        B::Greater => BinaryOp::Greater,
        B::Plus => BinaryOp::Add,
        B::Minus => BinaryOp::Sub,
        B::Mul => BinaryOp::Mul,
        B::Div => BinaryOp::Div,
        B::Mod => BinaryOp::Rem,
        B::And => BinaryOp::And,
        B::Or => BinaryOp::Or,
    }
}

fn precedence(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => 1,
        BinaryOp::And => 2,
        BinaryOp::Eq | BinaryOp::NotEq => 3,
        BinaryOp::Less | BinaryOp::LessEq | BinaryOp::Greater | BinaryOp::GreaterEq => 4,
        BinaryOp::Add | BinaryOp::Sub => 5,
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => 6,
    }
}
