//! `data "confluent_flink_compute_pool"`

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
use crate::control::ControlType;
use crate::fields::computed;
use crate::fields::required;
use crate::json::text;
use crate::resources::ComputePool;

/// A compute pool by id or name.
pub(crate) struct ComputePoolData;

#[async_trait]
impl DataSourceType<Confluent> for ComputePoolData {
    fn declaration(&self) -> Declaration {
        let [id, name] = id_or_name();
        Declaration {
            type_name: "confluent_flink_compute_pool",
            version: 0,
            fields: vec![
                id,
                name,
                computed("api_version"),
                computed("cloud"),
                Field::computed("default_pool", FieldKind::Bool),
                Field::one("environment", Presence::Required, vec![required("id")]),
                computed("kind"),
                Field::computed("max_cfu", FieldKind::Int),
                computed("region"),
                computed("resource_name"),
            ],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    async fn read(&self, client: &Confluent, config: &Value) -> Result<Value, Findings> {
        let asked = encode(config);
        let lookup = Lookup {
            noun: "Flink Compute Pool",
            path: "/fcpm/v2/compute-pools",
            query: &[("environment", text(&asked, "/environment/0/id"))],
            name_at: "/spec/display_name",
        };
        let api = lookup.find(client.control()?, &asked).await?;
        Ok(super::value(self, config, &ComputePool.state(&api, &asked)))
    }
}
