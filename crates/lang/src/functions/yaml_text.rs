//! Values as YAML text, laid out as Terraform's `yamlencode` does: block style, keys in double quotes, text of several
//! lines as a literal block where that is possible.

use crate::value::Kind;
use crate::value::Value;

/// A line of quoted text is folded at the first space behind this column.
const WIDTH: usize = 80;

/// A key of more bytes gets a line of its own, behind `?`.
const LONGEST_KEY: usize = 128;

/// A value that is known throughout as one YAML document.
pub(super) fn write(value: &Value) -> String {
    let mut out = Writer {
        text: String::new(),
        column: 0,
    };
    match value.kind() {
        Kind::String(s) => out.string(s, 2, false),
        _ => out.node(value, 0),
    }
    if out.column > 0 {
        out.line(0);
    }
    // The end of a bare word at the top is not clear without a mark.
    if matches!(value.kind(), Kind::Null(_) | Kind::Bool(_) | Kind::Number(_)) {
        out.text.push_str("...\n");
    }
    out.text
}

struct Writer {
    text: String,
    /// Characters in the line so far.
    column: usize,
}

impl Writer {
    fn put(&mut self, s: &str) {
        self.text.push_str(s);
        self.column += s.chars().count();
    }

    /// A new line with that many spaces.
    fn line(&mut self, indent: usize) {
        self.text.push('\n');
        self.column = 0;
        self.put(&" ".repeat(indent));
    }

    /// A value whose lines stand at `indent`; the first one starts where the writer is.
    fn node(&mut self, value: &Value, indent: usize) {
        match value.kind() {
            Kind::Null(_) | Kind::Unknown(_) => self.put("null"),
            Kind::Bool(b) => self.put(if *b { "true" } else { "false" }),
            Kind::Number(n) => self.put(&n.to_string()),
            Kind::String(s) => self.string(s, indent, false),
            Kind::List(s) | Kind::Set(s) => self.sequence(&s.items, indent),
            Kind::Tuple(t) => self.sequence(t, indent),
            Kind::Map(m) => self.mapping(&m.items, indent),
            Kind::Object(o) => self.mapping(o, indent),
        }
    }

    fn sequence(&mut self, items: &[Value], indent: usize) {
        if items.is_empty() {
            return self.put("[]");
        }
        for (i, v) in items.iter().enumerate() {
            if i > 0 {
                self.next(indent);
            }
            self.put("- ");
            self.node(v, indent + 2);
        }
    }

    /// To the start of a line at `indent`; a literal block may have ended the line already.
    fn next(&mut self, indent: usize) {
        if self.column == 0 {
            self.put(&" ".repeat(indent));
        } else {
            self.line(indent);
        }
    }

    fn mapping(&mut self, entries: &[(crate::value::Name, Value)], indent: usize) {
        if entries.is_empty() {
            return self.put("{}");
        }
        for (i, (key, v)) in entries.iter().enumerate() {
            if i > 0 {
                self.next(indent);
            }
            if key.len() > LONGEST_KEY || key.contains('\n') {
                self.put("? ");
                self.string(key, indent + 2, false);
                self.next(indent);
                self.put(": ");
                self.node(v, indent + 2);
                continue;
            }
            self.string(key, indent, true);
            self.put(":");
            match v.kind() {
                Kind::List(s) | Kind::Set(s) if !s.items.is_empty() => {
                    self.line(indent);
                    self.sequence(&s.items, indent);
                }
                Kind::Tuple(t) if !t.is_empty() => {
                    self.line(indent);
                    self.sequence(t, indent);
                }
                Kind::Map(m) if !m.items.is_empty() => {
                    self.line(indent + 2);
                    self.mapping(&m.items, indent + 2);
                }
                Kind::Object(o) if !o.is_empty() => {
                    self.line(indent + 2);
                    self.mapping(o, indent + 2);
                }
                _ => {
                    self.put(" ");
                    self.node(v, indent + 2);
                }
            }
        }
    }

    fn string(&mut self, s: &str, indent: usize, key: bool) {
        if !key && s.contains('\n') && may_be_literal(s) {
            self.literal(s, indent);
        } else {
            self.quoted(s, indent, key);
        }
    }

    fn literal(&mut self, s: &str, indent: usize) {
        self.put("|");
        if s.starts_with([' ', '\n']) {
            self.put("2");
        }
        let body = s.trim_end_matches('\n');
        match s.len() - body.len() {
            0 => self.put("-"),
            1 if !body.is_empty() => {}
            _ => self.put("+"),
        }
        for line in s.strip_suffix('\n').unwrap_or(s).split('\n') {
            self.line(if line.is_empty() { 0 } else { indent });
            self.put(line);
        }
        if s.ends_with('\n') {
            self.line(0);
        }
    }

    fn quoted(&mut self, s: &str, indent: usize, key: bool) {
        self.put("\"");
        let mut after_space = false;
        let mut chars = s.char_indices().peekable();
        while let Some((i, c)) = chars.next() {
            if c == ' ' {
                if !key && !after_space && self.column > WIDTH && i > 0 && i + 1 < s.len() {
                    self.line(indent);
                    if chars.peek().is_some_and(|(_, next)| *next == ' ') {
                        self.put("\\");
                    }
                } else {
                    self.put(" ");
                }
                after_space = true;
                continue;
            }
            after_space = false;
            match c {
                '"' => self.put("\\\""),
                '\\' => self.put("\\\\"),
                c if printable(c) => self.put(c.encode_utf8(&mut [0; 4])),
                c => self.put(&escape(c)),
            }
        }
        self.put("\"");
    }
}

fn escape(c: char) -> String {
    match c {
        '\0' => "\\0".into(),
        '\u{7}' => "\\a".into(),
        '\u{8}' => "\\b".into(),
        '\t' => "\\t".into(),
        '\n' => "\\n".into(),
        '\u{b}' => "\\v".into(),
        '\u{c}' => "\\f".into(),
        '\r' => "\\r".into(),
        '\u{1b}' => "\\e".into(),
        '\u{85}' => "\\N".into(),
        '\u{2028}' => "\\L".into(),
        '\u{2029}' => "\\P".into(),
        c if (c as u32) < 0x100 => format!("\\x{:02X}", c as u32),
        c if (c as u32) < 0x10000 => format!("\\u{:04X}", c as u32),
        c => format!("\\U{:08X}", c as u32),
    }
}

/// What the emitter writes as it is: no control characters, and nothing beyond the first plane of Unicode.
fn printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}')
}

/// A literal block cannot hold characters that need escapes, nor spaces at the end of the text or of a line.
fn may_be_literal(s: &str) -> bool {
    s.chars().all(|c| c == '\n' || printable(c)) && !s.ends_with(' ') && !s.contains(" \n")
}
