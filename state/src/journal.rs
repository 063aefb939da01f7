//! What a run is about to do, on disk before it does it.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use crate::RawJson;

/// A call that changes something outside is about to be made. It stays in the store until it is settled: one that is
/// still there when the store is opened belongs to a run that was killed, or that could not learn the outcome.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// Unique within the store; from [`Store::next_intent_id`](crate::Store::next_intent_id).
    pub id: u64,
    /// The run that made it.
    pub run: String,
    /// Address of the resource instance.
    pub address: String,
    /// The deposed key, when the call is about a deposed object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposed: Option<String>,
    /// What is about to be done.
    pub action: IntentAction,
    /// The resource type.
    pub type_name: String,
    /// The address of the provider configuration.
    pub provider: String,
    /// What will be sent: the planned attributes. May hold sensitive values.
    pub planned: RawJson,
    /// The attributes before, where there were some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<RawJson>,
    /// The idempotency token that goes with the call.
    pub token: String,
    /// When it was written, RFC 3339, by the caller's clock.
    pub started_at: String,
    /// What the record of a made object is to remember besides its attributes: resources that it depends on directly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<String>,
    /// Whether a made object is to be replaced by creating the new one first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub create_before_destroy: bool,
    /// Whether deleting a made object is forbidden.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_destroy: bool,
    /// Whether a made object is to be forgotten where it would be deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_destroy: bool,
    /// The provider's private bytes that go with the call.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "crate::bytes::optional_base64"
    )]
    pub private: Option<Vec<u8>>,
}

impl fmt::Debug for Intent {
    /// Leaves out the content of `private`, `planned` and `prior`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intent")
            .field("id", &self.id)
            .field("run", &self.run)
            .field("address", &self.address)
            .field("deposed", &self.deposed)
            .field("action", &self.action)
            .field("type_name", &self.type_name)
            .field("provider", &self.provider)
            .field("token", &self.token)
            .field("started_at", &self.started_at)
            .finish_non_exhaustive()
    }
}

/// What an [`Intent`] is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IntentAction {
    /// Make an object.
    Create,
    /// Change an object in place.
    Update,
    /// Delete an object.
    Delete,
    /// Read an object in a way that leaves traces outside.
    Read,
}
