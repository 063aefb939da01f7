//! Text squeezed: without what may come between the characters of a secret when it is laid out or escaped.

/// A part of a text that stands for one character or, where it is passed over, for none.
pub(super) struct Unit {
    pub(super) start: usize,
    pub(super) end: usize,
    bytes: [u8; 4],
    count: usize,
}

impl Unit {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.count]
    }
}

/// A character, unless it is one that is passed over.
fn unit_of(c: char, start: usize, end: usize) -> Option<Unit> {
    let mut bytes = [0; 4];
    let count = c.encode_utf8(&mut bytes).len();
    let passed_over = c == ' ' || c.is_ascii_control();
    (!passed_over).then_some(Unit {
        start,
        end,
        bytes,
        count,
    })
}

/// Reads a text squeezed.
pub(super) struct Units<'t> {
    text: &'t [u8],
    at: usize,
    /// Nothing has come in this line but what is passed over.
    line_begins: bool,
}

impl<'t> Units<'t> {
    pub(super) fn new(text: &'t [u8], at: usize, line_begins: bool) -> Self {
        Self {
            text,
            at,
            line_begins,
        }
    }

    pub(super) fn next(&mut self) -> Option<Unit> {
        loop {
            let start = self.at;
            let byte = *self.text.get(start)?;
            match byte {
                b'\n' => {
                    self.line_begins = true;
                    self.at += 1;
                }
                b' ' | 0x7f => self.at += 1,
                b'+' | b'-' | b'~' if self.line_begins && self.text.get(start + 1) == Some(&b' ') => {
                    self.at += 2;
                }
                0x1b if self.text.get(start + 1) == Some(&b'[') => {
                    let rest = &self.text[start + 2..];
                    let length = rest.iter().take_while(|b| !(0x40..=0x7e).contains(*b)).count();
                    self.at = (start + 3 + length).min(self.text.len());
                }
                0..0x20 => self.at += 1,
                // │ ╷ ╵
                0xe2 if matches!(
                    self.text.get(start + 1..start + 3),
                    Some([0x94, 0x82] | [0x95, 0xb7 | 0xb5])
                ) =>
                {
                    self.at += 3;
                }
                b'\\' => {
                    if let Some(unit) = self.escape(start) {
                        self.line_begins = false;
                        return Some(unit);
                    }
                }
                b'&' => {
                    let found = match self.reference(start) {
                        Some(('\\', _)) => self.escape(start),
                        Some((c, end)) => {
                            self.at = end;
                            unit_of(c, start, end)
                        }
                        None => {
                            self.at += 1;
                            unit_of('&', start, start + 1)
                        }
                    };
                    if let Some(unit) = found {
                        self.line_begins = false;
                        return Some(unit);
                    }
                }
                _ => {
                    self.line_begins = false;
                    self.at += 1;
                    return Some(Unit {
                        start,
                        end: self.at,
                        bytes: [byte, 0, 0, 0],
                        count: 1,
                    });
                }
            }
        }
    }

    /// Backslashes and what they escape; none where it is a blank. (Several: an escape inside an escaped text.)
    fn escape(&mut self, start: usize) -> Option<Unit> {
        let at = self.behind_slashes(start);
        if let Some((c, end)) = self.reference(at) {
            self.at = end;
            return unit_of(c, start, end);
        }
        let byte = *self.text.get(at).unwrap_or(&b'n');
        self.at = (at + 1).min(self.text.len());
        let mut unit = Unit {
            start,
            end: self.at,
            bytes: [byte, 0, 0, 0],
            count: 1,
        };
        match byte {
            b'n' | b'r' | b't' | b'b' | b'f' => {
                self.line_begins |= byte == b'n';
                None
            }
            0..=b' ' => {
                self.at = at;
                None
            }
            b'u' => {
                if let Some((c, end)) = self.code_point(at + 1) {
                    self.at = end;
                    unit.end = end;
                    unit.count = c.encode_utf8(&mut unit.bytes).len();
                    if c == ' ' || c.is_ascii_control() {
                        return None;
                    }
                }
                Some(unit)
            }
            _ => Some(unit),
        }
    }

    /// Where the backslashes end that begin here, as they are or as HTML has them.
    fn behind_slashes(&self, mut at: usize) -> usize {
        loop {
            match (self.text.get(at), self.reference(at)) {
                (Some(b'\\'), _) => at += 1,
                (_, Some(('\\', end))) => at = end,
                _ => return at,
            }
        }
    }

    /// The character that a reference of HTML (`&#92;`, `&lt;`) stands for, and where the reference ends.
    fn reference(&self, at: usize) -> Option<(char, usize)> {
        let name = self.text.get(at..)?.strip_prefix(b"&")?;
        let length = name.iter().take(8).position(|b| *b == b';')?;
        let name = std::str::from_utf8(&name[..length]).ok()?;
        let c = match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => char::from_u32(name.strip_prefix('#')?.parse().ok()?)?,
        };
        Some((c, at + length + 2))
    }

    /// The character of four hexadecimal digits, or of a surrogate pair, and where it ends.
    fn code_point(&self, at: usize) -> Option<(char, usize)> {
        let digits = |at: usize| -> Option<u32> {
            let digits = std::str::from_utf8(self.text.get(at..at + 4)?).ok()?;
            u32::from_str_radix(digits, 16).ok()
        };
        let first = digits(at)?;
        if let Some(c) = char::from_u32(first) {
            return Some((c, at + 4));
        }
        let slashes = self.text[at + 4..].iter().take_while(|b| **b == b'\\').count();
        let low = at + 4 + slashes;
        if slashes == 0 || self.text.get(low) != Some(&b'u') {
            return None;
        }
        let second = digits(low + 1)?;
        let c = char::decode_utf16([first as u16, second as u16]).next()?.ok()?;
        Some((c, low + 5))
    }
}
