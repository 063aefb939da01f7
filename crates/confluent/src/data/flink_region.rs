//! `data "confluent_flink_region"`

use async_trait::async_trait;
use serde_json::json;
use streamform_lang::value::Value;
use streamform_provider::declared::DataSourceType;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::Timeouts;
use streamform_provider::protocol::Findings;
use streamform_provider::protocol::ProviderDiagnostic;
use streamform_provider::rest::Patience;
use streamform_provider::rest::encode;

use crate::context::Confluent;
use crate::fields::computed;
use crate::fields::required;
use crate::json::text;
use crate::resources::compute_pool::same_ignoring_case;

/// A region in which Flink is offered.
pub(crate) struct FlinkRegionData;

#[async_trait]
impl DataSourceType<Confluent> for FlinkRegionData {
    fn declaration(&self) -> Declaration {
        Declaration {
            type_name: "confluent_flink_region",
            version: 0,
            fields: vec![
                computed("api_version"),
                required("cloud")
                    .one_of(&["AWS", "AZURE", "GCP"])
                    .suppress(same_ignoring_case),
                computed("id"),
                computed("kind"),
                computed("private_rest_endpoint"),
                required("region"),
                computed("rest_endpoint"),
            ],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    async fn read(&self, client: &Confluent, config: &Value) -> Result<Value, Findings> {
        let asked = encode(config);
        let (cloud, region) = (text(&asked, "/cloud"), text(&asked, "/region"));
        let doing = format!("error reading Flink Region \"{cloud}.{region}\"");
        let query = [("cloud", cloud), ("region_name", region)];
        let found = client
            .control()?
            .list("/fcpm/v2/regions", &query, 99, Patience::default())
            .await
            .map_err(|e| e.findings(&doing))?;
        let [api] = found.as_slice() else {
            return Err(vec![ProviderDiagnostic::error(
                format!("{doing}: {} regions were found", found.len()),
                "Check \"cloud\" and \"region\": Flink is not offered in every region, and a region is written as its cloud writes it, such as \"us-east-1\" or \"eastus2\".",
            )]);
        };
        Ok(super::value(
            self,
            config,
            &json!({
                "id": api["id"],
                "api_version": api["api_version"],
                "kind": api["kind"],
                "rest_endpoint": api["http_endpoint"],
                "private_rest_endpoint": api["private_http_endpoint"],
            }),
        ))
    }
}
