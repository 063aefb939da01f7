//! Snapshots: full copies that need nothing but themselves to be read.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::Deserialize;
use serde::Serialize;

use crate::StateError;
use crate::contents::Contents;
use crate::contents::Standing;
use crate::durable;
use crate::item::Codec;
use crate::item::Item;
use crate::local::checked_lines::LineReader;
use crate::local::checked_lines::LineWriter;
use crate::local::indexed;
use crate::local::indexed::IndexWriter;
use crate::local::layout::Layout;
use crate::local::layout::files_with_suffix;

/// The version of a snapshot without an index.
const VERSION: u64 = 1;

/// How many of the newest snapshots are kept.
const KEEP: usize = 20;
/// Of how many days before them the last one is kept.
const KEEP_DAYS: usize = 30;
/// Bytes that all kept snapshots may take together before only [`KEEP_LARGE`] are kept.
const KEEP_BYTES: u64 = 256 << 20;
const KEEP_LARGE: usize = 3;

const DAY: u64 = 24 * 60 * 60;

/// The first line of a snapshot.
#[derive(Serialize, Deserialize)]
pub(super) struct Head {
    format: String,
    pub(super) version: u64,
    pub(super) standing: Standing,
}

impl Head {
    pub(super) fn new(version: u64, standing: &Standing) -> Self {
        Self {
            format: "streamform-snapshot".into(),
            version,
            standing: standing.clone(),
        }
    }
}

#[derive(Deserialize)]
struct Version {
    version: u64,
}

/// A snapshot on disk, as its name tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// The file.
    pub path: PathBuf,
    /// The serial of the state in it.
    pub serial: u64,
    /// Number of the last commit in it.
    pub commit: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// When it was written, by the file's own account.
    pub written: Option<SystemTime>,
}

/// The snapshots of the state in `dir`, newest first.
///
/// # Errors
/// When the folder exists and cannot be read.
pub fn snapshots(dir: &Path) -> Result<Vec<SnapshotInfo>, StateError> {
    let mut found = Vec::new();
    for path in files_with_suffix(&Layout::new(dir).snapshots(), ".jsonl")? {
        let numbers = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| {
            let (serial, commit) = stem.split_once('-')?;
            Some((serial.parse().ok()?, commit.parse().ok()?))
        });
        // A reader that runs beside a writer may see a name whose file is gone a moment later.
        let Some((serial, commit)) = numbers else { continue };
        let Ok(metadata) = fs::metadata(&path) else {
            continue;
        };
        found.push(SnapshotInfo {
            path,
            serial,
            commit,
            bytes: metadata.len(),
            written: metadata.modified().ok(),
        });
    }
    found.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.commit));
    Ok(found)
}

/// Writes a snapshot of the items that `each` hands out; with an index if the state is large.
pub(crate) fn write(
    layout: &Layout,
    standing: &Standing,
    large: bool,
    each: impl FnOnce(&mut dyn FnMut(&Item) -> Result<(), StateError>) -> Result<(), StateError>,
) -> Result<PathBuf, StateError> {
    durable::create_folder(&layout.snapshots())?;
    let path = layout.snapshot(standing.serial, standing.seq);
    durable::replace_file(&path, |out| {
        if large {
            let mut indexed = IndexWriter::begin(&path, out, standing)?;
            each(&mut |item| indexed.item(item))?;
            return indexed.end();
        }
        let mut lines = LineWriter::new(&path, out);
        lines.line(&Head::new(VERSION, standing))?;
        each(&mut |item| lines.line(item))?;
        lines.end()
    })?;
    Ok(path)
}

/// Opens a snapshot so that its records are read when somebody looks into them; `None` when it has no index for that.
pub(crate) fn open(path: &Path, codec: &Codec) -> Result<Option<Contents>, StateError> {
    indexed::open(path)?
        .map(|indexed| indexed.into_contents(codec))
        .transpose()
}

/// Reads a snapshot, handing every item to `seen` too.
pub(crate) fn read(path: &Path, codec: &Codec, mut seen: impl FnMut(Item)) -> Result<Contents, StateError> {
    if let Some(indexed) = indexed::open(path)? {
        return indexed.read_all(codec, seen);
    }
    let mut reader = LineReader::open(path)?;
    let head = reader
        .next()?
        .ok_or_else(|| StateError::corrupt(path, "it is empty"))?;
    let wrong = |_| StateError::corrupt(path, "it is no snapshot");
    let Version { version } = serde_json::from_str(&head).map_err(wrong)?;
    if version > indexed::VERSION {
        return Err(StateError::NewerFormat {
            path: path.to_owned(),
            found: version,
            supported: indexed::VERSION,
        });
    }
    if version > VERSION {
        return Err(StateError::corrupt(path, "its index is cut off"));
    }
    let head: Head = serde_json::from_str(&head).map_err(wrong)?;
    let mut contents = Contents::empty(&head.standing.lineage);
    while let Some(line) = reader.next()? {
        let item: Item =
            serde_json::from_str(&line).map_err(|_| StateError::corrupt(path, "a line is no item"))?;
        contents.load(codec, &item).map_err(|bad| bad.in_file(path))?;
        seen(item);
    }
    contents.stand_at(&head.standing);
    if contents.standing() != head.standing {
        return Err(StateError::corrupt(
            path,
            "its items do not add up to what its first line says",
        ));
    }
    Ok(contents)
}

/// The newest snapshot that reads well: what an error message points to.
pub(crate) fn newest_good(layout: &Layout, codec: &Codec) -> Option<PathBuf> {
    let all = snapshots(layout.dir()).ok()?;
    all.into_iter()
        .map(|snapshot| snapshot.path)
        .find(|path| read(path, codec, |_| {}).is_ok())
}

/// Removes old snapshots: all but the newest, the last one of each day before those, and fewer where they are large. The
/// newest is never removed.
pub(crate) fn prune(layout: &Layout) -> Result<(), StateError> {
    for old in superfluous(&snapshots(layout.dir())?) {
        fs::remove_file(&old.path).map_err(|error| StateError::write(&old.path, error))?;
    }
    Ok(())
}

/// Those of `all`, newest first, that need not be kept.
fn superfluous(all: &[SnapshotInfo]) -> Vec<&SnapshotInfo> {
    let day = |snapshot: &SnapshotInfo| {
        let since = snapshot.written?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(since.as_secs() / DAY)
    };
    let mut bytes = 0;
    let mut days = BTreeSet::new();
    let mut newer = None;
    let mut old = Vec::new();
    for (i, snapshot) in all.iter().enumerate() {
        let day = day(snapshot);
        let last_of_its_day = day.is_some() && day != newer;
        newer = day;
        let wanted = i < KEEP || (last_of_its_day && days.len() < KEEP_DAYS);
        let fits = i < KEEP_LARGE || bytes + snapshot.bytes <= KEEP_BYTES;
        if wanted && fits {
            bytes += snapshot.bytes;
            days.extend(day.filter(|_| i >= KEEP));
        } else {
            old.push(snapshot);
        }
    }
    old
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn kept(all: &[SnapshotInfo]) -> Vec<u64> {
        let old = superfluous(all);
        let kept = all.iter().filter(|one| !old.contains(one));
        kept.map(|snapshot| snapshot.commit).collect()
    }

    /// Newest first: commit `number`, written at `hours` after some midnight.
    fn written(ages: impl Iterator<Item = (u64, u64)>, bytes: u64) -> Vec<SnapshotInfo> {
        let mut all: Vec<_> = ages
            .map(|(commit, hours)| SnapshotInfo {
                path: format!("{commit}").into(),
                serial: commit,
                commit,
                bytes,
                written: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(hours * 3600)),
            })
            .collect();
        all.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.commit));
        all
    }

    #[test]
    fn the_newest_are_kept_and_before_them_one_a_day() {
        // One every six hours: four a day, commits 1..=200 over fifty days.
        let all = written((1..=200).map(|n| (n, n * 6)), 1);
        let kept = kept(&all);
        let newest: Vec<u64> = (181..=200).rev().collect();
        assert_eq!(kept[..20], newest);
        // Commit 4n+3 is the last one of day n; that of day 45 is 183, which is kept already.
        let daily: Vec<u64> = (15..=44).rev().map(|day| 4 * day + 3).collect();
        assert_eq!(kept[20..], daily);
    }

    #[test]
    fn of_large_ones_three_are_kept() {
        let all = written((1..=30).map(|n| (n, n * 24)), KEEP_BYTES / 2);
        assert_eq!(kept(&all), [30, 29, 28]);
        assert_eq!(kept(&written((1..=2).map(|n| (n, n)), KEEP_BYTES)), [2, 1]);
    }
}
