# A file with a little of everything.
terraform {
  required_version = ">= 1.0"
}

variable "names" {
  type    = list(object({ name = string, size = optional(number, 3) }))
  default = [{ name = "a" }, { name = "b", size = 5e2 }]
}

locals {
  by_name = { for n in var.names : n.name => n... if n.size > 1 && !startswith(n.name, "x") }
  text    = "x ${join(",", [for n in var.names : upper(n.name)])} $${y} %{ if var.on ~} on %{~ else } off %{ endif }"
  sql     = <<-SQL
    SELECT *
      FROM ${local.table}
    %{ for k, v in local.by_name ~}
      -- ${k} ${v[0].size}
    %{ endfor ~}
  SQL
}

resource "a_b" "c" {
  for_each = local.by_name /* inline */
  x        = each.value.*.size[0] == 1 ? -1 : a.b[each.key].c["d"] // end
  nested { y = data.a.b[*].c }
}
