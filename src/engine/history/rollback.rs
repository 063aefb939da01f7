//! Going back: the configuration of an earlier version, to be planned like any other.

use std::path::Path;
use std::path::PathBuf;

use streamform_lang::diag::Diagnostic;
use streamform_lang::functions::LookedAt;

use super::read::get_version;
use super::store::Documents;
use super::store::Fallible;
use super::version::Config;
use super::version::Read;
use super::version::Version;
use crate::config::Disk;
use crate::config::Files as _;
use crate::config::Snapshot;
use crate::engine::GivenVariable;
use crate::engine::Loaded;
use crate::engine::Session;
use crate::engine::VariableSource;
use crate::engine::load;
use crate::plan::PlanMode;

/// An earlier version, ready to be planned.
pub struct Earlier {
    /// The version.
    pub version: Version,
    /// Its configuration.
    pub loaded: Loaded,
    /// Values of its variables.
    pub variables: Vec<GivenVariable>,
    /// What kind of plan it was made with.
    pub mode: PlanMode,
    /// Files in the folder of the run that are other ones now, or not there.
    pub other_now: Vec<String>,
    /// Where relative file names of its functions start.
    base: PathBuf,
    read: Read,
    /// Holds the files that functions read, as long as this is needed.
    _folder: tempfile::TempDir,
}

/// Takes up an earlier version.
///
/// # Errors
/// When there is none of that number, it has no configuration, or something of it is not there any more.
pub fn earlier(session: &Session, number: u64) -> Fallible<Earlier> {
    let version = get_version(session, number)?;
    let Some(config) = &version.begun.config else {
        return Err(without_configuration(&version));
    };
    let documents = Documents::of(session);
    let mut files = Snapshot::default();
    for (path, digest) in &config.files {
        let text = documents
            .kept(digest)?
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| not_kept(number, path))?;
        files.files.insert(path.clone(), text.into());
    }
    let read = version
        .ended
        .as_ref()
        .map_or_else(|| config.read.clone(), |ended| ended.read.clone());
    let folder = tempfile::tempdir().map_err(|e| cannot_write(&e))?;
    let base = lay_out(&documents, session, &version, config, &read, folder.path())?;
    let loaded = load(&files, Path::new(&config.root), &session.registry);
    let variables = config.values().into_iter().map(|(name, value)| GivenVariable {
        name: name.into(),
        source: VariableSource::Flag,
        value: Ok(value),
    });
    let disk = Disk::new(&session.base);
    let other = |(path, text): (&String, &std::sync::Arc<str>)| match disk.read(Path::new(path)) {
        Ok(now) if now == *text => None,
        _ => Some(path.clone()),
    };
    Ok(Earlier {
        variables: variables.collect(),
        mode: config.mode(),
        other_now: files.files.iter().filter_map(other).collect(),
        loaded,
        base,
        read,
        _folder: folder,
        version,
    })
}

impl Earlier {
    /// The session to plan and apply it with: its functions find the files as they were.
    pub fn session(&self, session: &Session) -> Session {
        Session {
            base: self.base.clone(),
            ..session.clone()
        }
    }

    /// Whether functions of it read files.
    pub fn reads_files(&self) -> bool {
        self.read != Read::default()
    }

    /// Looks whether its functions have found all that they found at that time.
    ///
    /// # Errors
    /// When they have looked at something that was not kept, or is another one now.
    pub fn found_all(&self, seen: &LookedAt) -> Fallible<()> {
        let number = self.version.number();
        let set = |folder: &str, pattern: &str| {
            let sets = &self.read.sets;
            let found = sets.iter().find(|(f, p, _)| f == folder && p == pattern);
            found.map(|(_, _, found)| found)
        };
        let missing = seen
            .contents
            .iter()
            .find(|(name, digest)| self.read.contents.get(*name) != Some(digest))
            .map(|(name, _)| name.clone())
            .or_else(|| {
                let exist = seen.exist.iter();
                let mut exist = exist.filter(|(name, there)| self.read.exist.get(*name) != Some(there));
                exist.next().map(|(name, _)| name.clone())
            })
            .or_else(|| {
                let mut sets = seen.sets.iter();
                sets.find(|((f, p), found)| set(f, p) != Some(*found))
                    .map(|((f, p), _)| format!("{f}/{p}"))
            });
        missing.map_or(Ok(()), |name| Err(not_kept(number, &name)))
    }
}

/// Puts the files that functions read into a folder, so that they find them by the same names.
fn lay_out(
    documents: &Documents,
    session: &Session,
    version: &Version,
    config: &Config,
    read: &Read,
    folder: &Path,
) -> Fallible<PathBuf> {
    let sets = read
        .sets
        .iter()
        .flat_map(|(folder, _, found)| found.iter().map(move |name| format!("{folder}/{name}")));
    let names: Vec<String> = read
        .contents
        .keys()
        .cloned()
        .chain(
            read.exist
                .iter()
                .filter(|(_, there)| **there)
                .map(|(name, _)| name.clone()),
        )
        .chain(sets)
        // What is named from the root is read where it is, and must be what it was.
        .filter(|name| !name.starts_with('/'))
        .collect();
    let up = |name: &String| name.split('/').take_while(|part| *part == "..").count();
    let depth = names.iter().chain(config.files.keys()).map(up).max().unwrap_or(0);
    let base = (0..depth).fold(folder.to_owned(), |path, i| path.join(format!("d{i}")));
    std::fs::create_dir_all(&base).map_err(|e| cannot_write(&e))?;
    for name in names {
        let bytes = match read.contents.get(&name) {
            None => Vec::new(),
            Some(digest) => match documents.kept(digest)? {
                Some(bytes) => bytes,
                // Too large to be kept: it may still be what it was.
                None => std::fs::read(session.base.join(&name))
                    .ok()
                    .filter(|bytes| super::store::digest(bytes) == *digest)
                    .ok_or_else(|| not_kept(version.number(), &name))?,
            },
        };
        let path = base.join(&name);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| {
            // (The same name may be asked for in several ways; the content comes first.)
            if path.exists() {
                Ok(())
            } else {
                std::fs::write(&path, bytes)
            }
        })
        .map_err(|e| cannot_write(&e))?;
    }
    Ok(base)
}

fn cannot_write(e: &std::io::Error) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(
        "Cannot write temporary files",
        format!("The files of the earlier version cannot be laid out in the temporary folder: {e}."),
    ))
}

fn not_kept(number: u64, name: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(
        "Version is not complete",
        format!(
            "Version {number} cannot be planned again: the file {name:?}, which its configuration needs, was not kept with it or is another one now. (Kept are the files of the configuration, and files up to 1 MiB that functions such as file and templatefile have read in the run that made the version; what is applied from a saved plan file was read when that was made.) Take the configuration from your version control instead, and plan it."
        ),
    ))
}

fn without_configuration(version: &Version) -> Box<Diagnostic> {
    let number = version.number();
    Box::new(
        Diagnostic::error(
            "Version without a configuration",
            format!(
                "Version {number} ({}) was not made by applying a configuration, so there is none to go back to. Choose an apply before or after it.",
                version.begun.kind.words()
            ),
        )
        .help("streamform history"),
    )
}
