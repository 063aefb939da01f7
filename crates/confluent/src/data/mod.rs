//! Data sources, one file each.

mod environment;
mod flink_compute_pool;
mod flink_region;
mod kafka_cluster;
mod kafka_topic;
mod organization;
mod role_binding;
mod schema_registry_cluster;
mod service_account;
mod user;

pub(crate) use environment::EnvironmentData;
pub(crate) use environment::EnvironmentsData;
pub(crate) use flink_compute_pool::ComputePoolData;
pub(crate) use flink_region::FlinkRegionData;
pub(crate) use kafka_cluster::KafkaClusterData;
pub(crate) use kafka_topic::KafkaTopicData;
pub(crate) use organization::OrganizationData;
pub(crate) use role_binding::RoleBindingData;
pub(crate) use schema_registry_cluster::SchemaRegistryClusterData;
pub(crate) use service_account::ServiceAccountData;
pub(crate) use user::UserData;
pub(crate) use user::UsersData;

use serde_json::Value as Json;
use streamform_lang::value::Value;
use streamform_provider::declared::DataSourceType;
use streamform_provider::declared::Field;
use streamform_provider::declared::FieldKind;
use streamform_provider::protocol::Findings;
use streamform_provider::protocol::ProviderDiagnostic;
use streamform_provider::rest::Client;
use streamform_provider::rest::Patience;
use streamform_provider::rest::Shape;
use streamform_provider::rest::segment;

use crate::context::Confluent;
use crate::json::given;
use crate::json::text;

const ID_OR_NAME: &[&str] = &["id", "display_name"];

/// `id` and `display_name`, exactly one of which must be given.
fn id_or_name() -> [Field; 2] {
    ["id", "display_name"]
        .map(|name| Field::optional_computed(name, FieldKind::String).exactly_one_of(ID_OR_NAME))
}

/// The object that `config` asks for, by id or by name, out of one collection.
struct Lookup<'a> {
    noun: &'a str,
    path: &'a str,
    /// Query of every call, such as the environment.
    query: &'a [(&'a str, &'a str)],
    /// Where the API keeps the name.
    name_at: &'a str,
}

impl Lookup<'_> {
    async fn find(&self, control: &Client, config: &Json) -> Result<Json, Findings> {
        match (given(config, "/id"), given(config, "/display_name")) {
            (Some(id), _) => self.by_id(control, id).await,
            (None, Some(name)) => self.by_name(control, name).await,
            (None, None) => Err(vec![ProviderDiagnostic::error(
                format!(
                    "error reading {}: one of id or display_name must be set",
                    self.noun
                ),
                "Both are empty. Give one of them.",
            )]),
        }
    }

    async fn by_id(&self, control: &Client, id: &str) -> Result<Json, Findings> {
        let mut call = control.get(format!("{}/{}", self.path, segment(id)));
        for (name, value) in self.query {
            call = call.query(name, *value);
        }
        call.json()
            .await
            .map_err(|e| e.findings(&format!("error reading {} {id:?}", self.noun)))
    }

    async fn by_name(&self, control: &Client, name: &str) -> Result<Json, Findings> {
        let noun = self.noun;
        let doing = format!("error reading {noun} {name:?}");
        let all = control
            .list(self.path, self.query, 99, Patience::default())
            .await
            .map_err(|e| e.findings(&doing))?;
        let mut found: Vec<Json> = all
            .into_iter()
            .filter(|api| text(api, self.name_at) == name)
            .collect();
        match found.len() {
            1 => Ok(found.remove(0)),
            0 => Err(vec![ProviderDiagnostic::error(
                format!("{doing}: {noun} with \"display_name\"={name:?} was not found"),
                "Names are compared exactly, including case. Check the name, the environment, and that the API key's owner may see the object.",
            )]),
            _ => Err(vec![ProviderDiagnostic::error(
                format!("{doing}: there are multiple {noun}s with \"display_name\"={name:?}"),
                format!(
                    "Give the \"id\" of one of them: {}.",
                    found
                        .iter()
                        .map(|api| text(api, "/id"))
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            )]),
        }
    }
}

/// The value of a data source.
fn value(ty: &dyn DataSourceType<Confluent>, config: &Value, state: &Json) -> Value {
    Shape::of(&ty.declaration()).value(Some(config), state)
}
