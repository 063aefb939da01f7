//! One connection to the database, on a thread of its own.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use tokio_postgres::Client;
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;

use super::settings::PostgresSettings;
use super::tls;
use crate::StateError;
use crate::remote_thread::RemoteThread;

/// What goes wrong inside a job.
#[derive(Debug)]
pub(super) enum Trouble {
    Database(tokio_postgres::Error),
    State(StateError),
    /// The thread is gone, and with it the connection.
    Gone,
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StateError> for Trouble {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

impl Trouble {
    /// Whether the connection is broken, and another one may fare better.
    pub(super) fn is_broken(&self) -> bool {
        match self {
            Self::Gone => true,
            Self::State(_) => false,
            Self::Database(error) => match error.code() {
                None => true,
                // Connection errors, and a server that shuts down or was told to end the session.
                Some(code) => code.code().starts_with("08") || code.code().starts_with("57P"),
            },
        }
    }

    pub(super) fn told(self, place: &str) -> StateError {
        match self {
            Self::State(error) => error,
            Self::Database(error) => StateError::Database {
                place: place.to_owned(),
                detail: describe(&error),
            },
            Self::Gone => StateError::Database {
                place: place.to_owned(),
                detail: "the connection was lost".into(),
            },
        }
    }
}

/// What the database says, with its causes. Statements and parameters are not part of it.
pub(super) fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        let hint = said.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
        return format!("{}{hint}, code {}", said.message(), said.code().code());
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = cause.source();
    }
    text
}

/// A connection. The thread and the session end when this is dropped.
pub(super) struct Link {
    client: Arc<Mutex<Client>>,
    thread: RemoteThread,
    place: Arc<str>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.place).finish()
    }
}

impl Link {
    pub(super) fn open(settings: &PostgresSettings) -> Result<Self, StateError> {
        let place: Arc<str> = settings.place().into();
        let failed = |detail: String| StateError::Database {
            place: place.to_string(),
            detail,
        };
        let thread = RemoteThread::start().map_err(|error| failed(error.to_string()))?;
        let settings = settings.clone();
        let client = thread
            .run(async move { connect(&settings).await })
            .unwrap_or_else(|| Err("the connection was lost".into()))
            .map_err(failed)?;
        Ok(Self {
            client: Arc::new(Mutex::new(client)),
            thread,
            place,
        })
    }

    /// Runs `work` with the connection and waits for what comes of it.
    pub(super) fn call<T, W>(&self, work: W) -> Result<T, Trouble>
    where
        T: Send + 'static,
        W: for<'a> FnOnce(&'a mut Client) -> BoxFuture<'a, Result<T, Trouble>> + Send + 'static,
    {
        let client = Arc::clone(&self.client);
        self.thread
            .run(async move { work(&mut *client.lock().await).await })
            .unwrap_or(Err(Trouble::Gone))
    }
}

async fn connect(settings: &PostgresSettings) -> Result<Client, String> {
    let client = if settings.config.get_ssl_mode() == SslMode::Disable {
        let (client, connection) = settings.config.connect(NoTls).await.map_err(|e| describe(&e))?;
        tokio::spawn(connection);
        client
    } else {
        let connector = tls::connector(&settings.tls)?;
        let (client, connection) = settings.config.connect(connector).await.map_err(|e| {
            let detail = describe(&e);
            if detail.contains("server does not support TLS") {
                format!("{detail}; add sslmode=disable to conn_str if that is meant")
            } else {
                detail
            }
        })?;
        tokio::spawn(connection);
        client
    };
    // A host that vanished without a word is noticed after half a minute, and its locks are free again.
    client
        .batch_execute(
            "SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; \
             SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = warning",
        )
        .await
        .map_err(|e| describe(&e))?;
    Ok(client)
}
