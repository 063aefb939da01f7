//! The whole state as one JSON document.
//!
//! Its `version` is above all that Terraform writes, so that Terraform refuses it instead of taking it for an empty state.

use std::path::Path;

use serde::Deserialize;
use serde::Serialize;

use super::Items;
use crate::StateError;
use crate::contents::Contents;
use crate::contents::Standing;
use crate::item::Codec;
use crate::item::Item;

/// Above Terraform's.
const VERSION: u64 = 1000;
/// The newest of ours.
const FORMAT: u64 = 1;

#[derive(Serialize, Deserialize)]
struct Document {
    version: u64,
    /// Servers look at these two.
    serial: u64,
    lineage: String,
    streamform: Inner,
}

#[derive(Serialize, Deserialize)]
struct Inner {
    format: u64,
    standing: Standing,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Versions {
    version: u64,
    #[serde(default)]
    streamform: Option<Format>,
}

#[derive(Deserialize)]
struct Format {
    format: u64,
}

/// What is at an address.
pub(super) enum Found {
    /// A state of ours.
    Ours(Standing, Items),
    /// A state of Terraform's.
    Terraform,
}

/// The document of a state.
pub(super) fn write(place: &Path, standing: &Standing, items: &Items) -> Result<Vec<u8>, StateError> {
    let items = items.iter();
    let document = Document {
        version: VERSION,
        serial: standing.serial,
        lineage: standing.lineage.clone(),
        streamform: Inner {
            format: FORMAT,
            standing: standing.clone(),
            items: items
                .map(|((kind, id), text)| Item(*kind, id.clone(), Some(text.clone())))
                .collect(),
        },
    };
    serde_json::to_vec(&document).map_err(|error| StateError::write(place, error.into()))
}

/// Reads what is at an address.
pub(super) fn read(place: &Path, bytes: &[u8]) -> Result<Found, StateError> {
    let wrong = || StateError::corrupt(place, "it is no state, neither ours nor Terraform's");
    let versions: Versions = serde_json::from_slice(bytes).map_err(|_| wrong())?;
    let Some(Format { format }) = versions.streamform else {
        return if versions.version < VERSION {
            Ok(Found::Terraform)
        } else {
            Err(wrong())
        };
    };
    if format > FORMAT {
        return Err(StateError::NewerFormat {
            path: place.to_owned(),
            found: format,
            supported: FORMAT,
        });
    }
    let document: Document = serde_json::from_slice(bytes).map_err(|_| wrong())?;
    let Inner { standing, items, .. } = document.streamform;
    let items = items
        .into_iter()
        .filter_map(|Item(kind, id, text)| Some(((kind, id), text?)))
        .collect();
    Ok(Found::Ours(standing, items))
}

/// The state that items make up, held against what was said of them.
pub(super) fn contents(
    place: &Path,
    standing: &Standing,
    items: &Items,
    codec: &Codec,
) -> Result<Contents, StateError> {
    let mut contents = Contents::empty(&standing.lineage);
    for ((kind, id), text) in items {
        let item = Item(*kind, id.clone(), Some(text.clone()));
        contents.load(codec, &item).map_err(|bad| bad.in_file(place))?;
    }
    contents.stand_at(standing);
    if contents.standing() == *standing {
        Ok(contents)
    } else {
        Err(StateError::corrupt(
            place,
            "its items do not add up to what it says of them",
        ))
    }
}
