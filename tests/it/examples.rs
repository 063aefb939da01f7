//! Everything in `examples/`, from validate to destroy, on an emulator; and what `modules/` promise.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::sandbox::{EmulatorProcess, Run, Sandbox};

/// An example in a sandbox, with an emulator of its own.
struct Example {
    sandbox: Sandbox,
    emulator: EmulatorProcess,
    chdir: String,
    /// What the emulator held before anything was applied.
    before: Value,
}

impl Example {
    fn new(name: &str) -> Example {
        let mut sandbox = Sandbox::new();
        sandbox.copy_of_project("examples");
        sandbox.copy_of_project("modules");
        let emulator = sandbox.start_emulator();
        let before = emulator.objects();
        Example {
            sandbox,
            emulator,
            chdir: format!("-chdir=examples/{name}"),
            before,
        }
    }

    #[track_caller]
    fn ok(&self, args: &[&str]) -> Run {
        self.sandbox.ok([&[self.chdir.as_str()], args].concat())
    }

    #[track_caller]
    fn fail(&self, args: &[&str]) -> Run {
        self.sandbox.fail([&[self.chdir.as_str()], args].concat())
    }

    /// Plans; there must be changes.
    #[track_caller]
    fn changes(&self, args: &[&str]) -> Run {
        let run = self
            .sandbox
            .run([&[self.chdir.as_str(), "plan", "-detailed-exitcode"], args].concat());
        run.code_is(2);
        run
    }

    /// Plans; nothing must change.
    #[track_caller]
    fn settled(&self, args: &[&str]) {
        let run = self
            .sandbox
            .run([&[self.chdir.as_str(), "plan", "-detailed-exitcode"], args].concat());
        run.code_is(0).says("No changes.");
    }

    /// Validates, plans, and applies everything for the first time.
    #[track_caller]
    fn create(&self, resources: usize) {
        self.ok(&["init"]);
        self.ok(&["validate"]).says("Success!");
        self.changes(&[])
            .says(&format!("Plan: {resources} to add, 0 to change, 0 to destroy."));
        self.ok(&["apply", "-auto-approve"]).says(&format!(
            "Apply complete! Resources: {resources} added, 0 changed, 0 destroyed."
        ));
        self.settled(&[]);
    }

    /// Destroys everything; the emulator must be as it was.
    #[track_caller]
    fn destroy(&self, resources: usize) {
        self.ok(&["destroy", "-auto-approve"])
            .says(&format!("Destroy complete! Resources: {resources} destroyed."));
        assert_eq!(
            self.emulator.objects(),
            self.before,
            "the emulator should be empty again"
        );
    }

    /// The number of partitions of a topic.
    #[track_caller]
    fn partitions(&self, topic: &str) -> Option<u64> {
        let objects = self.emulator.objects();
        let topics = objects["topics"].as_array().unwrap();
        topics.iter().find(|found| found["name"] == topic)?["partitions"].as_u64()
    }

    /// The phase of a statement.
    #[track_caller]
    fn phase(&self, statement: &str) -> Option<String> {
        let objects = self.emulator.objects();
        let statements = objects["statements"].as_array().unwrap();
        let found = statements.iter().find(|found| found["name"] == statement)?;
        found["phase"].as_str().map(str::to_owned)
    }
}

#[test]
fn quickstart() {
    let example = Example::new("quickstart");
    example.create(19);
    assert_eq!(
        example.emulator.names("topics"),
        ["orders", "product_revenue", "products"]
    );
    assert_eq!(
        example.phase("quickstart-create-products").as_deref(),
        Some("COMPLETED")
    );
    assert_eq!(
        example.phase("quickstart-fill-product-revenue").as_deref(),
        Some("RUNNING")
    );

    let output = example.ok(&["output", "-json"]).json();
    assert_eq!(output["compute_pool"]["value"]["max_cfu"], 5);
    assert_eq!(output["topic"]["value"]["partitions"], 3);
    assert_eq!(output["kafka_api_key"]["sensitive"], true);
    let secret = output["kafka_api_key"]["value"]["secret"].as_str().unwrap();
    assert!(!secret.is_empty());
    example.ok(&["output"]).is_silent_about(secret);
    example.ok(&["show"]).is_silent_about(secret);

    example.destroy(19);
}

#[test]
fn quickstart_gets_more_partitions_in_place_and_fewer_by_replacing_the_topic() {
    let example = Example::new("quickstart");
    example.create(19);

    let more = ["-var=orders_partitions=5"];
    example
        .changes(&more)
        .says("module.orders.confluent_kafka_topic.this will be updated in-place")
        .says("3 -> 5")
        .says("Plan: 0 to add, 1 to change, 0 to destroy.");
    example.ok(&["apply", "-auto-approve", more[0]]);
    assert_eq!(example.partitions("orders"), Some(5));
    example.settled(&more);

    example
        .changes(&["-var=orders_partitions=2"])
        .says("module.orders.confluent_kafka_topic.this must be replaced")
        .says("partitions cannot be taken away (5 to 2)")
        .says("# forces replacement");

    example.destroy(19);
}

#[test]
fn quickstart_replaces_a_statement_whose_sql_changes() {
    let example = Example::new("quickstart");
    example.create(19);

    let sql = "examples/quickstart/sql/fill_product_revenue.sql";
    example
        .sandbox
        .edit(sql, "INTERVAL '1' MINUTE", "INTERVAL '5' MINUTE");
    example
        .changes(&["-out=change.plan"])
        .says("confluent_flink_statement.fill_product_revenue must be replaced")
        .says("the SQL of a statement cannot be changed")
        .says("# forces replacement")
        .says("Plan: 1 to add, 0 to change, 1 to destroy.");
    example.ok(&["apply", "change.plan"]);
    assert_eq!(
        example.phase("quickstart-fill-product-revenue").as_deref(),
        Some("RUNNING")
    );
    example.settled(&[]);

    example.destroy(19);
}

#[test]
fn quickstart_keeps_what_stands_on_a_cluster_that_is_renamed() {
    let example = Example::new("quickstart");
    example.create(19);

    // A pool that grows, and a cluster of another name, leave what stands on them alone.
    example.sandbox.edit(
        "modules/flink-environment/main.tf",
        "  display_name = var.name\n  availability",
        "  display_name = \"${var.name}-2\"\n  availability",
    );
    example
        .changes(&["-var=cfu=12", "-target=module.environment"])
        .says("Plan: 0 to add, 2 to change, 0 to destroy.");
    example
        .changes(&["-var=cfu=12"])
        .is_silent_about("must be replaced");

    example.destroy(19);
}

#[test]
fn quickstart_runs_as_its_readme_says() {
    let sandbox = Sandbox::new();
    sandbox.copy_of_project("examples");
    sandbox.copy_of_project("modules");
    let run = |args: &[&str]| sandbox.run([&["-chdir=examples/quickstart", "-emulator"], args].concat());

    run(&["apply", "-auto-approve"])
        .code_is(0)
        .says("Apply complete! Resources: 19 added, 0 changed, 0 destroyed.");
    run(&["plan", "-detailed-exitcode"])
        .code_is(0)
        .says("No changes.");
    run(&["destroy", "-auto-approve"])
        .code_is(0)
        .says("Destroy complete! Resources: 19 destroyed.");

    let emulator = sandbox.emulator(["-data=examples/quickstart/streamform.emulator"]);
    for kind in [
        "kafka_clusters",
        "service_accounts",
        "role_bindings",
        "compute_pools",
        "topics",
        "schemas",
        "statements",
    ] {
        assert_eq!(emulator.names(kind), [] as [&str; 0], "{kind}");
    }
}

#[test]
fn marketlag() {
    let example = Example::new("marketlag");
    example.create(31);
    assert_eq!(
        example.emulator.names("topics"),
        [
            "market_lags",
            "market_polls",
            "market_prices",
            "rss_events",
            "rss_signals"
        ]
    );
    let jobs = [
        "marketlag-rss-signals",
        "marketlag-market-prices",
        "marketlag-market-lags",
    ];
    for job in jobs {
        assert_eq!(example.phase(job).as_deref(), Some("RUNNING"), "{job}");
    }

    // Two subtasks and two CFUs become partitions and the smallest pool.
    let output = example.ok(&["output", "-json"]).json();
    assert_eq!(output["topics"]["value"]["rss_events"], 2);
    assert_eq!(output["compute_pool"]["value"]["max_cfu"], 5);
    example
        .changes(&["-var=parallelism=4", "-var=cfu=12"])
        .says("Plan: 0 to add, 6 to change, 0 to destroy.");

    // One job changes, the other two go on.
    example.sandbox.edit(
        "examples/marketlag/sql/market_lags.sql",
        "INTERVAL '6' HOUR",
        "INTERVAL '12' HOUR",
    );
    example
        .changes(&[])
        .says("confluent_flink_statement.job[\"market_lags\"] must be replaced")
        .says("Plan: 1 to add, 0 to change, 1 to destroy.");
    example.ok(&["apply", "-auto-approve"]);
    example.settled(&[]);

    example.destroy(31);
}

#[test]
fn inputs_that_make_no_sense_are_refused_before_anything_is_made() {
    let example = Example::new("quickstart");
    for (wrong, complaint) in [
        ("-var=name=Quick_Start", "The name must have 2 to 48 characters"),
        ("-var=cfu=51", "The CFUs must be a whole number from 1 to 50."),
        ("-var=cfu=2.5", "The CFUs must be a whole number from 1 to 50."),
        ("-var=cloud=aws", "The cloud must be AWS, AZURE or GCP."),
        (
            "-var=orders_partitions=0",
            "The number of partitions must be a whole number of at least 1.",
        ),
    ] {
        // A terminal is narrow: the message may be broken into lines.
        let run = example.fail(&["plan", wrong]);
        let said: Vec<&str> = run
            .stderr
            .split(|c: char| c.is_whitespace() || "│╵╷".contains(c))
            .collect();
        let said = said
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        assert!(
            said.contains(complaint),
            "{wrong} should be answered with {complaint:?}\n{run}"
        );
    }
    assert_eq!(example.emulator.objects(), example.before);
}

#[test]
fn files_are_formatted() {
    let sandbox = Sandbox::new();
    sandbox.copy_of_project("examples");
    sandbox.copy_of_project("modules");
    sandbox.ok(["fmt", "-check", "-diff", "-recursive"]);
}

/// The folders inside of a folder of the project.
fn folders(inside: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(inside);
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
    entries
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

#[test]
fn no_example_goes_without_a_test() {
    let text = include_str!("examples.rs");
    for example in folders("examples") {
        assert!(
            text.contains(&format!("Example::new(\"{example}\")")),
            "examples/{example} is never run here"
        );
    }
}

#[test]
fn readmes_of_modules_name_all_inputs_and_outputs() {
    for module in folders("modules") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("modules")
            .join(&module);
        let read = |file: &str| fs::read_to_string(path.join(file)).unwrap();
        let readme = read("README.md");
        for (file, block) in [("variables.tf", "variable"), ("outputs.tf", "output")] {
            for line in read(file).lines() {
                let Some(rest) = line.strip_prefix(&format!("{block} \"")) else {
                    continue;
                };
                let name = rest.split('"').next().unwrap_or_default();
                assert!(
                    readme.contains(&format!("| `{name}` |")),
                    "the README of module {module} should have a row for {block} {name}"
                );
            }
        }
    }
}

/// The examples of the official provider, unmodified. They are not part of this project; a checkout of
/// `confluentinc/terraform-provider-confluent` is found through this variable, which names the folder
/// `examples/configurations` of it.
const OFFICIAL: &str = "STREAMFORM_OFFICIAL_EXAMPLES";

/// What the official examples expect to find.
const GROUND: &str = r#"
terraform {
  required_providers {
    confluent = {
      source = "confluentinc/confluent"
    }
  }
}

data "confluent_organization" "main" {}

data "confluent_flink_region" "main" {
  cloud  = "AWS"
  region = "us-east-2"
}

resource "confluent_environment" "main" {
  display_name = "staging"
}

resource "confluent_kafka_cluster" "main" {
  display_name = "ground"
  availability = "SINGLE_ZONE"
  cloud        = "AWS"
  region       = "us-east-2"
  basic {}
  environment {
    id = confluent_environment.main.id
  }
}

resource "confluent_flink_compute_pool" "main" {
  display_name = "ground"
  cloud        = "AWS"
  region       = "us-east-2"
  max_cfu      = 5
  environment {
    id = confluent_environment.main.id
  }
}

resource "confluent_service_account" "main" {
  display_name = "ground"
}

resource "confluent_role_binding" "main" {
  principal   = "User:${confluent_service_account.main.id}"
  role_name   = "EnvironmentAdmin"
  crn_pattern = confluent_environment.main.resource_name
}

resource "confluent_api_key" "flink" {
  display_name = "ground"
  owner {
    id          = confluent_service_account.main.id
    api_version = confluent_service_account.main.api_version
    kind        = confluent_service_account.main.kind
  }
  managed_resource {
    id          = data.confluent_flink_region.main.id
    api_version = data.confluent_flink_region.main.api_version
    kind        = data.confluent_flink_region.main.kind
    environment {
      id = confluent_environment.main.id
    }
  }
  depends_on = [confluent_role_binding.main]
}

output "variables" {
  sensitive = true
  value = {
    organization_id       = data.confluent_organization.main.id
    environment_id        = confluent_environment.main.id
    current_catalog       = confluent_environment.main.display_name
    current_database      = confluent_kafka_cluster.main.display_name
    flink_compute_pool_id = confluent_flink_compute_pool.main.id
    flink_rest_endpoint   = data.confluent_flink_region.main.rest_endpoint
    flink_api_key         = confluent_api_key.flink.id
    flink_api_secret      = confluent_api_key.flink.secret
    flink_principal_id    = confluent_service_account.main.id
  }
}
"#;

#[test]
#[allow(clippy::print_stderr, reason = "a test that does nothing should say so")]
fn official_examples() {
    let Some(folder) = std::env::var_os(OFFICIAL) else {
        eprintln!("skipped: {OFFICIAL} does not name the official examples");
        return;
    };
    let mut sandbox = Sandbox::new();
    let emulator = sandbox.start_emulator();
    let before = emulator.objects();
    sandbox.write("ground/main.tf", GROUND);
    sandbox.ok(["-chdir=ground", "apply", "-auto-approve"]);
    let ground = emulator.objects();
    let variables = sandbox
        .ok(["-chdir=ground", "output", "-json", "variables"])
        .json();
    for (name, value) in variables.as_object().unwrap() {
        sandbox.set_env(format!("TF_VAR_{name}"), value.as_str().unwrap());
    }
    sandbox.set_env("TF_VAR_confluent_cloud_api_key", &emulator.cloud_api_key);
    sandbox.set_env("TF_VAR_confluent_cloud_api_secret", &emulator.cloud_api_secret);

    for (name, resources) in [("flink-quickstart", 17), ("flink-quickstart-2", 4)] {
        sandbox.copy_folder(&Path::new(&folder).join(name), name);
        let chdir = format!("-chdir={name}");
        sandbox.ok([&chdir, "init"]);
        sandbox.ok([&chdir, "validate"]);
        sandbox.run([&chdir, "plan", "-detailed-exitcode"]).code_is(2);
        sandbox
            .ok([&chdir, "apply", "-auto-approve"])
            .says(&format!("Resources: {resources} added, 0 changed, 0 destroyed."));
        sandbox.run([&chdir, "plan", "-detailed-exitcode"]).code_is(0);
        sandbox
            .ok([&chdir, "destroy", "-auto-approve"])
            .says(&format!("Resources: {resources} destroyed."));
        // A table outlives the statement that made it.
        let mut after = emulator.objects();
        let made = |object: &Value| {
            object["name"]
                .as_str()
                .is_some_and(|name| name.starts_with("random_int_table"))
        };
        for kind in ["topics", "schemas"] {
            after[kind].as_array_mut().unwrap().retain(|object| !made(object));
        }
        assert_eq!(after, ground, "{name} should leave nothing behind but its table");
    }

    sandbox.ok(["-chdir=ground", "destroy", "-auto-approve"]);
    assert_eq!(emulator.objects(), before);
}
