//! `confluent_kafka_cluster`: <https://docs.confluent.io/cloud/current/api.html#tag/Clusters-(cmkv2)>

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::value::Path;
use streamform_lang::value::Value;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::Field;
use streamform_provider::declared::FieldKind;
use streamform_provider::declared::Presence;
use streamform_provider::declared::Timeouts;
use streamform_provider::protocol::Findings;
use streamform_provider::protocol::ProviderDiagnostic;
use streamform_provider::rest::Patience;
use streamform_provider::rest::Poll;
use streamform_provider::rest::Schedule;
use streamform_provider::rest::WaitError;
use streamform_provider::rest::segment;
use streamform_provider::rest::wait_until;

use crate::checks;
use crate::context::Confluent;
use crate::control::ControlType;
use crate::control::Facts;
use crate::control::Phase;
use crate::fields::blocks;
use crate::fields::computed;
use crate::fields::environment;
use crate::fields::optional_computed;
use crate::fields::required;
use crate::fields::string_list;
use crate::json::differs;
use crate::json::flag;
use crate::json::given;
use crate::json::id_block;
use crate::json::int;
use crate::json::text;

/// A Kafka cluster.
pub(crate) struct KafkaCluster;

/// Blocks that say which kind of cluster it is, as the API calls it.
const KINDS: &[(&str, &str)] = &[
    ("basic", "Basic"),
    ("standard", "Standard"),
    ("dedicated", "Dedicated"),
    ("enterprise", "Enterprise"),
    ("freight", "Freight"),
];

const EXACTLY_ONE: &[&str] = &["basic", "standard", "dedicated", "enterprise", "freight"];

/// How the API calls an availability that has two names.
fn availability(name: &str) -> &str {
    match name {
        "SINGLE_ZONE" => "LOW",
        "MULTI_ZONE" => "HIGH",
        other => other,
    }
}

fn same_availability(old: &Value, new: &Value) -> bool {
    matches!((old.as_str(), new.as_str()), (Some(old), Some(new)) if availability(old) == availability(new))
}

fn ecku(name: &'static str, conflicts: &'static [&'static str]) -> Field {
    Field {
        exactly_one_of: EXACTLY_ONE,
        conflicts_with: conflicts,
        ..blocks(
            name,
            Presence::Optional,
            false,
            vec![Field::optional_computed("max_ecku", FieldKind::Int)],
        )
    }
}

/// The `endpoints` attribute.
pub(crate) fn endpoints() -> Field {
    blocks(
        "endpoints",
        Presence::Computed,
        false,
        vec![
            computed("access_point_id"),
            computed("bootstrap_endpoint"),
            computed("connection_type"),
            computed("rest_endpoint"),
        ],
    )
}

/// The state of a cluster.
pub(crate) fn state(api: &Json) -> Json {
    let spec = &api["spec"];
    let config = &spec["config"];
    let mut state = json!({
        "id": api["id"],
        "api_version": api["api_version"],
        "kind": api["kind"],
        "display_name": spec["display_name"],
        "availability": spec["availability"],
        "cloud": spec["cloud"],
        "region": spec["region"],
        "environment": id_block(&spec["environment"]["id"]),
        "network": id_block(&spec["network"]["id"]),
        "byok_key": id_block(&spec["byok"]["id"]),
        "bootstrap_endpoint": spec["kafka_bootstrap_endpoint"],
        "rest_endpoint": spec["http_endpoint"],
        "rbac_crn": rbac_crn(text(api, "/metadata/resource_name")),
        "deletion_protection": flag(spec, "/deletion_protection"),
        "endpoints": endpoint_list(&spec["endpoints"]),
    });
    for (block, kind) in KINDS {
        state[*block] = json!([]);
        if text(config, "/kind") != *kind {
            continue;
        }
        let zones = if config["zones"].is_array() {
            config["zones"].clone()
        } else {
            json!([])
        };
        state[*block] = match *block {
            "dedicated" => json!([{
                "cku": int(api, "/status/cku").or(int(config, "/cku")),
                "encryption_key": text(config, "/encryption_key"),
                "zones": zones,
            }]),
            "freight" => json!([{ "max_ecku": config["max_ecku"], "zones": zones }]),
            _ => json!([{ "max_ecku": config["max_ecku"] }]),
        };
    }
    state
}

/// The CRN that role bindings are written with: the cluster's without its last part.
fn rbac_crn(resource_name: &str) -> &str {
    resource_name
        .split_once("/kafka=")
        .map_or(resource_name, |(crn, _)| crn)
}

fn endpoint_list(map: &Json) -> Json {
    let Some(map) = map.as_object() else {
        return json!([]);
    };
    let mut list: Vec<_> = map.iter().collect();
    list.sort_by_key(|(id, _)| id.as_str());
    list.into_iter()
        .map(|(id, endpoint)| {
            json!({
                "access_point_id": id,
                "bootstrap_endpoint": endpoint["kafka_bootstrap_endpoint"],
                "rest_endpoint": endpoint["http_endpoint"],
                "connection_type": endpoint["connection_type"],
            })
        })
        .collect()
}

/// The block of an object that says which kind of cluster it is.
fn kind_of(object: &Json) -> Option<(&'static str, &'static str)> {
    KINDS
        .iter()
        .copied()
        .find(|(block, _)| object[*block].as_array().is_some_and(|b| !b.is_empty()))
}

/// `spec.config` of a request.
fn config(object: &Json) -> Json {
    let Some((block, kind)) = kind_of(object) else {
        return Json::Null;
    };
    let mut config = json!({ "kind": kind });
    for name in ["cku", "max_ecku"] {
        if let Some(n) = int(object, &format!("/{block}/0/{name}")).filter(|n| *n > 0) {
            config[name] = json!(n);
        }
    }
    if let Some(key) = given(object, "/dedicated/0/encryption_key") {
        config["encryption_key"] = json!(key);
    }
    config
}

#[async_trait]
impl ControlType for KafkaCluster {
    fn declaration(&self) -> Declaration {
        Declaration {
            type_name: "confluent_kafka_cluster",
            version: 1,
            fields: vec![
                computed("api_version"),
                required("availability")
                    .force_new()
                    .one_of(&["SINGLE_ZONE", "MULTI_ZONE", "LOW", "HIGH"])
                    .suppress(same_availability),
                ecku("basic", &["byok_key"]),
                computed("bootstrap_endpoint"),
                Field {
                    conflicts_with: &["basic", "standard"],
                    ..Field::one(
                        "byok_key",
                        Presence::OptionalComputed,
                        vec![required("id").force_new()],
                    )
                },
                required("cloud").force_new().one_of(&["AWS", "AZURE", "GCP"]),
                Field {
                    exactly_one_of: EXACTLY_ONE,
                    ..Field::one(
                        "dedicated",
                        Presence::Optional,
                        vec![
                            Field::required("cku", FieldKind::Int).check(checks::at_least_1),
                            optional_computed("encryption_key"),
                            Field::computed("zones", string_list()),
                        ],
                    )
                },
                Field::optional("deletion_protection", FieldKind::Bool),
                required("display_name").check(checks::not_empty),
                endpoints(),
                ecku("enterprise", &[]),
                environment(),
                Field {
                    exactly_one_of: EXACTLY_ONE,
                    ..blocks(
                        "freight",
                        Presence::Optional,
                        false,
                        vec![
                            Field::optional_computed("max_ecku", FieldKind::Int),
                            Field::computed("zones", string_list()),
                        ],
                    )
                },
                computed("kind"),
                Field::one(
                    "network",
                    Presence::OptionalComputed,
                    vec![required("id").force_new().check(checks::network_id)],
                ),
                computed("rbac_crn"),
                required("region").force_new(),
                computed("rest_endpoint"),
                ecku("standard", &["byok_key"]),
            ],
            timeouts: Timeouts {
                create: Some(Duration::from_secs(72 * 3600)),
                update: Some(Duration::from_secs(72 * 3600)),
                ..Timeouts::default()
            },
            deprecated: None,
        }
    }

    fn facts(&self) -> Facts {
        Facts {
            noun: "Kafka Cluster",
            path: "/cmk/v2/clusters",
            in_environment: true,
            poll: Duration::from_secs(60),
            wait_until_gone: true,
            useless_unanswered: None,
        }
    }

    fn customize(
        &self,
        prior: &Value,
        _config: &Value,
        planned: Value,
        _replace: &mut Vec<Path>,
    ) -> Result<(Value, Option<String>), Findings> {
        if prior.is_null() {
            return Ok((planned, None));
        }
        let some =
            |value: &Value, block: &str| value.get(block).and_then(Value::items).map(|i| !i.is_empty());
        // Whether the block comes (true), goes (false) or stays.
        let change = |block: &str| match (some(prior, block), some(&planned, block)) {
            (Some(old), Some(new)) if old != new => Some(new),
            _ => None,
        };
        let (basic, standard) = (change("basic"), change("standard"));
        let back = standard == Some(false) && basic == Some(true);
        let dedicated = change("dedicated").is_some() && (basic.is_some() || standard.is_some());
        if back || dedicated {
            let id = prior.get("id").and_then(Value::as_str).unwrap_or_default();
            return Err(vec![ProviderDiagnostic::error(
                format!(
                    "error updating Kafka Cluster {id:?}: clusters can only be upgraded from 'Basic' to 'Standard'"
                ),
                "The kind of a cluster cannot change in this way while it lives. Change the configuration back, or make a new cluster and move the data (for instance with a cluster link).",
            )]);
        }
        Ok((planned, None))
    }

    fn create_body(&self, planned: &Json) -> Json {
        let mut spec = json!({
            "display_name": planned["display_name"],
            "availability": planned["availability"],
            "cloud": planned["cloud"],
            "region": planned["region"],
            "config": config(planned),
            "environment": { "id": text(planned, "/environment/0/id") },
        });
        if let Some(id) = given(planned, "/network/0/id") {
            spec["network"] = json!({ "id": id });
        }
        if let Some(id) = given(planned, "/byok_key/0/id") {
            spec["byok"] = json!({ "id": id });
        }
        if flag(planned, "/deletion_protection") {
            spec["deletion_protection"] = json!(true);
        }
        json!({ "spec": spec })
    }

    fn patches(&self, prior: &Json, planned: &Json) -> Result<Vec<Json>, String> {
        let environment = json!({ "id": text(planned, "/environment/0/id") });
        let mut bodies = Vec::new();
        let mut patch = |name: &str, value: Json| {
            bodies.push(json!({ "spec": { name: value, "environment": environment } }));
        };
        if differs(prior, planned, "/display_name") {
            patch("display_name", planned["display_name"].clone());
        }
        let (old, new) = (kind_of(prior), kind_of(planned));
        let block = new.map_or("", |(block, _)| block);
        if old != new {
            if (old.map(|o| o.0), block) != (Some("basic"), "standard") {
                return Err(format!(
                    "a cluster cannot change from '{}' to '{}'",
                    old.map_or("", |o| o.1),
                    new.map_or("", |n| n.1)
                ));
            }
            patch("config", config(planned));
        } else if differs(prior, planned, &format!("/{block}/0/encryption_key")) {
            return Err("the encryption key of a cluster cannot change".to_owned());
        } else if differs(prior, planned, &format!("/{block}/0/cku")) {
            let cku = int(planned, "/dedicated/0/cku").unwrap_or(0);
            if text(planned, "/availability") == "MULTI_ZONE" && cku < 2 {
                return Err(format!("a MULTI_ZONE cluster needs at least 2 CKUs, got {cku}"));
            }
            patch("config", json!({ "kind": "Dedicated", "cku": cku }));
        } else if differs(prior, planned, &format!("/{block}/0/max_ecku")) {
            patch("config", config(planned));
        }
        if flag(prior, "/deletion_protection") != flag(planned, "/deletion_protection") {
            patch(
                "deletion_protection",
                json!(flag(planned, "/deletion_protection")),
            );
        }
        Ok(bodies)
    }

    fn state(&self, api: &Json, _known: &Json) -> Json {
        state(api)
    }

    fn phase(&self, api: &Json, wanted: &Json) -> Phase {
        match text(api, "/status/phase") {
            "PROVISIONED" => {}
            "PROVISIONING" => return Phase::Pending("PROVISIONING".to_owned()),
            other => {
                return Phase::Failed(format!(
                    "Kafka Cluster {:?} provisioning status is {other:?}",
                    text(api, "/id")
                ));
            }
        }
        match (int(api, "/status/cku"), int(wanted, "/dedicated/0/cku")) {
            // Between the calls of one change the service may not have been asked for the new size yet.
            (Some(has), Some(wants)) if has != wants && int(api, "/spec/config/cku") == Some(wants) => {
                Phase::Pending(format!("resizing from {has} to {wants} CKUs"))
            }
            _ => Phase::Ready,
        }
    }

    fn matches(&self, api: &Json, planned: &Json) -> bool {
        let spec = &api["spec"];
        text(spec, "/cloud") == text(planned, "/cloud")
            && text(spec, "/region") == text(planned, "/region")
            && availability(text(spec, "/availability")) == availability(text(planned, "/availability"))
            && kind_of(planned).is_some_and(|(_, kind)| kind == text(spec, "/config/kind"))
            && text(spec, "/network/id") == text(planned, "/network/0/id")
    }

    /// The first cluster of an environment with governance brings a Schema Registry, which data sources read right after it.
    async fn settled(
        &self,
        client: &Confluent,
        api: &Json,
        _known: &Json,
        patience: Patience<'_>,
    ) -> Result<(), WaitError> {
        let Ok(control) = client.control() else {
            return Ok(());
        };
        let environment = text(api, "/spec/environment/id");
        let governed = control
            .get(format!("/org/v2/environments/{}", segment(environment)))
            .during(patience)
            .json()
            .await
            .is_ok_and(|e| !text(&e, "/stream_governance_config/package").is_empty());
        if !governed {
            return Ok(());
        }
        let schedule = Schedule::new(Duration::from_secs(5), control.is_loopback());
        let patience = patience.within(Duration::from_secs(600));
        wait_until(
            &format!("waiting for the Schema Registry of {environment:?}"),
            schedule,
            patience,
            || async {
                let query = [("environment", environment)];
                match control.list("/srcm/v3/clusters", &query, 99, patience).await {
                    Ok(all) if all.iter().any(|c| text(c, "/status/phase") == "PROVISIONED") => {
                        Ok(Poll::Done(()))
                    }
                    Ok(_) => Ok(Poll::Pending("PROVISIONING".to_owned())),
                    // Who may make clusters need not be allowed to see registries.
                    Err(e) if e.status() == Some(403) => Ok(Poll::Done(())),
                    Err(e) => Err(e),
                }
            },
        )
        .await
    }

    /// Version 0 called the REST endpoint `http_endpoint`.
    fn upgrade(&self, version: u64, mut raw: Json) -> Result<Json, Findings> {
        if version == 0 {
            rename_endpoint(&mut raw);
        }
        Ok(raw)
    }
}

/// Moves `http_endpoint` to `rest_endpoint`.
pub(crate) fn rename_endpoint(raw: &mut Json) {
    if let Some(object) = raw.as_object_mut()
        && let Some(endpoint) = object.remove("http_endpoint")
    {
        object.entry("rest_endpoint").or_insert(endpoint);
    }
}
