//! Finding secrets in text, in whatever clothes: as they are, escaped for JSON or HCL, for URLs, in base64, and broken over lines.
//!
//! Text and secrets are compared *squeezed*: without blanks, line ends, colours, frames, signs of a diff, and with escapes taken
//! away. So one form of a secret stands for many. What a window of eight squeezed bytes hashes to is looked up at each place; the cost
//! does not depend on the number of secrets, and a new one is added without touching the others (which is why this is no
//! Aho-Corasick automaton: that would be built anew with every API key that an apply makes).

mod squeeze;

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use rustc_hash::FxHashMap;

use squeeze::Units;

/// What stands in the place of a secret.
pub(super) const MASKED: &str = "(sensitive value)";

/// Shorter secrets are not looked for, in characters: a sensitive `"1"` or `"dev"` would blank half of what is said.
const SHORTEST: usize = 8;

/// Squeezed bytes that are compared first; no form of a secret is shorter.
const WINDOW: usize = 8;

/// Bits of the filter in front of the table.
const FILTER_BITS: u32 = 18;

/// What `encodeURIComponent` and most libraries leave as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// What may stand in the path of a URL.
const IN_PATH: &AsciiSet = &COMPONENT
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@')
    .remove(b'/');

/// Lines of base64 as `base64` (76) and PEM files (64) break them; a command may print them one by one.
const BASE64_LINES: [usize; 2] = [64, 76];

/// All forms of all secrets.
#[derive(Default)]
pub(super) struct Mask {
    filter: Vec<u64>,
    forms: FxHashMap<u64, Forms>,
    /// Texts that are shown although they are secrets elsewhere.
    open: HashSet<Box<[u8]>, rustc_hash::FxBuildHasher>,
}

/// Forms that begin with the same window.
#[derive(Default)]
struct Forms {
    /// Lengths that occur, the longest first.
    lengths: Vec<usize>,
    whole: HashSet<Box<[u8]>, rustc_hash::FxBuildHasher>,
}

/// Whether a text is long enough to be looked for.
pub(super) fn is_long_enough(secret: &str) -> bool {
    secret.chars().nth(SHORTEST - 1).is_some()
}

impl Mask {
    /// Looks for a secret from now on.
    pub(super) fn add(&mut self, secret: &Arc<str>) {
        if !is_long_enough(secret) {
            return;
        }
        self.add_forms(secret);
        let bare = secret.trim();
        if bare.len() < secret.len() && is_long_enough(bare) {
            self.add_forms(bare);
        }
        // What prints it line by line prints it in many calls.
        for line in bare.lines().map(str::trim).filter(|line| line.len() < bare.len()) {
            // (`-----BEGIN PRIVATE KEY-----` is no secret.)
            if is_long_enough(line) && !line.starts_with("-----") {
                self.add_form(line.as_bytes());
            }
        }
    }

    /// Leaves a text as it is from now on where it stands by itself, whatever [`Mask::add`] says of it.
    pub(super) fn leave(&mut self, text: &str) {
        self.open.insert(text.as_bytes().into());
    }

    fn add_forms(&mut self, secret: &str) {
        self.add_form(secret.as_bytes());
        if secret.contains("${") || secret.contains("%{") {
            self.add_form(secret.replace("${", "$${").replace("%{", "%%{").as_bytes());
        }
        for set in [COMPONENT, IN_PATH] {
            let encoded = utf8_percent_encode(secret, set).to_string();
            if encoded != secret {
                self.add_form(encoded.as_bytes());
                self.add_form(encoded.replace("%20", "+").as_bytes());
                self.add_form(lower_escapes(&encoded).as_bytes());
            }
        }
        let bytes = secret.as_bytes();
        for shift in 0..3 {
            // So many bytes stand before it in the text that is encoded: characters that depend on them are left away.
            let mut shifted = vec![0; shift];
            shifted.extend_from_slice(bytes);
            let first = (shift * 8).div_ceil(6);
            let last = shifted.len() * 8 / 6;
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                let text = engine.encode(&shifted);
                let Some(whole) = text.get(first..last.min(text.len())) else {
                    continue;
                };
                self.add_form(whole.as_bytes());
                for width in BASE64_LINES
                    .into_iter()
                    .filter(|width| shift == 0 && whole.len() > *width)
                {
                    for line in whole.as_bytes().chunks(width) {
                        self.add_form(line);
                    }
                }
            }
        }
    }

    fn add_form(&mut self, text: &[u8]) {
        let mut squeezed = Vec::with_capacity(text.len());
        let mut units = Units::new(text, 0, true);
        while let Some(unit) = units.next() {
            squeezed.extend_from_slice(unit.bytes());
        }
        let Some(head) = squeezed.first_chunk::<WINDOW>() else {
            return;
        };
        let head = u64::from_be_bytes(*head);
        if self.filter.is_empty() {
            self.filter = vec![0; 1 << (FILTER_BITS - 6)];
        }
        let bit = bit(head);
        self.filter[bit / 64] |= 1 << (bit % 64);
        let forms = self.forms.entry(head).or_default();
        let length = squeezed.len();
        if forms.whole.insert(squeezed.into())
            && let Err(at) = forms.lengths.binary_search_by(|known| length.cmp(known))
        {
            forms.lengths.insert(at, length);
        }
    }

    /// Where secrets stand in a text, in order, none touching another.
    fn places(&self, text: &[u8]) -> Vec<(usize, usize)> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        if self.filter.is_empty() {
            return found;
        }
        let mut window = 0_u64;
        // Where the last squeezed bytes began.
        let mut starts = [0; WINDOW];
        let mut seen = 0_usize;
        let mut units = Units::new(text, 0, true);
        while let Some(unit) = units.next() {
            for byte in unit.bytes() {
                window = window << 8 | u64::from(*byte);
                starts[seen % WINDOW] = unit.start;
                seen += 1;
                if seen < WINDOW {
                    continue;
                }
                let bit = bit(window);
                if self.filter[bit / 64] & 1 << (bit % 64) == 0 {
                    continue;
                }
                let start = starts[seen % WINDOW];
                let Some(forms) = self.forms.get(&window) else {
                    continue;
                };
                let Some(end) = forms.end(text, start) else {
                    continue;
                };
                if self.open.contains(&text[start..end]) {
                    continue;
                }
                match found.last_mut() {
                    // Secrets that overlap: all of both goes.
                    Some(last) if start <= last.1 => last.1 = last.1.max(end),
                    _ => found.push((start, end)),
                }
            }
        }
        found
    }

    /// Whether a text holds a secret.
    pub(super) fn finds(&self, text: &str) -> bool {
        !self.places(text.as_bytes()).is_empty()
    }

    /// The text with every secret masked.
    pub(super) fn apply<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let places = self.places(text.as_bytes());
        if places.is_empty() {
            return Cow::Borrowed(text);
        }
        let is_json = text.trim_start().starts_with(['{', '[']);
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        let mut in_string = false;
        for (start, end) in places {
            let (start, end) = around(text, start.max(from), end);
            out.push_str(&text[from..start]);
            if is_json {
                in_string ^= ends_in_other_quotes(&text[from..start]);
            }
            // Digits in JSON may stand without quotes.
            let bare = is_json
                && !in_string
                && text[..start].trim_end().ends_with([':', ',', '['])
                && text[end..].trim_start().starts_with([',', ']', '}']);
            if bare {
                out.push('"');
            }
            out.push_str(MASKED);
            if bare {
                out.push('"');
            }
            from = end;
        }
        out.push_str(&text[from..]);
        Cow::Owned(out)
    }
}

impl Forms {
    /// Where the longest form that begins at this place ends.
    fn end(&self, text: &[u8], start: usize) -> Option<usize> {
        let longest = *self.lengths.first()?;
        let mut squeezed: Vec<u8> = Vec::with_capacity(longest);
        let mut ends = Vec::with_capacity(longest);
        let mut units = Units::new(text, start, false);
        while squeezed.len() < longest
            && let Some(unit) = units.next()
        {
            squeezed.extend_from_slice(unit.bytes());
            ends.resize(squeezed.len(), unit.end);
        }
        self.lengths.iter().find_map(|length| {
            let whole = squeezed.get(..*length)?;
            self.whole.contains(whole).then(|| ends[length - 1])
        })
    }
}

/// Whether a piece of JSON ends inside a string, if it begins outside of one, or the other way round.
fn ends_in_other_quotes(json: &str) -> bool {
    let mut other = false;
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => other = !other,
            b'\\' => _ = bytes.next(),
            _ => {}
        }
    }
    other
}

/// Widens a place to whole characters, and by the characters of base64 that hold the rest of the first and of the last byte.
fn around(text: &str, mut start: usize, mut end: usize) -> (usize, usize) {
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let bytes = text.as_bytes();
    let looks_encoded = end - start > WINDOW
        && bytes[start..end]
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'\n' | b'\r'));
    if looks_encoded && bytes[end..].iter().take(3).any(|b| *b == b'=') {
        let rest = bytes[end..]
            .iter()
            .take(2)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_'))
            .count();
        if bytes.get(end + rest) == Some(&b'=') {
            end += rest;
            while bytes.get(end) == Some(&b'=') {
                end += 1;
            }
        }
    }
    (start, end)
}

fn bit(window: u64) -> usize {
    (window.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - FILTER_BITS)) as usize
}

/// `%2F` as `%2f`.
fn lower_escapes(encoded: &str) -> String {
    let mut out = String::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some(at) = rest.find('%') {
        let end = (at + 3).min(rest.len());
        out.push_str(&rest[..at]);
        out.push_str(&rest[at..end].to_ascii_lowercase());
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
