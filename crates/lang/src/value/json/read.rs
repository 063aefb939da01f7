//! Reading JSON.

use super::JsonError;
use super::error;
use super::type_from_json;
use crate::value::Kind;
use crate::value::Name;
use crate::value::Number;
use crate::value::Path;
use crate::value::Step;
use crate::value::Type;
use crate::value::Value;
use crate::value::convert;

/// How deep brackets may be nested: what is read is walked recursively later on.
const MAX_DEPTH: usize = 500;

/// Reads JSON into the type that its text suggests: arrays become tuples, objects objects. Of two equal names the last
/// wins.
///
/// # Errors
/// What is no JSON, in the words of Terraform's `jsondecode`.
pub fn from_json_implied(text: &str) -> Result<Value, JsonError> {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
    };
    let read = reader.value().and_then(|value| {
        reader.space();
        if reader.at < text.len() {
            return Err("extraneous data after JSON object".to_owned());
        }
        Ok(value)
    });
    read.or_else(|message| error(&Path::root(), message))
}

/// Reads JSON as a value of a type, as [`super::to_json_as`] writes it: where `ty` is `any`, value and type stand
/// side by side. Attributes that are missing are null.
///
/// # Errors
/// What is no JSON, or does not fit the type.
pub fn from_json(text: &str, ty: &Type) -> Result<Value, JsonError> {
    shape(&from_json_implied(text)?, ty, &mut Path::root())
}

/// A tree of `serde_json` as a value of the type that it suggests.
pub fn from_serde(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::null(Type::Any),
        serde_json::Value::Bool(b) => Value::bool(*b),
        serde_json::Value::Number(n) => Value::number(Number::parse(&n.to_string()).unwrap_or(Number::ZERO)),
        serde_json::Value::String(s) => Value::string(s.as_str()),
        serde_json::Value::Array(items) => Value::tuple(items.iter().map(from_serde)),
        serde_json::Value::Object(o) => Value::object(o.iter().map(|(k, v)| (name(k), from_serde(v)))),
    }
}

/// A name in normalisation form C, as all strings of the language are.
fn name(text: &str) -> Name {
    match Value::string(text).kind() {
        Kind::String(name) => name.clone(),
        _ => Name::from(text),
    }
}

fn shape(value: &Value, ty: &Type, at: &mut Path) -> Result<Value, JsonError> {
    if value.is_null() {
        return Ok(Value::null(ty.without_optional()));
    }
    let child = |v: &Value, ty: &Type, step: Step, at: &mut Path| {
        at.0.push(step);
        let shaped = shape(v, ty, at)?;
        at.0.pop();
        Ok(shaped)
    };
    match (ty, value.kind()) {
        (Type::Any, _) => {
            let (Some(inner), Some(ty)) = (value.get("value"), value.get("type")) else {
                return error(at, "an object with \"value\" and \"type\" is required");
            };
            let ty = type_from_json(&super::to_serde(ty)?)?;
            shape(inner, &ty, at)
        }
        (Type::List(e) | Type::Set(e), Kind::Tuple(items)) => {
            let mut out = Vec::with_capacity(items.len());
            for (i, v) in items.iter().enumerate() {
                out.push(child(v, e, Step::Index(i), at)?);
            }
            let elem = element_type(e, &out);
            Ok(if matches!(ty, Type::List(_)) {
                Value::list(elem, out)
            } else {
                Value::set(elem, out)
            })
        }
        (Type::Tuple(types), Kind::Tuple(items)) if types.len() == items.len() => {
            let mut out = Vec::with_capacity(items.len());
            for (i, (v, t)) in items.iter().zip(types.iter()).enumerate() {
                out.push(child(v, t, Step::Index(i), at)?);
            }
            Ok(Value::tuple(out))
        }
        (Type::Map(e), Kind::Object(items)) => {
            let mut out = Vec::with_capacity(items.len());
            for (n, v) in items.iter() {
                out.push((n.clone(), child(v, e, Step::Key(n.clone()), at)?));
            }
            let values: Vec<Value> = out.iter().map(|(_, v)| v.clone()).collect();
            Ok(Value::map(element_type(e, &values), out))
        }
        (Type::Object(o), Kind::Object(items)) => {
            if let Some((extra, _)) = items.iter().find(|(n, _)| o.get(n).is_none()) {
                return error(at, format!("unsupported attribute {:?}", extra.as_str()));
            }
            let mut out = Vec::with_capacity(o.attributes().len());
            for (n, t) in o.attributes() {
                let v = match value.get(n) {
                    Some(v) => child(v, t, Step::Attr(n.clone()), at)?,
                    None => Value::null(t.without_optional()),
                };
                out.push((n.clone(), v));
            }
            Ok(Value::object(out))
        }
        (Type::Bool | Type::Number | Type::String, Kind::Bool(_) | Kind::Number(_) | Kind::String(_)) => {
            convert(value, ty).or_else(|e| error(at, e.message))
        }
        (Type::Bool | Type::Number | Type::String, _) => {
            error(at, format!("a {} is required", ty.friendly_name()))
        }
        (Type::Tuple(types), Kind::Tuple(_)) => error(at, format!("{} elements are required", types.len())),
        (Type::List(_) | Type::Set(_) | Type::Tuple(_), _) => error(at, "an array is required"),
        (Type::Map(_) | Type::Object(_), _) => error(at, "an object is required"),
    }
}

/// The element type of a collection whose elements brought their own types.
fn element_type(wanted: &Type, items: &[Value]) -> Type {
    match items.first() {
        Some(first) if wanted.has_any() => first.ty(),
        _ => wanted.without_optional(),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn unexpected<T>(&self) -> Result<T, String> {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            None => Err("EOF".into()),
            Some(c) => Err(format!("invalid character {c:?}")),
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        self.space();
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        self.unexpected()
    }

    /// Whether an item follows; takes the comma or the closing bracket.
    fn more(&mut self, first: bool, closing: u8) -> Result<bool, String> {
        self.space();
        match self.peek() {
            Some(b) if b == closing => {
                self.at += 1;
                self.depth -= 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.at += 1;
                self.space();
                if self.peek() == Some(closing) {
                    return self.unexpected();
                }
                Ok(true)
            }
            Some(_) if first => Ok(true),
            _ => self.unexpected(),
        }
    }

    fn open(&mut self) -> Result<(), String> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("brackets are nested deeper than {MAX_DEPTH}"));
        }
        Ok(())
    }

    fn value(&mut self) -> Result<Value, String> {
        self.space();
        match self.peek() {
            Some(b'{') => {
                self.open()?;
                let mut items = Vec::new();
                let mut first = true;
                while self.more(first, b'}')? {
                    first = false;
                    self.space();
                    if self.peek() != Some(b'"') {
                        return self.unexpected();
                    }
                    let key = self.string()?;
                    self.expect(b':')?;
                    items.push((name(&key), self.value()?));
                }
                Ok(Value::object(items))
            }
            Some(b'[') => {
                self.open()?;
                let mut items = Vec::new();
                while self.more(items.is_empty(), b']')? {
                    items.push(self.value()?);
                }
                Ok(Value::tuple(items))
            }
            Some(b'"') => Ok(Value::string(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::bool(true)),
            Some(b'f') => self.word("false", Value::bool(false)),
            Some(b'n') => self.word("null", Value::null(Type::Any)),
            _ => self.unexpected(),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, String> {
        for byte in word.bytes() {
            if self.peek() != Some(byte) {
                return self.unexpected();
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn digits(&mut self) -> Result<(), String> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            return self.unexpected();
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Value, String> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        match Number::parse(&self.text[start..self.at]) {
            Some(n) => Ok(Value::number(n)),
            None => Err("number is too large".into()),
        }
    }

    /// At the opening quote.
    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest
                .bytes()
                .position(|b| b == b'"' || b == b'\\' || b < 0x20)
                .ok_or_else(|| "unexpected EOF".to_owned())?;
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape(&mut out)?;
                }
                _ => return self.unexpected::<String>().map_err(|e| e + " in string literal"),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), String> {
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                out.push(self.unicode()?);
                return Ok(());
            }
            None => return Err("unexpected EOF".into()),
            _ => return self.unexpected::<()>().map_err(|e| e + " in string escape code"),
        };
        self.at += 1;
        out.push(c);
        Ok(())
    }

    fn hex(&mut self) -> Result<u32, String> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|b| char::from(b).to_digit(16)) else {
                return self
                    .unexpected::<u32>()
                    .map_err(|e| e + " in \\u hexadecimal character escape");
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }

    /// Half of a pair of surrogates without the other is no character; it is replaced, as Go does.
    fn unicode(&mut self) -> Result<char, String> {
        let first = self.hex()?;
        if (0xD800..0xDC00).contains(&first) && self.text[self.at..].starts_with("\\u") {
            let back = self.at;
            self.at += 2;
            let second = self.hex()?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}
