//! `data "confluent_schema_registry_cluster"`: it appears with the first Kafka cluster of an environment.

use async_trait::async_trait;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::value::Value;
use streamform_provider::declared::DataSourceType;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::Field;
use streamform_provider::declared::Presence;
use streamform_provider::declared::Timeouts;
use streamform_provider::protocol::Findings;
use streamform_provider::protocol::ProviderDiagnostic;
use streamform_provider::rest::Patience;
use streamform_provider::rest::encode;

use super::Lookup;
use crate::context::Confluent;
use crate::fields::computed;
use crate::fields::optional_computed;
use crate::fields::required;
use crate::fields::string_map;
use crate::json::given;
use crate::json::id_block;
use crate::json::text;

/// The Schema Registry of an environment.
pub(crate) struct SchemaRegistryClusterData;

fn state(api: &Json) -> Json {
    let spec = &api["spec"];
    let regional = &spec["private_networking_config"]["regional_endpoints"];
    json!({
        "id": api["id"],
        "api_version": api["api_version"],
        "kind": api["kind"],
        "resource_name": api["metadata"]["resource_name"],
        "display_name": spec["display_name"],
        "package": spec["package"],
        "cloud": spec["cloud"],
        "region": spec["region"],
        "environment": id_block(&spec["environment"]["id"]),
        "rest_endpoint": spec["http_endpoint"],
        "catalog_endpoint": spec["catalog_http_endpoint"],
        "private_rest_endpoint": text(spec, "/private_http_endpoint"),
        "private_regional_rest_endpoints": if regional.is_object() { regional.clone() } else { json!({}) },
    })
}

#[async_trait]
impl DataSourceType<Confluent> for SchemaRegistryClusterData {
    fn declaration(&self) -> Declaration {
        Declaration {
            type_name: "confluent_schema_registry_cluster",
            version: 0,
            fields: vec![
                computed("api_version"),
                computed("catalog_endpoint"),
                computed("cloud"),
                optional_computed("display_name"),
                Field::one("environment", Presence::Required, vec![required("id")]),
                optional_computed("id"),
                computed("kind"),
                computed("package"),
                Field::computed("private_regional_rest_endpoints", string_map()),
                computed("private_rest_endpoint")
                    .deprecated("Use private_regional_rest_endpoints in its place."),
                computed("region"),
                computed("resource_name"),
                computed("rest_endpoint"),
            ],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    async fn read(&self, client: &Confluent, config: &Value) -> Result<Value, Findings> {
        let asked = encode(config);
        let environment = text(&asked, "/environment/0/id");
        let control = client.control()?;
        let query = [("environment", environment)];
        if given(&asked, "/id").or(given(&asked, "/display_name")).is_some() {
            let lookup = Lookup {
                noun: "Schema Registry Cluster",
                path: "/srcm/v3/clusters",
                query: &query,
                name_at: "/spec/display_name",
            };
            let api = lookup.find(control, &asked).await?;
            return Ok(super::value(self, config, &state(&api)));
        }
        let doing = format!("error reading Schema Registry Cluster of {environment:?}");
        let all = control
            .list("/srcm/v3/clusters", &query, 99, Patience::default())
            .await
            .map_err(|e| e.findings(&doing))?;
        match all.as_slice() {
            [api] => Ok(super::value(self, config, &state(api))),
            [] => Err(vec![ProviderDiagnostic::error(
                format!("{doing}: there are no schema registry clusters in {environment:?} environment"),
                "A Schema Registry appears with the first Kafka cluster of an environment that has a stream_governance package. Let this data source depend on that cluster: depends_on = [confluent_kafka_cluster.<name>].",
            )]),
            several => Err(vec![ProviderDiagnostic::error(
                format!(
                    "{doing}: there are {} schema registry clusters; please specify id or display_name",
                    several.len()
                ),
                several
                    .iter()
                    .map(|api| format!("{} {:?}", text(api, "/id"), text(api, "/spec/display_name")))
                    .collect::<Vec<_>>()
                    .join(", "),
            )]),
        }
    }
}
