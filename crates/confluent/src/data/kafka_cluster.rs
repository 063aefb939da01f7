//! `data "confluent_kafka_cluster"`

use async_trait::async_trait;
use streamform_lang::value::Value;
use streamform_provider::declared::DataSourceType;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::Field;
use streamform_provider::declared::FieldKind;
use streamform_provider::declared::Presence;
use streamform_provider::declared::Timeouts;
use streamform_provider::protocol::Findings;
use streamform_provider::rest::encode;

use super::Lookup;
use super::id_or_name;
use crate::context::Confluent;
use crate::fields::blocks;
use crate::fields::computed;
use crate::fields::required;
use crate::fields::string_list;
use crate::json::text;
use crate::resources::kafka_cluster;

/// A cluster by id or name.
pub(crate) struct KafkaClusterData;

fn ecku(name: &'static str) -> Field {
    blocks(
        name,
        Presence::Optional,
        false,
        vec![Field::optional_computed("max_ecku", FieldKind::Int)],
    )
}

#[async_trait]
impl DataSourceType<Confluent> for KafkaClusterData {
    fn declaration(&self) -> Declaration {
        let [id, name] = id_or_name();
        Declaration {
            type_name: "confluent_kafka_cluster",
            version: 0,
            fields: vec![
                id,
                name,
                computed("api_version"),
                computed("availability"),
                ecku("basic"),
                computed("bootstrap_endpoint"),
                blocks("byok_key", Presence::Computed, false, vec![computed("id")]),
                computed("cloud"),
                Field::one(
                    "dedicated",
                    Presence::Optional,
                    vec![
                        Field::computed("cku", FieldKind::Int),
                        computed("encryption_key"),
                        Field::computed("zones", string_list()),
                    ],
                ),
                Field::computed("deletion_protection", FieldKind::Bool),
                kafka_cluster::endpoints(),
                ecku("enterprise"),
                Field::one("environment", Presence::Required, vec![required("id")]),
                blocks(
                    "freight",
                    Presence::Optional,
                    false,
                    vec![
                        Field::optional_computed("max_ecku", FieldKind::Int),
                        Field::computed("zones", string_list()),
                    ],
                ),
                computed("kind"),
                blocks("network", Presence::Computed, false, vec![computed("id")]),
                computed("rbac_crn"),
                computed("region"),
                computed("rest_endpoint"),
                ecku("standard"),
            ],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    async fn read(&self, client: &Confluent, config: &Value) -> Result<Value, Findings> {
        let asked = encode(config);
        let lookup = Lookup {
            noun: "Kafka Cluster",
            path: "/cmk/v2/clusters",
            query: &[("environment", text(&asked, "/environment/0/id"))],
            name_at: "/spec/display_name",
        };
        let api = lookup.find(client.control()?, &asked).await?;
        Ok(super::value(self, config, &kafka_cluster::state(&api)))
    }
}
