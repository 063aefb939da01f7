//! What the emulator remembers of each object. Everything else that an answer shows (endpoints, resource names,
//! phases) is worked out when it is asked for, so that a record never goes stale.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Moment;

/// An environment (`env-…`).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Environment {
    pub(crate) id: String,
    pub(crate) display_name: String,
    /// `ESSENTIALS` or `ADVANCED`, if the creator named one.
    pub(crate) package: Option<String>,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
}

/// A Kafka cluster (`lkc-…`).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KafkaCluster {
    pub(crate) id: String,
    pub(crate) environment: String,
    pub(crate) display_name: String,
    pub(crate) availability: String,
    pub(crate) cloud: String,
    pub(crate) region: String,
    /// `Basic`, `Standard`, `Enterprise`, `Freight` or `Dedicated`.
    pub(crate) kind: String,
    pub(crate) max_ecku: Option<u64>,
    pub(crate) cku: Option<u64>,
    pub(crate) encryption_key: Option<String>,
    pub(crate) network: Option<String>,
    pub(crate) byok: Option<String>,
    pub(crate) deletion_protection: bool,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
}

/// A Schema Registry cluster (`lsrc-…`): one in each environment, made together with its first Kafka cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Registry {
    pub(crate) id: String,
    pub(crate) environment: String,
    pub(crate) package: String,
    pub(crate) cloud: String,
    pub(crate) region: String,
    pub(crate) created_at: Moment,
    /// The id that the next new schema gets.
    pub(crate) next_schema_id: u64,
}

/// A service account (`sa-…`).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ServiceAccount {
    pub(crate) id: String,
    pub(crate) display_name: String,
    pub(crate) description: String,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
}

/// A user (`u-…`).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) full_name: String,
    pub(crate) created_at: Moment,
}

/// A role binding (`rb-…`).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RoleBinding {
    pub(crate) id: String,
    pub(crate) principal: String,
    pub(crate) role_name: String,
    pub(crate) crn_pattern: String,
    pub(crate) created_at: Moment,
}

/// What an API key opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Scope {
    /// The control plane.
    Cloud,
    /// Every plane.
    Global,
    /// The Tableflow calls of the control plane.
    Tableflow,
    /// One Kafka cluster's REST endpoint.
    Kafka { cluster: String },
    /// One Schema Registry.
    Registry { registry: String },
    /// The Flink gateway of one region, for one environment. `region` is `aws.us-east-1`.
    Flink { region: String, environment: String },
}

/// An API key. Only a digest of its secret is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ApiKey {
    pub(crate) id: String,
    pub(crate) display_name: String,
    pub(crate) description: String,
    pub(crate) owner: String,
    pub(crate) scope: Scope,
    /// SHA-256 of `id:secret`, in hexadecimal. Secrets are 64 random characters, so that no salt is needed.
    pub(crate) secret_digest: String,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
}

/// A Flink compute pool (`lfcp-…`).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ComputePool {
    pub(crate) id: String,
    pub(crate) environment: String,
    pub(crate) display_name: String,
    pub(crate) cloud: String,
    pub(crate) region: String,
    pub(crate) max_cfu: u64,
    pub(crate) default_pool: bool,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
}

impl ComputePool {
    /// The id of the Flink region that the pool runs in: `aws.us-east-1`.
    pub(crate) fn region_id(&self) -> String {
        format!("{}.{}", self.cloud.to_lowercase(), self.region)
    }
}

/// A Kafka topic.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Topic {
    pub(crate) cluster: String,
    pub(crate) name: String,
    pub(crate) partitions: u32,
    pub(crate) replication_factor: u32,
    /// Settings that somebody set; every other one has its default.
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) created_at: Moment,
}

/// One version of one subject.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SchemaVersion {
    pub(crate) registry: String,
    pub(crate) subject: String,
    pub(crate) version: u64,
    pub(crate) id: u64,
    /// `AVRO`, `JSON` or `PROTOBUF`.
    pub(crate) schema_type: String,
    pub(crate) schema: String,
    /// As sent; `null` when none was sent.
    pub(crate) references: Value,
    pub(crate) metadata: Value,
    pub(crate) rule_set: Value,
    /// Deleted, but not for good: still listed with `deleted=true`.
    pub(crate) deleted: bool,
    pub(crate) created_at: Moment,
}

/// The settings of a subject, or of the whole registry where `subject` is empty.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SubjectSettings {
    pub(crate) registry: String,
    pub(crate) subject: String,
    pub(crate) compatibility: Option<String>,
    pub(crate) mode: Option<String>,
    /// Further fields of `PUT /config`, returned as they were sent.
    pub(crate) rest: BTreeMap<String, Value>,
}

/// Something that only Flink's catalog knows: a view, a function, a model, a connection, or a table without a topic.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CatalogObject {
    pub(crate) environment: String,
    /// The Kafka cluster that is its database.
    pub(crate) cluster: String,
    /// `table`, `view`, `function`, `model`, `connection`.
    pub(crate) kind: String,
    pub(crate) name: String,
}

/// A Flink SQL statement. Phases that only time decides are not kept: see `flink::phase`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Statement {
    pub(crate) environment: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) statement: String,
    pub(crate) properties: BTreeMap<String, String>,
    pub(crate) labels: Value,
    pub(crate) compute_pool: String,
    pub(crate) principal: String,
    pub(crate) stopped: bool,
    pub(crate) resource_version: u64,
    /// What the statement comes to once it has left `PENDING`.
    pub(crate) outcome: Outcome,
    pub(crate) traits: Value,
    /// When the statement last went to `PENDING`.
    pub(crate) pending_since: Moment,
    /// When it was asked to stop.
    pub(crate) stopped_at: Option<Moment>,
    /// When it was asked to go away.
    pub(crate) deleted_at: Option<Moment>,
    /// Filled when it stops: topic to `partition:0,offset:12;…`.
    pub(crate) latest_offsets: BTreeMap<String, String>,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
}

/// What a statement comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// It runs until it is stopped.
    Runs,
    /// It is done, with these result rows.
    Completed { rows: Vec<Vec<Option<String>>> },
    /// It failed, for this reason.
    Failed { detail: String },
    /// It waits until the statement that it takes its offsets from is stopped.
    WaitsFor { statement: String },
}
