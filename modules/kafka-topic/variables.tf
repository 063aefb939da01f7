variable "name" {
  description = "Name of the topic, and of the table in Flink SQL."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9._-]{1,249}$", var.name))
    error_message = "The name of a topic must have 1 to 249 characters: letters, digits, dots, underscores and dashes."
  }
}

variable "partitions" {
  description = "Number of partitions: the most parallel subtasks with which one statement can read the topic. More can be added in place; fewer means a new, empty topic."
  type        = number
  default     = 6

  validation {
    condition     = var.partitions >= 1 && floor(var.partitions) == var.partitions
    error_message = "The number of partitions must be a whole number of at least 1."
  }
}

variable "config" {
  description = "Settings of the topic, such as retention.ms or cleanup.policy. What is not named keeps its default."
  type        = map(string)
  default     = {}
}

variable "value_schema" {
  description = "Schema of the values, as text. It gives the table its columns."
  type        = string
}

variable "key_schema" {
  description = "Schema of the keys, as text. Its fields become columns too, and the table is distributed by them. Without it keys are plain bytes."
  type        = string
  default     = null
}

variable "schema_format" {
  description = "Format of both schemas: AVRO, JSON or PROTOBUF."
  type        = string
  default     = "AVRO"

  validation {
    condition     = contains(["AVRO", "JSON", "PROTOBUF"], var.schema_format)
    error_message = "The format of the schemas must be AVRO, JSON or PROTOBUF."
  }
}

variable "kafka_cluster" {
  description = "The Kafka cluster that holds the topic."
  type = object({
    id            = string
    rest_endpoint = string
  })
}

variable "kafka_api_key" {
  description = "API key for the Kafka cluster. Its owner must be allowed to manage topics."
  type = object({
    id     = string
    secret = string
  })
  sensitive = true
}

variable "schema_registry_cluster" {
  description = "The Schema Registry that holds the schemas."
  type = object({
    id            = string
    rest_endpoint = string
  })
}

variable "schema_registry_api_key" {
  description = "API key for the Schema Registry. Its owner must be allowed to write subjects."
  type = object({
    id     = string
    secret = string
  })
  sensitive = true
}
