//! Looks at every file of a state: what the store trusts when it opens, and what it would fall back on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::HolderInfo;
use crate::LockWait;
use crate::StateError;
use crate::check::Examined;
use crate::check::Finding;
use crate::check::count;
use crate::contents::Contents;
use crate::contents::Standing;
use crate::durable;
use crate::item::Codec;
use crate::local::layout::Layout;
use crate::local::lock::StateLock;
use crate::local::log;
use crate::local::log::Segment;
use crate::local::manifest;
use crate::local::recovery;
use crate::local::snapshot;
use crate::local::working::Working;

/// What the parts say of the state after each commit; they must all say the same.
#[derive(Default)]
struct Accounts(BTreeMap<u64, (Standing, String)>);

impl Accounts {
    /// Takes in what `part` says; the part that says something else, if there is one.
    fn contradicts(&mut self, standing: &Standing, part: &str) -> Option<String> {
        match self.0.get(&standing.seq) {
            Some((known, _)) if known == standing => None,
            Some((_, other)) => Some(other.clone()),
            None => {
                self.0.insert(standing.seq, (standing.clone(), part.to_owned()));
                None
            }
        }
    }
}

/// Examines the state in a folder, alone with it. Changes nothing.
pub(super) fn examine(
    dir: &Path,
    holder: &HolderInfo,
    wait: LockWait,
    codec: &Codec,
) -> Result<Examined, StateError> {
    let layout = Layout::new(dir);
    let lock = StateLock::acquire(&layout, holder, wait)?;
    let mut examined = Examined::default();
    let findings = &mut examined.findings;
    findings.push(match lock.taken_over() {
        None => Finding::well("lock", "Nobody held it"),
        Some(dead) => Finding::note(
            "lock",
            format!(
                "{} held it for {} since {} and did not end in order; process {} is gone",
                dead.who, dead.operation, dead.created, dead.pid
            ),
        ),
    });
    let mut accounts = Accounts::default();
    check_manifest(&layout, &mut accounts, findings);
    let good = check_snapshots(&layout, codec, &mut accounts, findings)?;
    check_log(&layout, codec, good, &mut accounts, findings)?;
    let copy = WorkingCopy::of(&layout);
    check_working(&layout, codec, &copy, &mut accounts, findings);
    check_whole(&layout, codec, &copy, &mut examined);
    Ok(examined)
}

fn check_manifest(layout: &Layout, accounts: &mut Accounts, findings: &mut Vec<Finding>) {
    const PART: &str = "manifest";
    findings.push(match manifest::read(&layout.manifest()) {
        Ok(None) => Finding::note(PART, "There is none yet: no run has ended in order"),
        Ok(Some(standing)) => {
            accounts.contradicts(&standing, PART);
            Finding::well(
                PART,
                format!(
                    "The last run ended with serial {}, commit {}",
                    standing.serial, standing.seq
                ),
            )
        }
        Err(error) => wrong(PART, &error),
    });
}

/// Reads every snapshot; those that read well.
fn check_snapshots(
    layout: &Layout,
    codec: &Codec,
    accounts: &mut Accounts,
    findings: &mut Vec<Finding>,
) -> Result<Vec<(u64, PathBuf)>, StateError> {
    const PART: &str = "snapshots";
    let all = snapshot::snapshots(layout.dir())?;
    let mut good = Vec::new();
    for (i, info) in all.iter().enumerate() {
        match snapshot::read(&info.path, codec, |_| {}) {
            Ok(contents) => {
                if let Some(other) = accounts.contradicts(&contents.standing(), "a snapshot") {
                    findings.push(disagrees(PART, &info.path.display().to_string(), &other));
                } else {
                    good.push((info.commit, info.path.clone()));
                }
            }
            Err(error) => {
                let finding = wrong(PART, &error);
                findings.push(if i == 0 {
                    finding
                } else {
                    finding.advise("It is an older copy, and nothing needs it now. Delete the file.")
                });
            }
        }
    }
    if good.len() == all.len() {
        findings.push(Finding::well(
            PART,
            match all.len() {
                0 => "There are none yet".to_owned(),
                1 => "The only one reads well".to_owned(),
                many => format!("All {many} read well"),
            },
        ));
    }
    Ok(good)
}

/// Reads every commit and adds it up. Segments that a snapshot covers are read too: they are its second copy.
fn check_log(
    layout: &Layout,
    codec: &Codec,
    good: Vec<(u64, PathBuf)>,
    accounts: &mut Accounts,
    findings: &mut Vec<Finding>,
) -> Result<(), StateError> {
    const PART: &str = "log";
    let mut segments = log::folded(layout)?;
    segments.extend(log::segments(layout)?);
    let Some(first) = segments.first().map(|segment| segment.first) else {
        findings.push(Finding::well(
            PART,
            "It is empty: the newest snapshot has everything",
        ));
        return Ok(());
    };
    // The oldest copy that the log joins, so that as much of the log as can be is added up.
    let base = good
        .into_iter()
        .filter(|(commit, _)| commit + 1 >= first)
        .min_by_key(|(commit, _)| *commit);
    let contents = match (&base, first) {
        (_, 1) => Contents::empty(""),
        (Some((_, path)), _) => snapshot::read(path, codec, |_| {})?,
        (None, _) => {
            findings.push(check_frames(layout, &segments));
            return Ok(());
        }
    };
    findings.push(match add_up(layout, codec, &segments, contents, accounts) {
        Ok(AddedUp { commits: 0, torn: None }) => Finding::well(
            PART,
            format!("{} read well, and a snapshot has all of it", count(segments.len(), "segment")),
        ),
        Ok(AddedUp { commits, torn: None }) => Finding::well(
            PART,
            format!(
                "{} in {} read well and add up",
                count(commits, "commit"),
                count(segments.len(), "segment")
            ),
        ),
        Ok(AddedUp { commits, torn: Some(path) }) => Finding::note(
            PART,
            format!(
                "{} read well and add up; {} ends in a commit that a killed process did not finish writing, which the next run cuts off",
                count(commits, "commit"),
                path.display()
            ),
        ),
        Err(error) => wrong(PART, &error),
    });
    Ok(())
}

struct AddedUp {
    commits: usize,
    torn: Option<PathBuf>,
}

fn add_up(
    layout: &Layout,
    codec: &Codec,
    segments: &[Segment],
    mut contents: Contents,
    accounts: &mut Accounts,
) -> Result<AddedUp, StateError> {
    let mut commits = 0;
    let contradiction = |detail: String| StateError::Contradiction {
        path: layout.dir().to_owned(),
        detail,
        snapshot: None,
    };
    let end = log::replay(layout, segments, contents.seq, |commit, path| {
        for item in &commit.items {
            contents.load(codec, item).map_err(|bad| bad.in_file(path))?;
        }
        contents.stand_at(&commit.standing);
        let seq = commit.standing.seq;
        if contents.standing() != commit.standing {
            return Err(contradiction(format!(
                "commit {seq} in {} does not add up",
                path.display()
            )));
        }
        if let Some(other) = accounts.contradicts(&commit.standing, "the log") {
            return Err(contradiction(format!(
                "after commit {seq}, {} says something else than {other}",
                path.display()
            )));
        }
        commits += 1;
        Ok(())
    })?;
    Ok(AddedUp {
        commits,
        torn: end.torn.map(|(path, _)| path),
    })
}

/// Without a copy to begin with: whether the commits are at least what was written.
fn check_frames(layout: &Layout, segments: &[Segment]) -> Finding {
    let after = segments.first().map_or(0, |segment| segment.first - 1);
    let mut commits = 0;
    let read = log::replay(layout, segments, after, |_, _| {
        commits += 1;
        Ok(())
    });
    match read {
        Ok(_) => Finding::note(
            "log",
            format!(
                "{} read well, but no snapshot is left that they follow",
                count(commits, "commit")
            ),
        ),
        Err(error) => wrong("log", &error),
    }
}

/// The working store, copied: to open it changes its files, and damaged ones more than others.
struct WorkingCopy {
    folder: PathBuf,
    /// `None`: there is no working store.
    made: Option<Result<(), StateError>>,
}

impl WorkingCopy {
    fn of(layout: &Layout) -> Self {
        let folder = layout.dir().join(format!(".check-{}", uuid::Uuid::new_v4()));
        let made = layout
            .working()
            .is_dir()
            .then(|| copy(&layout.working(), &folder));
        Self { folder, made }
    }
}

impl Drop for WorkingCopy {
    fn drop(&mut self) {
        if self.made.is_some() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), StateError> {
    durable::create_folder(to)?;
    for entry in fs::read_dir(from).map_err(|error| StateError::read(from, error))? {
        let path = entry.map_err(|error| StateError::read(from, error))?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target).map_err(|error| StateError::write(&target, error))?;
        }
    }
    Ok(())
}

fn check_working(
    layout: &Layout,
    codec: &Codec,
    copy: &WorkingCopy,
    accounts: &mut Accounts,
    findings: &mut Vec<Finding>,
) {
    const PART: &str = "working store";
    let newest = snapshot::snapshots(layout.dir())
        .ok()
        .and_then(|all| all.into_iter().next());
    let large = newest.is_some_and(|newest| newest.bytes >= recovery::WORKING);
    findings.push(match &copy.made {
        None if large => {
            Finding::note(PART, "It is missing").advise("The next run that writes the state makes it anew.")
        }
        None => Finding::well(PART, "There is none: only a large state has one"),
        Some(Err(error)) => Finding::note(
            PART,
            format!("It could not be copied to look into it: {}", told(error)),
        ),
        Some(Ok(())) => match load(&copy.folder, codec) {
            Ok((standing, contents)) => {
                let found = contents.standing();
                if found == standing {
                    match accounts.contradicts(&standing, PART) {
                        None => Finding::well(
                            PART,
                            format!(
                                "{} as of commit {}",
                                count(contents.view.len(), "record"),
                                standing.seq
                            ),
                        ),
                        Some(other) => disagrees(PART, &layout.working().display().to_string(), &other),
                    }
                } else {
                    Finding::wrong(
                        PART,
                        format!(
                            "It holds {} of the {} that it should",
                            count(found.count as usize, "item"),
                            standing.count
                        ),
                    )
                }
            }
            Err(error) => wrong_in(PART, &error, &copy.folder, &layout.working()),
        },
    });
}

fn load(folder: &Path, codec: &Codec) -> Result<(Standing, Contents), StateError> {
    let working = Working::open(folder)?;
    let standing = working
        .standing()?
        .ok_or_else(|| StateError::corrupt(folder, "it was never filled to an end"))?;
    let contents = working.load(codec)?;
    Ok((standing, contents))
}

/// Whether all of it together comes to a state.
fn check_whole(layout: &Layout, codec: &Codec, copy: &WorkingCopy, examined: &mut Examined) {
    const PART: &str = "state";
    let whole = match &copy.made {
        Some(Ok(())) => layout.clone().with_working(&copy.folder),
        _ => layout.clone(),
    };
    examined.findings.push(match recovery::open(&whole, codec, "") {
        Ok(opened) => {
            let standing = opened.contents.standing();
            let text = format!("It is there, with serial {} after commit {}", standing.serial, standing.seq);
            let mend = opened.rebuilt.is_some() || opened.needs_snapshot;
            let intents = opened.contents.intents().cloned().collect();
            examined.state = Some((opened.contents.view, intents));
            if mend {
                Finding::note(PART, format!("{text}; what is damaged is made anew from the rest"))
                    .advise("Nothing is lost. The next run that writes the state mends it, such as `streamform apply`.")
            } else {
                Finding::well(PART, text)
            }
        }
        Err(error) => {
            let finding = wrong_in(PART, &error, &copy.folder, &layout.working());
            match snapshot::newest_good(layout, codec) {
                _ if is_no_damage(&error) => finding,
                Some(newest) => finding.advise(format!(
                    "Run `streamform state restore`. The newest snapshot that reads well is {}; what the log holds after it is taken in as far as it reads well.",
                    newest.display()
                )),
                None => finding.advise("There is no snapshot that reads well. Put the folder back from a backup, or import the objects again."),
            }
        }
    });
}

fn wrong(part: &'static str, error: &StateError) -> Finding {
    Finding::wrong(part, seen(error))
}

/// The same about a copy, under the name of what was copied.
fn wrong_in(part: &'static str, error: &StateError, copy: &Path, original: &Path) -> Finding {
    let text = seen(error).replace(&*copy.to_string_lossy(), &original.to_string_lossy());
    Finding::wrong(part, text)
}

/// What an error has seen, without what it says about going on: that depends on the other parts.
fn seen(error: &StateError) -> String {
    match error {
        StateError::CorruptFile { path, detail } => format!("{} is damaged: {detail}", path.display()),
        StateError::CorruptItem {
            path,
            kind,
            id,
            detail,
        } => {
            format!("The {kind} `{id}` in {} is damaged: {detail}", path.display())
        }
        StateError::CorruptLog { path, offset, .. } => {
            format!("{} is damaged at byte {offset}", path.display())
        }
        StateError::Contradiction { detail, .. } => format!("Its parts contradict each other: {detail}"),
        StateError::OpenWorkingStore { path, detail } | StateError::WorkingStore { path, detail } => {
            format!("{} cannot be read: {detail}", path.display())
        }
        other => told(other),
    }
}

/// Whether the program, or the key, is the wrong one, and the files are as they should be.
fn is_no_damage(error: &StateError) -> bool {
    matches!(
        error,
        StateError::NewerFormat { .. } | StateError::Unseal { .. } | StateError::KeyFile { .. }
    )
}

fn disagrees(part: &'static str, path: &str, other: &str) -> Finding {
    Finding::wrong(
        part,
        format!("{path} says something else than {other} of the same commit"),
    )
}

/// An error with its cause.
fn told(error: &StateError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Entry;
    use crate::Store;
    use crate::check::Verdict;
    use crate::store::tests::holder;
    use crate::store::tests::open;
    use crate::store::tests::record;

    fn findings(dir: &Path) -> Vec<Finding> {
        let before = files(dir);
        let examined = examine(dir, &holder(), LockWait::No, &Codec::default()).unwrap();
        assert_eq!(files(dir), before, "a check changes nothing");
        examined.findings
    }

    /// Names and contents of all files but the lock.
    fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut all = BTreeMap::new();
        let mut folders = vec![dir.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with(".lock") {
                    all.insert(path.clone(), fs::read(&path).unwrap());
                }
            }
        }
        all
    }

    fn not_well(dir: &Path) -> Vec<(&'static str, Verdict)> {
        let mut all: Vec<_> = findings(dir)
            .iter()
            .filter(|f| f.verdict != Verdict::Well)
            .map(|f| (f.part, f.verdict))
            .collect();
        all.dedup();
        all
    }

    /// Three runs that ended in order, and one that was killed. `large`: with a working store.
    fn history(dir: &Path, large: bool) {
        for run in 1..=4 {
            let mut store: Store = open(dir);
            let size = if large { recovery::WORKING as usize } else { 10 };
            let bulk = format!("{{\"id\":\"{}\"}}", "x".repeat(size));
            store
                .commit(vec![Entry::Put(record("thing.bulk", &bulk))])
                .unwrap();
            for part in 0..2 {
                store
                    .commit(vec![Entry::Checks(serde_json::json!([run, part]))])
                    .unwrap();
            }
            if run < 4 {
                store.finish().unwrap();
            }
        }
    }

    #[test]
    fn what_a_killed_run_leaves_is_well() {
        for large in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            history(dir.path(), large);
            assert_eq!(not_well(dir.path()), []);
            let newest = log::segments(&Layout::new(dir.path())).unwrap().pop().unwrap();
            let text = fs::read(&newest.path).unwrap();
            fs::write(&newest.path, &text[..text.len() - 3]).unwrap();
            assert_eq!(not_well(dir.path()), [("log", Verdict::Note)]);
        }
    }

    #[test]
    fn damage_is_named_wherever_it_is() {
        for large in [false, true] {
            for part in ["log", "snapshots", "manifest"] {
                let dir = tempfile::tempdir().unwrap();
                history(dir.path(), large);
                let layout = Layout::new(dir.path());
                let file = match part {
                    "log" => log::segments(&layout).unwrap().pop().unwrap().path,
                    "snapshots" => snapshot::snapshots(dir.path()).unwrap().swap_remove(0).path,
                    _ => layout.manifest(),
                };
                let mut bytes = fs::read(&file).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 0x10;
                fs::write(&file, bytes).unwrap();
                let found = not_well(dir.path());
                assert!(
                    found.contains(&(part, Verdict::Wrong)),
                    "{large} {part}: {found:?}"
                );
                let named = findings(dir.path())
                    .into_iter()
                    .any(|f| f.part == part && f.text.contains(&*file.to_string_lossy()));
                assert!(named, "{:?}", findings(dir.path()));
            }
        }
    }

    #[test]
    fn an_older_snapshot_is_nobodys_loss_and_a_working_store_is_looked_into() {
        let dir = tempfile::tempdir().unwrap();
        history(dir.path(), true);
        let oldest = snapshot::snapshots(dir.path()).unwrap().pop().unwrap().path;
        fs::write(&oldest, "rubbish").unwrap();
        let found = not_well(dir.path());
        assert!(found.contains(&("snapshots", Verdict::Wrong)), "{found:?}");
        assert!(!found.contains(&("state", Verdict::Wrong)), "{found:?}");
        history(dir.path(), true);
        assert_eq!(not_well(dir.path()), [("snapshots", Verdict::Wrong)]);
        fs::remove_file(oldest).unwrap();
        assert_eq!(not_well(dir.path()), []);
        let db = dir.path().join("working/db");
        let length = fs::metadata(&db).unwrap().len();
        fs::write(&db, vec![0x55; length as usize]).unwrap();
        let found = not_well(dir.path());
        assert!(found.contains(&("working store", Verdict::Wrong)), "{found:?}");
        assert!(!found.contains(&("state", Verdict::Wrong)), "{found:?}");
    }
}
