//! What every handler shares.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Credentials;
use crate::clock::{Clock, Moment};
use crate::flink::catalog::Catalog;
use crate::flink::engine::StatementEngine;
use crate::http::error::ApiError;
use crate::http::faults::Faults;
use crate::store::{Op, Store, World};

/// The state of a running emulator.
#[derive(Debug)]
pub(crate) struct Shared {
    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub(crate) endpoint: String,
    pub(crate) organization: String,
    /// The id of the Cloud API key that the organization started with; it never has to wait until it is known.
    pub(crate) first_key: String,
    /// What opens the organization from the start.
    pub(crate) credentials: Credentials,
    pub(crate) phase_delay: Duration,
    pub(crate) clock: Clock,
    pub(crate) faults: Mutex<Faults>,
    /// What gives statements their effect.
    pub(crate) engine: Box<dyn StatementEngine>,
    store: Mutex<Store>,
}

/// A handle to [`Shared`].
pub(crate) type App = Arc<Shared>;

/// The locked store within one request, and the moment at which the request is served.
pub(crate) struct Session<'a> {
    store: MutexGuard<'a, Store>,
    /// The present.
    pub(crate) now: Moment,
}

impl Shared {
    pub(crate) fn new(credentials: Credentials, phase_delay: Duration, store: Store) -> App {
        Arc::new(Shared {
            endpoint: credentials.endpoint.clone(),
            organization: credentials.organization_id.clone(),
            first_key: credentials.cloud_api_key.clone(),
            credentials,
            phase_delay,
            clock: Clock::default(),
            faults: Mutex::default(),
            engine: Box::new(Catalog),
            store: Mutex::new(store),
        })
    }

    /// Locks the store. Never hold the session across an await.
    pub(crate) fn session(&self) -> Session<'_> {
        Session {
            store: self.store.lock().unwrap_or_else(PoisonError::into_inner),
            now: self.clock.now(),
        }
    }

    /// Whether an object made at `created` is past its passing phase.
    pub(crate) fn is_ready(&self, created: Moment, now: Moment) -> bool {
        created.is_past(self.phase_delay, now)
    }
}

impl Session<'_> {
    /// What exists.
    pub(crate) fn world(&self) -> &World {
        self.store.world()
    }

    /// Makes a change; the answer must not be sent before this has succeeded.
    pub(crate) fn commit(&mut self, ops: Vec<Op>) -> Result<(), ApiError> {
        self.store.commit(ops).map_err(|error| {
            ApiError::cloud(
                500,
                "internal_server_error",
                format!("The emulator cannot write its log: {error}."),
            )
        })
    }

    /// Forces everything to the disk.
    pub(crate) fn sync(&self) -> std::io::Result<()> {
        self.store.sync()
    }
}
