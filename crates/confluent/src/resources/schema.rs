//! `confluent_schema`: <https://docs.confluent.io/cloud/current/api.html#tag/Schemas-(v1)>
//!
//! Registering the same schema twice gives the same id, so that no call is ever in doubt. The text that a registry keeps may be
//! written differently from the one that was sent; as long as its id is the one in the state, the state's text stands.

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
use streamform_provider::declared::Presence;
use streamform_provider::declared::ResourceType;
use streamform_provider::declared::Timeouts;
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

use super::schema_rules::metadata_field;
use super::schema_rules::metadata_from;
use super::schema_rules::metadata_to;
use super::schema_rules::ruleset_field;
use super::schema_rules::ruleset_from;
use super::schema_rules::ruleset_to;
use crate::checks;
use crate::context::Confluent;
use crate::context::Plane;
use crate::control::half_made;
use crate::control::is_gone;
use crate::control::nothing_made;
use crate::control::wait_finding;
use crate::fields::blocks;
use crate::fields::credentials;
use crate::fields::optional_computed;
use crate::fields::required;
use crate::fields::rest_endpoint;
use crate::fields::switch;
use crate::json::differs;
use crate::json::flag;
use crate::json::given;
use crate::json::int;
use crate::json::text;
use crate::recent::look_again;

/// How long a look for a lost schema may take.
const RECOVERY: Duration = Duration::from_secs(20 * 60);

/// A schema of a subject.
#[derive(Default)]
pub(crate) struct Schema {
    shape: OnceLock<Shape>,
}

fn subject_path(subject: &str) -> String {
    format!("/subjects/{}/versions", segment(subject))
}

/// The id in the state: the subject's latest version, or one certain schema.
fn state_id(plane: &Plane, known: &Json, schema_id: &Json) -> String {
    let subject = text(known, "/subject_name");
    let which = if flag(known, "/recreate_on_update") {
        schema_id.to_string()
    } else {
        "latest".to_owned()
    };
    format!("{}/{subject}/{which}", plane.id)
}

/// Whether two texts are the same schema, written differently.
fn same_schema(format: &str, old: &str, new: &str) -> bool {
    if old == new {
        return true;
    }
    match format {
        "AVRO" | "JSON" => {
            let parse = |text: &str| serde_json::from_str::<Json>(text).ok();
            matches!((parse(old), parse(new)), (Some(old), Some(new)) if same_json(&old, &new))
        }
        _ => old.split_whitespace().eq(new.split_whitespace()),
    }
}

/// Equality in which the order of an object's names does not matter.
fn same_json(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| same_json(a, b)))
        }
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_json(a, b))
        }
        _ => a == b,
    }
}

/// Where the version of a schema is that an object of the state stands for.
fn version_path(known: &Json) -> String {
    let version = int(known, "/version").map_or_else(|| "latest".to_owned(), |v| v.to_string());
    format!("{}/{version}", subject_path(text(known, "/subject_name")))
}

/// What is sent to register a schema.
fn body(wanted: &Json) -> Json {
    let references: Vec<Json> = wanted["schema_reference"]
        .as_array()
        .map(|refs| {
            refs.iter()
                .map(|r| json!({ "name": r["name"], "subject": r["subject_name"], "version": r["version"] }))
                .collect()
        })
        .unwrap_or_default();
    let mut body = json!({
        "schemaType": wanted["format"],
        "schema": text(wanted, "/schema"),
        "references": references,
    });
    if let Some(metadata) = metadata_to(&wanted["metadata"][0]) {
        body["metadata"] = metadata;
    }
    if let Some(rules) = ruleset_to(&wanted["ruleset"][0]) {
        body["ruleSet"] = rules;
    }
    body
}

fn state(plane: &Plane, api: &Json, known: &Json) -> Json {
    // The registry leaves the type out for Avro.
    let format = given(api, "/schemaType").unwrap_or("AVRO");
    let unchanged =
        int(known, "/schema_identifier").is_some() && int(known, "/schema_identifier") == int(api, "/id");
    let asked = text(known, "/schema");
    let schema = if !asked.is_empty() && (unchanged || same_schema(format, asked, text(api, "/schema"))) {
        asked
    } else {
        text(api, "/schema")
    };
    let references: Vec<Json> = api["references"]
        .as_array()
        .map(|refs| {
            refs.iter()
                .map(|r| json!({ "name": r["name"], "subject_name": r["subject"], "version": r["version"] }))
                .collect()
        })
        .unwrap_or_default();
    json!({
        "id": state_id(plane, known, &api["id"]),
        "subject_name": text(known, "/subject_name"),
        "format": format,
        "schema": schema,
        "schema_identifier": api["id"],
        "version": api["version"],
        "schema_reference": references,
        "metadata": metadata_from(&api["metadata"]),
        "ruleset": ruleset_from(&api["ruleSet"]),
    })
}

/// The schema that an object of the state stands for; none: it is gone.
async fn look(plane: &Plane, known: &Json, patience: Patience<'_>) -> Result<Option<Json>, CallError> {
    let subject = text(known, "/subject_name");
    let latest = plane
        .client
        .get(format!("{}/latest", subject_path(subject)))
        .during(patience)
        .json()
        .await;
    let latest = match latest {
        Ok(latest) => latest,
        Err(e) if is_gone(&e) => return Ok(None),
        Err(e) => return Err(e),
    };
    let wanted = int(known, "/schema_identifier");
    if !flag(known, "/recreate_on_update") || wanted.is_none() || int(&latest, "/id") == wanted {
        return Ok(Some(latest));
    }
    let all = plane
        .client
        .get("/schemas")
        .query("subjectPrefix", subject)
        .during(patience)
        .json()
        .await?;
    Ok(all
        .as_array()
        .into_iter()
        .flatten()
        .find(|s| text(s, "/subject") == subject && int(s, "/id") == wanted)
        .cloned())
}

/// Registers a schema and waits until it can be read; the answer is as [`look`] gives it.
async fn register(
    client: &Confluent,
    plane: &Plane,
    wanted: &Json,
    patience: Patience<'_>,
    doing: &str,
) -> Result<Json, Outcome> {
    let subject = text(wanted, "/subject_name");
    let verdict = client
        .once_allowed(patience, || {
            plane
                .client
                .post(format!("/compatibility{}", subject_path(subject)))
                .query("verbose", "true")
                .body(body(wanted))
                .repeatable()
                .during(patience)
        })
        .await;
    match verdict {
        Ok(verdict) if verdict["is_compatible"] == json!(false) => {
            let messages: Vec<&str> = verdict["messages"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Json::as_str)
                .collect();
            return Err(half_made(
                None,
                vec![
                ProviderDiagnostic::error(
                    format!("{doing}: compatibility check for subject {subject:?} failed"),
                    format!(
                        "The schema is not compatible with earlier versions of the subject: {}. Change the schema, or the subject's compatibility level.",
                        messages.join("; ")
                    ),
                )
                .at(Path::attr("schema")),
            ],
            ));
        }
        // No subject yet: nothing to be compatible with.
        Ok(_) => {}
        Err(e) if e.status() == Some(404) => {}
        Err(e) => return Err(half_made(None, e.findings(doing))),
    }
    let registered = client
        .once_allowed(patience, || {
            plane
                .client
                .post(subject_path(subject))
                .body(body(wanted))
                .repeatable()
                .during(patience)
        })
        .await
        .map_err(|e| nothing_made(&e, doing))?;
    let mut target = wanted.clone();
    target["schema_identifier"] = registered["id"].clone();
    let schedule = Schedule::new(Duration::from_secs(5), plane.client.is_loopback());
    wait_until(
        &format!("waiting for the schema of {subject:?}"),
        schedule,
        patience,
        || async {
            Ok(match look(plane, &target, patience).await? {
                Some(api) if api["id"] == target["schema_identifier"] => Poll::Done(api),
                _ => Poll::Pending("not visible yet".to_owned()),
            })
        },
    )
    .await
    .map_err(|e| Outcome {
        partial: None,
        findings: wait_finding(&e, doing),
        outcome_unknown: true,
    })
}

impl Schema {
    fn shape(&self) -> &Shape {
        self.shape
            .get_or_init(|| Shape::of(&ResourceType::<Confluent>::declaration(self)))
    }
}

#[async_trait]
impl ResourceType<Confluent> for Schema {
    fn declaration(&self) -> Declaration {
        Declaration {
            type_name: "confluent_schema",
            version: 0,
            fields: vec![
                credentials(),
                required("format")
                    .force_new()
                    .one_of(&["AVRO", "JSON", "PROTOBUF"]),
                switch("hard_delete"),
                metadata_field(),
                switch("recreate_on_update"),
                rest_endpoint().force_new(),
                ruleset_field(),
                optional_computed("schema").check(checks::not_empty),
                Field::computed("schema_identifier", FieldKind::Int),
                blocks(
                    "schema_reference",
                    Presence::Optional,
                    true,
                    vec![
                        required("name").check(checks::not_empty),
                        required("subject_name").check(checks::not_empty),
                        Field::required("version", FieldKind::Int),
                    ],
                ),
                Field::one(
                    "schema_registry_cluster",
                    Presence::Optional,
                    vec![required("id").force_new()],
                )
                .force_new(),
                switch("skip_validation_during_plan"),
                required("subject_name").force_new().check(checks::not_empty),
                Field::computed("version", FieldKind::Int),
            ],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    fn customize(
        &self,
        client: &Confluent,
        prior: &Value,
        _config: &Value,
        planned: Value,
        _replace: &mut Vec<Path>,
    ) -> Result<(Value, Option<String>), Findings> {
        let (old, new) = (encode(prior), encode(&planned));
        let unchanged = prior.is_null()
            || flag(&new, "/skip_validation_during_plan")
            || !differs(&old, &new, "/schema")
            || planned.get("schema").is_none_or(|s| !s.is_known())
            // Without access to the registry the texts are all that counts, as officially.
            || client.registry(&new).is_err();
        if unchanged {
            return Ok((planned, None));
        }
        if same_schema(
            text(&old, "/format"),
            text(&old, "/schema"),
            text(&new, "/schema"),
        ) {
            let kept = prior
                .get("schema")
                .cloned()
                .unwrap_or_else(|| Value::null(streamform_lang::value::Type::String));
            return Ok((planned.with_attr("schema", kept), None));
        }
        if flag(&old, "/recreate_on_update") && flag(&new, "/recreate_on_update") {
            return Err(vec![
                ProviderDiagnostic::error(
                    format!(
                        "error updating Schema {:?}: reimport the current resource instance and set recreate_on_update = false to evolve a schema using latest strategy",
                        text(&old, "/id")
                    ),
                    "A schema with recreate_on_update = true stands for one certain version. Add another confluent_schema for the new version, or follow the latest version as the message says.",
                )
                .at(Path::attr("schema")),
            ]);
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
        let plane = client.registry(&wanted).map_err(|f| half_made(None, f))?;
        let doing = format!("error creating Schema {:?}", text(&wanted, "/subject_name"));
        let api = register(client, &plane, &wanted, Patience::of(context), &doing).await?;
        Ok(self.shape().value(Some(planned), &state(&plane, &api, &wanted)))
    }

    async fn read(&self, client: &Confluent, prior: &Value) -> Result<Option<Value>, Findings> {
        let known = encode(prior);
        let plane = client.registry(&known)?;
        let found = look(&plane, &known, Patience::default())
            .await
            .map_err(|e| e.findings(&format!("error reading Schema {:?}", text(&known, "/id"))))?;
        Ok(found.map(|api| self.shape().value(Some(prior), &state(&plane, &api, &known))))
    }

    async fn update(
        &self,
        client: &Confluent,
        prior: &Value,
        planned: &Value,
        context: &Context<'_>,
    ) -> Result<Value, Outcome> {
        let (old, wanted) = (encode(prior), encode(planned));
        let keep = |findings| half_made(Some(prior.clone()), findings);
        let plane = client.registry(&wanted).map_err(keep)?;
        let doing = format!("error updating Schema {:?}", text(&old, "/id"));
        let changed = ["/schema", "/schema_reference", "/metadata", "/ruleset"]
            .iter()
            .any(|at| differs(&old, &wanted, at));
        if !changed {
            // Flags and credentials are nothing that the registry knows of.
            let id = json!({ "id": state_id(&plane, &wanted, &old["schema_identifier"]) });
            return Ok(self.shape().value(Some(planned), &id));
        }
        let api = register(client, &plane, &wanted, Patience::of(context), &doing)
            .await
            .map_err(|outcome| Outcome {
                partial: Some(prior.clone()),
                ..outcome
            })?;
        // Not "the id is the one in the state": the text is the new one.
        let mut known = wanted.clone();
        known["schema_identifier"] = api["id"].clone();
        Ok(self.shape().value(Some(planned), &state(&plane, &api, &known)))
    }

    async fn delete(&self, client: &Confluent, prior: &Value, context: &Context<'_>) -> Result<(), Outcome> {
        let known = encode(prior);
        let patience = Patience::of(context);
        let doing = format!("error deleting Schema {:?}", text(&known, "/id"));
        let keep = |findings| half_made(Some(prior.clone()), findings);
        let plane = client.registry(&known).map_err(keep)?;
        let path = version_path(&known);
        for permanent in [false, true] {
            if permanent && !flag(&known, "/hard_delete") {
                break;
            }
            let mut call = plane.client.delete(&path).during(patience);
            if permanent {
                call = call.query("permanent", "true");
            }
            match call.send().await {
                Ok(_) => {}
                Err(e) if e.status() == Some(404) => {}
                Err(e) => {
                    return Err(Outcome {
                        outcome_unknown: e.maybe_done(),
                        ..keep(e.findings(&doing))
                    });
                }
            }
        }
        Ok(())
    }

    /// A delete for good is two calls: what has only left the subject's list goes now.
    async fn recover_delete(&self, client: &Confluent, prior: &Value) -> Result<bool, Findings> {
        if self.read(client, prior).await?.is_some() {
            return Ok(false);
        }
        let known = encode(prior);
        if !flag(&known, "/hard_delete") {
            return Ok(true);
        }
        let plane = client.registry(&known)?;
        let call = plane
            .client
            .delete(version_path(&known))
            .query("permanent", "true");
        match call.during(Patience::default().within(RECOVERY)).send().await {
            Ok(_) => Ok(true),
            Err(e) if e.status() == Some(404) => Ok(true),
            Err(e) => Err(e.findings(&format!("error deleting Schema {:?}", text(&known, "/id")))),
        }
    }

    fn own_access(&self) -> &'static [&'static str] {
        &["credentials"]
    }

    /// A schema is what its subject has of its text: whoever registered it, registering it again would give the same.
    async fn recover_create(&self, client: &Confluent, lost: &LostCreate<'_>) -> Result<Recovery, Findings> {
        let wanted = encode(lost.planned);
        let plane = client.registry(&wanted)?;
        let subject = text(&wanted, "/subject_name");
        let patience = Patience::default().within(RECOVERY);
        let look_up = || async {
            let asked = plane
                .client
                .post(format!("/subjects/{}", segment(subject)))
                .body(body(&wanted))
                .repeatable()
                .during(patience)
                .json()
                .await;
            let mut target = wanted.clone();
            match asked {
                Ok(registered) => target["schema_identifier"] = registered["id"].clone(),
                Err(e) if e.status() == Some(404) => return Ok(None),
                Err(e) => return Err(e),
            }
            let found = look(&plane, &target, patience).await?;
            Ok(found.filter(|api| api["id"] == target["schema_identifier"]))
        };
        let seen = look_again(client, lost.started_at, look_up)
            .await
            .map_err(|e| e.findings(&format!("error looking for Schema {subject:?}")))?;
        Ok(match seen {
            Some(api) => {
                let found = state(&plane, &api, &wanted);
                if lost.known_ids.iter().any(|k| k == text(&found, "/id")) {
                    return Ok(Recovery::NotDone);
                }
                Recovery::Done(self.shape().value(Some(lost.planned), &found), None)
            }
            None => Recovery::NotDone,
        })
    }

    async fn import(&self, client: &Confluent, id: &str) -> Result<Value, Findings> {
        let doing = format!("error importing Schema {id:?}");
        let refuse = |summary: String| {
            vec![ProviderDiagnostic::error(
                summary,
                "The import ID of a schema is \"<Schema Registry cluster ID>/<Subject name>/latest\" or \"<Schema Registry cluster ID>/<Subject name>/<Schema identifier>\".",
            )]
        };
        // A subject may contain slashes.
        let parts = id
            .split_once('/')
            .and_then(|(registry, rest)| rest.rsplit_once('/').map(|(s, which)| (registry, s, which)));
        let Some((registry, subject, which)) = parts else {
            return Err(refuse(format!("{doing}: invalid format")));
        };
        let variable = |name: &str| client.variable(name).map_or(Json::Null, Json::String);
        let mut known = json!({
            "subject_name": subject,
            "schema_registry_cluster": [{ "id": registry }],
            "rest_endpoint": variable("IMPORT_SCHEMA_REGISTRY_REST_ENDPOINT"),
            "recreate_on_update": which != "latest",
        });
        if let Some(key) = client.variable("IMPORT_SCHEMA_REGISTRY_API_KEY") {
            known["credentials"] =
                json!([{ "key": key, "secret": variable("IMPORT_SCHEMA_REGISTRY_API_SECRET") }]);
        }
        if which != "latest" {
            let schema_id: i64 = which
                .parse()
                .map_err(|_| refuse(format!("{doing}: {which:?} is not a schema identifier")))?;
            known["schema_identifier"] = json!(schema_id);
        }
        let plane = client.registry(&known)?;
        plane.is_of(registry, &doing)?;
        let api = look(&plane, &known, Patience::default())
            .await
            .map_err(|e| e.findings(&doing))?
            .ok_or_else(|| refuse(format!("{doing}: the schema was not found")))?;
        let mut found = state(&plane, &api, &known);
        found["recreate_on_update"] = known["recreate_on_update"].clone();
        plane.keep_access(&mut found, &known, "schema_registry_cluster");
        Ok(self.shape().value(None, &found))
    }
}
