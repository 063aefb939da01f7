variable "name" {
  description = "Name of the environment and the Kafka cluster, and first part of the name of every statement."
  type        = string
  default     = "marketlag"
}

variable "region" {
  description = "Region of AWS in which everything runs."
  type        = string
  default     = "us-east-2"
}

variable "parallelism" {
  description = "Parallel subtasks of each job. Flink on Confluent Cloud chooses its own parallelism, up to the number of partitions that a job reads: so this is the number of partitions of every topic."
  type        = number
  default     = 2
}

variable "cfu" {
  description = "CFUs that the three jobs are expected to use together."
  type        = number
  default     = 2
}
