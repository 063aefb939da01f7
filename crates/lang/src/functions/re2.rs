//! From Go's regular expressions to those of the `regex` crate.
//!
//! Both are close, but not equal: in Go `\d`, `\w`, `\b` know ASCII only, `\Q…\E` and octal escapes exist, `{` may be a
//! literal, nested classes and class operators do not exist, and repeating a repetition is an error. So the whole pattern is
//! read by Go's rules and written anew from nothing but what means the same in both. Groups lose their names on the way
//! (the crate allows each only once); the names are given back beside the pattern.

/// Groups inside groups, at most.
pub(super) const DEEPEST: u32 = 1000;

/// The greatest count of a repetition, also of one inside another, multiplied.
const MOST: u64 = 1000;

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Error {
    /// What, in Go's words.
    pub(super) code: &'static str,
    /// The part of the pattern that is wrong.
    pub(super) part: String,
}

impl Error {
    pub(super) fn new(code: &'static str, part: &str) -> Self {
        Error {
            code,
            part: part.to_owned(),
        }
    }

    /// As Go's own error text has it.
    pub(super) fn as_go(&self) -> String {
        format!("error parsing regexp: {}: `{}`", self.code, self.part)
    }
}

/// A translated pattern.
pub(super) struct Translated {
    /// In the syntax of the `regex` crate.
    pub(super) pattern: String,
    /// The name of each group, in order; empty: it has none.
    pub(super) names: Vec<String>,
}

/// Translates a pattern.
pub(super) fn translate(pattern: &str) -> Result<Translated, Error> {
    let mut t = Translator {
        whole: pattern,
        rest: pattern,
        out: String::with_capacity(pattern.len() + 16),
        names: Vec::new(),
        groups: Vec::new(),
        heaviest: 0,
        atom: None,
        repeated: None,
    };
    t.run()?;
    Ok(Translated {
        pattern: t.out,
        names: t.names,
    })
}

struct Translator<'p> {
    whole: &'p str,
    rest: &'p str,
    out: String,
    names: Vec<String>,
    /// For each open group the heaviest repetition of what stood before it on its level.
    groups: Vec<u64>,
    /// The heaviest repetition on this level so far.
    heaviest: u64,
    /// What a repetition operator would repeat, as the product of the counts inside; nothing at a start.
    atom: Option<u64>,
    /// Where the operator that just ended began.
    repeated: Option<&'p str>,
}

impl<'p> Translator<'p> {
    fn run(&mut self) -> Result<(), Error> {
        while let Some(c) = self.rest.chars().next() {
            let before = self.rest;
            let repeated = self.repeated.take();
            match c {
                '(' => self.open()?,
                '|' => {
                    self.rest = &before[1..];
                    self.out.push('|');
                    self.atom = None;
                }
                ')' => {
                    let Some(outer) = self.groups.pop() else {
                        return Err(Error::new("unexpected )", self.whole));
                    };
                    self.rest = &before[1..];
                    self.out.push(')');
                    let inside = self.heaviest;
                    self.heaviest = outer.max(inside);
                    self.atom = Some(inside.max(1));
                }
                '^' | '$' | '.' => {
                    self.rest = &before[1..];
                    self.out.push(c);
                    self.atom = Some(1);
                }
                '[' => self.class()?,
                '*' | '+' | '?' => {
                    self.rest = &before[1..];
                    self.repeat(before, repeated, None)?;
                }
                '{' => match counts(before) {
                    Some((min, max, after)) => {
                        let text = &before[..before.len() - after.len()];
                        if min > MOST || max.is_some_and(|m| m > MOST || m < min) {
                            return Err(Error::new("invalid repeat count", text));
                        }
                        self.rest = after;
                        self.repeat(before, repeated, Some((min, max)))?;
                    }
                    None => {
                        self.rest = &before[1..];
                        self.literal('{');
                    }
                },
                '\\' => self.backslash()?,
                c => {
                    self.rest = &before[c.len_utf8()..];
                    self.literal(c);
                }
            }
        }
        if !self.groups.is_empty() {
            return Err(Error::new("missing closing )", self.whole));
        }
        Ok(())
    }

    fn literal(&mut self, c: char) {
        char_to(&mut self.out, c);
        self.atom = Some(1);
    }

    fn open(&mut self) -> Result<(), Error> {
        let before = self.rest;
        let mut name = "";
        if before.starts_with("(?") {
            let start = if before.starts_with("(?P<") && before.len() > 4 {
                4
            } else if before.starts_with("(?<") && before.len() > 3 {
                3
            } else {
                return self.flags();
            };
            let Some(end) = before.find('>') else {
                return Err(Error::new("invalid named capture", before));
            };
            name = &before[start..end];
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                return Err(Error::new("invalid named capture", &before[..=end]));
            }
            self.rest = &before[end + 1..];
        } else {
            self.rest = &before[1..];
        }
        self.names.push(name.to_owned());
        self.out.push('(');
        self.enter()
    }

    fn enter(&mut self) -> Result<(), Error> {
        self.groups.push(self.heaviest);
        self.heaviest = 0;
        self.atom = None;
        if self.groups.len() > DEEPEST as usize {
            return Err(Error::new("expression nests too deeply", self.whole));
        }
        Ok(())
    }

    /// `(?i)` or `(?i:`.
    fn flags(&mut self) -> Result<(), Error> {
        let before = self.rest;
        let (mut minus, mut seen) = (false, false);
        for (i, c) in before.char_indices().skip(2) {
            match c {
                'i' | 'm' | 's' | 'U' => seen = true,
                '-' if !minus => {
                    minus = true;
                    seen = false;
                }
                ':' | ')' if !minus || seen => {
                    let text = &before[..=i];
                    self.rest = &before[i + 1..];
                    if c == ':' {
                        self.out.push_str(text);
                        return self.enter();
                    }
                    if text != "(?)" {
                        self.out.push_str(text);
                    }
                    return Ok(());
                }
                c => {
                    return Err(Error::new(
                        "invalid or unsupported Perl syntax",
                        &before[..i + c.len_utf8()],
                    ));
                }
            }
        }
        Err(Error::new("invalid or unsupported Perl syntax", before))
    }

    /// Writes the operator that ends where the rest begins (but for `?` of a lazy one).
    fn repeat(
        &mut self,
        before: &'p str,
        last: Option<&'p str>,
        counts: Option<(u64, Option<u64>)>,
    ) -> Result<(), Error> {
        let operator = &before[..before.len() - self.rest.len()];
        let lazy = match self.rest.strip_prefix('?') {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        };
        if let Some(start) = last {
            return Err(Error::new(
                "invalid nested repetition operator",
                &start[..start.len() - self.rest.len()],
            ));
        }
        let text = &before[..before.len() - self.rest.len()];
        let Some(inside) = self.atom else {
            return Err(Error::new("missing argument to repetition operator", text));
        };
        let mut weight = inside;
        if let Some((min, max)) = counts {
            weight = inside.saturating_mul(max.unwrap_or(min).max(1));
            if weight > MOST && (min >= 2 || max.is_some_and(|m| m >= 2)) {
                return Err(Error::new("invalid repeat count", text));
            }
        }
        self.heaviest = self.heaviest.max(weight);
        self.atom = Some(weight);
        self.out.push_str(operator);
        if lazy {
            self.out.push('?');
        }
        self.repeated = Some(before);
        Ok(())
    }

    fn backslash(&mut self) -> Result<(), Error> {
        let before = self.rest;
        let next = before[1..].chars().next();
        let same = |me: &mut Self, written: &str| {
            me.out.push_str(written);
            me.rest = &before[2..];
        };
        match next {
            Some('A') => same(self, r"\A"),
            Some('z') => same(self, r"\z"),
            Some('b') => same(self, r"(?-u:\b)"),
            Some('B') => same(self, r"(?-u:\B)"),
            Some('Q') => {
                let (quoted, after) = before[2..].split_once("\\E").unwrap_or((&before[2..], ""));
                self.rest = after;
                for c in quoted.chars() {
                    self.literal(c);
                }
                return Ok(());
            }
            Some('p' | 'P') => {
                let (class, after) = unicode_class(before)?;
                self.out.push_str(&class);
                self.rest = after;
            }
            Some(c) if perl_class(c).is_some() => {
                let (negated, inner) = perl_class(c).unwrap_or((false, ""));
                self.out.push_str(if negated { "[^" } else { "[" });
                self.out.push_str(inner);
                self.out.push(']');
                self.rest = &before[2..];
            }
            _ => {
                let (c, after) = escape(before)?;
                self.rest = after;
                self.literal(c);
            }
        }
        self.atom = Some(1);
        Ok(())
    }

    fn class(&mut self) -> Result<(), Error> {
        let start = self.rest;
        let missing = || Error::new("missing closing ]", start);
        let mut rest = &start[1..];
        self.out.push('[');
        if let Some(r) = rest.strip_prefix('^') {
            self.out.push('^');
            rest = r;
        }
        let mut first = true;
        loop {
            if !first && let Some(r) = rest.strip_prefix(']') {
                rest = r;
                break;
            }
            first = false;
            if rest.starts_with("[:")
                && let Some(end) = rest.find(":]")
            {
                let name = &rest[..end + 2];
                if !POSIX.contains(&name[2..end].trim_start_matches('^')) || name[2..].starts_with("^^") {
                    return Err(Error::new("invalid character class range", name));
                }
                self.out.push_str(name);
                rest = &rest[end + 2..];
                continue;
            }
            if let Some(c) = rest.strip_prefix('\\').and_then(|r| r.chars().next()) {
                if matches!(c, 'p' | 'P') {
                    let (class, after) = unicode_class(rest)?;
                    self.out.push_str(&class);
                    rest = after;
                    continue;
                }
                if let Some((negated, inner)) = perl_class(c) {
                    self.out.push_str(if negated { "[^" } else { "[" });
                    self.out.push_str(inner);
                    self.out.push(']');
                    rest = &rest[2..];
                    continue;
                }
            }
            let range = rest;
            let (low, after) = class_char(rest).ok_or_else(missing)??;
            rest = after;
            let mut high = low;
            if let Some(r) = rest.strip_prefix('-')
                && !r.is_empty()
                && !r.starts_with(']')
            {
                let (c, after) = class_char(r).ok_or_else(missing)??;
                (high, rest) = (c, after);
                if high < low {
                    return Err(Error::new(
                        "invalid character class range",
                        &range[..range.len() - rest.len()],
                    ));
                }
            }
            char_to(&mut self.out, low);
            if high > low {
                self.out.push('-');
                char_to(&mut self.out, high);
            }
        }
        self.out.push(']');
        self.rest = rest;
        self.atom = Some(1);
        Ok(())
    }
}

/// Names of the classes in `[[:alpha:]]`.
const POSIX: &[&str] = &[
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

fn class_char(s: &str) -> Option<Result<(char, &str), Error>> {
    let c = s.chars().next()?;
    if c == '\\' {
        return Some(escape(s));
    }
    Some(Ok((c, &s[c.len_utf8()..])))
}

/// Writes a character so that it can mean nothing else.
fn char_to(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() || !c.is_ascii() {
        out.push(c);
    } else {
        out.push_str(&format!("\\x{{{:x}}}", c as u32));
    }
}

/// `\d`, `\s`, `\w` and their opposites: whether it is an opposite, and the ASCII characters.
fn perl_class(c: char) -> Option<(bool, &'static str)> {
    Some(match c {
        'd' => (false, "0-9"),
        'D' => (true, "0-9"),
        's' => (false, r"\t\n\f\r\x20"),
        'S' => (true, r"\t\n\f\r\x20"),
        'w' => (false, "0-9A-Za-z_"),
        'W' => (true, "0-9A-Za-z_"),
        _ => return None,
    })
}

/// The character of an escape at the start of `s`, and what follows.
fn escape(s: &str) -> Result<(char, &str), Error> {
    let mut chars = s[1..].chars();
    let Some(c) = chars.next() else {
        return Err(Error::new("trailing backslash at end of expression", ""));
    };
    let after = chars.as_str();
    let bad = |after: &str| Error::new("invalid escape sequence", &s[..s.len() - after.len()]);
    let plain = match c {
        'a' => '\u{7}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '0'..='7' => {
            let octal = |b: &u8| (b'0'..=b'7').contains(b);
            let more = after.bytes().take(2).take_while(octal).count();
            if c != '0' && more == 0 {
                return Err(bad(after));
            }
            let code = u32::from_str_radix(&s[1..2 + more], 8).map_err(|_| bad(after))?;
            let c = char::from_u32(code).ok_or_else(|| bad(after))?;
            return Ok((c, &after[more..]));
        }
        'x' => {
            let (digits, rest) = match after.strip_prefix('{') {
                Some(braced) => braced.split_once('}').ok_or_else(|| bad(""))?,
                None => after.split_at_checked(2).ok_or_else(|| bad(""))?,
            };
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(bad(rest));
            }
            let c = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
            return Ok((c.ok_or_else(|| bad(rest))?, rest));
        }
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
        _ => return Err(bad(after)),
    };
    Ok((plain, after))
}

/// Names of the general categories.
const CATEGORIES: &[&str] = &[
    "C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl",
    "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs",
];

/// `\pL`, `\p{Greek}`, `\P{^Lu}` at the start of `s`, as the crate writes it.
fn unicode_class(s: &str) -> Result<(String, &str), Error> {
    let mut negated = s.as_bytes()[1] == b'P';
    let after = &s[2..];
    let bad = |rest: &str| Error::new("invalid character class range", &s[..s.len() - rest.len()]);
    let (mut name, rest) = if let Some(braced) = after.strip_prefix('{') {
        braced
            .split_once('}')
            .ok_or_else(|| Error::new("invalid character class range", s))?
    } else {
        let len = after.chars().next().map_or(0, char::len_utf8);
        after.split_at(len)
    };
    if let Some(n) = name.strip_prefix('^') {
        negated = !negated;
        name = n;
    }
    let letter = if negated { 'P' } else { 'p' };
    if name == "Any" || CATEGORIES.contains(&name) {
        // Surrogates are no characters: nothing is in that class.
        let class = match (name, negated) {
            ("Cs", false) => r"[^\x{0}-\x{10ffff}]".to_owned(),
            ("Cs", true) => r"[\x{0}-\x{10ffff}]".to_owned(),
            _ => format!("\\{letter}{{{name}}}"),
        };
        return Ok((class, rest));
    }
    let script = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    let class = format!("\\{letter}{{sc={name}}}");
    if script && ::regex::Regex::new(&class).is_ok() {
        return Ok((class, rest));
    }
    Err(bad(rest))
}

/// `{2}`, `{2,}`, `{2,5}` at the start of `s`, and what follows; what is not written so is a literal.
fn counts(s: &str) -> Option<(u64, Option<u64>, &str)> {
    fn number(s: &str) -> Option<(u64, &str)> {
        let end = s.find(|c: char| !c.is_ascii_digit()).unwrap_or(s.len());
        let (digits, rest) = s.split_at(end);
        if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
            return None;
        }
        Some((digits.parse().unwrap_or(u64::MAX), rest))
    }
    let (min, rest) = number(&s[1..])?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some((min, Some(min), rest));
    }
    let rest = rest.strip_prefix(',')?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some((min, None, rest));
    }
    let (max, rest) = number(rest)?;
    Some((min, Some(max), rest.strip_prefix('}')?))
}

#[cfg(test)]
mod tests;
