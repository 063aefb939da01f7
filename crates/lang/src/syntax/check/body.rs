//! Bodies: arguments and blocks.

use std::collections::HashMap;

use super::Checker;
use super::MAX_DEPTH;
use crate::syntax::shape::AttributeShape;
use crate::syntax::shape::BlockShape;
use crate::syntax::shape::BodyShape;
use crate::syntax::token::Kind;
use crate::syntax::token::Token;

const REQUIRED: &str = "Argument or block definition required";
const UNCLOSED: &str = "Unclosed configuration block";

impl Checker<'_> {
    /// Items up to `end`, which is taken too.
    pub(super) fn body(&mut self, end: Kind) -> BodyShape {
        let open = self.last;
        let mut body = BodyShape {
            span: open.end..open.end,
            ..BodyShape::default()
        };
        let mut seen: HashMap<&str, Token> = HashMap::new();
        loop {
            let next = self.peek();
            if next.kind == end {
                self.read();
                body.span.end = next.start;
                body.end = next.start..next.end;
                return body;
            }
            match next.kind {
                Kind::Newline => {
                    self.read();
                }
                Kind::Name => {
                    let count = body.attributes.len();
                    self.item(&mut body);
                    if let Some(new) = body.attributes.get(count) {
                        let name = self.text_of(new.name);
                        match seen.get(name) {
                            Some(first) => {
                                let line = self.line(first.start);
                                let token = new.name;
                                self.error(
                                    token,
                                    "Attribute redefined",
                                    format!("The argument {name:?} is already set on line {line}. Each argument may be set only once."),
                                );
                                body.attributes.pop();
                            }
                            None => {
                                seen.insert(name, new.name);
                            }
                        }
                    }
                }
                kind => {
                    self.read();
                    if !self.lost {
                        match kind {
                            Kind::OpenQuote => self.error(
                                next,
                                "Invalid argument name",
                                "The name of an argument is written without quotes.",
                            ),
                            Kind::End => self.error(open, UNCLOSED, self.unclosed(open)),
                            Kind::CloseBrace => self.error(
                                next,
                                REQUIRED,
                                "This closing brace closes nothing: every block above it is closed already. An argument or block is expected here.",
                            ),
                            _ => self.error(next, REQUIRED, "An argument or a block is expected here."),
                        }
                    }
                    self.recover(end);
                    body.span.end = self.last.start;
                    body.end = self.last.start..self.last.end;
                    return body;
                }
            }
        }
    }

    fn unclosed(&self, open: Token) -> String {
        let line = self.line(open.start);
        let mut out = format!(
            "The block that begins on line {line} is not closed before the end of the file: a closing brace \"}}\" is missing, here or in a block inside it."
        );
        // An item that starts a line at the far left inside an open block is most likely meant to be outside.
        let suspect = self.tokens.windows(2).find(|pair| {
            pair[0].start > open.start
                && (pair[0].kind == Kind::Newline
                    || (pair[0].kind == Kind::Comment && pair[0].text(self.text).ends_with('\n')))
                && pair[1].kind == Kind::Name
                && pair[1].start == pair[0].end
        });
        if let Some([_, item]) = suspect {
            let at = self.line(item.start);
            out.push_str(&format!(
                " Line {at} begins at the margin, so the brace may be missing above it."
            ));
        }
        out
    }

    fn item(&mut self, body: &mut BodyShape) {
        let name = self.read();
        let next = self.peek();
        match next.kind {
            Kind::Equal => body.attributes.push(self.attribute(name, false)),
            Kind::OpenQuote | Kind::OpenBrace | Kind::Name => {
                if let Some(block) = self.block(name) {
                    body.blocks.push(block);
                }
            }
            _ => self.no_item(name, next),
        }
    }

    fn no_item(&mut self, name: Token, next: Token) {
        let detail = if next.kind == Kind::Colon {
            "An argument is set with an equals sign: write \"=\" in place of \":\"."
        } else if next.kind == Kind::Dot {
            "The name of an argument has no dot in it. If it is the key of a map, set the map with an equals sign, and put the key in quotes: config = { \"retention.ms\" = \"1000\" }."
        } else {
            "An argument or a block is expected here. An argument is set with an equals sign (\"=\"), a block has braces (\"{\" and \"}\")."
        };
        self.error(name, REQUIRED, detail);
        self.recover_after_item();
    }

    fn attribute(&mut self, name: Token, one_line: bool) -> AttributeShape {
        self.read();
        let (before, faults) = (self.diagnostics.len(), self.faults);
        let expr = self.expression();
        let good = self.diagnostics.len() == before && self.faults == faults;
        if self.failed_since(before) {
            self.recover_after_item();
        } else if !one_line {
            let end = self.peek();
            if matches!(end.kind, Kind::Newline | Kind::End) {
                self.read();
            } else {
                if !self.lost {
                    if end.kind == Kind::Comma {
                        self.error_since(
                            name.start,
                            end,
                            "Unexpected comma after argument",
                            "Arguments are separated by line ends, not by commas.",
                        );
                    } else {
                        let detail = match self.text_of(end) {
                            "and" => {
                                "The expression ends before this. The operator for \"and\" is written &&."
                            }
                            "or" => "The expression ends before this. The operator for \"or\" is written ||.",
                            _ => {
                                "The expression ends before this, and an argument ends with its line. If this belongs to the expression, an operator is missing; if not, it goes on a line of its own."
                            }
                        };
                        self.error_since(name.start, end, "Missing newline after argument", detail);
                    }
                }
                self.recover_after_item();
            }
        }
        AttributeShape { name, expr, good }
    }

    fn block(&mut self, kind: Token) -> Option<BlockShape> {
        let mut labels = Vec::new();
        loop {
            let next = self.peek();
            match next.kind {
                Kind::OpenBrace => {
                    self.read();
                    break;
                }
                Kind::OpenQuote => labels.push(self.quoted_literal()),
                Kind::Name => {
                    self.read();
                    labels.push((self.text_of(next).to_owned(), next.start..next.end));
                }
                other => {
                    let detail = match other {
                        Kind::Equal => {
                            "An equals sign (\"=\") belongs to an argument, and a block has none. For a block remove it; for an argument remove the labels."
                        }
                        Kind::Newline => {
                            "The opening brace (\"{\") of a block must stand on the same line as its type and labels."
                        }
                        _ => "A label in quotes or the opening brace (\"{\") of the block is expected here.",
                    };
                    if !self.lost || matches!(other, Kind::Equal | Kind::Newline) {
                        self.error_since(kind.start, next, "Invalid block definition", detail);
                    }
                    self.recover_after_item();
                    // What it is called is known all the same, and others may refer to it.
                    return Some(BlockShape {
                        kind,
                        labels,
                        body: BodyShape {
                            span: kind.end..kind.end,
                            end: kind.start..kind.end,
                            ..BodyShape::default()
                        },
                        end: kind.end,
                    });
                }
            }
        }
        let brace = self.last;
        if self.depth >= MAX_DEPTH {
            self.error(
                brace,
                "Nesting too deep",
                format!("Blocks and expressions can be nested {MAX_DEPTH} levels deep, and this is deeper."),
            );
            self.recover(Kind::CloseBrace);
            return None;
        }
        self.depth += 1;
        let body = if matches!(self.peek().kind, Kind::Newline | Kind::End | Kind::CloseBrace) {
            self.body(Kind::CloseBrace)
        } else {
            self.one_line_body(brace)
        };
        self.depth -= 1;
        let end = self.last.end;
        let next = self.peek();
        if matches!(next.kind, Kind::Newline | Kind::End) {
            self.read();
        } else {
            if !self.lost {
                self.error_since(
                    kind.start,
                    next,
                    "Missing newline after block definition",
                    "A block ends with its line: what follows its closing brace goes on a line of its own.",
                );
            }
            self.recover_after_item();
        }
        Some(BlockShape {
            kind,
            labels,
            body,
            end,
        })
    }

    /// `{ name = expression }` on one line, behind the opening brace.
    fn one_line_body(&mut self, brace: Token) -> BodyShape {
        const INVALID: &str = "Invalid single-argument block definition";
        let mut body = BodyShape {
            span: brace.end..brace.end,
            ..BodyShape::default()
        };
        let name = self.read();
        let next = self.peek();
        match next.kind {
            _ if name.kind != Kind::Name => {
                self.error(name, REQUIRED, "An argument or a block is expected here.");
                self.recover_after_item();
            }
            Kind::Equal => body.attributes.push(self.attribute(name, true)),
            Kind::OpenQuote | Kind::OpenBrace | Kind::Name => {
                let written = self.text_of(name);
                self.error_in(
                    name.start..next.end,
                    "Argument definition required",
                    format!("A block on one line holds only one argument. If {written:?} is meant to be an argument, set it with an equals sign; a block inside a block goes on lines of its own."),
                );
                self.recover_after_item();
            }
            _ => self.no_item(name, next),
        }
        let close = self.peek();
        match close.kind {
            Kind::CloseBrace => {
                self.read();
            }
            Kind::Comma => {
                self.error(
                    close,
                    INVALID,
                    "A block on one line holds only one argument. Put several on lines of their own, without commas.",
                );
                self.recover(Kind::CloseBrace);
            }
            Kind::Newline => {
                self.error(
                    close,
                    INVALID,
                    "A block with an argument on the line of its opening brace must be closed on that line too. Put the brace (\"}\") behind the argument, or the argument on a line of its own.",
                );
                self.recover(Kind::CloseBrace);
            }
            kind => {
                if !self.lost {
                    if kind == Kind::End {
                        self.error(brace, UNCLOSED, self.unclosed(brace));
                    } else {
                        let detail = match self.text_of(close) {
                            "and" => {
                                "The expression ends before this. The operator for \"and\" is written &&."
                            }
                            "or" => "The expression ends before this. The operator for \"or\" is written ||.",
                            _ => {
                                "A block on one line ends with a closing brace (\"}\") right behind its only argument."
                            }
                        };
                        self.error(close, INVALID, detail);
                    }
                }
                self.recover(Kind::CloseBrace);
            }
        }
        body.span.end = self.last.start;
        body.end = self.last.start..self.last.end;
        body
    }
}
