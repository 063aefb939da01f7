//! Typical mistakes in configurations, and what their authors read: what is wrong, where, why, what to type next, and
//! the values of the references in the failing expression. Each is a snapshot, so that a change of words is seen.

use crate::sandbox::Run;
use crate::sandbox::Sandbox;

/// Files of a configuration.
pub(crate) type Files<'a> = &'a [(&'a str, &'a str)];

fn plan(files: Files<'_>) -> Run {
    let sandbox = Sandbox::new();
    for (name, text) in files {
        sandbox.write(name, text);
    }
    sandbox.fail(["plan", "-input=false"])
}

/// Holds what is said about a configuration against its snapshot.
#[track_caller]
pub(crate) fn said(name: &str, files: Files<'_>) {
    told(name, &plan(files));
}

/// Holds what a command says against its snapshot.
#[track_caller]
pub(crate) fn told(name: &str, run: &Run) {
    insta::with_settings!({
        omit_expression => true,
        prepend_module_to_snapshot => false,
        snapshot_path => "snapshots/mistakes",
    }, {
        insta::assert_snapshot!(name, run.stderr);
    });
}

macro_rules! mistakes {
    ($($name:ident: $config:expr;)*) => {
        $(
            #[test]
            fn $name() {
                said(stringify!($name), &[("main.tf", $config)]);
            }
        )*
    };
}

mistakes! {
    argument_typo: r#"resource "terraform_data" "a" {
  inputt           = 1
  trigers_replace = 2
}
"#;
    type_typo: r#"resource "terraform_dta" "a" {
  input = 1
}
"#;
    function_typo: r#"locals {
  n = lenght([1, 2])
}
output "n" {
  value = local.n
}
"#;
    attribute_typo: r#"resource "terraform_data" "web" {
  input = "x"
}
output "id" {
  value = terraform_data.web.ouput
}
"#;
    variable_typo: r#"variable "region" {
  default = "eu"
}
output "r" {
  value = var.regoin
}
"#;
    local_typo: r#"locals {
  topic_name = "orders"
}
output "r" {
  value = local.topic_nam
}
"#;
    object_attribute_typo: r#"variable "cluster" {
  default = {
    name  = "prod"
    zones = ["a", "b"]
  }
}
output "r" {
  value = var.cluster.zone[0]
}
"#;
    missing_quote: r#"variable "region" {
  default = "eu
}
output "r" {
  value = var.region
}
"#;
    missing_brace: r#"resource "terraform_data" "a" {
  input = {
    name = "x"

output "o" {
  value = 1
}
"#;
    missing_comma: r#"locals {
  l = [
    "a"
    "b",
  ]
}
"#;
    missing_bracket: r#"locals {
  l = ["a", "b"
}
"#;
    deep_wrong_type: r#"variable "clusters" {
  type = map(object({
    name  = string
    nodes = list(object({ size = number, zone = optional(string, "a") }))
  }))
  default = {
    prod = { name = "p", nodes = [{ size = 1 }, { size = "big" }] }
  }
}
"#;
    index_out_of_range: r#"variable "zones" {
  default = ["a", "b"]
}
resource "terraform_data" "a" {
  input = var.zones[2]
}
"#;
    missing_map_key: r#"variable "sizes" {
  type    = map(number)
  default = { small = 1, large = 3 }
}
resource "terraform_data" "a" {
  input = var.sizes["medium"]
}
"#;
    null_argument: r#"variable "n" {
  type    = number
  default = null
}
resource "terraform_data" "a" {
  input = var.n + 1
}
"#;
    null_in_template: r#"variable "env" {
  type    = string
  default = null
}
resource "terraform_data" "a" {
  input = "topic-${var.env}"
}
"#;
    unknown_count: r#"resource "terraform_data" "a" {}
resource "terraform_data" "b" {
  count = length(terraform_data.a.id)
}
"#;
    unknown_for_each: r#"resource "terraform_data" "a" {}
resource "terraform_data" "b" {
  for_each = toset([terraform_data.a.id])
}
"#;
    cycle: r#"resource "terraform_data" "a" {
  input = terraform_data.b.id
}
resource "terraform_data" "b" {
  input = local.c
}
locals {
  c = terraform_data.a.output
}
"#;
    self_reference: r#"resource "terraform_data" "a" {
  input = terraform_data.a.id
}
"#;
    duplicate_block: r#"resource "terraform_data" "a" {}
resource "terraform_data" "a" {}
variable "x" {}
variable "x" {}
"#;
    duplicate_argument: r#"resource "terraform_data" "a" {
  input = 1
  input = 2
}
"#;
    each_without_for_each: r#"resource "terraform_data" "a" {
  input = each.key
}
"#;
    count_without_count: r#"resource "terraform_data" "a" {
  input = count.index
}
"#;
    self_outside: r#"locals {
  s = self.id
}
"#;
    count_and_for_each: r#"resource "terraform_data" "a" {
  count    = 1
  for_each = toset(["a"])
}
"#;
    resource_with_count_without_index: r#"resource "terraform_data" "a" {
  count = 2
}
output "id" {
  value = terraform_data.a.id
}
"#;
    sensitive_for_each: r#"variable "users" {
  type      = set(string)
  sensitive = true
  default   = ["ada"]
}
resource "terraform_data" "a" {
  for_each = var.users
}
"#;
    sensitive_output: r#"variable "password" {
  sensitive = true
  default   = "hunter2-hunter2"
}
output "p" {
  value = "pw-${var.password}"
}
"#;
    sensitive_operand: r#"variable "password" {
  sensitive = true
  default   = "hunter2-hunter2"
}
resource "terraform_data" "a" {
  input = var.password * 2
}
"#;
    list_for_each: r#"variable "topics" {
  default = ["orders", "payments"]
}
resource "terraform_data" "a" {
  for_each = var.topics
}
"#;
    condition_not_bool: r#"variable "name" {
  type    = string
  default = "x"
  validation {
    condition     = length(var.name)
    error_message = "Too short."
  }
}
"#;
    condition_without_reference: r#"variable "name" {
  validation {
    condition     = true
    error_message = "Always."
  }
}
"#;
    condition_fails: r#"variable "size" {
  default = 12
}
resource "terraform_data" "a" {
  input = var.size
  lifecycle {
    precondition {
      condition     = var.size <= 8
      error_message = "At most 8 CFU."
    }
  }
}
"#;
    validation_fails: r#"variable "size" {
  default = 12
  validation {
    condition     = var.size <= 8
    error_message = "At most 8 CFU."
  }
}
"#;
    version_constraint: r#"terraform {
  required_version = ">= 99.0"
}
"#;
    version_constraint_malformed: r#"terraform {
  required_version = ">> 1.0"
}
"#;
    bad_heredoc: r#"locals {
  sql = <<SQL
  SELECT 1
  SQL;
}
"#;
    hcl1_quoted_type: r#"variable "names" {
  type = "list"
}
variable "s" {
  type = "string"
}
"#;
    block_with_equals: r#"resource "terraform_data" "a" {
  lifecycle = {
    prevent_destroy = true
  }
}
"#;
    argument_without_equals: r#"resource "terraform_data" "a" {
  input {
    x = 1
  }
}
"#;
    single_quotes: r#"variable "region" {
  default = 'eu-west-1'
}
"#;
    colon_instead_of_equals: r#"variable "region" {
  default: "eu"
}
"#;
    provider_not_declared: r#"resource "kafka_topic" "t" {
  name = "x"
}
"#;
    provider_alias_missing: r#"resource "terraform_data" "a" {
  provider = terraform.west
}
"#;
    bad_module_source: r#"module "m" {
  source = "modules/topic"
}
"#;
    missing_module_folder: r#"module "m" {
  source = "./modules/topic"
}
"#;
    missing_variable_value: r#"variable "region" {
  description = "Where the cluster runs."
}
output "r" {
  value = var.region
}
"#;
    function_wrong_argument: r#"variable "names" {
  default = ["a", "b"]
}
resource "terraform_data" "a" {
  input = join(var.names, ",")
}
"#;
    function_too_many: r#"resource "terraform_data" "a" {
  input = upper("a", "b")
}
"#;
    jsondecode_error: r#"resource "terraform_data" "a" {
  input = jsondecode("{\"a\": }")
}
"#;
    missing_file: r#"resource "terraform_data" "a" {
  input = file("${path.module}/statement.sql")
}
"#;
    division_by_zero: r#"variable "n" {
  default = 0
}
resource "terraform_data" "a" {
  input = 10 / var.n
}
"#;
    ternary_types: r#"variable "big" {
  default = true
}
resource "terraform_data" "a" {
  input = var.big ? { a = 1 } : [1, 2]
}
"#;
    splat_on_map: r#"variable "m" {
  type    = map(object({ id = string }))
  default = { a = { id = "1" } }
}
resource "terraform_data" "a" {
  input = var.m[*].id
}
"#;
    long_value: r#"variable "sql" {
  default = "SELECT order_id, customer_id FROM orders; SELECT order_id, customer_id FROM orders; SELECT order_id, customer_id FROM orders; SELECT order_id, customer_id FROM orders; SELECT order_id, customer_id FROM orders; SELECT order_id, customer_id FROM orders; SELECT order_id, customer_id FROM orders; SELECT order_id, customer_id FROM orders; SELECT order_id, customer_id FROM orders; SELECT order_id, customer_id FROM orders; SELECT order_id, customer_id FROM orders; SELECT order_id, customer_id FROM orders; "
}
resource "terraform_data" "a" {
  input = var.sql + 1
}
"#;
    bad_escape: r#"resource "terraform_data" "a" {
  input = "C:\dir"
}
"#;
    several_at_once: r#"variable "n" {
  type    = number
  default = "x"
}
resource "terraform_data" "a" {
  inputt = 1
}
resource "terraform_data" "b" {
  input = var.nn
}
output "o" {
  value = local.nope
}
output "p" {
  value = uper("x")
}
"#;
    prevent_destroy_variable: r#"variable "keep" {
  default = true
}
resource "terraform_data" "a" {
  lifecycle {
    prevent_destroy = var.keep
  }
}
"#;
    hyphen_resource_reference: r#"resource "terraform_data" "web" {}
output "o" {
  value = terraform-data.web.id
}
"#;
    reference_in_default: r#"variable "a" {
  default = var.b
}
variable "b" {}
"#;
    dynamic_without_content: r#"resource "terraform_data" "a" {
  dynamic "x" {
    for_each = [1]
  }
}
"#;
    equality_sign_in_object_key: r#"locals {
  o = { a b = 1 }
}
"#;
    wrong_operator: r#"variable "a" {
  default = true
}
locals {
  b = var.a and true
}
"#;
    output_without_value: r#"output "o" {
  description = "x"
}
"#;
    undeclared_resource: r#"output "o" {
  value = terraform_data.nope.id
}
"#;
    undeclared_module: r#"output "o" {
  value = module.nope.id
}
"#;
    negative_index: r#"variable "zones" {
  default = ["a", "b"]
}
output "last" {
  value = var.zones[-1]
}
"#;
    set_index: r#"locals {
  s = toset(["a"])
}
output "o" {
  value = local.s[0]
}
"#;
    count_of_text: r#"variable "n" {
  default = "two"
}
resource "terraform_data" "a" {
  count = var.n
}
"#;
}

#[test]
fn deep_missing_attribute() {
    said(
        "deep_missing_attribute",
        &[
            (
                "main.tf",
                r#"module "m" {
  source   = "./m"
  clusters = { prod = { nodes = [1] } }
}
"#,
            ),
            (
                "m/main.tf",
                r#"variable "clusters" {
  type = map(object({ name = string, nodes = list(number) }))
}
"#,
            ),
        ],
    );
}

#[test]
fn null_not_allowed() {
    said(
        "null_not_allowed",
        &[
            (
                "main.tf",
                r#"module "m" {
  source = "./m"
  name   = null
}
"#,
            ),
            (
                "m/main.tf",
                r#"variable "name" {
  type     = string
  nullable = false
}
"#,
            ),
        ],
    );
}

#[test]
fn module_argument_typo() {
    said(
        "module_argument_typo",
        &[
            (
                "main.tf",
                r#"module "m" {
  source = "./m"
  naem   = "x"
}
"#,
            ),
            (
                "m/main.tf",
                r#"variable "name" {}
"#,
            ),
        ],
    );
}

#[test]
fn module_output_missing() {
    said(
        "module_output_missing",
        &[
            (
                "main.tf",
                r#"module "m" {
  source = "./m"
}
output "o" {
  value = module.m.topic_nam
}
"#,
            ),
            (
                "m/main.tf",
                r#"output "topic_name" {
  value = "x"
}
"#,
            ),
        ],
    );
}

#[test]
fn bad_variable_value() {
    said(
        "bad_variable_value",
        &[
            (
                "main.tf",
                r#"variable "n" {
  type = number
}
output "r" {
  value = var.n
}
"#,
            ),
            (
                "terraform.tfvars",
                r#"n = "many"
"#,
            ),
        ],
    );
}

/// What is sensitive is named and not shown, also where it is the culprit.
#[test]
fn secrets_are_never_among_the_values() {
    for expression in [
        "var.password * 2",
        "[1, 2][var.password]",
        "upper([var.password])",
        "var.password ? 1 : 2",
        "\"x ${[var.password]}\"",
    ] {
        let config = format!(
            "variable \"password\" {{\n  sensitive = true\n  default   = \"hunter2-hunter2\"\n}}\nresource \"terraform_data\" \"a\" {{\n  input = {expression}\n}}\n"
        );
        let run = plan(&[("main.tf", &config)]);
        let place = run.stderr.matches("hunter2").count();
        assert_eq!(place, 0, "{expression}\n{run}");
        assert!(run.stderr.contains("var.password"), "{expression}\n{run}");
    }
}
