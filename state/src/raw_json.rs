//! JSON text that is kept exactly as it was written.
//!
//! Attribute values live in the state as text: numbers keep every digit, a provider's upgrade code sees what its
//! older version wrote, and a record that nobody looks into costs no parsing.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// One JSON value as text. Cheap to clone; equal when the texts are equal; `Debug` never shows the content,
/// because it may hold secrets.
#[derive(Clone)]
pub struct RawJson(Arc<RawValue>);

impl RawJson {
    /// The JSON `null`.
    pub fn null() -> Self {
        Self(Arc::from(RawValue::NULL.to_owned()))
    }

    /// Takes JSON text.
    ///
    /// # Errors
    /// When `text` is not exactly one JSON value.
    pub fn from_text(text: String) -> Result<Self, serde_json::Error> {
        Ok(Self::one_line(RawValue::from_string(text)?))
    }

    /// Writes any serializable value as compact JSON.
    ///
    /// # Errors
    /// When the value has no JSON form (a map whose keys are no strings).
    pub fn from_value<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        Ok(Self::one_line(serde_json::value::to_raw_value(value)?))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Whether the value is `null`.
    pub fn is_null(&self) -> bool {
        self.as_str() == "null"
    }

    /// Reads the text into a type, for instance `serde_json::Value` (which rounds numbers beyond 64 bits).
    ///
    /// # Errors
    /// When the value does not have the shape of `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_str())
    }

    /// The files of this crate hold one item a line, so what was laid out over several lines loses its white space.
    fn one_line(raw: Box<RawValue>) -> Self {
        if memchr::memchr2(b'\n', b'\r', raw.get().as_bytes()).is_none() {
            return Self(Arc::from(raw));
        }
        // (Inside a JSON string a line break is always escaped. White space between tokens never joins two: JSON has none that may
        // stand side by side.)
        let mut text = String::with_capacity(raw.get().len());
        let (mut quoted, mut escaped) = (false, false);
        for c in raw.get().chars() {
            if quoted {
                quoted = escaped || c != '"';
                escaped = c == '\\' && !escaped;
            } else if matches!(c, ' ' | '\t' | '\n' | '\r') {
                continue;
            } else {
                quoted = c == '"';
            }
            text.push(c);
        }
        match RawValue::from_string(text) {
            Ok(clean) => Self(Arc::from(clean)),
            Err(_) => Self(Arc::from(raw)),
        }
    }
}

impl Default for RawJson {
    fn default() -> Self {
        Self::null()
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.as_str() == other.as_str()
    }
}

impl Eq for RawJson {}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(JSON, {} bytes)", self.as_str().len())
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::one_line(Box::<RawValue>::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_digit_and_never_shows_the_content() {
        let raw = RawJson::from_text(r#"{"n":12345678901234567890123456789.10,"s":"secret\nline"}"#.into())
            .unwrap();
        assert!(raw.as_str().contains("12345678901234567890123456789.10"));
        assert!(!format!("{raw:?}").contains("secret"));
    }

    #[test]
    fn what_was_laid_out_over_lines_loses_its_white_space_but_not_that_of_strings() {
        let raw = RawJson::from_text(
            "{\n  \"a\": [\r\n1,\n\t2],\n \"b \\\" c\": \"x\\n \\\\\" , \"d\" : \" { \"}".into(),
        )
        .unwrap();
        assert_eq!(raw.as_str(), r#"{"a":[1,2],"b \" c":"x\n \\","d":" { "}"#);
    }

    #[test]
    fn refuses_what_is_not_one_value() {
        assert!(RawJson::from_text("{} {}".into()).is_err());
        assert!(RawJson::from_text("{".into()).is_err());
    }
}
