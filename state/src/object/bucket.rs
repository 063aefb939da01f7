//! A bucket, spoken to synchronously.

use std::fmt;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::TryStreamExt as _;
use futures_util::stream;
use object_store::Error;
use object_store::ObjectStore;
use object_store::ObjectStoreExt as _;
use object_store::PutMode;
use object_store::PutOptions;
use object_store::UpdateVersion;
use object_store::aws::AmazonS3;
use object_store::path::Path;

use super::clock::ServerClock;
use super::settings::S3Settings;
use crate::StateError;
use crate::remote_thread::RemoteThread;
use crate::steps::step;

/// So many objects are fetched at the same time.
const PARALLEL: usize = 16;

/// A bucket that is connected. Cheap to clone.
#[derive(Clone)]
pub(super) struct Bucket {
    store: Arc<AmazonS3>,
    pub(super) clock: ServerClock,
    pub(super) thread: RemoteThread,
    name: Arc<str>,
}

/// An object that was read.
pub(super) struct Found {
    pub(super) bytes: Vec<u8>,
    pub(super) etag: Option<String>,
    /// When it was written, in seconds since 1970 by the server's clock.
    pub(super) written: i64,
}

/// What came of a write with a condition.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It was done; the new version.
    Done(Option<String>),
    /// The condition does not hold.
    Refused,
}

/// What is in a folder.
pub(super) struct Listing {
    pub(super) folders: Vec<String>,
    pub(super) objects: Vec<String>,
}

impl fmt::Debug for Bucket {
    /// Shows where, never what opens it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bucket").field(&self.name).finish()
    }
}

impl Bucket {
    pub(super) fn connect(settings: &S3Settings) -> Result<Self, StateError> {
        let (store, clock) = settings.connect()?;
        let thread = RemoteThread::start().map_err(|e| StateError::Settings {
            backend: "s3",
            detail: format!("no thread can be started: {e}"),
        })?;
        Ok(Self {
            store: Arc::new(store),
            clock,
            thread,
            name: settings.bucket.as_str().into(),
        })
    }

    /// The address of an object in words.
    pub(super) fn place(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }

    fn path(&self, key: &str) -> Result<Path, StateError> {
        Path::parse(key).map_err(|e| self.failed(key, "addressed", &e.to_string()))
    }

    fn failed(&self, key: &str, verb: &'static str, detail: &str) -> StateError {
        StateError::Remote {
            place: self.place(key),
            verb,
            detail: detail.to_owned(),
        }
    }

    fn told(&self, key: &str, verb: &'static str, error: &Error) -> StateError {
        self.failed(key, verb, &innermost(error))
    }

    /// Runs work on the thread of the network.
    fn run<T: Send + 'static>(
        &self,
        key: &str,
        work: impl Future<Output = Result<T, StateError>> + Send + 'static,
    ) -> Result<T, StateError> {
        self.thread
            .run(work)
            .unwrap_or_else(|| Err(self.failed(key, "asked for", "the work on it broke off")))
    }

    /// Reads an object; `None` when there is none.
    pub(super) fn get(&self, key: &str) -> Result<Option<Found>, StateError> {
        let (bucket, name) = (self.clone(), key.to_owned());
        self.run(key, async move { bucket.fetch(&name).await })
    }

    pub(super) async fn fetch(&self, key: &str) -> Result<Option<Found>, StateError> {
        let found = match self.store.get(&self.path(key)?).await {
            Ok(found) => found,
            Err(Error::NotFound { source, .. }) => {
                // A bucket that is not there is not an object that is not there.
                let text = source.to_string();
                if text.contains("NoSuchBucket") {
                    return Err(self.failed(key, "read", "the bucket does not exist"));
                }
                return Ok(None);
            }
            Err(error) => return Err(self.told(key, "read", &error)),
        };
        let (etag, written) = (found.meta.e_tag.clone(), found.meta.last_modified.timestamp());
        let bytes = found
            .bytes()
            .await
            .map_err(|error| self.told(key, "read", &error))?;
        Ok(Some(Found {
            bytes: bytes.to_vec(),
            etag,
            written,
        }))
    }

    /// Reads objects, several at a time; they come in the order in which they were asked for.
    pub(super) fn get_all(&self, keys: Vec<String>) -> Result<Vec<Option<Found>>, StateError> {
        let bucket = self.clone();
        let place = keys.first().cloned().unwrap_or_default();
        self.run(&place, async move {
            stream::iter(keys)
                .map(move |key| {
                    let bucket = bucket.clone();
                    async move { bucket.fetch(&key).await }
                })
                .buffered(PARALLEL)
                .try_collect()
                .await
        })
    }

    /// Writes an object, whatever is there.
    pub(super) fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), StateError> {
        let (bucket, name) = (self.clone(), key.to_owned());
        step("object: before it is written");
        let written = self.run(key, async move {
            bucket.store_as(&name, bytes, PutMode::Overwrite).await.map(drop)
        });
        step("object: after it is written");
        written
    }

    /// Writes an object where there is none (`before` is none), or in the place of a version of it.
    pub(super) fn put_if(
        &self,
        key: &str,
        bytes: Vec<u8>,
        before: Option<Option<String>>,
    ) -> Result<Written, StateError> {
        let (bucket, name) = (self.clone(), key.to_owned());
        step("object: before it is written");
        let written = self.run(key, async move { bucket.store_if(&name, bytes, before).await });
        step("object: after it is written");
        written
    }

    pub(super) async fn store_if(
        &self,
        key: &str,
        bytes: Vec<u8>,
        before: Option<Option<String>>,
    ) -> Result<Written, StateError> {
        let mode = match before {
            None => PutMode::Create,
            Some(e_tag) => PutMode::Update(UpdateVersion { e_tag, version: None }),
        };
        self.store_as(key, bytes, mode).await
    }

    async fn store_as(&self, key: &str, bytes: Vec<u8>, mode: PutMode) -> Result<Written, StateError> {
        let options = PutOptions::from(mode);
        match self.store.put_opts(&self.path(key)?, bytes.into(), options).await {
            Ok(done) => Ok(Written::Done(done.e_tag)),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotModified { .. }) => {
                Ok(Written::Refused)
            }
            Err(error) => Err(self.told(key, "written", &error)),
        }
    }

    /// Removes an object, if it is there.
    pub(super) fn remove(&self, key: &str) -> Result<(), StateError> {
        let (bucket, name) = (self.clone(), key.to_owned());
        step("object: before it is removed");
        self.run(key, async move {
            match bucket.store.delete(&bucket.path(&name)?).await {
                Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(bucket.told(&name, "removed", &error)),
            }
        })
    }

    /// The names of all objects below a folder, sorted; with `after`, those that come later than it.
    pub(super) fn below(&self, folder: &str, after: Option<String>) -> Result<Vec<String>, StateError> {
        let (bucket, name) = (self.clone(), folder.to_owned());
        self.run(folder, async move {
            let path = bucket.path(&name)?;
            let found = match after {
                Some(after) => bucket.store.list_with_offset(Some(&path), &bucket.path(&after)?),
                None => bucket.store.list(Some(&path)),
            };
            let found: Vec<_> = found
                .map_ok(|meta| meta.location.to_string())
                .try_collect()
                .await
                .map_err(|error| bucket.told(&name, "listed", &error))?;
            let mut found = found;
            found.sort_unstable();
            Ok(found)
        })
    }

    /// What is directly in a folder (the whole bucket, if its name is empty).
    pub(super) fn inside(&self, folder: &str) -> Result<Listing, StateError> {
        let (bucket, name) = (self.clone(), folder.to_owned());
        self.run(folder, async move {
            let path = bucket.path(&name)?;
            let path = Some(&path).filter(|_| !name.is_empty());
            let found = bucket
                .store
                .list_with_delimiter(path)
                .await
                .map_err(|error| bucket.told(&name, "listed", &error))?;
            Ok(Listing {
                folders: found.common_prefixes.iter().map(Path::to_string).collect(),
                objects: found
                    .objects
                    .iter()
                    .map(|meta| meta.location.to_string())
                    .collect(),
            })
        })
    }
}

/// What is really wrong: the errors around it say again where it happened.
fn innermost(error: &Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    let text = inner.to_string();
    if text.is_empty() { error.to_string() } else { text }
}
