//! The log: the truth while a run is under way.
//!
//! Every run that commits something makes one *segment*, a file named by the number of its first commit. A segment is a
//! sequence of [frames](frame); a commit is one frame, appended and synced in one go. Segments stay until a snapshot covers them;
//! those that the newest snapshot covers stay even then, where there is no working store, *folded*: renamed, and read only if that
//! snapshot is damaged.

mod frame;
mod segment;

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::StateError;
use crate::contents::Commit;
use crate::local::layout::Layout;
use crate::local::layout::files_with_suffix;
use crate::steps::step;

#[cfg(test)]
pub(crate) use segment::DISK_IS_FULL;
pub(crate) use segment::SegmentWriter;

/// A segment on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    pub(crate) first: u64,
}

/// The segments of a state, oldest first.
pub(crate) fn segments(layout: &Layout) -> Result<Vec<Segment>, StateError> {
    with_suffix(layout, ".log")
}

/// The segments that the newest snapshot covers, oldest first.
pub(crate) fn folded(layout: &Layout) -> Result<Vec<Segment>, StateError> {
    with_suffix(layout, ".folded")
}

/// Sets segments aside, now that a snapshot covers them; those that the snapshot before covered are no longer needed.
pub(crate) fn fold(layout: &Layout, segments: &[Segment]) -> Result<(), StateError> {
    let before = folded(layout)?;
    for segment in segments {
        let to = segment.path.with_extension("folded");
        fs::rename(&segment.path, &to).map_err(|error| StateError::write(&segment.path, error))?;
        step("log: segment folded");
    }
    if segments.is_empty() {
        Ok(())
    } else {
        remove(&before)
    }
}

/// Removes the files of segments.
pub(crate) fn remove(segments: &[Segment]) -> Result<(), StateError> {
    segments.iter().try_for_each(|segment| {
        fs::remove_file(&segment.path).map_err(|error| StateError::write(&segment.path, error))
    })
}

/// How long the files of these segments are together.
pub(crate) fn bytes(segments: &[Segment]) -> Result<u64, StateError> {
    segments.iter().try_fold(0, |sum, segment| {
        let length = fs::metadata(&segment.path)
            .map_err(|error| StateError::read(&segment.path, error))?
            .len();
        Ok(sum + length)
    })
}

fn with_suffix(layout: &Layout, suffix: &str) -> Result<Vec<Segment>, StateError> {
    let mut found = Vec::new();
    for path in files_with_suffix(&layout.logs(), suffix)? {
        let first = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .and_then(|stem| stem.parse().ok());
        if let Some(first) = first {
            found.push(Segment { path, first });
        }
    }
    found.sort_by_key(|segment| segment.first);
    Ok(found)
}

/// What reading all segments found.
#[derive(Debug, Default)]
pub(crate) struct LogEnd {
    /// Number of the last commit that was handed out; 0 for none.
    pub(crate) last: u64,
    /// The newest segment ends in a frame that a killed process did not finish: its path and how much of it is good.
    pub(crate) torn: Option<(PathBuf, u64)>,
}

/// Hands all commits in the segments `all` after number `after` to `take`, in order.
///
/// # Errors
/// When a commit between is missing or damaged. A torn end of the newest segment is no error, nor is the end of an older
/// segment where a newer one has taken its place.
pub(crate) fn replay(
    layout: &Layout,
    all: &[Segment],
    after: u64,
    mut take: impl FnMut(Commit, &Path) -> Result<(), StateError>,
) -> Result<LogEnd, StateError> {
    let mut end = LogEnd::default();
    let mut expected = None;
    for (i, segment) in all.iter().enumerate() {
        let superseded_from = all.get(i + 1).map(|next| next.first);
        if superseded_from.is_some_and(|next| next <= after + 1) {
            continue;
        }
        if expected.is_some_and(|expected: u64| expected < segment.first)
            || segment.first > after + 1 && expected.is_none()
        {
            let from = expected.unwrap_or(after + 1);
            return Err(gap(layout, from, segment.first));
        }
        let outcome = segment::read(segment, superseded_from, |commit| {
            let seq = commit.standing.seq;
            if seq > after {
                take(commit, &segment.path)?;
            }
            end.last = seq;
            Ok(())
        })?;
        let next = outcome.next;
        match superseded_from {
            Some(later) if next < later => {
                return Err(match outcome.corrupt_at {
                    Some(offset) => corrupt(&segment.path, offset),
                    None => gap(layout, next, later),
                });
            }
            Some(_) => {}
            None => {
                if let Some(offset) = outcome.corrupt_at {
                    return Err(corrupt(&segment.path, offset));
                }
                end.torn = outcome.torn_at.map(|offset| (segment.path.clone(), offset));
            }
        }
        expected = Some(next);
    }
    Ok(end)
}

fn gap(layout: &Layout, from: u64, to: u64) -> StateError {
    StateError::Contradiction {
        path: layout.dir().to_owned(),
        detail: format!("the log lacks the commits {from} to {}", to - 1),
        snapshot: None,
    }
}

fn corrupt(path: &Path, offset: u64) -> StateError {
    StateError::CorruptLog {
        path: path.to_owned(),
        offset,
        snapshot: None,
    }
}

#[cfg(test)]
mod tests;
