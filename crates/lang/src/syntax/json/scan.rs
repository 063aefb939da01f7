//! The tokens of a JSON text.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    Comma,
    Colon,
    /// No JSON, but a likely mistake.
    Equals,
    /// A word.
    Keyword,
    /// What looks like a number.
    Number,
    /// From quote to quote; without the second one if the line or the file ends before.
    String,
    /// A character that begins nothing. Nothing is read behind it.
    Invalid,
    End,
}

/// A token and its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Cuts a text into tokens, one by one.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Scanner { text, at: 0 }
    }

    pub(super) fn next(&mut self) -> Token {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        let start = self.at;
        let rest = &bytes[start..];
        let Some(first) = rest.first() else {
            return Token {
                kind: TokenKind::End,
                start,
                end: start,
            };
        };
        let run = |belongs: fn(&u8) -> bool| rest.iter().take_while(|b| belongs(b)).count();
        let (kind, length) = match first {
            b'{' => (TokenKind::OpenBrace, 1),
            b'}' => (TokenKind::CloseBrace, 1),
            b'[' => (TokenKind::OpenBracket, 1),
            b']' => (TokenKind::CloseBracket, 1),
            b',' => (TokenKind::Comma, 1),
            b':' => (TokenKind::Colon, 1),
            b'=' => (TokenKind::Equals, 1),
            b'"' => (TokenKind::String, string_length(rest)),
            b'-' | b'+' | b'.' | b'0'..=b'9' => (
                TokenKind::Number,
                run(|b| matches!(b, b'-' | b'+' | b'.' | b'0'..=b'9' | b'e' | b'E')),
            ),
            b if b.is_ascii_alphabetic() || *b == b'_' => (
                TokenKind::Keyword,
                run(|b| b.is_ascii_alphanumeric() || *b == b'_'),
            ),
            _ => {
                let length = self.text[start..].chars().next().map_or(1, char::len_utf8);
                self.at = self.text.len();
                return Token {
                    kind: TokenKind::Invalid,
                    start,
                    end: start + length,
                };
            }
        };
        self.at = start + length;
        Token {
            kind,
            start,
            end: self.at,
        }
    }
}

/// Control characters are not allowed in a string: one ends it, and it stays without its closing quote.
fn string_length(bytes: &[u8]) -> usize {
    let mut escaped = false;
    for (i, b) in bytes.iter().enumerate().skip(1) {
        match b {
            0..32 => return i,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return i + 1,
            _ => {}
        }
    }
    bytes.len()
}
