//! Places for states, one kind a medium.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::Backend;
use crate::Credentials;
use crate::Entry;
use crate::HolderInfo;
use crate::HttpSettings;
use crate::LockWait;
use crate::Mode;
use crate::Object;
use crate::PostgresSettings;
use crate::RawJson;
use crate::Record;
use crate::S3Settings;
use crate::Store;

use super::servers::ObjectStore;
use super::servers::StateServer;
use crate::postgres::tests::server::Server;

/// What a state can be kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Medium {
    Local,
    Postgres,
    S3,
    Http,
}

/// An empty place, and the server behind it.
pub(super) struct Place {
    /// How to reach it, for a process of its own: see [`backend_of`].
    pub(super) address: String,
    pub(super) folder: tempfile::TempDir,
    pub(super) postgres: Option<(Arc<Server>, String)>,
    pub(super) objects: Option<Arc<ObjectStore>>,
    pub(super) http: Option<StateServer>,
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A lease as short as there is.
const LEASE: Duration = Duration::from_secs(1);

impl Place {
    /// None: the server cannot be had here, which has been said.
    pub(super) fn new(medium: Medium) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut place = Place {
            address: String::new(),
            folder,
            postgres: None,
            objects: None,
            http: None,
        };
        place.address = match medium {
            Medium::Local => format!("local|{}", place.folder.path().join("state").display()),
            Medium::Postgres => {
                let server = Server::shared()?;
                let conn_str = server.database();
                let name = conn_str.rsplit('/').next()?.split('?').next()?.to_owned();
                place.postgres = Some((server, name));
                format!("pg|{conn_str}")
            }
            Medium::S3 => {
                let store = ObjectStore::shared()?;
                let key = format!("k{}/a.tfstate", NUMBER.fetch_add(1, Ordering::Relaxed));
                let address = format!("s3|{}|{key}", store.endpoint);
                place.objects = Some(store);
                address
            }
            Medium::Http => {
                let server = StateServer::start();
                let journal = place.folder.path().join("journal");
                let address = format!("http|{}|{}", server.address, journal.display());
                place.http = Some(server);
                address
            }
        };
        Some(place)
    }

    /// A connection of its own.
    pub(super) fn backend(&self) -> Backend {
        backend_of(&self.address)
    }

    /// Opens the state, waiting for the lock of one who was killed. (Behind an address it stays until it is cleared.)
    pub(super) fn open(&self) -> Store {
        self.clear_lock();
        open(&self.backend(), LockWait::UpTo(Duration::from_secs(30)))
    }

    pub(super) fn clear_lock(&self) {
        if let Some(server) = &self.http {
            server.clear_lock();
        }
    }
}

/// The backend of an address.
pub(super) fn backend_of(address: &str) -> Backend {
    let parts: Vec<&str> = address.split('|').collect();
    match parts[..] {
        ["local", folder] => Backend::folder(folder),
        ["pg", conn_str] => {
            let arguments = BTreeMap::from([("conn_str".to_owned(), conn_str.to_owned())]);
            Backend::postgres(PostgresSettings::new(&arguments, &|_| None).unwrap())
        }
        ["s3", endpoint, key] => Backend::s3(S3Settings {
            bucket: "states".into(),
            key: key.into(),
            region: "us-east-1".into(),
            endpoint: Some(endpoint.into()),
            path_style: true,
            credentials: Some(Credentials {
                access_key: "mock".into(),
                secret_key: "mock".into(),
                token: None,
            }),
            no_metadata_service: true,
            max_retries: 2,
            lease: LEASE,
            ..S3Settings::default()
        }),
        ["http", url, journal] => Backend::http(HttpSettings {
            lock_address: Some(url.into()),
            unlock_address: Some(url.into()),
            username: Some("ada".into()),
            password: Some("correct horse".into()),
            retry_max: 0,
            ..HttpSettings::new(url, PathBuf::from(journal))
        }),
        _ => panic!("no address: {address}"),
    }
}

pub(super) fn holder() -> HolderInfo {
    HolderInfo::new(
        "OperationTypeApply",
        "ada@engine",
        "run-1",
        "2026-11-21T10:00:00Z",
    )
}

pub(super) fn open(backend: &Backend, wait: LockWait) -> Store {
    backend.open("default", holder(), wait).unwrap()
}

/// A record of an object with this value.
pub(super) fn record(address: &str, value: &str) -> Record {
    let attributes = format!("{{\"value\":{value}}}");
    Record {
        address: address.into(),
        mode: Mode::Managed,
        type_name: "thing".into(),
        provider: "provider[\"registry.terraform.io/acme/thing\"]".into(),
        current: Some(Object {
            attributes: RawJson::from_text(attributes).unwrap(),
            ..Object::default()
        }),
        deposed: BTreeMap::new(),
        version: 0,
    }
}

pub(super) fn put(address: &str, value: &str) -> Entry {
    Entry::Put(record(address, value))
}

/// The value of a record.
pub(super) fn value_of(record: &Record) -> String {
    let attributes = record.current.as_ref().unwrap().attributes.as_str();
    let value = attributes
        .strip_prefix("{\"value\":")
        .and_then(|rest| rest.strip_suffix('}'));
    value.unwrap().to_owned()
}

/// A test a medium.
macro_rules! over_every_medium {
    ($($law:ident),* $(,)?) => {
        $(mod $law {
            use super::super::places::Medium;

            #[test]
            fn local() {
                super::$law(Medium::Local);
            }

            #[test]
            fn postgres() {
                super::$law(Medium::Postgres);
            }

            #[test]
            fn s3() {
                super::$law(Medium::S3);
            }

            #[test]
            fn http() {
                super::$law(Medium::Http);
            }
        })*
    };
}
pub(super) use over_every_medium;
