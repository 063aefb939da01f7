//! Faults on demand, for tests: refusals, server errors, cut connections, slowness.

use std::sync::PoisonError;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::line::Line;
use crate::app::App;
use crate::clock::Moment;
use crate::ids;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fault {
    /// 429 with `Retry-After`, without an effect.
    TooManyRequests,
    /// 500, without an effect.
    ServerError,
    /// 403, without an effect, as of somebody who has lost a role.
    Forbidden,
    /// The connection is dropped without an answer and without an effect. Only calls that change something.
    DropBefore,
    /// The call has its effect, then the connection is dropped without an answer. Only calls that change something.
    DropAfter,
    /// The call has its effect, then a gateway before the service answers 504. Only calls that change something.
    GatewayTimeout,
    /// The call has its effect, and its answer is cut off in the middle. Only calls that change something.
    Garbled,
    /// The answer comes late.
    Latency,
    /// Lists leave out what was made a moment ago, as those of an eventually consistent service do.
    LateLists,
}

/// One switch.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Switch {
    fault: Fault,
    /// For how many matching calls. Without it: until the switches are cleared.
    calls: Option<u64>,
    /// So many matching calls go well before.
    #[serde(default)]
    skip: u64,
    /// Only calls whose path (as the client sent it) starts so, or starts so below a host prefix.
    path: Option<String>,
    /// Only calls of this method.
    method: Option<String>,
    /// For `too_many_requests`: the seconds in `Retry-After`; 1 without it.
    retry_after: Option<u64>,
    /// For `latency` and `late_lists`: milliseconds.
    ms: Option<u64>,
}

/// The switches that are on, in the order in which they were set.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    switches: Vec<Switch>,
}

/// What one call meets.
#[derive(Debug, Default)]
struct Met {
    delay: Duration,
    unlisted: Duration,
    fault: Option<(Fault, u64)>,
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

impl Faults {
    /// Sets switches from the body of the admin call: one switch, or `{"clear":true}`, or `{"faults":[…]}`.
    pub(crate) fn set(&mut self, body: Value) -> Result<(), ApiError> {
        let bad = |error: serde_json::Error| ApiError::cloud(400, "invalid_fault", error.to_string());
        if body.get("clear").and_then(Value::as_bool) == Some(true) {
            self.switches.clear();
            return Ok(());
        }
        if let Some(many) = body.get("faults") {
            let many: Vec<Switch> = serde_json::from_value(many.clone()).map_err(bad)?;
            self.switches.extend(many);
            return Ok(());
        }
        self.switches.push(serde_json::from_value(body).map_err(bad)?);
        Ok(())
    }

    /// The switches that are still on, for the answer of the admin call.
    pub(crate) fn left(&self) -> Value {
        json!({ "active": self.switches.len(),
            "calls_left": self.switches.iter().map(|switch| json!(switch.calls)).collect::<Vec<_>>() })
    }

    fn meet(&mut self, method: &Method, path: &str) -> Met {
        let mut met = Met::default();
        for switch in &mut self.switches {
            if switch
                .path
                .as_ref()
                .is_some_and(|wanted| !path_matches(path, wanted))
                || switch
                    .method
                    .as_ref()
                    .is_some_and(|wanted| !method.as_str().eq_ignore_ascii_case(wanted))
            {
                continue;
            }
            let of_changes = matches!(
                switch.fault,
                Fault::DropBefore | Fault::DropAfter | Fault::GatewayTimeout | Fault::Garbled
            );
            if of_changes && !changes(method) {
                continue;
            }
            if switch.skip > 0 {
                switch.skip -= 1;
                continue;
            }
            let time = Duration::from_millis(switch.ms.unwrap_or(0));
            match switch.fault {
                Fault::Latency => met.delay += time,
                Fault::LateLists => met.unlisted = met.unlisted.max(time),
                _ if met.fault.is_some() => continue,
                fault => met.fault = Some((fault, switch.retry_after.unwrap_or(1))),
            }
            if let Some(calls) = &mut switch.calls {
                *calls = calls.saturating_sub(1);
            }
        }
        self.switches.retain(|switch| switch.calls != Some(0));
        met
    }
}

fn path_matches(path: &str, wanted: &str) -> bool {
    if path.starts_with(wanted) {
        return true;
    }
    let mut parts = path.splitn(4, '/');
    let prefix = parts.nth(1).unwrap_or_default();
    matches!(prefix, "pkc" | "psrc" | "flink")
        && parts.nth(1).is_some_and(|rest| {
            wanted
                .strip_prefix('/')
                .is_some_and(|wanted| rest.starts_with(wanted))
        })
}

/// Gives every answer its `X-Request-Id`, and lets the call meet its faults.
pub(crate) async fn meet(
    State(app): State<App>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let met = if path.starts_with("/_emulator/") {
        Met::default()
    } else {
        app.faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .meet(request.method(), path)
    };
    if !met.delay.is_zero() {
        tokio::time::sleep(met.delay).await;
    }
    let mut response = match met.fault {
        Some((Fault::TooManyRequests, seconds)) => {
            ApiError::cloud(429, "rate_limit_exceeded", "Too Many Requests")
                .with_retry_after(seconds)
                .into_response()
        }
        Some((Fault::ServerError, _)) => {
            ApiError::cloud(500, "internal_server_error", "Internal Server Error").into_response()
        }
        Some((Fault::Forbidden, _)) => {
            ApiError::cloud(403, "forbidden_access", "Forbidden Access").into_response()
        }
        Some((Fault::DropBefore, _)) => {
            line.cut();
            ApiError::cloud(500, "", "").into_response()
        }
        Some((Fault::DropAfter, _)) => {
            let response = next.run(request).await;
            line.cut();
            response
        }
        Some((Fault::GatewayTimeout, _)) => {
            next.run(request).await;
            (StatusCode::GATEWAY_TIMEOUT, "upstream request timeout").into_response()
        }
        Some((Fault::Garbled, _)) => half_of(next.run(request).await).await,
        Some((Fault::Latency | Fault::LateLists, _)) | None => next.run(request).await,
    };
    if !met.unlisted.is_zero() {
        response = without_the_newest(response, met.unlisted, app.clock.now()).await;
    }
    if let Ok(id) = HeaderValue::from_str(&ids::request()) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// An answer whose body ends in the middle.
async fn half_of(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes.slice(..bytes.len() / 2)))
}

/// A list without what is younger than `age`.
async fn without_the_newest(response: Response, age: Duration, now: Moment) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let Ok(mut json) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    if let Some(Value::Array(items)) = json.get_mut("data") {
        items.retain(|item| {
            let made = item.pointer("/metadata/created_at").and_then(Value::as_str);
            made.and_then(|at| at.parse::<jiff::Timestamp>().ok())
                .is_none_or(|at| Moment(at.as_microsecond()).is_past(age, now))
        });
    }
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(json.to_string()))
}
