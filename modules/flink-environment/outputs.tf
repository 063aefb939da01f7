output "organization" {
  description = "The organization: id, and resource_name for role bindings."
  value = {
    id            = data.confluent_organization.this.id
    resource_name = data.confluent_organization.this.resource_name
  }
}

output "environment" {
  description = "The environment: id, display_name (the catalog in Flink SQL), and resource_name for role bindings."
  value = {
    id            = confluent_environment.this.id
    display_name  = confluent_environment.this.display_name
    resource_name = confluent_environment.this.resource_name
  }
}

output "kafka_cluster" {
  description = "The Kafka cluster: id, display_name (the database in Flink SQL), endpoints, rbac_crn for role bindings, api_version and kind for API keys."
  value = {
    id                 = confluent_kafka_cluster.this.id
    display_name       = confluent_kafka_cluster.this.display_name
    api_version        = confluent_kafka_cluster.this.api_version
    kind               = confluent_kafka_cluster.this.kind
    bootstrap_endpoint = confluent_kafka_cluster.this.bootstrap_endpoint
    rest_endpoint      = confluent_kafka_cluster.this.rest_endpoint
    rbac_crn           = confluent_kafka_cluster.this.rbac_crn
  }
}

output "schema_registry_cluster" {
  description = "The Schema Registry of the environment: id, rest_endpoint, resource_name for role bindings, api_version and kind for API keys."
  value = {
    id            = data.confluent_schema_registry_cluster.this.id
    api_version   = data.confluent_schema_registry_cluster.this.api_version
    kind          = data.confluent_schema_registry_cluster.this.kind
    rest_endpoint = data.confluent_schema_registry_cluster.this.rest_endpoint
    resource_name = data.confluent_schema_registry_cluster.this.resource_name
  }
}

output "flink_region" {
  description = "The Flink region: rest_endpoint for statements; id, api_version and kind for API keys."
  value = {
    id            = data.confluent_flink_region.this.id
    api_version   = data.confluent_flink_region.this.api_version
    kind          = data.confluent_flink_region.this.kind
    rest_endpoint = data.confluent_flink_region.this.rest_endpoint
  }
}

output "compute_pool" {
  description = "The compute pool: id, and max_cfu, the size that was chosen for the expected CFUs."
  value = {
    id      = confluent_flink_compute_pool.this.id
    max_cfu = confluent_flink_compute_pool.this.max_cfu
  }
}

output "sql_properties" {
  description = "Properties that let a statement name tables without catalog and database."
  value = {
    "sql.current-catalog"  = confluent_environment.this.display_name
    "sql.current-database" = confluent_kafka_cluster.this.display_name
  }
}
