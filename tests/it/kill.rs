//! Applies and destroys that are killed at any instant, and what the next run makes of it: nothing is lost, nothing is
//! made twice. The emulator is a process of its own and goes on living, as the real service does.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use streamform_state::ObjectStatus;
use streamform_state::SealKey;
use streamform_state::StateView;

use crate::sandbox::EmulatorProcess;
use crate::sandbox::Sandbox;

/// Of everything that is hard: secrets that are told once, objects that take their time, data planes whose credentials
/// are made in the same run, names that are generated, instances that are alike.
pub(crate) const PLATFORM: &str = r#"
terraform {
  required_providers {
    confluent = { source = "confluentinc/confluent" }
  }
}

variable "generation" {
  type    = number
  default = 1
}

variable "token" {
  type      = string
  sensitive = true
  default   = "first"
}

data "confluent_organization" "this" {}

data "confluent_flink_region" "here" {
  cloud  = "AWS"
  region = "us-east-1"
}

resource "confluent_environment" "this" {
  display_name = "platform-${var.generation}"
  stream_governance { package = "ESSENTIALS" }
}

resource "confluent_kafka_cluster" "this" {
  display_name = "events-${var.generation}"
  availability = "SINGLE_ZONE"
  cloud        = "AWS"
  region       = "us-east-1"
  standard {}
  environment { id = confluent_environment.this.id }
}

data "confluent_schema_registry_cluster" "this" {
  environment { id = confluent_environment.this.id }
  depends_on = [confluent_kafka_cluster.this]
}

resource "confluent_service_account" "app" {
  display_name = "app"
  description  = "generation ${var.generation}"
}

resource "confluent_service_account" "reader" {
  count        = 2
  display_name = "reader-${count.index}-${var.generation}"
  description  = "generation ${var.generation}"
}

resource "confluent_role_binding" "app" {
  principal   = "User:${confluent_service_account.app.id}"
  role_name   = "CloudClusterAdmin"
  crn_pattern = confluent_kafka_cluster.this.rbac_crn
}

resource "confluent_role_binding" "reader" {
  count       = 2
  principal   = "User:${confluent_service_account.reader[count.index].id}"
  role_name   = "EnvironmentAdmin"
  crn_pattern = confluent_environment.this.resource_name
}

resource "confluent_api_key" "kafka" {
  display_name = "kafka"
  description  = "generation ${var.generation}"
  owner {
    id          = confluent_service_account.app.id
    api_version = confluent_service_account.app.api_version
    kind        = confluent_service_account.app.kind
  }
  managed_resource {
    id          = confluent_kafka_cluster.this.id
    api_version = confluent_kafka_cluster.this.api_version
    kind        = confluent_kafka_cluster.this.kind
    environment { id = confluent_environment.this.id }
  }
  lifecycle { create_before_destroy = true }
}

resource "confluent_api_key" "registry" {
  display_name = "registry"
  owner {
    id          = confluent_service_account.app.id
    api_version = confluent_service_account.app.api_version
    kind        = confluent_service_account.app.kind
  }
  managed_resource {
    id          = data.confluent_schema_registry_cluster.this.id
    api_version = data.confluent_schema_registry_cluster.this.api_version
    kind        = data.confluent_schema_registry_cluster.this.kind
    environment { id = confluent_environment.this.id }
  }
  lifecycle { create_before_destroy = true }
}

resource "confluent_api_key" "flink" {
  display_name = "flink"
  owner {
    id          = confluent_service_account.app.id
    api_version = confluent_service_account.app.api_version
    kind        = confluent_service_account.app.kind
  }
  managed_resource {
    id          = data.confluent_flink_region.here.id
    api_version = data.confluent_flink_region.here.api_version
    kind        = data.confluent_flink_region.here.kind
    environment { id = confluent_environment.this.id }
  }
  lifecycle { create_before_destroy = true }
}

resource "confluent_api_key" "cloud" {
  count        = 2
  display_name = "automation-${count.index}"
  owner {
    id          = confluent_service_account.reader[count.index].id
    api_version = confluent_service_account.reader[count.index].api_version
    kind        = confluent_service_account.reader[count.index].kind
  }
}

resource "confluent_kafka_topic" "table" {
  for_each         = toset(["orders", "copies"])
  topic_name       = each.key
  partitions_count = 2 + var.generation
  rest_endpoint    = confluent_kafka_cluster.this.rest_endpoint
  kafka_cluster { id = confluent_kafka_cluster.this.id }
  credentials {
    key    = confluent_api_key.kafka.id
    secret = confluent_api_key.kafka.secret
  }
}

resource "confluent_schema" "table" {
  for_each      = confluent_kafka_topic.table
  subject_name  = "${each.value.topic_name}-value"
  format        = "AVRO"
  hard_delete   = true
  rest_endpoint = data.confluent_schema_registry_cluster.this.rest_endpoint
  schema_registry_cluster { id = data.confluent_schema_registry_cluster.this.id }
  credentials {
    key    = confluent_api_key.registry.id
    secret = confluent_api_key.registry.secret
  }
  schema = jsonencode({
    type   = "record"
    name   = each.value.topic_name
    fields = [{ name = "id", type = "long" }, { name = "note", type = "string" }]
  })
}

resource "confluent_flink_compute_pool" "this" {
  display_name = "pool-${var.generation}"
  cloud        = "AWS"
  region       = "us-east-1"
  max_cfu      = 5
  environment { id = confluent_environment.this.id }
}

resource "confluent_flink_statement" "copy" {
  statement = "INSERT INTO `copies` SELECT * FROM `orders`"
  properties = {
    "sql.current-catalog"  = confluent_environment.this.display_name
    "sql.current-database" = confluent_kafka_cluster.this.display_name
  }
  properties_sensitive = { "sql.secrets.token" = var.token }
  rest_endpoint        = data.confluent_flink_region.here.rest_endpoint
  organization { id = data.confluent_organization.this.id }
  environment { id = confluent_environment.this.id }
  compute_pool { id = confluent_flink_compute_pool.this.id }
  principal { id = confluent_service_account.app.id }
  credentials {
    key    = confluent_api_key.flink.id
    secret = confluent_api_key.flink.secret
  }
  depends_on = [confluent_schema.table]
  lifecycle { ignore_changes = [properties] }
}

output "key" {
  value = confluent_api_key.kafka.id
}
"#;

/// The resource types of [`PLATFORM`] and what the emulator calls their objects.
const KINDS: &[(&str, &str)] = &[
    ("confluent_environment", "environments"),
    ("confluent_kafka_cluster", "kafka_clusters"),
    ("confluent_service_account", "service_accounts"),
    ("confluent_role_binding", "role_bindings"),
    ("confluent_api_key", "api_keys"),
    ("confluent_flink_compute_pool", "compute_pools"),
    ("confluent_kafka_topic", "topics"),
    ("confluent_schema", "schemas"),
    ("confluent_flink_statement", "statements"),
];

/// Paths of which a call now and then has its effect, but its answer gets lost before the command is killed.
const LOSING: &[&str] = &[
    "/iam/v2/api-keys",
    "/cmk/v2/clusters",
    "/iam/v2/service-accounts",
    "/kafka/v3",
    "/subjects",
    "/sql/v1",
];

/// How many objects a whole [`PLATFORM`] has.
const WHOLE: usize = 1 + 1 + 3 + 3 + 5 + 1 + 2 + 2 + 1;

/// The state of the default workspace.
pub(crate) fn state(sandbox: &Sandbox) -> StateView {
    let key = SealKey::at(sandbox.path("../home/.config/streamform/state.key"));
    let dir = streamform_state::workspace_dir(&sandbox.path("streamform.state"), "default");
    streamform_state::read_view_sealed(&dir, &key).unwrap()
}

/// Names of all objects of the state: `environments env-1`. Each must be whole and there once.
pub(crate) fn recorded(sandbox: &Sandbox) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for record in state(sandbox).records() {
        let Some((_, kind)) = KINDS.iter().find(|(ty, _)| *ty == record.type_name) else {
            continue;
        };
        assert!(
            record.deposed.is_empty(),
            "{} has a deposed object",
            record.address
        );
        let object = record.current.as_ref().unwrap();
        assert_eq!(
            object.status,
            ObjectStatus::Ready,
            "{} is tainted",
            record.address
        );
        let attributes: Value = object.attributes.parse().unwrap();
        let id = match *kind {
            "schemas" => attributes["subject_name"].as_str().unwrap().to_owned(),
            "statements" => {
                let id = attributes["id"].as_str().unwrap();
                let (environment, rest) = id.split_once('/').unwrap();
                format!("{environment}/{}", rest.split_once('/').unwrap().1)
            }
            _ => attributes["id"].as_str().unwrap().to_owned(),
        };
        assert!(
            all.insert(format!("{kind} {id}")),
            "{} is in the state twice",
            record.address
        );
    }
    all
}

/// Names of all objects that the service has, without those that it had from its birth.
pub(crate) fn living(emulator: &EmulatorProcess) -> BTreeSet<String> {
    let objects = emulator.objects();
    let mut all = BTreeSet::new();
    for (_, kind) in KINDS {
        for object in objects[*kind].as_array().unwrap() {
            let name = object["name"].as_str().unwrap_or_default();
            if object["phase"] == "DELETING" || name == "default" || name == "First Cloud API key" {
                continue;
            }
            let id = if *kind == "schemas" {
                name
            } else {
                object["id"].as_str().unwrap()
            };
            assert!(
                all.insert(format!("{kind} {id}")),
                "the service has {kind} {id} twice"
            );
        }
    }
    all
}

/// A reproducible source of instants.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end.max(1)
    }
}

/// Starts a command and ends it with SIGKILL after some time. True: it had ended by itself.
fn killed_after(sandbox: &Sandbox, args: &[String], after: Duration) -> bool {
    let mut child = sandbox
        .command(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(after);
    let over = child.try_wait().unwrap().is_some();
    let _ = child.kill();
    let _ = child.wait();
    over
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

fn rounds(seed: u64, count: u64) {
    let mut sandbox = Sandbox::new();
    sandbox.write("main.tf", PLATFORM);
    let emulator = sandbox.emulator(["-phase-delay=50ms"]);
    sandbox.set_env("STREAMFORM_EMULATOR", &emulator.endpoint);
    sandbox.set_env("CONFLUENT_CLOUD_API_KEY", &emulator.cloud_api_key);
    sandbox.set_env("CONFLUENT_CLOUD_API_SECRET", &emulator.cloud_api_secret);
    let mut dice = Dice::new(seed);
    // How long each kind of run takes, about: learnt as the rounds go on, so that nearly every kill hits.
    let mut usual = [400, 300, 400, 300];
    let mut generation = 1;
    let mut hits = 0;
    for round in 0.. {
        let kind = (round % 4) as usize;
        if hits >= count && kind == 0 {
            break;
        }
        assert!(round < 4 * count, "too few of the kills hit a living command");
        if kind == 1 {
            generation += 1;
        }
        let variables = format!("-var=generation={generation} -var=token=secret-{generation}");
        let whole = format!("apply -auto-approve {variables}");
        let (killed, repaired) = match kind {
            0 | 1 => (whole.clone(), whole.clone()),
            2 => (
                format!(
                    "{whole} -replace=confluent_api_key.kafka -replace=confluent_api_key.registry -replace=confluent_service_account.reader[1] \
                     -replace=confluent_flink_statement.copy -replace=confluent_kafka_topic.table[\"copies\"]"
                ),
                whole.clone(),
            ),
            _ => {
                let destroy = format!("destroy -auto-approve {variables}");
                // Now and then the user has second thoughts.
                let then = if dice.below(3) == 0 { &whole } else { &destroy };
                (destroy.clone(), then.clone())
            }
        };
        let mut faults = vec![format!(
            r#"{{"fault":"latency","ms":{},"calls":200}}"#,
            dice.below(20)
        )];
        let losing = LOSING.get(usize::try_from(dice.below(12)).unwrap());
        if let Some(path) = losing {
            faults.push(format!(r#"{{"fault":"drop_after","calls":1,"path":"{path}"}}"#));
        }
        emulator.request(
            "POST",
            "/_emulator/faults",
            &format!(r#"{{"faults":[{}]}}"#, faults.join(",")),
        );
        let mut told = Vec::new();
        for _ in 0..1 + dice.below(3) / 2 {
            let after = 15 + dice.below(usual[kind]);
            let over = killed_after(&sandbox, &words(&killed), Duration::from_millis(after));
            if over {
                usual[kind] = usual[kind] * 9 / 10;
            } else {
                usual[kind] += usual[kind] / 20;
                hits += 1;
            }
            told.push(format!("{after} ms{}", if over { " (had ended)" } else { "" }));
        }
        emulator.request("POST", "/_emulator/faults", r#"{"clear":true}"#);
        let context = format!(
            "seed {seed}, round {round}, {killed}, answer lost at {losing:?}, killed after {}",
            told.join(", ")
        );
        let run = sandbox.run(words(&repaired));
        assert_eq!(run.code, Some(0), "{context}\n{run}");
        let deposed = state(&sandbox).records().any(|r| !r.deposed.is_empty());
        assert!(!deposed, "a deposed object is left; {context}\n{run}");
        let (known, there) = (recorded(&sandbox), living(&emulator));
        assert_eq!(
            known, there,
            "left: the state, right: the service; {context}\n{run}"
        );
        let gone = repaired.starts_with("destroy");
        let expected = if gone { 0 } else { WHOLE };
        assert_eq!(there.len(), expected, "{context}\n{run}");
        if gone {
            continue;
        }
        // Reads everything with the keys in the state: their secrets are the right ones.
        let plan = sandbox.run(words(&format!("plan -detailed-exitcode {variables}")));
        assert_eq!(
            plan.code,
            Some(0),
            "nothing should be left to do; {context}\n{plan}"
        );
    }
}

/// Two series side by side, 50 kills in all. `STREAMFORM_KILLS=seed:count` runs others, to look for what is rare.
#[test]
fn fifty_kills_lose_nothing_and_make_nothing_twice() {
    let wish = std::env::var("STREAMFORM_KILLS").ok();
    let wish = wish.as_deref().and_then(|w| w.split_once(':'));
    let (seed, count) = wish.map_or((1, 50), |(s, c)| (s.parse().unwrap(), c.parse().unwrap()));
    let other = thread::spawn(move || rounds(seed + 1, count / 2));
    rounds(seed, count / 2);
    other.join().unwrap();
}
