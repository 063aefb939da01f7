//! Terraform's protocol for states over HTTP.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Digest as _;
use md5::Md5;
use reqwest::Method;
use reqwest::StatusCode;
use reqwest::Url;
use serde::Deserialize;
use serde::Serialize;

use super::settings::HttpSettings;
use crate::HolderInfo;
use crate::StateError;
use crate::object::is_loopback;
use crate::remote_thread::RemoteThread;

/// A holder as the protocol has it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct LockInfo {
    #[serde(rename = "ID")]
    id: String,
    operation: String,
    info: String,
    who: String,
    version: String,
    created: String,
    path: String,
}

impl From<&HolderInfo> for LockInfo {
    fn from(holder: &HolderInfo) -> Self {
        Self {
            id: holder.id.clone(),
            operation: holder.operation.clone(),
            info: format!("process {}, run {}", holder.pid, holder.run),
            who: holder.who.clone(),
            version: holder.version.clone(),
            created: holder.created.clone(),
            path: String::new(),
        }
    }
}

impl From<LockInfo> for HolderInfo {
    fn from(lock: LockInfo) -> Self {
        let told = lock
            .info
            .strip_prefix("process ")
            .and_then(|rest| rest.split_once(", run "));
        let (pid, run) = told.unwrap_or(("", lock.info.as_str()));
        Self {
            pid: pid.parse().unwrap_or(0),
            run: run.to_owned(),
            id: lock.id,
            operation: lock.operation,
            who: lock.who,
            version: lock.version,
            created: lock.created,
        }
    }
}

/// Speaks with the server.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    thread: RemoteThread,
    settings: HttpSettings,
}

struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

impl Client {
    pub(super) fn new(settings: &HttpSettings) -> Result<Self, StateError> {
        let wrong = |detail: String| StateError::Settings {
            backend: "http",
            detail,
        };
        // The one that is in the process already does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("streamform/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60));
        if settings.skip_cert_verification {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        if let Some(pem) = &settings.authority {
            let found = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
                .map_err(|e| wrong(format!("client_ca_certificate_pem holds no certificate: {e}")))?;
            builder = builder.tls_certs_only(found);
        }
        if let Some((certificate, key)) = &settings.identity {
            let pem = format!("{certificate}\n{key}\n");
            let identity = reqwest::Identity::from_pem(pem.as_bytes()).map_err(|_| {
                wrong(
                    "client_certificate_pem and client_private_key_pem do not hold a certificate and its key"
                        .to_owned(),
                )
            })?;
            builder = builder.identity(identity);
        }
        if is_loopback(&settings.address) {
            builder = builder.no_proxy();
        }
        Ok(Self {
            http: builder
                .build()
                .map_err(|e| wrong(format!("the connection cannot be set up: {e}")))?,
            thread: RemoteThread::start().map_err(|e| wrong(format!("no thread can be started: {e}")))?,
            settings: settings.clone(),
        })
    }

    fn failed(&self, verb: &'static str, detail: impl Into<String>) -> StateError {
        StateError::Remote {
            place: self.settings.place(),
            verb,
            detail: detail.into(),
        }
    }

    /// Sends a request, again where the server has trouble of its own.
    fn send(
        &self,
        verb: &'static str,
        method: &str,
        address: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, StateError> {
        let url: Url = address
            .parse()
            .map_err(|e| self.failed(verb, format!("the address is none: {e}")))?;
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| self.failed(verb, format!("{method:?} is no method")))?;
        let client = self.clone();
        let sent = self.thread.run(async move {
            let mut wait = client.settings.retry_wait_min;
            let mut left = client.settings.retry_max;
            loop {
                let outcome = client.once(&method, &url, body.as_deref()).await;
                let again = match &outcome {
                    Ok(answer) => {
                        answer.status.is_server_error() && answer.status != StatusCode::NOT_IMPLEMENTED
                    }
                    Err(_) => true,
                };
                if !again || left == 0 {
                    return outcome.map_err(|error| innermost(&error.without_url()));
                }
                left -= 1;
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(client.settings.retry_wait_max);
            }
        });
        let answer = sent
            .unwrap_or_else(|| Err("the work on it broke off".to_owned()))
            .map_err(|detail| self.failed(verb, detail))?;
        match answer.status {
            StatusCode::UNAUTHORIZED => {
                Err(self.failed(verb, "HTTP remote state endpoint requires auth: give username and password (TF_HTTP_USERNAME, TF_HTTP_PASSWORD)"))
            }
            StatusCode::FORBIDDEN => Err(self.failed(verb, "HTTP remote state endpoint invalid auth")),
            _ => Ok(answer),
        }
    }

    async fn once(&self, method: &Method, url: &Url, body: Option<&[u8]>) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method.clone(), url.clone());
        if let Some(user) = &self.settings.username {
            request = request.basic_auth(user, self.settings.password.as_ref());
        }
        if let Some(body) = body {
            request = request
                .header("Content-Type", "application/json")
                .header("Content-MD5", STANDARD.encode(Md5::digest(body)))
                .body(body.to_vec());
        }
        let response = request.send().await?;
        Ok(Answer {
            status: response.status(),
            body: response.bytes().await?.to_vec(),
        })
    }

    /// The document; `None` when there is none.
    pub(super) fn get(&self) -> Result<Option<Vec<u8>>, StateError> {
        let answer = self.send("read", "GET", &self.settings.address, None)?;
        match answer.status {
            StatusCode::OK if answer.body.iter().all(u8::is_ascii_whitespace) => Ok(None),
            StatusCode::OK => Ok(Some(answer.body)),
            StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => Ok(None),
            other => Err(self.failed(
                "read",
                format!("unexpected HTTP response code {}", other.as_u16()),
            )),
        }
    }

    /// Writes the document, under the lock of this ID.
    pub(super) fn update(&self, body: Vec<u8>, lock: Option<&str>) -> Result<(), StateError> {
        let mut url: Url = self
            .settings
            .address
            .parse()
            .map_err(|e| self.failed("written", format!("the address is none: {e}")))?;
        if let Some(id) = lock {
            url.query_pairs_mut().append_pair("ID", id);
        }
        let answer = self.send("written", &self.settings.update_method, url.as_str(), Some(body))?;
        match answer.status.as_u16() {
            200 | 201 | 204 => Ok(()),
            other => Err(self.failed("written", format!("HTTP error: {other}"))),
        }
    }

    /// Removes the document.
    pub(super) fn delete(&self) -> Result<(), StateError> {
        let answer = self.send("removed", "DELETE", &self.settings.address, None)?;
        match answer.status.as_u16() {
            200 | 204 | 404 => Ok(()),
            other => Err(self.failed("removed", format!("HTTP error: {other}"))),
        }
    }

    /// Whether the server locks.
    pub(super) fn locks(&self) -> bool {
        self.settings.lock_address.is_some()
    }

    /// Takes the lock; who has it, if that is somebody else.
    pub(super) fn lock(&self, holder: &HolderInfo) -> Result<Option<HolderInfo>, StateError> {
        let Some(address) = &self.settings.lock_address else {
            return Ok(None);
        };
        let body = serde_json::to_vec(&LockInfo::from(holder)).unwrap_or_default();
        let answer = self.send("locked", &self.settings.lock_method, address, Some(body))?;
        match answer.status.as_u16() {
            200 => Ok(None),
            409 | 423 => {
                let other: LockInfo = serde_json::from_slice(&answer.body).map_err(|_| {
                    self.failed(
                        "locked",
                        "HTTP remote state already locked, failed to unmarshal the lock info",
                    )
                })?;
                // The answer to an earlier attempt of ours may have been lost.
                Ok(Some(HolderInfo::from(other)).filter(|other| other.id != holder.id))
            }
            other => Err(self.failed("locked", format!("unexpected HTTP response code {other}"))),
        }
    }

    /// Gives the lock back, or takes it from whoever has it.
    pub(super) fn unlock(&self, holder: &HolderInfo) -> Result<(), StateError> {
        let Some(address) = &self.settings.unlock_address else {
            return Ok(());
        };
        let body = serde_json::to_vec(&LockInfo::from(holder)).unwrap_or_default();
        let answer = self.send("unlocked", &self.settings.unlock_method, address, Some(body))?;
        match answer.status.as_u16() {
            200 => Ok(()),
            other => Err(self.failed("unlocked", format!("unexpected HTTP response code {other}"))),
        }
    }
}

fn innermost(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_survive_the_protocol() {
        let holder = HolderInfo::new(
            "OperationTypeApply",
            "ada@engine",
            "run-1",
            "2026-11-21T10:00:00Z",
        );
        let text = serde_json::to_string(&LockInfo::from(&holder)).unwrap();
        assert!(
            text.contains("\"ID\":") && text.contains("\"Who\":\"ada@engine\""),
            "{text}"
        );
        let back: LockInfo = serde_json::from_str(&text).unwrap();
        assert_eq!(HolderInfo::from(back), holder);
        let theirs: LockInfo = serde_json::from_str("{\"ID\":\"x\",\"Info\":\"by hand\"}").unwrap();
        assert_eq!(HolderInfo::from(theirs).run, "by hand");
    }
}
