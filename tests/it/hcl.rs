//! Pieces of configuration that tests share.

/// The provider.
pub(crate) const CONFLUENT: &str = r#"
terraform {
  required_providers {
    confluent = { source = "confluentinc/confluent" }
  }
}
"#;

/// An environment called `home`.
pub(crate) const ENVIRONMENT: &str = r#"
resource "confluent_environment" "e" {
  display_name = "home"
}
"#;

/// A basic cluster in the environment `e`; `more` are other arguments.
pub(crate) fn cluster(label: &str, name: &str, more: &str) -> String {
    format!(
        r#"
resource "confluent_kafka_cluster" "{label}" {{
  display_name = "{name}"
  availability = "SINGLE_ZONE"
  cloud        = "AWS"
  region       = "us-east-1"
  basic {{}}
  environment {{ id = confluent_environment.e.id }}
  {more}
}}
"#
    )
}

/// An API key of `owner`, an expression; for `managed`, another one, in the environment of a third, if it is given. `more` are other
/// arguments.
pub(crate) fn key(label: &str, owner: &str, managed: Option<(&str, &str)>, more: &str) -> String {
    let owned = named("owner", owner, "");
    let managed = managed.map(|(of, environment)| {
        named(
            "managed_resource",
            of,
            &format!("environment {{ id = {environment}.id }}"),
        )
    });
    format!(
        "\nresource \"confluent_api_key\" \"{label}\" {{\n  {more}\n{owned}{}}}\n",
        managed.unwrap_or_default()
    )
}

/// A block that names an object by id, version and kind.
fn named(block: &str, of: &str, more: &str) -> String {
    format!(
        r#"  {block} {{
    id          = {of}.id
    api_version = {of}.api_version
    kind        = {of}.kind
    {more}
  }}
"#
    )
}

/// A topic on `cluster`, reached with `key`, both expressions; `more` are other arguments.
pub(crate) fn topic(label: &str, cluster: &str, key: &str, more: &str) -> String {
    format!(
        r#"
resource "confluent_kafka_topic" "{label}" {{
  {more}
  rest_endpoint = {cluster}.rest_endpoint
  kafka_cluster {{ id = {cluster}.id }}
  credentials {{
    key    = {key}.id
    secret = {key}.secret
  }}
}}
"#
    )
}
