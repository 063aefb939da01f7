//! Text files that notice when a byte of them changes: lines, and a last line with the SHA-256 of all before.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;

use crate::StateError;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trailer {
    sha256: String,
}

/// Writes lines and, at the end, their checksum.
pub(crate) struct LineWriter<'a, W: Write> {
    path: &'a Path,
    out: &'a mut W,
    hasher: Sha256,
}

impl<'a, W: Write> LineWriter<'a, W> {
    pub(crate) fn new(path: &'a Path, out: &'a mut W) -> Self {
        Self {
            path,
            out,
            hasher: Sha256::new(),
        }
    }

    /// Writes one value as a line of JSON.
    pub(crate) fn line<T: Serialize>(&mut self, value: &T) -> Result<(), StateError> {
        let mut text =
            serde_json::to_vec(value).map_err(|error| StateError::write(self.path, error.into()))?;
        text.push(b'\n');
        self.hasher.update(&text);
        self.out
            .write_all(&text)
            .map_err(|error| StateError::write(self.path, error))
    }

    /// Writes the last line.
    pub(crate) fn end(self) -> Result<(), StateError> {
        let trailer = Trailer {
            sha256: hex(&self.hasher.finalize()),
        };
        let text =
            serde_json::to_vec(&trailer).map_err(|error| StateError::write(self.path, error.into()))?;
        self.out
            .write_all(&text)
            .and_then(|()| self.out.write_all(b"\n"))
            .map_err(|error| StateError::write(self.path, error))
    }
}

/// Reads lines back. What was read may be used only after [`LineReader::next`] has given `None`: only then the checksum holds.
pub(crate) struct LineReader<R = BufReader<File>> {
    path: PathBuf,
    file: R,
    hasher: Sha256,
    held: Option<String>,
}

impl LineReader {
    pub(crate) fn open(path: &Path) -> Result<Self, StateError> {
        let file = File::open(path).map_err(|error| StateError::read(path, error))?;
        Self::over(path, BufReader::with_capacity(1 << 16, file))
    }
}

impl<R: BufRead> LineReader<R> {
    /// Reads what was got from elsewhere; `path` is for messages.
    pub(crate) fn over(path: &Path, file: R) -> Result<Self, StateError> {
        let mut reader = Self {
            path: path.to_owned(),
            file,
            hasher: Sha256::new(),
            held: None,
        };
        reader.held = reader.read_line()?;
        Ok(reader)
    }

    /// The next line, without its end; `None` after the last one, when the checksum is right.
    pub(crate) fn next(&mut self) -> Result<Option<String>, StateError> {
        let Some(line) = self.held.take() else {
            return Err(StateError::corrupt(&self.path, "it is cut short"));
        };
        self.held = self.read_line()?;
        if self.held.is_some() {
            self.hasher.update(&line);
            self.hasher.update(b"\n");
            return Ok(Some(line));
        }
        let trailer: Trailer = serde_json::from_str(&line)
            .map_err(|_| StateError::corrupt(&self.path, "it is cut short: its last line is no checksum"))?;
        if trailer.sha256 != hex(&std::mem::take(&mut self.hasher).finalize()) {
            return Err(StateError::corrupt(
                &self.path,
                "its checksum does not fit its content",
            ));
        }
        Ok(None)
    }

    fn read_line(&mut self) -> Result<Option<String>, StateError> {
        let mut line = String::new();
        let length = self
            .file
            .read_line(&mut line)
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::InvalidData => StateError::corrupt(&self.path, "it is not UTF-8 text"),
                _ => StateError::read(&self.path, error),
            })?;
        if length == 0 {
            return Ok(None);
        }
        if line.pop() != Some('\n') {
            return Err(StateError::corrupt(&self.path, "its last line has no end"));
        }
        Ok(Some(line))
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
