//! The provider block: its arguments, the environment variables behind them, and what belongs together.

use std::fmt;
use std::sync::Arc;

use streamform_lang::value::Path;
use streamform_lang::value::Value;
use streamform_provider::declared::Field;
use streamform_provider::declared::FieldKind;
use streamform_provider::declared::Presence;
use streamform_provider::protocol::Findings;
use streamform_provider::protocol::ProviderDiagnostic;

use crate::checks;
use crate::fields::optional;
use crate::fields::required;

/// Reads an environment variable.
pub type Lookup = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What the provider uses where its block and the environment give nothing.
#[derive(Clone, Default)]
pub struct ProviderDefaults {
    /// Base URL of the control plane.
    pub endpoint: Option<String>,
    /// Cloud API key. Belongs to `endpoint`: used with it unless the block names a key, whatever the environment says.
    pub cloud_api_key: Option<String>,
    /// Its secret.
    pub cloud_api_secret: Option<String>,
    /// Organization of Flink statements that name none.
    pub organization_id: Option<String>,
    /// Reads the environment; none: the process's own.
    pub environment: Option<Lookup>,
    /// What to type where credentials are missing, because an emulator has been used here.
    pub without_credentials: Option<String>,
}

impl fmt::Debug for ProviderDefaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderDefaults")
            .field("endpoint", &self.endpoint)
            .field("organization_id", &self.organization_id)
            .finish_non_exhaustive()
    }
}

impl ProviderDefaults {
    /// The environment variable of a name, if it is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let value = match &self.environment {
            Some(lookup) => lookup(name),
            None => std::env::var(name).ok(),
        };
        value.filter(|v| !v.is_empty())
    }
}

/// Arguments of the provider block with their environment variables. `endpoint` has none, as officially.
const VARIABLES: &[(&str, &str)] = &[
    ("catalog_rest_endpoint", "CATALOG_REST_ENDPOINT"),
    ("cloud_api_key", "CONFLUENT_CLOUD_API_KEY"),
    ("cloud_api_secret", "CONFLUENT_CLOUD_API_SECRET"),
    ("environment_id", "CONFLUENT_ENVIRONMENT_ID"),
    ("flink_api_key", "FLINK_API_KEY"),
    ("flink_api_secret", "FLINK_API_SECRET"),
    ("flink_compute_pool_id", "FLINK_COMPUTE_POOL_ID"),
    ("flink_principal_id", "FLINK_PRINCIPAL_ID"),
    ("flink_rest_endpoint", "FLINK_REST_ENDPOINT"),
    ("kafka_api_key", "KAFKA_API_KEY"),
    ("kafka_api_secret", "KAFKA_API_SECRET"),
    ("kafka_id", "KAFKA_ID"),
    ("kafka_rest_endpoint", "KAFKA_REST_ENDPOINT"),
    ("max_retries", "TF_PROVIDER_CONFLUENT_MAX_RETRIES"),
    ("organization_id", "CONFLUENT_ORGANIZATION_ID"),
    ("schema_registry_api_key", "SCHEMA_REGISTRY_API_KEY"),
    ("schema_registry_api_secret", "SCHEMA_REGISTRY_API_SECRET"),
    ("schema_registry_id", "SCHEMA_REGISTRY_ID"),
    ("schema_registry_rest_endpoint", "SCHEMA_REGISTRY_REST_ENDPOINT"),
    ("tableflow_api_key", "TABLEFLOW_API_KEY"),
    ("tableflow_api_secret", "TABLEFLOW_API_SECRET"),
];

/// The fields of the provider block.
pub(crate) fn fields() -> Vec<Field> {
    let mut fields: Vec<Field> = VARIABLES
        .iter()
        .map(|(name, _)| match *name {
            "max_retries" => Field::optional(name, FieldKind::Int).check(checks::at_least_4),
            name if name.ends_with("_api_key") || name.ends_with("_api_secret") => optional(name).sensitive(),
            name => optional(name),
        })
        .collect();
    fields.push(optional("endpoint"));
    fields.push(Field::one(
        "oauth",
        Presence::Optional,
        vec![
            Field {
                exactly_one_of: OAUTH_SOURCES,
                ..optional("oauth_external_access_token").sensitive()
            },
            optional("oauth_external_client_id").check(checks::not_empty),
            optional("oauth_external_client_secret")
                .sensitive()
                .check(checks::not_empty),
            optional("oauth_external_token_scope"),
            Field {
                exactly_one_of: OAUTH_SOURCES,
                ..optional("oauth_external_token_url")
            },
            required("oauth_identity_pool_id"),
            optional("oauth_sts_token_expired_in_seconds"),
        ],
    ));
    fields
}

const OAUTH_SOURCES: &[&str] = &[
    "oauth.0.oauth_external_token_url",
    "oauth.0.oauth_external_access_token",
];

/// A base URL with a key for it.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) rest_endpoint: String,
    pub(crate) key: String,
    pub(crate) secret: String,
}

/// What the Flink group of the provider block gives to every statement.
#[derive(Clone)]
pub(crate) struct FlinkGroup {
    pub(crate) access: Access,
    pub(crate) organization: String,
    pub(crate) environment: String,
    pub(crate) compute_pool: String,
    pub(crate) principal: String,
}

/// The provider block, resolved.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) endpoint: String,
    pub(crate) cloud_key: Option<(String, String)>,
    pub(crate) kafka_id: Option<String>,
    pub(crate) kafka: Option<Access>,
    pub(crate) registry_id: Option<String>,
    pub(crate) registry: Option<Access>,
    pub(crate) flink: Option<FlinkGroup>,
    pub(crate) organization: Option<String>,
    pub(crate) max_retries: u32,
    /// Whether some argument is not known yet.
    pub(crate) unknown: bool,
}

impl Settings {
    /// Resolves block, environment and defaults.
    pub(crate) fn resolve(defaults: &ProviderDefaults, config: &Value) -> Result<Self, Findings> {
        let config = config.clone().unmark_deep().0;
        let in_block = |name: &str| {
            config
                .get(name)
                .and_then(Value::as_str)
                .filter(|v| !v.is_empty())
                .map(str::to_owned)
        };
        let given = |name: &str| {
            in_block(name).or_else(|| {
                let (_, variable) = VARIABLES.iter().find(|(n, _)| *n == name)?;
                defaults.variable(variable)
            })
        };

        let unknown = !config.is_wholly_known();
        let mut findings = Vec::new();
        if config
            .get("oauth")
            .and_then(Value::items)
            .is_some_and(|i| !i.is_empty())
        {
            findings.push(
                ProviderDiagnostic::error(
                    "OAuth is not available yet",
                    "The \"oauth\" block of the provider is not supported yet. Use API keys: cloud_api_key and cloud_api_secret, or their environment variables CONFLUENT_CLOUD_API_KEY and CONFLUENT_CLOUD_API_SECRET.",
                )
                .at(Path::attr("oauth")),
            );
        }

        let kafka = [
            given("kafka_rest_endpoint"),
            given("kafka_api_key"),
            given("kafka_api_secret"),
        ];
        let kafka_id = given("kafka_id");
        let registry_id = given("schema_registry_id");
        let registry = [
            given("schema_registry_rest_endpoint"),
            given("schema_registry_api_key"),
            given("schema_registry_api_secret"),
            registry_id.clone(),
        ];
        let flink = [
            given("flink_rest_endpoint"),
            given("flink_api_key"),
            given("flink_api_secret"),
            given("organization_id"),
            given("environment_id"),
            given("flink_compute_pool_id"),
            given("flink_principal_id"),
        ];
        let tableflow = [given("tableflow_api_key"), given("tableflow_api_secret")];
        let mut refuse = |text: &str, variables: &str| {
            // What is missing may be what is not known.
            if unknown {
                return;
            }
            findings.push(ProviderDiagnostic::error(
                text,
                format!(
                    "Some of these arguments are set and others are not. They may also come from environment variables: {variables}."
                ),
            ));
        };
        if partly(&kafka) {
            refuse(
                "(kafka_api_key, kafka_api_secret, kafka_rest_endpoint) or (kafka_api_key, kafka_api_secret, kafka_rest_endpoint, kafka_id) attributes should be set or not set in the provider block at the same time",
                "KAFKA_API_KEY, KAFKA_API_SECRET, KAFKA_REST_ENDPOINT, KAFKA_ID",
            );
        }
        // The catalog's endpoint stands in for the registry's for types of the catalog.
        let with_catalog = registry[0].is_none() && given("catalog_rest_endpoint").is_some();
        if partly(if with_catalog { &registry[1..] } else { &registry }) {
            refuse(
                "All 4 schema_registry_api_key, schema_registry_api_secret, schema_registry_rest_endpoint, schema_registry_id attributes should be set or not set in the provider block at the same time",
                "SCHEMA_REGISTRY_API_KEY, SCHEMA_REGISTRY_API_SECRET, SCHEMA_REGISTRY_REST_ENDPOINT, SCHEMA_REGISTRY_ID",
            );
        }
        if partly(&flink) {
            refuse(
                "All 7 flink_api_key, flink_api_secret, flink_rest_endpoint, organization_id, environment_id, flink_compute_pool_id, flink_principal_id attributes should be set or not set in the provider block at the same time",
                "FLINK_API_KEY, FLINK_API_SECRET, FLINK_REST_ENDPOINT, CONFLUENT_ORGANIZATION_ID, CONFLUENT_ENVIRONMENT_ID, FLINK_COMPUTE_POOL_ID, FLINK_PRINCIPAL_ID",
            );
        }
        if partly(&tableflow) {
            refuse(
                "Both tableflow_api_key and tableflow_api_secret should be set or not set in the provider block at the same time",
                "TABLEFLOW_API_KEY, TABLEFLOW_API_SECRET",
            );
        }

        let max_retries = match config.get("max_retries").and_then(Value::as_number) {
            Some(n) => n.as_usize(),
            None => match given("max_retries") {
                None => Some(4),
                Some(text) => text.parse().ok(),
            },
        };
        let max_retries = max_retries
            .filter(|n| *n >= 4)
            .and_then(|n| u32::try_from(n).ok());
        if max_retries.is_none() {
            findings.push(ProviderDiagnostic::error(
                "expected max_retries to be at least (4)",
                "Set max_retries (or the environment variable TF_PROVIDER_CONFLUENT_MAX_RETRIES) to a whole number from 4, or leave it out.",
            ));
        }

        // A key belongs to its endpoint: the one in the environment is not sent to an endpoint that the defaults name.
        let (endpoint, ours) = match (in_block("endpoint"), &defaults.endpoint) {
            (Some(endpoint), _) => (endpoint, false),
            (None, Some(endpoint)) => (endpoint.clone(), true),
            (None, None) => ("https://api.confluent.cloud".to_owned(), false),
        };
        let theirs = in_block("cloud_api_key").zip(in_block("cloud_api_secret"));
        let fallback = defaults
            .cloud_api_key
            .clone()
            .zip(defaults.cloud_api_secret.clone());
        let environment = given("cloud_api_key").zip(given("cloud_api_secret"));
        let cloud_key = if ours {
            theirs.or(fallback).or(environment)
        } else {
            environment.or(fallback)
        };

        if !findings.is_empty() {
            return Err(findings);
        }
        let organization = flink[3].clone().or_else(|| defaults.organization_id.clone());
        let [
            rest,
            key,
            secret,
            organization_id,
            environment_id,
            pool,
            principal,
        ] = flink;
        Ok(Settings {
            endpoint,
            cloud_key,
            kafka_id,
            kafka: access(kafka),
            registry_id,
            registry: {
                let [rest, key, secret, _] = registry;
                access([rest, key, secret])
            },
            flink: access([rest, key, secret]).and_then(|access| {
                Some(FlinkGroup {
                    access,
                    organization: organization_id?,
                    environment: environment_id?,
                    compute_pool: pool?,
                    principal: principal?,
                })
            }),
            organization,
            max_retries: max_retries.unwrap_or(4),
            unknown,
        })
    }
}

fn partly(group: &[Option<String>]) -> bool {
    group.iter().any(Option::is_some) && group.iter().any(Option::is_none)
}

fn access(parts: [Option<String>; 3]) -> Option<Access> {
    let [rest_endpoint, key, secret] = parts;
    Some(Access {
        rest_endpoint: rest_endpoint?,
        key: key?,
        secret: secret?,
    })
}
