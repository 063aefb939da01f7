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
use crate::json::text;
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
        // The service filters by the whole name; the official provider asks for each of its words.
        let by_name = [("display_name", text(&asked, "/display_name"))];
        let lookup = Lookup {
            noun: "Service Account",
            path: "/iam/v2/service-accounts",
            query: if given(&asked, "/id").is_some() {
                &[]
            } else {
                &by_name
            },
            name_at: "/display_name",
        };
        let api = lookup.find(client.control()?, &asked).await?;
        Ok(super::value(self, config, &service_account::state(&api)))
    }
}
