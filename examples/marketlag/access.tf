# One account for everything, with one API key for each plane. examples/quickstart shows how to keep who deploys and who
# runs apart.

resource "confluent_service_account" "deploy" {
  display_name = "${var.name}-deploy"
  description  = "Sets up and runs ${var.name}"
}

resource "confluent_role_binding" "deploy_environment_admin" {
  principal   = "User:${confluent_service_account.deploy.id}"
  role_name   = "EnvironmentAdmin"
  crn_pattern = module.environment.environment.resource_name
}

resource "confluent_api_key" "deploy" {
  for_each = {
    kafka           = module.environment.kafka_cluster
    schema_registry = module.environment.schema_registry_cluster
    flink           = module.environment.flink_region
  }

  display_name = "${var.name}-${replace(each.key, "_", "-")}"
  description  = "API key of ${confluent_service_account.deploy.display_name}"

  owner {
    id          = confluent_service_account.deploy.id
    api_version = confluent_service_account.deploy.api_version
    kind        = confluent_service_account.deploy.kind
  }

  managed_resource {
    id          = each.value.id
    api_version = each.value.api_version
    kind        = each.value.kind

    environment {
      id = module.environment.environment.id
    }
  }

  depends_on = [confluent_role_binding.deploy_environment_admin]
}
