//! The store: opened, read, written and finished by one process at a time.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::Entry;
use crate::HolderInfo;
use crate::Intent;
use crate::LockWait;
use crate::Record;
use crate::SealKey;
use crate::StateError;
use crate::StateView;
use crate::contents::Contents;
use crate::contents::Payload;
use crate::item::Codec;
use crate::item::Item;
use crate::item::Kind;
use crate::item::digest;
use crate::layout::Layout;
use crate::lock::StateLock;
use crate::log;
use crate::log::Commit;
use crate::log::SegmentWriter;
use crate::manifest;
use crate::recovery;
use crate::recovery::Opened;
use crate::recovery::SMALL;
use crate::snapshot;
use crate::working::Pending;
use crate::working::Working;

/// So many segments at most are left for readers to go through.
const SEGMENTS: usize = 64;

/// A state that this process may write. See the crate's documentation for how it is kept.
#[derive(Debug)]
pub struct Store {
    layout: Layout,
    codec: Codec,
    run: String,
    contents: Contents,
    segment: Option<SegmentWriter>,
    /// Items that the view has and the log does not: empty but for a commit that failed.
    unsaved: Vec<Item>,
    /// Lineage or serial were set, and the log does not know.
    unsaved_identity: bool,
    /// Items that the log has and the working store does not; all items where the working store was not asked.
    pending: Pending,
    /// `pending` holds all items.
    complete: bool,
    /// Something waits to be folded.
    unfolded: bool,
    /// Intents that this process made: the working store never saw them.
    own_intents: HashSet<u64>,
    next_intent: u64,
    serial_raised: bool,
    opening: Opening,
    working: Option<Working>,
    // Dropped last: whoever takes the lock next finds everything else closed.
    lock: StateLock,
}

/// What opening found wanting; put right when the store is finished.
#[derive(Debug)]
struct Opening {
    rebuild: bool,
    stale_manifest: bool,
    needs_snapshot: bool,
    rebuilt: Option<StateError>,
}

/// What [`Store::finish`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The serial that the state has now.
    pub serial: u64,
    /// Whether this run changed the state.
    pub changed: bool,
}

impl Store {
    /// Opens the state in the folder `dir` for writing, and makes it when it is not there. Blocks while it waits for the lock.
    /// Writes in clear: see [`Store::open_sealed`].
    ///
    /// # Errors
    /// When another process holds the lock, when a file cannot be read, or when what was read does not hold together.
    pub fn open(dir: &Path, holder: HolderInfo, wait: LockWait) -> Result<Self, StateError> {
        Self::open_with(dir, holder, wait, Codec::default())
    }

    /// Like [`Store::open`]; what holds secrets is sealed with `key` when it is written, and opened with it when it is read. What
    /// was written in clear before stays so until it is written again.
    ///
    /// # Errors
    /// As there, and when something is sealed with another key.
    pub fn open_sealed(
        dir: &Path,
        holder: HolderInfo,
        wait: LockWait,
        key: SealKey,
    ) -> Result<Self, StateError> {
        Self::open_with(dir, holder, wait, Codec::new(Some(key)))
    }

    fn open_with(dir: &Path, holder: HolderInfo, wait: LockWait, codec: Codec) -> Result<Self, StateError> {
        let layout = Layout::new(dir);
        layout.create()?;
        let lock = StateLock::acquire(&layout, &holder, wait)?;
        let lineage = uuid::Uuid::new_v4().to_string();
        let opened = recovery::open(&layout, &codec, &lineage)
            .map_err(|error| error.pointing_to(|| snapshot::newest_good(&layout, &codec)))?;
        let Opened {
            contents,
            pending,
            complete,
            unfolded,
            working,
            rebuild,
            stale_manifest,
            needs_snapshot,
            log_end,
            rebuilt,
            ..
        } = opened;
        if let Some((path, length)) = log_end.torn {
            cut(&path, length)?;
        }
        // Numbers of earlier runs stay below: none of them took a million numbers for one commit.
        let next_intent = (contents.seq + 1) << 20;
        let next_intent = contents
            .intents()
            .map(|intent| intent.id + 1)
            .fold(next_intent, u64::max);
        Ok(Self {
            layout,
            codec,
            run: holder.run,
            contents,
            segment: None,
            unsaved: Vec::new(),
            unsaved_identity: false,
            pending,
            complete,
            unfolded,
            own_intents: HashSet::new(),
            next_intent,
            serial_raised: false,
            opening: Opening {
                rebuild,
                stale_manifest,
                needs_snapshot,
                rebuilt,
            },
            working,
            lock,
        })
    }

    /// The state after the last commit. Costs a few counters; the view does not change with later commits.
    pub fn view(&self) -> StateView {
        self.contents.view.clone()
    }

    /// One record, without taking a view.
    pub fn get(&self, address: &str) -> Option<&Arc<Record>> {
        self.contents.view.get(address)
    }

    /// Intents without an outcome: of a run that was killed, of one that could not learn the outcome, and those of this run
    /// that are under way. Ordered by number.
    pub fn open_intents(&self) -> Vec<Intent> {
        self.contents.intents().cloned().collect()
    }

    /// A number for a new [`Intent`], never used before in this store.
    pub fn next_intent_id(&mut self) -> u64 {
        let id = self.next_intent;
        self.next_intent += 1;
        id
    }

    /// The dead process whose lock this one took over, if there was one.
    pub fn taken_over(&self) -> Option<&HolderInfo> {
        self.lock.taken_over()
    }

    /// Why the working store, or the newest snapshot, was found unusable and is made anew from the rest, if that happened: worth a
    /// warning, for a disk or a copy went wrong.
    pub fn repaired(&self) -> Option<&StateError> {
        self.opening.rebuilt.as_ref()
    }

    /// Makes entries durable: all of them, with one append and one sync of the log, or none.
    ///
    /// The serial rises with the first commit of a run that changes a record, an output or a check.
    ///
    /// # Errors
    /// [`StateError::KeyFile`] when there is something to seal and no key can be had: then nothing was taken in.
    /// [`StateError::AppendLog`] when the disk refuses. The entries are in the view nevertheless, and are written again with
    /// the next commit (which may be empty): start nothing new, but keep committing the results of what is under way.
    pub fn commit(&mut self, entries: Vec<Entry>) -> Result<(), StateError> {
        // Before anything is taken in: of a result and the end of its intent, one must not come through without the other.
        if entries.iter().any(Entry::holds_secrets) {
            self.codec.ready()?;
        }
        for entry in entries {
            self.take(entry)?;
        }
        self.write()
    }

    /// Folds the log: a small state into a snapshot, a large one into the working store, and into a snapshot when one is due.
    /// Releases the lock. A store that is dropped
    /// instead loses nothing: the next opening does this work.
    ///
    /// # Errors
    /// When one of these fails. Nothing committed is lost: the next opening takes up the log.
    pub fn finish(mut self) -> Result<Finished, StateError> {
        self.write()?;
        let changed = self.serial_raised;
        let Opening {
            rebuild,
            stale_manifest,
            needs_snapshot,
            ..
        } = self.opening;
        if self.unfolded || rebuild || stale_manifest || needs_snapshot {
            self.fold()?;
        }
        Ok(Finished {
            serial: self.contents.view.serial,
            changed,
        })
    }

    /// Brings one entry into the view, and what the log must learn of it into `unsaved`.
    fn take(&mut self, entry: Entry) -> Result<(), StateError> {
        match entry {
            Entry::Intent(intent) => {
                self.next_intent = self.next_intent.max(intent.id.saturating_add(1));
                self.own_intents.insert(intent.id);
                let id = intent.id.to_string();
                self.put(&id, Payload::Intent(intent))?;
            }
            Entry::Settled { intent } => {
                if self.contents.has_intent(intent) {
                    self.remove(Kind::Intent, &intent.to_string());
                }
            }
            Entry::Put(record) if record.is_empty() => self.remove_record(&record.address),
            Entry::Put(mut record) => {
                let same = self
                    .contents
                    .view
                    .get(&record.address)
                    .is_some_and(|before| before.same_content(&record));
                if !same {
                    record.version = self.contents.seq + 1;
                    let address = record.address.clone();
                    self.put(&address, Payload::Resource(Arc::new(record)))?;
                }
            }
            Entry::Remove { address } => self.remove_record(&address),
            Entry::Outputs(outputs) => {
                let before = Arc::clone(&self.contents.view.outputs);
                for name in before.keys().filter(|name| !outputs.contains_key(*name)) {
                    self.remove(Kind::Output, name);
                }
                for (name, value) in outputs {
                    if before.get(&name) != Some(&value) {
                        self.put(&name, Payload::Output(value))?;
                    }
                }
            }
            Entry::Checks(checks) => {
                if *self.contents.view.checks != checks {
                    if checks.is_null() {
                        self.remove(Kind::Checks, "");
                    } else {
                        self.put("", Payload::Checks(checks))?;
                    }
                }
            }
            Entry::Identity { lineage, serial } => {
                if *self.contents.view.lineage != *lineage || self.contents.view.serial != serial {
                    self.contents.view.lineage = lineage.into();
                    self.contents.view.serial = serial;
                    self.unsaved_identity = true;
                }
                self.serial_raised = true;
            }
        }
        Ok(())
    }

    fn remove_record(&mut self, address: &str) {
        if self.contents.view.get(address).is_some() {
            self.remove(Kind::Resource, address);
        }
    }

    fn put(&mut self, id: &str, payload: Payload) -> Result<(), StateError> {
        let codec = &self.codec;
        let (kind, text) = match &payload {
            Payload::Resource(record) => (
                Kind::Resource,
                codec.encode(Kind::Resource, id, record, record.holds_secrets())?,
            ),
            Payload::Output(value) => (
                Kind::Output,
                codec.encode(Kind::Output, id, value, value.sensitive)?,
            ),
            Payload::Intent(intent) => (Kind::Intent, codec.encode(Kind::Intent, id, intent, true)?),
            Payload::Checks(value) => (Kind::Checks, codec.encode(Kind::Checks, id, value, false)?),
        };
        self.raise_serial(kind);
        self.contents.put(id, payload, digest(kind, id, &text));
        self.unsaved.push(Item(kind, id.to_owned(), Some(text)));
        Ok(())
    }

    fn remove(&mut self, kind: Kind, id: &str) {
        self.raise_serial(kind);
        self.contents.remove(kind, id);
        self.unsaved.push(Item(kind, id.to_owned(), None));
    }

    fn raise_serial(&mut self, kind: Kind) {
        if kind != Kind::Intent && !self.serial_raised {
            self.contents.view.serial += 1;
            self.serial_raised = true;
        }
    }

    /// Appends what is unsaved to the log.
    fn write(&mut self) -> Result<(), StateError> {
        if self.unsaved.is_empty() && !self.unsaved_identity {
            return Ok(());
        }
        let mut standing = self.contents.standing();
        standing.seq += 1;
        let seq = standing.seq;
        let segment = match self.segment.take() {
            Some(segment) if !segment.is_broken() => segment,
            _ => SegmentWriter::create(&self.layout, seq)?,
        };
        let commit = Commit {
            run: self.run.clone(),
            standing,
            items: std::mem::take(&mut self.unsaved),
        };
        let appended = self.segment.insert(segment).append(&commit);
        if let Err(error) = appended {
            self.unsaved = commit.items;
            return Err(error);
        }
        self.unsaved_identity = false;
        self.contents.seq = seq;
        for Item(kind, id, text) in commit.items {
            // An intent that came and went within this run is nothing that the working store has to hear of.
            let passed = kind == Kind::Intent
                && text.is_none()
                && id
                    .parse()
                    .is_ok_and(|number: u64| self.own_intents.contains(&number));
            if passed {
                self.pending.remove(&(kind, id));
            } else {
                self.pending.insert((kind, id), text);
            }
        }
        self.unfolded = true;
        Ok(())
    }

    /// The end of a run of a small state: a snapshot, the manifest, and then the log may be set aside.
    fn fold_small(&mut self) -> Result<(), StateError> {
        let standing = self.contents.standing();
        let mut items: Vec<_> = std::mem::take(&mut self.pending)
            .into_iter()
            .filter(|(_, text)| text.is_some())
            .map(|((kind, id), text)| Item(kind, id, text))
            .collect();
        items.sort_unstable_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        snapshot::write(&self.layout, &standing, |take| items.iter().try_for_each(take))?;
        self.forget_working()?;
        manifest::write(&self.layout.manifest(), &standing)?;
        self.segment = None;
        log::fold(&self.layout, &log::segments(&self.layout)?)?;
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

    /// Whether the items in hand are all that there are, and few.
    fn is_small(&self) -> bool {
        /// Bytes of a line in a snapshot beside the name and the text, and of its first and last line.
        const LINE: usize = 20;
        const ENDS: usize = 400;
        let lines = self.pending.iter().filter_map(|((_, id), text)| {
            let text = text.as_ref()?;
            Some(LINE + id.len() + text.as_str().len())
        });
        self.complete && ((ENDS + lines.sum::<usize>()) as u64) < SMALL
    }

    /// The end of a run: working store, snapshot, manifest, and then the log may go.
    fn fold(&mut self) -> Result<(), StateError> {
        if self.is_small() {
            return self.fold_small();
        }
        let standing = self.contents.standing();
        let working = match self.working.take() {
            Some(working) => working,
            None => {
                self.forget_working()?;
                Working::open(&self.layout.working())?
            }
        };
        if self.opening.rebuild {
            working.clear()?;
        }
        working.fold(&self.pending, &standing)?;
        self.pending.clear();
        let segments = log::segments(&self.layout)?;
        if self.snapshot_due(&segments)? {
            let mut copied = (0_u64, 0_u128);
            snapshot::write(&self.layout, &standing, |take| {
                working.each(|item| {
                    if let Item(kind, id, Some(text)) = &item {
                        copied = (copied.0 + 1, copied.1.wrapping_add(digest(*kind, id, text)));
                    }
                    take(&item)
                })?;
                // What sled gives back must be what it was given; else the log stays and nothing new claims to be good.
                if (copied.0, format!("{:032x}", copied.1)) != (standing.count, standing.digest.clone()) {
                    return Err(StateError::WorkingStore {
                        path: self.layout.working(),
                        detail: "it does not hold what was put into it".into(),
                    });
                }
                Ok(())
            })?;
            manifest::write(&self.layout.manifest(), &standing)?;
            self.segment = None;
            log::remove(&segments)?;
            log::remove(&log::folded(&self.layout)?)?;
            snapshot::prune(&self.layout)
        } else {
            manifest::write(&self.layout.manifest(), &standing)
        }
    }

    /// A full copy at every run of a large state would be dear: it is made when the log since the last one has grown to half of it.
    fn snapshot_due(&self, segments: &[log::Segment]) -> Result<bool, StateError> {
        let newest = snapshot::snapshots(self.layout.dir())?.into_iter().next();
        let Some(newest) = newest.filter(|_| !self.opening.needs_snapshot) else {
            return Ok(true);
        };
        let logged = log::bytes(segments)?;
        Ok(newest.bytes + logged < SMALL || logged > newest.bytes / 2 || segments.len() > SEGMENTS)
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

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
