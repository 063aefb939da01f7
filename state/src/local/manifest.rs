//! The manifest: where the state stood when the last run finished, kept outside the working store.
//!
//! It is what turns a silent loss in the working store into an error: the store must agree with it, or be behind it in a
//! way that the log makes up for.

use std::path::Path;

use serde::Deserialize;
use serde::Serialize;

use crate::StateError;
use crate::contents::Standing;
use crate::durable;
use crate::local::checked_lines::LineReader;
use crate::local::checked_lines::LineWriter;

/// The newest version of the manifest's format.
const VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
struct Manifest {
    format: String,
    version: u64,
    standing: Standing,
}

#[derive(Deserialize)]
struct Version {
    version: u64,
}

/// Reads the manifest; `None` when there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Standing>, StateError> {
    let mut reader = match LineReader::open(path) {
        Ok(reader) => reader,
        Err(StateError::ReadFile { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let line = reader
        .next()?
        .ok_or_else(|| StateError::corrupt(path, "it is empty"))?;
    if reader.next()?.is_some() {
        return Err(StateError::corrupt(path, "it has more lines than one"));
    }
    let wrong = |_| StateError::corrupt(path, "it is no manifest");
    let Version { version } = serde_json::from_str(&line).map_err(wrong)?;
    if version > VERSION {
        return Err(StateError::NewerFormat {
            path: path.to_owned(),
            found: version,
            supported: VERSION,
        });
    }
    let manifest: Manifest = serde_json::from_str(&line).map_err(wrong)?;
    Ok(Some(manifest.standing))
}

/// Writes the manifest, durably and in one step.
pub(crate) fn write(path: &Path, standing: &Standing) -> Result<(), StateError> {
    let manifest = Manifest {
        format: "streamform-manifest".into(),
        version: VERSION,
        standing: standing.clone(),
    };
    durable::replace_file(path, |out| {
        let mut lines = LineWriter::new(path, out);
        lines.line(&manifest)?;
        lines.end()
    })
}
