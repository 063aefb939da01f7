//! From text to tokens.
//!
//! The tokens are those of HCL's native syntax: strings and heredocs are taken apart into text and template
//! sequences, line ends are tokens, comments are kept (the formatter needs them). Nothing is refused here: what the
//! language does not know becomes a token of its own, and [`super::check`] says what is wrong with it.

use unicode_normalization::char::is_combining_mark;

use super::token::Kind;
use super::token::Token;

/// What the text is, at its outermost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A file or an expression.
    Normal,
    /// A template without quotes around it.
    Template,
}

/// What the scanner is inside of.
enum Frame {
    /// Outside of text, with the number of open braces at which a template sequence ends (none at the outermost).
    Main {
        closes_at: Option<u32>,
    },
    Quoted,
    Heredoc {
        marker: (usize, usize),
        line_start: bool,
    },
    Bare,
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    braces: u32,
    frames: Vec<Frame>,
    tokens: Vec<Token>,
}

/// Whether a name may begin so.
pub(crate) fn starts_name(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

/// Whether a name may go on so.
pub(crate) fn continues_name(c: char) -> bool {
    c == '_' || c == '-' || c.is_alphanumeric() || is_combining_mark(c)
}

/// The tokens of a text, the last of which is [`Kind::End`]. A byte order mark is skipped.
pub(crate) fn scan(text: &str, mode: Mode) -> Vec<Token> {
    let mut s = Scanner {
        text,
        bytes: text.as_bytes(),
        at: if text.starts_with('\u{feff}') { 3 } else { 0 },
        braces: 0,
        frames: vec![match mode {
            Mode::Normal => Frame::Main { closes_at: None },
            Mode::Template => Frame::Bare,
        }],
        tokens: Vec::with_capacity(text.len() / 5 + 2),
    };
    while s.at < s.bytes.len() {
        let before = s.at;
        match s.frames.last() {
            Some(Frame::Quoted) => s.quoted(),
            Some(Frame::Heredoc { .. }) => s.heredoc(),
            Some(Frame::Bare) => s.bare(),
            Some(Frame::Main { .. }) | None => s.main(),
        }
        // Each step takes at least one character; this keeps a mistake above from becoming an endless loop.
        if s.at <= before {
            let next = s.rest().chars().next().map_or(1, char::len_utf8);
            s.emit(Kind::Invalid, next);
        }
    }
    let end = s.bytes.len() as u32;
    s.tokens.push(Token {
        kind: Kind::End,
        start: end,
        end,
    });
    s.tokens
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn emit(&mut self, kind: Kind, len: usize) {
        self.tokens.push(Token {
            kind,
            start: self.at as u32,
            end: (self.at + len) as u32,
        });
        self.at += len;
    }

    /// `${` and `%{` at the current place.
    fn sequence(&mut self) -> bool {
        let kind = match (self.byte(0), self.byte(1)) {
            (b'$', b'{') => Kind::Interpolation,
            (b'%', b'{') => Kind::Control,
            _ => return false,
        };
        let len = if self.byte(2) == b'~' { 3 } else { 2 };
        self.emit(kind, len);
        self.braces += 1;
        if let Some(Frame::Heredoc { line_start, .. }) = self.frames.last_mut() {
            *line_start = false;
        }
        self.frames.push(Frame::Main {
            closes_at: Some(self.braces),
        });
        true
    }

    /// Length of a `$` or `%` that begins no sequence: `$${`, `$${~` or one character.
    fn dollar(&self, from: usize) -> usize {
        let c = self.byte(from);
        if self.byte(from + 1) == c && self.byte(from + 2) == b'{' {
            if self.byte(from + 3) == b'~' { 4 } else { 3 }
        } else {
            1
        }
    }

    /// What stands where no token can begin: all the rest of the text.
    fn stop(&mut self) {
        self.emit(Kind::Invalid, self.bytes.len() - self.at);
    }

    /// Whether a `$` or `%` is the last character: nothing tells what it begins.
    fn cut_off(&self) -> bool {
        matches!(self.byte(0), b'$' | b'%') && self.at + 1 == self.bytes.len()
    }

    fn quoted(&mut self) {
        if self.cut_off() {
            return self.stop();
        }
        match self.byte(0) {
            b'"' => {
                self.emit(Kind::CloseQuote, 1);
                self.frames.pop();
            }
            b'\n' | b'\r' => {
                let len = self.bytes[self.at..]
                    .iter()
                    .take_while(|b| matches!(b, b'\n' | b'\r'))
                    .count();
                self.emit(Kind::QuotedNewline, len);
            }
            b'$' | b'%' => {
                if !self.sequence() {
                    let len = self.dollar(0);
                    self.emit(Kind::QuotedText, len);
                }
            }
            _ => {
                let mut len = 0;
                loop {
                    match self.byte(len) {
                        0 if self.at + len >= self.bytes.len() => break,
                        b'"' | b'\n' | b'\r' | b'$' | b'%' => break,
                        // A backslash must escape something on its line.
                        b'\\'
                            if matches!(self.byte(len + 1), b'\n' | b'\r')
                                || self.at + len + 1 >= self.bytes.len() =>
                        {
                            if len == 0 {
                                return self.emit(Kind::Invalid, 1);
                            }
                            break;
                        }
                        b'\\' => {
                            let next = self.text.get(self.at + len + 1..).and_then(|t| t.chars().next());
                            len += 1 + next.map_or(0, char::len_utf8);
                        }
                        _ => len += 1,
                    }
                }
                self.emit(Kind::QuotedText, len);
            }
        }
    }

    /// Length of the text up to a line end (which is included) or a template sign.
    fn text_run(&self) -> usize {
        let mut len = 0;
        while self.at + len < self.bytes.len() {
            match self.byte(len) {
                b'\n' => return len + 1,
                b'$' | b'%' if len > 0 => return len,
                b'$' | b'%' => len += self.dollar(0),
                _ => len += 1,
            }
        }
        len
    }

    fn heredoc(&mut self) {
        if self.sequence() {
            return;
        }
        let mut len = self.text_run();
        // A carriage return belongs to a line end; alone it is not a character of a heredoc.
        let run = &self.bytes[self.at..self.at + len];
        let lone = |i: &usize| run[*i] == b'\r' && run.get(i + 1) != Some(&b'\n');
        match (0..len).find(lone) {
            Some(0) => return self.stop(),
            Some(i) => len = i,
            None if self.cut_off() => return self.stop(),
            None => {}
        }
        let whole_line = self.byte(len.saturating_sub(1)) == b'\n';
        let Some(Frame::Heredoc { marker, line_start }) = self.frames.last_mut() else {
            return;
        };
        let begins_line = *line_start;
        *line_start = whole_line;
        let line = &self.text[self.at..self.at + len];
        if begins_line && whole_line && line.trim() == &self.text[marker.0..marker.1] {
            let newline = if line.ends_with("\r\n") { 2 } else { 1 };
            self.frames.pop();
            self.emit(Kind::CloseHeredoc, len - newline);
            self.emit(Kind::Newline, newline);
        } else {
            self.emit(Kind::Text, len);
        }
    }

    fn bare(&mut self) {
        if !self.sequence() {
            let len = self.text_run();
            self.emit(Kind::Text, len);
        }
    }

    fn main(&mut self) {
        use Kind::*;
        let (b, next) = (self.byte(0), self.byte(1));
        let (kind, len) = match (b, next) {
            (b' ' | b'\t', _) => {
                self.at += 1;
                return;
            }
            (b'\n', _) => (Newline, 1),
            (b'\r', b'\n') => (Newline, 2),
            (b'#', _) | (b'/', b'/') => {
                let line = self.rest();
                (Comment, line.find('\n').map_or(line.len(), |i| i + 1))
            }
            (b'/', b'*') => match self.rest()[2..].find("*/") {
                Some(i) => (Comment, i + 4),
                // Not closed: two operators, where none can stand.
                None => (Slash, 1),
            },
            (b'=', b'=') => (EqualEqual, 2),
            (b'!', b'=') => (NotEqual, 2),
            (b'>', b'=') => (GreaterEqual, 2),
            (b'<', b'=') => (LessEqual, 2),
            (b'&', b'&') => (And, 2),
            (b'|', b'|') => (Or, 2),
            (b':', b':') => (DoubleColon, 2),
            (b'=', b'>') => (FatArrow, 2),
            (b'.', b'.') if self.byte(2) == b'.' => (Ellipsis, 3),
            (b'<', b'<') => match self.heredoc_start() {
                Some((len, marker)) => {
                    self.emit(OpenHeredoc, len);
                    self.frames.push(Frame::Heredoc {
                        marker,
                        line_start: true,
                    });
                    return;
                }
                None => (Less, 1),
            },
            (b'"', _) => {
                self.emit(OpenQuote, 1);
                self.frames.push(Frame::Quoted);
                return;
            }
            (b'{', _) => {
                self.emit(OpenBrace, 1);
                self.braces += 1;
                return;
            }
            (b'~', b'}') => return self.close_brace(2),
            (b'}', _) => return self.close_brace(1),
            (b'[', _) => (OpenBracket, 1),
            (b']', _) => (CloseBracket, 1),
            (b'(', _) => (OpenParen, 1),
            (b')', _) => (CloseParen, 1),
            (b'.', _) => (Dot, 1),
            (b',', _) => (Comma, 1),
            (b'*', _) => (Star, 1),
            (b'/', _) => (Slash, 1),
            (b'%', _) => (Percent, 1),
            (b'+', _) => (Plus, 1),
            (b'-', _) => (Minus, 1),
            (b'=', _) => (Equal, 1),
            (b'<', _) => (Less, 1),
            (b'>', _) => (Greater, 1),
            (b'!', _) => (Bang, 1),
            (b'?', _) => (Question, 1),
            (b':', _) => (Colon, 1),
            (b'&', _) => (Ampersand, 1),
            (b'|', _) => (Pipe, 1),
            (b'~', _) => (Tilde, 1),
            (b'^', _) => (Caret, 1),
            (b';', _) => (Semicolon, 1),
            (b'`', _) => (Backtick, 1),
            (b'\'', _) => (Apostrophe, 1),
            (b'0'..=b'9', _) => (Number, self.number()),
            _ => {
                let rest = self.rest();
                match rest.chars().next() {
                    Some(c) if starts_name(c) => {
                        let len = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
                        (Name, len)
                    }
                    Some(c) => (Invalid, c.len_utf8()),
                    None => return,
                }
            }
        };
        self.emit(kind, len);
    }

    /// Digits, dots and exponents, up to the last that is no dot: `1.2.3` is one (bad) number, `5.` a number and a dot.
    fn number(&self) -> usize {
        let (mut len, mut good) = (1, 1);
        loop {
            match (self.byte(len), self.byte(len + 1), self.byte(len + 2)) {
                (b'0'..=b'9', ..) => {
                    len += 1;
                    good = len;
                }
                (b'.', ..) => len += 1,
                (b'e' | b'E', b'0'..=b'9', _) => {
                    len += 2;
                    good = len;
                }
                (b'e' | b'E', b'+' | b'-', b'0'..=b'9') => {
                    len += 3;
                    good = len;
                }
                _ => return good,
            }
        }
    }

    /// `<<NAME` or `<<-NAME` and a line end: the length of it all, and where the name is.
    fn heredoc_start(&self) -> Option<(usize, (usize, usize))> {
        let name = if self.byte(2) == b'-' { 3 } else { 2 };
        let rest = self.text.get(self.at + name..)?;
        if !rest.chars().next().is_some_and(starts_name) {
            return None;
        }
        let len = rest.find(|c| !continues_name(c))?;
        let newline = match rest.as_bytes().get(len..)? {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => return None,
        };
        let start = self.at + name;
        Some((name + len + newline, (start, start + len)))
    }

    fn close_brace(&mut self, len: usize) {
        let ends_sequence =
            matches!(self.frames.last(), Some(Frame::Main { closes_at: Some(b) }) if *b == self.braces);
        if ends_sequence {
            self.frames.pop();
            self.emit(Kind::SequenceEnd, len);
        } else {
            self.emit(
                if len == 2 {
                    Kind::SequenceEnd
                } else {
                    Kind::CloseBrace
                },
                len,
            );
        }
        self.braces = self.braces.saturating_sub(1);
    }
}
