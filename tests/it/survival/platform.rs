//! The configuration that the tests kill, cut off and interrupt.

use crate::hcl::CONFLUENT;
use crate::hcl::key;
use crate::hcl::topic;

/// Of everything that is hard: secrets that are told once, objects that take their time, data planes whose credentials
/// are made in the same run, names that are generated, instances that are alike.
pub(crate) fn platform() -> String {
    const APP: &str = "confluent_service_account.app";
    const THIS: &str = "confluent_environment.this";
    const SUCCEEDED: &str = "lifecycle { create_before_destroy = true }";
    let made_before = |name: &str, of: &str| {
        let more = format!("display_name = \"{name}\"\n  {SUCCEEDED}");
        key(name, APP, Some((of, THIS)), &more)
    };
    let kafka = "description = \"generation ${var.generation}\"\n  display_name = \"kafka\"";
    [
        CONFLUENT,
        FOUNDATION,
        &key(
            "kafka",
            APP,
            Some((CLUSTER, THIS)),
            &format!("{kafka}\n  {SUCCEEDED}"),
        ),
        &made_before("registry", "data.confluent_schema_registry_cluster.this"),
        &made_before("flink", "data.confluent_flink_region.here"),
        &key(
            "cloud",
            "confluent_service_account.reader[count.index]",
            None,
            "count = var.width\n  display_name = \"automation-${count.index}\"",
        ),
        &topic(
            "table",
            CLUSTER,
            "confluent_api_key.kafka",
            "for_each = toset([\"orders\", \"copies\"])\n  topic_name = each.key\n  partitions_count = 2 + var.generation",
        ),
        ABOVE,
    ]
    .concat()
}

/// More for [`platform`]: a key that is deleted before its successor is made, and topics that carry it.
pub(crate) fn carriers() -> String {
    [
        key(
            "plain",
            "confluent_service_account.app",
            Some((CLUSTER, "confluent_environment.this")),
            "display_name = \"plain\"",
        ),
        topic(
            "extra",
            CLUSTER,
            "confluent_api_key.plain",
            "count = var.width\n  topic_name = \"extra-${count.index}\"\n  partitions_count = 1",
        ),
    ]
    .concat()
}

const CLUSTER: &str = "confluent_kafka_cluster.this";

/// What needs no key.
const FOUNDATION: &str = r#"
variable "generation" {
  type    = number
  default = 1
}

variable "width" {
  type    = number
  default = 2
}

variable "token" {
  type      = string
  sensitive = true
  default   = "first"
}

data "confluent_organization" "this" {}

data "confluent_flink_region" "here" {
  cloud  = "AWS"
  region = "us-east-1"
}

resource "confluent_environment" "this" {
  display_name = "platform-${var.generation}"
  stream_governance { package = "ESSENTIALS" }
}

resource "confluent_kafka_cluster" "this" {
  display_name = "events-${var.generation}"
  availability = "SINGLE_ZONE"
  cloud        = "AWS"
  region       = "us-east-1"
  standard {}
  environment { id = confluent_environment.this.id }
}

data "confluent_schema_registry_cluster" "this" {
  environment { id = confluent_environment.this.id }
  depends_on = [confluent_kafka_cluster.this]
}

resource "confluent_service_account" "app" {
  display_name = "app"
  description  = "generation ${var.generation}"
}

resource "confluent_service_account" "reader" {
  count        = var.width
  display_name = "reader-${count.index}-${var.generation}"
  description  = "generation ${var.generation}"
}

resource "confluent_role_binding" "app" {
  principal   = "User:${confluent_service_account.app.id}"
  role_name   = "CloudClusterAdmin"
  crn_pattern = confluent_kafka_cluster.this.rbac_crn
}

resource "confluent_role_binding" "reader" {
  count       = var.width
  principal   = "User:${confluent_service_account.reader[count.index].id}"
  role_name   = "EnvironmentAdmin"
  crn_pattern = confluent_environment.this.resource_name
}
"#;

/// What stands on the topics.
const ABOVE: &str = r#"
resource "confluent_schema" "table" {
  for_each      = confluent_kafka_topic.table
  subject_name  = "${each.value.topic_name}-value"
  format        = "AVRO"
  hard_delete   = true
  rest_endpoint = data.confluent_schema_registry_cluster.this.rest_endpoint
  schema_registry_cluster { id = data.confluent_schema_registry_cluster.this.id }
  credentials {
    key    = confluent_api_key.registry.id
    secret = confluent_api_key.registry.secret
  }
  schema = jsonencode({
    type   = "record"
    name   = each.value.topic_name
    fields = [{ name = "id", type = "long" }, { name = "note", type = "string" }]
  })
}

resource "confluent_flink_compute_pool" "this" {
  display_name = "pool-${var.generation}"
  cloud        = "AWS"
  region       = "us-east-1"
  max_cfu      = 5
  environment { id = confluent_environment.this.id }
}

resource "confluent_flink_statement" "copy" {
  statement = "INSERT INTO `copies` SELECT * FROM `orders`"
  properties = {
    "sql.current-catalog"  = confluent_environment.this.display_name
    "sql.current-database" = confluent_kafka_cluster.this.display_name
  }
  properties_sensitive = { "sql.secrets.token" = var.token }
  rest_endpoint        = data.confluent_flink_region.here.rest_endpoint
  organization { id = data.confluent_organization.this.id }
  environment { id = confluent_environment.this.id }
  compute_pool { id = confluent_flink_compute_pool.this.id }
  principal { id = confluent_service_account.app.id }
  credentials {
    key    = confluent_api_key.flink.id
    secret = confluent_api_key.flink.secret
  }
  depends_on = [confluent_schema.table]
  lifecycle { ignore_changes = [properties] }
}

output "key" {
  value = confluent_api_key.kafka.id
}
"#;

/// How many objects a whole [`PLATFORM`] of this width has, with its [`CARRIERS`].
pub(crate) const fn whole(width: usize) -> usize {
    let (environment, cluster, pool, statement, schemas) = (1, 1, 1, 1, 2);
    let (accounts, bindings, keys, topics) = (1 + width, 1 + width, 4 + width, 2 + width);
    environment + cluster + pool + statement + schemas + accounts + bindings + keys + topics
}
