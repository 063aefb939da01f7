# Does the market lag behind the news? Three jobs: hourly signals from RSS feeds, hourly prices with the polls of that
# hour, and a join of both that finds how many hours a price took to follow a signal.

provider "confluent" {}

locals {
  # Every topic, with the column that says when the thing happened and how late a row may come.
  tables = {
    rss_events    = { event_time = "published_at", lateness = "INTERVAL '5' MINUTE" }
    market_polls  = { event_time = "observed_at", lateness = "INTERVAL '5' MINUTE" }
    rss_signals   = { event_time = "window_end", lateness = "INTERVAL '1' SECOND" }
    market_prices = { event_time = "window_end", lateness = "INTERVAL '1' SECOND" }
    market_lags   = { event_time = "price_hour", lateness = "INTERVAL '1' SECOND" }
  }

  # Each job is one file in sql/.
  jobs = toset(["rss_signals", "market_prices", "market_lags"])
}

module "environment" {
  source = "../../modules/flink-environment"

  name   = var.name
  region = var.region
  cfu    = var.cfu
}

module "topic" {
  source   = "../../modules/kafka-topic"
  for_each = local.tables

  name         = each.key
  partitions   = var.parallelism
  key_schema   = file("${path.module}/schemas/market-key.avsc")
  value_schema = file("${path.module}/schemas/${each.key}-value.avsc")

  kafka_cluster           = module.environment.kafka_cluster
  kafka_api_key           = confluent_api_key.deploy["kafka"]
  schema_registry_cluster = module.environment.schema_registry_cluster
  schema_registry_api_key = confluent_api_key.deploy["schema_registry"]
}

# A topic's table takes the time of the Kafka record for its event time, unless it is told which column to use.
resource "confluent_flink_statement" "watermark" {
  for_each = local.tables

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
    id = confluent_service_account.deploy.id
  }

  statement_name = "${var.name}-watermark-${replace(each.key, "_", "-")}"
  properties     = module.environment.sql_properties
  rest_endpoint  = module.environment.flink_region.rest_endpoint

  statement = <<-SQL
    ALTER TABLE ${module.topic[each.key].name}
    MODIFY WATERMARK FOR ${each.value.event_time} AS ${each.value.event_time} - ${each.value.lateness};
  SQL

  credentials {
    key    = confluent_api_key.deploy["flink"].id
    secret = confluent_api_key.deploy["flink"].secret
  }
}

resource "confluent_flink_statement" "job" {
  for_each = local.jobs

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
    id = confluent_service_account.deploy.id
  }

  statement_name = "${var.name}-${replace(each.key, "_", "-")}"
  statement      = file("${path.module}/sql/${each.key}.sql")
  properties     = module.environment.sql_properties
  rest_endpoint  = module.environment.flink_region.rest_endpoint

  credentials {
    key    = confluent_api_key.deploy["flink"].id
    secret = confluent_api_key.deploy["flink"].secret
  }

  # A job reads its tables' watermarks when it starts.
  depends_on = [confluent_flink_statement.watermark]
}
