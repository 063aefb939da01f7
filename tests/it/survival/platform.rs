//! The configuration that the tests kill, cut off and interrupt.

/// Of everything that is hard: secrets that are told once, objects that take their time, data planes whose credentials
/// are made in the same run, names that are generated, instances that are alike.
pub(crate) const PLATFORM: &str = r#"
terraform {
  required_providers {
    confluent = { source = "confluentinc/confluent" }
  }
}

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

resource "confluent_api_key" "kafka" {
  display_name = "kafka"
  description  = "generation ${var.generation}"
  owner {
    id          = confluent_service_account.app.id
    api_version = confluent_service_account.app.api_version
    kind        = confluent_service_account.app.kind
  }
  managed_resource {
    id          = confluent_kafka_cluster.this.id
    api_version = confluent_kafka_cluster.this.api_version
    kind        = confluent_kafka_cluster.this.kind
    environment { id = confluent_environment.this.id }
  }
  lifecycle { create_before_destroy = true }
}

resource "confluent_api_key" "registry" {
  display_name = "registry"
  owner {
    id          = confluent_service_account.app.id
    api_version = confluent_service_account.app.api_version
    kind        = confluent_service_account.app.kind
  }
  managed_resource {
    id          = data.confluent_schema_registry_cluster.this.id
    api_version = data.confluent_schema_registry_cluster.this.api_version
    kind        = data.confluent_schema_registry_cluster.this.kind
    environment { id = confluent_environment.this.id }
  }
  lifecycle { create_before_destroy = true }
}

resource "confluent_api_key" "flink" {
  display_name = "flink"
  owner {
    id          = confluent_service_account.app.id
    api_version = confluent_service_account.app.api_version
    kind        = confluent_service_account.app.kind
  }
  managed_resource {
    id          = data.confluent_flink_region.here.id
    api_version = data.confluent_flink_region.here.api_version
    kind        = data.confluent_flink_region.here.kind
    environment { id = confluent_environment.this.id }
  }
  lifecycle { create_before_destroy = true }
}

resource "confluent_api_key" "cloud" {
  count        = var.width
  display_name = "automation-${count.index}"
  owner {
    id          = confluent_service_account.reader[count.index].id
    api_version = confluent_service_account.reader[count.index].api_version
    kind        = confluent_service_account.reader[count.index].kind
  }
}

resource "confluent_kafka_topic" "table" {
  for_each         = toset(["orders", "copies"])
  topic_name       = each.key
  partitions_count = 2 + var.generation
  rest_endpoint    = confluent_kafka_cluster.this.rest_endpoint
  kafka_cluster { id = confluent_kafka_cluster.this.id }
  credentials {
    key    = confluent_api_key.kafka.id
    secret = confluent_api_key.kafka.secret
  }
}

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

/// More for [`PLATFORM`]: a key that is deleted before its successor is made, and topics that carry it.
pub(crate) const CARRIERS: &str = r#"
resource "confluent_api_key" "plain" {
  display_name = "plain"
  owner {
    id          = confluent_service_account.app.id
    api_version = confluent_service_account.app.api_version
    kind        = confluent_service_account.app.kind
  }
  managed_resource {
    id          = confluent_kafka_cluster.this.id
    api_version = confluent_kafka_cluster.this.api_version
    kind        = confluent_kafka_cluster.this.kind
    environment { id = confluent_environment.this.id }
  }
}

resource "confluent_kafka_topic" "extra" {
  count            = var.width
  topic_name       = "extra-${count.index}"
  partitions_count = 1
  rest_endpoint    = confluent_kafka_cluster.this.rest_endpoint
  kafka_cluster { id = confluent_kafka_cluster.this.id }
  credentials {
    key    = confluent_api_key.plain.id
    secret = confluent_api_key.plain.secret
  }
}
"#;

/// How many objects a whole [`PLATFORM`] of this width has, with its [`CARRIERS`].
pub(crate) const fn whole(width: usize) -> usize {
    let (environment, cluster, pool, statement, schemas) = (1, 1, 1, 1, 2);
    let (accounts, bindings, keys, topics) = (1 + width, 1 + width, 4 + width, 2 + width);
    environment + cluster + pool + statement + schemas + accounts + bindings + keys + topics
}
