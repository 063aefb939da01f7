//! Where the history is kept: documents beside the state.
//!
//! | name | what |
//! | --- | --- |
//! | `history/0000000042.begun` | [`Begun`], durable before anything is changed |
//! | `history/0000000042.ended` | [`Ended`] |
//! | `texts/SHA-256` | a file of the configuration, or one that functions read |
//! | `bytes/SHA-256` | the same in base64, where it is no text |
//!
//! All are sealed: a configuration or a list of variables may hold secrets.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Digest as _;
use streamform_lang::diag::Diagnostic;
use streamform_state::Backend;

use super::version::Begun;
use super::version::Ended;
use super::version::FORMAT;
use crate::engine::Session;
use crate::engine::session::state_error;

const VERSIONS: &str = "history/";
const BEGUN: &str = ".begun";
const ENDED: &str = ".ended";

pub(super) type Fallible<T> = Result<T, Box<Diagnostic>>;

/// The documents of one workspace.
pub(super) struct Documents {
    backend: Backend,
    workspace: String,
}

/// Which versions there are.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// All, ascending.
    pub(super) begun: BTreeSet<u64>,
    /// Those that have ended.
    pub(super) ended: BTreeSet<u64>,
}

impl Numbers {
    /// Those that have not ended: one may be under way, the others were interrupted.
    pub(super) fn open(&self) -> impl Iterator<Item = u64> {
        self.begun.difference(&self.ended).copied()
    }
}

impl Documents {
    pub(super) fn of(session: &Session) -> Self {
        Documents {
            backend: session.states(),
            workspace: session.workspace.clone(),
        }
    }

    pub(super) fn numbers(&self) -> Fallible<Numbers> {
        let mut numbers = Numbers::default();
        let names = self.backend.documents(&self.workspace, VERSIONS);
        for name in names.map_err(|e| Box::new(state_error(&e)))? {
            let name = name.strip_prefix(VERSIONS).unwrap_or_default();
            if let Some(number) = name.strip_suffix(BEGUN).and_then(|n| n.parse().ok()) {
                numbers.begun.insert(number);
            } else if let Some(number) = name.strip_suffix(ENDED).and_then(|n| n.parse().ok()) {
                numbers.ended.insert(number);
            }
        }
        Ok(numbers)
    }

    pub(super) fn begun(&self, number: u64) -> Fallible<Option<Begun>> {
        self.read(&format!("{VERSIONS}{number:010}{BEGUN}"), |b: &Begun| b.format)
    }

    pub(super) fn ended(&self, number: u64) -> Fallible<Option<Ended>> {
        self.read(&format!("{VERSIONS}{number:010}{ENDED}"), |e: &Ended| e.format)
    }

    /// `false` when the number is taken.
    pub(super) fn begin(&self, begun: &Begun) -> Fallible<bool> {
        self.write(&format!("{VERSIONS}{:010}{BEGUN}", begun.number), begun)
    }

    pub(super) fn end(&self, number: u64, ended: &Ended) -> Fallible<bool> {
        self.write(&format!("{VERSIONS}{number:010}{ENDED}"), ended)
    }

    pub(super) fn remove(&self, number: u64) -> Fallible<()> {
        // What has ended without having begun is no version: in this order nothing is left over.
        for suffix in [BEGUN, ENDED] {
            self.forget(&format!("{VERSIONS}{number:010}{suffix}"))?;
        }
        Ok(())
    }

    /// Keeps a file. The name is its digest, so it is kept once.
    pub(super) fn keep(&self, digest: &str, bytes: &[u8]) -> Fallible<()> {
        use base64::Engine as _;
        match std::str::from_utf8(bytes) {
            Ok(text) => self.create(&format!("texts/{digest}"), text),
            Err(_) => self.create(
                &format!("bytes/{digest}"),
                &base64::engine::general_purpose::STANDARD.encode(bytes),
            ),
        }
        .map(drop)
    }

    /// A file that was kept.
    pub(super) fn kept(&self, digest: &str) -> Fallible<Option<Vec<u8>>> {
        use base64::Engine as _;
        if let Some(text) = self.text(&format!("texts/{digest}"))? {
            return Ok(Some(text.into_bytes()));
        }
        let coded = self.text(&format!("bytes/{digest}"))?;
        Ok(coded.and_then(|c| base64::engine::general_purpose::STANDARD.decode(c).ok()))
    }

    pub(super) fn forget_file(&self, digest: &str) -> Fallible<()> {
        self.forget(&format!("texts/{digest}"))?;
        self.forget(&format!("bytes/{digest}"))
    }

    fn forget(&self, name: &str) -> Fallible<()> {
        self.backend
            .remove_document(&self.workspace, name)
            .map_err(|e| Box::new(state_error(&e)))
    }

    fn text(&self, name: &str) -> Fallible<Option<String>> {
        self.backend
            .document(&self.workspace, name)
            .map_err(|e| Box::new(state_error(&e)))
    }

    fn create(&self, name: &str, text: &str) -> Fallible<bool> {
        self.backend
            .create_document(&self.workspace, name, text, true)
            .map_err(|e| Box::new(state_error(&e)))
    }

    fn write<T: Serialize>(&self, name: &str, content: &T) -> Fallible<bool> {
        let text = serde_json::to_string(content).map_err(|e| unreadable(name, &e.to_string()))?;
        self.create(name, &text)
    }

    fn read<T: DeserializeOwned>(&self, name: &str, format: impl Fn(&T) -> u32) -> Fallible<Option<T>> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let content: T = serde_json::from_str(&text).map_err(|_| {
            unreadable(
                name,
                "it does not have its form. A newer version of this program may have written it",
            )
        })?;
        if format(&content) > FORMAT {
            return Err(unreadable(
                name,
                "it was written by a newer version of this program",
            ));
        }
        Ok(Some(content))
    }
}

fn unreadable(name: &str, why: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(
        "History cannot be read",
        format!("The document {name:?} beside the state cannot be read: {why}."),
    ))
}

/// The SHA-256 of a content in hexadecimal digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let digest = sha2::Sha256::digest(bytes);
    let mut text = String::with_capacity(64);
    for byte in digest {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
