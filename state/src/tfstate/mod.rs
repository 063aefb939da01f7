//! Terraform's state file, format version 4: the form in which a state comes from Terraform and goes back.
//!
//! Its `dependencies` are the full, transitive list, ours the direct one; the difference is made up when it is written. What the
//! format has no place for (a remembered `prevent_destroy` or `destroy = false`, which of the dependencies are direct ones) stands in a field of our
//! own, `"streamform"`, in the instances that need it: Terraform 1.11 reads over it, and drops it when it writes the file anew.
//! What belongs to a place and not to a state stays there: open intents, record versions, documents.

mod export;
mod import;
mod layout;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::AttributePath;
use crate::PathStep;
use crate::RawJson;

pub use import::ForeignState;

/// The format version.
const VERSION: u64 = 4;

/// The file. Order of fields and what is left out when empty are as Terraform 1.11 writes them.
#[derive(Serialize, Deserialize)]
struct File {
    version: u64,
    #[serde(default)]
    terraform_version: String,
    serial: u64,
    lineage: String,
    #[serde(default)]
    outputs: BTreeMap<String, Output>,
    #[serde(default)]
    resources: Vec<Resource>,
    #[serde(default)]
    check_results: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
struct Output {
    value: RawJson,
    #[serde(rename = "type")]
    value_type: RawJson,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    sensitive: bool,
}

#[derive(Serialize, Deserialize)]
struct Resource {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    module: String,
    mode: String,
    #[serde(rename = "type")]
    type_name: String,
    name: String,
    provider: String,
    #[serde(default)]
    instances: Vec<Instance>,
}

#[derive(Serialize, Deserialize)]
struct Instance {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index_key: Option<IndexKey>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    status: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    deposed: String,
    #[serde(default)]
    schema_version: u64,
    #[serde(default)]
    attributes: Option<RawJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attributes_flat: Option<RawJson>,
    #[serde(default)]
    sensitive_attributes: Option<Vec<Vec<Step>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity_schema_version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity: Option<serde_json::Value>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "crate::bytes::optional_base64"
    )]
    private: Option<Vec<u8>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    create_before_destroy: bool,
    #[serde(rename = "streamform", default, skip_serializing_if = "Ours::is_empty")]
    ours: Ours,
}

/// What we remember of an object and Terraform does not.
#[derive(Default, Serialize, Deserialize)]
struct Ours {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    prevent_destroy: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    skip_destroy: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    direct_dependencies: Option<DirectDependencies>,
}

/// Which of the dependencies are direct ones, where not all are.
#[derive(Serialize, Deserialize)]
struct DirectDependencies {
    names: Vec<String>,
    /// How many dependencies there were in all. Another number there now means that the list was edited, and holds.
    of: usize,
}

impl Ours {
    fn is_empty(&self) -> bool {
        !self.prevent_destroy && !self.skip_destroy && self.direct_dependencies.is_none()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum IndexKey {
    Number(u64),
    Text(String),
}

/// A step of a path: `{"type":"get_attr","value":"a"}` or `{"type":"index","value":{"type":"string","value":"k"}}`.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Step {
    GetAttr { value: String },
    Index { value: Index },
}

#[derive(Serialize, Deserialize)]
struct Index {
    value: IndexKey,
    #[serde(rename = "type")]
    value_type: String,
}

impl From<&AttributePath> for Vec<Step> {
    fn from(path: &AttributePath) -> Self {
        let step = |step: &PathStep| match step {
            PathStep::Attribute(name) => Step::GetAttr { value: name.clone() },
            PathStep::Index(index) => Step::Index {
                value: Index {
                    value: IndexKey::Number(*index),
                    value_type: "number".into(),
                },
            },
            PathStep::Key { key } => Step::Index {
                value: Index {
                    value: IndexKey::Text(key.clone()),
                    value_type: "string".into(),
                },
            },
        };
        path.0.iter().map(step).collect()
    }
}

impl From<Vec<Step>> for AttributePath {
    fn from(steps: Vec<Step>) -> Self {
        let step = |step| match step {
            Step::GetAttr { value } => PathStep::Attribute(value),
            Step::Index {
                value:
                    Index {
                        value: IndexKey::Number(index),
                        ..
                    },
            } => PathStep::Index(index),
            Step::Index {
                value:
                    Index {
                        value: IndexKey::Text(key),
                        ..
                    },
            } => PathStep::Key { key },
        };
        Self(steps.into_iter().map(step).collect())
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
