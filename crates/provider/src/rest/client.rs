//! One API plane: where it is and who we are there.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::time::Duration;

use reqwest::Method;
use tokio::sync::Semaphore;

use super::Call;
use super::CallError;
use super::Failure;
use super::RetryPolicy;

/// How a client proves who it is. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub enum Auth {
    /// It does not.
    None,
    /// HTTP Basic: key and secret.
    Basic(Arc<str>, Arc<str>),
    /// A bearer token.
    Bearer(Arc<str>),
}

impl Auth {
    /// HTTP Basic with a key and its secret.
    pub fn basic(key: &str, secret: &str) -> Self {
        Auth::Basic(key.into(), secret.into())
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Auth::None => "None",
            Auth::Basic(..) => "Basic(…)",
            Auth::Bearer(_) => "Bearer(…)",
        })
    }
}

/// Connections, pacing and manners that all clients of a provider share. Nothing is opened, and no TLS is set up,
/// before the first call.
pub struct Transport {
    user_agent: String,
    /// Calls at the same time to one host.
    parallel: usize,
    policy: RetryPolicy,
    outside: OnceLock<reqwest::Client>,
    loopback: OnceLock<reqwest::Client>,
    gates: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("user_agent", &self.user_agent)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl Transport {
    /// A transport that introduces itself with `user_agent`.
    pub fn new(user_agent: impl Into<String>, policy: RetryPolicy) -> Arc<Self> {
        Arc::new(Transport {
            user_agent: user_agent.into(),
            parallel: 20,
            policy,
            outside: OnceLock::new(),
            loopback: OnceLock::new(),
            gates: Mutex::new(HashMap::new()),
        })
    }

    /// How calls are repeated.
    pub fn policy(&self) -> RetryPolicy {
        self.policy
    }

    pub(super) fn http(&self, loopback: bool) -> Result<reqwest::Client, reqwest::Error> {
        let slot = if loopback { &self.loopback } else { &self.outside };
        if let Some(client) = slot.get() {
            return Ok(client.clone());
        }
        // Fails if a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .connect_timeout(Duration::from_secs(15))
            .read_timeout(Duration::from_secs(60))
            // An API does not redirect; a body and credentials must not follow one.
            .redirect(reqwest::redirect::Policy::none());
        if loopback {
            builder = builder.no_proxy();
        }
        let client = builder.build()?;
        Ok(slot.get_or_init(|| client).clone())
    }

    pub(super) fn gate(&self, host: &str) -> Arc<Semaphore> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            gates
                .entry(host.to_owned())
                .or_insert_with(|| Arc::new(Semaphore::new(self.parallel))),
        )
    }
}

/// A client of one API plane. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) transport: Arc<Transport>,
    pub(super) base: reqwest::Url,
    pub(super) auth: Auth,
    /// Where the credentials come from, as a sentence for who must correct them.
    pub(super) source: Option<Arc<str>>,
}

impl Client {
    /// A client for the API at `base` (which may carry a path of its own).
    ///
    /// # Errors
    ///
    /// The text is not an `http` or `https` URL.
    pub fn new(transport: &Arc<Transport>, base: &str, auth: Auth) -> Result<Self, CallError> {
        let wrong = |why: String| CallError::new(Failure::Unusable(why), "", base);
        let base = base.trim();
        let url = reqwest::Url::parse(base)
            .map_err(|e| wrong(format!("The endpoint {base:?} is not a URL: {e}.")))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(wrong(format!(
                "The endpoint {base:?} must start with \"https://\" (or \"http://\") and name a host."
            )));
        }
        Ok(Client {
            transport: Arc::clone(transport),
            base: url,
            auth,
            source: None,
        })
    }

    /// The same, able to say where its credentials come from: "The key comes from …", told when they are refused.
    #[must_use]
    pub fn with_source(self, sentence: &str) -> Self {
        Client {
            source: Some(sentence.into()),
            ..self
        }
    }

    /// Whether the API is on this machine, where nothing needs long pauses.
    pub fn is_loopback(&self) -> bool {
        match self.base.host_str() {
            Some("localhost") => true,
            Some(host) => host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|a| a.is_loopback()),
            None => false,
        }
    }

    /// The same plane with other credentials.
    #[must_use]
    pub fn with_auth(&self, auth: Auth) -> Self {
        Client {
            auth,
            source: None,
            ..self.clone()
        }
    }

    /// A GET of a path (its segments escaped already, see [`super::segment`]).
    pub fn get(&self, path: impl AsRef<str>) -> Call<'_> {
        Call::new(self, Method::GET, path.as_ref())
    }
    /// A POST. Not resent if it may have had its effect.
    pub fn post(&self, path: impl AsRef<str>) -> Call<'_> {
        Call::new(self, Method::POST, path.as_ref())
    }
    /// A PUT.
    pub fn put(&self, path: impl AsRef<str>) -> Call<'_> {
        Call::new(self, Method::PUT, path.as_ref())
    }
    /// A PATCH that sets attributes: the same twice is the same as once.
    pub fn patch(&self, path: impl AsRef<str>) -> Call<'_> {
        Call::new(self, Method::PATCH, path.as_ref())
    }
    /// A DELETE.
    pub fn delete(&self, path: impl AsRef<str>) -> Call<'_> {
        Call::new(self, Method::DELETE, path.as_ref())
    }
}
