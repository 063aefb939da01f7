//! States as whole documents behind an address: Terraform's `http` backend.
//!
//! The document is written when a run ends, and now and then while it goes on. Between that, commits are durable on this machine:
//! in a [journal](journal) whose results the next run here takes in, should this one be killed. Who loses the machine loses what
//! was not sent yet.

mod client;
mod copies;
mod document;
mod journal;
mod settings;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;
use std::time::Instant;

pub use settings::HttpSettings;

use crate::AfterAKill;
use crate::DEFAULT_WORKSPACE;
use crate::HolderInfo;
use crate::KeptSnapshot;
use crate::LockWait;
use crate::RawJson;
use crate::Rekeyed;
use crate::Restored;
use crate::StateError;
use crate::StateView;
use crate::backend::Keeper;
use crate::backend::Medium;
use crate::backend::Opened;
use crate::backend::Refused;
use crate::check::Examined;
use crate::contents::Commit;
use crate::contents::Contents;
use crate::contents::Standing;
use crate::item::Codec;
use crate::item::Item;
use crate::item::Kind;
use crate::local;
use crate::local::LocalKeeper;
use crate::local::layout::Layout;
use crate::local::lock::StateLock;
use crate::steps::step;
use client::Client;
use document::Found;

/// All items by kind and name.
type Items = BTreeMap<(Kind, String), RawJson>;

/// How long results may wait to be sent while a run goes on.
const SEND_EVERY: Duration = Duration::from_secs(20);

/// An address, connected when it is first asked.
#[derive(Debug)]
pub(crate) struct HttpKeeper {
    settings: HttpSettings,
    client: OnceLock<Client>,
    local: LocalKeeper,
}

/// What server and journal come to.
struct Known {
    contents: Contents,
    items: Items,
    /// The journal has results that the server does not have.
    unsent: bool,
    /// What is to be done with the journal before it goes on.
    journal: JournalNeeds,
    /// Where the server's document stands.
    there: Option<Standing>,
}

/// What is to be done with the journal before it goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum JournalNeeds {
    Nothing,
    /// The server has what the journal has, and the note does not say so: a run was killed before it could write that down.
    Note,
    /// It does not begin where the server is.
    Reset,
}

impl HttpKeeper {
    pub(crate) fn new(settings: HttpSettings) -> Self {
        Self {
            local: LocalKeeper::Folder(settings.journal.clone()),
            settings,
            client: OnceLock::new(),
        }
    }

    fn client(&self) -> Result<&Client, StateError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::new(&self.settings)?;
        Ok(self.client.get_or_init(|| client))
    }

    /// There is one state only.
    fn only(&self, workspace: &str) -> Result<(), StateError> {
        if workspace == DEFAULT_WORKSPACE {
            Ok(())
        } else {
            Err(StateError::NoWorkspaces {
                place: self.settings.place(),
            })
        }
    }

    fn known(&self, codec: &Codec, lineage: &str) -> Result<Known, StateError> {
        let place = PathBuf::from(self.settings.place());
        let found = match self.client()?.get()? {
            Some(bytes) => Some(document::read(&place, &bytes)?),
            None => None,
        };
        let server = match found {
            Some(Found::Ours(standing, items)) => Some((standing, items)),
            _ => None,
        };
        let standing = server.as_ref().map(|(standing, _)| standing);
        let journal = journal::read(&self.settings.journal, codec)?;
        if let Some(journal) = journal {
            let here = journal.standing;
            let same = standing == Some(&here);
            if same || standing == journal.sent.as_ref() && here.seq > 0 {
                return Ok(Known {
                    contents: document::contents(&self.settings.journal, &here, &journal.items, codec)?,
                    items: journal.items,
                    unsent: !same,
                    journal: match same && journal.sent.as_ref() != Some(&here) {
                        true => JournalNeeds::Note,
                        false => JournalNeeds::Nothing,
                    },
                    there: standing.cloned(),
                });
            }
            if server.is_none() && here.seq > 0 && journal.sent.as_ref() == Some(&here) {
                return Err(StateError::DocumentGone {
                    place: self.settings.place(),
                    journal: self.settings.journal.clone(),
                    serial: here.serial,
                });
            }
            // Somebody else has gone on. What was sent from here is theirs to build on; what was not would be lost.
            if here.seq > 0 && journal.sent.as_ref() != Some(&here) {
                return Err(StateError::UnsentResults {
                    place: self.settings.place(),
                    journal: self.settings.journal.clone(),
                });
            }
        }
        match server {
            Some((standing, items)) => Ok(Known {
                contents: document::contents(&place, &standing, &items, codec)?,
                items,
                unsent: false,
                journal: JournalNeeds::Reset,
                there: Some(standing),
            }),
            None => Ok(Known {
                contents: Contents::empty(lineage),
                items: Items::new(),
                unsent: false,
                journal: JournalNeeds::Reset,
                there: None,
            }),
        }
    }

    /// Takes the lock there.
    fn locked(&self, holder: &HolderInfo, wait: LockWait) -> Result<Lock, StateError> {
        let client = self.client()?;
        let mut waiting = wait.begin(Duration::ZERO, Duration::from_millis(200), Duration::from_secs(5));
        while let Some(other) = client.lock(holder)? {
            if !waiting.pause() {
                return Err(StateError::Locked {
                    place: self.settings.place(),
                    holder: Some(Box::new(other)),
                    after_a_kill: AfterAKill::Stays,
                });
            }
        }
        Ok(Lock {
            client: client.clone(),
            holder: holder.clone(),
        })
    }
}

impl Keeper for HttpKeeper {
    fn place(&self, _workspace: &str) -> String {
        self.settings.place()
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn has_workspaces(&self) -> bool {
        false
    }

    fn workspaces(&self) -> Result<Vec<String>, StateError> {
        Ok(vec![DEFAULT_WORKSPACE.to_owned()])
    }

    fn exists(&self, workspace: &str) -> Result<bool, StateError> {
        self.only(workspace)?;
        let place = PathBuf::from(self.settings.place());
        match self.client()?.get()? {
            // What is damaged is there, too: whoever reads it says what is wrong.
            Some(bytes) => Ok(!matches!(document::read(&place, &bytes), Ok(Found::Terraform))),
            // The first run has sent nothing yet, or was killed before it did.
            None => Ok(Layout::new(&self.settings.journal).holds_state()),
        }
    }

    fn foreign(&self, workspace: &str) -> Result<Option<(String, Vec<u8>)>, StateError> {
        self.only(workspace)?;
        let place = PathBuf::from(self.settings.place());
        let Some(bytes) = self.client()?.get()? else {
            return Ok(None);
        };
        let theirs = matches!(document::read(&place, &bytes), Ok(Found::Terraform));
        Ok(theirs.then(|| (self.settings.place(), bytes)))
    }

    fn open(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        codec: &Codec,
    ) -> Result<Opened, StateError> {
        self.only(workspace)?;
        // First the journal's own lock: whoever else works on this machine must not find it in the making.
        let layout = Layout::new(&self.settings.journal);
        layout.create()?;
        let journal_lock = StateLock::acquire(&layout, holder, wait)?;
        let lock = self.locked(holder, wait)?;
        let known = self.known(codec, &uuid::Uuid::new_v4().to_string())?;
        let standing = known.contents.standing();
        match known.journal {
            JournalNeeds::Nothing => {}
            JournalNeeds::Note => journal::sent(layout.dir(), &standing)?,
            JournalNeeds::Reset => {
                let server = (standing.seq > 0).then_some((&standing, &known.items));
                journal::reset(&layout, server)?;
            }
        }
        let opened = local::medium::open_locked(layout, journal_lock, codec)?;
        let mut document = Document {
            place: self.settings.place().into(),
            folder: self.settings.journal.clone(),
            items: known.items,
            unsent: known.unsent,
            there: known.there,
            sent_at: Instant::now(),
            journal: Some(opened.medium),
            lock,
        };
        if known.unsent {
            document.send(&opened.contents.standing())?;
        }
        Ok(Opened {
            contents: opened.contents,
            medium: Box::new(document),
            taken_over: opened.taken_over,
            repaired: opened.repaired,
        })
    }

    fn read(&self, workspace: &str, codec: &Codec) -> Result<StateView, StateError> {
        self.only(workspace)?;
        Ok(self.known(codec, "")?.contents.view)
    }

    fn delete(&self, workspace: &str) -> Result<(), StateError> {
        self.only(workspace)?;
        self.client()?.delete()?;
        journal::remove(&self.settings.journal)
    }

    /// The protocol cannot be asked; what is known is who works on this machine.
    fn holders(&self, workspace: &str) -> Result<Vec<HolderInfo>, StateError> {
        self.local.holders(workspace)
    }

    fn force_unlock(&self, workspace: &str, id: &str) -> Result<HolderInfo, StateError> {
        self.only(workspace)?;
        let client = self.client()?;
        if !client.locks() {
            return Err(StateError::NotLocked {
                path: self.settings.place().into(),
            });
        }
        let holder = HolderInfo {
            id: id.to_owned(),
            operation: String::new(),
            who: String::new(),
            pid: 0,
            version: String::new(),
            created: String::new(),
            run: String::new(),
        };
        client.unlock(&holder)?;
        Ok(holder)
    }

    fn check(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        codec: &Codec,
    ) -> Result<Examined, StateError> {
        self.only(workspace)?;
        copies::examine(self, holder, wait, codec)
    }

    /// Those of the journal: the server has only the newest document.
    fn snapshots(&self, workspace: &str, codec: &Codec) -> Result<Vec<KeptSnapshot>, StateError> {
        self.only(workspace)?;
        self.local.snapshots(workspace, codec)
    }

    fn restore(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        serial: Option<u64>,
        codec: &Codec,
    ) -> Result<Restored, StateError> {
        self.only(workspace)?;
        copies::restore(self, holder, wait, serial, codec)
    }

    fn reseal_copies(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        codec: &Codec,
    ) -> Result<Rekeyed, StateError> {
        self.only(workspace)?;
        self.local.reseal_copies(workspace, holder, wait, codec)
    }

    fn replace_document(&self, workspace: &str, name: &str, stored: &[u8]) -> Result<(), StateError> {
        self.local.replace_document(workspace, name, stored)
    }

    fn create_document(&self, workspace: &str, name: &str, stored: &[u8]) -> Result<bool, StateError> {
        self.local.create_document(workspace, name, stored)
    }

    fn document(&self, workspace: &str, name: &str) -> Result<Option<Vec<u8>>, StateError> {
        self.local.document(workspace, name)
    }

    fn documents(&self, workspace: &str, prefix: &str) -> Result<Vec<String>, StateError> {
        self.local.documents(workspace, prefix)
    }

    fn remove_document(&self, workspace: &str, name: &str) -> Result<(), StateError> {
        self.local.remove_document(workspace, name)
    }
}

/// The lock there, held.
#[derive(Debug)]
struct Lock {
    client: Client,
    holder: HolderInfo,
}

impl Lock {
    /// Gives the server a document.
    fn send(&self, body: Vec<u8>) -> Result<(), StateError> {
        let id = self.client.locks().then_some(self.holder.id.as_str());
        step("http: before the document is sent");
        self.client.update(body, id)?;
        step("http: after the document is sent");
        Ok(())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Err(error) = self.client.unlock(&self.holder) {
            tracing::warn!(%error, "the lock could not be given back");
        }
    }
}

/// A document that is locked and open.
#[derive(Debug)]
struct Document {
    place: PathBuf,
    folder: PathBuf,
    items: Items,
    unsent: bool,
    sent_at: Instant,
    /// What the server had when this run looked or sent last.
    there: Option<Standing>,
    journal: Option<Box<dyn Medium>>,
    // Dropped last.
    lock: Lock,
}

impl Document {
    /// Gives the server all that there is.
    fn send(&mut self, standing: &Standing) -> Result<(), StateError> {
        self.sent_at = Instant::now();
        // The protocol knows no fencing: whoever slept while its lock was cleared must not write over what came since.
        let there = self.lock.client.get()?;
        let there = match there
            .map(|bytes| document::read(&self.place, &bytes))
            .transpose()?
        {
            Some(Found::Ours(there, _)) => Some(there),
            _ => None,
        };
        if there != self.there && there.as_ref() != Some(standing) {
            return Err(StateError::LockLost {
                place: self.place.display().to_string(),
                detail: format!(
                    "somebody else has changed the state there since. The results of this run are in the journal {}",
                    self.folder.display()
                ),
                by: None,
            });
        }
        self.lock
            .send(document::write(&self.place, standing, &self.items)?)?;
        self.unsent = false;
        self.there = Some(standing.clone());
        journal::sent(&self.folder, standing)
    }
}

impl Medium for Document {
    fn append(&mut self, commit: Commit) -> Result<Standing, Refused> {
        let Some(journal) = &mut self.journal else {
            return Ok(commit.standing);
        };
        let changed: Vec<Item> = commit.items.clone();
        let standing = journal.append(commit)?;
        for Item(kind, id, text) in changed {
            match text {
                Some(text) => self.items.insert((kind, id), text),
                None => self.items.remove(&(kind, id)),
            };
        }
        self.unsent = true;
        if self.sent_at.elapsed() > SEND_EVERY {
            // It is durable here; the end of the run sends it again, and tells if that fails.
            if let Err(error) = self.send(&standing) {
                tracing::warn!(%error, "results could not be sent yet");
            }
        }
        Ok(standing)
    }

    fn copy_whole(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.copy_whole();
        }
    }

    fn finish(mut self: Box<Self>, standing: &Standing) -> Result<(), StateError> {
        let sent = if self.unsent { self.send(standing) } else { Ok(()) };
        let folded = self
            .journal
            .take()
            .map_or(Ok(()), |journal| journal.finish(standing));
        sent.and(folded)
    }
}
