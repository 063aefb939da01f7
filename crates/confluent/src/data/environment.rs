//! `data "confluent_environment"` and `data "confluent_environments"`

use async_trait::async_trait;
use serde_json::json;
use streamform_lang::value::Value;
use streamform_provider::declared::DataSourceType;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::Field;
use streamform_provider::declared::Timeouts;
use streamform_provider::protocol::Findings;
use streamform_provider::rest::Patience;
use streamform_provider::rest::encode;

use super::Lookup;
use super::id_or_name;
use crate::context::Confluent;
use crate::fields::computed;
use crate::fields::string_list;
use crate::resources::environment;

/// An environment by id or name.
pub(crate) struct EnvironmentData;

#[async_trait]
impl DataSourceType<Confluent> for EnvironmentData {
    fn declaration(&self) -> Declaration {
        let [id, name] = id_or_name();
        Declaration {
            type_name: "confluent_environment",
            version: 0,
            fields: vec![
                id,
                name,
                computed("resource_name"),
                environment::stream_governance(),
            ],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    async fn read(&self, client: &Confluent, config: &Value) -> Result<Value, Findings> {
        let lookup = Lookup {
            noun: "Environment",
            path: "/org/v2/environments",
            query: &[],
            name_at: "/display_name",
        };
        let api = lookup.find(client.control()?, &encode(config)).await?;
        Ok(super::value(self, config, &environment::state(&api)))
    }
}

/// The ids of all environments.
pub(crate) struct EnvironmentsData;

#[async_trait]
impl DataSourceType<Confluent> for EnvironmentsData {
    fn declaration(&self) -> Declaration {
        Declaration {
            type_name: "confluent_environments",
            version: 0,
            fields: vec![Field::computed("ids", string_list())],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    async fn read(&self, client: &Confluent, config: &Value) -> Result<Value, Findings> {
        let all = client
            .control()?
            .list("/org/v2/environments", &[], 99, Patience::default())
            .await
            .map_err(|e| e.findings("error reading Environments"))?;
        let ids: Vec<_> = all.iter().map(|api| api["id"].clone()).collect();
        // The official id is the time of reading, which makes a difference of every plan; here it is one and the same.
        Ok(super::value(
            self,
            config,
            &json!({ "id": "environments", "ids": ids }),
        ))
    }
}
