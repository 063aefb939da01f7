//! The working store: sled, wrapped in what it lacks.
//!
//! What sled 0.34 does not do by itself, and what is done here about it: its flush does not reach the disk (so its file is
//! synced after it); a damaged file may read as an empty or a shorter store, or panic (so every item has a digest, the sum of
//! all is kept in the store *and* outside, and opening catches panics); large values are slow and badly tested (so values are
//! cut into chunks). The log remains the truth until everything here is on disk.

use std::collections::HashMap;
use std::fs::File;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::RawJson;
use crate::StateError;
use crate::contents::Contents;
use crate::contents::Standing;
use crate::durable;
use crate::item::BadItem;
use crate::item::Codec;
use crate::item::Item;
use crate::item::Kind;
use crate::item::digest;
use crate::steps::step;

/// The newest version of what is inside the store.
const VERSION: u64 = 1;

/// Bytes of a value before it is cut. sled moves values of more than half a segment (256 KiB) into files of their own.
/// In tests values are cut much earlier, so that cutting costs them little.
const CHUNK: usize = if cfg!(test) { 1 << 10 } else { 96 << 10 };

/// Items, and bytes, that are handed over in one batch.
const BATCH_ITEMS: usize = 1000;
const BATCH_BYTES: usize = 4 << 20;

/// version (1 byte), number of chunks (2 bytes), digest (16 bytes): before the text of the first chunk.
const PREFIX: usize = 19;

/// Under this key of the tree `meta` lies the [`Meta`].
const META: &[u8] = b"standing";

/// Changes that are not in the working store yet, by item; `None` removes it.
pub(crate) type Pending = HashMap<(Kind, String), Option<RawJson>>;

#[derive(Serialize, Deserialize)]
struct Meta {
    version: u64,
    standing: Standing,
}

/// The open working store.
pub(crate) struct Working {
    path: PathBuf,
    db: sled::Db,
    trees: HashMap<Kind, sled::Tree>,
    meta: sled::Tree,
}

impl std::fmt::Debug for Working {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Working")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Working {
    /// Opens the store, and makes it when it is not there.
    pub(crate) fn open(path: &Path) -> Result<Self, StateError> {
        durable::create_folder(path)?;
        let refused = |detail: String| StateError::OpenWorkingStore {
            path: path.to_owned(),
            detail,
        };
        let opened = guarded(|| {
            let db = sled::Config::new()
                .path(path)
                .mode(sled::Mode::HighThroughput)
                .cache_capacity(32 << 20)
                .flush_every_ms(None)
                .use_compression(false)
                .open()?;
            let mut trees = HashMap::new();
            for kind in Kind::ALL {
                trees.insert(kind, db.open_tree(kind.name())?);
            }
            let meta = db.open_tree("meta")?;
            Ok((db, trees, meta))
        });
        let (db, trees, meta) = opened.map_err(refused)?;
        owner_only(path)?;
        Ok(Self {
            path: path.to_owned(),
            db,
            trees,
            meta,
        })
    }

    /// Where the store stands by its own account; `None` when it was never filled to an end.
    pub(crate) fn standing(&self) -> Result<Option<Standing>, StateError> {
        let Some(bytes) = guarded(|| self.meta.get(META)).map_err(|detail| self.failed(detail))? else {
            return Ok(None);
        };
        let wrong = |_| StateError::corrupt(&self.path, "its account of itself is not readable");
        let meta: Meta = serde_json::from_slice(&bytes).map_err(wrong)?;
        if meta.version > VERSION {
            let found = meta.version;
            return Err(StateError::NewerFormat {
                path: self.path.clone(),
                found,
                supported: VERSION,
            });
        }
        Ok(Some(meta.standing))
    }

    /// Hands out every item, ordered by kind and name.
    pub(crate) fn each(
        &self,
        mut take: impl FnMut(Item) -> Result<(), StateError>,
    ) -> Result<(), StateError> {
        for kind in Kind::ALL {
            let mut next: Option<Vec<u8>> = Some(first_key(""));
            // Read in pages, so that a panic of sled is caught without holding back an error of `take`.
            while let Some(from) = next.take() {
                let page = guarded(|| self.page(kind, &from)).map_err(|detail| self.failed(detail))?;
                if page.len() == BATCH_ITEMS {
                    next = page.last().map(|(id, _)| {
                        let mut after = first_key(id);
                        after.push(0);
                        after
                    });
                }
                for (id, value) in page {
                    let text = open_value(kind, &id, &value).map_err(|bad| bad.in_file(&self.path))?;
                    take(Item(kind, id, Some(text)))?;
                }
            }
        }
        Ok(())
    }

    /// Reads everything.
    pub(crate) fn load(&self, codec: &Codec) -> Result<Contents, StateError> {
        let mut contents = Contents::empty("");
        self.each(|item| contents.load(codec, &item).map_err(|bad| bad.in_file(&self.path)))?;
        if let Some(standing) = self.standing()? {
            contents.stand_at(&standing);
        }
        Ok(contents)
    }

    /// Brings changes in, and then the account of where the store stands; durable when it returns. A kill in between leaves
    /// a mix that taking in the same changes once more makes whole.
    pub(crate) fn fold(&self, pending: &Pending, standing: &Standing) -> Result<(), StateError> {
        guarded(|| {
            for kind in Kind::ALL {
                let tree = &self.trees[&kind];
                let mut batch = sled::Batch::default();
                let (mut items, mut bytes) = (0, 0);
                for ((_, id), text) in pending.iter().filter(|((other, _), _)| *other == kind) {
                    bytes += put_into(&mut batch, tree, kind, id, text.as_ref())?;
                    items += 1;
                    if items == BATCH_ITEMS || bytes >= BATCH_BYTES {
                        tree.apply_batch(std::mem::take(&mut batch))?;
                        (items, bytes) = (0, 0);
                    }
                }
                tree.apply_batch(batch)?;
            }
            Ok(())
        })
        .map_err(|detail| self.failed(detail))?;
        self.sync()?;
        step("working store: before it counts");
        let meta = serde_json::to_vec(&Meta {
            version: VERSION,
            standing: standing.clone(),
        })
        .map_err(|error| self.failed(error.to_string()))?;
        guarded(|| self.meta.insert(META, meta)).map_err(|detail| self.failed(detail))?;
        self.sync()?;
        step("working store: after it counts");
        Ok(())
    }

    /// sled hands its bytes to the kernel; this hands them to the disk.
    fn sync(&self) -> Result<(), StateError> {
        guarded(|| self.db.flush()).map_err(|detail| self.failed(detail))?;
        for name in ["db", "conf"] {
            let path = self.path.join(name);
            File::options()
                .write(true)
                .open(&path)
                .and_then(|file| file.sync_all())
                .map_err(|error| StateError::write(&path, error))?;
        }
        durable::sync_folder(&self.path)
    }

    fn page(&self, kind: Kind, from: &[u8]) -> sled::Result<Vec<(String, Vec<u8>)>> {
        let tree = &self.trees[&kind];
        let mut page = Vec::new();
        // Keys of first chunks begin with two zero bytes; those of all others are greater.
        for entry in tree
            .range(from.to_vec()..1_u16.to_be_bytes().to_vec())
            .take(BATCH_ITEMS)
        {
            let (key, value) = entry?;
            let id = String::from_utf8_lossy(&key[2..]).into_owned();
            let mut whole = value.to_vec();
            for chunk in 1..chunks(&value) {
                match tree.get(key_of(chunk, &id))? {
                    Some(part) => whole.extend_from_slice(&part),
                    None => break,
                }
            }
            page.push((id, whole));
        }
        Ok(page)
    }

    fn failed(&self, detail: String) -> StateError {
        StateError::WorkingStore {
            path: self.path.clone(),
            detail,
        }
    }
}

/// Calls sled so that neither its error nor its panic gets through: on damaged files it has both.
fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("its files are damaged (sled panicked)".into()),
    }
}

/// sled makes its files with the process's default mode.
fn owner_only(path: &Path) -> Result<(), StateError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for entry in std::fs::read_dir(path).map_err(|error| StateError::read(path, error))? {
            let file = entry.map_err(|error| StateError::read(path, error))?.path();
            let mode = if file.is_dir() { 0o700 } else { 0o600 };
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode))
                .map_err(|error| StateError::write(&file, error))?;
        }
    }
    Ok(())
}

fn key_of(chunk: u16, id: &str) -> Vec<u8> {
    let mut key = chunk.to_be_bytes().to_vec();
    key.extend_from_slice(id.as_bytes());
    key
}

fn first_key(id: &str) -> Vec<u8> {
    key_of(0, id)
}

fn chunks(value: &[u8]) -> u16 {
    value
        .get(1..3)
        .map_or(1, |count| u16::from_be_bytes([count[0], count[1]]))
}

/// Adds an item to a batch, together with the removal of chunks that its longer former value leaves over.
fn put_into(
    batch: &mut sled::Batch,
    tree: &sled::Tree,
    kind: Kind,
    id: &str,
    text: Option<&RawJson>,
) -> sled::Result<usize> {
    let before = tree.get(first_key(id))?.map_or(0, |value| chunks(&value));
    let mut now = 0;
    let mut bytes = 0;
    if let Some(text) = text {
        let body = text.as_str().as_bytes();
        let parts: Vec<&[u8]> = body.chunks(CHUNK).collect();
        now = u16::try_from(parts.len().max(1)).map_err(|_| {
            sled::Error::Unsupported(format!("the {} `{id}` is larger than 6 GiB", kind.name()))
        })?;
        let mut first = Vec::with_capacity(PREFIX + body.len().min(CHUNK));
        first.push(1);
        first.extend_from_slice(&now.to_be_bytes());
        first.extend_from_slice(&digest(kind, id, text).to_le_bytes());
        for (number, part) in (0_u16..).zip(parts) {
            let mut value = if number == 0 {
                std::mem::take(&mut first)
            } else {
                Vec::new()
            };
            value.extend_from_slice(part);
            batch.insert(key_of(number, id), value);
        }
        bytes = body.len();
    }
    for chunk in now..before {
        batch.remove(key_of(chunk, id));
    }
    Ok(bytes)
}

/// Checks a value against its digest.
fn open_value(kind: Kind, id: &str, bytes: &[u8]) -> Result<RawJson, BadItem> {
    let bad = |detail: &str| BadItem::Damaged {
        kind,
        id: id.to_owned(),
        detail: detail.into(),
    };
    let version = *bytes.first().ok_or_else(|| bad("it is empty"))?;
    if u64::from(version) > VERSION {
        return Err(BadItem::Newer {
            found: version.into(),
        });
    }
    let (prefix, body) = bytes
        .split_at_checked(PREFIX)
        .ok_or_else(|| bad("it is cut short"))?;
    let text = String::from_utf8(body.to_vec()).map_err(|_| bad("it is not UTF-8 text"))?;
    let text = RawJson::from_text(text).map_err(|_| bad("it is no JSON"))?;
    if digest(kind, id, &text).to_le_bytes() != prefix[3..PREFIX] {
        return Err(bad("its digest does not fit its content"));
    }
    Ok(text)
}
