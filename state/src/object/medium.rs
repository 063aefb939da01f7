//! A state in a bucket: read, and open for writing.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use super::bucket::Bucket;
use super::bucket::Written;
use super::lease::Lease;
use super::places::Place;
use super::record;
use super::record::Author;
use super::record::Manifest;
use super::record::Snapshot;
use crate::RawJson;
use crate::StateError;
use crate::backend::Medium;
use crate::backend::Refused;
use crate::contents::Commit;
use crate::contents::Contents;
use crate::contents::Standing;
use crate::item::Codec;
use crate::item::Item;
use crate::item::Kind;

/// So many commits at most are left for readers to fetch one by one.
const LOGGED: usize = if cfg!(test) { 4 } else { 16 };
/// So many snapshots are kept.
const SNAPSHOTS: usize = 5;

/// All items by kind and name.
pub(super) type Items = BTreeMap<(Kind, String), RawJson>;

/// A state that was read.
pub(super) struct Read {
    pub(super) contents: Contents,
    manifest: Option<(Manifest, Option<String>)>,
    items: Items,
    /// Commits since the snapshot.
    logged: usize,
}

/// Reads a state: the newest snapshot, and the commits since.
pub(super) fn read(bucket: &Bucket, place: &Place, codec: &Codec, lineage: &str) -> Result<Read, StateError> {
    const ATTEMPTS: usize = 5;
    for _ in 1..ATTEMPTS {
        // Whoever writes may tidy up while we read: then another snapshot is the newest.
        if let Some(read) = attempt(bucket, place, codec, lineage)? {
            return Ok(read);
        }
    }
    attempt(bucket, place, codec, lineage)?.ok_or_else(|| StateError::Contradiction {
        path: bucket.place(&place.manifest()).into(),
        detail: "the snapshot or the commits that the manifest speaks of are not there".into(),
        snapshot: None,
    })
}

fn attempt(bucket: &Bucket, place: &Place, codec: &Codec, lineage: &str) -> Result<Option<Read>, StateError> {
    let mut read = Read {
        contents: Contents::empty(lineage),
        manifest: None,
        items: Items::new(),
        logged: 0,
    };
    if let Some(found) = bucket.get(&place.manifest())? {
        let path = PathBuf::from(bucket.place(&place.manifest()));
        let manifest = record::read_manifest(&path, &found.bytes)?;
        if let Some(snapshot) = &manifest.snapshot {
            let key = place.snapshot(&snapshot.name);
            let Some(found) = bucket.get(&key)? else {
                return Ok(None);
            };
            let items = &mut read.items;
            let path = PathBuf::from(bucket.place(&key));
            read.contents = record::read_snapshot(&path, &found.bytes, codec, |Item(kind, id, text)| {
                if let Some(text) = text {
                    items.insert((kind, id), text);
                }
            })?;
        }
        read.manifest = Some((manifest, found.etag));
    }
    let after = place.commit(read.contents.seq);
    let names = bucket.below(&place.log(), Some(after))?;
    let found = bucket.get_all(names.clone())?;
    for (name, found) in names.iter().zip(found) {
        let Some(found) = found else {
            return Ok(None);
        };
        let path = PathBuf::from(bucket.place(name));
        let (_, commit) = record::read_commit(&path, &found.bytes)?;
        if commit.standing.seq != read.contents.seq + 1 {
            return Ok(None);
        }
        take(&mut read.contents, codec, &path, &commit)?;
        keep(&mut read.items, commit.items);
        read.logged += 1;
    }
    let standing = read.contents.standing();
    if let Some((manifest, _)) = &read.manifest
        && (standing.seq < manifest.standing.seq
            || standing.seq == manifest.standing.seq && standing != manifest.standing)
    {
        return Ok(None);
    }
    Ok(Some(read))
}

/// Takes in the next commit.
pub(super) fn take(
    contents: &mut Contents,
    codec: &Codec,
    path: &Path,
    commit: &Commit,
) -> Result<(), StateError> {
    if commit.standing.seq != contents.seq + 1 {
        return Err(StateError::corrupt(
            path,
            format!("the commit before it, {}, is missing", commit.standing.seq - 1),
        ));
    }
    for item in &commit.items {
        contents.load(codec, item).map_err(|bad| bad.in_file(path))?;
    }
    contents.stand_at(&commit.standing);
    if contents.standing() == commit.standing {
        Ok(())
    } else {
        Err(StateError::corrupt(
            path,
            "its items do not add up to what it says of the state after it",
        ))
    }
}

pub(super) fn keep(items: &mut Items, changed: Vec<Item>) {
    for Item(kind, id, text) in changed {
        match text {
            Some(text) => items.insert((kind, id), text),
            None => items.remove(&(kind, id)),
        };
    }
}

/// A state that is locked and open.
#[derive(Debug)]
pub(super) struct Objects {
    bucket: Bucket,
    place: Place,
    manifest: Option<(Manifest, Option<String>)>,
    items: Items,
    logged: usize,
    changed: bool,
    /// A snapshot is made at the end, due or not.
    whole: bool,
    // Dropped last.
    lease: Lease,
}

impl Objects {
    /// Opens a state whose lock is held.
    pub(super) fn open(
        bucket: &Bucket,
        place: &Place,
        mut lease: Lease,
        codec: &Codec,
    ) -> Result<(Contents, Self), StateError> {
        let lineage = uuid::Uuid::new_v4().to_string();
        loop {
            let read = read(bucket, place, codec, &lineage)?;
            let mut contents = read.contents;
            let mut objects = Self {
                bucket: bucket.clone(),
                place: place.clone(),
                manifest: read.manifest,
                items: read.items,
                logged: read.logged,
                changed: false,
                whole: false,
                lease,
            };
            if !objects.lease.must_fence {
                return Ok((contents, objects));
            }
            // Takes the number that the one before, who may be alive, would use next.
            let mut standing = contents.standing();
            standing.seq += 1;
            let fencing = Commit {
                run: objects.lease.holder.run.clone(),
                standing: standing.clone(),
                items: Vec::new(),
            };
            if objects.write(&fencing)? {
                objects.lease.must_fence = false;
                contents.stand_at(&standing);
                return Ok((contents, objects));
            }
            lease = objects.lease;
        }
    }

    /// Writes a commit; false when its number is taken by another's.
    fn write(&mut self, commit: &Commit) -> Result<bool, StateError> {
        let key = self.place.commit(commit.standing.seq);
        let path = PathBuf::from(self.bucket.place(&key));
        let author = Author {
            fence: self.lease.fence,
            lock: self.lease.holder.id.clone(),
        };
        let bytes = record::commit(&path, &author, commit)?;
        if self.bucket.put_if(&key, bytes.clone(), None)? == Written::Refused {
            // A write whose answer was lost is refused when it is sent again.
            let there = self.bucket.get(&key)?;
            if there.is_none_or(|found| found.bytes != bytes) {
                return Ok(false);
            }
        }
        self.logged += 1;
        self.changed = true;
        Ok(true)
    }

    fn try_append(&mut self, commit: &mut Commit) -> Result<(), StateError> {
        self.lease.check()?;
        loop {
            if self.write(commit)? {
                return Ok(());
            }
            let seq = commit.standing.seq;
            let key = self.place.commit(seq);
            let found = self.bucket.get(&key)?;
            let path = PathBuf::from(self.bucket.place(&key));
            let author = found
                .map(|found| record::read_commit(&path, &found.bytes))
                .transpose()?
                .map(|(author, _)| author);
            match author {
                // An earlier attempt of ours that was thought to have failed: this commit has all of it, and more.
                Some(author) if author.lock == self.lease.holder.id => commit.standing.seq += 1,
                _ => return Err(self.lease.lost(&format!("somebody else has made commit {seq}"))),
            }
        }
    }

    fn due(&self) -> bool {
        let known = self
            .manifest
            .as_ref()
            .and_then(|(manifest, _)| manifest.snapshot.as_ref());
        known.is_none() || self.whole || self.logged >= LOGGED
    }

    /// Writes a snapshot if one is due, and the manifest; removes what no reader needs any more.
    fn tidy(&mut self, standing: &Standing) -> Result<(), StateError> {
        let due = self.due();
        let before = self.manifest.take();
        let mut snapshot = before
            .as_ref()
            .and_then(|(manifest, _)| manifest.snapshot.clone());
        let previous = snapshot.as_ref().map_or(0, |snapshot| snapshot.commit);
        if due {
            let items = std::mem::take(&mut self.items);
            snapshot = Some(write_snapshot(&self.bucket, &self.place, standing, items)?);
        }
        let manifest = Manifest {
            snapshot,
            standing: standing.clone(),
        };
        let key = self.place.manifest();
        let bytes = record::manifest(self.bucket.place(&key).as_ref(), &manifest)?;
        let etag = before.map(|(_, etag)| etag);
        if self.bucket.put_if(&key, bytes.clone(), etag)? == Written::Refused
            && self.bucket.get(&key)?.is_none_or(|found| found.bytes != bytes)
        {
            return Err(self.lease.lost("somebody else has written the manifest"));
        }
        if due {
            self.remove_old(previous)?;
        }
        Ok(())
    }

    /// Removes commits that the snapshot before the newest one covers, and the oldest snapshots: whoever has read the manifest
    /// before it changed still finds what it speaks of.
    fn remove_old(&self, previous: u64) -> Result<(), StateError> {
        let last = self.place.commit(previous);
        for name in self.bucket.below(&self.place.log(), None)? {
            if name <= last {
                self.bucket.remove(&name)?;
            }
        }
        let mut snapshots = self.bucket.below(&self.place.snapshots(), None)?;
        // Numbers of commits, which the names end in, tell the age.
        snapshots.sort_by_key(|name| name.rsplit('-').next().map(str::to_owned));
        let many = snapshots.len().saturating_sub(SNAPSHOTS);
        snapshots
            .iter()
            .take(many)
            .try_for_each(|name| self.bucket.remove(name))
    }
}

/// Writes a snapshot; what the manifest says of it.
pub(super) fn write_snapshot(
    bucket: &Bucket,
    place: &Place,
    standing: &Standing,
    items: Items,
) -> Result<Snapshot, StateError> {
    let name = format!("{:010}-{:020}.jsonl", standing.serial, standing.seq);
    let key = place.snapshot(&name);
    let items: Vec<Item> = items
        .into_iter()
        .map(|((kind, id), text)| Item(kind, id, Some(text)))
        .collect();
    let bytes = record::snapshot(bucket.place(&key).as_ref(), standing, &items)?;
    let size = bytes.len() as u64;
    bucket.put(&key, bytes)?;
    Ok(Snapshot {
        name,
        commit: standing.seq,
        bytes: size,
    })
}

impl Medium for Objects {
    fn append(&mut self, mut commit: Commit) -> Result<Standing, Refused> {
        match self.try_append(&mut commit) {
            Ok(()) => {
                keep(&mut self.items, commit.items);
                Ok(commit.standing)
            }
            Err(error) => Err(Refused {
                error,
                items: commit.items,
            }),
        }
    }

    fn copy_whole(&mut self) {
        self.whole = true;
    }

    fn finish(mut self: Box<Self>, standing: &Standing) -> Result<(), StateError> {
        if self.changed || (self.logged > 0 && self.due()) {
            self.lease.check()?;
            self.tidy(standing)?;
        }
        Ok(())
    }
}
