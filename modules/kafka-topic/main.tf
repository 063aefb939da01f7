resource "confluent_kafka_topic" "this" {
  kafka_cluster {
    id = var.kafka_cluster.id
  }

  topic_name       = var.name
  partitions_count = var.partitions
  config           = var.config
  rest_endpoint    = var.kafka_cluster.rest_endpoint

  credentials {
    key    = var.kafka_api_key.id
    secret = var.kafka_api_key.secret
  }
}

# Subjects are named as Flink and the clients expect them: TOPIC-value and TOPIC-key.
resource "confluent_schema" "value" {
  schema_registry_cluster {
    id = var.schema_registry_cluster.id
  }

  rest_endpoint = var.schema_registry_cluster.rest_endpoint
  subject_name  = "${confluent_kafka_topic.this.topic_name}-value"
  format        = var.schema_format
  schema        = var.value_schema

  credentials {
    key    = var.schema_registry_api_key.id
    secret = var.schema_registry_api_key.secret
  }
}

resource "confluent_schema" "key" {
  count = var.key_schema == null ? 0 : 1

  schema_registry_cluster {
    id = var.schema_registry_cluster.id
  }

  rest_endpoint = var.schema_registry_cluster.rest_endpoint
  subject_name  = "${confluent_kafka_topic.this.topic_name}-key"
  format        = var.schema_format
  schema        = var.key_schema

  credentials {
    key    = var.schema_registry_api_key.id
    secret = var.schema_registry_api_key.secret
  }
}
