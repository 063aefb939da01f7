//! Sealing: what holds secrets is encrypted on disk.
//!
//! XChaCha20-Poly1305 with a random nonce an item; the item's kind and name are authenticated with it, so a sealed item cannot be
//! put in the place of another. The key lies in a file in the user's configuration folder, not beside the state: whoever copies
//! the state's folder, or commits it by mistake, does not give away what is in it.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;

use chacha20poly1305::KeyInit as _;
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::XNonce;
use chacha20poly1305::aead::Aead as _;
use chacha20poly1305::aead::Payload;
use etcetera::BaseStrategy as _;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;

use crate::StateError;
use crate::bytes;
use crate::durable;
use crate::item::Kind;

/// The first word of a key file; the digits are its version.
const FILE_HEAD: &str = "streamform-key-1";

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The key that seals a state. Its file is read when the first sealed item is met, and made when the first one is written and
/// there is none. Cheap to clone.
#[derive(Clone)]
pub struct SealKey {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    loaded: OnceLock<Loaded>,
}

struct Loaded {
    name: String,
    cipher: XChaCha20Poly1305,
}

/// A sealed payload as an envelope holds it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Sealed {
    /// Name of the key.
    key: String,
    nonce: String,
    data: String,
}

impl Sealed {
    /// Name of the key that sealed it.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }
}

/// Why a sealed payload could not be opened.
pub(crate) enum NotOpened {
    /// It was sealed with the key of this name, which is not this one.
    OtherKey(String),
    /// It is not what was sealed.
    Broken,
    /// The key file failed.
    KeyFile(StateError),
}

impl SealKey {
    /// The key in this file.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            inner: Arc::new(Inner {
                path: path.into(),
                loaded: OnceLock::new(),
            }),
        }
    }

    /// The key in the user's configuration folder: `streamform/state.key` in `$XDG_CONFIG_HOME`, `~/.config`, or `%APPDATA%`;
    /// `None` when the user has no home.
    pub fn of_user() -> Option<Self> {
        let folders = etcetera::choose_base_strategy().ok()?;
        Some(Self::at(
            folders.config_dir().join("streamform").join("state.key"),
        ))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Reads the key from its file, and makes the file when there is none.
    ///
    /// # Errors
    /// [`StateError::KeyFile`] when the file cannot be made or does not hold a key.
    pub fn ready(&self) -> Result<(), StateError> {
        self.load_or_make().map(drop)
    }

    /// Seals a text that is kept elsewhere, such as a plan file's variables. What comes out is JSON; it opens only under the same
    /// `purpose`.
    ///
    /// # Errors
    /// As [`SealKey::ready`].
    pub fn seal_text(&self, purpose: &str, text: &str) -> Result<String, StateError> {
        let sealed = self.seal_about(&about("text", purpose), text)?;
        serde_json::to_string(&sealed).map_err(|error| self.unusable(&error.to_string()))
    }

    /// Opens what [`SealKey::seal_text`] has sealed.
    ///
    /// # Errors
    /// [`StateError::Unseal`] when it was sealed with another key, [`StateError::CorruptItem`] when it is not what was sealed.
    pub fn open_text(&self, purpose: &str, sealed: &str) -> Result<String, StateError> {
        let broken = || StateError::CorruptItem {
            path: self.path().to_owned(),
            kind: "sealed text",
            id: purpose.to_owned(),
            detail: "its seal is broken".into(),
        };
        let sealed: Sealed = serde_json::from_str(sealed).map_err(|_| broken())?;
        self.open_about(&about("text", purpose), &sealed)
            .map_err(|reason| match reason {
                NotOpened::Broken => broken(),
                NotOpened::KeyFile(error) => error,
                NotOpened::OtherKey(key) => StateError::Unseal {
                    kind: "sealed text",
                    id: purpose.to_owned(),
                    key,
                    key_file: Some(self.path().to_owned()),
                },
            })
    }

    pub(crate) fn seal(&self, kind: Kind, id: &str, text: &str) -> Result<Sealed, StateError> {
        self.seal_about(&about(kind.name(), id), text)
    }

    pub(crate) fn open(&self, kind: Kind, id: &str, sealed: &Sealed) -> Result<String, NotOpened> {
        self.open_about(&about(kind.name(), id), sealed)
    }

    fn seal_about(&self, about: &[u8], text: &str) -> Result<Sealed, StateError> {
        let loaded = self.load_or_make()?;
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let data = loaded
            .cipher
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: text.as_bytes(),
                    aad: about,
                },
            )
            .map_err(|_| self.unusable("sealing failed"))?;
        Ok(Sealed {
            key: loaded.name.clone(),
            nonce: bytes::encode(&nonce),
            data: bytes::encode(&data),
        })
    }

    fn open_about(&self, about: &[u8], sealed: &Sealed) -> Result<String, NotOpened> {
        let loaded = match self.load().map_err(NotOpened::KeyFile)? {
            Some(loaded) if loaded.name == sealed.key => loaded,
            _ => return Err(NotOpened::OtherKey(sealed.key.clone())),
        };
        let nonce = bytes::decode(&sealed.nonce).and_then(|nonce| <[u8; NONCE_BYTES]>::try_from(nonce).ok());
        let (Some(nonce), Some(data)) = (nonce, bytes::decode(&sealed.data)) else {
            return Err(NotOpened::Broken);
        };
        let text = loaded
            .cipher
            .decrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: &data,
                    aad: about,
                },
            )
            .map_err(|_| NotOpened::Broken)?;
        String::from_utf8(text).map_err(|_| NotOpened::Broken)
    }

    fn load_or_make(&self) -> Result<&Loaded, StateError> {
        if let Some(loaded) = self.load()? {
            return Ok(loaded);
        }
        self.make()?;
        self.load()?
            .ok_or_else(|| self.unusable("it vanished while it was made"))
    }

    /// The key, from memory or from its file; `None` when there is no file.
    fn load(&self) -> Result<Option<&Loaded>, StateError> {
        if let Some(loaded) = self.inner.loaded.get() {
            return Ok(Some(loaded));
        }
        let text = match fs::read_to_string(self.path()) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.unusable(&error.to_string())),
        };
        let (head, key) = text.trim_end().split_once(' ').unwrap_or_default();
        if head != FILE_HEAD {
            return Err(self.unusable("it does not begin with `streamform-key-1`"));
        }
        let key: [u8; KEY_BYTES] = bytes::decode(key)
            .and_then(|key| key.try_into().ok())
            .ok_or_else(|| self.unusable("it does not hold 32 bytes of base64"))?;
        let digest = Sha256::new().chain_update(FILE_HEAD).chain_update(key).finalize();
        let name = digest[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        let loaded = Loaded {
            name,
            cipher: XChaCha20Poly1305::new(&key.into()),
        };
        Ok(Some(self.inner.loaded.get_or_init(|| loaded)))
    }

    /// Makes the file, unless another process was faster.
    fn make(&self) -> Result<(), StateError> {
        let path = self.path();
        if let Some(folder) = path.parent() {
            durable::create_folder(folder)?;
        }
        let key: [u8; KEY_BYTES] = rand::random();
        let fresh = path.with_extension(format!("{}.new", std::process::id()));
        let written = durable::owner_only()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&fresh)
            .and_then(|mut file| {
                writeln!(file, "{FILE_HEAD} {}", bytes::encode(&key))?;
                file.sync_all()
            })
            // A link is made only where nothing is yet; a rename would replace the key of the other process.
            .and_then(|()| fs::hard_link(&fresh, path));
        let _ = fs::remove_file(&fresh);
        match written {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(self.unusable(&error.to_string()));
            }
            _ => {}
        }
        path.parent().map_or(Ok(()), durable::sync_folder)
    }

    fn unusable(&self, detail: &str) -> StateError {
        StateError::KeyFile {
            path: self.path().to_owned(),
            detail: detail.to_owned(),
        }
    }
}

impl fmt::Debug for SealKey {
    /// Shows the file, never the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealKey")
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}

/// What is authenticated with the text, so that it cannot stand for another.
fn about(kind: &str, id: &str) -> Vec<u8> {
    let mut about = kind.as_bytes().to_vec();
    about.push(0);
    about.extend_from_slice(id.as_bytes());
    about
}

#[cfg(test)]
mod tests;
