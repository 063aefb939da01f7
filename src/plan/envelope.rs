//! The outside of a plan file: its first line, and what follows it packed, and sealed where it holds secrets.

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;

use streamform_lang::value::Marks;
use streamform_state::SealKey;

use super::InstanceChange;
use super::Plan;
use super::PlanFileError;
use super::marked_values;

/// The first line of a plan file in clear.
const PLAIN: &[u8] = b"streamform-plan\n";

/// The first line of one that is sealed.
const SEALED: &[u8] = b"streamform-plan-sealed\n";

/// What a sealed plan is sealed for.
const PURPOSE: &str = "plan file";

/// How a plan was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// In clear: nothing in it is sensitive.
    Plain,
    /// Sealed: only who has the key can read or apply it.
    Sealed,
    /// In clear although it holds secrets: there is no key.
    SecretsInClear,
}

/// Whether a plan holds what must not be readable on disk.
pub(super) fn holds_secrets(plan: &Plan) -> bool {
    let private = |c: &InstanceChange| c.before_private.is_some() || c.after_private.is_some();
    let mut changes = plan.changes.iter().chain(&plan.drift).chain(&plan.untouched);
    let mut found = changes.any(private);
    if !found {
        marked_values(plan, |value| {
            let marks = value.deep_marks();
            found |= marks.contains(Marks::SENSITIVE) || marks.contains(Marks::EPHEMERAL);
        });
    }
    found
}

/// Writes the file, over whatever was there, readable by its owner only.
pub(super) fn write(
    path: &Path,
    packed: &[u8],
    secret: bool,
    key: Option<&SealKey>,
) -> Result<Written, PlanFileError> {
    let (head, body, written) = match key {
        Some(key) if secret => (
            SEALED,
            Cow::Owned(key.seal_bytes(PURPOSE, packed)?),
            Written::Sealed,
        ),
        _ if secret => (PLAIN, Cow::Borrowed(packed), Written::SecretsInClear),
        _ => (PLAIN, Cow::Borrowed(packed), Written::Plain),
    };
    let io = |source| PlanFileError::Io {
        path: path.display().to_string(),
        what: "written",
        source,
    };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path).map_err(io)?;
    file.write_all(head).map_err(io)?;
    file.write_all(&body).map_err(io)?;
    Ok(written)
}

/// What is packed inside a plan file.
pub(super) fn open<'b>(
    name: &str,
    bytes: &'b [u8],
    key: Option<&SealKey>,
) -> Result<Cow<'b, [u8]>, PlanFileError> {
    if let Some(packed) = bytes.strip_prefix(PLAIN) {
        return Ok(Cow::Borrowed(packed));
    }
    let sealed = bytes
        .strip_prefix(SEALED)
        .ok_or_else(|| PlanFileError::NotAPlan(name.to_owned()))?;
    let key = key.ok_or(PlanFileError::NoKey)?;
    Ok(Cow::Owned(key.open_bytes(PURPOSE, sealed)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_sealed_if_there_is_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p");
        let key = SealKey::at(folder.path().join("key"));
        let read = |key: Option<&SealKey>| {
            let bytes = std::fs::read(&path).unwrap();
            open("p", &bytes, key).map(Cow::into_owned)
        };
        assert_eq!(write(&path, b"x", false, Some(&key)).unwrap(), Written::Plain);
        assert_eq!(read(None).unwrap(), b"x");
        assert!(!folder.path().join("key").exists(), "nothing needed it");
        assert_eq!(write(&path, b"x", true, None).unwrap(), Written::SecretsInClear);
        assert_eq!(read(None).unwrap(), b"x");
        assert_eq!(
            write(&path, b"hunter2", true, Some(&key)).unwrap(),
            Written::Sealed
        );
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(7).any(|window| window == b"hunter2"));
        assert_eq!(read(Some(&key)).unwrap(), b"hunter2");
        assert!(matches!(read(None), Err(PlanFileError::NoKey)));
        let other = SealKey::at(folder.path().join("other"));
        other.ready().unwrap();
        let told = read(Some(&other)).unwrap_err().to_string();
        assert!(told.contains("STREAMFORM_STATE_KEY_FILE"), "{told}");
    }
}
