//! Expressions: operators, terms and the steps behind them.

use super::Checker;
use super::MAX_DEPTH;
use super::MAX_HEIGHT;
use super::MAX_OPERATORS;
use crate::syntax::shape::Bytes;
use crate::syntax::shape::Piece;
use crate::syntax::token::Kind;
use crate::syntax::token::Token;
use crate::syntax::tree::BinaryOp;

/// At every so many levels an expression is read for itself, so that no reader has to go deeper than this.
const GROUP_EVERY: u32 = 12;

/// A row of more operators than this is read operand by operand.
const CHAIN_FROM: usize = 8;

/// An index behind a dot with more digits than these is no index of anything.
const LONGEST_LEGACY_INDEX: usize = 18;

fn operator(kind: Kind) -> Option<BinaryOp> {
    Some(match kind {
        Kind::Plus => BinaryOp::Add,
        Kind::Minus => BinaryOp::Sub,
        Kind::Star => BinaryOp::Mul,
        Kind::Slash => BinaryOp::Div,
        Kind::Percent => BinaryOp::Rem,
        Kind::EqualEqual => BinaryOp::Eq,
        Kind::NotEqual => BinaryOp::NotEq,
        Kind::Less => BinaryOp::Less,
        Kind::LessEqual => BinaryOp::LessEq,
        Kind::Greater => BinaryOp::Greater,
        Kind::GreaterEqual => BinaryOp::GreaterEq,
        Kind::And => BinaryOp::And,
        Kind::Or => BinaryOp::Or,
        _ => return None,
    })
}

impl Checker<'_> {
    /// An expression; the result is its range.
    pub(super) fn expression(&mut self) -> Bytes {
        self.nested(Self::conditional)
    }

    /// Runs `inner` one level deeper, and refuses to go too deep.
    fn nested(&mut self, inner: impl FnOnce(&mut Self) -> Bytes) -> Bytes {
        if self.depth >= MAX_DEPTH {
            let next = self.peek();
            if !self.lost {
                self.error(
                    next,
                    "Nesting too deep",
                    format!("Blocks and expressions can be nested {MAX_DEPTH} levels deep, and this is deeper. Move a part of the expression to a local value."),
                );
            }
            self.lose_way();
            return next.start..next.start;
        }
        self.depth += 1;
        let beside = std::mem::take(&mut self.height);
        let range = inner(self);
        self.height += 1;
        if self.height > MAX_HEIGHT {
            if !self.lost {
                self.error_in(
                    range.clone(),
                    "Nesting too deep",
                    "This expression has too many levels and operators inside each other. Move a part of it to a local value.",
                );
            }
            self.lose_way();
        }
        self.height = self.height.max(beside);
        if self.depth.is_multiple_of(GROUP_EVERY) && !self.lost && range.end > range.start {
            self.pieces.add(&range, Piece::Group);
        }
        self.depth -= 1;
        range
    }

    fn conditional(&mut self) -> Bytes {
        let start = self.peek().start;
        let before = self.diagnostics.len();
        let condition = self.operators();
        if self.failed_since(before) || self.peek().kind != Kind::Question {
            return condition;
        }
        self.read();
        let before = self.diagnostics.len();
        self.expression();
        if self.failed_since(before) {
            return condition;
        }
        let colon = self.peek();
        if colon.kind != Kind::Colon {
            self.error_since(
                start,
                colon,
                "Missing false expression in conditional",
                "The conditional operator is written \"condition ? if_true : if_false\"; the colon and what follows it are missing.",
            );
            return condition;
        }
        self.read();
        let last = self.expression();
        start..last.end.max(start)
    }

    fn operators(&mut self) -> Bytes {
        let mut operands: Vec<Bytes> = Vec::new();
        let mut ops: Vec<(BinaryOp, Bytes)> = Vec::new();
        loop {
            let before = self.diagnostics.len();
            operands.push(self.term_with_steps());
            if self.failed_since(before) {
                break;
            }
            let next = self.peek();
            let Some(op) = operator(next.kind) else {
                break;
            };
            if ops.len() == MAX_OPERATORS {
                if !self.lost {
                    self.error(
                        next,
                        "Nesting too deep",
                        format!("An expression can have {MAX_OPERATORS} operators in a row, and this has more. Move a part of it to a local value, or use a function such as sum, alltrue, anytrue or join."),
                    );
                }
                self.lose_way();
                break;
            }
            self.read();
            ops.push((op, next.start..next.end));
        }
        self.height += ops.len() as u32;
        let start = operands.first().map_or(self.last.start, |r| r.start);
        let end = operands.last().map_or(start, |r| r.end.max(start));
        if ops.len() > CHAIN_FROM && ops.len() + 1 == operands.len() {
            self.pieces.add(&(start..end), Piece::Chain(operands, ops));
        }
        start..end
    }

    fn term_with_steps(&mut self) -> Bytes {
        let term = self.term();
        let end = self.steps(term.end);
        term.start..end
    }

    /// What may follow a term: attributes, indexes, splats. The result is the end of the last one.
    fn steps(&mut self, mut end: u32) -> u32 {
        loop {
            match self.peek().kind {
                Kind::Dot => {
                    let dot = self.read();
                    let next = self.peek();
                    match next.kind {
                        Kind::Name => end = self.read().end,
                        Kind::Number => end = self.legacy_index(),
                        Kind::Star => end = self.attribute_splat(),
                        _ => {
                            self.no_attribute(dot, next);
                            self.lose_way();
                        }
                    }
                }
                Kind::OpenBracket => {
                    self.read();
                    self.height += 1;
                    end = if self.peek().kind == Kind::Star {
                        self.full_splat()
                    } else {
                        self.index()
                    };
                }
                _ => return end,
            }
        }
    }

    fn no_attribute(&mut self, dot: Token, next: Token) {
        self.error_since(
            dot.start,
            next,
            "Invalid attribute name",
            "The name of an attribute is expected behind a dot.",
        );
    }

    /// `.0`, a way to write `[0]` that very old configurations use.
    fn legacy_index(&mut self) -> u32 {
        let number = self.read();
        if let Some((first, second)) = self.text_of(number).split_once('.') {
            self.error(
                number,
                "Invalid legacy index syntax",
                format!("Two indexes cannot be chained with dots. Write [{first}][{second}]."),
            );
        } else if self.text_of(number).len() > LONGEST_LEGACY_INDEX {
            self.error(
                number,
                "Invalid legacy index syntax",
                "An index behind a dot has no more than 18 digits. Write it in brackets: [0].",
            );
        } else {
            let text = self.text_of(number);
            if text.contains(['e', 'E']) || (text.starts_with('0') && text.len() > 1) {
                self.pieces.add(&(number.start..number.end), Piece::Index);
            }
        }
        number.end
    }

    fn attribute_splat(&mut self) -> u32 {
        self.height += 1;
        let mut end = self.read().end;
        while self.peek().kind == Kind::Dot {
            let dot = self.read();
            let next = self.peek();
            match next.kind {
                Kind::Number => end = self.legacy_index(),
                Kind::Name => end = self.read().end,
                Kind::Star => {
                    if !self.lost {
                        self.error(
                            next,
                            "Nested splat expression not allowed",
                            "Behind \".*\" no second \".*\" can follow. Use \"[*]\" for both.",
                        );
                    }
                    self.lose_way();
                    return end;
                }
                _ => {
                    if !self.lost {
                        self.no_attribute(dot, next);
                    }
                    self.lose_way();
                    return end;
                }
            }
        }
        end
    }

    fn full_splat(&mut self) -> u32 {
        let star = self.read();
        let close = self.read();
        if close.kind == Kind::CloseBracket || self.lost {
            return close.end;
        }
        let detail = format!(
            "The star of a splat on line {} must be followed by a closing bracket: \"[*]\".",
            self.line(star.start)
        );
        self.missing_bracket(star, "Missing close bracket on splat index", detail)
    }

    fn index(&mut self) -> u32 {
        let open = self.last;
        self.newlines.push(false);
        let before = self.diagnostics.len();
        self.expression();
        let end = if self.failed_since(before) {
            self.recover(Kind::CloseBracket).end
        } else {
            let close = self.read();
            if close.kind == Kind::CloseBracket || self.lost {
                close.end
            } else {
                let detail = format!(
                    "The index that begins on line {} is one expression in brackets; its closing bracket (\"]\") is missing before {:?}.",
                    self.line(open.start),
                    self.text_of(close)
                );
                self.missing_bracket(open, "Missing close bracket on index", detail)
            }
        };
        self.newlines.pop();
        end
    }

    /// Reports a bracket that is missing, at the token where one is found at last, as Terraform does; the context
    /// begins where it was opened.
    fn missing_bracket(&mut self, open: Token, summary: &str, detail: String) -> u32 {
        let found = self.recover(Kind::CloseBracket);
        self.error_since(open.start, found, summary, detail);
        found.end
    }

    fn term(&mut self) -> Bytes {
        let start = self.peek();
        match start.kind {
            Kind::OpenParen => self.parens(),
            Kind::Number => {
                self.read();
                self.check_number(start);
                start.start..start.end
            }
            Kind::Name => {
                self.read();
                if matches!(self.peek().kind, Kind::OpenParen | Kind::DoubleColon) {
                    self.call(start)
                } else {
                    start.start..start.end
                }
            }
            Kind::OpenQuote | Kind::OpenHeredoc => {
                let open = self.read();
                let flush = self.text_of(open).starts_with("<<-");
                // INVARIANT: both kinds have a closer.
                let closer = start.kind.closer().unwrap_or(Kind::End);
                let template = self.template(closer, flush);
                let range = open.start..self.last.end;
                self.pieces.add(&range, Piece::Template(template));
                range
            }
            Kind::Minus | Kind::Bang => {
                self.read();
                let operand = self.nested(Self::term_with_steps);
                start.start..operand.end.max(start.end)
            }
            Kind::OpenBracket => self.tuple(),
            Kind::OpenBrace => self.object(),
            _ => {
                if !self.lost {
                    self.no_expression(start);
                }
                self.lose_way();
                start.start..start.start
            }
        }
    }

    fn no_expression(&mut self, at: Token) {
        if at.kind == Kind::End {
            self.error(
                at,
                "Missing expression",
                "An expression is expected here, but the text ends.",
            );
            return;
        }
        let detail = match at.kind {
            Kind::Apostrophe => "Strings are put into double quotes (\"), not into single ones.".to_owned(),
            Kind::Newline => {
                "An expression is expected before the end of the line. An expression of several lines needs parentheses around it.".to_owned()
            }
            Kind::Star if self.text.as_bytes().get(at.start.wrapping_sub(1) as usize) == Some(&b'/') => {
                "This comment is not closed. Write \"*/\" where it ends.".to_owned()
            }
            Kind::Equal => "An expression is expected here, not a second equals sign.".to_owned(),
            _ if self.text[at.start as usize..].starts_with("${") => {
                "An expression is expected here. Outside of a string it is written as it is, without \"${\" and \"}\".".to_owned()
            }
            _ => format!("An expression is expected here, and none begins with {:?}.", self.text_of(at)),
        };
        self.error(at, "Invalid expression", detail);
    }

    fn parens(&mut self) -> Bytes {
        let open = self.read();
        self.newlines.push(false);
        let before = self.diagnostics.len();
        self.expression();
        if self.diagnostics.len() > before {
            self.recover(Kind::CloseParen);
            self.newlines.pop();
            return open.start..self.last.end;
        }
        let close = self.peek();
        if close.kind != Kind::CloseParen {
            self.error_since(
                open.start,
                close,
                "Unbalanced parentheses",
                "A closing parenthesis (\")\") is expected here.",
            );
            self.lose_way();
        }
        let close = self.read();
        self.newlines.pop();
        open.start..close.end
    }

    fn check_number(&mut self, number: Token) {
        let text = self.text_of(number);
        if text.matches('.').count() > 1 || text.matches(['e', 'E']).count() > 1 || !decimal(text) {
            self.error(
                number,
                "Invalid number literal",
                format!("{text:?} is not a number: digits, at most one point, and at most one exponent."),
            );
        } else if text.len() > 15 || text.contains(['e', 'E']) {
            self.pieces.add(&(number.start..number.end), Piece::Number);
        }
    }

    /// A call, behind its first name.
    fn call(&mut self, name: Token) -> Bytes {
        let mut open = self.read();
        while open.kind == Kind::DoubleColon {
            let next = self.read();
            if next.kind != Kind::Name {
                self.error_since(
                    name.start,
                    next,
                    "Missing function name",
                    "Behind \"::\" the name of a function is expected.",
                );
                self.recover_over_call();
                return name.start..self.last.end;
            }
            open = self.read();
        }
        if open.kind != Kind::OpenParen {
            self.error_since(
                name.start,
                open,
                "Missing open parenthesis",
                "A name with \"::\" is a function's, and its arguments in parentheses must follow.",
            );
            self.recover_over_call();
            return name.start..self.last.end;
        }
        self.newlines.push(false);
        self.arguments(name, open);
        self.newlines.pop();
        name.start..self.last.end
    }

    fn recover_over_call(&mut self) {
        self.lose_way();
        while !matches!(self.read().kind, Kind::OpenParen | Kind::End) {}
        self.recover(Kind::CloseParen);
    }

    fn arguments(&mut self, name: Token, open: Token) {
        loop {
            if self.peek().kind == Kind::CloseParen {
                self.read();
                return;
            }
            let before = self.diagnostics.len();
            self.expression();
            if self.failed_since(before) {
                self.recover(Kind::CloseParen);
                return;
            }
            let separator = self.read();
            match separator.kind {
                Kind::CloseParen => return,
                Kind::Comma => {}
                Kind::Ellipsis => {
                    if self.peek().kind == Kind::CloseParen {
                        self.read();
                        return;
                    }
                    if !self.lost {
                        self.error_since(
                            name.start,
                            separator,
                            "Missing closing parenthesis",
                            "An expanded argument (\"...\") is the last one: a closing parenthesis must follow.",
                        );
                    }
                    self.recover(Kind::CloseParen);
                    return;
                }
                Kind::End => {
                    let function = self.text_of(name);
                    self.error_in(
                        name.start..open.end,
                        "Unterminated function call",
                        format!("The arguments of {function} are not closed before the end: a closing parenthesis (\")\") is missing."),
                    );
                    self.recover(Kind::CloseParen);
                    return;
                }
                _ => {
                    self.error_since(
                        name.start,
                        separator,
                        "Missing argument separator",
                        "Arguments of a function are separated by commas, and one is missing before this.",
                    );
                    self.recover(Kind::CloseParen);
                    return;
                }
            }
        }
    }
}

/// Whether a text of digits, points and exponents is a decimal number.
fn decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((m, e)) => (m, Some(e.strip_prefix(['+', '-']).unwrap_or(e))),
        None => (text, None),
    };
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    mantissa.split('.').all(digits)
        && mantissa.starts_with(|c: char| c.is_ascii_digit())
        && exponent.is_none_or(|e| !e.is_empty() && digits(e))
}
