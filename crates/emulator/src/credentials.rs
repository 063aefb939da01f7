//! What opens an emulator, and asking a running one on this machine for that.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long an emulator may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any answer.
const LONGEST: u64 = 64 * 1024;

/// Where an emulator is and what opens it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub endpoint: String,
    /// The id of the Cloud API key that the organization started with.
    pub cloud_api_key: String,
    /// Its secret.
    pub cloud_api_secret: String,
    /// The organization's id, a UUID.
    pub organization_id: String,
}

impl fmt::Debug for Credentials {
    /// Leaves out the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("endpoint", &self.endpoint)
            .field("organization_id", &self.organization_id)
            .finish_non_exhaustive()
    }
}

/// Why a running emulator did not tell its credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The address is none that an emulator can have.
    #[error("{0:?} is not the address of an emulator; it looks like http://127.0.0.1:8080")]
    Address(String),
    /// Nobody answers there.
    #[error("no emulator answers at {address}: {source}")]
    Unreachable {
        /// Where.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Somebody answers, but not with credentials.
    #[error("what answers at {0} does not tell the credentials of an emulator")]
    Refused(String),
}

/// Asks the emulator at `url` for its first Cloud API key (`GET /_emulator/credentials`). It tells them to callers on its own
/// machine only.
///
/// # Errors
/// When nobody answers there within five seconds, or whoever does is no emulator.
pub async fn credentials(url: &str) -> Result<Credentials, CredentialsError> {
    let host = url
        .strip_prefix("http://")
        .map(|rest| rest.trim_end_matches('/'))
        .filter(|host| !host.is_empty() && !host.contains(['/', '@', ' ', '\r', '\n']))
        .ok_or_else(|| CredentialsError::Address(url.to_owned()))?;
    let answer = tokio::time::timeout(PATIENCE, ask(host))
        .await
        .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
        .map_err(|source| CredentialsError::Unreachable {
            address: url.to_owned(),
            source,
        })?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1);
    serde_json::from_str(body)
        .ok()
        .filter(|_| status == Some("200"))
        .ok_or_else(|| CredentialsError::Refused(url.to_owned()))
}

/// One request on one connection: not worth an HTTP client. HTTP/1.0 keeps the answer in one piece.
async fn ask(host: &str) -> std::io::Result<String> {
    let address = if host.rsplit(']').next().is_some_and(|tail| tail.contains(':')) {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let mut stream = TcpStream::connect(address).await?;
    let request =
        format!("GET /_emulator/credentials HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
