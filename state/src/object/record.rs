//! What the objects of a state hold: commits, snapshots, the manifest. The forms are those of the files of a local state.

use std::path::Path;

use serde::Deserialize;
use serde::Serialize;

use crate::StateError;
use crate::contents::Commit;
use crate::contents::Contents;
use crate::contents::Standing;
use crate::item::Codec;
use crate::item::Item;
use crate::local::checked_lines::LineReader;
use crate::local::checked_lines::LineWriter;

const VERSION: u64 = 1;

/// Who wrote a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Author {
    /// The number of the lock under which it was written.
    pub(crate) fence: u64,
    /// The lock's ID.
    pub(crate) lock: String,
}

/// Where to begin to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The newest snapshot: its name, the number of its last commit, and its size.
    pub(crate) snapshot: Option<Snapshot>,
    /// Where the last finished run left the state.
    pub(crate) standing: Standing,
}

/// A snapshot, as the manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) name: String,
    pub(crate) commit: u64,
    pub(crate) bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct Head<T> {
    format: String,
    version: u64,
    #[serde(flatten)]
    rest: T,
}

#[derive(Serialize, Deserialize)]
struct Standings {
    standing: Standing,
}

#[derive(Deserialize)]
struct Version {
    version: u64,
}

fn head<T: for<'a> Deserialize<'a>>(
    path: &Path,
    line: Option<String>,
    format: &str,
) -> Result<T, StateError> {
    let wrong = || StateError::corrupt(path, format!("it is no {format}"));
    let line = line.ok_or_else(wrong)?;
    let Version { version } = serde_json::from_str(&line).map_err(|_| wrong())?;
    if version > VERSION {
        return Err(StateError::NewerFormat {
            path: path.to_owned(),
            found: version,
            supported: VERSION,
        });
    }
    let head: Head<T> = serde_json::from_str(&line).map_err(|_| wrong())?;
    if head.format == format {
        Ok(head.rest)
    } else {
        Err(wrong())
    }
}

fn lines<T: Serialize>(
    path: &Path,
    format: &str,
    first: T,
    each: impl FnOnce(&mut LineWriter<'_, Vec<u8>>) -> Result<(), StateError>,
) -> Result<Vec<u8>, StateError> {
    let mut bytes = Vec::new();
    let mut lines = LineWriter::new(path, &mut bytes);
    lines.line(&Head {
        format: format.to_owned(),
        version: VERSION,
        rest: first,
    })?;
    each(&mut lines)?;
    lines.end()?;
    Ok(bytes)
}

const COMMIT: &str = "streamform-commit";
const MANIFEST: &str = "streamform-manifest";
const SNAPSHOT: &str = "streamform-snapshot";

/// A commit as an object holds it.
pub(crate) fn commit(path: &Path, author: &Author, commit: &Commit) -> Result<Vec<u8>, StateError> {
    lines(path, COMMIT, author, |lines| lines.line(commit))
}

pub(crate) fn read_commit(path: &Path, bytes: &[u8]) -> Result<(Author, Commit), StateError> {
    let mut reader = LineReader::over(path, bytes)?;
    let author = head(path, reader.next()?, COMMIT)?;
    let text = reader
        .next()?
        .ok_or_else(|| StateError::corrupt(path, "it has no commit"))?;
    let commit =
        serde_json::from_str(&text).map_err(|_| StateError::corrupt(path, "its line is no commit"))?;
    if reader.next()?.is_some() {
        return Err(StateError::corrupt(path, "it has too many lines"));
    }
    Ok((author, commit))
}

/// The manifest as an object holds it.
pub(crate) fn manifest(path: &Path, manifest: &Manifest) -> Result<Vec<u8>, StateError> {
    lines(path, MANIFEST, manifest, |_| Ok(()))
}

pub(crate) fn read_manifest(path: &Path, bytes: &[u8]) -> Result<Manifest, StateError> {
    let mut reader = LineReader::over(path, bytes)?;
    let manifest = head(path, reader.next()?, MANIFEST)?;
    if reader.next()?.is_some() {
        return Err(StateError::corrupt(path, "it has too many lines"));
    }
    Ok(manifest)
}

/// A snapshot of items.
pub(crate) fn snapshot<'a>(
    path: &Path,
    standing: &Standing,
    items: impl IntoIterator<Item = &'a Item>,
) -> Result<Vec<u8>, StateError> {
    let first = Standings {
        standing: standing.clone(),
    };
    lines(path, SNAPSHOT, first, |lines| {
        items.into_iter().try_for_each(|item| lines.line(item))
    })
}

/// Reads a snapshot, handing every item to `seen` too.
pub(crate) fn read_snapshot(
    path: &Path,
    bytes: &[u8],
    codec: &Codec,
    mut seen: impl FnMut(Item),
) -> Result<Contents, StateError> {
    let mut reader = LineReader::over(path, bytes)?;
    let Standings { standing } = head(path, reader.next()?, SNAPSHOT)?;
    let mut contents = Contents::empty(&standing.lineage);
    while let Some(line) = reader.next()? {
        let item: Item =
            serde_json::from_str(&line).map_err(|_| StateError::corrupt(path, "a line is no item"))?;
        contents.load(codec, &item).map_err(|bad| bad.in_file(path))?;
        seen(item);
    }
    contents.stand_at(&standing);
    if contents.standing() != standing {
        return Err(StateError::corrupt(
            path,
            "its items do not add up to what its first line says",
        ));
    }
    Ok(contents)
}
