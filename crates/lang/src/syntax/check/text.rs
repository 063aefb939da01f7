//! Text within quotes: labels and escapes.

use super::Checker;
use crate::syntax::shape::Bytes;
use crate::syntax::token::Kind;
use crate::syntax::token::Token;

const ESCAPE: &str = "Invalid escape sequence";
const LITERAL: &str = "Invalid string literal";

impl Checker<'_> {
    /// The text of a token of a string or heredoc, with its escapes resolved.
    pub(super) fn unescape(&mut self, token: Token) -> String {
        let text = self.text_of(token);
        let quoted = token.kind == Kind::QuotedText;
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let at = token.end - rest.len() as u32;
            match c {
                '$' | '%' if rest[1..].starts_with(c) && rest[2..].starts_with('{') => {
                    out.push(c);
                    out.push('{');
                    rest = &rest[3..];
                }
                '\\' if quoted => {
                    let len = self.escape(rest, at, &mut out);
                    rest = &rest[len..];
                }
                _ => {
                    out.push(c);
                    rest = &rest[c.len_utf8()..];
                }
            }
        }
        out
    }

    /// One escape at the start of `text`; the result is its length.
    fn escape(&mut self, text: &str, at: u32, out: &mut String) -> usize {
        let Some(selector) = text[1..].chars().next() else {
            self.error_in(at..at + 1, ESCAPE, "A backslash must be followed by what it escapes: \\n, \\r, \\t, \\\", \\\\, \\uXXXX or \\UXXXXXXXX.");
            return 1;
        };
        let simple = match selector {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '"' => '"',
            '\\' => '\\',
            'u' | 'U' => return self.unicode(text, at, if selector == 'u' { 4 } else { 8 }, out),
            _ => {
                let len = 1 + selector.len_utf8();
                let hint = if matches!(selector, '$' | '%') {
                    format!(" To write {selector}{{ as text, double the sign: {selector}{selector}{{.")
                } else {
                    String::new()
                };
                self.error_in(
                    at..at + len as u32,
                    ESCAPE,
                    format!(
                        "\\{selector} is no escape sequence; to write a backslash, double it: \\\\.{hint}"
                    ),
                );
                return len;
            }
        };
        out.push(simple);
        2
    }

    fn unicode(&mut self, text: &str, at: u32, want: usize, out: &mut String) -> usize {
        let digits = text[2..]
            .bytes()
            .take(want)
            .take_while(u8::is_ascii_hexdigit)
            .count();
        let len = 2 + digits;
        let range = at..at + len as u32;
        if digits < want {
            let (sign, how) = if want == 4 { ("u", "four") } else { ("U", "eight") };
            self.error_in(
                range,
                ESCAPE,
                format!("\\{sign} must be followed by {how} hexadecimal digits."),
            );
            return len;
        }
        match u32::from_str_radix(&text[2..len], 16)
            .ok()
            .and_then(char::from_u32)
        {
            Some(c) => out.push(c),
            None => self.error_in(
                range,
                ESCAPE,
                format!("There is no character U+{}.", &text[2..len]),
            ),
        }
        len
    }

    /// A string without templates, such as a label, quotes included.
    pub(super) fn quoted_literal(&mut self) -> (String, Bytes) {
        let open = self.read();
        let mut out = String::new();
        loop {
            let token = self.read();
            match token.kind {
                Kind::CloseQuote => return (out, open.start..token.end),
                Kind::QuotedText => out.push_str(&self.unescape(token)),
                Kind::Interpolation | Kind::Control => {
                    let sign = if token.kind == Kind::Interpolation {
                        "$"
                    } else {
                        "%"
                    };
                    self.error_since(
                        open.start,
                        token,
                        LITERAL,
                        format!("A label is plain text and cannot contain a template. To write {sign}{{ as text, double the sign: {sign}{sign}{{."),
                    );
                    out.push_str(sign);
                    out.push_str("{ ... }");
                    self.recover(Kind::SequenceEnd);
                }
                Kind::End => {
                    self.error_since(
                        open.start,
                        token,
                        "Unterminated string literal",
                        "The closing quote of this string is missing.",
                    );
                    return (out, open.start..token.end);
                }
                _ => {
                    self.error_since(open.start, token, LITERAL, "This cannot be part of a string.");
                    self.recover(Kind::CloseQuote);
                    return (out, open.start..self.last.end);
                }
            }
        }
    }
}
