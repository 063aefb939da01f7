output "environment_id" {
  description = "Id of the environment."
  value       = module.environment.environment.id
}

output "kafka_bootstrap_endpoint" {
  description = "Where Kafka clients write RSS events and polls."
  value       = module.environment.kafka_cluster.bootstrap_endpoint
}

output "compute_pool" {
  description = "The compute pool and its limit of CFUs."
  value       = module.environment.compute_pool
}

output "topics" {
  description = "Topics, each with its number of partitions."
  value       = { for name, topic in module.topic : name => topic.partitions }
}

output "jobs" {
  description = "Names of the statements that run, by job."
  value       = { for name, job in confluent_flink_statement.job : name => job.statement_name }
}

output "kafka_api_key" {
  description = "API key for Kafka clients: streamform output -json kafka_api_key."
  value = {
    id     = confluent_api_key.deploy["kafka"].id
    secret = confluent_api_key.deploy["kafka"].secret
  }
  sensitive = true
}
