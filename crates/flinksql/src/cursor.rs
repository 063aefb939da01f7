//! Walking over the tokens of one statement.

use crate::lexer::{Token, TokenKind, string_value};
use crate::name::{Identifier, ObjectName};
use crate::problem::{Problem, ProblemKind};
use crate::span::Span;

/// A place between tokens.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    sql: &'a str,
    tokens: &'a [Token],
    at: usize,
    /// Where the statement ends.
    end: usize,
}

impl<'a> Cursor<'a> {
    /// Stands before the first of `tokens`.
    pub(crate) fn new(sql: &'a str, tokens: &'a [Token], end: usize) -> Cursor<'a> {
        Cursor {
            sql,
            tokens,
            at: 0,
            end,
        }
    }

    /// The token that comes next.
    pub(crate) fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    /// The text of the token `ahead` after the next one; empty past the end.
    pub(crate) fn text_at(&self, ahead: usize) -> &'a str {
        self.tokens
            .get(self.at + ahead)
            .map_or("", |token| token.span.of(self.sql))
    }

    /// The text of the next token; empty at the end.
    pub(crate) fn text(&self) -> &'a str {
        self.text_at(0)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Where the next token stands; the end of the statement where there is none.
    pub(crate) fn span(&self) -> Span {
        self.peek()
            .map_or(Span::new(self.end, self.end), |token| token.span)
    }

    /// Where the token before this place stands.
    pub(crate) fn span_before(&self) -> Span {
        self.at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .map_or(self.span(), |token| token.span)
    }

    pub(crate) fn advance(&mut self) -> Option<Token> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    pub(crate) fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        self.tokens.get(self.at + ahead).is_some_and(|token| {
            token.kind == TokenKind::Word && token.span.of(self.sql).eq_ignore_ascii_case(word)
        })
    }

    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    pub(crate) fn is_symbol(&self, symbol: &str) -> bool {
        self.peek().is_some_and(|token| token.kind == TokenKind::Symbol) && self.text() == symbol
    }

    /// Takes these words, all or none.
    pub(crate) fn eat_words(&mut self, words: &[&str]) -> bool {
        let all = words
            .iter()
            .enumerate()
            .all(|(ahead, word)| self.is_word_at(ahead, word));
        if all {
            self.at += words.len();
        }
        all
    }

    pub(crate) fn eat_word(&mut self, word: &str) -> bool {
        self.eat_words(&[word])
    }

    pub(crate) fn eat_symbol(&mut self, symbol: &str) -> bool {
        let there = self.is_symbol(symbol);
        if there {
            self.at += 1;
        }
        there
    }

    /// Takes one of these words and says which.
    pub(crate) fn eat_one_of<'w>(&mut self, words: &[&'w str]) -> Option<&'w str> {
        let word = words.iter().find(|word| self.is_word(word))?;
        self.at += 1;
        Some(word)
    }

    /// Takes a string and gives its value.
    pub(crate) fn eat_string(&mut self) -> Option<String> {
        let token = self.peek().filter(|token| token.kind == TokenKind::String)?;
        self.at += 1;
        Some(string_value(token.span.of(self.sql)))
    }

    /// Takes a whole number.
    pub(crate) fn eat_number(&mut self) -> Option<u32> {
        let token = self.peek().filter(|token| token.kind == TokenKind::Number)?;
        let number = token.span.of(self.sql).parse().ok()?;
        self.at += 1;
        Some(number)
    }

    /// Takes one name without dots.
    pub(crate) fn eat_identifier(&mut self) -> Option<Identifier> {
        let token = self.peek()?;
        let text = token.span.of(self.sql);
        let (value, quoted) = match token.kind {
            TokenKind::Word => (text.to_owned(), false),
            TokenKind::Quoted => {
                let quote = &text[..1];
                let inner = text.strip_prefix(quote).unwrap_or(text);
                let inner = inner.strip_suffix(quote).unwrap_or(inner);
                (inner.replace(&quote.repeat(2), quote), true)
            }
            _ => return None,
        };
        self.at += 1;
        Some(Identifier {
            value,
            quoted,
            span: token.span,
        })
    }

    /// Takes a name of one to three parts.
    pub(crate) fn eat_name(&mut self) -> Option<ObjectName> {
        let mut parts = vec![self.eat_identifier()?];
        while parts.len() < 3 && self.is_symbol(".") {
            self.at += 1;
            match self.eat_identifier() {
                Some(part) => parts.push(part),
                None => {
                    self.at -= 1;
                    break;
                }
            }
        }
        let span = parts[0].span.to(parts[parts.len() - 1].span);
        Some(ObjectName { parts, span })
    }

    /// The tokens inside the parentheses that open here; this place moves behind the closing one.
    pub(crate) fn eat_group(&mut self) -> Option<Cursor<'a>> {
        if !self.is_symbol("(") {
            return None;
        }
        let start = self.at + 1;
        let mut depth = 0_usize;
        while let Some(token) = self.advance() {
            match token.span.of(self.sql) {
                "(" if token.kind == TokenKind::Symbol => depth += 1,
                ")" if token.kind == TokenKind::Symbol => {
                    depth -= 1;
                    if depth == 0 {
                        let inner = &self.tokens[start..self.at - 1];
                        return Some(Cursor::new(self.sql, inner, token.span.start));
                    }
                }
                _ => {}
            }
        }
        Some(Cursor::new(
            self.sql,
            &self.tokens[start.min(self.tokens.len())..],
            self.end,
        ))
    }

    /// Cuts the tokens from here on at commas outside of any parentheses, brackets and angles of types.
    pub(crate) fn split_at_commas(&self) -> Vec<Cursor<'a>> {
        let mut parts = Vec::new();
        let (mut depth, mut angles, mut start) = (0_usize, 0_usize, self.at);
        for at in self.at..self.tokens.len() {
            let token = self.tokens[at];
            if token.kind != TokenKind::Symbol {
                continue;
            }
            match token.span.of(self.sql) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                // Only a type opens an angle: `ROW<`, `ARRAY<`, `MAP<`, `MULTISET<`.
                "<" if at > 0 && opens_angle(self.tokens[at - 1].span.of(self.sql)) => angles += 1,
                ">" => angles = angles.saturating_sub(1),
                "," if depth == 0 && angles == 0 => {
                    parts.push(Cursor::new(self.sql, &self.tokens[start..at], token.span.start));
                    start = at + 1;
                }
                _ => {}
            }
        }
        parts.push(Cursor::new(self.sql, &self.tokens[start..], self.end));
        parts
    }

    /// That something else was expected here.
    pub(crate) fn expected(&self, what: &'static str) -> Problem {
        Problem {
            kind: ProblemKind::Expected {
                what,
                found: self.text().to_owned(),
            },
            span: self.span(),
        }
    }

    /// The tokens from here on.
    pub(crate) fn rest(&self) -> &'a [Token] {
        &self.tokens[self.at.min(self.tokens.len())..]
    }

    /// The text of the statement.
    pub(crate) fn sql(&self) -> &'a str {
        self.sql
    }
}

fn opens_angle(word: &str) -> bool {
    ["ROW", "ARRAY", "MAP", "MULTISET"]
        .iter()
        .any(|kind| kind.eq_ignore_ascii_case(word))
}
