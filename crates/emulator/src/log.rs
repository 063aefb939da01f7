//! The append-only log of the emulator's objects.
//!
//! Lines of JSON. The first names the format; each further one is `{"sum":"…","ops":[…]}`, where `sum` is the start
//! of the SHA-256 of the text of `ops`. A line is written with one call, so that a `kill -9` can tear at most the
//! last line; a torn last line was never acknowledged and is dropped. Any other damage is an error.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::config::EmulatorError;
use crate::store::{Op, World};

const HEADER: &str = r#"{"format":"streamform-emulator-objects","version":1}"#;

/// The log, open for appending.
#[derive(Debug)]
pub(crate) struct Log {
    file: File,
    length: u64,
}

#[derive(Deserialize)]
struct Header {
    format: String,
    version: u64,
}

#[derive(Deserialize)]
struct Line<'a> {
    sum: &'a str,
    #[serde(borrow)]
    ops: &'a RawValue,
}

fn checksum(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn line(ops: &[Op]) -> std::io::Result<String> {
    let ops = serde_json::to_string(ops)?;
    Ok(format!("{{\"sum\":\"{}\",\"ops\":{ops}}}\n", checksum(&ops)))
}

fn decode(text: &str) -> Option<Vec<Op>> {
    let line: Line<'_> = serde_json::from_str(text).ok()?;
    if checksum(line.ops.get()) != line.sum {
        return None;
    }
    serde_json::from_str(line.ops.get()).ok()
}

impl Log {
    /// Reads the log at `path`, writes it anew without what has gone, and opens it for appending.
    ///
    /// # Errors
    /// The file cannot be read or written, is damaged before its last line, or comes from a newer version.
    pub(crate) fn open(path: &Path) -> Result<(World, Log), EmulatorError> {
        let world = match std::fs::read(path) {
            Ok(bytes) => replay(path, &bytes)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => World::default(),
            Err(source) => return Err(EmulatorError::data_dir(path, source)),
        };
        let log = Log::write_anew(path, &world).map_err(|source| EmulatorError::data_dir(path, source))?;
        Ok((world, log))
    }

    fn write_anew(path: &Path, world: &World) -> std::io::Result<Log> {
        let fresh = PathBuf::from(format!("{}.new", path.display()));
        let mut options = OpenOptions::new();
        options.create(true).truncate(true).write(true);
        crate::instance::private(&mut options);
        let mut writer = BufWriter::new(options.open(&fresh)?);
        writer.write_all(HEADER.as_bytes())?;
        writer.write_all(b"\n")?;
        for row in world.rows() {
            writer.write_all(line(&[Op::put(row)])?.as_bytes())?;
        }
        let mut file = writer.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)?;
        let length = file.seek(SeekFrom::End(0))?;
        Ok(Log { file, length })
    }

    /// Appends one change.
    ///
    /// The data reaches the kernel before this returns, which is what surviving the end of the process needs; the
    /// disk gets it when the emulator stops.
    ///
    /// # Errors
    /// The line could not be written; what was written of it has been cut off again.
    pub(crate) fn append(&mut self, ops: &[Op]) -> std::io::Result<()> {
        let text = line(ops)?;
        if let Err(error) = self.file.write_all(text.as_bytes()) {
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::Start(self.length))?;
            return Err(error);
        }
        self.length += text.len() as u64;
        Ok(())
    }

    /// Forces the log to the disk.
    pub(crate) fn sync(&self) -> std::io::Result<()> {
        self.file.sync_all()
    }
}

fn replay(path: &Path, bytes: &[u8]) -> Result<World, EmulatorError> {
    let corrupt = |line: usize| EmulatorError::Corrupt {
        path: path.to_owned(),
        line,
    };
    let mut world = World::default();
    let mut lines = bytes
        .split_inclusive(|&byte| byte == b'\n')
        .enumerate()
        .peekable();
    while let Some((index, raw)) = lines.next() {
        let last = lines.peek().is_none();
        let whole = raw.ends_with(b"\n");
        let text = std::str::from_utf8(raw)
            .unwrap_or_default()
            .trim_end_matches('\n');
        if index == 0 {
            match serde_json::from_str::<Header>(text) {
                Ok(header) if header.format == "streamform-emulator-objects" => {
                    if header.version != 1 {
                        return Err(EmulatorError::NewerFormat {
                            path: path.to_owned(),
                            version: header.version,
                        });
                    }
                }
                // Torn before the first line was whole: nothing was ever acknowledged.
                _ if last && !whole => return Ok(world),
                _ => return Err(corrupt(1)),
            }
            continue;
        }
        match decode(text) {
            Some(ops) if whole => ops.into_iter().for_each(|op| world.apply(op)),
            _ if last => {
                tracing::warn!(path = %path.display(), "dropped a torn last line of the emulator's log");
            }
            _ => return Err(corrupt(index + 1)),
        }
    }
    Ok(world)
}
