//! All types of the provider.

use std::sync::Arc;

use streamform_provider::declared::Declaration;
use streamform_provider::declared::DeclaredFactory;
use streamform_provider::declared::Table;
use streamform_provider::declared::Timeouts;
use streamform_provider::protocol::ProviderFactory;

use crate::VERSION;
use crate::block;
use crate::block::ProviderDefaults;
use crate::context::Confluent;
use crate::control::Control;
use crate::data::ComputePoolData;
use crate::data::EnvironmentData;
use crate::data::EnvironmentsData;
use crate::data::FlinkRegionData;
use crate::data::KafkaClusterData;
use crate::data::KafkaTopicData;
use crate::data::OrganizationData;
use crate::data::RoleBindingData;
use crate::data::SchemaRegistryClusterData;
use crate::data::ServiceAccountData;
use crate::data::UserData;
use crate::data::UsersData;
use crate::ephemeral::EphemeralApiKey;
use crate::resources::ApiKey;
use crate::resources::ComputePool;
use crate::resources::Environment;
use crate::resources::FlinkStatement;
use crate::resources::KafkaCluster;
use crate::resources::KafkaTopic;
use crate::resources::RoleBinding;
use crate::resources::Schema;
use crate::resources::ServiceAccount;

/// The `confluent` provider, with what it uses where its block and the environment give nothing.
pub fn factory(defaults: ProviderDefaults) -> Arc<dyn ProviderFactory> {
    let table = Table::new(VERSION, provider_block, move |config| {
        Confluent::configure(&defaults, config)
    });
    Arc::new(DeclaredFactory::new(types(table)))
}

fn types(table: Table<Confluent>) -> Table<Confluent> {
    table
        .resource("confluent_api_key", Control::new(ApiKey))
        .resource("confluent_environment", Control::new(Environment))
        .resource("confluent_flink_compute_pool", Control::new(ComputePool))
        .resource("confluent_flink_statement", FlinkStatement::default())
        .sql("confluent_flink_statement", "statement")
        .resource("confluent_kafka_cluster", Control::new(KafkaCluster))
        .resource("confluent_kafka_topic", KafkaTopic::default())
        .resource("confluent_role_binding", Control::new(RoleBinding))
        .resource("confluent_schema", Schema::default())
        .resource("confluent_service_account", Control::new(ServiceAccount))
        .data_source("confluent_environment", EnvironmentData)
        .data_source("confluent_environments", EnvironmentsData)
        .data_source("confluent_flink_compute_pool", ComputePoolData)
        .data_source("confluent_flink_region", FlinkRegionData)
        .data_source("confluent_kafka_cluster", KafkaClusterData)
        .data_source("confluent_kafka_topic", KafkaTopicData)
        .data_source("confluent_organization", OrganizationData)
        .data_source("confluent_role_binding", RoleBindingData)
        .data_source("confluent_schema_registry_cluster", SchemaRegistryClusterData)
        .data_source("confluent_service_account", ServiceAccountData)
        .data_source("confluent_user", UserData)
        .data_source("confluent_users", UsersData)
        .ephemeral("confluent_api_key", EphemeralApiKey)
}

fn provider_block() -> Declaration {
    Declaration {
        type_name: "confluent",
        version: 0,
        fields: block::fields(),
        timeouts: Timeouts::default(),
        deprecated: None,
    }
}
