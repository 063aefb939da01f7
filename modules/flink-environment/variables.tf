variable "name" {
  description = "Name of the environment, the Kafka cluster and the compute pool. In Flink SQL the environment is the catalog and the Kafka cluster the database, so this name appears in SQL."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,47}$", var.name))
    error_message = "The name must have 2 to 48 characters: small letters, digits and dashes, the first one a letter."
  }
}

variable "cloud" {
  description = "Cloud provider of the Kafka cluster and the compute pool: AWS, AZURE or GCP."
  type        = string
  default     = "AWS"

  validation {
    condition     = contains(["AWS", "AZURE", "GCP"], var.cloud)
    error_message = "The cloud must be AWS, AZURE or GCP."
  }
}

variable "region" {
  description = "Region of the Kafka cluster and the compute pool, in the words of the cloud provider (us-east-2)."
  type        = string
  nullable    = false
}

variable "cfu" {
  description = "CFUs that the statements are expected to use together. The compute pool gets the smallest size that Confluent offers (5, 10, 20, 30, 40 or 50) and that is not below it. Only what is used is paid for. A pool can grow but not shrink."
  type        = number
  default     = 5

  validation {
    condition     = var.cfu >= 1 && var.cfu <= 50 && floor(var.cfu) == var.cfu
    error_message = "The CFUs must be a whole number from 1 to 50."
  }
}

variable "kafka_cluster_type" {
  description = "Type of the Kafka cluster: basic or standard."
  type        = string
  default     = "basic"

  validation {
    condition     = contains(["basic", "standard"], var.kafka_cluster_type)
    error_message = "The type of the Kafka cluster must be basic or standard."
  }
}

variable "availability" {
  description = "Availability of the Kafka cluster: SINGLE_ZONE or MULTI_ZONE. A basic cluster is always SINGLE_ZONE."
  type        = string
  default     = "SINGLE_ZONE"

  validation {
    condition     = contains(["SINGLE_ZONE", "MULTI_ZONE"], var.availability)
    error_message = "The availability must be SINGLE_ZONE or MULTI_ZONE."
  }
}

variable "stream_governance_package" {
  description = "Stream Governance package of the environment: ESSENTIALS or ADVANCED. It can be raised but not lowered."
  type        = string
  default     = "ESSENTIALS"

  validation {
    condition     = contains(["ESSENTIALS", "ADVANCED"], var.stream_governance_package)
    error_message = "The Stream Governance package must be ESSENTIALS or ADVANCED."
  }
}
