output "environment_id" {
  description = "Id of the environment."
  value       = module.environment.environment.id
}

output "kafka_bootstrap_endpoint" {
  description = "Where Kafka clients connect."
  value       = module.environment.kafka_cluster.bootstrap_endpoint
}

output "schema_registry_endpoint" {
  description = "Where clients find the schemas."
  value       = module.environment.schema_registry_cluster.rest_endpoint
}

output "compute_pool" {
  description = "The compute pool and its limit of CFUs."
  value       = module.environment.compute_pool
}

output "topic" {
  description = "The topic that orders are written to, with the schema of its values."
  value = {
    name         = module.orders.name
    partitions   = module.orders.partitions
    value_schema = module.orders.value_schema
  }
}

output "statements" {
  description = "Names of the Flink statements."
  value = concat(
    [for statement in confluent_flink_statement.table : statement.statement_name],
    [confluent_flink_statement.fill_product_revenue.statement_name],
  )
}

output "kafka_api_key" {
  description = "API key with which Kafka clients can write orders: streamform output -json kafka_api_key."
  value = {
    id     = confluent_api_key.kafka.id
    secret = confluent_api_key.kafka.secret
  }
  sensitive = true
}
