locals {
  # The sizes in which Confluent Cloud offers compute pools.
  pool_sizes = [5, 10, 20, 30, 40, 50]
  max_cfu    = min([for size in local.pool_sizes : size if size >= var.cfu]...)
}

data "confluent_organization" "this" {}

data "confluent_flink_region" "this" {
  cloud  = var.cloud
  region = var.region
}

resource "confluent_environment" "this" {
  display_name = var.name

  stream_governance {
    package = var.stream_governance_package
  }
}

resource "confluent_kafka_cluster" "this" {
  display_name = var.name
  availability = var.availability
  cloud        = var.cloud
  region       = var.region

  dynamic "basic" {
    for_each = var.kafka_cluster_type == "basic" ? [true] : []
    content {}
  }

  dynamic "standard" {
    for_each = var.kafka_cluster_type == "standard" ? [true] : []
    content {}
  }

  environment {
    id = confluent_environment.this.id
  }

  lifecycle {
    precondition {
      condition     = var.kafka_cluster_type != "basic" || var.availability == "SINGLE_ZONE"
      error_message = "A basic Kafka cluster is always SINGLE_ZONE. Set kafka_cluster_type to standard, or availability to SINGLE_ZONE."
    }
  }
}

# Confluent creates the Schema Registry of an environment together with its first Kafka cluster. The condition makes this
# wait until there is a cluster. A depends_on would do so too, but it would also put off the reading whenever the cluster
# changes, and everything that needs the registry's id would then seem to change with it.
data "confluent_schema_registry_cluster" "this" {
  environment {
    id = confluent_kafka_cluster.this.id != "" ? confluent_environment.this.id : null
  }
}

resource "confluent_flink_compute_pool" "this" {
  display_name = var.name
  cloud        = var.cloud
  region       = var.region
  max_cfu      = local.max_cfu

  environment {
    id = confluent_environment.this.id
  }
}
