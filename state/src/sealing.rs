//! Sealing: what holds secrets is encrypted on disk.
//!
//! XChaCha20-Poly1305 with a random nonce an item; the item's kind and name are authenticated with it, so a sealed item cannot be
//! put in the place of another. The key comes from outside the state ([`SealKey`] lists the sources): whoever copies the state's
//! folder, or commits it by mistake, does not give away what is in it.
//!
//! A sealed item names its key by a digest, and a key that comes from a passphrase leaves beside it what it was derived with. So
//! items of several keys can lie side by side, and each finds its own among those that are at hand.

mod age;
mod command;
mod key_file;
mod passphrase;

use std::fmt;
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
use crate::item::Kind;

/// What goes before a key when its name is worked out; also the first word of a key file, whose digits are its version.
const KEY_HEAD: &str = "streamform-key-1";

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The key that seals a state, from one of these sources:
///
/// * a key file ([`SealKey::at`]), made when there is none; without any setting the one in the user's configuration folder
///   ([`SealKey::of_user`]);
/// * a passphrase ([`SealKey::of_passphrase`]);
/// * an age identity ([`SealKey::of_age_identity`]);
/// * a command that prints the key, for a key management service ([`SealKey::of_command`]).
///
/// The source is asked when the first item is sealed or opened. Others may be known beside it that only open
/// ([`SealKey::also_opening`]). Cheap to clone.
#[derive(Clone)]
pub struct SealKey {
    inner: Arc<Inner>,
}

struct Inner {
    source: Source,
    /// What items are sealed with.
    own: OnceLock<Arc<Loaded>>,
    /// Others of the same source that only open: passphrases with other salts, further identities of a file.
    further: OnceLock<Vec<Arc<Loaded>>>,
    derived: passphrase::Derived,
    older: Vec<SealKey>,
}

#[derive(Clone)]
enum Source {
    File { path: PathBuf, of_user: bool },
    Passphrase(String),
    Age(age::Place),
    Command(String),
}

/// A key in memory.
struct Loaded {
    name: String,
    /// How it is derived from a passphrase.
    recipe: Option<String>,
    cipher: XChaCha20Poly1305,
}

impl Loaded {
    fn new(key: &[u8; KEY_BYTES], recipe: Option<String>) -> Self {
        let digest = Sha256::new().chain_update(KEY_HEAD).chain_update(key).finalize();
        Self {
            name: digest[..4].iter().map(|byte| format!("{byte:02x}")).collect(),
            recipe,
            cipher: XChaCha20Poly1305::new(&(*key).into()),
        }
    }
}

/// A sealed payload as an envelope holds it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Sealed {
    /// Name of the key.
    key: String,
    /// How the key is derived from a passphrase; absent for other sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recipe: Option<String>,
    nonce: String,
    data: String,
}

/// The first line of sealed bytes; as [`Sealed`], without the data.
#[derive(Serialize, Deserialize)]
struct Head {
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recipe: Option<String>,
    nonce: String,
}

/// What opens a sealed payload.
#[derive(Clone, Copy)]
struct By<'a> {
    key: &'a str,
    recipe: Option<&'a str>,
    nonce: &'a str,
}

impl Sealed {
    fn by(&self) -> By<'_> {
        By {
            key: &self.key,
            recipe: self.recipe.as_deref(),
            nonce: &self.nonce,
        }
    }

    /// Name of the key that sealed it.
    pub(crate) fn key_name(&self) -> &str {
        &self.key
    }

    /// Name of the key that sealed it, with the kind of its source where that can be told.
    pub(crate) fn key(&self) -> String {
        self.by().describe()
    }
}

impl Head {
    fn by(&self) -> By<'_> {
        By {
            key: &self.key,
            recipe: self.recipe.as_deref(),
            nonce: &self.nonce,
        }
    }
}

impl By<'_> {
    fn describe(self) -> String {
        match self.recipe {
            Some(_) => format!("{} (from a passphrase)", self.key),
            None => self.key.to_owned(),
        }
    }
}

/// Why a sealed payload could not be opened.
pub(crate) enum NotOpened {
    /// It was sealed with this key, which is none of those at hand.
    OtherKey(String),
    /// It is not what was sealed.
    Broken,
    /// The key could not be had.
    Key(StateError),
}

impl SealKey {
    fn from(source: Source) -> Self {
        Self {
            inner: Arc::new(Inner {
                source,
                own: OnceLock::new(),
                further: OnceLock::new(),
                derived: passphrase::Derived::default(),
                older: Vec::new(),
            }),
        }
    }

    /// The key in this file, which is made when there is none. A file that was not made here holds 32 bytes in base64 or
    /// hexadecimal digits.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self::from(Source::File {
            path: path.into(),
            of_user: false,
        })
    }

    /// The key in the user's configuration folder: `streamform/state.key` in `$XDG_CONFIG_HOME`, `~/.config`, or `%APPDATA%`;
    /// `None` when the user has no home.
    pub fn of_user() -> Option<Self> {
        let folders = etcetera::choose_base_strategy().ok()?;
        Some(Self::from(Source::File {
            path: folders.config_dir().join("streamform").join("state.key"),
            of_user: true,
        }))
    }

    /// A key derived from a passphrase (Argon2id). The salt lies beside what is sealed, so the passphrase is all that another
    /// machine needs.
    ///
    /// # Errors
    /// [`StateError::KeyFile`] when it is shorter than [`SealKey::SHORTEST_PASSPHRASE`] characters.
    pub fn of_passphrase(passphrase: impl Into<String>) -> Result<Self, StateError> {
        let passphrase = passphrase.into();
        let key = Self::from(Source::Passphrase(passphrase.clone()));
        if passphrase.chars().count() < Self::SHORTEST_PASSPHRASE {
            return Err(key.unusable(&format!(
                "it has fewer than {} characters, and whoever has the state could find it by trying",
                Self::SHORTEST_PASSPHRASE
            )));
        }
        Ok(key)
    }

    /// Characters that a passphrase has at least.
    pub const SHORTEST_PASSPHRASE: usize = 8;

    /// The key of an age identity: the path of an identity file, or an `AGE-SECRET-KEY-1…` itself. Of several identities in a file the
    /// first seals and all open.
    pub fn of_age_identity(identity: &str) -> Self {
        Self::from(Source::Age(age::Place::of(identity)))
    }

    /// The key that a command prints: 32 bytes in base64 (what `aws kms decrypt --output text` writes) or hexadecimal digits. The
    /// system's shell runs it, at most once a process.
    pub fn of_command(command: impl Into<String>) -> Self {
        Self::from(Source::Command(command.into()))
    }

    /// The same key; what it does not open, `older` are asked to open. They never seal, and a key file that is not there is not made.
    #[must_use]
    pub fn also_opening(&self, older: impl IntoIterator<Item = SealKey>) -> Self {
        let mut all = self.inner.older.clone();
        for key in older {
            all.extend(key.inner.older.iter().cloned());
            all.push(key);
        }
        Self {
            inner: Arc::new(Inner {
                source: self.inner.source.clone(),
                own: self.inner.own.clone(),
                further: self.inner.further.clone(),
                derived: self.inner.derived.clone(),
                older: all,
            }),
        }
    }

    /// Whether these are clones of one key.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Whether nobody chose this key: it is the file that is made by itself on this machine. Another machine does not have it, so a
    /// state that is shared must not be sealed with it.
    pub fn is_machine_made(&self) -> bool {
        matches!(self.inner.source, Source::File { of_user: true, .. })
    }

    /// The file, where the key comes from one.
    pub fn path(&self) -> Option<&Path> {
        match &self.inner.source {
            Source::File { path, .. } | Source::Age(age::Place::File(path)) => Some(path),
            _ => None,
        }
    }

    /// What messages call it; never anything of the key itself.
    pub fn describe(&self) -> String {
        match &self.inner.source {
            Source::File { path, .. } => format!("the key file {}", path.display()),
            Source::Passphrase(_) => "the passphrase".into(),
            Source::Age(age::Place::File(path)) => format!("the age identity file {}", path.display()),
            Source::Age(age::Place::Here(_)) => "the age identity".into(),
            Source::Command(command) => format!("the key command `{command}`"),
        }
    }

    /// Asks the source for the key. A key file is made when there is none.
    ///
    /// # Errors
    /// [`StateError::KeyFile`] when the source gives no key.
    pub fn ready(&self) -> Result<(), StateError> {
        self.load_or_make().map(drop)
    }

    /// The name of the key that seals: eight hexadecimal digits that tell nothing about the key.
    ///
    /// # Errors
    /// As [`SealKey::ready`].
    pub fn name(&self) -> Result<String, StateError> {
        self.load_or_make().map(|loaded| loaded.name.clone())
    }

    /// Seals a text that is kept elsewhere. What comes out is JSON; it opens only under the same `purpose`.
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
        let sealed: Sealed =
            serde_json::from_str(sealed).map_err(|_| self.failed(purpose, NotOpened::Broken))?;
        self.open_about(&about("text", purpose), &sealed)
            .map_err(|reason| self.failed(purpose, reason))
    }

    /// The name of the key that has sealed a text.
    pub(crate) fn of_sealed_text(sealed: &str) -> Option<String> {
        serde_json::from_str::<Sealed>(sealed)
            .ok()
            .map(|sealed| sealed.key)
    }

    /// Seals bytes that are kept elsewhere, such as a plan file: a line of JSON that names the key, and the sealed bytes. It opens
    /// only under the same `purpose`.
    ///
    /// # Errors
    /// As [`SealKey::ready`].
    pub fn seal_bytes(&self, purpose: &str, bytes: &[u8]) -> Result<Vec<u8>, StateError> {
        let (head, data) = self.encrypt(&about("bytes", purpose), bytes)?;
        let mut out = serde_json::to_vec(&head).map_err(|error| self.unusable(&error.to_string()))?;
        out.push(b'\n');
        out.extend_from_slice(&data);
        Ok(out)
    }

    /// Opens what [`SealKey::seal_bytes`] has sealed.
    ///
    /// # Errors
    /// As [`SealKey::open_text`].
    pub fn open_bytes(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, StateError> {
        let (head, data) = match sealed.iter().position(|byte| *byte == b'\n') {
            Some(end) => (&sealed[..end], &sealed[end + 1..]),
            None => (sealed, &[][..]),
        };
        serde_json::from_slice::<Head>(head)
            .map_err(|_| NotOpened::Broken)
            .and_then(|head| self.decrypt(&about("bytes", purpose), head.by(), data))
            .map_err(|reason| self.failed(purpose, reason))
    }

    fn failed(&self, purpose: &str, reason: NotOpened) -> StateError {
        match reason {
            NotOpened::Broken => StateError::BrokenSeal {
                purpose: purpose.to_owned(),
            },
            NotOpened::Key(error) => error,
            NotOpened::OtherKey(key) => StateError::Unseal {
                kind: "sealed text",
                id: purpose.to_owned(),
                key,
                at_hand: Some(self.all()),
            },
        }
    }

    pub(crate) fn seal(&self, kind: Kind, id: &str, text: &str) -> Result<Sealed, StateError> {
        self.seal_about(&about(kind.name(), id), text)
    }

    pub(crate) fn open(&self, kind: Kind, id: &str, sealed: &Sealed) -> Result<String, NotOpened> {
        self.open_about(&about(kind.name(), id), sealed)
    }

    fn seal_about(&self, about: &[u8], text: &str) -> Result<Sealed, StateError> {
        let (head, data) = self.encrypt(about, text.as_bytes())?;
        Ok(Sealed {
            key: head.key,
            recipe: head.recipe,
            nonce: head.nonce,
            data: bytes::encode(&data),
        })
    }

    fn open_about(&self, about: &[u8], sealed: &Sealed) -> Result<String, NotOpened> {
        let data = bytes::decode(&sealed.data).ok_or(NotOpened::Broken)?;
        let text = self.decrypt(about, sealed.by(), &data)?;
        String::from_utf8(text).map_err(|_| NotOpened::Broken)
    }

    fn encrypt(&self, about: &[u8], msg: &[u8]) -> Result<(Head, Vec<u8>), StateError> {
        let loaded = self.load_or_make()?;
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let data = loaded
            .cipher
            .encrypt(&XNonce::from(nonce), Payload { msg, aad: about })
            .map_err(|_| self.unusable("sealing failed"))?;
        let head = Head {
            key: loaded.name.clone(),
            recipe: loaded.recipe.clone(),
            nonce: bytes::encode(&nonce),
        };
        Ok((head, data))
    }

    fn decrypt(&self, about: &[u8], by: By<'_>, msg: &[u8]) -> Result<Vec<u8>, NotOpened> {
        let nonce = bytes::decode(by.nonce).and_then(|nonce| <[u8; NONCE_BYTES]>::try_from(nonce).ok());
        let nonce = nonce.ok_or(NotOpened::Broken)?;
        let loaded = self
            .find(by)
            .map_err(NotOpened::Key)?
            .ok_or_else(|| NotOpened::OtherKey(by.describe()))?;
        loaded
            .cipher
            .decrypt(&XNonce::from(nonce), Payload { msg, aad: about })
            .map_err(|_| NotOpened::Broken)
    }

    /// The key that opens this, of this source or of an older one.
    fn find(&self, by: By<'_>) -> Result<Option<Arc<Loaded>>, StateError> {
        let mut failure = None;
        for key in std::iter::once(self).chain(&self.inner.older) {
            match key.find_own(by) {
                Ok(Some(loaded)) => return Ok(Some(loaded)),
                Ok(None) => {}
                // Another one may still do.
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(None), Err)
    }

    fn find_own(&self, by: By<'_>) -> Result<Option<Arc<Loaded>>, StateError> {
        let fits = |loaded: &Arc<Loaded>| loaded.name == by.key;
        if let Some(own) = self.inner.own.get().filter(|own| fits(own)) {
            return Ok(Some(Arc::clone(own)));
        }
        match (&self.inner.source, by.recipe) {
            (Source::Passphrase(passphrase), Some(recipe)) => {
                let Some(loaded) = self.inner.derived.get(passphrase, recipe) else {
                    return Err(self.unusable(
                        "what is sealed asks for more memory or time to derive its key than any Streamform does: it was tampered with",
                    ));
                };
                if !fits(&loaded) {
                    return Ok(None);
                }
                // What is sealed from here on opens with the same derivation: one more for each run would be dear.
                let _ = self.inner.own.set(Arc::clone(&loaded));
                Ok(Some(loaded))
            }
            (Source::Passphrase(_), None) | (_, Some(_)) => Ok(None),
            _ => {
                self.load()?;
                let own = self.inner.own.get().into_iter();
                let all = own.chain(self.inner.further.get().into_iter().flatten());
                Ok(all.into_iter().find(|loaded| fits(loaded)).cloned())
            }
        }
    }

    fn load_or_make(&self) -> Result<&Arc<Loaded>, StateError> {
        if let Some(loaded) = self.load()? {
            return Ok(loaded);
        }
        if let Source::File { path, .. } = &self.inner.source {
            key_file::make(path).map_err(|error| error.unwrap_or_else(|detail| self.unusable(&detail)))?;
        }
        self.load()?
            .ok_or_else(|| self.unusable("it vanished while it was made"))
    }

    /// The key that seals, from memory or from its source; `None` when it is to be in a file that is not there.
    fn load(&self) -> Result<Option<&Arc<Loaded>>, StateError> {
        if let Some(loaded) = self.inner.own.get() {
            return Ok(Some(loaded));
        }
        let unusable = |detail: String| self.unusable(&detail);
        let loaded = match &self.inner.source {
            Source::File { path, .. } => match key_file::read(path).map_err(unusable)? {
                None => return Ok(None),
                Some(key) => Loaded::new(&key, None),
            },
            Source::Passphrase(passphrase) => {
                let recipe = passphrase::fresh_recipe();
                let derived = self.inner.derived.get(passphrase, &recipe);
                let derived = derived.ok_or_else(|| unusable("no key can be derived from it".into()))?;
                return Ok(Some(self.inner.own.get_or_init(|| derived)));
            }
            Source::Age(place) => {
                let mut keys = place.keys().map_err(unusable)?.into_iter();
                let first = keys
                    .next()
                    .ok_or_else(|| unusable("it holds no identity".into()))?;
                let further = keys.map(|key| Arc::new(Loaded::new(&key, None))).collect();
                let _ = self.inner.further.set(further);
                Loaded::new(&first, None)
            }
            Source::Command(command) => Loaded::new(&command::ask(command).map_err(unusable)?, None),
        };
        Ok(Some(self.inner.own.get_or_init(|| Arc::new(loaded))))
    }

    /// All sources that may open something.
    pub(crate) fn all(&self) -> String {
        let all: Vec<String> = std::iter::once(self)
            .chain(&self.inner.older)
            .map(SealKey::describe)
            .collect();
        all.join(", ")
    }

    fn unusable(&self, detail: &str) -> StateError {
        StateError::KeyFile {
            key: self.describe(),
            detail: detail.to_owned(),
        }
    }
}

impl fmt::Debug for SealKey {
    /// Shows where the key comes from, never the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SealKey").field(&self.all()).finish()
    }
}

/// What is authenticated with the text, so that it cannot stand for another.
fn about(kind: &str, id: &str) -> Vec<u8> {
    let mut about = kind.as_bytes().to_vec();
    about.push(0);
    about.extend_from_slice(id.as_bytes());
    about
}

/// A key as text: base64 (standard or for URLs, with padding or without) or 64 hexadecimal digits.
fn key_from_text(text: &str) -> Option<[u8; KEY_BYTES]> {
    let text = text.trim();
    if text.len() == 2 * KEY_BYTES {
        let digits: Option<Vec<u8>> = (0..KEY_BYTES)
            .map(|i| u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok())
            .collect();
        if let Some(key) = digits {
            return key.try_into().ok();
        }
    }
    let standard = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    let padding = "=".repeat((4 - standard.len() % 4) % 4);
    bytes::decode(&(standard + &padding))?.try_into().ok()
}

#[cfg(test)]
mod tests;
