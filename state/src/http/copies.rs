//! A state behind an address looked at, brought back and sealed anew. The server keeps one document; copies lie in the journal.

use std::path::PathBuf;

use super::HttpKeeper;
use super::document;
use super::document::Found;
use super::journal;
use crate::DEFAULT_WORKSPACE;
use crate::Entry;
use crate::HolderInfo;
use crate::LockWait;
use crate::Restored;
use crate::StateError;
use crate::Store;
use crate::backend::Keeper as _;
use crate::check::Examined;
use crate::check::Finding;
use crate::contents::Standing;
use crate::item::Codec;

/// Examines document and journal, alone with them.
pub(super) fn examine(
    keeper: &HttpKeeper,
    holder: &HolderInfo,
    wait: LockWait,
    codec: &Codec,
) -> Result<Examined, StateError> {
    let _lock = keeper.locked(holder, wait)?;
    let mut findings = vec![document_finding(keeper, codec)?];
    if keeper.settings.journal.is_dir() {
        let journal = keeper.local.check(DEFAULT_WORKSPACE, holder, wait, codec)?;
        findings.extend(journal.findings.into_iter().map(|mut finding| {
            finding.text = format!("Of the journal here: {}", finding.text);
            finding
        }));
    } else {
        findings.push(Finding::note(
            "journal",
            "There is none on this machine: no run has changed the state from here",
        ));
    }
    let state = match keeper.known(codec, "") {
        Ok(known) => {
            findings.push(if known.unsent {
                Finding::note(
                    "state",
                    format!(
                        "The journal has results up to serial {} that were not sent",
                        known.contents.view.serial
                    ),
                )
                .advise("The next run on this machine that writes the state sends them.")
            } else {
                Finding::well(
                    "state",
                    format!("It can be read, with serial {}", known.contents.view.serial),
                )
            });
            let intents = known.contents.intents().cloned().collect();
            Some((known.contents.view, intents))
        }
        Err(error @ StateError::Remote { .. }) => return Err(error),
        Err(error) => {
            findings.push(Finding::wrong("state", error.to_string()));
            None
        }
    };
    Ok(Examined { state, findings })
}

fn document_finding(keeper: &HttpKeeper, codec: &Codec) -> Result<Finding, StateError> {
    const PART: &str = "document";
    let place = PathBuf::from(keeper.settings.place());
    let Some(bytes) = keeper.client()?.get()? else {
        return Ok(Finding::note(PART, "The server has none"));
    };
    let read = document::read(&place, &bytes).and_then(|found| match found {
        Found::Terraform => Ok(None),
        Found::Ours(standing, items) => {
            document::contents(&place, &standing, &items, codec).map(|_| Some(standing))
        }
    });
    Ok(match read {
        Ok(None) => Finding::note(PART, "It is Terraform's")
            .advise("Take it over with `streamform init -migrate-state`."),
        Ok(Some(standing)) => Finding::well(
            PART,
            format!(
                "It reads well, with serial {}, commit {}",
                standing.serial, standing.seq
            ),
        ),
        Err(error) => Finding::wrong(PART, error.to_string())
            .advise("`streamform state restore` sends the newest copy that the journal on this machine has."),
    })
}

/// Brings back a copy of the journal's, and sends it in the place of what the server has.
pub(super) fn restore(
    keeper: &HttpKeeper,
    holder: &HolderInfo,
    wait: LockWait,
    serial: Option<u64>,
    codec: &Codec,
) -> Result<Restored, StateError> {
    let lock = keeper.locked(holder, wait)?;
    let mut restored = keeper
        .local
        .restore(DEFAULT_WORKSPACE, holder, wait, serial, codec)?;
    let there = server_standing(keeper)?;
    let opened = keeper.local.open(DEFAULT_WORKSPACE, holder, wait, codec)?;
    let mut store = Store::over(opened, codec.clone(), holder.run.clone());
    if let Some(there) = there
        && there.serial >= restored.serial
    {
        // Above what the server has, too.
        let lineage = store.view().lineage().to_owned();
        let serial = there.serial + 1;
        store.commit(vec![Entry::Identity { lineage, serial }])?;
        restored.serial = serial;
    }
    store.finish()?;
    let folder = &keeper.settings.journal;
    let Some(journal) = journal::read(folder, codec)? else {
        return Err(StateError::NoSnapshot {
            path: folder.clone(),
            serial,
        });
    };
    let place = PathBuf::from(keeper.settings.place());
    let body = document::write(&place, &journal.standing, &journal.items)?;
    lock.send(body)?;
    journal::sent(folder, &journal.standing)?;
    Ok(restored)
}

/// Where the server's document stands, as far as it can be read.
fn server_standing(keeper: &HttpKeeper) -> Result<Option<Standing>, StateError> {
    let place = PathBuf::from(keeper.settings.place());
    let Some(bytes) = keeper.client()?.get()? else {
        return Ok(None);
    };
    Ok(match document::read(&place, &bytes) {
        Ok(Found::Ours(standing, _)) => Some(standing),
        _ => None,
    })
}
