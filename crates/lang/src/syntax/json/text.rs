//! Strings of a JSON text: what they say, and where each part of it is written.

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;

/// A string without its quotes and escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    text: String,
    /// Behind each escape: how far into the text, and how far into the source. Empty where both are the same.
    jumps: Vec<(u32, u32)>,
}

impl Text {
    /// What the string says.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether source and text are the same, byte by byte.
    pub(super) fn is_plain(&self) -> bool {
        self.jumps.is_empty()
    }

    /// Reads what stands between the quotes.
    ///
    /// # Errors
    /// Where in `raw` the first thing is that no JSON string may hold.
    pub(super) fn unescape(raw: &str) -> Result<Text, u32> {
        let mut text = String::with_capacity(raw.len());
        let mut jumps = Vec::new();
        let mut rest = raw;
        let at = |rest: &str| (raw.len() - rest.len()) as u32;
        loop {
            let plain = rest.find('\\').unwrap_or(rest.len());
            text.push_str(&rest[..plain]);
            rest = &rest[plain..];
            let Some(escape) = rest.strip_prefix('\\') else {
                break;
            };
            let (c, behind) = unescape_one(escape).ok_or_else(|| at(rest))?;
            text.push(c);
            rest = behind;
            jumps.push((text.len() as u32, at(rest)));
        }
        Ok(Text { text, jumps })
    }

    /// Where a byte of the text is written, counted from behind the opening quote. A byte of an escape is where the escape
    /// ends.
    fn source(&self, byte: u32) -> u32 {
        let behind = self.jumps.partition_point(|(text, _)| *text <= byte);
        match behind.checked_sub(1).and_then(|i| self.jumps.get(i)) {
            None => byte.min(self.jumps.first().map_or(u32::MAX, |(_, source)| *source)),
            Some((text, source)) => {
                let limit = self.jumps.get(behind).map_or(u32::MAX, |(_, next)| *next);
                (source + (byte - text)).min(limit)
            }
        }
    }

    /// The place in the file of a range of the text; `quoted` is the whole string in the file.
    pub(super) fn place(&self, quoted: Span, range: Span) -> Span {
        let first = quoted.start + 1;
        let end = first + self.source(range.end);
        // An escape is one character: what begins with it begins where the part before it ends.
        let next = self.jumps.partition_point(|(text, _)| *text <= range.start);
        let start = if next == self.jumps.len() {
            self.source(range.start)
        } else {
            let before = next.checked_sub(1).and_then(|i| self.jumps.get(i));
            let (text, source) = before.copied().unwrap_or((0, 0));
            source + (range.start - text)
        };
        Span {
            start: (first + start).min(end),
            end: end.min(quoted.end),
            ..quoted
        }
    }

    /// Diagnostics about the text, at their places in the file.
    pub(super) fn place_all(&self, quoted: Span, found: Diagnostics) -> Diagnostics {
        found
            .into_iter()
            .map(|d| Diagnostic {
                subject: d.subject.map(|s| self.place(quoted, s)),
                context: d.context.map(|s| self.place(quoted, s)),
                ..d
            })
            .collect()
    }
}

/// The character that an escape stands for (its backslash is taken already), and what follows.
fn unescape_one(escape: &str) -> Option<(char, &str)> {
    let mut chars = escape.chars();
    let c = match chars.next()? {
        c @ ('"' | '\\' | '/') => c,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unicode(chars.as_str()),
        _ => return None,
    };
    Some((c, chars.as_str()))
}

/// Four digits of a `\u`, and of a second one where the first is half a character. A half without the other is no character.
fn unicode(digits: &str) -> Option<(char, &str)> {
    let (first, rest) = hex(digits)?;
    if let Some(c) = char::from_u32(first) {
        return Some((c, rest));
    }
    if (0xd800..0xdc00).contains(&first)
        && let Some(second) = rest.strip_prefix("\\u")
        && let Some((low, behind)) = hex(second)
        && (0xdc00..0xe000).contains(&low)
        && let Some(c) = char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00))
    {
        return Some((c, behind));
    }
    Some((char::REPLACEMENT_CHARACTER, rest))
}

fn hex(text: &str) -> Option<(u32, &str)> {
    let digits = text.get(..4)?;
    digits
        .bytes()
        .all(|b| b.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(digits, 16).ok())?
        .map(|n| (n, &text[4..]))
}
