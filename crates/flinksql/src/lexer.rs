//! Text to tokens. White space and comments go; hints (`/*+ … */`) stay, because they change what a statement does.

use crate::problem::{Problem, ProblemKind};
use crate::span::Span;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A word without quotes: a keyword or a name.
    Word,
    /// A name in backticks (or in double quotes, which some dialects allow).
    Quoted,
    /// A string: `'…'`, `U&'…'`, `x'…'`, `_UTF8'…'`.
    String,
    /// A number.
    Number,
    /// A hint: `/*+ … */`.
    Hint,
    /// Anything else: an operator or punctuation, of one to three characters.
    Symbol,
}

/// One token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands.
    pub span: Span,
}

/// Longer operators first.
const OPERATORS: &[&str] = &["<=>", "<>", "!=", "<=", ">=", "||", "=>", "->", "::"];

/// All tokens of a text, and what could not be read.
pub fn lex(sql: &str) -> (Vec<Token>, Vec<Problem>) {
    let mut lexer = Lexer {
        sql,
        at: 0,
        tokens: Vec::new(),
        problems: Vec::new(),
    };
    while lexer.at < sql.len() {
        lexer.step();
    }
    (lexer.tokens, lexer.problems)
}

struct Lexer<'a> {
    sql: &'a str,
    at: usize,
    tokens: Vec<Token>,
    problems: Vec<Problem>,
}

fn starts_word(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.sql[self.at..]
    }

    fn push(&mut self, kind: TokenKind, length: usize) {
        self.tokens.push(Token {
            kind,
            span: Span::new(self.at, self.at + length),
        });
        self.at += length;
    }

    fn problem(&mut self, kind: ProblemKind, length: usize) {
        self.problems.push(Problem {
            kind,
            span: Span::new(self.at, self.at + length),
        });
    }

    fn step(&mut self) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return };
        if first.is_whitespace() {
            self.at += first.len_utf8();
        } else if rest.starts_with("--") || rest.starts_with("//") {
            self.at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            self.comment(rest);
        } else if first == '\'' {
            self.string(rest, 0);
        } else if first == '`' || first == '"' {
            let (length, closed) = quoted(rest, first);
            if !closed {
                self.problem(ProblemKind::UnterminatedIdentifier, length);
            }
            self.push(TokenKind::Quoted, length);
        } else if first.is_ascii_digit()
            || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
        {
            self.push(TokenKind::Number, number(rest));
        } else if starts_word(first) {
            self.word(rest);
        } else if let Some(operator) = OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
            self.push(TokenKind::Symbol, operator.len());
        } else {
            if !first.is_ascii_punctuation() || first == '\\' {
                self.problem(ProblemKind::UnknownCharacter(first), first.len_utf8());
            }
            self.push(TokenKind::Symbol, first.len_utf8());
        }
    }

    fn comment(&mut self, rest: &str) {
        let length = match rest[2..].find("*/") {
            Some(end) => end + 4,
            None => {
                self.problem(ProblemKind::UnterminatedComment, rest.len());
                rest.len()
            }
        };
        if rest.starts_with("/*+") {
            self.push(TokenKind::Hint, length);
        } else {
            self.at += length;
        }
    }

    /// A string whose opening quote stands after `prefix` bytes.
    fn string(&mut self, rest: &str, prefix: usize) {
        let (length, closed) = quoted(&rest[prefix..], '\'');
        if !closed {
            self.problem(ProblemKind::UnterminatedString, prefix + length);
        }
        self.push(TokenKind::String, prefix + length);
    }

    fn word(&mut self, rest: &str) {
        let length = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        let introduces = (matches!(word, "x" | "X" | "n" | "N" | "b" | "B") || word.starts_with('_'))
            && after.starts_with('\'');
        if introduces {
            self.string(rest, length);
        } else if matches!(word, "u" | "U") && after.starts_with("&'") {
            self.string(rest, length + 1);
        } else {
            self.push(TokenKind::Word, length);
        }
    }
}

/// The length of a quoted thing at the start of `rest`, and whether it is closed. A doubled quote stands for itself.
fn quoted(rest: &str, quote: char) -> (usize, bool) {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return (at + quote.len_utf8(), true);
        }
    }
    (rest.len(), false)
}

fn number(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end.max(1)
}

/// The value of a string token: without its quotes, doubled quotes made single. Prefixes (`U&`, `x`) are left as text.
pub(crate) fn string_value(text: &str) -> String {
    let start = text.find('\'').map_or(0, |quote| quote + 1);
    let inner = text.get(start..).unwrap_or_default();
    inner.strip_suffix('\'').unwrap_or(inner).replace("''", "'")
}
