//! Writing the history: what begins, what ended, and what others have left open.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::Mode;
use streamform_lang::diag::Diagnostic;
use streamform_lang::functions::LookedAt;
use streamform_state::Entry;
use streamform_state::RawJson;
use streamform_state::Record;
use streamform_state::StateView;
use streamform_state::Store;

use super::Keep;
use super::prune::prune;
use super::store::Documents;
use super::store::Fallible;
use super::store::Numbers;
use super::store::digest;
use super::version::Begun;
use super::version::Change;
use super::version::Config;
use super::version::Counts;
use super::version::Ended;
use super::version::FORMAT;
use super::version::Kind;
use super::version::Sql;
use super::version::Status;
use super::version::action_names;
use super::version::mode_name;
use crate::config::Snapshot;
use crate::engine::Session;
use crate::engine::session::state_error;
use crate::plan::Action;
use crate::plan::Plan;
use crate::plan::PlanMode;
use crate::plan::encode_value;

/// Files that functions read are kept with a version up to this size.
const LARGEST_KEPT: u64 = 1 << 20;

/// A version that has begun.
pub(in crate::engine) struct Recording {
    documents: Documents,
    begun: Begun,
    numbers: Numbers,
    /// Digests of files that are kept already.
    known: Vec<String>,
}

/// What is to be recorded of a plan that is carried out.
pub(in crate::engine) struct Planned<'p> {
    pub(in crate::engine) plan: &'p Plan,
    pub(in crate::engine) files: &'p Snapshot,
    pub(in crate::engine) root: &'p Path,
    pub(in crate::engine) read: LookedAt,
    pub(in crate::engine) run: &'p str,
    pub(in crate::engine) occasion: Option<(Kind, String)>,
}

/// Begins the version of a plan that is about to be carried out; none where no history is kept.
///
/// # Errors
/// When it cannot be written. The run can go on without.
pub(in crate::engine) fn begin(
    session: &Session,
    store: &Store,
    planned: &Planned<'_>,
) -> Fallible<Option<Recording>> {
    if session.history == Keep::Nothing {
        return Ok(None);
    }
    let Planned {
        plan, files, root, ..
    } = planned;
    let view = store.view();
    let (kind, detail) = match (&planned.occasion, plan.mode) {
        (Some((kind, detail)), _) => (*kind, Some(detail.clone())),
        (None, PlanMode::Normal) => (Kind::Apply, None),
        (None, PlanMode::Destroy) => (Kind::Destroy, None),
        (None, PlanMode::RefreshOnly) => (Kind::Refresh, None),
    };
    let digests: BTreeMap<String, String> = files
        .files
        .iter()
        .map(|(path, text)| (path.clone(), digest(text.as_bytes())))
        .collect();
    let all: Vec<String> = digests.iter().map(|(p, d)| format!("{p}\n{d}\n")).collect();
    let config = Config {
        digest: digest(all.concat().as_bytes()),
        root: root.to_string_lossy().into_owned(),
        mode: mode_name(plan.mode).to_owned(),
        limits: limits(plan),
        files: digests,
        variables: plan
            .variables
            .iter()
            .filter_map(|(name, value)| {
                let encoded = RawJson::from_text(encode_value(value)).ok()?;
                Some((name.to_string(), encoded))
            })
            .collect(),
        read: planned.read.clone(),
    };
    let begun = Begun {
        planned: Counts::from(&plan.summary()),
        changes: changes(session, plan, &view),
        config: Some(config),
        ..blank(session, store, kind, detail, planned.run)
    };
    let mut recording = Recording::begin(session, store, begun)?;
    recording.keep_files(session, Some(files))?;
    Ok(Some(recording))
}

/// Records a run that has changed the state by itself, just before it lets go of it.
///
/// # Errors
/// When it cannot be written.
pub(in crate::engine) fn note(
    session: &Session,
    store: &Store,
    run: &str,
    (kind, detail): (Kind, Option<String>),
    changes: Vec<Change>,
) -> Fallible<()> {
    if session.history == Keep::Nothing || !store.changed() {
        return Ok(());
    }
    let begun = Begun {
        changes,
        ..blank(session, store, kind, detail, run)
    };
    let recording = Recording::begin(session, store, begun)?;
    recording.end(session, store, Status::Complete, None, &LookedAt::default())
}

/// What entries do to the records of a state, for [`note`].
pub(in crate::engine) fn record_changes(entries: &[Entry], before: &StateView) -> Vec<Change> {
    let change = |address: &str, action: &str| Change {
        address: address.to_owned(),
        previous: None,
        deposed: None,
        actions: vec![action.to_owned()],
        record: 0,
        sql_attribute: None,
        sql: None,
    };
    // What goes and comes in one commit has moved.
    let mut gone: Vec<&Arc<Record>> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Remove { address } => before.get(address),
            _ => None,
        })
        .collect();
    let mut changes = Vec::new();
    for entry in entries {
        let Entry::Put(record) = entry else { continue };
        match before.get(&record.address) {
            None => {
                let same =
                    |old: &&Arc<Record>| old.current == record.current && old.deposed == record.deposed;
                match gone.iter().position(same) {
                    None => changes.push(change(&record.address, "import")),
                    Some(at) => changes.push(Change {
                        previous: Some(gone.remove(at).address.clone()),
                        ..change(&record.address, "move")
                    }),
                }
            }
            Some(old) if old.same_content(record) => {}
            Some(_) => changes.push(change(&record.address, "write")),
        }
    }
    changes.extend(gone.iter().map(|record| change(&record.address, "forget")));
    changes
}

fn limits(plan: &Plan) -> Vec<String> {
    let targets = plan.targets.iter().map(|t| format!("-target={t}"));
    targets
        .chain(plan.excludes.iter().map(|t| format!("-exclude={t}")))
        .collect()
}

fn changes(session: &Session, plan: &Plan, view: &StateView) -> Vec<Change> {
    let acts = |action: Action| !matches!(action, Action::NoOp | Action::Read);
    let mut changes = Vec::new();
    for change in &plan.changes {
        if change.mode() != Mode::Managed
            || !(acts(change.action) || change.previous_address.is_some() || change.importing.is_some())
        {
            continue;
        }
        let address = change.address.to_string();
        let mut actions = action_names(change.action);
        if !acts(change.action) {
            actions = vec![
                if change.importing.is_some() {
                    "import"
                } else {
                    "move"
                }
                .to_owned(),
            ];
        }
        let attribute = sql_attribute(session, &change.provider, &change.address.resource.ty);
        let sql = attribute.and_then(|name| {
            let value = change.before.get(name)?;
            let (plain, _) = value.clone().unmark_deep();
            Some(Sql {
                text: plain.as_str()?.to_owned(),
                sensitive: value.is_sensitive() || change.before.is_sensitive(),
            })
        });
        changes.push(Change {
            previous: change.previous_address.as_ref().map(ToString::to_string),
            deposed: change.deposed.clone(),
            actions,
            record: view.get(&address).map_or(0, |r| r.version),
            sql_attribute: attribute.map(str::to_owned),
            sql,
            address,
        });
    }
    changes
}

fn sql_attribute(session: &Session, provider: &AbsProviderConfig, ty: &str) -> Option<&'static str> {
    session.registry.get(&provider.provider)?.sql_attribute(ty)
}

fn blank(session: &Session, store: &Store, kind: Kind, detail: Option<String>, run: &str) -> Begun {
    let view = store.view();
    Begun {
        format: FORMAT,
        number: 0,
        run: run.to_owned(),
        kind,
        detail,
        who: session.who.clone(),
        at: (session.clock)(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        lineage: view.lineage().to_owned(),
        serial: before(store),
        planned: Counts::default(),
        changes: Vec::new(),
        config: None,
    }
}

/// The serial before this run has changed anything.
fn before(store: &Store) -> u64 {
    store.view().serial().saturating_sub(u64::from(store.changed()))
}

impl Recording {
    fn begin(session: &Session, store: &Store, mut begun: Begun) -> Fallible<Recording> {
        let documents = Documents::of(session);
        let mut numbers = documents.numbers()?;
        close_open(&documents, &mut numbers, session, store)?;
        // Where parts of a state are locked, what has happened since the last version may be what somebody does beside us.
        let alone = !session.backend.locks_parts();
        let last = numbers.begun.last().copied();
        let mut known = Vec::new();
        if let Some(last) = last {
            let earlier = documents.begun(last)?;
            let ended = documents.ended(last)?;
            let left = ended.as_ref().map_or(u64::MAX, |e| e.serial);
            if alone && earlier.as_ref().is_some_and(|e| e.lineage == begun.lineage) && left < begun.serial {
                unrecorded(&documents, &mut numbers, session, store, (left, begun.serial))?;
            }
            // A run that was killed may have named files that it never came to keep.
            let whole = ended.is_some_and(|e| e.status != Status::Interrupted);
            if let Some(config) = earlier.and_then(|e| e.config).filter(|_| whole) {
                known.extend(config.files.into_values());
                known.extend(config.read.contents.into_values());
            }
        }
        begun.number = numbers.begun.last().map_or(1, |last| last + 1);
        while !documents.begin(&begun)? {
            begun.number += 1;
        }
        numbers.begun.insert(begun.number);
        Ok(Recording {
            documents,
            begun,
            numbers,
            known,
        })
    }

    /// Keeps the texts of the configuration, and of what functions have read of files.
    fn keep_files(&mut self, session: &Session, files: Option<&Snapshot>) -> Fallible<()> {
        let Some(config) = &self.begun.config else {
            return Ok(());
        };
        if let Some(files) = files {
            for (path, text) in &files.files {
                let digest = &config.files[path];
                if !self.known.contains(digest) {
                    self.documents.keep(digest, text.as_bytes())?;
                    self.known.push(digest.clone());
                }
            }
        }
        for (name, digest) in &config.read.contents {
            if !self.known.contains(digest)
                && let Some(bytes) = same_still(&session.base.join(name), digest)
            {
                self.documents.keep(digest, &bytes)?;
                self.known.push(digest.clone());
            }
        }
        Ok(())
    }

    /// Writes how the run ended, and drops what is too old. Nothing is left of a run that has changed nothing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(in crate::engine) fn end(
        mut self,
        session: &Session,
        store: &Store,
        status: Status,
        done: Option<Counts>,
        read: &LookedAt,
    ) -> Fallible<()> {
        if !store.changed() {
            return self.documents.remove(self.begun.number);
        }
        let ended = Ended {
            done,
            read: read.clone(),
            ..ended(
                &self.begun,
                &store.view(),
                status,
                (session.clock)(),
                store.view().serial(),
            )
        };
        if let Some(config) = &mut self.begun.config {
            config.read = ended.read.clone();
        }
        self.keep_files(session, None)?;
        self.documents.end(self.begun.number, &ended)?;
        self.numbers.ended.insert(self.begun.number);
        prune(&self.documents, &self.numbers, session)
    }
}

/// The content of a file that is not too large, if it is still what was read.
fn same_still(path: &Path, wanted: &str) -> Option<Vec<u8>> {
    let size = std::fs::metadata(path).ok()?.len();
    let bytes = std::fs::read(path).ok().filter(|_| size <= LARGEST_KEPT)?;
    (digest(&bytes) == wanted).then_some(bytes)
}

/// How a run has left the state.
fn ended(begun: &Begun, view: &StateView, status: Status, at: String, serial: u64) -> Ended {
    let mut sql = BTreeMap::new();
    let mut undone = Vec::new();
    for change in &begun.changes {
        let record = view.get(&change.address);
        let current = record.and_then(|r| r.current.as_ref());
        if let Some(name) = &change.sql_attribute
            && let Some(object) = current
            && let Ok(attributes) = object
                .attributes
                .parse::<serde_json::Map<String, serde_json::Value>>()
            && let Some(text) = attributes.get(name).and_then(|v| v.as_str())
        {
            let sensitive = object
                .sensitive_paths
                .iter()
                .any(|path| path.root().is_none_or(|root| root == name));
            let text = text.to_owned();
            sql.insert(change.address.clone(), Sql { text, sensitive });
        }
        let gone = matches!(
            change.actions.iter().map(String::as_str).collect::<Vec<_>>()[..],
            ["delete" | "forget"]
        );
        let done = match (&change.deposed, gone) {
            (Some(key), _) => record.is_none_or(|r| !r.deposed.contains_key(key)),
            (None, true) => current.is_none(),
            (None, false) => record.is_some_and(|r| r.version > change.record),
        };
        if status != Status::Complete && begun.config.is_some() && !done {
            undone.push(change.address.clone());
        }
    }
    Ended {
        format: FORMAT,
        at,
        status,
        done: None,
        serial,
        undone,
        outputs: view.outputs().clone(),
        sql,
        read: LookedAt::default(),
    }
}

/// Closes the versions of runs that are dead. This one holds the lock; only where parts can be locked there may be others.
fn close_open(
    documents: &Documents,
    numbers: &mut Numbers,
    session: &Session,
    store: &Store,
) -> Fallible<()> {
    let open: Vec<u64> = numbers.open().collect();
    if open.is_empty() {
        return Ok(());
    }
    let beside = if session.backend.locks_parts() {
        let holders = session.backend.holders(&session.workspace);
        holders.map_err(|e| Box::new(state_error(&e)))?
    } else {
        Vec::new()
    };
    for number in open {
        let Some(begun) = documents.begun(number)? else {
            continue;
        };
        if beside.iter().any(|holder| holder.run == begun.run) {
            continue;
        }
        let mut end = ended(
            &begun,
            &store.view(),
            Status::Interrupted,
            (session.clock)(),
            before(store),
        );
        end.read = begun.config.map(|c| c.read).unwrap_or_default();
        documents.end(number, &end)?;
        numbers.ended.insert(number);
    }
    Ok(())
}

/// A version for what was changed by a run that has left nothing here.
fn unrecorded(
    documents: &Documents,
    numbers: &mut Numbers,
    session: &Session,
    store: &Store,
    (from, to): (u64, u64),
) -> Fallible<()> {
    let mut begun = Begun {
        who: "?".to_owned(),
        serial: from,
        ..blank(session, store, Kind::Unrecorded, None, "")
    };
    begun.number = numbers.begun.last().map_or(1, |last| last + 1);
    if documents.begin(&begun)? {
        let end = ended(&begun, &store.view(), Status::Complete, begun.at.clone(), to);
        documents.end(begun.number, &end)?;
        numbers.begun.insert(begun.number);
        numbers.ended.insert(begun.number);
    }
    Ok(())
}

/// What is told when the history cannot be written: what was done is done.
pub(in crate::engine) fn not_written(why: &Diagnostic) -> Diagnostic {
    Diagnostic::warning(
        "History not written",
        format!(
            "What was done is in the state, but not in its history: {}",
            why.detail
        ),
    )
}
