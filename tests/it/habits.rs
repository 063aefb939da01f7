//! Mistakes of people who bring the habits of other languages, of shells and of earlier versions: each is told with what to write here.

use crate::mistakes::said;
use crate::mistakes::told;
use crate::sandbox::Sandbox;

macro_rules! habits {
    ($($name:ident: $config:expr;)*) => {
        $(
            #[test]
            fn $name() {
                said(stringify!($name), &[("main.tf", $config)]);
            }
        )*
    };
}

habits! {
    text_without_quotes: r#"resource "terraform_data" "a" {
  input = production
}
"#;
    plus_between_texts: r#"variable "region" {
  default = "eu"
}
output "name" {
  value = "orders-" + var.region
}
"#;
    plus_between_lists: r#"locals {
  zones = ["a"] + ["b"]
}
"#;
    word_for_an_operator: r#"variable "a" {
  default = true
}
output "both" { value = var.a and true }
"#;
    dollar_before_a_reference: r#"variable "region" {
  default = "eu"
}
resource "terraform_data" "a" {
  input = $var.region
}
"#;
    environment_in_an_expression: r#"resource "terraform_data" "a" {
  input = env.HOME
}
"#;
    functions_of_other_languages: r#"locals {
  zones = ["a", "b"]
  n     = len(local.zones)
  first = get(local.zones, 0)
  some  = filter(local.zones, "a")
  home  = getenv("HOME")
}
"#;
    elseif_in_a_template: r#"variable "n" {
  default = 1
}
output "size" {
  value = "%{ if var.n > 9 }large%{ elseif var.n > 3 }medium%{ else }small%{ endif }"
}
"#;
    count_index_under_for_each: r#"resource "terraform_data" "a" {
  for_each = toset(["x", "y"])
  input    = count.index
}
resource "terraform_data" "b" {
  count = 2
  input = each.key
}
"#;
    numbers_in_for_each: r#"variable "ports" {
  type    = set(number)
  default = [80, 443]
}
resource "terraform_data" "a" {
  for_each = var.ports
}
"#;
    words_of_later_versions: r#"variable "a" {
  default    = 1
  deprecated = "Use b."
}
resource "terraform_data" "a" {
  lifecycle {
    enabled = false
  }
}
action "terraform_data" "b" {
}
terraform {
  encryption {
  }
}
"#;
    dynamic_block_of_the_language: r#"variable "keep" {
  default = [true]
}
resource "terraform_data" "a" {
  dynamic "lifecycle" {
    for_each = var.keep
    content {
      prevent_destroy = true
    }
  }
}
"#;
}

/// `init` reads the block: every other command asks for an init first.
#[test]
fn variable_in_the_backend() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        r#"variable "team" {
  default = "data"
}
terraform {
  backend "local" {
    path = "${var.team}.tfstate"
  }
}
"#,
    );
    told("variable_in_the_backend", &sandbox.fail(["init", "-input=false"]));
}
