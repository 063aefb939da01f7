//! Paths to places inside an object's attributes: which of them are sensitive.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

/// A way from the root of an object's attributes to one value inside, for instance `config["sasl.password"]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttributePath(pub Vec<PathStep>);

/// One step of an [`AttributePath`].
///
/// Written as JSON it is a string (attribute), a number (list index) or `{"key": "…"}` (map key).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PathStep {
    /// An attribute of an object.
    Attribute(String),
    /// An element of a list or tuple, counted from 0.
    Index(u64),
    /// An element of a map.
    Key {
        /// The map key.
        key: String,
    },
}

impl AttributePath {
    /// The path of a top-level attribute.
    pub fn attribute(name: impl Into<String>) -> Self {
        Self(vec![PathStep::Attribute(name.into())])
    }

    /// The name of the top-level attribute that the path starts with, if it is not empty.
    pub fn root(&self) -> Option<&str> {
        match self.0.first() {
            Some(PathStep::Attribute(name)) => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Attribute(name) if i == 0 => f.write_str(name)?,
                PathStep::Attribute(name) => write!(f, ".{name}")?,
                PathStep::Index(index) => write!(f, "[{index}]")?,
                PathStep::Key { key } => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_keep_their_kind_in_json() {
        let path = AttributePath(vec![
            PathStep::Attribute("config".into()),
            PathStep::Index(3),
            PathStep::Key {
                key: "sasl.password".into(),
            },
        ]);
        let text = serde_json::to_string(&path).unwrap();
        assert_eq!(text, r#"["config",3,{"key":"sasl.password"}]"#);
        assert_eq!(serde_json::from_str::<AttributePath>(&text).unwrap(), path);
        assert_eq!(path.to_string(), r#"config[3]["sasl.password"]"#);
    }
}
