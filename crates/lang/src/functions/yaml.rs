//! Values from YAML text, by Terraform's mixture of YAML 1.1 and 1.2.

use std::collections::BTreeMap;
use std::collections::HashMap;

use saphyr_parser::Event;
use saphyr_parser::Parser;
use saphyr_parser::ScalarStyle;
use saphyr_parser::Tag;

use super::clock;
use super::encoding::from_base64;
use crate::syntax::go_quoted;
use crate::value::Name;
use crate::value::Number;
use crate::value::Type;
use crate::value::Value;
use crate::value::convert;

/// Collections inside collections, at most.
const DEEPEST: usize = 512;

/// Values in a document, at most, counting what an alias stands for each time: aliases of aliases grow without bound.
const MOST: usize = 1_000_000;

/// The value of the only document in a text.
pub(super) fn read(text: &str) -> Result<Value, String> {
    // The parser lets a tab pass as indentation at the start, where Terraform does not.
    let start = text
        .lines()
        .find(|l| !l.trim().is_empty() && !l.trim_start().starts_with('#'));
    if start.is_some_and(|l| l.trim_start_matches(' ').starts_with('\t')) {
        return Err("found character that cannot start any token".to_owned());
    }
    // A block that ends with the text, without a line break, ends without one.
    let last_line = text.rsplit('\n').next().unwrap_or("");
    let unfinished_at = if last_line.trim().is_empty() || last_line.starts_with('#') {
        usize::MAX
    } else {
        text.chars().count()
    };
    let mut parser = Parser::new_from_str(text);
    let mut builder = Builder::default();
    let mut documents = 0usize;
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|e| {
            let what = plainly(e.info());
            match e.marker().line() {
                // As in Terraform, the first line goes without saying.
                0 | 1 => what.to_owned(),
                line => format!("on line {line}, column {}: {what}", e.marker().col() + 1),
            }
        })?;
        let line = span.start.line();
        match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    return Err(format!(
                        "on line {line}, column 1: unexpected extra content after value; only a single document is allowed"
                    ));
                }
            }
            Event::Scalar(value, style, anchor, tag) => {
                let tag = tag.as_deref();
                // In the place of a key a merge sign is no text.
                if builder.at_key() && value == "<<" && tag.is_none() {
                    builder.merge_next();
                    continue;
                }
                let mut value = &*value;
                if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
                    && let Some(unfinished) = value.strip_suffix('\n')
                    && span.end.index() >= unfinished_at
                {
                    value = unfinished;
                }
                let v = scalar(value, style, tag)?;
                builder.add(v, anchor)?;
            }
            Event::SequenceStart(anchor, tag) => {
                expect_tag(tag.as_deref(), "seq", "sequence")?;
                builder.open(Open::Sequence(Vec::new()), anchor)?;
            }
            Event::MappingStart(anchor, tag) => {
                expect_tag(tag.as_deref(), "map", "mapping")?;
                builder.open(
                    Open::Mapping {
                        entries: BTreeMap::new(),
                        key: Key::Wanted,
                    },
                    anchor,
                )?;
            }
            Event::SequenceEnd | Event::MappingEnd => builder.close()?,
            Event::Alias(anchor) => builder.alias(anchor)?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }
    builder
        .done
        .ok_or_else(|| "on line 1, column 1: missing start of document".to_owned())
}

/// What the parser says, without what it was doing, and in Terraform's words where those are known.
fn plainly(info: &str) -> &str {
    if info.starts_with("unexpected character") {
        return "found character that cannot start any token";
    }
    if info.contains("unknown anchor") {
        return "reference to undefined anchor";
    }
    match info.split_once(", ") {
        Some((doing, what)) if doing.starts_with("while ") => what,
        _ => info,
    }
}

/// What is next in a mapping.
enum Key {
    Wanted,
    Given(Name),
    Merge,
}

enum Open {
    Sequence(Vec<Value>),
    Mapping {
        entries: BTreeMap<Name, Value>,
        key: Key,
    },
}

#[derive(Default)]
struct Builder {
    open: Vec<(Open, usize)>,
    anchors: HashMap<usize, (Value, usize)>,
    /// How many values there are so far.
    size: usize,
    /// How many there were when each open collection began.
    sizes: Vec<usize>,
    done: Option<Value>,
}

impl Builder {
    fn at_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some((Open::Mapping { key: Key::Wanted, .. }, _))
        )
    }

    fn merge_next(&mut self) {
        if let Some((Open::Mapping { key, .. }, _)) = self.open.last_mut() {
            *key = Key::Merge;
        }
    }

    fn grow(&mut self, by: usize) -> Result<(), String> {
        self.size = self.size.saturating_add(by);
        if self.size > MOST {
            return Err(format!("the document holds more than {MOST} values"));
        }
        Ok(())
    }

    fn open(&mut self, collection: Open, anchor: usize) -> Result<(), String> {
        if self.at_key() {
            return Err("only strings are allowed as mapping keys".to_owned());
        }
        if self.open.len() >= DEEPEST {
            return Err(format!("collections are nested more than {DEEPEST} deep"));
        }
        self.sizes.push(self.size);
        self.open.push((collection, anchor));
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let Some((collection, anchor)) = self.open.pop() else {
            return Ok(());
        };
        let before = self.sizes.pop().unwrap_or(0);
        let value = match collection {
            Open::Sequence(items) => Value::tuple(items),
            Open::Mapping { entries, .. } => Value::object(entries),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), self.size - before));
        }
        self.insert(value)
    }

    fn alias(&mut self, anchor: usize) -> Result<(), String> {
        if self.open.iter().any(|(_, a)| *a == anchor) {
            return Err("cannot refer to an anchor from inside its own definition".to_owned());
        }
        let (value, size) = self
            .anchors
            .get(&anchor)
            .cloned()
            .ok_or("reference to undefined anchor")?;
        self.grow(size)?;
        self.insert(value)
    }

    fn add(&mut self, value: Value, anchor: usize) -> Result<(), String> {
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), 1));
        }
        self.insert(value)
    }

    fn insert(&mut self, value: Value) -> Result<(), String> {
        self.grow(1)?;
        let Some((collection, _)) = self.open.last_mut() else {
            self.done = Some(value);
            return Ok(());
        };
        match collection {
            Open::Sequence(items) => items.push(value),
            Open::Mapping { entries, key } => match std::mem::replace(key, Key::Wanted) {
                Key::Wanted => {
                    let text = convert(&value, &Type::String)
                        .map_err(|_| "only strings are allowed as mapping keys".to_owned())?;
                    let name = text.as_str().ok_or("mapping key cannot be null")?;
                    *key = Key::Given(name.into());
                }
                Key::Given(name) => {
                    entries.insert(name, value);
                }
                Key::Merge => match value.ty() {
                    Type::Object(_) if !value.is_null() => {
                        entries.extend(value.entries().unwrap_or(&[]).iter().cloned());
                    }
                    other => {
                        return Err(format!("cannot merge {} into mapping", other.friendly_name()));
                    }
                },
            },
        }
        Ok(())
    }
}

const CORE: &str = "tag:yaml.org,2002:";

fn tag_name(tag: &Tag) -> String {
    format!(
        "{}{}",
        if tag.handle == "!!" { CORE } else { &tag.handle },
        tag.suffix
    )
}

fn expect_tag(tag: Option<&Tag>, core: &str, what: &str) -> Result<(), String> {
    match tag.map(tag_name) {
        Some(name) if name.strip_prefix(CORE) != Some(core) => {
            Err(format!("can't interpret {what} as {name}"))
        }
        _ => Ok(()),
    }
}

/// The meaning of words that are neither quoted nor tagged as text.
fn word(s: &str) -> Option<Result<Value, String>> {
    Some(Ok(match s {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Value::bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Value::bool(false)
        }
        "" | "~" | "null" | "Null" | "NULL" => Value::null(Type::Any),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF" => {
            return Some(Err("infinite numbers are not supported".to_owned()));
        }
        ".nan" | ".NaN" | ".NAN" => return Some(Err("floating point NaN is not supported".to_owned())),
        _ => return None,
    }))
}

fn scalar(s: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let name = tag.map(tag_name);
    let core = match &name {
        None => None,
        Some(n) => match n.strip_prefix(CORE) {
            Some(c @ ("str" | "bool" | "int" | "float" | "null" | "timestamp" | "binary")) => Some(c),
            _ => return Err(format!("unsupported tag {}", go_quoted(n))),
        },
    };
    let cannot = |more: &str| {
        Err(format!(
            "cannot parse {} as {}{more}",
            go_quoted(s),
            name.as_deref().unwrap_or("number")
        ))
    };
    let plain = || Ok(Value::string(s));
    match core {
        Some("str") => return plain(),
        Some("binary") => {
            return match from_base64(s) {
                Some(_) => plain(),
                None => cannot(": not valid base64"),
            };
        }
        _ => {}
    }
    // Text in quotes stays text, whatever it is tagged as; so does a block, which has no tag that says otherwise.
    let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
    if core.is_none() && matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        // As in Terraform what a block says is first understood, then made text again: `yes` is "true".
        let meant = match s.trim_start_matches(['+', '-']).to_ascii_lowercase().as_str() {
            ".inf" => Ok(Value::string(if s.starts_with('-') { "-Inf" } else { "+Inf" })),
            _ => scalar(s, ScalarStyle::Plain, None),
        };
        return convert(&meant?, &Type::String).map_err(|e| e.to_string());
    }
    let first = s.chars().next().unwrap_or('y');
    let hinted = first.is_ascii_digit() || "yYnNtTfFoO~+-.".contains(first);
    if hinted && quoted {
        return plain();
    }
    if quoted && core.is_none() {
        return plain();
    }
    if hinted {
        if let Some(meaning) = word(s) {
            return meaning;
        }
        if matches!(core, None | Some("timestamp"))
            && first.is_ascii_digit()
            && let Some(t) = clock::yaml_timestamp(s)
        {
            return Ok(Value::string(t.to_rfc3339()));
        }
        if let Some(n) = number(s) {
            return Ok(Value::number(n));
        }
    }
    match core {
        None => plain(),
        Some("null") => Ok(Value::null(Type::Any)),
        Some("int" | "float") => match number(&s.replace('_', "")) {
            Some(n) => Ok(Value::number(n)),
            None => cannot(""),
        },
        _ => cannot(""),
    }
}

/// Decimal, `0o` octal or `0x` hexadecimal; nothing for what looks otherwise.
fn number(s: &str) -> Option<Number> {
    let all = |digits: &str, ok: fn(&u8) -> bool| !digits.is_empty() && digits.as_bytes().iter().all(ok);
    if let Some(digits) = s.strip_prefix("0o") {
        return all(digits, |b| (b'0'..=b'7').contains(b))
            .then(|| Number::parse_radix(digits, 8))
            .flatten();
    }
    if let Some(digits) = s.strip_prefix("0x") {
        return all(digits, u8::is_ascii_hexdigit)
            .then(|| Number::parse_radix(digits, 16))
            .flatten();
    }
    let body = s.strip_prefix(['+', '-']).unwrap_or(s);
    let mantissa = body.split(['e', 'E']).next().unwrap_or("");
    let fine = mantissa.contains(|c: char| c.is_ascii_digit())
        && s.bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    if fine { Number::parse(s) } else { None }
}
