//! `data "confluent_organization"`: the organization of the Cloud API key, as the CRN of its first environment tells it.

use async_trait::async_trait;
use serde_json::json;
use streamform_lang::value::Value;
use streamform_provider::declared::DataSourceType;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::Timeouts;
use streamform_provider::protocol::Findings;
use streamform_provider::protocol::ProviderDiagnostic;

use crate::context::Confluent;
use crate::fields::computed;
use crate::json::text;

/// The organization.
pub(crate) struct OrganizationData;

#[async_trait]
impl DataSourceType<Confluent> for OrganizationData {
    fn declaration(&self) -> Declaration {
        Declaration {
            type_name: "confluent_organization",
            version: 0,
            fields: vec![computed("id"), computed("resource_name")],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    async fn read(&self, client: &Confluent, config: &Value) -> Result<Value, Findings> {
        let page = client
            .control()?
            .get("/org/v2/environments")
            .query("page_size", "99")
            .json()
            .await
            .map_err(|e| e.findings("error reading Organization"))?;
        let crn = text(&page, "/data/0/metadata/resource_name");
        let organization = crn
            .split_once("/organization=")
            .or_else(|| crn.split_once("organization="))
            .map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
        match organization {
            Some(id) if !id.is_empty() => {
                let end = crn.find(id).unwrap_or(0) + id.len();
                Ok(super::value(
                    self,
                    config,
                    &json!({ "id": id, "resource_name": &crn[..end] }),
                ))
            }
            _ => Err(vec![ProviderDiagnostic::error(
                "error reading Organization: no environment was found",
                "The organization is read off the CRN of one of its environments. Create an environment, or let the API key's owner see one.",
            )]),
        }
    }
}
