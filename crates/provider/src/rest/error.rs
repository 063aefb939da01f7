//! How a call ended badly.

use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::protocol::Findings;
use crate::protocol::ProviderDiagnostic;

/// The kinds of bad ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server answered with an error.
    Status {
        /// HTTP status.
        status: u16,
        /// The machine-readable code in the body: `resource_not_found`, `40301`.
        code: Option<String>,
        /// The text for people in the body.
        message: String,
    },
    /// No connection could be made: nothing was sent.
    Unreachable(String),
    /// The connection was lost, or no answer came, after the request was (perhaps only in part) sent.
    Lost {
        /// What happened.
        why: String,
        /// A read: it changes nothing.
        harmless: bool,
    },
    /// The answer was a success that cannot be read.
    Undecodable {
        /// HTTP status.
        status: u16,
        /// Its beginning, if it may be shown.
        start: String,
    },
    /// The client itself could not do the call: a wrong URL, no TLS.
    Unusable(String),
    /// The operation's time was up before the call was made.
    TimedOut,
    /// The run is being stopped.
    Stopped,
}

/// A call that failed. Printing it shows no credentials, no query and no body that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    failure: Box<Failure>,
    method: String,
    url: String,
    attempts: u32,
    /// Whether one of the sendings may have had its effect.
    maybe_done: bool,
    /// Where the credentials come from.
    source: Option<Arc<str>>,
}

impl std::error::Error for CallError {}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl Failure {
    /// The failure of an error status with its body; nothing of a secret answer's unknown part is kept.
    pub(super) fn status(status: u16, body: &[u8], secret: bool) -> Self {
        let (code, message) = describe(body);
        let message = match message {
            Some(message) => message,
            None if body.iter().all(u8::is_ascii_whitespace) => String::new(),
            None if secret => "the body is not shown because it may carry a secret".to_owned(),
            None => format!(
                "could not parse error details; raw response body: {:?}",
                start(body)
            ),
        };
        Failure::Status {
            status,
            code,
            message,
        }
    }

    pub(super) fn undecodable(status: u16, body: &[u8], secret: bool) -> Self {
        Failure::Undecodable {
            status,
            start: if secret { String::new() } else { start(body) },
        }
    }
}

impl CallError {
    /// A failure of a call, named by method and URL.
    pub fn new(failure: Failure, method: &str, url: &str) -> Self {
        let maybe_done = match &failure {
            Failure::Status { status, .. } => *status >= 500 && *status != 501,
            Failure::Lost { harmless, .. } => !harmless,
            // It was a success, only we do not know of what.
            Failure::Undecodable { .. } => true,
            Failure::Unreachable(_) | Failure::Unusable(_) | Failure::TimedOut | Failure::Stopped => false,
        };
        CallError {
            failure: Box::new(failure),
            method: method.to_owned(),
            url: url.to_owned(),
            attempts: 1,
            maybe_done,
            source: None,
        }
    }

    pub(super) fn with_source(self, source: Option<Arc<str>>) -> Self {
        CallError { source, ..self }
    }

    pub(super) fn after(mut self, attempts: u32, maybe_done: bool) -> Self {
        self.attempts = attempts;
        self.maybe_done |= maybe_done;
        self
    }

    /// What happened.
    pub fn failure(&self) -> &Failure {
        &self.failure
    }

    /// The HTTP status, if the server answered with an error.
    pub fn status(&self) -> Option<u16> {
        match &*self.failure {
            Failure::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The machine-readable code in the body.
    pub fn code(&self) -> Option<&str> {
        match &*self.failure {
            Failure::Status { code, .. } => code.as_deref(),
            _ => None,
        }
    }

    /// The text of the body.
    pub fn message(&self) -> &str {
        match &*self.failure {
            Failure::Status { message, .. } => message,
            _ => "",
        }
    }

    /// Whether the call may have had its effect all the same.
    pub fn maybe_done(&self) -> bool {
        self.maybe_done
    }

    /// Whether the reason is one that passes by itself.
    pub fn is_transient(&self) -> bool {
        match &*self.failure {
            Failure::Status { status, .. } => super::retry::is_transient(*status),
            Failure::Unreachable(_) | Failure::Lost { .. } => true,
            Failure::Undecodable { .. } | Failure::Unusable(_) | Failure::TimedOut | Failure::Stopped => {
                false
            }
        }
    }

    /// What happened, in one line.
    pub fn short(&self) -> String {
        let tries = if self.attempts > 1 {
            format!(" (after {} attempts)", self.attempts)
        } else {
            String::new()
        };
        match &*self.failure {
            Failure::Status { status, message, .. } => {
                let reason = reqwest::StatusCode::from_u16(*status)
                    .ok()
                    .and_then(|s| s.canonical_reason())
                    .unwrap_or("Unknown Status");
                if message.is_empty() {
                    format!("{status} {reason}{tries}")
                } else {
                    format!("{status} {reason}: {message}{tries}")
                }
            }
            Failure::Unreachable(why) => format!("no connection could be made: {why}{tries}"),
            Failure::Lost { why, .. } => format!("the connection was lost: {why}{tries}"),
            Failure::Undecodable { status, .. } => {
                format!("{status}, but the answer is not JSON{tries}")
            }
            Failure::Unusable(why) => why.clone(),
            Failure::TimedOut => "the time for the operation was up".to_owned(),
            Failure::Stopped => "the run was stopped".to_owned(),
        }
    }

    /// What the user can do.
    pub fn next_step(&self) -> &'static str {
        match &*self.failure {
            Failure::Status { status, .. } => match status {
                400 | 422 => "Correct the arguments that the message names, and run the command again.",
                401 => {
                    "Check that the API key and secret are right, belong to this API, and have not been deleted. A key that was just made can need a minute."
                }
                402 => "A quota of the organization is used up: delete something, or ask for a higher quota.",
                403 => {
                    "Check that the owner of the API key has a role that allows this (confluent_role_binding), and that the object still exists."
                }
                404 => "Check that the object still exists and that the endpoint is the right one.",
                409 => {
                    "Something with this name exists already, or the object is being changed: import it, choose another name, or run the command again."
                }
                429 => {
                    "The API limits how many calls may be made. Run the command again later, or with a lower -parallelism."
                }
                s if *s >= 500 => {
                    "The service has a problem. Run the command again; look at the service's status page if it lasts."
                }
                _ => "Check the endpoint: this answer is not one of the API's.",
            },
            Failure::Unreachable(_) => {
                "Check the endpoint's host name and port, the network, and the proxy settings. A private endpoint is reached only from inside its network."
            }
            Failure::Lost { .. } | Failure::Undecodable { .. } => {
                "Run the command again: it first looks whether the call had its effect."
            }
            Failure::Unusable(_) => "Check the endpoint in the provider block or in the resource.",
            Failure::TimedOut => {
                "Run the command again, or set a longer time in the resource's \"timeouts\" block if it has one."
            }
            Failure::Stopped => "Run the command again to go on.",
        }
    }

    /// As an error for the user: `doing` is what was being done, "error creating Environment \"blue\"".
    pub fn finding(&self, doing: &str) -> ProviderDiagnostic {
        let call = if self.method.is_empty() {
            String::new()
        } else {
            format!("The call was {} {}. ", self.method, self.url)
        };
        let source = match (&self.source, self.status()) {
            (Some(source), Some(401)) => format!(" {source}"),
            _ => String::new(),
        };
        ProviderDiagnostic {
            unauthorized: self.status() == Some(401),
            ..ProviderDiagnostic::error(
                format!("{doing}: {}", self.short()),
                format!("{call}{}{source}", self.next_step()),
            )
        }
    }

    /// As the only finding of an operation.
    pub fn findings(&self, doing: &str) -> Findings {
        vec![self.finding(doing)]
    }
}

/// Code and text of an error body, in any of the forms that Confluent's and Flink's APIs use.
fn describe(body: &[u8]) -> (Option<String>, Option<String>) {
    let Ok(json) = serde_json::from_slice::<Json>(body) else {
        return (None, html(body));
    };
    // {"errors":[{"code":"resource_not_found","title":"…","detail":"…"}]}; Flink's own REST API: {"errors":["…"]}
    if let Some(first) = json["errors"].get(0) {
        let text = text_of(&first["detail"])
            .or_else(|| text_of(&first["title"]))
            .or_else(|| text_of(first));
        return (text_of(&first["code"]), text);
    }
    // {"error_code":40301,"message":"…"}
    if let Some(text) = text_of(&json["message"]) {
        return (text_of(&json["error_code"]), Some(text));
    }
    // {"error":{"code":401,"message":"…"}}
    let error = &json["error"];
    (
        text_of(&error["code"]),
        text_of(&error["message"]).or_else(|| text_of(error)),
    )
}

fn text_of(json: &Json) -> Option<String> {
    match json {
        Json::String(s) if !s.is_empty() => Some(s.clone()),
        Json::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// A proxy's or web server's page: its title.
fn html(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let lower = text.to_ascii_lowercase();
    if !lower.trim_start().starts_with('<') {
        return None;
    }
    let from = lower.find("<title>").map(|i| i + "<title>".len());
    let title = from
        .and_then(|from| {
            lower[from..]
                .find("</title>")
                .map(|len| text[from..from + len].trim().to_owned())
        })
        .filter(|t| !t.is_empty());
    Some(match title {
        Some(title) => format!("the server answered with a web page titled {title:?}"),
        None => "the server answered with a web page".to_owned(),
    })
}

/// The beginning of a body.
fn start(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut short: String = text.chars().take(500).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
