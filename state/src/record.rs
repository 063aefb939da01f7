//! What the state remembers of one resource instance.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use crate::AttributePath;
use crate::RawJson;

/// One resource instance: its current object, and those of its earlier objects that still wait to be deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The absolute address of the instance, as typed by a user: `module.a["x"].aws_thing.name[0]`. The key of the record.
    pub address: String,
    /// Whether the object is managed here or only read.
    pub mode: Mode,
    /// The resource type, for instance `confluent_kafka_topic`.
    pub type_name: String,
    /// The address of the provider configuration, `module.m.provider["registry.terraform.io/confluentinc/confluent"].alias`.
    pub provider: String,
    /// The object that the configuration speaks about; absent when only deposed ones are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Object>,
    /// Replaced objects that are not yet deleted, by deposed key (8 hexadecimal digits).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deposed: BTreeMap<String, Object>,
    /// Number of the commit that wrote the record. Set by the store: what a caller puts here is ignored. It grows with
    /// every write and never repeats, so a plan file can tell whether a record is still the one it read.
    #[serde(default)]
    pub version: u64,
}

/// Managed or data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A `resource` block: created, updated and deleted here.
    Managed,
    /// A `data` block: only read.
    Data,
}

/// One object behind a resource instance.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Object {
    /// The attributes as one JSON object, as the provider's schema of version `schema_version` shapes them.
    pub attributes: RawJson,
    /// Places inside `attributes` whose values are sensitive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitive_paths: Vec<AttributePath>,
    /// Bytes that the provider wants back at the next call and that nobody else reads.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "crate::bytes::optional_base64"
    )]
    pub private: Option<Vec<u8>>,
    /// Version of the resource type's schema that `attributes` follow.
    #[serde(default)]
    pub schema_version: u64,
    /// Whether the object is whole.
    #[serde(default, skip_serializing_if = "ObjectStatus::is_ready")]
    pub status: ObjectStatus,
    /// Resources that the object depends on directly, as configuration addresses without instance keys: `module.a.type.name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<String>,
    /// Whether the object is replaced by creating the new one first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub create_before_destroy: bool,
    /// Whether deleting the object is forbidden, also when its block has left the configuration.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_destroy: bool,
    /// Whether the object is forgotten where it would be deleted (`destroy = false`), also when its block has left the configuration.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_destroy: bool,
    /// What identifies the object at the provider, where the resource type has an identity schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<serde_json::Value>,
    /// Version of the identity schema that `identity` follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_schema_version: Option<u64>,
}

impl fmt::Debug for Object {
    /// Leaves out the content of `private`, and of `attributes` (see [`RawJson`]).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("attributes", &self.attributes)
            .field("sensitive_paths", &self.sensitive_paths)
            .field("private_bytes", &self.private.as_ref().map(Vec::len))
            .field("schema_version", &self.schema_version)
            .field("status", &self.status)
            .field("dependencies", &self.dependencies)
            .field("create_before_destroy", &self.create_before_destroy)
            .field("prevent_destroy", &self.prevent_destroy)
            .field("skip_destroy", &self.skip_destroy)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// Whether an object is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectStatus {
    /// Made and complete.
    #[default]
    Ready,
    /// Its create did not finish, or a user asked for it: replaced at the next apply.
    Tainted,
}

impl ObjectStatus {
    /// Whether this is [`ObjectStatus::Ready`].
    pub fn is_ready(&self) -> bool {
        *self == Self::Ready
    }
}

/// The value of an `output` block of the root module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputValue {
    /// The value.
    pub value: RawJson,
    /// Its type in the JSON form of type expressions: `"string"`, `["list","number"]`, …
    #[serde(rename = "type")]
    pub value_type: RawJson,
    /// Whether the value is masked when shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}

impl Record {
    /// Whether the other record says the same, whenever it was written.
    pub fn same_content(&self, other: &Self) -> bool {
        self.address == other.address
            && self.mode == other.mode
            && self.type_name == other.type_name
            && self.provider == other.provider
            && self.current == other.current
            && self.deposed == other.deposed
    }

    /// Whether nothing is left to remember: neither a current nor a deposed object.
    pub fn is_empty(&self) -> bool {
        self.current.is_none() && self.deposed.is_empty()
    }

    /// The current object and the deposed ones (with their key).
    pub fn objects(&self) -> impl Iterator<Item = (Option<&str>, &Object)> {
        self.current.iter().map(|object| (None, object)).chain(
            self.deposed
                .iter()
                .map(|(key, object)| (Some(key.as_str()), object)),
        )
    }

    /// Whether some object holds what must not be readable on disk: sensitive attributes or private bytes.
    pub fn holds_secrets(&self) -> bool {
        self.objects()
            .any(|(_, object)| !object.sensitive_paths.is_empty() || object.private.is_some())
    }
}
