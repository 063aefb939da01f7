//! The copies that a state in a bucket has of itself: listed, gone back to, sealed anew.

use std::path::PathBuf;
use std::time::Duration;
use std::time::SystemTime;

use super::bucket::Bucket;
use super::bucket::Found;
use super::bucket::Written;
use super::lease::Lease;
use super::medium;
use super::medium::Items;
use super::places::Place;
use super::record;
use super::record::Author;
use super::record::Manifest;
use crate::KeptSnapshot;
use crate::Rekeyed;
use crate::Restored;
use crate::SnapshotInfo;
use crate::StateError;
use crate::contents::Commit;
use crate::contents::Contents;
use crate::item::Codec;
use crate::item::Item;
use crate::rekey;

/// A snapshot, as its name tells.
pub(super) struct Copy {
    pub(super) key: String,
    pub(super) serial: u64,
    pub(super) commit: u64,
}

/// All snapshots, newest first.
pub(super) fn all(bucket: &Bucket, place: &Place) -> Result<Vec<Copy>, StateError> {
    let names = bucket.below(&place.snapshots(), None)?;
    let mut found: Vec<Copy> = names
        .into_iter()
        .filter_map(|key| {
            let name = key.rsplit('/').next()?.strip_suffix(".jsonl")?;
            let (serial, commit) = name.split_once('-')?;
            let (serial, commit) = (serial.parse().ok()?, commit.parse().ok()?);
            Some(Copy { key, serial, commit })
        })
        .collect();
    found.sort_by_key(|copy| std::cmp::Reverse(copy.commit));
    Ok(found)
}

impl Copy {
    fn fetch(&self, bucket: &Bucket) -> Result<Found, StateError> {
        bucket
            .get(&self.key)?
            .ok_or_else(|| StateError::corrupt(bucket.place(&self.key).as_ref(), "it was removed"))
    }

    /// The state in it, with its items as they are stored.
    pub(super) fn read(&self, bucket: &Bucket, codec: &Codec) -> Result<(Contents, Items), StateError> {
        let found = self.fetch(bucket)?;
        let mut items = Items::new();
        let path = PathBuf::from(bucket.place(&self.key));
        let contents = record::read_snapshot(&path, &found.bytes, codec, |Item(kind, id, text)| {
            items.extend(text.map(|text| ((kind, id), text)));
        })?;
        Ok((contents, items))
    }
}

/// All snapshots, newest first, and of each how many records it holds.
pub(super) fn list(bucket: &Bucket, place: &Place, codec: &Codec) -> Result<Vec<KeptSnapshot>, StateError> {
    let mut kept = Vec::new();
    for copy in all(bucket, place)? {
        let path = PathBuf::from(bucket.place(&copy.key));
        let found = copy.fetch(bucket)?;
        let contents = record::read_snapshot(&path, &found.bytes, codec, |_| {});
        let since = Duration::from_secs(u64::try_from(found.written).unwrap_or(0));
        kept.push(KeptSnapshot {
            info: SnapshotInfo {
                path,
                serial: copy.serial,
                commit: copy.commit,
                bytes: found.bytes.len() as u64,
                written: Some(SystemTime::UNIX_EPOCH + since),
            },
            records: contents.map(|contents| contents.view.len()),
        });
    }
    Ok(kept)
}

/// What does not say that a copy is damaged, but that it cannot be read from here.
pub(super) fn is_no_damage(error: &StateError) -> bool {
    matches!(
        error,
        StateError::NewerFormat { .. }
            | StateError::Unseal { .. }
            | StateError::KeyFile { .. }
            | StateError::Remote { .. }
    )
}

/// Replaces the state by one of its snapshots: that of `serial`, or the newest that reads well, and then also as many of the
/// commits after it as read well.
pub(super) fn restore(
    bucket: &Bucket,
    place: &Place,
    lease: &mut Lease,
    codec: &Codec,
    serial: Option<u64>,
) -> Result<Restored, StateError> {
    let copies = all(bucket, place)?;
    let mut chosen = None;
    let mut damaged = Vec::new();
    for copy in &copies {
        if serial.is_some_and(|serial| serial != copy.serial) {
            continue;
        }
        match copy.read(bucket, codec) {
            Ok((contents, items)) => {
                chosen = Some((copy, contents, items));
                break;
            }
            Err(error) if is_no_damage(&error) => return Err(error),
            Err(_) => damaged.push(copy.key.clone()),
        }
    }
    let Some((copy, mut contents, mut items)) = chosen else {
        return Err(StateError::NoSnapshot {
            path: bucket.place(&place.snapshots()).into(),
            serial,
        });
    };
    if serial.is_none() {
        follow(bucket, place, codec, &mut contents, &mut items)?;
    }
    let from_serial = contents.view.serial;

    // Above everything known, so that neither a plan made before nor a leftover object is taken for part of the new state.
    let before = bucket.get(&place.manifest())?;
    let path = PathBuf::from(bucket.place(&place.manifest()));
    let known = before
        .as_ref()
        .and_then(|found| record::read_manifest(&path, &found.bytes).ok())
        .map(|manifest| manifest.standing);
    let commits = bucket.below(&place.log(), None)?;
    let last = commits
        .last()
        .and_then(|name| name.rsplit('/').next()?.parse().ok())
        .unwrap_or(0);
    let serials = copies.iter().map(|copy| copy.serial);
    contents.view.serial = 1 + serials
        .chain([from_serial])
        .chain(known.as_ref().map(|known| known.serial))
        .fold(0, u64::max);
    let numbers = copies.iter().map(|copy| copy.commit);
    contents.seq = 1 + numbers
        .chain([contents.seq, last])
        .chain(known.as_ref().map(|known| known.seq))
        .fold(0, u64::max);
    let standing = contents.standing();

    // Whoever held the lock before and may be alive finds the next number taken. Readers that still go by the old manifest must be
    // able to add it up.
    let mut closing = medium::read(bucket, place, codec, "")
        .map_or_else(|_| standing.clone(), |read| read.contents.standing());
    closing.seq = standing.seq;
    let author = Author {
        fence: lease.fence,
        lock: lease.holder.id.clone(),
    };
    let fencing = Commit {
        run: lease.holder.run.clone(),
        standing: closing,
        items: Vec::new(),
    };
    let key = place.commit(standing.seq);
    let bytes = record::commit(bucket.place(&key).as_ref(), &author, &fencing)?;
    if bucket.put_if(&key, bytes, None)? == Written::Refused {
        return Err(lease.lost(&format!("somebody else has made commit {}", standing.seq)));
    }
    lease.must_fence = false;

    let snapshot = medium::write_snapshot(bucket, place, &standing, items)?;
    let manifest = Manifest {
        snapshot: Some(snapshot),
        standing,
    };
    let etag = before.map(|found| found.etag);
    let bytes = record::manifest(&path, &manifest)?;
    if bucket.put_if(&place.manifest(), bytes, etag)? == Written::Refused {
        return Err(lease.lost("somebody else has written the manifest"));
    }
    damaged.extend(commits);
    set_aside(bucket, place, &damaged)?;
    Ok(Restored {
        snapshot: bucket.place(&copy.key).into(),
        from_serial,
        serial: manifest.standing.serial,
        set_aside: bucket.place(&place.set_aside()).into(),
        lost: Vec::new(),
    })
}

/// Takes in the commits after a snapshot, up to the first that does not read well.
fn follow(
    bucket: &Bucket,
    place: &Place,
    codec: &Codec,
    contents: &mut Contents,
    items: &mut Items,
) -> Result<(), StateError> {
    let names = bucket.below(&place.log(), Some(place.commit(contents.seq)))?;
    for (name, found) in names.iter().zip(bucket.get_all(names.clone())?) {
        let path = PathBuf::from(bucket.place(name));
        let Some(commit) = found.and_then(|found| record::read_commit(&path, &found.bytes).ok()) else {
            break;
        };
        let mut ahead = contents.clone();
        if medium::take(&mut ahead, codec, &path, &commit.1).is_err() {
            break;
        }
        *contents = ahead;
        medium::keep(items, commit.1.items);
    }
    Ok(())
}

/// Moves objects out of the way; what was set aside before is given up.
fn set_aside(bucket: &Bucket, place: &Place, keys: &[String]) -> Result<(), StateError> {
    remove_all(bucket, &place.set_aside())?;
    for key in keys {
        let Some(found) = bucket.get(key)? else { continue };
        bucket.put(&place.aside(key), found.bytes)?;
        bucket.remove(key)?;
    }
    Ok(())
}

fn remove_all(bucket: &Bucket, folder: &str) -> Result<(), StateError> {
    let names = bucket.below(folder, None)?;
    names.iter().try_for_each(|name| bucket.remove(name))
}

/// Seals all snapshots with the codec's own key, each in one step, and gives up what only repeats them: commits that the newest one
/// covers, and what a restore has set aside. The run before has left a snapshot of the present state.
pub(super) fn reseal(bucket: &Bucket, place: &Place, codec: &Codec) -> Result<Rekeyed, StateError> {
    let mut done = Rekeyed::default();
    let copies = all(bucket, place)?;
    for copy in &copies {
        let path = PathBuf::from(bucket.place(&copy.key));
        let sealed = copy.read(bucket, codec).and_then(|(contents, items)| {
            let items = items
                .into_iter()
                .map(|((kind, id), text)| Item(kind, id, Some(text)));
            rekey::reseal_items(&path, codec, &contents.standing(), items.collect())
        });
        match sealed {
            Ok(None) => {}
            Ok(Some((standing, items))) => {
                bucket.put(&copy.key, record::snapshot(&path, &standing, &items)?)?;
                done.copies += 1;
            }
            Err(error @ StateError::Remote { .. }) => return Err(error),
            // Nothing that the present state needs.
            Err(_) => done.left.push(bucket.place(&copy.key)),
        }
    }
    if let Some(newest) = copies.first() {
        let covered = place.commit(newest.commit);
        for name in bucket.below(&place.log(), None)? {
            if name <= covered {
                bucket.remove(&name)?;
            }
        }
    }
    remove_all(bucket, &place.set_aside())?;
    Ok(done)
}
