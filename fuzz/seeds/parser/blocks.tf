terraform {
  required_version = ">= 1.0"
  required_providers { confluent = { source = "confluentinc/confluent" } }
}
variable "v" {
  type    = map(object({ a = optional(list(string), ["x"]), b = any }))
  default = {}
  validation {
    condition     = length(var.v) < 3
    error_message = "Too many."
  }
}
locals { a = { for k, v in var.v : k => v.b... if k != "" }, b = var.v[*].a }
resource "terraform_data" "a" {
  for_each = var.v
  input    = <<-EOT
    %{ if each.key == "x" ~}
    ${each.value.a[0]} $${not} %{ endif }
  EOT
  lifecycle {
    create_before_destroy = true
    ignore_changes        = [input]
    precondition {
      condition     = self.id == null ? true : !false
      error_message = "x"
    }
  }
  dynamic "b" {
    for_each = [1, 2]
    content { c = b.value }
  }
}
moved {
  from = terraform_data.b[0]
  to   = module.m["k"].terraform_data.b
}
import {
  for_each = { a = 1 }
  to       = terraform_data.a[each.key]
  id       = "x-${each.value}"
}
removed {
  from = terraform_data.c
  lifecycle { destroy = false }
}
check "c" {
  assert {
    condition     = 1 + 2 * 3 % 4 >= -1 && (true || false)
    error_message = upper("no")
  }
}
output "o" {
  value     = provider::terraform::encode_expr([1, "a"]...)
  sensitive = true
}
