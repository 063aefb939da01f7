//! Results of a run whose store failed: kept in a file, and taken in by the next run.

use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use streamform_lang::diag::Diagnostic;
use streamform_state::Newer;
use streamform_state::Rescued;
use streamform_state::Store;
use streamform_state::TakenIn;

use super::Session;
use super::session::state_error;
use crate::plan::Event;

/// How such files are called: with a number between, where there are several.
const NAME: (&str, &str) = ("errored", ".streamform-state");

/// More than so many are not written beside each other.
const MOST: usize = 100;

/// The files in a folder that are called so. A folder that cannot be read has none.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| {
            let name = entry.file_name();
            let rest = name.to_str().and_then(|name| name.strip_prefix(NAME.0));
            rest.is_some_and(|rest| rest.ends_with(NAME.1))
        })
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// Whether there are such files, of whatever state.
pub(super) fn any(session: &Session) -> bool {
    session.rescue.iter().any(|folder| !files(folder).is_empty())
}

/// Writes what a store could not keep into a file: what was made must not be forgotten.
pub(super) fn keep(session: &Session, rescued: Rescued) -> Diagnostic {
    let summary = "Failed to save the state";
    let rescued = rescued.of_place(session.backend.place(&session.workspace));
    let text = match rescued.to_text() {
        Ok(text) => text,
        Err(e) => return state_error(&e),
    };
    let mut refused = Vec::new();
    for folder in &session.rescue {
        match write(folder, &text) {
            Ok(path) => {
                let secrets = if session.key.is_some() {
                    "They are sealed with the key of the state"
                } else {
                    "They may hold secrets in clear, for there is no key"
                };
                return Diagnostic::error(
                    summary,
                    format!(
                        "The newest results of this run could not be written into the state. They were written to the file \"{}\" instead. {secrets}. When the cause is removed, run the same command again: it takes them in and removes the file.",
                        path.display()
                    ),
                );
            }
            Err(e) => refused.push(format!("{}: {e}", folder.display())),
        }
    }
    Diagnostic::error(
        summary,
        format!(
            "The newest results of this run could not be written into the state, nor into a file elsewhere ({}). What the run had begun is noted in the state: when the cause is removed, run the same command again, and it looks up what became of that.",
            refused.join("; ")
        ),
    )
}

/// Writes a file that was not there, durably, for its owner only.
fn write(folder: &Path, text: &str) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    for number in 1..=MOST {
        let path = folder.join(match number {
            1 => format!("{}{}", NAME.0, NAME.1),
            n => format!("{}.{n}{}", NAME.0, NAME.1),
        });
        let mut file = match options.open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => continue,
            Err(e) => return Err(e),
        };
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        if written.is_err() {
            // Half of it is of no use to anybody.
            let _ = std::fs::remove_file(&path);
        }
        return written.map(|()| path);
    }
    Err(std::io::Error::other("too many such files are there already"))
}

/// Takes in what earlier runs could not write, and removes their files. `store` holds the lock of the whole state.
///
/// # Errors
/// When the state has moved on since, a file is damaged, or the state cannot be written.
pub(super) fn take_in(session: &Session, store: &mut Store) -> Result<(), Box<Diagnostic>> {
    for (at, folder) in session.rescue.iter().enumerate() {
        for path in files(folder) {
            take_in_file(session, store, &path, at == 0)?;
        }
    }
    Ok(())
}

fn take_in_file(
    session: &Session,
    store: &mut Store,
    path: &Path,
    is_here: bool,
) -> Result<(), Box<Diagnostic>> {
    let broken = |e: &streamform_state::StateError| {
        let mut found = state_error(e);
        found.summary = "Rescued results cannot be taken in".to_owned();
        Box::new(found)
    };
    let unreadable = |e: std::io::Error| {
        Box::new(Diagnostic::error(
            "Rescued results cannot be taken in",
            format!(
                "The file \"{}\" may hold results that an earlier run could not write into the state, and cannot be read: {e}. Nothing was changed.",
                path.display()
            ),
        ))
    };
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let rescued = match Rescued::parse(path, &bytes) {
        Ok(rescued) => rescued,
        // Elsewhere it may be of any state.
        Err(_) if !is_here => return Ok(()),
        Err(e) => return Err(broken(&e)),
    };
    // (A place can be relative to the folder of the configuration: it tells something only there.)
    let place = is_here.then(|| session.backend.place(&session.workspace));
    if !rescued.is_of(store.view().lineage(), place.as_deref()) {
        return Ok(());
    }
    match store.take_in(&rescued, path).map_err(|e| broken(&e))? {
        TakenIn::Done { records } => {
            std::fs::remove_file(path).map_err(|e| {
                Box::new(Diagnostic::error(
                    "File cannot be removed",
                    format!(
                        "The results in \"{}\" are in the state now, but the file cannot be removed: {e}. Remove it, and run the command again.",
                        path.display()
                    ),
                ))
            })?;
            let what = match records.as_slice() {
                [] => "The state had all of them already.".to_owned(),
                some => format!("Of these objects:\n{}", super::parts::listed(some)),
            };
            session.observer.event(Event::Notice(Diagnostic::warning(
                "Results of an interrupted run taken in",
                format!(
                    "An earlier run could not write its newest results into the state. They were in the file \"{}\", are in the state now, and the file is removed. {what}",
                    path.display()
                ),
            )));
            Ok(())
        }
        TakenIn::MovedOn { records } => {
            let why = match records.as_slice() {
                [] => "The state is another one now, or has been brought back from before, or what that run had begun has been looked up since.".to_owned(),
                some => {
                    let lines: Vec<String> = some.iter().map(contradiction).collect();
                    format!("Other runs have written these objects since:\n{}", super::parts::listed(&lines))
                }
            };
            Err(Box::new(Diagnostic::error(
                "Rescued results do not fit the state",
                format!(
                    "An earlier run could not write its newest results into the state. They are in the file \"{0}\" and cannot be taken in any more. {why}\n\nNothing was changed. An object that only the file knows is managed by nobody: import or delete it. Then remove the file: what that run had begun and nobody has settled since is looked up in the service.\n\n  rm '{0}'",
                    path.display()
                ),
            )))
        }
    }
}

/// A record that another run has written, in words.
fn contradiction(record: &Newer) -> String {
    let Newer {
        address,
        rescued,
        there,
    } = record;
    match (rescued, there) {
        (Some(rescued), Some(there)) => format!("{address} ({rescued} in the file, {there} in the state)"),
        (Some(rescued), None) => format!("{address} ({rescued} in the file)"),
        _ => address.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_for_its_owner_only_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("not/there/yet");
        let first = write(&folder, "one").unwrap();
        let second = write(&folder, "two").unwrap();
        assert_eq!(std::fs::read_to_string(&first).unwrap(), "one");
        assert_eq!(files(&folder), [second, first.clone()]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(first.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
