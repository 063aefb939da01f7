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
use crate::resources::ApiKey;
use crate::resources::ComputePool;
use crate::resources::Environment;
use crate::resources::KafkaCluster;
use crate::resources::KafkaTopic;
use crate::resources::RoleBinding;
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
        .resource("confluent_kafka_cluster", Control::new(KafkaCluster))
        .resource("confluent_kafka_topic", KafkaTopic::default())
        .resource("confluent_role_binding", Control::new(RoleBinding))
        .resource("confluent_service_account", Control::new(ServiceAccount))
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
