# From nothing to running Flink SQL: an environment with a Kafka cluster and a compute pool, a topic with its schema, and
# the statements that work on it. Accounts, rights and API keys are in access.tf.

# The Cloud API key comes from CONFLUENT_CLOUD_API_KEY and CONFLUENT_CLOUD_API_SECRET.
provider "confluent" {}

module "environment" {
  source = "../../modules/flink-environment"

  name   = var.name
  cloud  = var.cloud
  region = var.region
  cfu    = var.cfu
}

module "orders" {
  source = "../../modules/kafka-topic"

  name         = "orders"
  partitions   = var.orders_partitions
  value_schema = file("${path.module}/schemas/orders-value.avsc")

  config = {
    "retention.ms" = tostring(7 * 24 * 60 * 60 * 1000)
  }

  kafka_cluster           = module.environment.kafka_cluster
  kafka_api_key           = confluent_api_key.kafka
  schema_registry_cluster = module.environment.schema_registry_cluster
  schema_registry_api_key = confluent_api_key.schema_registry
}

# A CREATE TABLE makes a topic and its schemas. It ends once they are there.
resource "confluent_flink_statement" "table" {
  for_each = toset(["products", "product_revenue"])

  organization {
    id = module.environment.organization.id
  }

  environment {
    id = module.environment.environment.id
  }

  compute_pool {
    id = module.environment.compute_pool.id
  }

  principal {
    id = confluent_service_account.statements.id
  }

  statement_name = "${var.name}-create-${replace(each.key, "_", "-")}"
  statement      = file("${path.module}/sql/create_${each.key}.sql")
  properties     = module.environment.sql_properties
  rest_endpoint  = module.environment.flink_region.rest_endpoint

  credentials {
    key    = confluent_api_key.flink.id
    secret = confluent_api_key.flink.secret
  }

  # What a statement may do must hold from its start to its end.
  depends_on = [confluent_role_binding.statements]
}

# An INSERT INTO ... SELECT over a topic never ends: it runs until it is destroyed.
resource "confluent_flink_statement" "fill_product_revenue" {
  organization {
    id = module.environment.organization.id
  }

  environment {
    id = module.environment.environment.id
  }

  compute_pool {
    id = module.environment.compute_pool.id
  }

  principal {
    id = confluent_service_account.statements.id
  }

  statement_name = "${var.name}-fill-product-revenue"
  statement      = file("${path.module}/sql/fill_product_revenue.sql")
  properties     = module.environment.sql_properties
  rest_endpoint  = module.environment.flink_region.rest_endpoint

  credentials {
    key    = confluent_api_key.flink.id
    secret = confluent_api_key.flink.secret
  }

  # The tables that its SQL names.
  depends_on = [
    module.orders,
    confluent_flink_statement.table,
    confluent_role_binding.statements,
  ]
}
