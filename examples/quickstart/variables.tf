variable "name" {
  description = "Name of the environment and the Kafka cluster, and first part of the name of every account, key and statement."
  type        = string
  default     = "quickstart"
}

variable "cloud" {
  description = "Cloud provider: AWS, AZURE or GCP."
  type        = string
  default     = "AWS"
}

variable "region" {
  description = "Region, in the words of the cloud provider."
  type        = string
  default     = "us-east-2"
}

variable "cfu" {
  description = "CFUs that the statements are expected to use together."
  type        = number
  default     = 5
}

variable "orders_partitions" {
  description = "Number of partitions of the topic orders."
  type        = number
  default     = 3
}
