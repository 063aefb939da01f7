//! `data "confluent_service_account"`

use async_trait::async_trait;
use streamform_lang::value::Value;
use streamform_provider::declared::DataSourceType;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::Timeouts;
use streamform_provider::protocol::Findings;
use streamform_provider::rest::encode;

use super::Lookup;
use super::id_or_name;
use crate::context::Confluent;
use crate::fields::computed;
use crate::json::given;
use crate::resources::service_account;

/// A service account by id or name.
pub(crate) struct ServiceAccountData;

#[async_trait]
impl DataSourceType<Confluent> for ServiceAccountData {
    fn declaration(&self) -> Declaration {
        let [id, name] = id_or_name();
        Declaration {
            type_name: "confluent_service_account",
            version: 0,
            fields: vec![
                id,
                name,
                computed("api_version"),
                computed("description"),
                computed("kind"),
            ],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    async fn read(&self, client: &Confluent, config: &Value) -> Result<Value, Findings> {
        let asked = encode(config);
        // The service looks for the words of a name, each given by itself.
        let words: Vec<(&str, &str)> = given(&asked, "/display_name")
            .map(|name| {
                name.split_whitespace()
                    .map(|word| ("display_name", word))
                    .collect()
            })
            .unwrap_or_default();
        let mut lookup = Lookup {
            noun: "Service Account",
            path: "/iam/v2/service-accounts",
            query: &[],
            name_at: "/display_name",
        };
        if given(&asked, "/id").is_none() {
            lookup.query = &words;
        }
        let api = lookup.find(client.control()?, &asked).await?;
        Ok(super::value(self, config, &service_account::state(&api)))
    }
}
