//! What a store could not write, in a file elsewhere, and back.

use std::collections::HashSet;

use serde::Deserialize;
use serde::Serialize;

use super::Store;
use crate::AttributePath;
use crate::Entry;
use crate::RawJson;
use crate::Record;
use crate::StateError;
use crate::contents::Payload;
use crate::contents::decode;
use crate::document;
use crate::item::Item;
use crate::item::Kind;

const VERSION: u64 = 1;

/// What the sealed text is called: it is authenticated with it.
const NAME: &str = "rescued-results";

/// The results of a run that its store could not keep, as a file holds them. Which state they belong to is in clear, all else is
/// sealed where there is a key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rescued {
    streamform_rescued: u64,
    /// The state that they belong to.
    lineage: String,
    /// Where it is kept, in words.
    place: String,
    /// Number of the last commit that came through; 0: not even the lineage did.
    seq: u64,
    results: RawJson,
}

#[derive(Serialize, Deserialize)]
struct Results {
    items: Vec<Item>,
}

/// What came of taking rescued results in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenIn {
    /// They are in the state, durable.
    Done {
        /// Addresses of the records that were written or removed.
        records: Vec<String>,
    },
    /// They contradict what has come into the state since; nothing was changed.
    MovedOn {
        /// Records that are newer in the state; none where the state as a whole is another one.
        records: Vec<Newer>,
    },
}

/// A record that somebody else has written since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newer {
    /// Its address.
    pub address: String,
    /// The id of the object that the rescued results know, if it has one that may be told.
    pub rescued: Option<String>,
    /// The id of the one in the state.
    pub there: Option<String>,
}

/// The id of a record's object, if it is no secret.
fn id_of(record: &Record) -> Option<String> {
    let object = record.current.as_ref()?;
    let is_id = |path: &AttributePath| path.root().is_none_or(|root| root == "id");
    if object.sensitive_paths.iter().any(is_id) {
        return None;
    }
    let attributes: serde_json::Value = object.attributes.parse().ok()?;
    Some(attributes.get("id")?.as_str()?.to_owned())
}

impl Rescued {
    /// The same with the place of the state, in words.
    #[must_use]
    pub fn of_place(self, place: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            ..self
        }
    }

    /// Reads what [`Store::rescue`] has made. `path` is for messages.
    ///
    /// # Errors
    /// When it is damaged, or of a later version.
    pub fn parse(path: &std::path::Path, text: &[u8]) -> Result<Self, StateError> {
        let damaged = |_| StateError::RescueDamaged {
            path: path.to_owned(),
        };
        let found: Rescued = serde_json::from_slice(text).map_err(damaged)?;
        if found.streamform_rescued > VERSION {
            return Err(StateError::NewerFormat {
                path: path.to_owned(),
                found: found.streamform_rescued,
                supported: VERSION,
            });
        }
        Ok(found)
    }

    /// Whether they are of this state: of its lineage, or of a first run of which nothing came through, at the same place.
    pub fn is_of(&self, lineage: &str, place: Option<&str>) -> bool {
        *self.lineage == *lineage || (self.seq == 0 && place == Some(&self.place))
    }

    /// The file as it is written.
    ///
    /// # Errors
    /// When it has no stored form.
    pub fn to_text(&self) -> Result<String, StateError> {
        serde_json::to_string(self).map_err(|source| StateError::Encode {
            kind: "document",
            id: NAME.to_owned(),
            source,
        })
    }
}

impl Store {
    /// What the view has and no commit could write, for a file elsewhere. `None`: everything is written.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn rescue(&self) -> Result<Option<Rescued>, StateError> {
        // A call is made only when its intent is durable: of these there was none.
        let begun = |Item(kind, _, text): &&Item| *kind == Kind::Intent && text.is_some();
        let without_call: HashSet<&str> = self
            .unsaved
            .iter()
            .filter(begun)
            .map(|item| item.1.as_str())
            .collect();
        // Of several writes of one item the last counts.
        let mut seen = HashSet::new();
        let mut items: Vec<Item> = self
            .unsaved
            .iter()
            .rev()
            .filter(|Item(kind, id, _)| seen.insert((*kind, id.as_str())))
            .filter(|Item(kind, id, _)| *kind != Kind::Intent || !without_call.contains(id.as_str()))
            .cloned()
            .collect();
        items.reverse();
        if items.is_empty() {
            return Ok(None);
        }
        let failed = |source| StateError::Encode {
            kind: "document",
            id: NAME.to_owned(),
            source,
        };
        let text = serde_json::to_string(&Results { items }).map_err(failed)?;
        let sealed = document::encode(&self.codec, NAME, &text, true)?;
        Ok(Some(Rescued {
            streamform_rescued: VERSION,
            lineage: self.contents.view.lineage.to_string(),
            place: String::new(),
            seq: self.contents.seq,
            results: RawJson::from_text(sealed).map_err(failed)?,
        }))
    }

    /// Takes in what an earlier run could not write, in one commit. Where other runs have written since, only what does not
    /// contradict them.
    ///
    /// # Errors
    /// When the results cannot be opened or the state cannot be written.
    pub fn take_in(&mut self, rescued: &Rescued, path: &std::path::Path) -> Result<TakenIn, StateError> {
        let place = path.parent().unwrap_or(path).display().to_string();
        let text = document::decode(&self.codec, &place, NAME, rescued.results.as_str().as_bytes())?;
        let damaged = |_| StateError::RescueDamaged {
            path: path.to_owned(),
        };
        let Results { items } = serde_json::from_str(&text).map_err(damaged)?;
        let first = rescued.seq == 0 && self.contents.seq == 0;
        let other = self.view().lineage() != rescued.lineage && !first;
        if other || self.contents.seq < rescued.seq {
            return Ok(TakenIn::MovedOn { records: Vec::new() });
        }
        let moved_on = self.contents.seq > rescued.seq;
        let mut entries = Vec::new();
        let (mut records, mut newer, mut settled_since) = (Vec::new(), Vec::new(), false);
        let mut outputs = (*self.contents.view.outputs).clone();
        let mut checks = None;
        for Item(kind, id, text) in &items {
            let payload = text
                .as_ref()
                .map(|text| decode(&self.codec, *kind, id, text))
                .transpose()
                .map_err(|bad| bad.in_file(path))?;
            match (kind, payload) {
                (Kind::Resource, payload) => {
                    let now = self.get(id);
                    let same = match (&payload, now) {
                        (Some(Payload::Resource(then)), Some(now)) => now.same_content(then),
                        (None, None) => true,
                        _ => false,
                    };
                    if same {
                        continue;
                    }
                    if let Some(now) = now.filter(|now| now.version > rescued.seq) {
                        let then = match &payload {
                            Some(Payload::Resource(then)) => id_of(then),
                            _ => None,
                        };
                        let there = id_of(now);
                        if there.is_some() && there == then {
                            // The same object, and something newer is known of it.
                            continue;
                        }
                        newer.push(Newer {
                            address: id.clone(),
                            rescued: then,
                            there,
                        });
                    }
                    records.push(id.clone());
                    entries.push(match payload {
                        Some(Payload::Resource(record)) => Entry::Put((*record).clone()),
                        _ => Entry::Remove { address: id.clone() },
                    });
                }
                (Kind::Intent, _) => {
                    let intent = id.parse().unwrap_or_default();
                    settled_since |= !self.contents.has_intent(intent);
                    entries.push(Entry::Settled { intent });
                }
                (Kind::Output, Some(Payload::Output(value))) => {
                    outputs.insert(id.clone(), value);
                }
                (Kind::Output, _) => {
                    outputs.remove(id);
                }
                (Kind::Checks, Some(Payload::Checks(value))) => checks = Some(value),
                (Kind::Checks, _) => checks = Some(serde_json::Value::Null),
            }
        }
        if moved_on && !records.is_empty() && (settled_since || !newer.is_empty()) {
            // Whoever came later has found out by asking what these runs had known.
            return Ok(TakenIn::MovedOn { records: newer });
        }
        if !moved_on {
            // (Later runs have written these anew.)
            entries.push(Entry::Outputs(outputs));
            entries.extend(checks.map(Entry::Checks));
        }
        if first {
            let serial = self.contents.view.serial + 1;
            let lineage = rescued.lineage.clone();
            entries.push(Entry::Identity { lineage, serial });
        }
        self.commit(entries)?;
        Ok(TakenIn::Done { records })
    }
}
