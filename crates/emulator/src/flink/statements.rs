//! `/sql/v1/organizations/{org}/environments/{env}/statements`.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use serde_json::{Value, json};

use super::engine::Submission;
use super::phase::{self, Phase};
use crate::app::{App, Session, Shared};
use crate::cloud::S;
use crate::http::auth::{Caller, RegionId};
use crate::http::body::{JsonBody, answer, ok};
use crate::http::error::ApiError;
use crate::http::page::{self, Params};
use crate::ids;
use crate::records::{ComputePool, Outcome, Statement};
use crate::store::{Kind, Op, Row, World, statement_key};

const LONGEST_NAME: usize = 100;
const LONGEST_STATEMENT: usize = 131_072;

pub(crate) fn routes() -> Router<App> {
    const STATEMENTS: &str = "/sql/v1/organizations/{org}/environments/{env}/statements";
    Router::new()
        .route(STATEMENTS, get(list).post(create))
        .route(
            &format!("{STATEMENTS}/{{name}}"),
            get(read).put(update).delete(delete),
        )
        .route(&format!("{STATEMENTS}/{{name}}/results"), get(results))
        .route(&format!("{STATEMENTS}/{{name}}/exceptions"), get(exceptions))
}

type ListPath = Path<(String, String)>;
type OnePath = Path<(String, String, String)>;

fn bad(detail: impl Into<String>) -> ApiError {
    ApiError::cloud(400, "", detail)
}

fn url(app: &Shared, session: &Session<'_>, row: &Statement) -> String {
    let region = session
        .world()
        .compute_pools
        .get(&row.compute_pool)
        .map(ComputePool::region_id)
        .unwrap_or_default();
    format!(
        "{}/statements/{}",
        list_url(app, &region, &row.environment),
        row.name
    )
}

fn list_url(app: &Shared, region: &str, environment: &str) -> String {
    let base = if region.is_empty() {
        app.endpoint.clone()
    } else {
        app.flink_endpoint(region)
    };
    format!(
        "{base}/sql/v1/organizations/{}/environments/{environment}",
        app.organization
    )
}

fn body(app: &Shared, session: &Session<'_>, row: &Statement) -> Value {
    let phase = phase::of(app, session, row);
    let detail = match &phase {
        Phase::Pending { detail } | Phase::Failed { detail } => detail.as_str(),
        _ => "",
    };
    // The real service shows the moment 0001-01-01 where there is none.
    let offsets_at = row
        .stopped_at
        .map_or("0001-01-01T00:00:00Z".to_owned(), |at| at.rfc3339_seconds());
    let mut status = json!({
        "phase": phase.name(),
        "detail": detail,
        "network_kind": "PUBLIC",
        "latest_offsets": row.latest_offsets,
        "latest_offsets_timestamp": offsets_at,
        "warnings": [],
    });
    if !matches!(phase, Phase::Pending { .. }) {
        status["traits"] = row.traits.clone();
    }
    if phase == Phase::Running {
        status["scaling_status"] =
            json!({ "scaling_state": "OK", "last_updated": row.updated_at.rfc3339_seconds() });
    }
    json!({
        "api_version": "sql/v1",
        "kind": "Statement",
        "name": row.name,
        "organization_id": app.organization,
        "environment_id": row.environment,
        "metadata": {
            "self": url(app, session, row),
            "created_at": row.created_at.rfc3339_seconds(),
            "updated_at": row.updated_at.rfc3339_seconds(),
            "uid": row.uid,
            "resource_version": row.resource_version.to_string(),
            "labels": row.labels,
        },
        "spec": {
            "statement": row.statement,
            "properties": row.properties,
            "compute_pool_id": row.compute_pool,
            "principal": row.principal,
            "stopped": row.stopped || phase == Phase::Stopped,
        },
        "status": status,
    })
}

fn find<'a>(
    app: &Shared,
    session: &'a Session<'_>,
    environment: &str,
    name: &str,
) -> Result<&'a Statement, ApiError> {
    let row = session.world().statements.get(&statement_key(environment, name));
    row.filter(|row| phase::of(app, session, row) != Phase::Gone)
        .ok_or_else(|| ApiError::cloud(404, "", format!("Statement resource={name} does not exist")))
}

async fn list(
    State(app): S,
    Extension(RegionId(region)): Extension<RegionId>,
    Path((_, environment)): ListPath,
    params: Params,
) -> Result<Response, ApiError> {
    let session = app.session();
    let in_region = |row: &Statement| {
        let pool = session.world().compute_pools.get(&row.compute_pool);
        region
            .as_ref()
            .is_none_or(|region| pool.is_none_or(|pool| pool.region_id() == *region))
    };
    let rows: Vec<Value> = session
        .world()
        .statements
        .iter()
        .filter(|row| row.environment == environment && in_region(row))
        .filter(|row| {
            params
                .get("spec.compute_pool_id")
                .is_none_or(|pool| row.compute_pool == pool)
        })
        .filter(|row| {
            params
                .get("label_selector")
                .is_none_or(|selector| is_selected(row, selector))
        })
        .filter(|row| phase::of(&app, &session, row) != Phase::Gone)
        .map(|row| body(&app, &session, row))
        .collect();
    let url = format!(
        "{}/statements",
        list_url(&app, region.as_deref().unwrap_or_default(), &environment)
    );
    Ok(ok(page::list(&params, &url, "sql/v1", "StatementList", &rows)?))
}

/// `key=value` pairs, joined by commas; all must hold.
fn is_selected(row: &Statement, selector: &str) -> bool {
    selector
        .split(',')
        .filter(|part| !part.is_empty())
        .all(|part| match part.split_once('=') {
            Some((key, value)) => {
                row.labels.get(key).and_then(Value::as_str) == Some(value.trim_start_matches('='))
            }
            None => row.labels.get(part).is_some(),
        })
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let part = |part: &str| {
        part.starts_with(edge) && part.ends_with(edge) && part.chars().all(|c| edge(c) || c == '-')
    };
    if name.len() <= LONGEST_NAME && name.split('.').all(part) {
        return Ok(());
    }
    Err(bad(format!(
        "Invalid statement name '{name}': it has at most {LONGEST_NAME} lower-case letters, digits, '-' and '.', and \
         starts and ends with a letter or a digit."
    )))
}

/// The pool that a statement asks for, or the environment's default one; it must be in the gateway's region.
fn pool<'a>(
    world: &'a World,
    environment: &str,
    region: Option<&str>,
    id: &str,
) -> Result<&'a ComputePool, ApiError> {
    let here = |pool: &&ComputePool| {
        pool.environment == environment && region.is_none_or(|region| pool.region_id() == region)
    };
    if !id.is_empty() {
        return world
            .compute_pools
            .get(id)
            .filter(here)
            .ok_or_else(|| bad(format!("logical compute pool={id} not found")));
    }
    let all = || world.compute_pools.iter().filter(here);
    all()
        .find(|pool| pool.default_pool)
        .or_else(|| all().next())
        .ok_or_else(|| {
            bad("The statement names no compute pool, and the environment has none in this region.")
        })
}

fn check_principal(world: &World, principal: &str) -> Result<(), ApiError> {
    let known = if principal.starts_with("sa-") {
        world.service_accounts.get(principal).is_some()
    } else if principal.starts_with("u-") {
        world.users.get(principal).is_some()
    } else {
        principal.starts_with("pool-") || principal.starts_with("crn://")
    };
    if known {
        Ok(())
    } else {
        Err(bad(format!("principal={principal} not found")))
    }
}

async fn create(
    State(app): S,
    Extension(caller): Extension<Caller>,
    Extension(RegionId(region)): Extension<RegionId>,
    Path((_, environment)): ListPath,
    request: JsonBody,
) -> Result<Response, ApiError> {
    let name = request.text("/name").map_or_else(ids::uuid, str::to_owned);
    check_name(&name)?;
    let sql = request.text("/spec/statement").unwrap_or_default();
    if sql.trim().is_empty() || sql.chars().count() > LONGEST_STATEMENT {
        return Err(bad(format!(
            "A statement has 1 to {LONGEST_STATEMENT} characters."
        )));
    }
    let mut properties = BTreeMap::new();
    for (key, value) in request
        .0
        .pointer("/spec/properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let value = value
            .as_str()
            .ok_or_else(|| bad(format!("The property '{key}' must be a string.")))?;
        properties.insert(key.clone(), value.to_owned());
    }
    let mut session = app.session();
    let now = session.now;
    if find(&app, &session, &environment, &name).is_ok() {
        return Err(ApiError::cloud(
            409,
            "",
            format!("Statement resource={name} already exists"),
        ));
    }
    let world = session.world();
    let wanted = request.text("/spec/compute_pool_id").unwrap_or_default();
    let pool = pool(world, &environment, region.as_deref(), wanted)?;
    let principal = request
        .text("/spec/principal")
        .unwrap_or(&caller.owner)
        .to_owned();
    check_principal(world, &principal)?;
    let submission = Submission {
        environment: &environment,
        pool,
        sql,
        properties: &properties,
        now,
    };
    let verdict = app.engine.submit(world, &submission);
    let row = Statement {
        compute_pool: pool.id.clone(),
        environment: environment.clone(),
        name,
        uid: ids::uuid(),
        statement: sql.to_owned(),
        labels: request
            .0
            .pointer("/metadata/labels")
            .cloned()
            .filter(Value::is_object)
            .unwrap_or_else(|| json!({})),
        principal,
        stopped: false,
        resource_version: 1,
        outcome: verdict.outcome,
        traits: verdict.traits,
        pending_since: now,
        stopped_at: None,
        deleted_at: None,
        latest_offsets: BTreeMap::new(),
        created_at: now,
        updated_at: now,
        properties,
    };
    let mut answered = body(&app, &session, &row);
    // Whatever comes of it, it is pending when it is taken.
    answered["status"] = json!({ "phase": "PENDING", "detail": "" });
    let mut ops = verdict.effects;
    // A gone statement of that name gives way, also in the order of lists.
    ops.push(Op::remove(
        Kind::Statement,
        statement_key(&environment, &row.name),
    ));
    ops.push(Op::put(Row::Statement(row)));
    session.commit(ops)?;
    Ok(answer(StatusCode::CREATED, answered))
}

async fn read(State(app): S, Path((_, environment, name)): OnePath) -> Result<Response, ApiError> {
    let session = app.session();
    Ok(ok(body(
        &app,
        &session,
        find(&app, &session, &environment, &name)?,
    )))
}

async fn update(
    State(app): S,
    Extension(RegionId(region)): Extension<RegionId>,
    Path((_, environment, name)): OnePath,
    request: JsonBody,
) -> Result<Response, ApiError> {
    let mut session = app.session();
    let row = find(&app, &session, &environment, &name)?.clone();
    if request.any_text("/metadata/resource_version") != Some(row.resource_version.to_string().as_str()) {
        return Err(ApiError::cloud(
            409,
            "",
            format!(
                "Statement resource={name} was changed since it was read: its resource_version is {}. Read it again and \
                 retry.",
                row.resource_version
            ),
        ));
    }
    let fixed = [("/name", &row.name), ("/spec/statement", &row.statement)];
    for (pointer, own) in fixed {
        if request.any_text(pointer).is_some_and(|sent| sent != own) {
            return Err(ApiError::field(
                pointer,
                format!("The property '{pointer}' of a statement cannot be changed."),
            ));
        }
    }
    let phase = phase::of(&app, &session, &row);
    let wants_stop = request.flag("/spec/stopped").unwrap_or(row.stopped);
    let moved = ["/spec/compute_pool_id", "/spec/principal"]
        .into_iter()
        .zip([&row.compute_pool, &row.principal])
        .any(|(pointer, own)| request.text(pointer).is_some_and(|sent| sent != own));
    let is_stopped = matches!(phase, Phase::Stopped | Phase::Stopping);
    let ops = match (is_stopped, wants_stop) {
        (false, false) if moved => {
            return Err(bad(
                "The compute pool and the principal can only change when a stopped statement is resumed.",
            ));
        }
        (true, true) if moved => {
            return Err(bad(
                "The compute pool and the principal can only change when a stopped statement is resumed.",
            ));
        }
        (true, true) | (false, false) => Vec::new(),
        (false, true) => stop(&app, &session, &row, &phase)?,
        (true, false) => vec![resume(&session, row, region.as_deref(), &request)?],
    };
    session.commit(ops)?;
    Ok(StatusCode::ACCEPTED.into_response())
}

fn stop(app: &Shared, session: &Session<'_>, row: &Statement, phase: &Phase) -> Result<Vec<Op>, ApiError> {
    if !phase.is_active() {
        return Err(bad(format!(
            "Statement resource={} is {} and cannot be stopped.",
            row.name,
            phase.name()
        )));
    }
    let now = session.now;
    let mut stopped = row.clone();
    stopped.stopped = true;
    stopped.stopped_at = Some(now);
    stopped.latest_offsets = app.engine.offsets(session.world(), row);
    stopped.resource_version += 1;
    stopped.updated_at = now;
    let mut ops = vec![Op::put(Row::Statement(stopped))];
    // Those that wait for its offsets start now.
    for mut waiting in waiting_for(session.world(), row) {
        waiting.outcome = Outcome::Runs;
        waiting.pending_since = now;
        waiting.updated_at = now;
        ops.push(Op::put(Row::Statement(waiting)));
    }
    Ok(ops)
}

fn waiting_for(world: &World, row: &Statement) -> Vec<Statement> {
    let waits = |other: &&Statement| {
        other.environment == row.environment
            && matches!(&other.outcome, Outcome::WaitsFor { statement } if *statement == row.name)
    };
    world.statements.iter().filter(waits).cloned().collect()
}

fn resume(
    session: &Session<'_>,
    mut row: Statement,
    region: Option<&str>,
    request: &JsonBody,
) -> Result<Op, ApiError> {
    let kind = row.traits["sql_kind"].as_str().unwrap_or_default();
    if !matches!(kind, "INSERT_INTO" | "CREATE_TABLE_AS" | "STATEMENT_SET") {
        return Err(bad(format!(
            "Only CREATE TABLE AS, INSERT INTO and EXECUTE STATEMENT SET can be resumed; this is {}.",
            kind.replace('_', " ")
        )));
    }
    let world = session.world();
    if let Some(id) = request.text("/spec/compute_pool_id") {
        row.compute_pool
            .clone_from(&pool(world, &row.environment, region, id)?.id);
    }
    if let Some(principal) = request.text("/spec/principal") {
        check_principal(world, principal)?;
        principal.clone_into(&mut row.principal);
    }
    row.stopped = false;
    row.pending_since = session.now;
    row.updated_at = session.now;
    row.resource_version += 1;
    Ok(Op::put(Row::Statement(row)))
}

/// Topics and tables that the statement made stay.
async fn delete(State(app): S, Path((_, environment, name)): OnePath) -> Result<Response, ApiError> {
    let mut session = app.session();
    let row = find(&app, &session, &environment, &name)?.clone();
    let now = session.now;
    let mut ops = Vec::new();
    if !row.stopped {
        for mut waiting in waiting_for(session.world(), &row) {
            waiting.outcome = Outcome::Failed {
                detail: format!("Referenced statement {name} was deleted before it was stopped."),
            };
            waiting.updated_at = now;
            ops.push(Op::put(Row::Statement(waiting)));
        }
    }
    if app.phase_delay.is_zero() {
        ops.push(Op::remove(Kind::Statement, statement_key(&environment, &name)));
    } else if row.deleted_at.is_none() {
        let row = Statement {
            deleted_at: Some(now),
            updated_at: now,
            resource_version: row.resource_version + 1,
            ..row
        };
        ops.push(Op::put(Row::Statement(row)));
    }
    session.commit(ops)?;
    Ok(StatusCode::ACCEPTED.into_response())
}

async fn results(State(app): S, Path((_, environment, name)): OnePath) -> Result<Response, ApiError> {
    let session = app.session();
    let row = find(&app, &session, &environment, &name)?;
    let phase = phase::of(&app, &session, row);
    let here = format!("{}/results", url(&app, &session, row));
    let (next, rows): (String, &[Vec<Option<String>>]) = match (&phase, &row.outcome) {
        (Phase::Completed, Outcome::Completed { rows }) => (String::new(), rows),
        (Phase::Completed, _) => (String::new(), &[]),
        // More may come.
        (Phase::Pending { .. } | Phase::Running, _) => (format!("{here}?page_token=more"), &[]),
        _ => {
            return Err(bad(format!(
                "Statement resource={name} is {} and has no results.",
                phase.name()
            )));
        }
    };
    let data: Vec<Value> = rows.iter().map(|row| json!({ "op": 0, "row": row })).collect();
    Ok(ok(json!({
        "api_version": "sql/v1",
        "kind": "StatementResult",
        "metadata": { "self": here, "next": next, "created_at": row.created_at.rfc3339_seconds() },
        "results": { "data": data },
    })))
}

async fn exceptions(State(app): S, Path((_, environment, name)): OnePath) -> Result<Response, ApiError> {
    let session = app.session();
    let row = find(&app, &session, &environment, &name)?;
    let data = match phase::of(&app, &session, row) {
        Phase::Failed { detail } => {
            let kind = if detail.starts_with("SQL parse failed") {
                "SqlParserException"
            } else {
                "ValidationException"
            };
            json!([{ "name": format!("org.apache.flink.table.api.{kind}"), "message": detail,
                "timestamp": row.updated_at.rfc3339_seconds() }])
        }
        _ => json!([]),
    };
    Ok(ok(json!({
        "api_version": "sql/v1",
        "kind": "StatementExceptionList",
        "metadata": { "self": format!("{}/exceptions", url(&app, &session, row)) },
        "data": data,
    })))
}
