output "name" {
  description = "Name of the topic. Known once the schemas are registered too, when Flink SQL sees the topic as a table."
  value       = confluent_kafka_topic.this.topic_name

  depends_on = [confluent_schema.value, confluent_schema.key]
}

output "id" {
  description = "Id of the topic: CLUSTER/NAME."
  value       = confluent_kafka_topic.this.id
}

output "partitions" {
  description = "Number of partitions."
  value       = confluent_kafka_topic.this.partitions_count
}

output "value_schema" {
  description = "The schema of the values: subject, version in the subject, and id in the registry."
  value = {
    subject = confluent_schema.value.subject_name
    version = confluent_schema.value.version
    id      = confluent_schema.value.schema_identifier
  }
}

output "key_schema" {
  description = "The schema of the keys: subject, version and id; null without one."
  value = one([
    for schema in confluent_schema.key : {
      subject = schema.subject_name
      version = schema.version
      id      = schema.schema_identifier
    }
  ])
}
