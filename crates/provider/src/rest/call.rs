//! One request with its retries.

use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header;
use serde_json::Value as Json;

use super::Auth;
use super::CallError;
use super::Client;
use super::Failure;
use super::Patience;
use super::retry;

/// A call that is being put together.
#[must_use = "a call does nothing until it is sent"]
pub struct Call<'c> {
    client: &'c Client,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    body: Option<Json>,
    repeatable: bool,
    secret: bool,
    patience: Patience<'c>,
}

/// The answer to a call that went well.
#[derive(Debug)]
pub struct Reply {
    /// Status, below 300.
    pub status: u16,
    /// The body; null if there is none.
    pub body: Json,
    /// Whether an earlier sending of the same call may have had the effect: "gone" is then the expected answer to a delete.
    pub resent: bool,
}

/// What one sending came to.
enum Sent {
    Good(Reply),
    /// Worth another try, after the given pause if there is one.
    Again(CallError, Option<Duration>),
    Bad(CallError),
}

impl<'c> Call<'c> {
    pub(super) fn new(client: &'c Client, method: Method, path: &str) -> Self {
        Call {
            client,
            repeatable: method != Method::POST,
            method,
            path: path.to_owned(),
            query: Vec::new(),
            body: None,
            secret: false,
            patience: Patience::default(),
        }
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: Json) -> Self {
        self.body = Some(body);
        self
    }

    /// Says that the call changes nothing, or the same twice as once, whatever its method.
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Says that body or answer carry a secret: no part of the answer is ever quoted as it came.
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Sets deadline and sign to stop.
    pub fn during(mut self, patience: Patience<'c>) -> Self {
        self.patience = patience;
        self
    }

    /// Sends the call and gives the body of the answer.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn json(self) -> Result<Json, CallError> {
        self.send().await.map(|r| r.body)
    }

    /// Sends the call, again where that is safe and of use.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn send(self) -> Result<Reply, CallError> {
        let policy = self.client.transport.policy();
        let start = Instant::now();
        let mut resent = false;
        let mut attempt = 0;
        loop {
            if attempt > 0 && self.patience.stopping() {
                return Err(self.error(Failure::Stopped));
            }
            match self.once().await {
                Sent::Good(reply) => return Ok(Reply { resent, ..reply }),
                Sent::Bad(error) => return Err(error.after(attempt + 1, resent)),
                Sent::Again(error, asked) => {
                    resent = resent || error.maybe_done();
                    let pause = asked.unwrap_or_else(|| policy.pause(attempt));
                    let left = self.patience.left().unwrap_or(policy.budget);
                    let budget = policy.budget.saturating_sub(start.elapsed()).min(left);
                    if attempt >= policy.retries || pause > budget {
                        return Err(error.after(attempt + 1, resent));
                    }
                    tracing::debug!(
                        method = %self.method, path = %self.path, attempt, ?pause, reason = %error.short(),
                        "call is repeated"
                    );
                    if pause > Duration::from_secs(2) {
                        self.patience
                            .phase(&format!("waiting {} s: {}", pause.as_secs(), error.short()));
                    }
                    if !self.patience.sleep(pause).await {
                        return Err(error.after(attempt + 1, resent));
                    }
                    attempt += 1;
                }
            }
        }
    }

    fn url(&self) -> reqwest::Url {
        let mut url = self.client.base.clone();
        let path = format!("{}{}", url.path().trim_end_matches('/'), self.path);
        url.set_path(&path);
        url.set_query(None);
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }

    fn error(&self, failure: Failure) -> CallError {
        // Without the query: it can be long, and says nothing that the path does not.
        let mut url = self.url();
        url.set_query(None);
        CallError::new(failure, self.method.as_str(), url.as_str()).with_source(self.client.source.clone())
    }

    async fn once(&self) -> Sent {
        let url = self.url();
        let http = match self.client.transport.http(self.client.is_loopback()) {
            Ok(http) => http,
            Err(e) => return Sent::Bad(self.error(Failure::Unusable(chain(&e)))),
        };
        let gate = self.client.transport.gate(url.authority());
        // INVARIANT: the semaphore is never closed, so that this cannot fail; an error would only mean no limit.
        let _permit = gate.acquire_owned().await.ok();

        let mut request = http
            .request(self.method.clone(), url)
            .header(header::ACCEPT, "application/json");
        request = match &self.client.auth {
            Auth::None => request,
            Auth::Basic(key, secret) => request.basic_auth(key, Some(secret)),
            Auth::Bearer(token) => request.bearer_auth(token),
        };
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        if let Some(left) = self.patience.left() {
            if left.is_zero() {
                return Sent::Bad(self.error(Failure::TimedOut));
            }
            // The last call of an operation may still end after its deadline: cutting it off would leave its outcome unknown.
            request = request.timeout(left.max(Duration::from_secs(60)));
        }
        let began = Instant::now();
        let answer = match request.send().await {
            Ok(answer) => answer,
            // Nothing of the request was written.
            Err(e) if e.is_connect() => {
                return Sent::Again(self.error(Failure::Unreachable(chain(&e))), None);
            }
            Err(e) if e.is_builder() => return Sent::Bad(self.error(Failure::Unusable(chain(&e)))),
            Err(e) => return self.lost(&e),
        };
        let status = answer.status().as_u16();
        tracing::debug!(method = %self.method, path = %self.path, status, elapsed = ?began.elapsed(), "call");
        let asked = answer
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|h| h.to_str().ok())
            .and_then(|h| retry::retry_after(h, Timestamp::now()));
        let bytes = match answer.bytes().await {
            Ok(bytes) => bytes,
            // An error status is known even if its text is not.
            Err(_) if (300..500).contains(&status) => Default::default(),
            Err(e) => return self.lost(&e),
        };
        if status < 300 {
            return self.good(status, &bytes);
        }
        let error = self.error(Failure::status(status, &bytes, self.secret));
        if !retry::is_transient(status) {
            return Sent::Bad(error);
        }
        // Refused for its rate: certainly without effect. A server that failed may have done it all the same.
        if status == 429 || self.repeatable {
            Sent::Again(error, asked)
        } else {
            Sent::Bad(error)
        }
    }

    fn good(&self, status: u16, bytes: &[u8]) -> Sent {
        let body = if bytes.iter().all(u8::is_ascii_whitespace) {
            Json::Null
        } else {
            match serde_json::from_slice(bytes) {
                Ok(json) => json,
                Err(_) => {
                    return Sent::Bad(self.error(Failure::undecodable(status, bytes, self.secret)));
                }
            }
        };
        Sent::Good(Reply {
            status,
            body,
            resent: false,
        })
    }

    fn lost(&self, e: &reqwest::Error) -> Sent {
        let error = self.error(Failure::Lost {
            why: chain(e),
            harmless: self.method == Method::GET || self.method == Method::HEAD,
        });
        if self.repeatable {
            Sent::Again(error, None)
        } else {
            Sent::Bad(error)
        }
    }
}

/// The causes of an error in one line, without the URL (it may carry a query).
fn chain(e: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = std::error::Error::source(e);
    while let Some(c) = cause {
        let t = c.to_string();
        if !text.contains(&t) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&t);
        }
        cause = c.source();
    }
    if e.is_timeout() && text.is_empty() {
        text.push_str("no answer in time");
    }
    if text.is_empty() {
        text.push_str("the connection failed");
    }
    text
}
