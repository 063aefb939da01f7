//! The server's clock: whether a lease has run out is judged by it alone, so that clocks of different machines need not agree.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::HttpClient;
use object_store::client::HttpConnector;
use object_store::client::HttpError;
use object_store::client::HttpRequest;
use object_store::client::HttpResponse;
use object_store::client::HttpService;

/// What the server's clock said last, and when that was.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerClock {
    seen: Arc<Mutex<Option<(i64, Instant)>>>,
}

impl ServerClock {
    /// The present in seconds since 1970, by the server's clock; by ours, if it has not told.
    pub(super) fn now(&self) -> i64 {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match *seen {
            Some((then, at)) => then + i64::try_from(at.elapsed().as_secs()).unwrap_or(0),
            None => jiff::Timestamp::now().as_second(),
        }
    }

    fn note(&self, date: &str) {
        if let Some(then) = seconds(date) {
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((then, Instant::now()));
        }
    }
}

/// A `Date` header in seconds since 1970.
fn seconds(date: &str) -> Option<i64> {
    let date = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(date.timestamp().as_second())
}

/// Makes clients that note the time of every answer.
#[derive(Debug)]
pub(super) struct Connector {
    client: reqwest::Client,
    clock: ServerClock,
}

impl Connector {
    pub(super) fn new(client: reqwest::Client, clock: ServerClock) -> Self {
        Self { client, clock }
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Noting {
            client: self.client.clone(),
            clock: self.clock.clone(),
        }))
    }
}

struct Noting {
    client: reqwest::Client,
    clock: ServerClock,
}

impl fmt::Debug for Noting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Noting")
    }
}

#[async_trait]
impl HttpService for Noting {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let response = HttpService::call(&self.client, request).await?;
        let date = response.headers().get("date");
        if let Some(date) = date.and_then(|date| date.to_str().ok()) {
            self.clock.note(date);
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_servers_are_read() {
        assert_eq!(seconds("Thu, 01 Jan 1970 00:01:00 GMT"), Some(60));
        assert_eq!(seconds("yesterday"), None);
        let clock = ServerClock::default();
        clock.note("Thu, 01 Jan 1970 00:01:00 GMT");
        assert!((60..70).contains(&clock.now()));
    }
}
