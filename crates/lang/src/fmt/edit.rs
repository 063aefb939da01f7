//! The changes that formatting makes beyond space.

use std::collections::HashMap;
use std::fmt::Write as _;

use unicode_normalization::UnicodeNormalization as _;

use super::Atom;
use crate::syntax::shape::BlockShape;
use crate::syntax::shape::BodyShape;
use crate::syntax::token::Kind;
use crate::syntax::token::Token;
use crate::value::is_printable;

/// The atoms of a text with labels, wrapped expressions and old types rewritten.
pub(super) fn edited<'a>(text: &'a str, tokens: &[Token], body: &BodyShape) -> Vec<Atom<'a>> {
    let mut editor = Editor {
        text,
        tokens,
        replaced: HashMap::new(),
    };
    editor.body(body, &[]);
    let mut out = Vec::with_capacity(tokens.len());
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        match editor.replaced.remove(&i) {
            Some((end, atoms)) => {
                out.extend(atoms);
                i = end.max(i + 1);
            }
            None => {
                if token.kind != Kind::End {
                    out.push(Atom::new(token.kind, token.text(text)));
                }
                i += 1;
            }
        }
    }
    out
}

struct Editor<'a, 't> {
    text: &'a str,
    tokens: &'t [Token],
    /// By the first token: the end of what is replaced, and by what.
    replaced: HashMap<usize, (usize, Vec<Atom<'a>>)>,
}

impl<'a> Editor<'a, '_> {
    /// The number of the first token at or behind an offset.
    fn at(&self, offset: u32) -> usize {
        self.tokens.partition_point(|t| t.start < offset)
    }

    fn atom(&self, i: usize) -> Atom<'a> {
        Atom::new(self.tokens[i].kind, self.tokens[i].text(self.text))
    }

    fn body(&mut self, body: &BodyShape, within: &[&str]) {
        for attribute in &body.attributes {
            let range = self.at(attribute.expr.start)..self.at(attribute.expr.end);
            let is_type = within == ["variable"] && attribute.name.text(self.text) == "type";
            let new = if is_type {
                self.old_type(range.clone())
            } else {
                self.unwrapped(range.clone())
            };
            if let Some(new) = new {
                self.replaced.insert(range.start, (range.end, new));
            }
        }
        for block in &body.blocks {
            self.labels(block);
            let inside: Vec<&str> = within
                .iter()
                .copied()
                .chain([block.kind.text(self.text)])
                .collect();
            self.body(&block.body, &inside);
        }
    }

    /// Labels in quotes, and nothing between them.
    fn labels(&mut self, block: &BlockShape) {
        let Some((_, last)) = block.labels.last() else {
            return;
        };
        let start = self.at(block.kind.end);
        let mut atoms = Vec::new();
        for (label, _) in &block.labels {
            atoms.push(Atom::new(Kind::OpenQuote, "\""));
            if !label.is_empty() {
                atoms.push(Atom::new(Kind::QuotedText, escaped(label)));
            }
            atoms.push(Atom::new(Kind::CloseQuote, "\""));
        }
        self.replaced.insert(start, (self.at(last.end), atoms));
    }

    /// The types of Terraform 0.11 (`"list"`) and types without an element type (`list`) as they are written today.
    fn old_type(&self, range: std::ops::Range<usize>) -> Option<Vec<Atom<'a>>> {
        let kinds: Vec<Kind> = self.tokens[range.clone()].iter().map(|t| t.kind).collect();
        let text = |i: usize| self.tokens[range.start + i].text(self.text);
        let (name, elem) = match kinds.as_slice() {
            [Kind::Name] => match text(0) {
                name @ ("list" | "map" | "set") => (name, "any"),
                _ => return None,
            },
            [Kind::OpenQuote, Kind::QuotedText, Kind::CloseQuote] => match text(1) {
                "string" => return Some(vec![Atom::new(Kind::Name, "string")]),
                name @ ("list" | "map") => (name, "string"),
                _ => return None,
            },
            _ => return None,
        };
        Some(vec![
            Atom::new(Kind::Name, name),
            Atom::new(Kind::OpenParen, "("),
            Atom::new(Kind::Name, elem),
            Atom::new(Kind::CloseParen, ")"),
        ])
    }

    /// What is inside `"${…}"`, if that is all there is.
    fn unwrapped(&self, range: std::ops::Range<usize>) -> Option<Vec<Atom<'a>>> {
        let [
            Token {
                kind: Kind::OpenQuote,
                ..
            },
            Token {
                kind: Kind::Interpolation,
                ..
            },
            inside @ ..,
            Token {
                kind: Kind::SequenceEnd,
                ..
            },
            Token {
                kind: Kind::CloseQuote,
                ..
            },
        ] = &self.tokens[range.clone()]
        else {
            return None;
        };
        if inside.is_empty() {
            return None;
        }
        let mut quotes = 0;
        for token in inside {
            match token.kind {
                Kind::OpenQuote => quotes += 1,
                Kind::CloseQuote => quotes -= 1,
                // A second sequence or text beside it: then this is a string. Within quotes of its own it is none of ours.
                Kind::Interpolation | Kind::SequenceEnd | Kind::QuotedText if quotes <= 0 => return None,
                _ => {}
            }
        }
        let not_newline = |t: &Token| t.kind != Kind::Newline;
        let first = inside.iter().position(not_newline)?;
        let last = inside.iter().rposition(not_newline)?;
        let base = range.start + 2;
        let mut atoms: Vec<Atom<'a>> = (first..=last).map(|i| self.atom(base + i)).collect();
        let several_lines = atoms.iter().any(|a| a.kind == Kind::Newline);
        let in_parens = atoms.first().is_some_and(|a| a.kind == Kind::OpenParen)
            && atoms.last().is_some_and(|a| a.kind == Kind::CloseParen);
        if several_lines && !in_parens {
            atoms.insert(0, Atom::new(Kind::OpenParen, "("));
            atoms.push(Atom::new(Kind::CloseParen, ")"));
        }
        Some(atoms)
    }
}

/// A text as it stands between quotes: composed, and what is not printable by its number.
fn escaped(text: &str) -> String {
    let text: String = text.nfc().collect();
    let mut out = String::with_capacity(text.len());
    for (i, c) in text.char_indices() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '$' | '%' => {
                out.push(c);
                if text[i + 1..].starts_with('{') {
                    out.push(c);
                }
            }
            c if c == ' ' || is_printable(c) => out.push(c),
            c => {
                let code = u32::from(c);
                // Writing to a string does not fail.
                _ = if code < 0x1_0000 {
                    write!(out, "\\u{code:04x}")
                } else {
                    write!(out, "\\U{code:08x}")
                };
            }
        }
    }
    out
}
