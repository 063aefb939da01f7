//! The one report of a plan that every skin draws: what changes, why, and by how much. Nothing sensitive is in it.

use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::Mode;
use streamform_lang::diag::Severity;
use streamform_lang::value::Name;
use streamform_lang::value::Value;
use streamform_provider::schema;

use super::diff::BlockDiff;
use super::diff::Body;
use super::diff::Diff;
use super::diff::Differ;
use super::diff::Sign;
use super::value_text::clean;
use super::value_text::clean_lines;
use crate::plan::Action;
use crate::plan::ActionReason;
use crate::plan::CheckStatus;
use crate::plan::Deferred;
use crate::plan::InstanceChange;
use crate::plan::Plan;
use crate::plan::PlanMode;
use crate::plan::Secrets;
use crate::plan::Summary;

/// A plan, ready to be drawn.
#[derive(Clone, Debug)]
pub struct PlanReport {
    /// Kind of plan.
    pub mode: PlanMode,
    /// What changes, in the order of the plan; unchanged objects are only counted.
    pub changes: Vec<ChangeReport>,
    /// What was found changed outside and matters here: in a refresh-only plan everything, else what the changes come from.
    pub drift: Vec<ChangeReport>,
    /// How many objects were found changed outside at all.
    pub drifted: usize,
    /// Output values that change.
    pub outputs: Vec<OutputReport>,
    /// Objects that stay as they are.
    pub unchanged: usize,
    /// Counts.
    pub summary: Summary,
    /// Conditions that do not hold, or are not known yet.
    pub checks: Vec<CheckReport>,
    /// Warnings of the plan: summary and detail.
    pub warnings: Vec<(String, String)>,
    /// What could not be planned yet.
    pub deferred: Vec<Deferred>,
    /// The plan is not complete because of errors.
    pub errored: bool,
    /// Whether applying it would do anything.
    pub has_changes: bool,
}

/// The change of one object, ready to be drawn.
#[derive(Clone, Debug)]
pub struct ChangeReport {
    /// What happens.
    pub action: Action,
    /// Address of the instance.
    pub address: String,
    /// Key of a deposed object.
    pub deposed: Option<String>,
    /// Managed or data.
    pub mode: Mode,
    /// Resource type.
    pub ty: Name,
    /// Name of the block.
    pub name: Name,
    /// What happens, as the rest of a sentence that begins with the address: `will be created`.
    pub verb: String,
    /// Why, each a phrase that goes into parentheses.
    pub notes: Vec<String>,
    /// What a reviewer must not overlook.
    pub warning: Option<&'static str>,
    /// Whether the object is imported.
    pub imports: bool,
    /// What the provider says about it.
    pub explanation: Option<String>,
    /// The attributes.
    pub body: BlockDiff,
    /// Attributes because of which it is replaced, as written in an expression.
    pub replace_paths: Vec<String>,
}

impl ChangeReport {
    /// The address, with the deposed key if it is a deposed object.
    pub fn label(&self) -> String {
        match &self.deposed {
            Some(key) => format!("{} (deposed object {key})", self.address),
            None => self.address.clone(),
        }
    }
}

/// The change of one output value.
#[derive(Clone, Debug)]
pub struct OutputReport {
    /// Its name.
    pub name: Name,
    /// The change.
    pub diff: Diff,
}

/// A condition that does not simply hold.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// Address of the object.
    pub address: String,
    /// How it ended.
    pub status: CheckStatus,
    /// What failed.
    pub messages: Vec<String>,
}

/// A value of a change with the marks of its schema.
fn marked(change: &InstanceChange, value: &Value) -> Value {
    schema::mark_sensitive(&change.schema.block, value.clone())
}

/// What is null is not there.
pub(super) fn present(value: &Value) -> Option<&Value> {
    (!value.is_null() || value.is_sensitive()).then_some(value)
}

impl PlanReport {
    /// Works the report out. `secrets` learns those of the plan; a value that it knows is hidden wherever it turns up.
    pub fn of(plan: &Plan, secrets: &Secrets) -> PlanReport {
        secrets.learn_plan(plan);
        let mut changes = Vec::new();
        let mut unchanged = 0;
        for c in &plan.changes {
            if c.action == Action::Forget && c.mode() == Mode::Data {
                // What it has read before leaves the state without a word.
            } else if c.action == Action::NoOp && c.previous_address.is_none() && c.importing.is_none() {
                unchanged += 1;
            } else {
                changes.push(change(c, secrets, false));
            }
        }
        let outputs = plan
            .outputs
            .iter()
            .filter(|o| o.action != Action::NoOp)
            .map(|o| OutputReport {
                name: o.name.clone(),
                diff: output(o, secrets),
            })
            .collect();
        let checks = plan
            .checks
            .iter()
            .filter(|c| matches!(c.status, CheckStatus::Fail | CheckStatus::Error))
            .map(|c| CheckReport {
                address: c.address.clone(),
                status: c.status,
                messages: c
                    .instances
                    .iter()
                    .flat_map(|(_, _, m)| m.iter().cloned())
                    .collect(),
            })
            .collect();
        PlanReport {
            mode: plan.mode,
            changes,
            drift: drift(plan, secrets),
            drifted: plan.drift.len(),
            outputs,
            unchanged,
            summary: plan.summary(),
            checks,
            warnings: plan
                .diagnostics
                .iter()
                .filter(|d| d.severity == Severity::Warning && !secrets.hides(&d.detail))
                .map(|d| (d.summary.clone(), d.detail.clone()))
                .collect(),
            deferred: plan.deferred.clone(),
            errored: plan.errored,
            has_changes: plan.has_changes(),
        }
    }
}

/// The drift to be shown.
fn drift(plan: &Plan, secrets: &Secrets) -> Vec<ChangeReport> {
    if plan.mode == PlanMode::RefreshOnly {
        return plan.drift.iter().map(|c| change(c, secrets, true)).collect();
    }
    plan.relevant
        .iter()
        .filter_map(|r| {
            let mut found = plan.drift.get(r.index)?.clone();
            if !found.after.is_null() {
                // What does not matter is shown as if it had stayed.
                let mut before = found.after.clone();
                for name in &r.attributes {
                    if let Some(value) = found.before.get(name) {
                        before = before.with_attr(name.clone(), value.clone());
                    }
                }
                found.before = before;
            }
            Some(change(&found, secrets, true))
        })
        .collect()
}

fn output(o: &crate::plan::OutputChange, secrets: &Secrets) -> Diff {
    let sign = match o.action {
        Action::Create => Sign::Add,
        Action::Delete => Sign::Remove,
        Action::NoOp => Sign::Same,
        // An output value of null is none.
        _ if o.after.is_null() => Sign::Remove,
        _ => Sign::Change,
    };
    if o.sensitive {
        return Diff {
            sign,
            forces: false,
            body: Body::Sensitive,
        };
    }
    let differ = Differ {
        secrets,
        replace: &[],
        untyped: false,
    };
    let (b, a) = match sign {
        Sign::Add => (None, Some(&o.after)),
        Sign::Remove => (Some(&o.before), None),
        _ => (Some(&o.before), Some(&o.after)),
    };
    differ.value(b, a)
}

fn change(c: &InstanceChange, secrets: &Secrets, drift: bool) -> ChangeReport {
    let differ = Differ {
        secrets,
        replace: &c.replace_paths,
        untyped: false,
    };
    let (before, after) = (marked(c, &c.before), marked(c, &c.after));
    let after = if c.action == Action::Forget {
        before.clone()
    } else {
        after
    };
    let body = differ.object(present(&before), present(&after), &c.schema.block);
    // What only moves is named by where it comes from: the sentence goes on with where it went.
    let address = match (&c.previous_address, c.action) {
        (Some(previous), Action::NoOp) => previous.to_string(),
        _ => c.address.to_string(),
    };
    let address = clean(&address);
    let mut notes = Vec::new();
    let verb = if drift { drift_verb(c) } else { verb(c) };
    if !drift {
        notes.extend(reason(c));
        if c.action == Action::CreateThenForget {
            notes.push("the old object is kept, but no longer managed: destroy = false is set".to_owned());
        }
        if let Some(p) = &c.previous_address
            && c.action != Action::NoOp
        {
            notes.push(format!("moved from {p}"));
        }
        if let Some(importing) = &c.importing {
            if importing.generated_config.is_some() {
                notes.push("config will be generated".to_owned());
            } else if c.action != Action::NoOp {
                notes.push(format!("imported from {:?}", clean(importing.id_text())));
            }
        }
    }
    let warning = (!drift && c.importing.is_some() && c.action.deletes())
        .then_some("Warning: this will destroy the imported resource");
    ChangeReport {
        action: c.action,
        address,
        deposed: c.deposed.clone(),
        mode: c.mode(),
        ty: c.address.resource.ty.clone(),
        name: c.address.resource.name.clone(),
        verb,
        notes,
        warning,
        imports: c.importing.is_some(),
        explanation: c.explanation.as_deref().map(clean_lines),
        body,
        replace_paths: c.replace_paths.iter().map(ToString::to_string).collect(),
    }
}

fn drift_verb(c: &InstanceChange) -> String {
    match (&c.previous_address, c.action) {
        (Some(_), Action::NoOp) => verb(c),
        (_, Action::Delete) => "has been deleted".to_owned(),
        (_, Action::Create) => "has appeared".to_owned(),
        _ => "has changed".to_owned(),
    }
}

fn verb(c: &InstanceChange) -> String {
    match c.action {
        Action::NoOp => match &c.previous_address {
            Some(_) => format!("has moved to {}", c.address),
            None if c.importing.is_some() => "will be imported".to_owned(),
            None => "is unchanged".to_owned(),
        },
        Action::Create => "will be created".to_owned(),
        Action::Read => "will be read during apply".to_owned(),
        Action::Update => "will be updated in-place".to_owned(),
        Action::Delete => "will be destroyed".to_owned(),
        Action::Forget => "will no longer be managed by Streamform, but will not be destroyed".to_owned(),
        Action::DeleteThenCreate | Action::CreateThenDelete | Action::CreateThenForget => match c.reason {
            Some(ActionReason::ReplaceBecauseTainted) => "is tainted, so must be replaced".to_owned(),
            Some(ActionReason::ReplaceByRequest) => "will be replaced, as requested".to_owned(),
            Some(ActionReason::ReplaceByTriggers) => {
                "will be replaced due to changes in replace_triggered_by".to_owned()
            }
            _ => "must be replaced".to_owned(),
        },
    }
}

fn reason(c: &InstanceChange) -> Option<String> {
    if c.deposed.is_some() && c.action == Action::Delete {
        return Some("left over from a partially-failed replacement of this instance".to_owned());
    }
    if c.action == Action::Forget {
        return c
            .explanation
            .is_none()
            .then(|| "destroy = false is set in the configuration".to_owned());
    }
    Some(match c.reason? {
        ActionReason::DeleteBecauseNoResourceConfig => {
            format!("because {} is not in configuration", c.address.resource)
        }
        ActionReason::DeleteBecauseNoModule => {
            format!("because {} is not in configuration", c.address.module)
        }
        ActionReason::DeleteBecauseNoMoveTarget => match &c.previous_address {
            Some(p) => format!(
                "because {p} was moved to {}, which is not in configuration",
                c.address
            ),
            None => format!("because {} is not in configuration", c.address),
        },
        ActionReason::DeleteBecauseWrongRepetition => match &c.address.key {
            InstanceKey::None => "because resource uses count or for_each".to_owned(),
            InstanceKey::Int(_) => "because resource does not use count".to_owned(),
            InstanceKey::Str(_) => "because resource does not use for_each".to_owned(),
        },
        ActionReason::DeleteBecauseCountIndex => {
            format!("because index {} is out of range for count", c.address.key)
        }
        ActionReason::DeleteBecauseEachKey => format!("because key {} is not in for_each map", c.address.key),
        ActionReason::ReadBecauseConfigUnknown => "config refers to values not yet known".to_owned(),
        ActionReason::ReadBecauseDependencyPending => {
            "depends on a resource or a module with changes pending".to_owned()
        }
        ActionReason::ReadBecauseCheckNested => "config will be reloaded to verify a check block".to_owned(),
        ActionReason::ReplaceBecauseTainted
        | ActionReason::ReplaceByRequest
        | ActionReason::ReplaceByTriggers
        | ActionReason::ReplaceBecauseCannotUpdate => return None,
    })
}
