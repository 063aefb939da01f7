//! `terraform_remote_state`: one project reads the outputs of another one.

use crate::sandbox::Sandbox;

const APPLY: [&str; 2] = ["apply", "-auto-approve"];

const NET: &str = r#"
variable "cidr" { default = "10.0.0.0/16" }
resource "terraform_data" "vpc" { input = var.cidr }
output "cidr" { value = terraform_data.vpc.output }
output "token" {
  value     = "the-token-of-net"
  sensitive = true
}
"#;

fn reader(settings: &str) -> String {
    format!(
        r#"
data "terraform_remote_state" "net" {{
  backend = "local"
  {settings}
}}
resource "terraform_data" "host" {{ input = cidrhost(data.terraform_remote_state.net.outputs.cidr, 5) }}
output "host" {{ value = terraform_data.host.output }}
"#
    )
}

#[test]
fn the_state_of_a_neighbour_is_read_and_followed() {
    let sandbox = Sandbox::new();
    sandbox.write("net/main.tf", NET);
    sandbox.write(
        "app/main.tf",
        reader("config = { path = \"../net/terraform.tfstate\" }"),
    );
    let app = |args: &[&str]| {
        let mut all = vec!["-chdir=app"];
        all.extend(args);
        all.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    sandbox
        .fail(app(&["plan", "-no-color"]))
        .says("Unable to find remote state")
        .says("data.terraform_remote_state.net");
    sandbox.ok(["-chdir=net", "apply", "-auto-approve"]);
    sandbox.ok(app(&APPLY)).is_silent_about("the-token-of-net");
    assert_eq!(sandbox.ok(app(&["output", "-raw", "host"])).stdout, "10.0.0.5");
    sandbox
        .ok(app(&["state", "show", "data.terraform_remote_state.net"]))
        .says("(sensitive value)")
        .is_silent_about("the-token-of-net");
    sandbox.ok(app(&["plan", "-detailed-exitcode"])).code_is(0);
    sandbox.ok(["-chdir=net", "apply", "-auto-approve", "-var", "cidr=10.9.0.0/16"]);
    sandbox.run(app(&["plan", "-detailed-exitcode"])).code_is(2);
    sandbox.ok(app(&APPLY));
    assert_eq!(sandbox.ok(app(&["output", "-raw", "host"])).stdout, "10.9.0.5");
}

#[test]
fn sensitive_outputs_stay_sensitive() {
    let sandbox = Sandbox::new();
    sandbox.write("net/main.tf", NET);
    sandbox.ok(["-chdir=net", "apply", "-auto-approve"]);
    let output = |more: &str| {
        format!(
            "{}output \"t\" {{\n  value = data.terraform_remote_state.net.outputs.token\n  {more}\n}}\n",
            reader("config = { path = \"net/terraform.tfstate\" }")
        )
    };
    sandbox.write("main.tf", output(""));
    sandbox.fail(APPLY).says("Output refers to sensitive values");
    sandbox.write("main.tf", output("sensitive = true"));
    sandbox.ok(APPLY).is_silent_about("the-token-of-net");
    assert_eq!(sandbox.ok(["output", "-raw", "t"]).stdout, "the-token-of-net");
}

/// A state file as Terraform writes it, read from a workspace of its own, with defaults for what it lacks.
#[test]
fn a_state_file_of_terraform_is_read() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "w/prod/terraform.tfstate",
        r#"{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"l","outputs":{
            "cidr":{"value":"10.1.0.0/16","type":"string"},
            "l":{"value":["a"],"type":["list","string"]},
            "o":{"value":{"k":true,"z":null},"type":["object",{"k":"bool","z":"string"}]}
        },"resources":[],"check_results":null}"#,
    );
    sandbox.write(
        "main.tf",
        reader(
            "workspace = \"prod\"\n  config = { workspace_dir = \"w\" }\n  defaults = { cidr = \"no\", more = 7 }",
        ) + "output \"all\" { value = data.terraform_remote_state.net.outputs }\n",
    );
    sandbox.ok(APPLY);
    assert_eq!(
        sandbox.ok(["output", "-json", "all"]).json(),
        serde_json::json!({ "cidr": "10.1.0.0/16", "l": ["a"], "more": 7, "o": { "k": true, "z": null } })
    );
    sandbox.write("w/prod/terraform.tfstate", "{\"version\": 9}");
    sandbox
        .fail(["plan", "-no-color"])
        .says("Unsupported state file format")
        .says("format version 9");
}

#[test]
fn wrong_settings_are_told_by_validate() {
    let sandbox = Sandbox::new();
    for (settings, text) in [
        ("config = { foo = 1 }", "attribute \"foo\""),
        ("config = \"x\"", "Invalid backend configuration"),
        ("defaults = \"x\"", "Invalid default values"),
        ("nope = 1", "Unsupported argument"),
    ] {
        sandbox.write("main.tf", reader(settings));
        sandbox.fail(["validate", "-no-color"]).says(text);
    }
}
