//! From a JSON text to its tree. What is wrong is reported in Terraform's words, and as much as possible is read on.

use super::Node;
use super::NodeKind;
use super::Property;
use super::Text;
use super::scan::Scanner;
use super::scan::Token;
use super::scan::TokenKind;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::value::Number;

/// How deep brackets may be nested: what is read is walked recursively later on.
const MAX_DEPTH: u32 = 200;

const VALUE_START: &str =
    "A JSON value must start with a brace, a bracket, a number, a string, or a keyword.";

/// Reads the text of a file in the JSON syntax, whose root is an object or an array of objects.
///
/// What could be read comes back also when there are errors; a root that is neither is replaced by an empty object.
pub fn parse_json(id: FileId, text: &str) -> (Node, Diagnostics) {
    let mut parser = Parser {
        id,
        text,
        scanner: Scanner::new(text),
        peeked: None,
        depth: 0,
        diagnostics: Diagnostics::new(),
    };
    let mut root = parser.value();
    if parser.diagnostics.is_empty() {
        let next = parser.peek();
        if next.kind != TokenKind::End {
            parser.error(
                next,
                "Extraneous data after value",
                "Extra characters appear after the JSON value.",
            );
        }
    }
    if !matches!(root.kind, NodeKind::Object(_) | NodeKind::Array(_)) {
        let at = root.start();
        parser.diagnostics.error_at(
            at,
            "Root value must be object",
            "The root value in a JSON-based configuration must be either a JSON object or a JSON array of objects.",
        );
        root.kind = NodeKind::Object(Vec::new());
    }
    (root, parser.diagnostics)
}

struct Parser<'a> {
    id: FileId,
    text: &'a str,
    scanner: Scanner<'a>,
    peeked: Option<Token>,
    depth: u32,
    diagnostics: Diagnostics,
}

impl Parser<'_> {
    fn peek(&mut self) -> Token {
        let scanner = &mut self.scanner;
        *self.peeked.get_or_insert_with(|| scanner.next())
    }

    fn read(&mut self) -> Token {
        let token = self.peek();
        self.peeked = None;
        token
    }

    fn span(&self, token: Token) -> Span {
        Span::new(self.id, token.start as u32, token.end as u32)
    }

    fn error(&mut self, at: Token, summary: &str, detail: &str) {
        let span = self.span(at);
        self.diagnostics.error_at(span, summary, detail);
    }

    fn value(&mut self) -> Node {
        let token = self.peek();
        let kind = match token.kind {
            TokenKind::OpenBrace | TokenKind::OpenBracket => return self.nested(token),
            TokenKind::Number => self.number(token),
            TokenKind::String => self.string(token).map(NodeKind::String),
            TokenKind::Keyword => self.keyword(token),
            TokenKind::CloseBrace => {
                self.error(token, "Missing JSON value", VALUE_START);
                None
            }
            TokenKind::CloseBracket => {
                self.error(token, "Missing array element value", VALUE_START);
                None
            }
            TokenKind::End => {
                self.error(token, "Missing value", "The JSON data ends prematurely.");
                None
            }
            TokenKind::Comma | TokenKind::Colon | TokenKind::Equals | TokenKind::Invalid => {
                self.error(token, "Invalid start of value", VALUE_START);
                None
            }
        };
        Node {
            kind: kind.unwrap_or(NodeKind::Invalid),
            span: self.span(token),
        }
    }

    fn nested(&mut self, open: Token) -> Node {
        self.read();
        let first = self.span(open);
        if self.depth == MAX_DEPTH {
            self.error(
                open,
                "Too many nested values",
                &format!("Objects and arrays may be nested {MAX_DEPTH} levels deep, and not deeper."),
            );
            // Nothing more is read: what is left would be reported as a consequence.
            while self.read().kind != TokenKind::End {}
        }
        self.depth += 1;
        let found = if self.depth > MAX_DEPTH {
            None
        } else if open.kind == TokenKind::OpenBrace {
            self.object(open)
        } else {
            self.array(open)
        };
        self.depth -= 1;
        match found {
            Some((kind, close)) => Node {
                kind,
                span: first.cover(self.span(close)),
            },
            None => Node {
                kind: NodeKind::Invalid,
                span: first,
            },
        }
    }

    /// The properties and the closing brace; the opening one is read already.
    fn object(&mut self, open: Token) -> Option<(NodeKind, Token)> {
        let mut properties = Vec::new();
        while self.peek().kind != TokenKind::CloseBrace {
            let name = self.value();
            let NodeKind::String(text) = name.kind else {
                self.diagnostics.error_at(
                    name.start(),
                    "Invalid object property name",
                    "A JSON object property name must be a string",
                );
                return None;
            };
            let colon = self.read();
            match colon.kind {
                TokenKind::Colon => {}
                TokenKind::CloseBrace | TokenKind::Comma => {
                    self.error(
                        colon,
                        "Missing object value",
                        "A JSON object attribute must have a value, introduced by a colon.",
                    );
                    self.leave_object(colon);
                    return None;
                }
                TokenKind::Equals => {
                    self.error(
                        colon,
                        "Missing property value colon",
                        "JSON uses a colon as its name/value delimiter, not an equals sign.",
                    );
                    self.leave_object(colon);
                    return None;
                }
                _ => {
                    self.error(
                        colon,
                        "Missing property value colon",
                        "A colon must appear between an object property's name and its value.",
                    );
                    self.leave_object(colon);
                    return None;
                }
            }
            let value = self.value();
            properties.push(Property {
                name: text,
                name_span: name.span,
                value,
            });
            let next = self.peek();
            match next.kind {
                TokenKind::Comma => {
                    self.read();
                    if self.peek().kind == TokenKind::CloseBrace {
                        self.error(
                            next,
                            "Trailing comma in object",
                            "JSON does not permit a trailing comma after the final property in an object.",
                        );
                        return None;
                    }
                }
                TokenKind::CloseBrace => {}
                TokenKind::End => {
                    self.error(
                        open,
                        "Unclosed object",
                        "No closing brace was found for this JSON object.",
                    );
                    return None;
                }
                TokenKind::CloseBracket => {
                    self.read();
                    self.error(
                        next,
                        "Mismatched braces",
                        "A JSON object must be closed with a brace, not a bracket.",
                    );
                    return None;
                }
                _ => {
                    // The spelling is Terraform's.
                    self.error(
                        next,
                        "Missing attribute seperator comma",
                        "A comma must appear between each property definition in an object.",
                    );
                    self.read();
                    self.leave_object(next);
                    return None;
                }
            }
        }
        let close = self.read();
        Some((NodeKind::Object(properties), close))
    }

    /// Reads on to what seems to be the end of the object; `token` was read last.
    fn leave_object(&mut self, mut token: Token) {
        let mut inside = 0_u32;
        loop {
            match token.kind {
                TokenKind::OpenBrace => inside += 1,
                TokenKind::CloseBrace if inside <= 1 => return,
                TokenKind::CloseBrace => inside -= 1,
                TokenKind::End => return,
                _ => {}
            }
            token = self.read();
        }
    }

    /// The items and the closing bracket; the opening one is read already.
    fn array(&mut self, open: Token) -> Option<(NodeKind, Token)> {
        let mut items = Vec::new();
        while self.peek().kind != TokenKind::CloseBracket {
            let value = self.value();
            items.push(value);
            let next = self.peek();
            match next.kind {
                TokenKind::Comma => {
                    self.read();
                    if self.peek().kind == TokenKind::CloseBracket {
                        self.error(
                            next,
                            "Trailing comma in array",
                            "JSON does not permit a trailing comma after the final value in an array.",
                        );
                        return None;
                    }
                }
                TokenKind::CloseBracket => {}
                TokenKind::End => {
                    // The summary is Terraform's.
                    self.error(
                        open,
                        "Unclosed object",
                        "No closing bracket was found for this JSON array.",
                    );
                    return None;
                }
                TokenKind::CloseBrace => {
                    self.read();
                    self.error(
                        next,
                        "Mismatched brackets",
                        "A JSON array must be closed with a bracket, not a brace.",
                    );
                    return None;
                }
                _ => {
                    self.error(
                        next,
                        "Missing attribute seperator comma",
                        "A comma must appear between each value in an array.",
                    );
                    self.leave_array();
                    return None;
                }
            }
        }
        let close = self.read();
        Some((NodeKind::Array(items), close))
    }

    /// Reads on to what seems to be the end of the array.
    fn leave_array(&mut self) {
        let mut inside = 0_u32;
        loop {
            match self.read().kind {
                TokenKind::OpenBracket => inside += 1,
                TokenKind::CloseBracket if inside <= 1 => return,
                TokenKind::CloseBracket => inside -= 1,
                TokenKind::End => return,
                _ => {}
            }
        }
    }

    fn slice(&self, token: Token) -> &str {
        self.text.get(token.start..token.end).unwrap_or_default()
    }

    fn number(&mut self, token: Token) -> Option<NodeKind> {
        self.read();
        let text = self.slice(token);
        let number = is_number(text).then(|| Number::parse(text)).flatten();
        if number.is_none() {
            self.error(
                token,
                "Invalid JSON number",
                "There is a syntax error in the given JSON number.",
            );
        }
        number.map(NodeKind::Number)
    }

    fn string(&mut self, token: Token) -> Option<Text> {
        self.read();
        let quoted = self.slice(token);
        let inner = quoted.get(1..).unwrap_or_default();
        let found = match inner.strip_suffix('"') {
            Some(raw) => Text::unescape(raw),
            None => Err(inner.len() as u32),
        };
        match found {
            Ok(text) => Some(text),
            Err(offset) => {
                let start = token.start as u32 + 1 + offset;
                // An escape, or whatever ended the string before its quote.
                let length = self.text[start as usize..].chars().take(2).map(char::len_utf8);
                let length: usize = match inner.as_bytes().get(offset as usize) {
                    Some(b'\\') => length.sum(),
                    _ => length.take(1).sum(),
                };
                let at = Span::new(self.id, start, start + length as u32);
                self.diagnostics.error_at(
                    at,
                    "Invalid JSON string",
                    "There is a syntax error in the given JSON string.",
                );
                None
            }
        }
    }

    fn keyword(&mut self, token: Token) -> Option<NodeKind> {
        self.read();
        let word = self.slice(token);
        match word {
            "true" => return Some(NodeKind::Bool(true)),
            "false" => return Some(NodeKind::Bool(false)),
            "null" => return Some(NodeKind::Null),
            _ => {}
        }
        let detail = if word == "undefined" {
            "The JavaScript identifier \"undefined\" cannot be used in JSON.".to_owned()
        } else {
            let hint = did_you_mean(word, ["true", "false", "null"])
                .map_or_else(String::new, |w| format!(" Did you mean {w:?}?"));
            format!("{word:?} is not a valid JSON keyword.{hint}")
        };
        self.error(token, "Invalid JSON keyword", &detail);
        None
    }
}

/// Whether the text is a number as JSON writes it: no plus sign, no leading zeros, digits on both sides of a point.
fn is_number(text: &str) -> bool {
    fn digits(text: &str) -> Option<&str> {
        let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
        (rest.len() < text.len()).then_some(rest)
    }
    let whole = text.strip_prefix('-').unwrap_or(text);
    let rest = match whole.strip_prefix('0') {
        Some(rest) => Some(rest),
        None => digits(whole),
    };
    let rest = match rest.and_then(|r| r.strip_prefix('.')) {
        Some(fraction) => digits(fraction),
        None => rest,
    };
    let Some(rest) = rest else { return false };
    match rest.strip_prefix(['e', 'E']) {
        Some(exponent) => {
            digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)).is_some_and(str::is_empty)
        }
        None => rest.is_empty(),
    }
}
