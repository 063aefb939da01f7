//! Going back: the configuration of an earlier version, to be planned like any other.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::functions::KeptFiles;
use streamform_lang::functions::LookedAt;

use super::read::get_version;
use super::store::Documents;
use super::store::Fallible;
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
    /// Objects that have another address since: from that to the one that they had.
    pub moved_back: Vec<(AbsInstance, AbsInstance)>,
    /// Files in the folder of the run that are other ones now, or not there.
    pub other_now: Vec<String>,
    /// The files that its functions read, as they were.
    kept: Arc<KeptFiles>,
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
    let kept = Arc::new(kept_files(&documents, read)?);
    let loaded = load(&files, Path::new(&config.root), &session.registry);
    let variables = config.values().into_iter().map(|(name, value)| GivenVariable {
        name: name.into(),
        source: VariableSource::Flag,
        value: Ok(value),
        problems: Diagnostics::new(),
    });
    let disk = Disk::new(&session.base);
    let other = |(path, text): (&String, &std::sync::Arc<str>)| match disk.read(Path::new(path)) {
        Ok(now) if now == *text => None,
        _ => Some(path.clone()),
    };
    Ok(Earlier {
        variables: variables.collect(),
        mode: config.mode(),
        moved_back: moved_back(&documents, number)?,
        other_now: files.files.iter().filter_map(other).collect(),
        loaded,
        kept,
        version,
    })
}

impl Earlier {
    /// The session to plan and apply it with: its functions find the files as they were.
    pub fn session(&self, session: &Session) -> Session {
        Session {
            kept_files: Some(Arc::clone(&self.kept)),
            ..session.clone()
        }
    }

    /// Whether functions of it read files.
    pub fn reads_files(&self) -> bool {
        !self.kept.looked_at.is_empty()
    }

    /// Looks whether its functions have found all that they found at that time.
    ///
    /// # Errors
    /// When they have looked at something that was not kept, or is another one now.
    pub fn found_all(&self, seen: &LookedAt) -> Fallible<()> {
        let number = self.version.number();
        let missing = seen
            .contents
            .iter()
            .find(|(name, digest)| self.kept.looked_at.contents.get(*name) != Some(digest))
            .map(|(name, _)| name.clone())
            .or_else(|| {
                let exist = seen.exist.iter();
                let mut exist =
                    exist.filter(|(name, there)| self.kept.looked_at.exist.get(*name) != Some(there));
                exist.next().map(|(name, _)| name.clone())
            })
            .or_else(|| {
                let mut sets = seen.sets.iter();
                sets.find(|(set, found)| self.kept.looked_at.sets.get(*set) != Some(*found))
                    .map(|((f, p), _)| format!("{f}/{p}"))
            });
        missing.map_or(Ok(()), |name| Err(not_kept(number, &name)))
    }
}

/// Where objects are now that have moved after a version, and where they were then. What was deleted since has not moved.
fn moved_back(documents: &Documents, number: u64) -> Fallible<Vec<(AbsInstance, AbsInstance)>> {
    let numbers = documents.numbers()?;
    // By the address that they have now.
    let mut then: BTreeMap<String, String> = BTreeMap::new();
    for later in numbers.begun.range(number + 1..) {
        let Some(begun) = documents.begun(*later)? else {
            continue;
        };
        let undone = documents
            .ended(*later)?
            .map_or_else(Vec::new, |ended| ended.undone);
        let done = begun
            .changes
            .iter()
            .filter(|change| change.deposed.is_none() && !undone.contains(&change.address));
        let mut moves = Vec::new();
        for change in done {
            if let Some(from) = &change.previous {
                let first = then.remove(from).unwrap_or_else(|| from.clone());
                moves.push((first, &change.address));
            } else if change.actions == ["delete"] {
                then.remove(&change.address);
            }
        }
        then.extend(moves.into_iter().map(|(from, to)| (to.clone(), from)));
    }
    let parsed = then.into_iter().filter_map(|(now, then)| {
        let pair = (AbsInstance::parse(&now).ok()?, AbsInstance::parse(&then).ok()?);
        // (Whether an object can become one of another type is for its provider to say, in one direction only.)
        (pair.0 != pair.1 && pair.0.resource.ty == pair.1.resource.ty).then_some(pair)
    });
    Ok(parsed.collect())
}

/// What is kept of the files that functions read. What is missing may still be what it was.
fn kept_files(documents: &Documents, read: LookedAt) -> Fallible<KeptFiles> {
    let mut contents = BTreeMap::new();
    for digest in read.contents.values() {
        if let Some(bytes) = documents.kept(digest)? {
            contents.insert(digest.clone(), bytes);
        }
    }
    Ok(KeptFiles {
        looked_at: read,
        contents,
    })
}

fn not_kept(number: u64, name: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(
        "Version is not complete",
        format!(
            "Version {number} cannot be planned again: the file {name:?}, which its configuration needs, was not kept with it or is another one now. (Kept are the files of the configuration, and files up to 1 MiB that functions such as file and templatefile have read for it.) Take the configuration from your version control instead, and plan it."
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
