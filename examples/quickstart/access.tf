# Two accounts: "deploy" sets everything up, "statements" is who the statements run as. What runs for months can then do
# no more than read and write tables.

resource "confluent_service_account" "deploy" {
  display_name = "${var.name}-deploy"
  description  = "Sets up topics, schemas and Flink statements"
}

resource "confluent_service_account" "statements" {
  display_name = "${var.name}-statements"
  description  = "Runs Flink statements"
}

resource "confluent_role_binding" "deploy_environment_admin" {
  principal   = "User:${confluent_service_account.deploy.id}"
  role_name   = "EnvironmentAdmin"
  crn_pattern = module.environment.environment.resource_name
}

# Only who is an Assigner of an account may submit statements that run as it.
resource "confluent_role_binding" "deploy_assigner" {
  principal   = "User:${confluent_service_account.deploy.id}"
  role_name   = "Assigner"
  crn_pattern = "${module.environment.organization.resource_name}/service-account=${confluent_service_account.statements.id}"
}

locals {
  kafka_crn = "${module.environment.kafka_cluster.rbac_crn}/kafka=${module.environment.kafka_cluster.id}"

  # CREATE TABLE makes topics and subjects, INSERT reads and writes them, exactly once within Flink's transactions.
  statement_rights = {
    topics             = { role = "ResourceOwner", crn = "${local.kafka_crn}/topic=*" }
    subjects           = { role = "ResourceOwner", crn = "${module.environment.schema_registry_cluster.resource_name}/subject=*" }
    read_transactions  = { role = "DeveloperRead", crn = "${local.kafka_crn}/transactional-id=_confluent-flink_*" }
    write_transactions = { role = "DeveloperWrite", crn = "${local.kafka_crn}/transactional-id=_confluent-flink_*" }
  }
}

resource "confluent_role_binding" "statements" {
  for_each = local.statement_rights

  principal   = "User:${confluent_service_account.statements.id}"
  role_name   = each.value.role
  crn_pattern = each.value.crn
}

resource "confluent_api_key" "kafka" {
  display_name = "${var.name}-kafka"
  description  = "Kafka API key of ${confluent_service_account.deploy.display_name}"

  owner {
    id          = confluent_service_account.deploy.id
    api_version = confluent_service_account.deploy.api_version
    kind        = confluent_service_account.deploy.kind
  }

  managed_resource {
    id          = module.environment.kafka_cluster.id
    api_version = module.environment.kafka_cluster.api_version
    kind        = module.environment.kafka_cluster.kind

    environment {
      id = module.environment.environment.id
    }
  }

  # A key is worth what its owner may do; and the last thing that it does is to delete what it made.
  depends_on = [confluent_role_binding.deploy_environment_admin]
}

resource "confluent_api_key" "schema_registry" {
  display_name = "${var.name}-schema-registry"
  description  = "Schema Registry API key of ${confluent_service_account.deploy.display_name}"

  owner {
    id          = confluent_service_account.deploy.id
    api_version = confluent_service_account.deploy.api_version
    kind        = confluent_service_account.deploy.kind
  }

  managed_resource {
    id          = module.environment.schema_registry_cluster.id
    api_version = module.environment.schema_registry_cluster.api_version
    kind        = module.environment.schema_registry_cluster.kind

    environment {
      id = module.environment.environment.id
    }
  }

  depends_on = [confluent_role_binding.deploy_environment_admin]
}

resource "confluent_api_key" "flink" {
  display_name = "${var.name}-flink"
  description  = "Flink API key of ${confluent_service_account.deploy.display_name}"

  owner {
    id          = confluent_service_account.deploy.id
    api_version = confluent_service_account.deploy.api_version
    kind        = confluent_service_account.deploy.kind
  }

  managed_resource {
    id          = module.environment.flink_region.id
    api_version = module.environment.flink_region.api_version
    kind        = module.environment.flink_region.kind

    environment {
      id = module.environment.environment.id
    }
  }

  depends_on = [
    confluent_role_binding.deploy_environment_admin,
    confluent_role_binding.deploy_assigner,
  ]
}
