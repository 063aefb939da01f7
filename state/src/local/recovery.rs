//! Opening: which of snapshots, log, working store and manifest to believe.
//!
//! A state is its newest snapshot and the log since. The log segments that this snapshot covers are kept beside it, so that the
//! snapshot before it and those segments come to the same, should the newest one be damaged. A very large state has the working
//! store for that: it is at least as new as the newest snapshot, and the log goes on from there.
//! What comes out must agree with the last commit's own account and must not be older than the manifest; if it does not, files
//! were lost or damaged, and the second copy is tried. If that does not hold together either, nothing is written.

use std::collections::BTreeMap;
use std::path::Path;

use crate::StateError;
use crate::contents::Contents;
use crate::contents::Standing;
use crate::item::Codec;
use crate::item::Item;
use crate::local::indexed;
use crate::local::layout::Layout;
use crate::local::log;
use crate::local::log::LogEnd;
use crate::local::manifest;
use crate::local::snapshot;
use crate::local::snapshot::SnapshotInfo;
use crate::local::working::Pending;
use crate::local::working::Working;

/// Bytes from which a snapshot has an index: it is read where somebody looks into it, and a new one is written only when the log
/// has grown. Below, every run that changes something writes the state anew. In tests few states are small, so that all ways are taken.
pub(crate) const INDEXED: u64 = if cfg!(test) { 2 << 10 } else { 4 << 20 };

/// Bytes, snapshot and log together, from which a state has a working store. Below it lives in snapshots and log alone: to put two
/// lists that have an order together and write them is cheaper than to keep a database beside them. Beyond, what a run has
/// changed would take more memory than it should.
pub(crate) const WORKING: u64 = if cfg!(test) { 8 << 10 } else { 256 << 20 };

/// What opening found.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) contents: Contents,
    /// Every item that there is, if `complete`.
    pub(crate) pending: Pending,
    /// All items were read and are in `pending`; else they stay where they are.
    pub(crate) complete: bool,
    /// The log holds what the copy that was read does not have.
    pub(crate) unfolded: bool,
    pub(crate) working: Option<Working>,
    /// The working store is to be made anew.
    pub(crate) rebuild: bool,
    /// The working store cannot be used, and is to be set aside.
    pub(crate) spoilt_working: bool,
    /// The manifest does not say where the state stands.
    pub(crate) stale_manifest: bool,
    /// Snapshots and log together do not reach the present state, so that readers cannot see it.
    pub(crate) needs_snapshot: bool,
    pub(crate) log_end: LogEnd,
    /// Why a part could not be used and is made anew.
    pub(crate) rebuilt: Option<StateError>,
    /// What the last commit in the log says of the state after it.
    last_account: Option<Standing>,
}

/// Reads the state for writing, and changes nothing yet. `lineage` is for a state that is not there yet.
pub(crate) fn open(layout: &Layout, codec: &Codec, lineage: &str) -> Result<Opened, StateError> {
    let manifest = manifest::read(&layout.manifest())?;
    if let Some(opened) = open_without_working(layout, codec, lineage, manifest.as_ref())? {
        return Ok(opened);
    }
    let whole = from_snapshot(layout, codec, lineage).and_then(|opened| {
        check(
            layout,
            &opened.contents,
            manifest.as_ref(),
            opened.last_account.as_ref(),
        )
        .map(|()| opened)
    });
    let damage = match whole {
        // Without a manifest nothing tells whether the working store is ahead of all that was read here.
        Ok(_) if manifest.is_none() && layout.working().is_dir() => None,
        Ok(mut opened) => {
            opened.stale_manifest = opened.is_beyond(manifest.as_ref());
            let newest = snapshot::snapshots(layout.dir())?.into_iter().next();
            opened.unfolded = opened.contents.seq > newest.map_or(0, |newest| newest.commit);
            opened.rebuild = !layout.working().join("db").is_file();
            return Ok(opened);
        }
        Err(error) if is_no_damage(&error) => return Err(error),
        Err(error) => Some(error),
    };
    from_working(layout, codec, lineage, manifest.as_ref(), damage)
}

/// Whether the key, or the program, is the wrong one, and nothing is damaged.
fn is_no_damage(error: &StateError) -> bool {
    matches!(
        error,
        StateError::NewerFormat { .. } | StateError::Unseal { .. } | StateError::KeyFile { .. }
    )
}

/// Reads the state from the working store and the log since, where `damage` is in the way of the snapshot, or where nothing tells
/// which of them is ahead.
fn from_working(
    layout: &Layout,
    codec: &Codec,
    lineage: &str,
    manifest: Option<&Standing>,
    damage: Option<StateError>,
) -> Result<Opened, StateError> {
    let (working, unusable) = match open_working(layout) {
        Ok(working) => (working, None),
        Err(error) => (None, Some(error)),
    };
    let standing = working.as_ref().map(Working::standing).transpose()?.flatten();
    let first_logged = log::segments(layout)?.first().map(|segment| segment.first);
    let newest_snapshot = snapshot::snapshots(layout.dir())?
        .first()
        .map(|newest| newest.commit);

    // The log begins where the working store ends, or before; or there is none, and the store is what the last run left.
    let left_at = manifest
        .map_or(0, |manifest| manifest.seq)
        .max(newest_snapshot.unwrap_or(0));
    let follows = |base: u64| first_logged.map_or(base >= left_at, |first| first <= base + 1);
    let mut opened = match (working, &standing, damage) {
        (Some(working), Some(standing), damage) if follows(standing.seq) => {
            let contents = working.load(codec)?;
            let mut opened = Opened::new(contents, Some(working));
            opened.replay(layout, codec)?;
            opened.unfolded = opened.contents.seq > standing.seq;
            opened.last_account.get_or_insert_with(|| standing.clone());
            opened.needs_snapshot = damage.is_some();
            opened.rebuilt = damage;
            opened
        }
        (_, _, Some(damage)) => return Err(damage),
        (_, _, None) => {
            let mut opened = from_snapshot(layout, codec, lineage)?;
            opened.rebuild = true;
            opened
        }
    };
    let checked = check(layout, &opened.contents, manifest, opened.last_account.as_ref());
    if let Some(error) = unusable {
        // Without the working store, snapshot and log must reach the place that the manifest names. Where no manifest tells that
        // nothing is missing, the error stands.
        if manifest.is_none() || checked.is_err() {
            return Err(error);
        }
        tracing::warn!(error = %error, "the working store is built anew from snapshot and log");
        opened.spoilt_working = true;
        opened.rebuilt = Some(error);
    }
    checked?;
    opened.stale_manifest = opened.is_beyond(manifest);
    let copied_to = newest_snapshot.unwrap_or(0);
    let joins = first_logged.is_some_and(|first| first <= copied_to + 1);
    let readable_to = if joins {
        copied_to.max(opened.log_end.last)
    } else {
        copied_to
    };
    opened.needs_snapshot |= readable_to < opened.contents.seq;
    Ok(opened)
}

/// All items of the state: those of the newest snapshot and of the log since.
pub(crate) fn everything(layout: &Layout, codec: &Codec) -> Result<Pending, StateError> {
    let mut items = Pending::new();
    let mut after = 0;
    if let Some(newest) = snapshot::snapshots(layout.dir())?.into_iter().next() {
        after = snapshot::read(&newest.path, codec, |Item(kind, id, text)| {
            items.insert((kind, id), text);
        })?
        .seq;
    }
    log::replay(layout, &log::segments(layout)?, after, |commit, _| {
        for Item(kind, id, text) in commit.items {
            items.insert((kind, id), text);
        }
        Ok(())
    })?;
    Ok(items)
}

/// Hands out the items of the newest snapshot, which has an index, and of the log since, ordered by kind and name. Holds the log's
/// alone.
pub(crate) fn each_in_order(
    layout: &Layout,
    take: &mut dyn FnMut(Item) -> Result<(), StateError>,
) -> Result<(), StateError> {
    let newest = snapshot::snapshots(layout.dir())?.into_iter().next();
    let Some(below) = newest
        .map(|newest| indexed::open(&newest.path))
        .transpose()?
        .flatten()
    else {
        return Err(StateError::corrupt(
            &layout.snapshots(),
            "its newest snapshot has no index",
        ));
    };
    let mut over = BTreeMap::new();
    log::replay(layout, &log::segments(layout)?, below.seq(), |commit, _| {
        for Item(kind, id, text) in commit.items {
            over.insert((kind, id), text);
        }
        Ok(())
    })?;
    let mut over = over.into_iter().peekable();
    for at in 0..below.len() {
        let key = below.key(at);
        while let Some(((kind, id), text)) = over.next_if(|((kind, id), _)| (*kind, id.as_str()) < key) {
            take(Item(kind, id, text))?;
        }
        match over.next_if(|((kind, id), _)| (*kind, id.as_str()) == key) {
            Some(((kind, id), text)) => take(Item(kind, id, text))?,
            None => take(below.item(at)?)?,
        }
    }
    over.try_for_each(|((kind, id), text)| take(Item(kind, id, text)))
}

/// Reads a state that needs no working store. `None` when it is too large for that, or when this way it cannot be had and there is
/// a working store to try.
fn open_without_working(
    layout: &Layout,
    codec: &Codec,
    lineage: &str,
    manifest: Option<&Standing>,
) -> Result<Option<Opened>, StateError> {
    let snapshots = snapshot::snapshots(layout.dir())?;
    let newest = snapshots.first();
    if newest.map_or(0, |newest| newest.bytes) + log::bytes(&log::segments(layout)?)? >= WORKING {
        return Ok(None);
    }
    let working = layout.working().is_dir();
    let checked = |opened: Opened| {
        let account = opened.last_account.as_ref();
        check(layout, &opened.contents, manifest, account).map(|()| opened)
    };
    let copied_to = newest.map_or(0, |newest| newest.commit);
    let damage = match from_snapshot(layout, codec, lineage).and_then(checked) {
        // Without a manifest nothing tells whether the working store is ahead of all that was read here.
        Ok(_) if working && manifest.is_none() => return Ok(None),
        Ok(mut opened) => {
            opened.stale_manifest = opened.is_beyond(manifest);
            opened.unfolded = opened.contents.seq > copied_to;
            return Ok(Some(opened));
        }
        // The key, or the program, is the wrong one: nothing is damaged.
        Err(error) if is_no_damage(&error) => return Err(error),
        Err(error) => error,
    };
    // Without a manifest nothing tells that older files come to the present state.
    if manifest.is_some() {
        for base in snapshots.iter().take(2).map(Some).chain([None]) {
            let Ok(mut opened) = from_folded(layout, codec, lineage, base).and_then(checked) else {
                continue;
            };
            tracing::warn!(error = %damage, "the state is read from an older snapshot and the log since");
            opened.stale_manifest = opened.is_beyond(manifest);
            opened.needs_snapshot = true;
            opened.rebuilt = Some(damage);
            return Ok(Some(opened));
        }
    }
    if working { Ok(None) } else { Err(damage) }
}

/// Reads the state without the working store, as readers do while somebody else writes, and as a rebuild does.
pub(crate) fn read(layout: &Layout, codec: &Codec) -> Result<Contents, StateError> {
    let opened = from_snapshot(layout, codec, "")?;
    // The manifest last: a writer that finished meanwhile may have removed log segments before we came to them, but it wrote
    // the manifest before that. Then we are found to be behind.
    let manifest = manifest::read(&layout.manifest())?;
    check(
        layout,
        &opened.contents,
        manifest.as_ref(),
        opened.last_account.as_ref(),
    )?;
    Ok(opened.contents)
}

fn open_working(layout: &Layout) -> Result<Option<Working>, StateError> {
    if layout.working().is_dir() {
        Working::open(&layout.working()).map(Some)
    } else {
        Ok(None)
    }
}

fn from_snapshot(layout: &Layout, codec: &Codec, lineage: &str) -> Result<Opened, StateError> {
    let newest = snapshot::snapshots(layout.dir())?.into_iter().next();
    let mut opened = copied(codec, lineage, newest.as_ref(), Reading::WhereLookedInto)?;
    opened.replay(layout, codec)?;
    Ok(opened)
}

/// What an older snapshot and the log since come to, with the segments that a newer snapshot covers.
fn from_folded(
    layout: &Layout,
    codec: &Codec,
    lineage: &str,
    older: Option<&SnapshotInfo>,
) -> Result<Opened, StateError> {
    // In hand as a whole: the next snapshot is made of it.
    let mut opened = copied(codec, lineage, older, Reading::Whole)?;
    let mut segments = log::folded(layout)?;
    segments.extend(log::segments(layout)?);
    opened.replay_segments(layout, codec, &segments)?;
    Ok(opened)
}

/// How much of a snapshot is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Whole,
    /// Records stay in a snapshot with an index until somebody looks into them.
    WhereLookedInto,
}

/// What a snapshot holds, or nothing where there is none yet.
fn copied(
    codec: &Codec,
    lineage: &str,
    snapshot: Option<&SnapshotInfo>,
    reading: Reading,
) -> Result<Opened, StateError> {
    let mut opened = Opened::new(Contents::empty(lineage), None);
    let Some(SnapshotInfo { path, bytes, .. }) = snapshot else {
        opened.complete = true;
        return Ok(opened);
    };
    if reading == Reading::WhereLookedInto
        && *bytes >= INDEXED
        && let Some(contents) = snapshot::open(path, codec)?
    {
        opened.contents = contents;
        return Ok(opened);
    }
    let pending = &mut opened.pending;
    opened.contents = snapshot::read(path, codec, |Item(kind, id, text)| {
        pending.insert((kind, id), text);
    })?;
    opened.complete = true;
    Ok(opened)
}

/// Holds what was read against the accounts that were kept of it.
fn check(
    layout: &Layout,
    contents: &Contents,
    manifest: Option<&Standing>,
    account: Option<&Standing>,
) -> Result<(), StateError> {
    let contradiction = |detail: String| StateError::Contradiction {
        path: layout.dir().to_owned(),
        detail,
        snapshot: None,
    };
    let found = contents.standing();
    if let Some(account) = account
        && *account != found
    {
        return Err(contradiction(format!(
            "its items add up to {} items with the digest {} after commit {}, but {} with {} after commit {} were recorded",
            found.count, found.digest, found.seq, account.count, account.digest, account.seq
        )));
    }
    if let Some(manifest) = manifest {
        if found.seq < manifest.seq {
            return Err(contradiction(format!(
                "the last run ended with commit {} (serial {}), but the newest that is there is {} (serial {})",
                manifest.seq, manifest.serial, found.seq, found.serial
            )));
        }
        if found.seq == manifest.seq && found != *manifest {
            return Err(contradiction(format!(
                "its items add up to {} items with the digest {}, but the manifest says {} with {}",
                found.count, found.digest, manifest.count, manifest.digest
            )));
        }
    }
    Ok(())
}

impl Opened {
    fn new(contents: Contents, working: Option<Working>) -> Self {
        Self {
            contents,
            pending: Pending::new(),
            complete: false,
            unfolded: false,
            working,
            rebuild: false,
            spoilt_working: false,
            stale_manifest: false,
            needs_snapshot: false,
            log_end: LogEnd::default(),
            rebuilt: None,
            last_account: None,
        }
    }

    /// Whether the manifest does not say where the state stands.
    fn is_beyond(&self, manifest: Option<&Standing>) -> bool {
        let seq = self.contents.seq;
        seq > 0 && manifest.is_none_or(|manifest| manifest.seq < seq)
    }

    /// Takes in what the log holds beyond the contents.
    fn replay(&mut self, layout: &Layout, codec: &Codec) -> Result<(), StateError> {
        self.replay_segments(layout, codec, &log::segments(layout)?)
    }

    fn replay_segments(
        &mut self,
        layout: &Layout,
        codec: &Codec,
        segments: &[log::Segment],
    ) -> Result<(), StateError> {
        let Self {
            contents,
            pending,
            complete,
            last_account,
            ..
        } = self;
        self.log_end = log::replay(layout, segments, contents.seq, |commit, path: &Path| {
            for item in &commit.items {
                contents.load(codec, item).map_err(|bad| bad.in_file(path))?;
            }
            contents.stand_at(&commit.standing);
            if *complete {
                for Item(kind, id, text) in commit.items {
                    pending.insert((kind, id), text);
                }
            }
            *last_account = Some(commit.standing);
            Ok(())
        })?;
        Ok(())
    }
}
