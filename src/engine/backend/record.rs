//! What `init` has settled, kept in the data folder. What is secret in it is sealed.

use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;
use streamform_lang::diag::Diagnostic;
use streamform_state::Backend;

use super::Premises;
use super::is_default;
use super::unwritable;
use crate::config::BackendSettings;
use crate::config::BackendType;
use crate::config::is_secret;
use crate::engine::session::told;

const VERSION: u32 = 1;

/// What the seal of the secrets is for.
const PURPOSE: &str = "settings of the backend";

/// What `init` has settled.
#[derive(Clone, Debug, PartialEq)]
pub struct BackendRecord {
    ty: &'static BackendType,
    /// The settings of the block.
    block: BackendSettings,
    /// All settings: those of the block, and of `-backend-config`.
    settings: BackendSettings,
}

/// The record as the file has it.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    #[serde(rename = "type")]
    ty: String,
    #[serde(flatten)]
    clear: Both,
    /// The rest of both, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<String>,
}

#[derive(Default, Serialize, Deserialize)]
struct Both {
    block: BackendSettings,
    settings: BackendSettings,
}

impl BackendRecord {
    /// What is to be settled.
    pub fn new(ty: &'static BackendType, block: BackendSettings, more: BackendSettings) -> Self {
        let mut settings = block.clone();
        settings.extend(more);
        BackendRecord { ty, block, settings }
    }

    /// The name of the type.
    pub fn ty(&self) -> &'static str {
        self.ty.name
    }

    /// Whether the block is still the one that was settled.
    pub fn is_of(&self, ty: &BackendType, block: &BackendSettings) -> bool {
        self.ty.name == ty.name && self.block == *block
    }

    /// Where the states are.
    ///
    /// # Errors
    /// When the settings do not say it, or no longer do: the environment may have given a part of them.
    pub fn backend(&self, premises: &Premises) -> Result<Backend, Box<Diagnostic>> {
        premises.open(self.ty, &self.settings)
    }

    /// What is missing or cannot be in the settings.
    pub fn check(&self, premises: &Premises) -> streamform_lang::diag::Diagnostics {
        premises.check(self.ty, &self.settings)
    }

    /// Whether this says what holds anyway.
    pub fn is_default(&self) -> bool {
        is_default(self.ty, &self.settings)
    }

    fn file(data: &Path) -> PathBuf {
        data.join("backend.json")
    }

    /// What was settled; none if nothing was.
    ///
    /// # Errors
    /// When the file is there and cannot be read, or its secrets are sealed with another key.
    pub fn read(premises: &Premises) -> Result<Option<Self>, Box<Diagnostic>> {
        let file = Self::file(&premises.data);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(unreadable(&file, &e.to_string())),
        };
        let formless = || unreadable(&file, "it does not have its form");
        let stored: Stored = serde_json::from_str(&text).map_err(|_| formless())?;
        let newer = || unreadable(&file, "it was written by a newer version of this program");
        if stored.version > VERSION {
            return Err(newer());
        }
        let ty = BackendType::named(&stored.ty).ok_or_else(newer)?;
        let Both {
            mut block,
            mut settings,
        } = stored.clear;
        if let Some(sealed) = stored.sealed {
            let Some(key) = &premises.key else {
                return Err(unreadable(&file, "its secrets are sealed, and there is no key"));
            };
            let text = key
                .open_text(PURPOSE, &sealed)
                .map_err(|e| unreadable(&file, &told(&e)))?;
            let secret: Both = serde_json::from_str(&text).map_err(|_| formless())?;
            block.extend(secret.block);
            settings.extend(secret.settings);
        }
        Ok(Some(BackendRecord { ty, block, settings }))
    }

    /// Writes it down.
    ///
    /// # Errors
    /// When the file cannot be written, or there is no key to seal a secret with.
    pub fn write(&self, premises: &Premises) -> Result<(), Box<Diagnostic>> {
        let file = Self::file(&premises.data);
        let split = |all: &BackendSettings| -> (BackendSettings, BackendSettings) {
            let all = all.iter().map(|(name, value)| (name.clone(), value.clone()));
            all.partition(|(name, value)| !is_secret(self.ty.argument(name), value))
        };
        let (block, secret_block) = split(&self.block);
        let (settings, secret_settings) = split(&self.settings);
        let secret = Both {
            block: secret_block,
            settings: secret_settings,
        };
        let sealed = match (secret.settings.keys().next(), &premises.key) {
            (None, _) => None,
            (Some(name), None) => {
                return Err(Box::new(Diagnostic::error(
                    "Secret setting cannot be kept",
                    format!(
                        "The setting \"{name}\" is a secret, and there is no key here to seal it with. Give it by the environment: then it is not written down."
                    ),
                )));
            }
            (Some(_), Some(key)) => {
                let text = serde_json::to_string(&secret).unwrap_or_default();
                let sealed = key.seal_text(PURPOSE, &text);
                Some(
                    sealed.map_err(|e| {
                        Box::new(Diagnostic::error("Secret setting cannot be kept", told(&e)))
                    })?,
                )
            }
        };
        let stored = Stored {
            version: VERSION,
            ty: self.ty.name.to_owned(),
            clear: Both { block, settings },
            sealed,
        };
        let text = serde_json::to_string_pretty(&stored).unwrap_or_default();
        std::fs::create_dir_all(&premises.data)
            .and_then(|()| std::fs::write(&file, text + "\n"))
            .map_err(|e| unwritable(&file, &e))
    }

    /// Forgets what was settled.
    ///
    /// # Errors
    /// When the file is there and cannot be removed.
    pub fn forget(premises: &Premises) -> Result<(), Box<Diagnostic>> {
        let file = Self::file(&premises.data);
        match std::fs::remove_file(&file) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(unwritable(&file, &e)),
            _ => Ok(()),
        }
    }
}

fn unreadable(file: &Path, why: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(
            "Backend settings cannot be read",
            format!(
                "What init has settled is kept in {}, which cannot be read: {why}.",
                file.display()
            ),
        )
        .help("streamform init -reconfigure"),
    )
}

#[cfg(test)]
mod tests {
    use streamform_state::SealKey;

    use super::*;

    #[test]
    fn secrets_are_sealed_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let ty = BackendType::named("http").unwrap();
        let block = BackendSettings::from([
            ("address".to_owned(), "http://h/x".into()),
            ("password".to_owned(), "correct horse".into()),
        ]);
        let more = BackendSettings::from([("lock_address".to_owned(), "http://u:staple@h/l".into())]);
        let record = BackendRecord::new(ty, block.clone(), more);
        let mut premises = Premises::bare(folder.path(), folder.path().join("data"));
        assert_eq!(
            record.write(&premises).unwrap_err().summary,
            "Secret setting cannot be kept"
        );
        premises.key = Some(SealKey::at(folder.path().join("key")));
        record.write(&premises).unwrap();
        let text = std::fs::read_to_string(BackendRecord::file(&premises.data)).unwrap();
        assert!(text.contains("http://h/x"));
        assert!(!text.contains("horse") && !text.contains("staple"), "{text}");
        let read = BackendRecord::read(&premises).unwrap().unwrap();
        assert_eq!(read, record);
        assert!(read.is_of(ty, &block));
        premises.key = Some(SealKey::at(folder.path().join("other")));
        assert_eq!(
            BackendRecord::read(&premises).unwrap_err().summary,
            "Backend settings cannot be read"
        );
    }
}
