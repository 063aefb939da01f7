//! Tuples, objects and `for` expressions.

use super::Checker;
use crate::syntax::shape::Bytes;
use crate::syntax::shape::ItemShape;
use crate::syntax::shape::Piece;
use crate::syntax::token::Kind;
use crate::syntax::token::Token;

const FOR: &str = "Invalid 'for' expression";

impl Checker<'_> {
    pub(super) fn tuple(&mut self) -> Bytes {
        let open = self.read();
        self.newlines.push(false);
        if self.at_keyword("for") {
            self.for_expression(open, Kind::CloseBracket);
        } else {
            self.items(open);
        }
        self.newlines.pop();
        open.start..self.last.end
    }

    fn items(&mut self, open: Token) {
        loop {
            if self.peek().kind == Kind::CloseBracket {
                self.read();
                return;
            }
            let before = self.diagnostics.len();
            self.expression();
            if self.failed_since(before) {
                self.recover(Kind::CloseBracket);
                return;
            }
            let next = self.peek();
            match next.kind {
                Kind::CloseBracket => {
                    self.read();
                    return;
                }
                Kind::Comma => {
                    self.read();
                }
                kind => {
                    if !self.lost {
                        if kind == Kind::End {
                            self.error(
                                open,
                                "Unterminated tuple constructor expression",
                                "This bracket is not closed before the end of the file: a closing bracket (\"]\") is missing.",
                            );
                        } else {
                            let unclosed = self.maybe_unclosed(open, next);
                            self.error_since(
                                open.start,
                                next,
                                "Missing item separator",
                                format!(
                                    "Items are separated by commas, also on lines of their own, and one is missing before this.{unclosed}"
                                ),
                            );
                        }
                    }
                    self.recover(Kind::CloseBracket);
                    return;
                }
            }
        }
    }

    pub(super) fn object(&mut self) -> Bytes {
        let open = self.read();
        self.newlines.push(false);
        let comprehension = self.at_keyword("for");
        self.newlines.pop();
        if comprehension {
            self.newlines.push(false);
            self.for_expression(open, Kind::CloseBrace);
            self.newlines.pop();
            return open.start..self.last.end;
        }
        self.newlines.push(true);
        let items = self.attributes(open);
        self.newlines.pop();
        let range = open.start..self.last.end;
        if let Some(items) = items {
            self.pieces.add(&range, Piece::Object(items));
        }
        range
    }

    /// The items of an object up to its closing brace; nothing if they are not well formed.
    fn attributes(&mut self, open: Token) -> Option<Vec<ItemShape>> {
        let mut items = Vec::new();
        loop {
            let next = self.peek();
            match next.kind {
                Kind::Newline => {
                    self.read();
                    continue;
                }
                Kind::CloseBrace => {
                    self.read();
                    return Some(items);
                }
                _ => {}
            }
            let before = self.diagnostics.len();
            let key = self.expression();
            if self.failed_since(before) {
                self.recover(Kind::CloseBrace);
                return None;
            }
            let bare = next.kind == Kind::Name && key.end == next.end;
            let separator = self.peek();
            if !matches!(separator.kind, Kind::Equal | Kind::Colon) {
                self.no_separator(open, separator);
                self.recover(Kind::CloseBrace);
                return None;
            }
            self.read();
            let before = self.diagnostics.len();
            let value = self.expression();
            if self.failed_since(before) {
                self.recover(Kind::CloseBrace);
                return None;
            }
            items.push(ItemShape { key, bare, value });
            let next = self.peek();
            match next.kind {
                Kind::CloseBrace => {
                    self.read();
                    return Some(items);
                }
                Kind::Comma | Kind::Newline => {
                    self.read();
                }
                kind => {
                    if !self.lost {
                        if kind == Kind::End {
                            self.unterminated_object(open);
                        } else {
                            self.error_since(
                                open.start,
                                next,
                                "Missing attribute separator",
                                "The attributes of an object are separated by line ends or commas, and none is before this.",
                            );
                        }
                    }
                    self.recover(Kind::CloseBrace);
                    return None;
                }
            }
        }
    }

    fn unterminated_object(&mut self, open: Token) {
        self.error(
            open,
            "Unterminated object constructor expression",
            "This brace is not closed before the end of the file: a closing brace (\"}\") is missing.",
        );
    }

    fn no_separator(&mut self, open: Token, at: Token) {
        if self.lost {
            return;
        }
        match at.kind {
            Kind::Newline | Kind::Comma => self.error_since(
                open.start,
                at,
                "Missing attribute value",
                "This attribute of an object has no value: an equals sign (\"=\") and an expression are expected.",
            ),
            Kind::End => self.unterminated_object(open),
            kind => {
                let quotes = if kind == Kind::Name {
                    " A name with points or spaces must be put into quotes."
                } else {
                    ""
                };
                let unclosed = self.maybe_unclosed(open, at);
                self.error_since(
                    open.start,
                    at,
                    "Missing key/value separator",
                    format!(
                        "An equals sign (\"=\") is expected between the name of an attribute and its value.{quotes}{unclosed}"
                    ),
                );
            }
        }
    }

    /// Where what is open began on an earlier line, its end may be what is missing.
    fn maybe_unclosed(&self, open: Token, at: Token) -> String {
        let (began, here) = (self.line(open.start), self.line(at.start));
        if began == here {
            return String::new();
        }
        let (bracket, closer) = match open.kind {
            Kind::OpenBracket => ("[", "]"),
            _ => ("{", "}"),
        };
        format!(" Or the \"{bracket}\" on line {began} is not closed: a \"{closer}\" is missing.")
    }

    /// A `for` expression, behind its opening bracket or brace.
    fn for_expression(&mut self, open: Token, closer: Kind) {
        self.read();
        if !self.for_intro(open) {
            self.recover(closer);
            return;
        }
        let before = self.diagnostics.len();
        self.expression();
        if self.failed_since(before) {
            self.recover(closer);
            return;
        }
        let colon = self.peek();
        if colon.kind != Kind::Colon {
            self.bad_for(
                open,
                colon,
                "A colon is expected behind what is walked: [for x in xs : x].",
            );
            self.recover(closer);
            return;
        }
        self.read();
        let before = self.diagnostics.len();
        let mut value = self.expression();
        let mut key = None;
        if self.peek().kind == Kind::FatArrow {
            self.read();
            key = Some(value);
            value = self.expression();
        }
        if self.failed_since(before) {
            self.recover(closer);
            return;
        }
        let mut ellipsis = None;
        if self.peek().kind == Kind::Ellipsis {
            ellipsis = Some(self.read());
        }
        if self.at_keyword("if") {
            self.read();
            let before = self.diagnostics.len();
            self.expression();
            if self.failed_since(before) {
                self.recover(closer);
                return;
            }
        }
        let close = self.peek();
        if close.kind == closer {
            self.read();
        } else {
            self.bad_for(
                open,
                close,
                "Something stands behind the end of the 'for' expression; a closing bracket or brace is expected here.",
            );
            self.recover(closer);
        }
        let end = self.last.end;
        if closer == Kind::CloseBracket {
            if let Some(key) = key {
                self.for_part(
                    open,
                    end,
                    key,
                    "A list has no keys. For an object use braces: {for k, v in xs : k => v}.",
                );
            }
            if let Some(ellipsis) = ellipsis {
                self.for_part(
                    open,
                    end,
                    ellipsis.start..ellipsis.end,
                    "Grouping (\"...\") gathers values of equal keys, and a list has no keys.",
                );
            }
        } else if key.is_none() {
            self.for_part(
                open,
                end,
                value,
                "An object needs a key for each value: {for k, v in xs : k => v}. For a list use brackets.",
            );
        }
    }

    /// `k, v in`
    fn for_intro(&mut self, open: Token) -> bool {
        let mut next = self.peek();
        if next.kind != Kind::Name {
            self.bad_for(open, next, "The name of a variable is expected behind 'for'.");
            return false;
        }
        self.read();
        if self.peek().kind == Kind::Comma {
            self.read();
            next = self.peek();
            if next.kind != Kind::Name {
                self.bad_for(
                    open,
                    next,
                    "The name of the variable for the value is expected behind the comma.",
                );
                return false;
            }
            self.read();
        }
        if !self.at_keyword("in") {
            let next = self.peek();
            self.bad_for(
                open,
                next,
                "The word 'in' is expected behind the names of the variables.",
            );
            return false;
        }
        self.read();
        true
    }

    fn bad_for(&mut self, open: Token, at: Token, detail: &str) {
        if !self.lost {
            self.error_since(open.start, at, FOR, detail);
        }
    }

    fn for_part(&mut self, open: Token, end: u32, part: Bytes, detail: &str) {
        let d = crate::diag::Diagnostic::error(FOR, detail)
            .at(self.place.span(&part))
            .within(self.place.span(&(open.start..end)));
        self.diagnostics.push(d);
    }
}
