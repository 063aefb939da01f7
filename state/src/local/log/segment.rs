//! One file of the log.

use std::fs::File;
use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use super::Segment;
use super::corrupt;
use super::frame;
use super::frame::FrameKind;
use super::frame::NoFrame;
use crate::StateError;
use crate::contents::Commit;
use crate::durable;
use crate::local::layout::Layout;
use crate::steps::step;

/// The newest version of the log's format.
const VERSION: u64 = 1;

/// The first bytes of a segment; the digits are the version of the framing.
const MAGIC: &[u8; 8] = b"SFLOG001";

/// The first frame of a segment.
#[derive(Serialize, Deserialize)]
struct Head {
    version: u64,
    first: u64,
}

/// A segment that commits are appended to.
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    path: PathBuf,
    file: File,
    length: u64,
    /// A write failed: what lies beyond `length` is not to be trusted, and the file is not written any more.
    broken: bool,
}

#[cfg(test)]
thread_local! {
    /// Makes the next append of this thread fail half-way, as a full disk does.
    pub(crate) static DISK_IS_FULL: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

impl SegmentWriter {
    /// Makes the segment whose first commit is number `first`. One of the same number is replaced: it has no commit.
    pub(crate) fn create(layout: &Layout, first: u64) -> Result<Self, StateError> {
        durable::create_folder(&layout.logs())?;
        let path = layout.segment(first);
        let io = |error| StateError::AppendLog {
            path: path.clone(),
            source: error,
        };
        let head = serde_json::to_vec(&Head {
            version: VERSION,
            first,
        })
        .map_err(|error| io(error.into()))?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(
            frame::encode(FrameKind::Head, 0, &head).ok_or_else(|| io(io::ErrorKind::FileTooLarge.into()))?,
        );
        let mut file = durable::owner_only()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .map_err(io)?;
        // The first commit syncs the file together with its own bytes; the name is made durable here.
        file.write_all(&bytes).map_err(io)?;
        durable::sync_folder(&layout.logs())?;
        Ok(Self {
            path,
            file,
            length: bytes.len() as u64,
            broken: false,
        })
    }

    /// Whether a write failed, so that the next commit needs a new segment.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Appends a commit and makes it durable: one write, one sync.
    pub(crate) fn append(&mut self, commit: &Commit) -> Result<(), StateError> {
        match self.try_append(commit) {
            Ok(length) => {
                self.length += length;
                Ok(())
            }
            Err(source) => {
                self.broken = true;
                // So that a reader finds a clean end. If this fails too, the next segment's number says where this one ends.
                let _ = self.file.set_len(self.length);
                Err(StateError::AppendLog {
                    path: self.path.clone(),
                    source,
                })
            }
        }
    }

    fn try_append(&mut self, commit: &Commit) -> io::Result<u64> {
        let text = serde_json::to_vec(commit)?;
        let bytes = frame::encode(FrameKind::Commit, commit.standing.seq, &text)
            .ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        #[cfg(test)]
        if DISK_IS_FULL.take() {
            self.file.write_all(&bytes[..bytes.len() / 2])?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        step("log: before append");
        self.file.write_all(&bytes)?;
        step("log: before sync");
        self.file.sync_data()?;
        step("log: after append");
        Ok(bytes.len() as u64)
    }
}

/// What reading one segment came to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Number of the commit that would come next.
    pub(super) next: u64,
    /// Where a write was cut short.
    pub(super) torn_at: Option<u64>,
    /// Where the bytes are not what was written.
    pub(super) corrupt_at: Option<u64>,
}

/// Hands the commits of a segment to `take`, up to the number `until` (excluded), its end, or its first bad frame.
pub(super) fn read(
    segment: &Segment,
    until: Option<u64>,
    mut take: impl FnMut(Commit) -> Result<(), StateError>,
) -> Result<Outcome, StateError> {
    let path = &segment.path;
    let file = std::fs::read(path).map_err(|error| StateError::read(path, error))?;
    let mut outcome = Outcome {
        next: segment.first,
        ..Outcome::default()
    };
    let Some(mut offset) = read_head(path, &file, segment.first)? else {
        outcome.torn_at = Some(0);
        return Ok(outcome);
    };
    while until.is_none_or(|until| outcome.next < until) {
        match frame::decode(&file, offset) {
            Ok(frame) if frame.kind == FrameKind::Commit && frame.seq == outcome.next => {
                let commit: Commit =
                    serde_json::from_slice(frame.text).map_err(|_| corrupt(path, offset as u64))?;
                if commit.standing.seq != frame.seq {
                    return Err(corrupt(path, offset as u64));
                }
                offset += frame::HEADER + frame.text.len();
                outcome.next += 1;
                take(commit)?;
            }
            Ok(_) | Err(NoFrame::Corrupt) => {
                outcome.corrupt_at = Some(offset as u64);
                break;
            }
            Err(NoFrame::Torn) => {
                outcome.torn_at = Some(offset as u64);
                break;
            }
            Err(NoFrame::End) => break,
        }
    }
    Ok(outcome)
}

/// Reads magic and head; gives the offset of the first commit, or `None` when the process was killed while making the file.
fn read_head(path: &Path, file: &[u8], first: u64) -> Result<Option<usize>, StateError> {
    let begun = &file[..file.len().min(MAGIC.len())];
    if begun.len() < MAGIC.len() {
        let torn = MAGIC.starts_with(begun) || begun.iter().all(|byte| *byte == 0);
        return if torn { Ok(None) } else { Err(corrupt(path, 0)) };
    }
    if begun != MAGIC {
        if file.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let digits = begun
            .strip_prefix(b"SFLOG")
            .and_then(|digits| std::str::from_utf8(digits).ok());
        return Err(match digits.and_then(|digits| digits.parse().ok()) {
            Some(found) if found > VERSION => StateError::NewerFormat {
                path: path.to_owned(),
                found,
                supported: VERSION,
            },
            _ => corrupt(path, 0),
        });
    }
    match frame::decode(file, MAGIC.len()) {
        Ok(frame) if frame.kind == FrameKind::Head => {
            let at = MAGIC.len() as u64;
            let head: Head = serde_json::from_slice(frame.text).map_err(|_| corrupt(path, at))?;
            if head.version > VERSION {
                return Err(StateError::NewerFormat {
                    path: path.to_owned(),
                    found: head.version,
                    supported: VERSION,
                });
            }
            if head.first != first {
                return Err(corrupt(path, at));
            }
            Ok(Some(MAGIC.len() + frame::HEADER + frame.text.len()))
        }
        Err(NoFrame::Torn | NoFrame::End) => Ok(None),
        Ok(_) | Err(NoFrame::Corrupt) => Err(corrupt(path, MAGIC.len() as u64)),
    }
}
