//! Secrets go through everything that the command does, and come out nowhere: every byte that is written or printed is searched for
//! them, as they are and in every encoding.
#![cfg(unix)]

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE;

use crate::sandbox::Run;
use crate::sandbox::Sandbox;

/// With all that encodings treat in their own way.
const PASSWORD: &str = "p@ss w\"rd/with+odd\\chars?&=<\u{e9}\u{1f600}>";
const TOKEN: &str = "wise-owl-in-the-properties";
const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\nMzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu\nNMoSfm76oqFvAp8Gy0iz5sxjZmSnXyCdPEovGhLa0VzMaQ8s+CLOyS56YyCFGeJZ\n-----END PRIVATE KEY-----\n";
const LITERAL: &str = "written-into-the-configuration";
/// In a file that a function reads: the history keeps it.
const NOTE: &str = "kept-with-what-has-read-it";

const MAIN: &str = r#"
terraform {
  required_providers {
    confluent = { source = "confluentinc/confluent" }
  }
}

variable "password" {
  type      = string
  sensitive = true
}
variable "token" {
  sensitive = true
}
variable "pem" {
  type      = string
  sensitive = true
}
variable "round" {
  default = 1
}
variable "end" {
  default = "true"
}

# Of no type of its own, and deep inside.
resource "terraform_data" "nested" {
  input = { list = ["x", { token = var.token, n = 1 }], round = var.round }
}

resource "terraform_data" "pem" {
  input = var.pem
}

# The program's configuration is sensitive.
resource "terraform_data" "marked" {
  triggers_replace = [var.round]
  provisioner "local-exec" {
    command     = "printenv SECRET; printenv SECRET | base64; printf '%s' \"$SECRET\" >&2"
    environment = { SECRET = var.password }
  }
}

# It is not, but the program finds secrets for itself; and it may fail, or end everything.
resource "terraform_data" "unmarked" {
  triggers_replace = [var.round]
  depends_on       = [confluent_api_key.cloud, terraform_data.nested]
  provisioner "local-exec" {
    command = <<-EOT
      printenv TF_VAR_pem
      printenv TF_VAR_password
      printf '%s' "$TF_VAR_password" | base64
      printf '%s' "$TF_VAR_pem" | base64
      echo "Authorization: $TF_VAR_token and more" >&2
      echo '${jsonencode({ round = var.round })}'
      echo '${filesha256("note.txt")}'
      ${var.end}
    EOT
  }
}

resource "confluent_service_account" "app" {
  display_name = "app"
  description  = "round ${var.round}"
}

resource "confluent_api_key" "cloud" {
  display_name = "automation"
  description  = "round ${var.round}"
  owner {
    id          = confluent_service_account.app.id
    api_version = confluent_service_account.app.api_version
    kind        = confluent_service_account.app.kind
  }
}

output "secret" {
  value     = confluent_api_key.cloud.secret
  sensitive = true
}
output "all" {
  value     = { deep = [var.password, var.pem, var.token] }
  sensitive = true
}
output "length" {
  value = nonsensitive(length(var.token))
}
"#;

/// Errors that quote what they should not: of a conversion, of a condition, of a connection.
const BROKEN: &str = r#"
resource "terraform_data" "number" {
  input = tonumber(var.token)
  lifecycle {
    precondition {
      condition     = length(var.password) > 1000
      error_message = "Bad: ${var.password} ${nonsensitive(var.pem)}"
    }
  }
}
"#;

const UNREACHABLE: &str = r#"
provider "confluent" {
  alias            = "far"
  endpoint         = "http://127.0.0.1:9/${urlencode(var.password)}/${var.token}"
  cloud_api_key    = "KEY"
  cloud_api_secret = "written-into-the-configuration"
  max_retries      = 4
}
data "confluent_environment" "far" {
  provider = confluent.far
  id       = "env-abc123"
}
"#;

/// More commands, of which none asks for a value by name.
const OTHERS: &[&[&str]] = &[
    &["init"],
    &["fmt", "-diff", "-write=false"],
    &["validate", "-json"],
    &["providers"],
    &["modules", "-json"],
    &["graph", "-plan=next.plan"],
    &["drift"],
    &["drift", "-json"],
    &["refresh"],
    &["history"],
    &["history", "-json"],
    &["history", "show", "1"],
    &["history", "show", "-json", "2"],
    &["diff", "1", "2"],
    &["diff", "-json", "1", "2"],
    &["taint", "terraform_data.pem"],
    &["untaint", "terraform_data.pem"],
    &["state", "mv", "terraform_data.nested", "terraform_data.moved"],
    &["state", "mv", "terraform_data.moved", "terraform_data.nested"],
    &["state", "check"],
    &["state", "restore", "-list"],
    &["workspace", "new", "other"],
    &["workspace", "list"],
    &["plan"],
    &["workspace", "select", "default"],
    &["workspace", "delete", "other"],
    &["state", "rekey"],
];

/// The version of the apply that killed itself.
fn killed_version(sandbox: &Sandbox) -> String {
    let history = sandbox.ok(["history", "-json", "-limit=0"]).json();
    let versions = history["versions"].as_array().unwrap();
    let killed = versions.iter().find(|v| v["status"] == "interrupted");
    killed.unwrap()["version"].to_string()
}

/// Forms in which a secret is looked for.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.as_bytes().to_vec()];
    let json = serde_json::to_string(secret).unwrap();
    forms.push(json.trim_matches('"').into());
    let twice = serde_json::to_string(json.trim_matches('"')).unwrap();
    forms.push(twice.trim_matches('"').into());
    for upper in [true, false] {
        let encoded: String = secret
            .bytes()
            .map(|b| match b {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    (b as char).to_string()
                }
                b if upper => format!("%{b:02X}"),
                b => format!("%{b:02x}"),
            })
            .collect();
        forms.push(encoded.replace("%20", "+").into());
        forms.push(encoded.into());
    }
    for before in ["", "u", "us"] {
        for engine in [&STANDARD, &URL_SAFE] {
            let text = engine.encode(format!("{before}{secret}"));
            // Without the ends, which depend on what stands beside the secret.
            forms.push(text.as_bytes()[before.len() + 1..text.len() - 4].to_vec());
        }
    }
    for line in secret.lines().filter(|l| l.len() > 20 && !l.starts_with("-----")) {
        forms.push(line.into());
    }
    forms
}

/// Without blanks, line ends and frames, so that what is broken over lines is found as well.
fn squeezed(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes).replace('│', "");
    text.bytes().filter(|b| !b.is_ascii_whitespace()).collect()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// What of a secret is found in some bytes.
fn found(bytes: &[u8], secret: &str) -> Option<String> {
    let flat = squeezed(bytes);
    forms(secret).into_iter().find_map(|form| {
        let found = holds(bytes, &form) || holds(&flat, &squeezed(&form));
        found.then(|| String::from_utf8_lossy(&form).into_owned())
    })
}

fn bytes_below(folder: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes_below(&path, into);
        } else {
            into.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn known_secrets_come_out_nowhere() {
    let mut sandbox = Sandbox::new();
    sandbox.write("main.tf", MAIN);
    sandbox.write("note.txt", NOTE);
    let emulator = sandbox.start_emulator();
    sandbox.set_env("TF_VAR_password", PASSWORD);
    sandbox.set_env("TF_VAR_token", TOKEN);
    sandbox.set_env("TF_VAR_pem", PEM);
    sandbox.set_env("TF_LOG", "trace");

    let mut runs: Vec<Run> = vec![
        sandbox.ok(["validate"]),
        sandbox.ok(["plan", "-out=saved.plan"]),
        sandbox.ok(["show", "saved.plan"]),
        sandbox.ok(["show", "-markdown", "saved.plan"]),
        sandbox.ok(["apply", "saved.plan"]),
        sandbox.ok(["show"]),
        sandbox.ok(["output"]),
        sandbox.ok(["state", "list"]),
        sandbox.ok(["state", "show", "confluent_api_key.cloud"]),
        sandbox.ok(["state", "show", "terraform_data.nested"]),
        sandbox.run_with_input(
            ["console"],
            "var.password\n[var.pem, 1]\njsonencode(var.token)\nbase64encode(var.password)\nterraform_data.nested\n",
        ),
        sandbox.ok(["graph"]),
    ];
    assert!(
        runs.iter().any(|run| run.stderr.contains("DEBUG")),
        "the log is on"
    );
    let mut secrets = vec![
        PASSWORD.to_owned(),
        TOKEN.to_owned(),
        PEM.to_owned(),
        LITERAL.to_owned(),
        NOTE.to_owned(),
        emulator.cloud_api_secret.clone(),
    ];
    let key_secret = |sandbox: &Sandbox| sandbox.ok(["output", "-raw", "secret"]).stdout;
    secrets.push(key_secret(&sandbox));

    // A log of its own, and the streams that programs read.
    sandbox.set_env("TF_LOG_PATH", "run.log");
    runs.push(sandbox.ok(["plan", "-json", "-var=round=2"]));
    runs.push(sandbox.ok(["plan", "-out=next.plan", "-var=round=2"]));
    runs.push(sandbox.ok(["apply", "-json", "next.plan"]));
    sandbox.remove_env("TF_LOG_PATH");
    secrets.push(key_secret(&sandbox));

    // Applies that fail: in a program, in expressions, at a connection.
    runs.push(sandbox.fail(["apply", "-auto-approve", "-var=round=3", "-var=end=exit 3"]));
    sandbox.write("broken.tf", BROKEN);
    runs.push(sandbox.fail(["plan"]));
    runs.push(sandbox.fail(["apply", "-json", "-auto-approve"]));
    sandbox.write("broken.tf", UNREACHABLE);
    let unreachable = sandbox.fail(["apply", "-auto-approve"]);
    unreachable.says("127.0.0.1:9");
    runs.push(unreachable);
    fs::remove_file(sandbox.path("broken.tf")).unwrap();

    // One that is killed with an API key just made and intents open.
    let killed = sandbox.run([
        "apply",
        "-auto-approve",
        "-var=round=4",
        "-var=end=kill -9 $PPID",
        "-replace=confluent_api_key.cloud",
    ]);
    assert_eq!(killed.code, None, "{killed}");
    runs.push(killed);
    runs.push(sandbox.ok(["plan", "-var=round=5"]));
    runs.push(sandbox.ok(["apply", "-auto-approve", "-var=round=5"]));
    secrets.push(key_secret(&sandbox));
    runs.push(sandbox.ok(["plan", "-destroy"]));

    // What looks at the state and its history, moves, marks and keeps.
    for args in OTHERS {
        runs.push(sandbox.ok(args.iter()));
    }
    runs.push(sandbox.fail(["import", "confluent_api_key.cloud", "nothing"]));
    // Back to what a saved plan has made, and back from there, killed half-way.
    runs.push(sandbox.ok(["rollback", "-auto-approve", "1"]));
    secrets.push(key_secret(&sandbox));
    runs.push(sandbox.ok(["rollback", "-auto-approve", "-json", "2"]));
    secrets.push(key_secret(&sandbox));
    let killed = sandbox.run(["rollback", "-auto-approve", &killed_version(&sandbox)]);
    assert_eq!(killed.code, None, "{killed}");
    runs.push(killed);
    runs.push(sandbox.ok(["apply", "-auto-approve", "-var=round=6"]));
    secrets.push(key_secret(&sandbox));

    // Only these tell in clear, because a user asks for it by name as in Terraform.
    let key = secrets.last().unwrap().clone();
    let asked = [
        sandbox.ok(["output", "-raw", "secret"]),
        sandbox.ok(["output", "-json"]),
        sandbox.ok(["output", "secret"]),
        sandbox.ok(["show", "-json"]),
        sandbox.ok(["state", "pull"]),
    ];
    for run in &asked {
        run.says(&key);
        assert!(found(run.stderr.as_bytes(), &key).is_none(), "{run}");
    }
    sandbox.ok(["show", "-json", "saved.plan"]).says(TOKEN);

    let mut files = Vec::new();
    bytes_below(&sandbox.path(".."), &mut files);
    runs.push(sandbox.ok(["destroy", "-auto-approve"]));
    bytes_below(&sandbox.path(".."), &mut files);
    for part in [
        "saved.plan",
        "run.log",
        "manifest.json",
        "/snapshots/",
        "state.key",
    ] {
        assert!(files.iter().any(|(name, _)| name.contains(part)), "{part}");
    }
    let mut told: Vec<String> = Vec::new();
    for secret in &secrets {
        assert!(secret.len() > 20, "a secret worth the name: {secret}");
        for run in &runs {
            for stream in [&run.stdout, &run.stderr] {
                if let Some(form) = found(stream.as_bytes(), secret) {
                    told.push(format!("{form}\n  in {run}"));
                }
            }
        }
        for (name, bytes) in &files {
            // (It stands in the configuration: the user wrote it there.)
            if let Some(form) = found(bytes, secret)
                && !name.ends_with(".tf")
                && !name.ends_with("/repo/note.txt")
            {
                told.push(format!("{form}\n  in the file {name}"));
            }
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n\n"));
}

#[test]
fn a_sealed_plan_needs_its_key() {
    let mut sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        "variable \"p\" {\n  sensitive = true\n}\nvariable \"q\" {\n  default = \"open\"\n}\nresource \"terraform_data\" \"a\" {\n  input = var.p\n}\n",
    );
    sandbox.set_env("TF_VAR_p", PASSWORD);
    sandbox.set_env("STREAMFORM_STATE_PASSPHRASE", "correct horse battery");
    sandbox.ok(["plan", "-out=p"]);
    assert!(
        sandbox.path("../home/.config/streamform").read_dir().is_err(),
        "no key file is made"
    );
    sandbox.remove_env("TF_VAR_p");
    sandbox.set_env("STREAMFORM_STATE_PASSPHRASE", "another passphrase");
    let refused = sandbox.fail(["apply", "p"]);
    refused
        .says("STREAMFORM_STATE_PASSPHRASE")
        .is_silent_about("correct horse battery");
    sandbox.fail(["show", "p"]).says("sealed with the key");
    sandbox.set_env("STREAMFORM_STATE_KEY_FILE", "k");
    sandbox.fail(["show", "p"]).says("More than one key");
    sandbox.remove_env("STREAMFORM_STATE_KEY_FILE");
    sandbox.set_env("STREAMFORM_STATE_PASSPHRASE", "correct horse battery");
    sandbox.ok(["apply", "p"]);
    sandbox.ok(["show", "-json", "p"]).says("with+odd");
    // Another machine has the passphrase and nothing else.
    fs::remove_dir_all(sandbox.path("../home")).unwrap();
    sandbox.ok(["show", "-json"]).says("with+odd");

    // What holds no secret opens everywhere.
    sandbox.write("main.tf", "resource \"terraform_data\" \"b\" {\n  input = 1\n}\n");
    sandbox.remove_env("STREAMFORM_STATE_PASSPHRASE");
    fs::remove_dir_all(sandbox.path("streamform.state")).unwrap();
    sandbox.ok(["plan", "-out=p"]);
    sandbox.set_env("STREAMFORM_STATE_PASSPHRASE", "another passphrase");
    sandbox.ok(["apply", "p"]);
}

#[test]
fn a_key_that_cannot_be_had_is_told_before_anything_is_written() {
    let mut sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        "variable \"p\" {\n  sensitive = true\n}\nresource \"terraform_data\" \"a\" {\n  input = var.p\n}\n",
    );
    sandbox.set_env("TF_VAR_p", TOKEN);
    sandbox.set_env(
        "STREAMFORM_STATE_AGE_IDENTITY",
        "AGE-SECRET-KEY-1XMWWC06LY3EE5RYTXM9MFLAZ2U56JJJ36S0MYPDRWSVLUL66MV4QX3S7F6",
    );
    sandbox.ok(["plan", "-out=p"]).is_silent_about("in clear");
    sandbox.set_env("STREAMFORM_STATE_AGE_IDENTITY", "");
    sandbox.fail(["show", "p"]).says("STREAMFORM_STATE_AGE_IDENTITY");
    sandbox.set_env("STREAMFORM_STATE_KEY_COMMAND", "echo denied >&2; exit 1");
    sandbox.fail(["plan", "-out=q"]).says("denied");
    assert!(!sandbox.path("q").exists());
}

#[test]
fn a_state_gets_another_key_without_losing_anything() {
    let mut sandbox = Sandbox::new();
    sandbox.write(
        "main.tf",
        "variable \"p\" {\n  sensitive = true\n}\nvariable \"round\" {\n  default = 1\n}\nresource \"terraform_data\" \"a\" {\n  input = [var.p, var.round]\n}\n",
    );
    sandbox.set_env("TF_VAR_p", TOKEN);
    for round in ["-var=round=1", "-var=round=2"] {
        sandbox.ok(["apply", "-auto-approve", round]);
    }
    let before = sandbox.ok(["state", "pull"]).stdout;
    sandbox.set_env("STREAMFORM_STATE_PASSPHRASE_NEW", "correct horse battery");
    let both = sandbox.fail(["state", "rekey", "-new-key-file=k"]);
    both.says("More than one key");
    sandbox
        .ok(["state", "rekey"])
        .says("the passphrase")
        .is_silent_about("correct horse");
    sandbox.remove_env("STREAMFORM_STATE_PASSPHRASE_NEW");
    sandbox
        .fail(["state", "pull"])
        .says("STREAMFORM_STATE_PASSPHRASE");
    fs::remove_dir_all(sandbox.path("../home/.config/streamform")).unwrap();
    sandbox.set_env("STREAMFORM_STATE_PASSPHRASE", "correct horse battery");
    assert_eq!(sandbox.ok(["state", "pull"]).stdout, before);
    sandbox.ok(["plan", "-detailed-exitcode", "-var=round=2"]);

    // On to a file, with a state that still has something of the passphrase to open.
    sandbox.ok(["state", "rekey", "-new-key-file=new.key"]);
    sandbox.remove_env("STREAMFORM_STATE_PASSPHRASE");
    sandbox.set_env("STREAMFORM_STATE_KEY_FILE", "new.key");
    assert_eq!(sandbox.ok(["state", "pull"]).stdout, before);
    sandbox.ok(["apply", "-auto-approve", "-var=round=3"]);
    sandbox.ok(["show", "-json"]).says(TOKEN);
}
