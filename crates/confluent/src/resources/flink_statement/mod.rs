//! `confluent_flink_statement`: <https://docs.confluent.io/cloud/current/api.html#tag/Statements-(sqlv1)>
//!
//! A statement's text, properties and name never change; it can be stopped and resumed, and resumed on another pool or as another
//! principal.

mod gateway;

use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;
use serde_json::json;
use streamform_flinksql::equivalent;
use streamform_flinksql::parse;
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
use streamform_provider::rest::WaitError;
use streamform_provider::rest::encode;
use streamform_provider::rest::segment;
use streamform_provider::rest::wait_until;

use self::gateway::POLL;
use self::gateway::path;
use self::gateway::resume;
use self::gateway::started;
use self::gateway::statements;
use self::gateway::stop;
use crate::checks;
use crate::context::Confluent;
use crate::context::FlinkPlane;
use crate::control::half_made;
use crate::control::is_gone;
use crate::control::not_ready;
use crate::control::nothing_made;
use crate::control::wait_finding;
use crate::fields::computed;
use crate::fields::credentials;
use crate::fields::optional_computed;
use crate::fields::required;
use crate::fields::rest_endpoint;
use crate::fields::string_map;
use crate::json::differs;
use crate::json::flag;
use crate::json::given;
use crate::json::id_block;
use crate::json::text;
use crate::recent::look_again;
use crate::recent::made_after;

/// A Flink SQL statement.
#[derive(Default)]
pub(crate) struct FlinkStatement {
    shape: OnceLock<Shape>,
}

/// How long a look for what became of an interrupted change may wait.
const RECOVERY: Duration = Duration::from_secs(20 * 60);

/// The statement's name, which is also the last part of its id: `env-1/lfcp-1/name`.
fn name_of(object: &Json) -> &str {
    given(object, "/statement_name")
        .or_else(|| text(object, "/id").rsplit('/').next())
        .unwrap_or_default()
}

/// What is sent as properties: a sensitive one wins over an open one of the same name.
fn properties(object: &Json) -> Json {
    let mut all = object["properties"].as_object().cloned().unwrap_or_default();
    if let Some(sensitive) = object["properties_sensitive"].as_object() {
        all.extend(sensitive.iter().map(|(k, v)| (k.clone(), v.clone())));
    }
    Json::Object(all)
}

/// The properties that may be shown: secrets of the SQL dialect and those that were given as sensitive are left out.
fn open_properties(api: &Json, known: &Json) -> Json {
    let sensitive = &known["properties_sensitive"];
    api["spec"]["properties"]
        .as_object()
        .map(|all| {
            all.iter()
                .filter(|(name, _)| {
                    !name.starts_with("sql.secrets")
                        && (sensitive.get(name.as_str()).is_none()
                            || known["properties"].get(name.as_str()).is_some())
                })
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        })
        .unwrap_or_else(|| json!({}))
}

fn state(plane: &FlinkPlane, api: &Json, known: &Json) -> Json {
    let (spec, status) = (&api["spec"], &api["status"]);
    let name = text(api, "/name");
    let pool = given(spec, "/compute_pool_id").unwrap_or(&plane.compute_pool);
    let asked = text(known, "/statement");
    let has = text(spec, "/statement");
    let mut state = json!({
        "id": format!("{}/{pool}/{name}", plane.environment),
        "statement_name": name,
        "statement": if equivalent(asked, has) { asked } else { has },
        "properties": open_properties(api, known),
        "properties_sensitive": if known["properties_sensitive"].is_object() {
            known["properties_sensitive"].clone()
        } else {
            json!({})
        },
        "stopped": flag(spec, "/stopped"),
        "latest_offsets": if status["latest_offsets"].is_object() {
            status["latest_offsets"].clone()
        } else {
            json!({})
        },
        "latest_offsets_timestamp": given(status, "/latest_offsets_timestamp").unwrap_or("0001-01-01T00:00:00Z"),
    });
    // What the provider block gives to all statements is not kept with each.
    if !plane.from_block {
        state["organization"] = json!([{ "id": plane.organization }]);
        state["environment"] = json!([{ "id": plane.environment }]);
        state["compute_pool"] = json!([{ "id": pool }]);
        state["principal"] = id_block(&spec["principal"]);
    }
    state
}

/// A list of one object as Go prints it, which the official message quotes.
fn go_text(block: Option<&Value>) -> String {
    match block.and_then(Value::items).and_then(<[Value]>::first) {
        Some(first) => {
            let id = first.get("id").and_then(Value::as_str).unwrap_or_default();
            format!("[]interface {{}}{{map[string]interface {{}}{{\"id\":{id:?}}}}}")
        }
        None => "[]interface {}{}".to_owned(),
    }
}

impl FlinkStatement {
    fn shape(&self) -> &Shape {
        self.shape
            .get_or_init(|| Shape::of(&ResourceType::<Confluent>::declaration(self)))
    }
}

/// Whether a statement is gone whose read ended so. Who has a role for a compute pool alone is told 403 of one that is not there (and
/// of one on another pool), and so is who has lost the role. So a 403 is believed only if statements can be listed and this one
/// is not among them, or if its environment is gone.
async fn is_really_gone(client: &Confluent, plane: &FlinkPlane, name: &str, error: &CallError) -> bool {
    if error.status() == Some(404) {
        return true;
    }
    if !is_gone(error) {
        return false;
    }
    let patience = Patience::default().within(RECOVERY);
    let of_pool = [("spec.compute_pool_id", plane.compute_pool.as_str())];
    // A role for the environment may list all of them, one for a pool those of the pool.
    let queries: [&[(&str, &str)]; 2] = [&[], &of_pool];
    for query in queries {
        match plane.client.list(&statements(plane), query, 100, patience).await {
            Ok(all) => return !all.iter().any(|api| text(api, "/name") == name),
            Err(e) if e.status() == Some(404) => return true,
            Err(_) => {}
        }
    }
    let Ok(control) = client.control() else {
        return false;
    };
    let environment = format!("/org/v2/environments/{}", segment(&plane.environment));
    let around = control.get(environment).json().await;
    around.is_err_and(|e| e.status() == Some(404))
}

async fn look_gone(plane: &FlinkPlane, name: &str, patience: Patience<'_>) -> Result<Poll<()>, CallError> {
    match plane.client.get(path(plane, name)).during(patience).json().await {
        Ok(api) => Ok(Poll::Pending(text(&api, "/status/phase").to_owned())),
        Err(e) if is_gone(&e) => Ok(Poll::Done(())),
        Err(e) => Err(e),
    }
}

/// Waits until a deleted statement is gone.
async fn gone(plane: &FlinkPlane, name: &str, patience: Patience<'_>) -> Result<(), WaitError> {
    let schedule = Schedule::new(POLL, plane.client.is_loopback());
    wait_until(
        &format!("waiting for Flink Statement {name:?} to be gone"),
        schedule,
        patience,
        || look_gone(plane, name, patience),
    )
    .await
}

#[async_trait]
impl ResourceType<Confluent> for FlinkStatement {
    fn declaration(&self) -> Declaration {
        let coordinate = |name, field: Field| Field::one(name, Presence::OptionalComputed, vec![field]);
        Declaration {
            type_name: "confluent_flink_statement",
            version: 0,
            fields: vec![
                coordinate("compute_pool", required("id")),
                credentials(),
                coordinate("environment", required("id").force_new()),
                Field::computed("latest_offsets", string_map()),
                computed("latest_offsets_timestamp"),
                coordinate("organization", required("id").force_new()),
                coordinate("principal", required("id")),
                Field::optional_computed("properties", string_map()),
                Field::optional_computed("properties_sensitive", string_map()).sensitive(),
                rest_endpoint().force_new(),
                required("statement").force_new().check(checks::not_empty),
                optional_computed("statement_name"),
                Field::optional_computed("stopped", FieldKind::Bool),
            ],
            timeouts: Timeouts {
                create: Some(Duration::from_secs(6 * 3600)),
                ..Timeouts::default()
            },
            deprecated: None,
        }
    }

    fn customize(
        &self,
        _client: &Confluent,
        prior: &Value,
        _config: &Value,
        planned: Value,
        replace: &mut Vec<Path>,
    ) -> Result<(Value, Option<String>), Findings> {
        if prior.is_null() {
            return Ok((planned, None));
        }
        let stopped = |v: &Value| v.get("stopped").and_then(Value::as_bool).unwrap_or(false);
        let refused = match (stopped(prior), stopped(&planned)) {
            (true, false) => None,
            (false, true) => Some("along with a `stopped` false -> true status change"),
            _ => Some("without a `stopped` true -> false status change"),
        };
        if let Some(why) = refused {
            for name in ["principal", "compute_pool"] {
                let (old, new) = (prior.get(name), planned.get(name));
                // Wholly unknown: left to the service.
                if old == new || new.is_some_and(|n| !n.is_known()) {
                    continue;
                }
                let id = prior.get("id").and_then(Value::as_str).unwrap_or_default();
                return Err(vec![ProviderDiagnostic::error(
                    format!(
                        "error updating Flink Statement {id:?}: '{name}' (from {} to {}) can't be updated in place {why}",
                        go_text(old),
                        go_text(new)
                    ),
                    "Stop the statement first (stopped = true, apply), then resume it (stopped = false) together with this change; or replace it (-replace).",
                )
                .at(Path::attr(name))]);
            }
        }
        let statement = Path::attr("statement");
        if replace.contains(&statement) {
            let sql = |v: &Value| v.get("statement").and_then(Value::as_str).map(str::to_owned);
            if let (Some(old), Some(new)) = (sql(prior), sql(&planned))
                && equivalent(&old, &new)
            {
                replace.retain(|p| *p != statement);
                return Ok((
                    planned,
                    Some("only comments or white space differ; the statement keeps running".to_owned()),
                ));
            }
            let why = sql(prior).map(|old| why_replaced(&old, &planned));
            return Ok((planned, why));
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
        let plane = client.flink(&wanted).map_err(|f| half_made(None, f))?;
        if plane.principal.is_empty() {
            return Err(half_made(
                None,
                vec![ProviderDiagnostic::error(
                    "one of provider.flink_principal_id (defaults to FLINK_PRINCIPAL_ID environment variable) or resource.principal.id must be set",
                    "A statement runs as a service account or user: name it in a \"principal\" block.",
                )],
            ));
        }
        let name = match given(&wanted, "/statement_name") {
            Some(name) => name.to_owned(),
            None => {
                let name = generated_name();
                // Made known before the call: if its answer is lost, the statement is found by this name.
                let told = self
                    .shape()
                    .value(Some(planned), &json!({ "statement_name": name }));
                context.progress.checkpoint(&told, &context.private);
                name
            }
        };
        let doing = format!("error creating Flink Statement {name:?}");
        let body = json!({
            "name": name,
            "organization_id": plane.organization,
            "environment_id": plane.environment,
            "spec": {
                "statement": wanted["statement"],
                "properties": properties(&wanted),
                "compute_pool_id": plane.compute_pool,
                "principal": plane.principal,
            },
        });
        let made = client
            .once_allowed(patience, || {
                plane
                    .client
                    .post(statements(&plane))
                    .body(body.clone())
                    .secret()
                    .during(patience)
            })
            .await
            .map_err(|e| nothing_made(&e, &doing))?;
        let value = self.shape().value(Some(planned), &state(&plane, &made, &wanted));
        context.progress.checkpoint(&value, &context.private);
        let failed = |e: WaitError| not_ready(value.clone(), &e, &doing);
        let mut api = started(&plane, &name, &wanted, patience).await.map_err(failed)?;
        if flag(&wanted, "/stopped") {
            // A statement is always born running.
            api = stop(&plane, &name, patience).await.map_err(failed)?;
        }
        Ok(self.shape().value(Some(planned), &state(&plane, &api, &wanted)))
    }

    async fn read(&self, client: &Confluent, prior: &Value) -> Result<Option<Value>, Findings> {
        let known = encode(prior);
        let plane = client.flink(&known)?;
        match plane.client.get(path(&plane, name_of(&known))).json().await {
            Ok(api) => Ok(Some(
                self.shape().value(Some(prior), &state(&plane, &api, &known)),
            )),
            Err(e) if is_really_gone(client, &plane, name_of(&known), &e).await => Ok(None),
            Err(e) => Err(e.findings(&format!(
                "error reading Flink Statement {:?}",
                text(&known, "/id")
            ))),
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
        let name = name_of(&old);
        let doing = format!("error updating Flink Statement {:?}", text(&old, "/id"));
        let keep = |findings| half_made(Some(prior.clone()), findings);
        for fixed in ["statement_name", "properties"] {
            if differs(&old, &wanted, &format!("/{fixed}")) {
                return Err(keep(vec![
                    ProviderDiagnostic::error(
                        format!(
                            "{doing}: only \"stopped\", \"principal\", \"compute_pool\", \"properties_sensitive\" and \"credentials\" can be updated, {fixed:?} cannot"
                        ),
                        "Remove the change, or replace the statement: run plan and apply with -replace, or add the attribute to lifecycle.replace_triggered_by.",
                    )
                    .at(Path::attr(fixed)),
                ]));
            }
        }
        let plane = client.flink(&wanted).map_err(keep)?;
        let changed = match (flag(&old, "/stopped"), flag(&wanted, "/stopped")) {
            (false, true) => Some(stop(&plane, name, patience).await),
            (true, false) => Some(resume(&plane, name, patience).await),
            _ => None,
        };
        let api = match changed {
            Some(Ok(api)) => api,
            Some(Err(e)) => {
                let outcome_unknown = matches!(&e, WaitError::Call(c) if c.maybe_done());
                return Err(Outcome {
                    outcome_unknown,
                    ..keep(wait_finding(&e, &doing))
                });
            }
            None if planned.is_wholly_known() => return Ok(planned.clone()),
            None => plane
                .client
                .get(path(&plane, name))
                .during(patience)
                .json()
                .await
                .map_err(|e| keep(e.findings(&doing)))?,
        };
        Ok(self.shape().value(Some(planned), &state(&plane, &api, &wanted)))
    }

    async fn delete(&self, client: &Confluent, prior: &Value, context: &Context<'_>) -> Result<(), Outcome> {
        let known = encode(prior);
        let patience = Patience::of(context);
        let name = name_of(&known);
        let doing = format!("error deleting Flink Statement {:?}", text(&known, "/id"));
        let keep = |findings| half_made(Some(prior.clone()), findings);
        let plane = client.flink(&known).map_err(keep)?;
        match plane
            .client
            .delete(path(&plane, name))
            .during(patience)
            .send()
            .await
        {
            Ok(_) => {}
            Err(e) if e.status() == Some(404) => return Ok(()),
            // Forbidden to delete, or gone?
            Err(e) if is_gone(&e) => {
                return match plane.client.get(path(&plane, name)).during(patience).json().await {
                    Err(read) if is_really_gone(client, &plane, name, &read).await => Ok(()),
                    _ => Err(keep(e.findings(&doing))),
                };
            }
            Err(e) => {
                return Err(Outcome {
                    outcome_unknown: e.maybe_done(),
                    ..keep(e.findings(&doing))
                });
            }
        }
        gone(&plane, name, patience)
            .await
            .map_err(|e| not_ready(prior.clone(), &e, &doing))
    }

    async fn recover_delete(&self, client: &Confluent, prior: &Value) -> Result<bool, Findings> {
        let known = encode(prior);
        let name = name_of(&known);
        let plane = client.flink(&known)?;
        let doing = format!("error looking for Flink Statement {:?}", text(&known, "/id"));
        let patience = Patience::default().within(RECOVERY);
        match plane.client.get(path(&plane, name)).during(patience).json().await {
            // It would be there for one more moment only.
            Ok(api) if text(&api, "/status/phase") == "DELETING" => {
                gone(&plane, name, patience)
                    .await
                    .map_err(|e| wait_finding(&e, &doing))?;
                Ok(true)
            }
            Ok(_) => Ok(false),
            Err(e) if is_really_gone(client, &plane, name, &e).await => Ok(true),
            Err(e) => Err(e.findings(&doing)),
        }
    }

    fn own_access(&self) -> &'static [&'static str] {
        &["credentials"]
    }

    async fn recover_create(&self, client: &Confluent, lost: &LostCreate<'_>) -> Result<Recovery, Findings> {
        let wanted = encode(lost.planned);
        let told = lost.checkpoint.map(encode).unwrap_or(Json::Null);
        let plane = client.flink(&wanted)?;
        // Without a name the call was not made: a generated one is told before it.
        let Some(name) = given(&told, "/statement_name").or_else(|| given(&wanted, "/statement_name")) else {
            return Ok(Recovery::NotDone);
        };
        let doing = format!("error looking for Flink Statement {name:?}");
        let patience = Patience::default().within(RECOVERY);
        let look = || async {
            match plane.client.get(path(&plane, name)).during(patience).json().await {
                Ok(api) => Ok(Some(api)),
                Err(e) if is_really_gone(client, &plane, name, &e).await => Ok(None),
                Err(e) => Err(e),
            }
        };
        let seen = look_again(client, lost.started_at, look)
            .await
            .map_err(|e| e.findings(&doing))?;
        let Some(api) = seen else {
            return Ok(Recovery::NotDone);
        };
        let found = state(&plane, &api, &wanted);
        let id = text(&found, "/id");
        let theirs = lost.known_ids.iter().any(|k| k == id)
            || !made_after(&api, lost.started_at)
            || !equivalent(text(&wanted, "/statement"), text(&api, "/spec/statement"));
        if theirs && lost.chosen != Some(id) {
            // Somebody else's: the call was, or will be, refused for its name.
            return Ok(Recovery::NotDone);
        }
        let partial = self.shape().value(Some(lost.planned), &found);
        let mut seen = started(&plane, name, &wanted, patience).await;
        if flag(&wanted, "/stopped") && seen.is_ok() {
            seen = stop(&plane, name, patience).await;
        }
        match seen {
            Ok(api) => Ok(Recovery::Done(
                self.shape()
                    .value(Some(lost.planned), &state(&plane, &api, &wanted)),
                None,
            )),
            Err(WaitError::Failed(_)) => Ok(Recovery::Partial(partial, None)),
            Err(e) => Err(wait_finding(&e, &doing)),
        }
    }

    async fn import(&self, client: &Confluent, id: &str) -> Result<Value, Findings> {
        let doing = format!("error importing Flink Statement {id:?}");
        let known = import_access(client);
        let plane = client.flink(&known)?;
        let api = plane
            .client
            .get(path(&plane, id.rsplit('/').next().unwrap_or(id)))
            .json()
            .await
            .map_err(|e| e.findings(&doing))?;
        let mut found = state(&plane, &api, &known);
        if !plane.from_block {
            found["rest_endpoint"] = known["rest_endpoint"].clone();
            found["credentials"] = known["credentials"].clone();
        }
        Ok(self.shape().value(None, &found))
    }
}

/// What an import of a statement knows, from the environment.
fn import_access(client: &Confluent) -> Json {
    let variable = |name: &str| client.variable(name).map_or(Json::Null, Json::String);
    json!({
        "organization": [{ "id": variable("IMPORT_CONFLUENT_ORGANIZATION_ID") }],
        "environment": [{ "id": variable("IMPORT_CONFLUENT_ENVIRONMENT_ID") }],
        "compute_pool": [{ "id": variable("IMPORT_FLINK_COMPUTE_POOL_ID") }],
        "principal": [{ "id": variable("IMPORT_FLINK_PRINCIPAL_ID") }],
        "rest_endpoint": variable("IMPORT_FLINK_REST_ENDPOINT"),
        "credentials": [{
            "key": variable("IMPORT_FLINK_API_KEY"),
            "secret": variable("IMPORT_FLINK_API_SECRET"),
        }],
    })
}

/// `tf-2026-11-21-101500-<uuid>`, the official form: people sort and search by it.
fn generated_name() -> String {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%d-%H%M%S").to_string();
    format!("tf-{now}-{}", uuid::Uuid::new_v4())
}

/// Why another text means another statement, and what becomes of what the old one did.
fn why_replaced(old: &str, planned: &Value) -> String {
    let carried = planned
        .get("properties")
        .and_then(|properties| properties.get("sql.tables.initial-offset-from"))
        .is_some();
    let continuous = parse(old).statements.iter().any(|s| s.kind.is_continuous());
    let after = match (continuous, carried) {
        (true, true) => "a new one starts without its state",
        (true, false) => "a new one starts without its state and offsets",
        (false, _) => "a new one is run; what the old one made stays",
    };
    format!("the SQL of a statement cannot be changed: it is deleted, and {after}")
}
