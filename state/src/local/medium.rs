//! A state in a folder of this machine, locked and open for writing.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use crate::HolderInfo;
use crate::LockWait;
use crate::StateError;
use crate::backend::Medium;
use crate::backend::Opened;
use crate::backend::Refused;
use crate::contents::Commit;
use crate::contents::Standing;
use crate::item::Codec;
use crate::item::Item;
use crate::item::Kind;
use crate::item::digest;
use crate::local::layout::Layout;
use crate::local::lock::StateLock;
use crate::local::log;
use crate::local::log::SegmentWriter;
use crate::local::manifest;
use crate::local::recovery;
use crate::local::recovery::INDEXED;
use crate::local::recovery::WORKING;
use crate::local::restore::set_aside;
use crate::local::snapshot;
use crate::local::working::Pending;
use crate::local::working::Working;

/// So many segments at most are left for readers to go through.
const SEGMENTS: usize = 64;

/// The log of a run, and what is done with it at the end.
#[derive(Debug)]
pub(super) struct Folder {
    layout: Layout,
    codec: Codec,
    segment: Option<SegmentWriter>,
    /// All items, if `complete`.
    pending: Pending,
    /// The state was read whole, and `pending` holds all of it.
    complete: bool,
    /// Something waits to be folded.
    unfolded: bool,
    /// Intents that this process made: no copy has seen them.
    own_intents: HashSet<String>,
    wanting: Wanting,
    working: Option<Working>,
    // Dropped last: whoever takes the lock next finds everything else closed.
    _lock: StateLock,
}

/// What opening found wanting; put right when the state is finished.
#[derive(Debug)]
struct Wanting {
    rebuild: bool,
    stale_manifest: bool,
    needs_snapshot: bool,
}

/// Locks and opens the state in a folder, and makes it when it is not there.
pub(super) fn open(
    dir: &Path,
    holder: &HolderInfo,
    wait: LockWait,
    codec: &Codec,
) -> Result<Opened, StateError> {
    let layout = Layout::new(dir);
    layout.create()?;
    let lock = StateLock::acquire(&layout, holder, wait)?;
    open_locked(layout, lock, codec)
}

/// Opens the state in a folder whose lock is held.
pub(crate) fn open_locked(layout: Layout, lock: StateLock, codec: &Codec) -> Result<Opened, StateError> {
    let lineage = uuid::Uuid::new_v4().to_string();
    let opened = recovery::open(&layout, codec, &lineage)
        .map_err(|error| error.pointing_to(|| snapshot::newest_good(&layout, codec)))?;
    if opened.spoilt_working {
        set_aside(&layout, &[layout.working()])?;
    }
    if let Some((path, length)) = opened.log_end.torn {
        cut(&path, length)?;
    }
    let taken_over = lock.taken_over().cloned();
    let medium = Folder {
        layout,
        codec: codec.clone(),
        segment: None,
        pending: opened.pending,
        complete: opened.complete,
        unfolded: opened.unfolded,
        own_intents: HashSet::new(),
        wanting: Wanting {
            rebuild: opened.rebuild,
            stale_manifest: opened.stale_manifest,
            needs_snapshot: opened.needs_snapshot,
        },
        working: opened.working,
        _lock: lock,
    };
    Ok(Opened {
        contents: opened.contents,
        medium: Box::new(medium),
        taken_over,
        repaired: opened.rebuilt,
    })
}

impl Medium for Folder {
    /// Appends a frame to the log and syncs it.
    fn append(&mut self, commit: Commit) -> Result<Standing, Refused> {
        let appended = self
            .segment_for(commit.standing.seq)
            .and_then(|s| s.append(&commit));
        if let Err(error) = appended {
            return Err(Refused {
                error,
                items: commit.items,
            });
        }
        self.unfolded = true;
        if !self.complete {
            return Ok(commit.standing);
        }
        for Item(kind, id, text) in commit.items {
            if kind == Kind::Intent {
                if text.is_some() {
                    self.own_intents.insert(id.clone());
                } else if self.own_intents.contains(&id) {
                    // One that came and went within this run is nothing that a copy has to hear of.
                    self.pending.remove(&(kind, id));
                    continue;
                }
            }
            self.pending.insert((kind, id), text);
        }
        Ok(commit.standing)
    }

    fn copy_whole(&mut self) {
        self.wanting.needs_snapshot = true;
    }

    /// Folds the log: a small state into a snapshot, a large one too when it is due, and a very large one into its working store besides.
    fn finish(mut self: Box<Self>, standing: &Standing) -> Result<(), StateError> {
        let Wanting {
            rebuild,
            stale_manifest,
            needs_snapshot,
        } = self.wanting;
        if self.unfolded || rebuild || stale_manifest || needs_snapshot {
            self.fold(standing)?;
        }
        Ok(())
    }
}

impl Folder {
    /// The segment of this run, or a new one after a write that failed.
    fn segment_for(&mut self, seq: u64) -> Result<&mut SegmentWriter, StateError> {
        let segment = match self.segment.take() {
            Some(segment) if !segment.is_broken() => segment,
            _ => SegmentWriter::create(&self.layout, seq)?,
        };
        Ok(self.segment.insert(segment))
    }

    /// Without a working store: a snapshot, the manifest, and then the log may be set aside.
    fn fold_plain(&mut self, standing: &Standing, segments: &[log::Segment]) -> Result<(), StateError> {
        let large = self.bytes_in_hand().is_none_or(|bytes| bytes >= INDEXED);
        if self.complete {
            let mut items: Vec<_> = std::mem::take(&mut self.pending)
                .into_iter()
                .filter(|(_, text)| text.is_some())
                .map(|((kind, id), text)| Item(kind, id, text))
                .collect();
            items.sort_unstable_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
            snapshot::write(&self.layout, standing, large, |take| {
                items.iter().try_for_each(take)
            })?;
        } else {
            let unlike = StateError::Contradiction {
                path: self.layout.dir().to_owned(),
                detail: "its snapshot and the log since do not come to what was committed".into(),
                snapshot: None,
            };
            let each = |take: &mut dyn FnMut(Item) -> Result<(), StateError>| {
                recovery::each_in_order(&self.layout, take)
            };
            self.snapshot(standing, unlike, each)?;
        }
        self.forget_working()?;
        manifest::write(&self.layout.manifest(), standing)?;
        self.segment = None;
        log::fold(&self.layout, segments)?;
        snapshot::prune(&self.layout)
    }

    /// Removes a working store that was passed over and does not have what this run did.
    fn forget_working(&self) -> Result<(), StateError> {
        let path = self.layout.working();
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StateError::write(&path, error))
            }
            _ => Ok(()),
        }
    }

    /// Bytes of the snapshot that the items in hand make, if they are all that there are.
    fn bytes_in_hand(&self) -> Option<u64> {
        /// Bytes of a line in a snapshot beside the name and the text, and of its first and last line.
        const LINE: usize = 20;
        const ENDS: usize = 400;
        let lines = self.pending.iter().filter_map(|((_, id), text)| {
            let text = text.as_ref()?;
            Some(LINE + id.len() + text.as_str().len())
        });
        self.complete.then(|| (ENDS + lines.sum::<usize>()) as u64)
    }

    /// Whether snapshots and log are enough, without a working store.
    fn is_plain(&self, segments: &[log::Segment]) -> Result<bool, StateError> {
        if let Some(bytes) = self.bytes_in_hand() {
            return Ok(bytes < WORKING);
        }
        if self.working.is_some() || self.wanting.rebuild {
            return Ok(false);
        }
        let newest = snapshot::snapshots(self.layout.dir())?.into_iter().next();
        Ok(newest.map_or(0, |newest| newest.bytes) + log::bytes(segments)? < WORKING)
    }

    /// The end of a run that changed something. Of a large state the log is enough, until it has grown.
    fn fold(&mut self, standing: &Standing) -> Result<(), StateError> {
        let segments = log::segments(&self.layout)?;
        if !self.copy_due(&segments)? {
            return manifest::write(&self.layout.manifest(), standing);
        }
        if self.is_plain(&segments)? {
            return self.fold_plain(standing, &segments);
        }
        self.copy(standing)?;
        manifest::write(&self.layout.manifest(), standing)?;
        self.segment = None;
        log::remove(&segments)?;
        log::remove(&log::folded(&self.layout)?)?;
        snapshot::prune(&self.layout)
    }

    /// Brings the working store up to date and writes a snapshot from it, each held against the account of all commits.
    fn copy(&mut self, standing: &Standing) -> Result<(), StateError> {
        let is_there = self.working.is_some() || self.layout.working().join("db").is_file();
        if is_there && !(self.complete || self.wanting.rebuild) {
            match self
                .bring_up()
                .and_then(|working| self.snapshot_of(&working, standing))
            {
                // Nothing is lost: this was the second copy.
                Err(
                    error @ (StateError::OpenWorkingStore { .. }
                    | StateError::WorkingStore { .. }
                    | StateError::CorruptItem { .. }
                    | StateError::CorruptFile { .. }),
                ) => tracing::warn!(error = %error, "the working store is made anew"),
                done => return done,
            }
        }
        let items = if self.complete {
            std::mem::take(&mut self.pending)
        } else {
            recovery::everything(&self.layout, &self.codec)?
        };
        self.working = None;
        self.forget_working()?;
        let working = Working::open(&self.layout.working())?;
        working.fold(&items, standing)?;
        self.snapshot_of(&working, standing)
    }

    /// The working store with all that the log has beyond it.
    fn bring_up(&mut self) -> Result<Working, StateError> {
        let working = match self.working.take() {
            Some(working) => working,
            None => Working::open(&self.layout.working())?,
        };
        let failed = |detail: &str| StateError::WorkingStore {
            path: self.layout.working(),
            detail: detail.into(),
        };
        let at = working
            .standing()?
            .ok_or_else(|| failed("it was never filled to an end"))?;
        let mut last = at.clone();
        let mut items = Pending::new();
        let replayed = log::replay(
            &self.layout,
            &log::segments(&self.layout)?,
            at.seq,
            |commit, _| {
                last = commit.standing;
                for Item(kind, id, text) in commit.items {
                    items.insert((kind, id), text);
                }
                Ok(())
            },
        );
        replayed.map_err(|_| failed("the log does not go on from where it stands"))?;
        working.fold(&items, &last)?;
        Ok(working)
    }

    /// Writes a snapshot of what is in the working store.
    fn snapshot_of(&self, working: &Working, standing: &Standing) -> Result<(), StateError> {
        // What sled gives back must be what it was given.
        let unlike = StateError::WorkingStore {
            path: self.layout.working(),
            detail: "it does not hold what was put into it".into(),
        };
        self.snapshot(standing, unlike, |take| working.each(take))
    }

    /// Writes a snapshot of the items that `each` hands out, if they are what the state should be; else the log stays, nothing new claims to
    /// be good, and the error is `unlike`.
    fn snapshot(
        &self,
        standing: &Standing,
        unlike: StateError,
        each: impl FnOnce(&mut dyn FnMut(Item) -> Result<(), StateError>) -> Result<(), StateError>,
    ) -> Result<(), StateError> {
        let mut copied = (0_u64, 0_u128);
        snapshot::write(&self.layout, standing, true, |take| {
            each(&mut |item| {
                if let Item(kind, id, Some(text)) = &item {
                    copied = (copied.0 + 1, copied.1.wrapping_add(digest(*kind, id, text)));
                }
                take(&item)
            })?;
            if (copied.0, format!("{:032x}", copied.1)) != (standing.count, standing.digest.clone()) {
                return Err(unlike);
            }
            Ok(())
        })
        .map(drop)
    }

    /// A full copy at every run of a large state would be dear: it is made when the log since the last one has grown to a quarter
    /// of it.
    fn copy_due(&self, segments: &[log::Segment]) -> Result<bool, StateError> {
        if self.complete || self.wanting.rebuild || self.wanting.needs_snapshot {
            return Ok(true);
        }
        let Some(newest) = snapshot::snapshots(self.layout.dir())?.into_iter().next() else {
            return Ok(true);
        };
        let logged = log::bytes(segments)?;
        Ok(newest.bytes + logged < INDEXED || logged > newest.bytes / 4 || segments.len() > SEGMENTS)
    }
}

/// Cuts off what a killed process left half-written at the end of a log.
fn cut(path: &Path, length: u64) -> Result<(), StateError> {
    tracing::debug!(path = %path.display(), length, "cutting a torn write off the log");
    let file = fs::OpenOptions::new()
        .write(true)
        .open(path)
        .map_err(|error| StateError::write(path, error))?;
    file.set_len(length)
        .and_then(|()| file.sync_all())
        .map_err(|error| StateError::write(path, error))
}
