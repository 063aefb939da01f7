//! Confluent resource names.

use crate::app::Shared;

/// Kinds that may stand in a resource name, in the spelling of role bindings.
const KINDS: &[&str] = &[
    "organization",
    "environment",
    "cloud-cluster",
    "kafka",
    "topic",
    "group",
    "transactional-id",
    "delegation-token",
    "cluster",
    "schema-registry",
    "subject",
    "kek",
    "ksql",
    "ksql-cluster",
    "connector",
    "flink-region",
    "compute-pool",
    "statement",
    "flink-artifact",
    "identity-provider",
    "identity-pool",
    "service-account",
    "user",
    "network",
    "provider-integration",
    "custom-connector-plugin",
    "business-metadata",
    "tag",
    "catalog",
];

impl Shared {
    /// `crn://confluent.cloud/organization=<uuid>`.
    pub(crate) fn organization_crn(&self) -> String {
        format!("crn://confluent.cloud/organization={}", self.organization)
    }

    /// The name of an environment.
    pub(crate) fn environment_crn(&self, environment: &str) -> String {
        format!("{}/environment={environment}", self.organization_crn())
    }

    /// The name of a Kafka cluster, as its own metadata gives it.
    pub(crate) fn kafka_crn(&self, environment: &str, cluster: &str) -> String {
        format!(
            "{}/cloud-cluster={cluster}/kafka={cluster}",
            self.environment_crn(environment)
        )
    }

    /// The base address of a Kafka cluster's REST API.
    pub(crate) fn kafka_endpoint(&self, cluster: &str) -> String {
        format!("{}/pkc/{cluster}", self.endpoint)
    }

    /// The base address of a Schema Registry.
    pub(crate) fn registry_endpoint(&self, registry: &str) -> String {
        format!("{}/psrc/{registry}", self.endpoint)
    }

    /// The base address of a Flink region's gateway. `region` is `aws.us-east-1`.
    pub(crate) fn flink_endpoint(&self, region: &str) -> String {
        format!("{}/flink/{region}", self.endpoint)
    }
}

/// Why `pattern` is no resource name of this organization; `None` if it is one.
pub(crate) fn complaint(pattern: &str, organization: &str) -> Option<String> {
    let Some(rest) = pattern.strip_prefix("crn://") else {
        return Some(format!("CRN pattern '{pattern}' must start with 'crn://'"));
    };
    let mut parts = rest.split('/');
    let authority = parts.next().unwrap_or_default();
    if !matches!(authority, "confluent.cloud" | "api.confluent.cloud") {
        return Some(format!(
            "CRN pattern '{pattern}' must have the authority 'confluent.cloud'"
        ));
    }
    let mut first = true;
    // The name of a topic, group or subject may itself hold a slash: after one of them, what has no known kind is
    // part of the name.
    let mut in_name = false;
    for part in parts {
        match part.split_once('=') {
            Some((kind, value)) if KINDS.contains(&kind) => {
                if value.is_empty() {
                    return Some(format!("CRN pattern '{pattern}' has no value for '{kind}'"));
                }
                if first && kind != "organization" {
                    return Some(format!(
                        "CRN pattern '{pattern}' must start with the organization"
                    ));
                }
                if kind == "organization" && (!first || value != organization) {
                    return Some(format!(
                        "CRN pattern '{pattern}' does not belong to organization {organization}"
                    ));
                }
                in_name = matches!(kind, "topic" | "group" | "transactional-id" | "subject");
            }
            _ if in_name => {}
            Some((kind, _)) => {
                return Some(format!(
                    "CRN pattern '{pattern}' has the unknown resource type '{kind}'"
                ));
            }
            None => {
                return Some(format!(
                    "CRN pattern '{pattern}' has the element '{part}' without a value"
                ));
            }
        }
        first = false;
    }
    first.then(|| format!("CRN pattern '{pattern}' must name an organization"))
}
