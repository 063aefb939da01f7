//! The grammar: says whether a text is well formed, and if not, what is wrong and where.
//!
//! It reads tokens, not text, and builds no expressions: it finds the items of a body and the [`Piece`]s of
//! expressions, and reports errors as Terraform does, many at once. After an error it seeks the end of what it was in
//! and goes on; while it does not know where it is (`lost`), it reports nothing that is only a consequence.
//!
//! [`Piece`]: super::shape::Piece

mod body;
mod expression;
mod object;
mod template;
mod text;
mod unknown;

use super::shape::BodyShape;
use super::shape::Bytes;
use super::shape::Pieces;
use super::shape::Template;
use super::token::Kind;
use super::token::Token;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Span;

pub(crate) use unknown::unknown_tokens;

/// How deeply expressions and blocks may be nested: far more than people write, and little enough for any stack.
pub(super) const MAX_DEPTH: u32 = 200;

/// How many operators may stand in a row without parentheses.
pub(super) const MAX_OPERATORS: usize = 500;

/// How high the tree of an expression may become, all of its nesting and operators taken together. Whoever walks a tree
/// may call itself that often.
pub(super) const MAX_HEIGHT: u32 = 600;

/// Where a text lies in its file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) file: FileId,
    /// What is added to every offset.
    pub(crate) offset: u32,
    /// The line that all of it is on, if it is a part of one: a string of a JSON file. Else its lines count from 1.
    pub(crate) line: Option<u32>,
}

impl Place {
    /// A text that is a file of its own.
    pub(crate) fn whole(file: FileId) -> Place {
        Place {
            file,
            offset: 0,
            line: None,
        }
    }

    pub(crate) fn span(self, bytes: &Bytes) -> Span {
        Span::new(
            self.file,
            bytes.start.saturating_add(self.offset),
            bytes.end.saturating_add(self.offset),
        )
    }
}

/// What the grammar found.
pub(crate) struct Checked<T> {
    pub(crate) shape: T,
    pub(crate) pieces: Pieces,
    pub(crate) diagnostics: Diagnostics,
}

/// Checks the tokens of a whole file.
pub(crate) fn check_file(place: Place, text: &str, tokens: &[Token]) -> Checked<BodyShape> {
    let mut c = Checker::new(place, text, tokens);
    let shape = c.body(Kind::End);
    c.finish(shape)
}

/// Checks the tokens of one expression, in which line ends mean nothing.
pub(crate) fn check_expression(place: Place, text: &str, tokens: &[Token]) -> Checked<Bytes> {
    let mut c = Checker::new(place, text, tokens);
    c.newlines.push(false);
    let shape = c.expression();
    let next = c.peek();
    if next.kind != Kind::End && !c.lost {
        c.error(
            next,
            "Extra characters after expression",
            "An expression was parsed, but something follows it that does not belong to it.",
        );
    }
    c.finish(shape)
}

/// Checks the tokens of a bare template.
pub(crate) fn check_template(place: Place, text: &str, tokens: &[Token]) -> Checked<Template> {
    let mut c = Checker::new(place, text, tokens);
    let shape = c.template(Kind::End, false);
    c.finish(shape)
}

struct Checker<'a> {
    place: Place,
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    /// End of the last token taken, comments and skipped line ends left out.
    last: Token,
    /// Whether line ends count, innermost last.
    newlines: Vec<bool>,
    /// Set by the first recovery: errors that may only follow from it are kept quiet.
    lost: bool,
    /// How often the checker lost its way, reported or not.
    faults: usize,
    depth: u32,
    /// Height of what has been read since the innermost expression began.
    height: u32,
    pieces: Pieces,
    diagnostics: Diagnostics,
}

impl<'a> Checker<'a> {
    fn new(place: Place, text: &'a str, tokens: &'a [Token]) -> Self {
        let first = tokens.first().map_or(0, |t| t.start);
        let nothing = Token {
            kind: Kind::End,
            start: first,
            end: first,
        };
        Checker {
            place,
            text,
            tokens,
            at: 0,
            last: nothing,
            newlines: vec![true],
            lost: false,
            faults: 0,
            depth: 0,
            height: 0,
            pieces: Pieces::default(),
            diagnostics: Diagnostics::new(),
        }
    }

    fn finish<T>(self, shape: T) -> Checked<T> {
        let mut pieces = self.pieces;
        pieces.sort();
        Checked {
            shape,
            pieces,
            diagnostics: self.diagnostics,
        }
    }

    /// The next token that counts, and where the one behind it is.
    fn look(&self) -> (Token, usize) {
        let newlines = self.newlines.last().copied().unwrap_or(true);
        let mut at = self.at;
        while let Some(token) = self.tokens.get(at) {
            at += 1;
            match token.kind {
                Kind::Comment if newlines && token.text(self.text).ends_with('\n') => {
                    // A comment that runs to the end of its line ends the line.
                    let end = Token {
                        kind: Kind::Newline,
                        start: token.end - 1,
                        end: token.end,
                    };
                    return (end, at);
                }
                Kind::Comment => {}
                Kind::Newline if !newlines => {}
                Kind::End => return (*token, at - 1),
                _ => return (*token, at),
            }
        }
        (self.last, self.tokens.len())
    }

    fn peek(&self) -> Token {
        self.look().0
    }

    fn read(&mut self) -> Token {
        let (token, at) = self.look();
        self.at = at;
        self.last = token;
        token
    }

    /// Whether the next token is this name.
    fn at_keyword(&self, word: &str) -> bool {
        let next = self.peek();
        next.kind == Kind::Name && next.text(self.text) == word
    }

    fn text_of(&self, token: Token) -> &'a str {
        token.text(self.text)
    }

    fn error(&mut self, at: Token, summary: &str, detail: impl Into<String>) {
        self.error_in(at.start..at.end, summary, detail);
    }

    fn error_in(&mut self, at: Bytes, summary: &str, detail: impl Into<String>) {
        let span = self.place.span(&at);
        self.diagnostics.error_at(span, summary, detail);
    }

    /// An error with the larger range that begins at `from`.
    fn error_since(&mut self, from: u32, at: Token, summary: &str, detail: impl Into<String>) {
        let d = Diagnostic::error(summary, detail)
            .at(self.place.span(&(at.start..at.end)))
            .within(self.place.span(&(from..at.end.max(from))));
        self.diagnostics.push(d);
    }

    /// Whether errors were found since there were `before` of them, and the checker lost its way.
    fn failed_since(&self, before: usize) -> bool {
        self.lost && self.diagnostics.len() > before
    }

    /// From here on errors may be only consequences of an earlier one.
    fn lose_way(&mut self) {
        self.lost = true;
        self.faults += 1;
    }

    /// Takes everything up to the token that closes what is open now, nested pairs included.
    fn recover(&mut self, end: Kind) -> Token {
        self.lose_way();
        let opener = end.opener();
        let mut nested = 0;
        loop {
            let token = self.read();
            let mut kind = token.kind;
            if end == Kind::SequenceEnd && kind == Kind::Control {
                kind = Kind::Interpolation;
            }
            if kind == end {
                if nested == 0 {
                    return token;
                }
                nested -= 1;
            } else if Some(kind) == opener {
                nested += 1;
            } else if kind == Kind::End {
                return token;
            }
        }
    }

    /// Takes everything up to the end of the line on which no bracket is open that was opened behind this place.
    fn recover_after_item(&mut self) {
        self.lose_way();
        let mut open: Vec<Kind> = Vec::new();
        loop {
            let token = self.read();
            match token.kind {
                Kind::Newline if open.is_empty() => return,
                Kind::End => return,
                kind => {
                    if let Some(closer) = kind.closer() {
                        open.push(closer);
                    } else if kind.opener().is_some() {
                        match open.iter().rposition(|k| *k == kind) {
                            Some(i) => open.truncate(i),
                            None => open.clear(),
                        }
                    }
                }
            }
        }
    }

    /// The line of an offset, from 1: for messages that point back.
    fn line(&self, at: u32) -> usize {
        if let Some(line) = self.place.line {
            return line as usize;
        }
        let before = self.text.get(..at as usize).unwrap_or("");
        before.bytes().filter(|b| *b == b'\n').count() + 1
    }
}
