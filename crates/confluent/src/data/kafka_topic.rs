//! `data "confluent_kafka_topic"`

use async_trait::async_trait;
use streamform_lang::value::Value;
use streamform_provider::declared::DataSourceType;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::Field;
use streamform_provider::declared::FieldKind;
use streamform_provider::declared::Presence;
use streamform_provider::declared::Timeouts;
use streamform_provider::protocol::Findings;
use streamform_provider::rest::Patience;
use streamform_provider::rest::encode;

use crate::context::Confluent;
use crate::fields::credentials;
use crate::fields::required;
use crate::fields::string_map;
use crate::json::text;
use crate::resources::kafka_topic;

/// A topic by name.
pub(crate) struct KafkaTopicData;

#[async_trait]
impl DataSourceType<Confluent> for KafkaTopicData {
    fn declaration(&self) -> Declaration {
        Declaration {
            type_name: "confluent_kafka_topic",
            version: 0,
            fields: vec![
                Field::computed("config", string_map()),
                credentials(),
                Field::one("kafka_cluster", Presence::Optional, vec![required("id")]),
                Field::computed("partitions_count", FieldKind::Int),
                required("rest_endpoint"),
                required("topic_name"),
            ],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    async fn read(&self, client: &Confluent, config: &Value) -> Result<Value, Findings> {
        let asked = encode(config);
        let topic = text(&asked, "/topic_name");
        let plane = client.kafka(&asked)?;
        let state = kafka_topic::read_state(&plane, topic, Patience::default())
            .await
            .map_err(|e| e.findings(&format!("error reading Kafka Topic {topic:?}")))?;
        Ok(super::value(self, config, &state))
    }
}
