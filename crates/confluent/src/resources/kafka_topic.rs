//! `confluent_kafka_topic`: <https://docs.confluent.io/cloud/current/api.html#tag/Topic-(v3)>

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::value::Path;
use streamform_lang::value::Value;
use streamform_provider::declared::Context;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::Field;
use streamform_provider::declared::FieldKind;
use streamform_provider::declared::LostCreate;
use streamform_provider::declared::Outcome;
use streamform_provider::declared::ResourceType;
use streamform_provider::declared::Timeouts;
use streamform_provider::protocol::Ambiguity;
use streamform_provider::protocol::Candidate;
use streamform_provider::protocol::Findings;
use streamform_provider::protocol::ProviderDiagnostic;
use streamform_provider::protocol::Recovery;
use streamform_provider::rest::CallError;
use streamform_provider::rest::Patience;
use streamform_provider::rest::Poll;
use streamform_provider::rest::Schedule;
use streamform_provider::rest::Shape;
use streamform_provider::rest::encode;
use streamform_provider::rest::segment;
use streamform_provider::rest::wait_until;

use super::kafka_cluster::rename_endpoint;
use crate::checks;
use crate::context::Confluent;
use crate::context::Plane;
use crate::control::half_made;
use crate::control::not_ready;
use crate::control::not_to_be_adopted;
use crate::control::nothing_made;
use crate::control::wait_finding;
use crate::fields::credentials;
use crate::fields::kafka_cluster;
use crate::fields::required;
use crate::fields::rest_endpoint;
use crate::fields::string_map;
use crate::json::given;
use crate::json::int;
use crate::json::text;
use crate::recent::look_again;

/// A topic of a Kafka cluster.
#[derive(Default)]
pub(crate) struct KafkaTopic {
    shape: OnceLock<Shape>,
}

/// Settings that may change while a topic lives.
const EDITABLE: &[&str] = &[
    "cleanup.policy",
    "confluent.key.schema.validation",
    "confluent.key.subject.name.strategy",
    "confluent.schema.validation.context.name",
    "confluent.value.schema.validation",
    "confluent.value.subject.name.strategy",
    "delete.retention.ms",
    "max.compaction.lag.ms",
    "max.message.bytes",
    "message.timestamp.after.max.ms",
    "message.timestamp.before.max.ms",
    "message.timestamp.difference.max.ms",
    "message.timestamp.type",
    "min.compaction.lag.ms",
    "min.insync.replicas",
    "retention.bytes",
    "retention.ms",
    "segment.bytes",
    "segment.ms",
];

/// A setting that the service makes by itself and nobody declares.
const HIDDEN: &str = "confluent.topic.type";

/// How long the new values of an alteration may take to be seen.
const SEEN: Duration = Duration::from_secs(60);

/// Settings by name.
type Settings = BTreeMap<String, String>;

fn settings(object: &Json) -> Settings {
    object["config"]
        .as_object()
        .map(|m| {
            m.iter()
                .filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())))
                .collect()
        })
        .unwrap_or_default()
}

fn path(plane: &Plane, topic: &str) -> String {
    format!(
        "/kafka/v3/clusters/{}/topics/{}",
        segment(&plane.id),
        segment(topic)
    )
}

/// The settings of a topic that somebody has set.
async fn read_settings(plane: &Plane, topic: &str, patience: Patience<'_>) -> Result<Settings, CallError> {
    let answer = plane
        .client
        .get(format!("{}/configs", path(plane, topic)))
        .during(patience)
        .json()
        .await?;
    let items = answer["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(items
        .iter()
        .filter(|c| text(c, "/source") == "DYNAMIC_TOPIC_CONFIG" && text(c, "/name") != HIDDEN)
        .map(|c| (text(c, "/name").to_owned(), text(c, "/value").to_owned()))
        .collect())
}

/// A topic as the state has it.
pub(crate) async fn read_state(
    plane: &Plane,
    topic: &str,
    patience: Patience<'_>,
) -> Result<Json, CallError> {
    let api = plane
        .client
        .get(path(plane, topic))
        .during(patience)
        .json()
        .await?;
    Ok(json!({
        "id": format!("{}/{topic}", plane.id),
        "topic_name": topic,
        "partitions_count": api["partitions_count"],
        "config": read_settings(plane, topic, patience).await?,
    }))
}

impl KafkaTopic {
    fn shape(&self) -> &Shape {
        self.shape
            .get_or_init(|| Shape::of(&ResourceType::<Confluent>::declaration(self)))
    }
}

#[async_trait]
impl ResourceType<Confluent> for KafkaTopic {
    fn declaration(&self) -> Declaration {
        Declaration {
            type_name: "confluent_kafka_topic",
            version: 2,
            fields: vec![
                Field::optional_computed("config", string_map()),
                credentials(),
                kafka_cluster(),
                Field::optional("partitions_count", FieldKind::Int)
                    .default(Value::number(6_i64))
                    .check(checks::at_least_1),
                rest_endpoint(),
                required("topic_name").force_new().check(checks::topic_name),
            ],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    /// Partitions can only be added: fewer of them is another topic.
    fn customize(
        &self,
        _client: &Confluent,
        prior: &Value,
        _config: &Value,
        planned: Value,
        replace: &mut Vec<Path>,
    ) -> Result<(Value, Option<String>), Findings> {
        let count = |v: &Value| v.get("partitions_count").and_then(Value::as_number).cloned();
        if let (Some(old), Some(new)) = (count(prior), count(&planned))
            && new < old
        {
            replace.push(Path::attr("partitions_count"));
            return Ok((
                planned,
                Some(format!(
                    "partitions cannot be taken away ({old} to {new}); the topic is made anew and its data is lost"
                )),
            ));
        }
        Ok((planned, None))
    }

    async fn create(
        &self,
        client: &Confluent,
        planned: &Value,
        context: &Context<'_>,
    ) -> Result<Value, Outcome> {
        let wanted = encode(planned);
        let patience = Patience::of(context);
        let topic = text(&wanted, "/topic_name");
        let doing = format!("error creating Kafka Topic {topic:?}");
        let plane = client.kafka(&wanted).map_err(|f| half_made(None, f))?;
        let configs: Vec<Json> = settings(&wanted)
            .into_iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        let body = json!({
            "topic_name": topic,
            "partitions_count": wanted["partitions_count"],
            "configs": configs,
        });
        client
            .once_allowed(patience, || {
                plane
                    .client
                    .post(format!("/kafka/v3/clusters/{}/topics", segment(&plane.id)))
                    .body(body.clone())
                    .during(patience)
            })
            .await
            .map_err(|e| nothing_made(&e, &doing))?;
        let value = self
            .shape()
            .value(Some(planned), &json!({ "id": format!("{}/{topic}", plane.id) }));
        context.progress.checkpoint(&value, &context.private);
        // A new topic is not known to every broker at once.
        let schedule = Schedule::new(Duration::from_secs(5), plane.client.is_loopback());
        let state = wait_until(
            &format!("waiting for Kafka Topic {topic:?}"),
            schedule,
            patience,
            || async {
                match read_state(&plane, topic, patience).await {
                    Ok(state) => Ok(Poll::Done(state)),
                    Err(e) if e.status() == Some(404) => Ok(Poll::Pending("not visible yet".to_owned())),
                    Err(e) => Err(e),
                }
            },
        )
        .await
        .map_err(|e| not_ready(value.clone(), &e, &doing))?;
        Ok(self.shape().value(Some(planned), &state))
    }

    async fn read(&self, client: &Confluent, prior: &Value) -> Result<Option<Value>, Findings> {
        let known = encode(prior);
        let topic = text(&known, "/topic_name");
        let plane = client.kafka(&known)?;
        match read_state(&plane, topic, Patience::default()).await {
            Ok(state) => Ok(Some(self.shape().value(Some(prior), &state))),
            Err(e) if e.status() == Some(404) => Ok(None),
            Err(e) => Err(e.findings(&format!("error reading Kafka Topic {:?}", text(&known, "/id")))),
        }
    }

    async fn update(
        &self,
        client: &Confluent,
        prior: &Value,
        planned: &Value,
        context: &Context<'_>,
    ) -> Result<Value, Outcome> {
        let (old, wanted) = (encode(prior), encode(planned));
        let patience = Patience::of(context);
        let topic = text(&old, "/topic_name");
        let doing = format!("error updating Kafka Topic {:?}", text(&old, "/id"));
        let plane = client
            .kafka(&wanted)
            .map_err(|f| half_made(Some(prior.clone()), f))?;
        let mut partial = prior.clone();
        let failed = |partial: &Value, e: &CallError| Outcome {
            partial: Some(partial.clone()),
            findings: e.findings(&doing),
            outcome_unknown: e.maybe_done(),
        };

        let (before, after) = (settings(&old), settings(&wanted));
        let mut data = Vec::new();
        for (name, value) in &after {
            if before.get(name) != Some(value) {
                data.push(json!({ "name": name, "value": value }));
            }
        }
        for name in before.keys().filter(|n| !after.contains_key(*n)) {
            data.push(json!({ "name": name, "operation": "DELETE" }));
        }
        // Settings that the plan leaves to the service are not touched.
        if wanted["config"].is_null() {
            data.clear();
        }
        if let Some(fixed) = data
            .iter()
            .map(|d| text(d, "/name"))
            .find(|n| !EDITABLE.contains(n))
        {
            return Err(half_made(
                Some(partial),
                vec![
                    ProviderDiagnostic::error(
                        format!("{doing}: {fixed:?} topic setting is read-only and cannot be updated"),
                        format!(
                            "Settings that may change are {}. Remove the change, or replace the topic (-replace), which loses its data.",
                            EDITABLE.join(", ")
                        ),
                    )
                    .at(Path::attr("config")),
                ],
            ));
        }

        if int(&old, "/partitions_count") != int(&wanted, "/partitions_count") {
            plane
                .client
                .patch(path(&plane, topic))
                .body(json!({ "partitions_count": wanted["partitions_count"] }))
                .during(patience)
                .send()
                .await
                .map_err(|e| failed(&partial, &e))?;
            partial = self.shape().value(
                Some(&partial),
                &json!({ "partitions_count": wanted["partitions_count"] }),
            );
        }
        if !data.is_empty() {
            plane
                .client
                .post(format!("{}/configs:alter", path(&plane, topic)))
                .body(json!({ "data": data }))
                .repeatable()
                .during(patience)
                .send()
                .await
                .map_err(|e| failed(&partial, &e))?;
            let seen = patience.within(SEEN);
            let schedule = Schedule::new(Duration::from_secs(5), plane.client.is_loopback());
            wait_until(
                &format!("waiting for the new settings of Kafka Topic {topic:?}"),
                schedule,
                seen,
                || async {
                    let now = read_settings(&plane, topic, seen).await?;
                    let there = after
                        .iter()
                        .filter(|(n, v)| before.get(*n) != Some(*v))
                        .all(|(n, v)| now.get(n) == Some(v));
                    Ok(if there {
                        Poll::Done(())
                    } else {
                        Poll::Pending("not visible yet".to_owned())
                    })
                },
            )
            .await
            .map_err(|e| half_made(Some(partial.clone()), wait_finding(&e, &doing)))?;
        }
        let state = if planned.is_wholly_known() {
            // As officially, the state after an update is what was planned; the next refresh reads the topic.
            json!({})
        } else {
            read_state(&plane, topic, patience)
                .await
                .map_err(|e| half_made(Some(partial), e.findings(&doing)))?
        };
        Ok(self.shape().value(Some(planned), &state))
    }

    async fn delete(&self, client: &Confluent, prior: &Value, context: &Context<'_>) -> Result<(), Outcome> {
        let known = encode(prior);
        let patience = Patience::of(context);
        let topic = text(&known, "/topic_name");
        let doing = format!("error deleting Kafka Topic {:?}", text(&known, "/id"));
        let keep = |findings| half_made(Some(prior.clone()), findings);
        let plane = client.kafka(&known).map_err(keep)?;
        match plane
            .client
            .delete(path(&plane, topic))
            .during(patience)
            .send()
            .await
        {
            Ok(_) => {}
            Err(e) if e.status() == Some(404) => return Ok(()),
            Err(e) => {
                return Err(Outcome {
                    outcome_unknown: e.maybe_done(),
                    ..keep(e.findings(&doing))
                });
            }
        }
        let schedule = Schedule::new(Duration::from_secs(60), plane.client.is_loopback());
        wait_until(
            &format!("waiting for Kafka Topic {topic:?} to be gone"),
            schedule,
            patience,
            || async {
                match plane
                    .client
                    .get(path(&plane, topic))
                    .during(patience)
                    .send()
                    .await
                {
                    Ok(_) => Ok(Poll::Pending("deleting".to_owned())),
                    Err(e) if e.status() == Some(404) => Ok(Poll::Done(())),
                    Err(e) => Err(e),
                }
            },
        )
        .await
        .map_err(|e| not_ready(prior.clone(), &e, &doing))
    }

    fn own_access(&self) -> &'static [&'static str] {
        &["credentials"]
    }

    /// A topic's name is its own: one that is there now was made by the lost call, or it was there before and the call was refused,
    /// in which case it differs or belongs to somebody; so it is taken only if it is what was sent, or the user says so.
    async fn recover_create(&self, client: &Confluent, lost: &LostCreate<'_>) -> Result<Recovery, Findings> {
        let wanted = encode(lost.planned);
        let topic = text(&wanted, "/topic_name");
        let plane = client.kafka(&wanted)?;
        let id = format!("{}/{topic}", plane.id);
        // A checkpoint was written after the call had been answered: the topic is ours, whatever it looks like by now.
        let ours = lost.checkpoint.is_some_and(|c| text(&encode(c), "/id") == id);
        if lost.known_ids.contains(&id) {
            return Ok(Recovery::NotDone);
        }
        if let Some(other) = lost.chosen.filter(|chosen| *chosen != id) {
            let why = format!("the topic that was to be made is {id:?}");
            return Err(not_to_be_adopted("Kafka Topic", other, &why));
        }
        let look = || async {
            match read_state(&plane, topic, Patience::default()).await {
                Ok(state) => Ok(Some(state)),
                Err(e) if e.status() == Some(404) => Ok(None),
                Err(e) => Err(e),
            }
        };
        let seen = look_again(client, lost.started_at, look)
            .await
            .map_err(|e| e.findings(&format!("error looking for Kafka Topic {id:?}")))?;
        let Some(state) = seen else {
            return Ok(Recovery::NotDone);
        };
        let has = settings(&state);
        let count = |json: &Json| int(json, "/partitions_count");
        let mut facts: Vec<(String, String)> = settings(&wanted)
            .into_iter()
            .filter(|(name, value)| has.get(name) != Some(value))
            .map(|(name, value)| {
                let now = has
                    .get(&name)
                    .map_or_else(|| "not set".to_owned(), |now| format!("{now:?}"));
                (format!("config[{name:?}]"), format!("{now}, not {value:?}"))
            })
            .collect();
        if count(&state) != count(&wanted) {
            let (now, asked) = (&state["partitions_count"], &wanted["partitions_count"]);
            facts.push(("partitions_count".to_owned(), format!("{now}, not {asked}")));
        }
        if ours || facts.is_empty() || lost.chosen.is_some() {
            return Ok(Recovery::Done(
                self.shape().value(Some(lost.planned), &state),
                None,
            ));
        }
        Ok(Recovery::Ambiguous(Ambiguity {
            candidates: vec![Candidate {
                id,
                name: topic.to_owned(),
                facts,
                ..Candidate::default()
            }],
            once_chosen: None,
        }))
    }

    async fn import(&self, client: &Confluent, id: &str) -> Result<Value, Findings> {
        let doing = format!("error importing Kafka Topic {id:?}");
        let Some((cluster, topic)) = id.split_once('/') else {
            return Err(vec![ProviderDiagnostic::error(
                format!("{doing}: invalid format"),
                "The import ID of a Kafka topic is \"<Kafka Cluster ID>/<Topic name>\", such as \"lkc-abc123/orders\".",
            )]);
        };
        let known = import_access(client, cluster);
        let plane = client.kafka(&known)?;
        plane.is_of(cluster, &doing)?;
        let mut state = read_state(&plane, topic, Patience::default())
            .await
            .map_err(|e| e.findings(&doing))?;
        plane.keep_access(&mut state, &known, "kafka_cluster");
        Ok(self.shape().value(None, &state))
    }

    /// Version 0 had `kafka_cluster` as a text, versions 0 and 1 could have `http_endpoint`.
    fn upgrade(&self, version: u64, mut raw: Json) -> Result<Json, Findings> {
        if version == 0
            && let Some(id) = raw["kafka_cluster"].as_str()
        {
            raw["kafka_cluster"] = json!([{ "id": id }]);
        }
        if version <= 1 {
            rename_endpoint(&mut raw);
        }
        Ok(raw)
    }
}

/// What an import of something on a Kafka cluster knows, from the environment.
fn import_access(client: &Confluent, cluster: &str) -> Json {
    let variable = |name: &str| client.variable(name).map_or(Json::Null, Json::String);
    let mut known = json!({
        "kafka_cluster": [{ "id": cluster }],
        "rest_endpoint": variable("IMPORT_KAFKA_REST_ENDPOINT"),
    });
    let (key, secret) = (
        variable("IMPORT_KAFKA_API_KEY"),
        variable("IMPORT_KAFKA_API_SECRET"),
    );
    if given(&json!({ "k": key }), "/k").is_some() {
        known["credentials"] = json!([{ "key": key, "secret": secret }]);
    }
    known
}
