//! Resource types, one file each.

mod api_key;
pub(crate) mod compute_pool;
pub(crate) mod environment;
mod flink_statement;
pub(crate) mod kafka_cluster;
pub(crate) mod kafka_topic;
mod role_binding;
mod schema;
mod schema_rules;
pub(crate) mod service_account;

pub(crate) use api_key::ApiKey;
pub(crate) use compute_pool::ComputePool;
pub(crate) use environment::Environment;
pub(crate) use flink_statement::FlinkStatement;
pub(crate) use kafka_cluster::KafkaCluster;
pub(crate) use kafka_topic::KafkaTopic;
pub(crate) use role_binding::RoleBinding;
pub(crate) use schema::Schema;
pub(crate) use service_account::ServiceAccount;
