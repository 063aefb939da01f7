//! The one stored form of everything that a state holds: an item with a kind, a name and an envelope.
//!
//! Log, working store and snapshots all keep the same envelope text, so it is encoded and sealed once, and one
//! digest can be compared across all three.

use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sha2::Digest as _;
use sha2::Sha256;

use crate::RawJson;
use crate::SealKey;
use crate::StateError;
use crate::sealing::NotOpened;
use crate::sealing::Sealed;

/// The newest envelope version.
pub(crate) const ENVELOPE_VERSION: u64 = 1;

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Resource,
    Output,
    Intent,
    Checks,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Resource, Self::Output, Self::Intent, Self::Checks];

    /// The word in messages, and the name of the tree in the working store.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::Output => "output",
            Self::Intent => "intent",
            Self::Checks => "checks",
        }
    }
}

/// One item as files hold it: `["resource","a.b",{envelope}]`, or `null` for the envelope where it is removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item(pub(crate) Kind, pub(crate) String, pub(crate) Option<RawJson>);

#[derive(Serialize)]
struct Envelope {
    v: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    plain: Option<RawJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
}

/// An envelope as it is read: what is inside stays where it is.
#[derive(Deserialize)]
struct Opened<'a> {
    v: u64,
    #[serde(default, borrow)]
    plain: Option<&'a RawValue>,
    #[serde(default)]
    sealed: Option<Sealed>,
}

/// Puts payloads into envelopes and takes them out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Codec {
    key: Option<SealKey>,
}

impl Codec {
    /// Seals what holds secrets, if there is a key.
    pub(crate) fn new(key: Option<SealKey>) -> Self {
        Self { key }
    }

    /// Whether both seal and open with the same key, or neither does.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.key, &other.key) {
            (None, None) => true,
            (Some(key), Some(other)) => key.is_same(other),
            _ => false,
        }
    }

    /// The key, if this seals at all.
    pub(crate) fn key(&self) -> Option<&SealKey> {
        self.key.as_ref()
    }

    /// Makes sure that there is a key to seal with, if this seals at all.
    pub(crate) fn ready(&self) -> Result<(), StateError> {
        self.key.as_ref().map_or(Ok(()), SealKey::ready)
    }

    /// The envelope of a payload; sealed if it holds secrets and there is a key.
    pub(crate) fn encode<T: Serialize>(
        &self,
        kind: Kind,
        id: &str,
        payload: &T,
        secret: bool,
    ) -> Result<RawJson, StateError> {
        let failed = |source| StateError::Encode {
            kind: kind.name(),
            id: id.to_owned(),
            source,
        };
        let plain = RawJson::from_value(payload).map_err(failed)?;
        let envelope = match &self.key {
            Some(key) if secret => Envelope {
                v: ENVELOPE_VERSION,
                plain: None,
                sealed: Some(key.seal(kind, id, plain.as_str())?),
            },
            _ => Envelope {
                v: ENVELOPE_VERSION,
                plain: Some(plain),
                sealed: None,
            },
        };
        RawJson::from_value(&envelope).map_err(failed)
    }

    /// The payload of an envelope. The error is what does not hold; the caller knows the file.
    pub(crate) fn decode<T: DeserializeOwned>(
        &self,
        kind: Kind,
        id: &str,
        text: &RawJson,
    ) -> Result<T, BadItem> {
        let bad = |detail: String| BadItem::Damaged {
            kind,
            id: id.to_owned(),
            detail,
        };
        let envelope: Opened<'_> = serde_json::from_str(text.as_str()).map_err(|error| bad(shape(&error)))?;
        if envelope.v > ENVELOPE_VERSION {
            return Err(BadItem::Newer { found: envelope.v });
        }
        match (envelope.plain, envelope.sealed) {
            (Some(plain), None) => serde_json::from_str(plain.get()).map_err(|error| bad(shape(&error))),
            (None, Some(sealed)) => {
                let text = self.open(kind, id, &sealed)?;
                serde_json::from_str(&text).map_err(|error| bad(shape(&error)))
            }
            _ => Err(bad("its envelope does not hold one payload".into())),
        }
    }

    /// The envelope sealed with this codec's own key; `None` where nothing is to be done: it is in clear, or has that key already.
    pub(crate) fn reseal(&self, kind: Kind, id: &str, text: &RawJson) -> Result<Option<RawJson>, BadItem> {
        let bad = |error: serde_json::Error| BadItem::Damaged {
            kind,
            id: id.to_owned(),
            detail: shape(&error),
        };
        let envelope: Opened<'_> = serde_json::from_str(text.as_str()).map_err(bad)?;
        let (Some(sealed), Some(key)) = (envelope.sealed, &self.key) else {
            return Ok(None);
        };
        if key.name().map_err(BadItem::Other)? == sealed.key_name() {
            return Ok(None);
        }
        let plain = self.open(kind, id, &sealed)?;
        let fresh = Envelope {
            v: envelope.v,
            plain: None,
            sealed: Some(key.seal(kind, id, &plain).map_err(BadItem::Other)?),
        };
        RawJson::from_value(&fresh).map(Some).map_err(bad)
    }

    fn open(&self, kind: Kind, id: &str, sealed: &Sealed) -> Result<String, BadItem> {
        let without = |key: String| {
            BadItem::Other(StateError::Unseal {
                kind: kind.name(),
                id: id.to_owned(),
                key,
                at_hand: self.key.as_ref().map(SealKey::all),
            })
        };
        let Some(key) = &self.key else {
            return Err(without(sealed.key()));
        };
        key.open(kind, id, sealed).map_err(|reason| match reason {
            NotOpened::OtherKey(name) => without(name),
            NotOpened::Broken => BadItem::Damaged {
                kind,
                id: id.to_owned(),
                detail: "its seal is broken".into(),
            },
            NotOpened::Key(error) => BadItem::Other(error),
        })
    }
}

/// The name of the key that sealed an item; `None` when it is in clear.
pub(crate) fn sealing_key(text: &RawJson) -> Option<String> {
    let envelope: Opened<'_> = serde_json::from_str(text.as_str()).ok()?;
    envelope.sealed.map(|sealed| sealed.key())
}

/// serde_json's messages may quote a value: only the place is told.
fn shape(error: &serde_json::Error) -> String {
    format!("its JSON has the wrong shape at column {}", error.column())
}

/// Why an item could not be taken in.
#[derive(Debug)]
pub(crate) enum BadItem {
    Damaged {
        kind: Kind,
        id: String,
        detail: String,
    },
    Newer {
        found: u64,
    },
    /// Nothing is wrong with the item itself.
    Other(StateError),
}

impl BadItem {
    /// Names the file (or the working store's folder) that holds the item.
    pub(crate) fn in_file(self, path: &std::path::Path) -> StateError {
        let path = path.to_owned();
        match self {
            Self::Damaged { kind, id, detail } => StateError::CorruptItem {
                path,
                kind: kind.name(),
                id,
                detail,
            },
            Self::Other(error) => error,
            Self::Newer { found } => StateError::NewerFormat {
                path,
                found,
                supported: ENVELOPE_VERSION,
            },
        }
    }
}

/// The digest of one item; the digest of a state is their sum, which does not depend on their order and is updated
/// item by item.
pub(crate) fn digest(kind: Kind, id: &str, text: &RawJson) -> u128 {
    let mut hasher = Sha256::new();
    hasher.update(kind.name());
    hasher.update((id.len() as u64).to_le_bytes());
    hasher.update(id);
    hasher.update(text.as_str());
    let bytes = hasher.finalize();
    let mut half = [0; 16];
    half.copy_from_slice(&bytes[..16]);
    u128::from_le_bytes(half)
}
