//! Texts that are kept beside a state, as they are stored: a version, a checksum, and the text in clear or sealed.

use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::RawJson;
use crate::SealKey;
use crate::StateError;
use crate::item::Codec;

const VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
struct Envelope {
    v: u64,
    /// CRC-32 of the text: a seal has a stronger one of its own, a clear text has only this.
    crc: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plain: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<RawJson>,
}

/// The stored form of a text; sealed if it is secret and there is a key.
pub(crate) fn encode(codec: &Codec, name: &str, text: &str, secret: bool) -> Result<String, StateError> {
    debug_assert!(is_name(name), "{name:?} is no name of a document");
    let failed = |source| StateError::Encode {
        kind: "document",
        id: name.to_owned(),
        source,
    };
    let mut envelope = Envelope {
        v: VERSION,
        crc: crc32fast::hash(text.as_bytes()),
        plain: None,
        sealed: None,
    };
    match codec.key() {
        // The name is authenticated with the text, so that one document cannot stand for another.
        Some(key) if secret => {
            let sealed = key.seal_text(&purpose(name), text)?;
            envelope.sealed = Some(RawJson::from_text(sealed).map_err(failed)?);
        }
        _ => envelope.plain = Some(text.to_owned()),
    }
    serde_json::to_string(&envelope).map_err(failed)
}

/// The text of a stored document.
pub(crate) fn decode(codec: &Codec, place: &str, name: &str, stored: &[u8]) -> Result<String, StateError> {
    let path = PathBuf::from(place).join(name);
    let damaged = |detail: &str| StateError::corrupt(&path, detail);
    let envelope: Envelope =
        serde_json::from_slice(stored).map_err(|_| damaged("it is not what was written"))?;
    if envelope.v > VERSION {
        return Err(StateError::NewerFormat {
            path,
            found: envelope.v,
            supported: VERSION,
        });
    }
    let text = match (envelope.plain, envelope.sealed) {
        (Some(text), None) => text,
        (None, Some(sealed)) => match codec.key() {
            Some(key) => key.open_text(&purpose(name), sealed.as_str())?,
            None => {
                return Err(StateError::Unseal {
                    kind: "document",
                    id: name.to_owned(),
                    key: String::new(),
                    at_hand: None,
                });
            }
        },
        _ => return Err(damaged("it does not hold one text")),
    };
    if crc32fast::hash(text.as_bytes()) == envelope.crc {
        Ok(text)
    } else {
        Err(damaged("its checksum is another"))
    }
}

/// The stored form sealed with the codec's own key; `None` where nothing is to be done: it is in clear, or has that key already.
pub(crate) fn reseal(
    codec: &Codec,
    place: &str,
    name: &str,
    stored: &[u8],
) -> Result<Option<String>, StateError> {
    let text = decode(codec, place, name, stored)?;
    let sealed = serde_json::from_slice::<Envelope>(stored)
        .ok()
        .and_then(|e| e.sealed);
    let (Some(sealed), Some(key)) = (sealed, codec.key()) else {
        return Ok(None);
    };
    if SealKey::of_sealed_text(sealed.as_str()).as_ref() == Some(&key.name()?) {
        return Ok(None);
    }
    encode(codec, name, &text, true).map(Some)
}

fn purpose(name: &str) -> String {
    format!("document {name}")
}

/// Whether a document may be called so: a relative path of plain words.
pub(crate) fn is_name(name: &str) -> bool {
    name.split('/').all(|part| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
    })
}
