//! Mistakes, each as its user meets it: what is wrong, where, and what to do next; exit code 1; and a state that still
//! knows all that was made.

use std::fs;
use std::path::Path;

use crate::sandbox::EmulatorProcess;
use crate::sandbox::Run;
use crate::sandbox::Sandbox;
use crate::survival::living;
use crate::survival::platform;
use crate::survival::recorded;

const HEAD: &str = "terraform {
  required_providers {
    confluent = { source = \"confluentinc/confluent\" }
  }
}
";

/// Compares what was said with the snapshot of this name; what differs from run to run is made equal.
#[track_caller]
fn said(name: &str, run: &Run) {
    assert!(run.stderr.contains("Error: "), "{run}");
    insta::with_settings!({
        filters => vec![
            (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
            (r"\b(env|lkc|lsrc|lfcp|sa|rb|u|pool|org)-[a-z0-9]{5,8}\b", "$1-ID"),
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
            (r"\b[A-Z0-9]{16}\b", "KEY"),
            (r"/[^\s]*streamform-it-[A-Za-z0-9]+", "SANDBOX"),
            (r"after \d+m?s", "after TIME"),
        ],
        omit_expression => true,
        prepend_module_to_snapshot => false,
    }, {
        insta::assert_snapshot!(name, run.stderr);
    });
}

/// A plan of this configuration is refused.
#[track_caller]
fn refused(name: &str, config: &str) {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", config);
    let run = sandbox.fail(["plan", "-input=false"]);
    assert!(run.stderr.contains("main.tf"), "the place is named\n{run}");
    assert!(
        !sandbox.path("streamform.state").exists(),
        "a refused plan leaves nothing behind\n{run}"
    );
    said(name, &run);
}

#[test]
fn a_syntax_error() {
    refused(
        "syntax_error",
        "resource \"terraform_data\" \"a\" {\n  input = [1, 2\n}\n",
    );
}

#[test]
fn an_unknown_block() {
    refused(
        "unknown_block",
        "resorce \"terraform_data\" \"a\" {\n  input = 1\n}\n",
    );
}

#[test]
fn an_unknown_argument() {
    refused(
        "unknown_argument",
        "resource \"terraform_data\" \"a\" {\n  inptu = 1\n}\n",
    );
}

#[test]
fn a_missing_argument() {
    refused(
        "missing_argument",
        &format!(
            "{HEAD}\nresource \"confluent_environment\" \"e\" {{\n  stream_governance {{ package = \"ESSENTIALS\" }}\n}}\n"
        ),
    );
}

#[test]
fn a_wrong_type() {
    refused(
        "wrong_type",
        &format!(
            "{HEAD}\nresource \"confluent_flink_compute_pool\" \"p\" {{\n  display_name = \"p\"\n  cloud        = \"AWS\"\n  region       = \"us-east-1\"\n  max_cfu      = \"many\"\n  environment {{ id = \"env-1\" }}\n}}\n"
        ),
    );
}

#[test]
fn a_value_that_is_not_one_of_those_allowed() {
    refused(
        "wrong_value",
        &format!(
            "{HEAD}\nresource \"confluent_flink_compute_pool\" \"p\" {{\n  display_name = \"p\"\n  cloud        = \"AWZ\"\n  region       = \"us-east-1\"\n  environment {{ id = \"env-1\" }}\n}}\n"
        ),
    );
}

#[test]
fn an_undeclared_reference() {
    refused(
        "undeclared_reference",
        "resource \"terraform_data\" \"orders\" {\n  input = 1\n}\n\noutput \"o\" {\n  value = terraform_data.order.output\n}\n\noutput \"v\" {\n  value = var.nobody\n}\n",
    );
}

#[test]
fn an_unknown_attribute() {
    refused(
        "unknown_attribute",
        "resource \"terraform_data\" \"orders\" {\n  input = 1\n}\n\noutput \"o\" {\n  value = terraform_data.orders.outptu\n}\n",
    );
}

#[test]
fn an_unknown_resource_type() {
    refused(
        "unknown_type",
        &format!("{HEAD}\nresource \"confluent_kafka_topics\" \"t\" {{\n  topic_name = \"t\"\n}}\n"),
    );
}

#[test]
fn a_cycle() {
    refused(
        "cycle",
        "resource \"terraform_data\" \"a\" {\n  input = terraform_data.b.output\n}\n\nresource \"terraform_data\" \"b\" {\n  input = terraform_data.a.output\n}\n",
    );
}

#[test]
fn a_duplicate() {
    refused(
        "duplicate",
        "resource \"terraform_data\" \"a\" {\n  input = 1\n}\n\nresource \"terraform_data\" \"a\" {\n  input = 2\n}\n",
    );
}

#[test]
fn a_missing_variable() {
    refused(
        "missing_variable",
        "variable \"region\" {\n  type = string\n}\n\noutput \"o\" {\n  value = var.region\n}\n",
    );
}

#[test]
fn several_errors_are_reported_together() {
    refused(
        "several",
        "resource \"terraform_data\" \"a\" {\n  inptu = 1\n}\n\nresource \"terraform_data\" \"b\" {\n  input = local.missing\n}\n\nvariable \"n\" {\n  type    = number\n  default = \"x\"\n}\n",
    );
}

#[test]
fn no_configuration() {
    let sandbox = Sandbox::new();
    let run = sandbox.fail(["plan"]);
    said("no_configuration", &run);
}

const SMALL: &str = "
variable \"name\" {
  default = \"first\"
}

resource \"confluent_environment\" \"e\" {
  display_name = var.name
}

resource \"confluent_service_account\" \"s\" {
  display_name = \"s\"
  description  = confluent_environment.e.id
}
";

fn small() -> (Sandbox, EmulatorProcess) {
    let mut sandbox = Sandbox::new();
    sandbox.write("main.tf", format!("{HEAD}{SMALL}"));
    let emulator = sandbox.start_emulator();
    (sandbox, emulator)
}

#[test]
fn missing_credentials() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", format!("{HEAD}{SMALL}"));
    let run = sandbox.fail(["apply", "-auto-approve"]);
    run.says("CONFLUENT_CLOUD_API_KEY").says("cloud_api_key");
    said("missing_credentials", &run);
}

#[test]
fn bad_credentials() {
    let (mut sandbox, emulator) = small();
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox.set_env("CONFLUENT_CLOUD_API_SECRET", "not-the-secret");
    let run = sandbox.fail(["apply", "-auto-approve", "-var=name=second"]);
    run.says("CONFLUENT_CLOUD_API_SECRET")
        .is_silent_about("not-the-secret");
    said("bad_credentials", &run);
    assert_eq!(recorded(&sandbox), living(&emulator));
}

#[test]
fn bad_credentials_when_nothing_is_there_yet() {
    let (mut sandbox, emulator) = small();
    sandbox.set_env("CONFLUENT_CLOUD_API_SECRET", "not-the-secret");
    let run = sandbox.fail(["apply", "-auto-approve"]);
    run.says("CONFLUENT_CLOUD_API_SECRET")
        .is_silent_about("not-the-secret");
    said("bad_credentials_at_first", &run);
    assert_eq!(recorded(&sandbox), living(&emulator));
}

#[test]
fn the_api_is_down() {
    let (mut sandbox, emulator) = small();
    sandbox.ok(["apply", "-auto-approve"]);
    let endpoint = emulator.endpoint.clone();
    let made = recorded(&sandbox);
    emulator.kill();
    sandbox.write(
        "main.tf",
        format!("{HEAD}provider \"confluent\" {{\n  max_retries = 4\n}}\n{SMALL}"),
    );
    sandbox.set_env("NO_COLOR", "1");
    let run = sandbox.fail(["apply", "-auto-approve", "-var=name=second"]);
    run.says(&endpoint);
    assert_eq!(recorded(&sandbox), made, "the state still knows all\n{run}");
    said("api_down", &run);
}

#[test]
fn an_error_of_the_api_in_the_middle_of_an_apply() {
    let (sandbox, emulator) = small();
    // The service refuses a second service account of the same name.
    emulator.cloud("POST", "/iam/v2/service-accounts", r#"{"display_name":"s"}"#);
    let run = sandbox.fail(["apply", "-auto-approve"]);
    said("api_error", &run);
    let known = recorded(&sandbox);
    assert_eq!(
        known.len(),
        1,
        "the environment was made, and the state knows it: {known:?}"
    );
    assert!(living(&emulator).is_superset(&known));
}

/// Everything that lies in a folder.
fn bytes_below(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes_below(&path, found);
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn no_secret_is_printed_or_written_in_the_clear() {
    let mut sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        format!(
            "{}
variable \"password\" {{
  type      = string
  sensitive = true
}}

resource \"terraform_data\" \"holder\" {{
  input = {{ user = \"ada\", password = var.password }}
}}

locals {{
  nested = {{ deep = [\"x\", var.password] }}
}}

output \"password\" {{
  value     = local.nested
  sensitive = true
}}

output \"secret\" {{
  value     = confluent_api_key.kafka.secret
  sensitive = true
}}
",
            platform()
        ),
    );
    let emulator = sandbox.start_emulator();
    sandbox.set_env("TF_LOG", "trace");
    sandbox.set_env("STREAMFORM_LOG", "trace");
    let password = "correct-horse-battery-staple";
    let token = "wise-owl-in-the-properties";
    sandbox.set_env("TF_VAR_password", password);
    sandbox.set_env("TF_VAR_token", token);

    let mut runs = vec![
        sandbox.ok(["plan", "-out=saved.plan"]),
        sandbox.ok(["show", "saved.plan"]),
        sandbox.ok(["apply", "saved.plan"]),
        sandbox.ok(["plan", "-var=generation=2"]),
        sandbox.ok(["show"]),
        sandbox.ok(["output"]),
        sandbox.ok(["state", "list"]),
        sandbox.ok(["state", "show", "confluent_api_key.kafka"]),
        sandbox.ok(["state", "show", "terraform_data.holder"]),
        sandbox.ok(["apply", "-auto-approve", "-json", "-var=generation=2"]),
    ];
    let asked = sandbox.ok(["output", "-raw", "secret"]);
    let secret = asked.stdout.trim().to_owned();
    assert!(secret.len() > 20, "asked for by name, an output is told: {asked}");
    // Errors quote values, too; and a run that is cut short leaves intents behind.
    emulator.request(
        "POST",
        "/_emulator/faults",
        r#"{"fault":"drop_after","calls":1,"path":"/sql/v1"}"#,
    );
    sandbox.set_env("TF_VAR_token", "second-owl");
    runs.push(sandbox.run([
        "apply",
        "-auto-approve",
        "-replace=confluent_flink_statement.copy",
        "-replace=confluent_api_key.kafka",
    ]));
    runs.push(sandbox.ok(["apply", "-auto-approve"]));
    let renewed = sandbox.ok(["output", "-raw", "secret"]).stdout.trim().to_owned();
    assert_ne!(renewed, secret, "the key was replaced");
    sandbox.write(
        "more.tf",
        "resource \"terraform_data\" \"wrong\" {\n  input = tonumber(var.password)\n}\n",
    );
    runs.push(sandbox.fail(["plan"]));

    let secrets = [
        password,
        token,
        "second-owl",
        &secret,
        &renewed,
        &emulator.cloud_api_secret,
    ];
    for run in &runs {
        for one in secrets {
            run.is_silent_about(one);
        }
    }
    let mut files = Vec::new();
    bytes_below(&sandbox.path(".."), &mut files);
    assert!(files.iter().any(|(name, _)| name.contains("streamform.state")));
    assert!(files.iter().any(|(name, _)| name.ends_with("saved.plan")));
    for (name, bytes) in &files {
        for one in secrets {
            assert!(
                !bytes.windows(one.len()).any(|w| w == one.as_bytes()),
                "{name} holds {one}"
            );
        }
    }
}
