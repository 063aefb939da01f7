//! What the history keeps of a version: written when a run begins to change something, and when it ends.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use streamform_lang::functions::LookedAt;
use streamform_state::OutputValue;
use streamform_state::RawJson;

use crate::plan::Action;
use crate::plan::PlanMode;
use crate::plan::Summary;

/// The newest form of both documents.
pub(super) const FORMAT: u32 = 1;

/// What kind of run made a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `apply` of a plan.
    Apply,
    /// `apply` of a plan that deletes everything.
    Destroy,
    /// `apply` of nothing but what was found.
    Refresh,
    /// `rollback`.
    Rollback,
    /// The command `import`.
    Import,
    /// `state mv`.
    Move,
    /// `state rm`.
    Forget,
    /// `state push`, and what `init` takes over.
    Push,
    /// `state replace-provider`.
    ReplaceProvider,
    /// `taint` and `untaint`.
    Mark,
    /// A state that was copied from elsewhere: another backend, another workspace.
    Copy,
    /// A plan that has looked up what became of the calls of an interrupted run.
    Recover,
    /// The state was changed by a run that left nothing here.
    Unrecorded,
}

impl Kind {
    /// The kind of an operation as the lock of the state names it.
    pub(in crate::engine) fn of_operation(operation: &str) -> Kind {
        match operation {
            "OperationTypeStateMv" => Kind::Move,
            "OperationTypeStateRm" => Kind::Forget,
            "OperationTypeStatePush" => Kind::Push,
            "OperationTypeStateReplaceProvider" => Kind::ReplaceProvider,
            "OperationTypeTaint" | "OperationTypeUntaint" => Kind::Mark,
            "OperationTypeMigrate" | "OperationTypeWorkspaceNew" => Kind::Copy,
            "import" => Kind::Import,
            _ => Kind::Recover,
        }
    }

    /// The words for a person.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Apply => "apply",
            Kind::Destroy => "destroy",
            Kind::Refresh => "refresh",
            Kind::Rollback => "rollback",
            Kind::Import => "import",
            Kind::Move => "state mv",
            Kind::Forget => "state rm",
            Kind::Push => "state push",
            Kind::ReplaceProvider => "state replace-provider",
            Kind::Mark => "taint or untaint",
            Kind::Copy => "copy of another state",
            Kind::Recover => "plan, after an interrupted run",
            Kind::Unrecorded => "unrecorded",
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// In order, everything done.
    Complete,
    /// With errors: some of it may not be done.
    Failed,
    /// A user has stopped it.
    Stopped,
    /// It was killed; a later run has found that.
    Interrupted,
}

/// How many objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words say it")]
pub struct Counts {
    #[serde(default)]
    pub import: usize,
    #[serde(default)]
    pub add: usize,
    #[serde(default)]
    pub change: usize,
    #[serde(default)]
    pub destroy: usize,
    #[serde(default)]
    pub forget: usize,
}

impl From<&Summary> for Counts {
    fn from(s: &Summary) -> Self {
        Counts {
            import: s.import,
            add: s.add,
            change: s.change,
            destroy: s.destroy,
            forget: s.forget,
        }
    }
}

/// The first document of a version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Begun {
    /// The form of the document.
    pub(super) format: u32,
    /// The number of the version, from 1.
    pub number: u64,
    /// The run, as the lock names it.
    pub run: String,
    /// What kind of run it is.
    pub kind: Kind,
    /// More about it in words: the version that is gone back to, the object that is imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// `user@host`.
    pub who: String,
    /// When it began, RFC 3339 in UTC.
    pub at: String,
    /// The version of this program.
    pub program: String,
    /// Lineage of the state.
    pub lineage: String,
    /// Serial of the state before.
    pub serial: u64,
    /// What was planned.
    pub planned: Counts,
    /// What was planned for each object that changes.
    pub changes: Vec<Change>,
    /// The configuration; only runs that carry out a plan have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Config>,
}

/// What was planned for an object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Change {
    /// The instance.
    pub address: String,
    /// Its address before a move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// The key of a deposed object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposed: Option<String>,
    /// As plan JSON has them: `["create"]`, `["delete", "create"]`; `["import"]`, `["move"]` and `["write"]` for records alone.
    pub actions: Vec<String>,
    /// The version of the record before; 0: there was none.
    pub(super) record: u64,
    /// The attribute that holds its SQL, if its type has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sql_attribute: Option<String>,
    /// The SQL before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<Sql>,
}

impl Change {
    /// The sign before it in lists.
    pub fn sign(&self) -> &'static str {
        match self.actions.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["create" | "import"] => "+",
            ["delete"] => "-",
            ["delete", "create"] => "-/+",
            ["create", "delete"] => "+/-",
            ["forget"] => ".",
            _ => "~",
        }
    }
}

/// The SQL of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sql {
    /// The text.
    pub text: String,
    /// Whether it must not be shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}

/// The configuration of a version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Config {
    /// Digest of all files.
    pub digest: String,
    /// The folder of the root module, as it was given.
    pub root: String,
    /// What kind of plan was made: `normal`, `destroy`, `refresh-only`.
    pub mode: String,
    /// `-target` and `-exclude`, as they were given: what is not among them was left as it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// Path and digest of every file.
    pub files: BTreeMap<String, String>,
    /// Values of the root module's variables, encoded with their marks.
    pub(super) variables: Vec<(String, RawJson)>,
    /// What functions looked at while it was planned.
    pub(super) read: LookedAt,
}

impl Config {
    pub(super) fn mode(&self) -> PlanMode {
        match self.mode.as_str() {
            "destroy" => PlanMode::Destroy,
            _ => PlanMode::Normal,
        }
    }
}

/// The word for a kind of plan.
pub(super) fn mode_name(mode: PlanMode) -> &'static str {
    match mode {
        PlanMode::Normal => "normal",
        PlanMode::Destroy => "destroy",
        PlanMode::RefreshOnly => "refresh-only",
    }
}

/// The second document of a version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ended {
    /// The form of the document.
    pub(super) format: u32,
    /// When it ended, RFC 3339 in UTC; of an interrupted run when that was found.
    pub at: String,
    /// How it ended.
    pub status: Status,
    /// What was done; not known of an interrupted run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Counts>,
    /// Serial of the state after.
    pub serial: u64,
    /// Addresses whose change was not carried out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undone: Vec<String>,
    /// Output values of the root module.
    pub outputs: BTreeMap<String, OutputValue>,
    /// The SQL of changed statements as it is now, by address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) sql: BTreeMap<String, Sql>,
    /// What functions looked at by the end.
    #[serde(default)]
    pub(super) read: LookedAt,
}

/// A version of the state, with what made it.
#[derive(Clone, Debug)]
pub struct Version {
    /// How it began.
    pub begun: Begun,
    /// How it ended; none: it is under way, or was interrupted and no other run has come by.
    pub ended: Option<Ended>,
    /// Whether the run that makes it holds the lock.
    pub under_way: bool,
}

/// A statement whose SQL a version has changed.
#[derive(Clone, Debug)]
pub struct SqlChange {
    /// The instance.
    pub address: String,
    /// Before; none: it was made.
    pub before: Option<Sql>,
    /// After; none: it is gone.
    pub after: Option<Sql>,
}

impl Version {
    /// The number.
    pub fn number(&self) -> u64 {
        self.begun.number
    }

    /// How it ended, as far as it is known.
    pub fn status(&self) -> Option<Status> {
        match &self.ended {
            Some(ended) => Some(ended.status),
            None if self.under_way => None,
            None => Some(Status::Interrupted),
        }
    }

    /// Whether the change of an address was carried out, as far as it is known.
    pub fn is_done(&self, address: &str) -> bool {
        self.ended
            .as_ref()
            .is_some_and(|ended| !ended.undone.iter().any(|a| a == address))
    }

    /// Statements whose SQL it has changed.
    pub fn statements(&self) -> Vec<SqlChange> {
        let Some(ended) = &self.ended else {
            return Vec::new();
        };
        let of_sql = |c: &&Change| c.sql_attribute.is_some() && c.deposed.is_none();
        self.begun
            .changes
            .iter()
            .filter(of_sql)
            .map(|change| SqlChange {
                address: change.address.clone(),
                before: change.sql.clone(),
                after: ended.sql.get(&change.address).cloned(),
            })
            .filter(|change| change.before != change.after)
            .collect()
    }
}

/// What an action is called here: as plan JSON has it.
pub(super) fn action_names(action: Action) -> Vec<String> {
    action.json_names().iter().map(|n| (*n).to_owned()).collect()
}
