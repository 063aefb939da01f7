//! Planned changes, as data.

use std::fmt;
use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Name;
use streamform_lang::value::Path;
use streamform_lang::value::Value;
use streamform_provider::protocol::Private;
use streamform_provider::schema::Schema;

use super::ExecutionGraph;
use super::RelevantDrift;

/// What will happen to one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Nothing.
    NoOp,
    /// It is made.
    Create,
    /// A data source is read during apply.
    Read,
    /// It is changed in place.
    Update,
    /// Replaced: the old object is deleted first.
    DeleteThenCreate,
    /// Replaced: the new object is made first.
    CreateThenDelete,
    /// Replaced: the new object is made, the old one stays where it is, and the state forgets it.
    CreateThenForget,
    /// It is deleted.
    Delete,
    /// It stays where it is, and the state forgets it.
    Forget,
}

impl Action {
    /// Whether an object is replaced by another.
    pub const fn is_replace(self) -> bool {
        matches!(
            self,
            Action::DeleteThenCreate | Action::CreateThenDelete | Action::CreateThenForget
        )
    }

    /// Whether an object is deleted by it.
    pub const fn deletes(self) -> bool {
        matches!(
            self,
            Action::Delete | Action::DeleteThenCreate | Action::CreateThenDelete
        )
    }

    /// The names that Terraform's plan JSON has for it.
    pub const fn json_names(self) -> &'static [&'static str] {
        match self {
            Action::NoOp => &["no-op"],
            Action::Create => &["create"],
            Action::Read => &["read"],
            Action::Update => &["update"],
            Action::DeleteThenCreate => &["delete", "create"],
            Action::CreateThenDelete => &["create", "delete"],
            Action::CreateThenForget => &["create", "forget"],
            Action::Delete => &["delete"],
            Action::Forget => &["forget"],
        }
    }

    /// The symbol in front of a change in a plan text.
    pub const fn symbol(self) -> &'static str {
        match self {
            Action::NoOp => " ",
            Action::Create => "+",
            Action::Read => "<=",
            Action::Update => "~",
            Action::DeleteThenCreate => "-/+",
            Action::CreateThenDelete => "+/-",
            Action::CreateThenForget => "+/.",
            Action::Delete => "-",
            Action::Forget => ".",
        }
    }
}

/// Why it will happen, where that does not follow from the values alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActionReason {
    /// The object is tainted.
    ReplaceBecauseTainted,
    /// `-replace` asked for it.
    ReplaceByRequest,
    /// `replace_triggered_by` asked for it.
    ReplaceByTriggers,
    /// An attribute cannot be changed in place.
    ReplaceBecauseCannotUpdate,
    /// The block is gone.
    DeleteBecauseNoResourceConfig,
    /// The block has `count` or `for_each` now, or no longer.
    DeleteBecauseWrongRepetition,
    /// `count` is smaller now.
    DeleteBecauseCountIndex,
    /// The key is no longer in `for_each`.
    DeleteBecauseEachKey,
    /// The module instance is gone.
    DeleteBecauseNoModule,
    /// The target of a `moved` block is not in the configuration.
    DeleteBecauseNoMoveTarget,
    /// The configuration of the data source is not known yet.
    ReadBecauseConfigUnknown,
    /// Something that the data source depends on changes.
    ReadBecauseDependencyPending,
    /// A `check` block reads it again.
    ReadBecauseCheckNested,
}

impl ActionReason {
    /// The name that Terraform's plan JSON has for it.
    pub const fn json_name(self) -> &'static str {
        match self {
            ActionReason::ReplaceBecauseTainted => "replace_because_tainted",
            ActionReason::ReplaceByRequest => "replace_by_request",
            ActionReason::ReplaceByTriggers => "replace_by_triggers",
            ActionReason::ReplaceBecauseCannotUpdate => "replace_because_cannot_update",
            ActionReason::DeleteBecauseNoResourceConfig => "delete_because_no_resource_config",
            ActionReason::DeleteBecauseWrongRepetition => "delete_because_wrong_repetition",
            ActionReason::DeleteBecauseCountIndex => "delete_because_count_index",
            ActionReason::DeleteBecauseEachKey => "delete_because_each_key",
            ActionReason::DeleteBecauseNoModule => "delete_because_no_module",
            ActionReason::DeleteBecauseNoMoveTarget => "delete_because_no_move_target",
            ActionReason::ReadBecauseConfigUnknown => "read_because_config_unknown",
            ActionReason::ReadBecauseDependencyPending => "read_because_dependency_pending",
            ActionReason::ReadBecauseCheckNested => "read_because_check_nested",
        }
    }
}

/// The planned change of one object.
#[derive(Clone, Debug)]
pub struct InstanceChange {
    /// Which instance.
    pub address: AbsInstance,
    /// Its address before a move.
    pub previous_address: Option<AbsInstance>,
    /// The key of a deposed object; none: the current one.
    pub deposed: Option<String>,
    /// Provider configuration that does it.
    pub provider: AbsProviderConfig,
    /// Schema of the type.
    pub schema: Arc<Schema>,
    /// What will happen.
    pub action: Action,
    /// Why.
    pub reason: Option<ActionReason>,
    /// A sentence of the provider on why the change is what it is.
    pub explanation: Option<String>,
    /// The object before (as refreshed); null if there is none. Sensitive parts are marked.
    pub before: Value,
    /// The object after, unknown where only apply tells; null if there is none. Sensitive parts are marked.
    pub after: Value,
    /// Attributes because of which it is replaced.
    pub replace_paths: Vec<Path>,
    /// Kept by the provider, of the object before.
    pub before_private: Private,
    /// Kept by the provider, planned.
    pub after_private: Private,
    /// Resource blocks that it depends on directly: what the record will remember.
    pub dependencies: Vec<String>,
    /// Whether it is replaced by creating first; the record remembers it.
    pub create_before_destroy: bool,
    /// Whether deleting is forbidden; the record remembers it.
    pub prevent_destroy: bool,
    /// Whether it is forgotten where it would be deleted; the record remembers it.
    pub skip_destroy: bool,
    /// The object before is not in the state yet: it is imported.
    pub importing: Option<Importing>,
}

/// Where an imported object comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Importing {
    /// The import id, a string; marked if it is secret.
    pub id: Value,
    /// The resource block that was written for it, if the configuration has none.
    pub generated_config: Option<String>,
}

impl Importing {
    /// The id as it may be shown.
    pub fn id_text(&self) -> &str {
        if self.id.is_sensitive() {
            "(sensitive value)"
        } else {
            self.id.as_str().unwrap_or_default()
        }
    }
}

impl InstanceChange {
    /// Managed or data.
    pub fn mode(&self) -> Mode {
        self.address.resource.mode
    }
}

/// The planned change of an output value of the root module.
#[derive(Clone, Debug)]
pub struct OutputChange {
    /// Its name.
    pub name: Name,
    /// What happens: `NoOp`, `Create`, `Update`, `Delete`.
    pub action: Action,
    /// The value before; null if there was none.
    pub before: Value,
    /// The value after; null if it goes.
    pub after: Value,
    /// Whether it is declared sensitive.
    pub sensitive: bool,
    /// Whether the plan has come to it: what `-target` leaves out stays as it is.
    pub reached: bool,
}

/// Kinds of condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CheckKind {
    /// Pre- and postconditions of a resource.
    Resource,
    /// Preconditions of an output value.
    Output,
    /// A `check` block.
    Check,
    /// Validation of an input variable.
    Variable,
}

/// How conditions of one object ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CheckStatus {
    /// All hold.
    Pass,
    /// Some do not hold.
    Fail,
    /// Some could not be evaluated.
    Error,
    /// Some will be known after apply.
    Unknown,
}

/// Results of the conditions of one configuration object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    /// Kind of object.
    pub kind: CheckKind,
    /// Address of the object in the configuration.
    pub address: String,
    /// Over all instances.
    pub status: CheckStatus,
    /// Each instance: address, status, messages of what failed.
    pub instances: Vec<(String, CheckStatus, Vec<String>)>,
}

/// Something that could not be planned yet, with `-allow-deferral`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deferred {
    /// The block, the instance, or the module with everything in it.
    pub address: Target,
    /// Why.
    pub reason: DeferralReason,
    /// The same as a sentence, with what is waited for.
    pub explanation: String,
}

/// Why something is left for a later apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeferralReason {
    /// `count` or `for_each` is known only after apply.
    InstanceCountUnknown,
    /// The configuration of its provider is known only after apply.
    ProviderConfigUnknown,
    /// It needs something that is deferred itself.
    DeferredPrerequisite,
}

impl DeferralReason {
    /// The name that Terraform's plan JSON has for it.
    pub const fn json_name(self) -> &'static str {
        match self {
            DeferralReason::InstanceCountUnknown => "instance_count_unknown",
            DeferralReason::ProviderConfigUnknown => "provider_config_unknown",
            DeferralReason::DeferredPrerequisite => "deferred_prereq",
        }
    }
}

/// What kind of plan it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PlanMode {
    /// Bring the objects to what the configuration says.
    #[default]
    Normal,
    /// Delete every object.
    Destroy,
    /// Only bring the state to what the objects are.
    RefreshOnly,
}

/// How many objects a plan touches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Objects imported.
    pub import: usize,
    /// Objects made (a replacement counts here too).
    pub add: usize,
    /// Objects changed in place.
    pub change: usize,
    /// Objects deleted (a replacement counts here too).
    pub destroy: usize,
    /// Objects forgotten.
    pub forget: usize,
}

/// `2 to add, 0 to change, 1 to destroy`, as Terraform's last line of a plan has it.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.import > 0 {
            write!(f, "{} to import, ", self.import)?;
        }
        write!(
            f,
            "{} to add, {} to change, {} to destroy",
            self.add, self.change, self.destroy
        )?;
        if self.forget > 0 {
            write!(f, ", {} to forget", self.forget)?;
        }
        Ok(())
    }
}

/// A whole plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Kind.
    pub mode: PlanMode,
    /// When it was made, RFC 3339 in UTC.
    pub timestamp: String,
    /// Every object of configuration and state, also unchanged ones, by address.
    pub changes: Vec<InstanceChange>,
    /// Objects that were found changed or gone when they were read: `before` is what the state said, `after` what is.
    pub drift: Vec<InstanceChange>,
    /// The part of the drift that what is planned comes from.
    pub relevant: Vec<RelevantDrift>,
    /// Output values of the root module, by name.
    pub outputs: Vec<OutputChange>,
    /// Conditions.
    pub checks: Vec<CheckResult>,
    /// What could not be planned yet.
    pub deferred: Vec<Deferred>,
    /// Old and new address of every record that moves: committed in one batch before anything else is done.
    pub moves: Vec<(AbsInstance, AbsInstance)>,
    /// Objects of the state that the plan says nothing about, because `-target` leaves them out or nothing but reading was asked
    /// for. Only reports of the state before look at them.
    pub untouched: Vec<InstanceChange>,
    /// What apply will run.
    pub graph: ExecutionGraph,
    /// `-target`: empty for all.
    pub targets: Vec<Target>,
    /// `-exclude`: what was left out, with what depends on it.
    pub excludes: Vec<Target>,
    /// Values of the root module's variables, as they were given.
    pub variables: Vec<(Name, Value)>,
    /// Lineage of the state that it was made for.
    pub lineage: String,
    /// Serial of that state.
    pub serial: u64,
    /// Records that it was made from, with their versions, where others may change the rest of the state at the same time.
    pub records_read: Vec<(String, u64)>,
    /// Whether errors kept it from being complete: it cannot be applied.
    pub errored: bool,
    /// Warnings (and, if `errored`, errors) found while planning.
    pub diagnostics: Diagnostics,
}

impl Plan {
    /// Counts of managed objects.
    pub fn summary(&self) -> Summary {
        let mut s = Summary::default();
        for c in self.changes.iter().filter(|c| c.mode() == Mode::Managed) {
            s.import += usize::from(c.importing.is_some());
            match c.action {
                Action::Create => s.add += 1,
                Action::Update => s.change += 1,
                Action::DeleteThenCreate | Action::CreateThenDelete => {
                    s.add += 1;
                    s.destroy += 1;
                }
                Action::CreateThenForget => {
                    s.add += 1;
                    s.forget += 1;
                }
                Action::Delete => s.destroy += 1,
                Action::Forget => s.forget += 1,
                Action::NoOp | Action::Read => {}
            }
        }
        s
    }

    /// Whether `-target` and `-exclude` leave an object of the state in, by themselves.
    pub fn covers(&self, address: &str) -> bool {
        let Ok(instance) = AbsInstance::parse(address) else {
            return false;
        };
        (self.targets.is_empty() || self.targets.iter().any(|t| t.covers(&instance)))
            && !self.excludes.iter().any(|t| t.covers(&instance))
    }

    /// Takes out all that would change an object: what is left brings the state to what was found. Output values that are known
    /// belong to it, conditions do not: they speak of what the plan would have made.
    pub fn keep_what_was_found(&mut self) {
        self.mode = PlanMode::RefreshOnly;
        self.changes.retain_mut(|c| {
            if c.action != Action::NoOp && c.importing.is_some() {
                c.action = Action::NoOp;
                c.after = c.before.clone();
            }
            c.action == Action::NoOp
        });
        self.outputs
            .retain(|o| o.action != Action::Delete && o.after.is_wholly_known());
        self.graph = ExecutionGraph::default();
        self.checks.clear();
    }

    /// Whether `-target` or `-exclude` leave something out.
    pub fn is_limited(&self) -> bool {
        !(self.targets.is_empty() && self.excludes.is_empty())
    }

    /// Whether applying it would change any object or output value.
    pub fn has_changes(&self) -> bool {
        // What was only read leaves the state without a word; what a check reads again is a reason to apply.
        let counts = |c: &&InstanceChange| {
            c.mode() == Mode::Managed || c.reason == Some(ActionReason::ReadBecauseCheckNested)
        };
        let mut counted = self.changes.iter().filter(counts);
        counted.any(|c| c.action != Action::NoOp || c.previous_address.is_some() || c.importing.is_some())
            || self
                .outputs
                .iter()
                .any(|o| o.action != Action::NoOp && self.can_write(o))
    }

    /// Whether there is a reason to apply it. As in Terraform, objects that only move are none for a plan that only refreshes.
    pub fn is_applyable(&self) -> bool {
        if self.mode != PlanMode::RefreshOnly {
            return self.has_changes() || !self.drift.is_empty();
        }
        self.drift.iter().any(|d| d.action != Action::NoOp)
            || self
                .outputs
                .iter()
                .any(|o| o.action != Action::NoOp && self.can_write(o))
    }

    /// Whether an apply has a value for an output. A plan that only refreshes changes nothing that could make one known.
    fn can_write(&self, output: &OutputChange) -> bool {
        self.mode != PlanMode::RefreshOnly || output.after.is_wholly_known()
    }
}
