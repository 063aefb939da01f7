//! States in an object store that speaks the protocol of S3 and knows conditional writes.
//!
//! A commit is one object, written only where there is none of its number: two writers can never both make commit *n*. The
//! [lease](lease) keeps them from trying.

mod bucket;
mod check;
mod clock;
mod copies;
mod lease;
mod medium;
mod places;
mod profile;
mod record;
mod settings;

use std::sync::OnceLock;

pub use settings::Credentials;
pub use settings::Proxies;
pub use settings::S3Settings;
pub(crate) use settings::is_loopback;

use crate::DEFAULT_WORKSPACE;
use crate::HolderInfo;
use crate::KeptSnapshot;
use crate::LockWait;
use crate::Rekeyed;
use crate::Restored;
use crate::StateError;
use crate::StateView;
use crate::backend::Keeper;
use crate::backend::Opened;
use crate::check::Examined;
use crate::item::Codec;
use bucket::Bucket;
use bucket::Written;
use lease::Lease;
use medium::Objects;
use places::Place;

/// What workspaces are kept below, if nothing is said.
const PREFIX: &str = "env:";

/// A bucket, connected when it is first asked.
#[derive(Debug)]
pub(crate) struct ObjectKeeper {
    settings: S3Settings,
    bucket: OnceLock<Bucket>,
}

impl ObjectKeeper {
    pub(crate) fn new(settings: S3Settings) -> Self {
        Self {
            settings,
            bucket: OnceLock::new(),
        }
    }

    fn bucket(&self) -> Result<&Bucket, StateError> {
        if let Some(bucket) = self.bucket.get() {
            return Ok(bucket);
        }
        let bucket = Bucket::connect(&self.settings)?;
        Ok(self.bucket.get_or_init(|| bucket))
    }

    fn prefix(&self) -> &str {
        let given = self.settings.workspace_key_prefix.as_deref();
        given.map_or(PREFIX, |prefix| prefix.trim_matches('/'))
    }

    /// The object in which Terraform keeps a workspace.
    fn key(&self, workspace: &str) -> String {
        let key = &self.settings.key;
        if workspace == DEFAULT_WORKSPACE {
            key.clone()
        } else if self.prefix().is_empty() {
            format!("{workspace}/{key}")
        } else {
            format!("{}/{workspace}/{key}", self.prefix())
        }
    }

    fn state(&self, workspace: &str) -> Place {
        Place::beside(&self.key(workspace))
    }

    /// Takes the lock of a workspace's state.
    fn locked(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
    ) -> Result<(&Bucket, Place, Lease), StateError> {
        let bucket = self.bucket()?;
        let place = self.state(workspace);
        let lease = lease::acquire(bucket, &place.lock(), holder, wait, self.settings.lease)?;
        Ok((bucket, place, lease))
    }

    /// Whether there is a state of ours, or one of Terraform's.
    fn holds(&self, bucket: &Bucket, workspace: &str) -> Result<(bool, bool), StateError> {
        let key = self.key(workspace);
        let place = Place::beside(&key);
        let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let inside = bucket.inside(folder)?;
        Ok((
            inside.folders.iter().any(|name| name == place.folder()),
            inside.objects.contains(&key),
        ))
    }
}

impl Keeper for ObjectKeeper {
    fn place(&self, workspace: &str) -> String {
        format!("s3://{}/{}", self.settings.bucket, self.state(workspace).folder())
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn workspaces(&self) -> Result<Vec<String>, StateError> {
        let bucket = self.bucket()?;
        let mut names = vec![DEFAULT_WORKSPACE.to_owned()];
        for folder in bucket.inside(self.prefix())?.folders {
            let name = folder.rsplit('/').next().unwrap_or_default();
            let (ours, theirs) = self.holds(bucket, name)?;
            if name != DEFAULT_WORKSPACE && (ours || theirs) {
                names.push(name.to_owned());
            }
        }
        names[1..].sort_unstable();
        Ok(names)
    }

    fn exists(&self, workspace: &str) -> Result<bool, StateError> {
        Ok(self.holds(self.bucket()?, workspace)?.0)
    }

    fn foreign(&self, workspace: &str) -> Result<Option<(String, Vec<u8>)>, StateError> {
        let bucket = self.bucket()?;
        let key = self.key(workspace);
        Ok(bucket.get(&key)?.map(|found| (bucket.place(&key), found.bytes)))
    }

    fn open(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        codec: &Codec,
    ) -> Result<Opened, StateError> {
        let (bucket, place, lease) = self.locked(workspace, holder, wait)?;
        let taken_over = lease.taken_over.clone();
        let (contents, medium) = Objects::open(bucket, &place, lease, codec)?;
        Ok(Opened {
            contents,
            medium: Box::new(medium),
            taken_over,
            repaired: None,
        })
    }

    fn read(&self, workspace: &str, codec: &Codec) -> Result<StateView, StateError> {
        let read = medium::read(self.bucket()?, &self.state(workspace), codec, "")?;
        Ok(read.contents.view)
    }

    fn delete(&self, workspace: &str) -> Result<(), StateError> {
        let bucket = self.bucket()?;
        let place = self.state(workspace);
        let lock = place.lock();
        for name in bucket.below(place.folder(), None)? {
            if name != lock {
                bucket.remove(&name)?;
            }
        }
        // Last: as long as anything is there, it is locked in order.
        bucket.remove(&lock)
    }

    fn holders(&self, workspace: &str) -> Result<Vec<HolderInfo>, StateError> {
        let holder = lease::info(self.bucket()?, &self.state(workspace).lock())?;
        Ok(holder.into_iter().collect())
    }

    fn force_unlock(&self, workspace: &str, id: &str) -> Result<HolderInfo, StateError> {
        lease::force_unlock(self.bucket()?, &self.state(workspace).lock(), id)
    }

    fn check(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        codec: &Codec,
    ) -> Result<Examined, StateError> {
        let (bucket, place, lease) = self.locked(workspace, holder, wait)?;
        check::examine(bucket, &place, &lease, codec)
    }

    fn snapshots(&self, workspace: &str, codec: &Codec) -> Result<Vec<KeptSnapshot>, StateError> {
        copies::list(self.bucket()?, &self.state(workspace), codec)
    }

    fn restore(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        serial: Option<u64>,
        codec: &Codec,
    ) -> Result<Restored, StateError> {
        let (bucket, place, mut lease) = self.locked(workspace, holder, wait)?;
        copies::restore(bucket, &place, &mut lease, codec, serial)
    }

    fn reseal_copies(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        codec: &Codec,
    ) -> Result<Rekeyed, StateError> {
        let (bucket, place, _lease) = self.locked(workspace, holder, wait)?;
        copies::reseal(bucket, &place, codec)
    }

    fn replace_document(&self, workspace: &str, name: &str, stored: &[u8]) -> Result<(), StateError> {
        self.bucket()?
            .put(&self.state(workspace).document(name), stored.to_vec())
    }

    fn create_document(&self, workspace: &str, name: &str, stored: &[u8]) -> Result<bool, StateError> {
        let bucket = self.bucket()?;
        let key = self.state(workspace).document(name);
        if let Written::Done(_) = bucket.put_if(&key, stored.to_vec(), None)? {
            return Ok(true);
        }
        // A write whose answer was lost is refused when it is sent again.
        Ok(bucket.get(&key)?.is_some_and(|found| found.bytes == stored))
    }

    fn document(&self, workspace: &str, name: &str) -> Result<Option<Vec<u8>>, StateError> {
        let found = self.bucket()?.get(&self.state(workspace).document(name))?;
        Ok(found.map(|found| found.bytes))
    }

    fn documents(&self, workspace: &str, prefix: &str) -> Result<Vec<String>, StateError> {
        let folder = self.state(workspace).documents();
        let names = self.bucket()?.below(&folder, None)?;
        let names = names
            .iter()
            .filter_map(|name| name.strip_prefix(&folder)?.strip_prefix('/'));
        Ok(names
            .filter(|name| name.starts_with(prefix))
            .map(str::to_owned)
            .collect())
    }

    fn remove_document(&self, workspace: &str, name: &str) -> Result<(), StateError> {
        self.bucket()?.remove(&self.state(workspace).document(name))
    }
}
