//! `provisioner` blocks before anything runs: what is wrong with them, and which ones cannot be run.

use streamform_lang::addrs::Reference;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::did_you_mean;
use streamform_lang::eval::Scope;
use streamform_lang::functions::Surroundings;
use streamform_lang::syntax::Body;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_provider::schema;
use streamform_state::ObjectStatus;
use streamform_state::StateView;

use super::Session;
use crate::config::Configuration;
use crate::config::PROVISIONERS;
use crate::config::Provisioner;
use crate::config::When;
use crate::config::connection_schema;
use crate::config::provisioner_schema;
use crate::plan::Action;
use crate::plan::Plan;
use crate::plan::provisioners_of;

/// A place from which nothing is known: what is wrong there is wrong whatever the values are.
struct Unknown {
    surroundings: Surroundings,
}

impl Scope for Unknown {
    fn resolve(&self, _reference: &Reference) -> Result<Value, Diagnostics> {
        Ok(Value::unknown(Type::Any))
    }

    fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }
}

/// What is wrong with provisioners and their connections, as far as it can be told without values.
pub(super) fn check(session: &Session, config: &Configuration) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let place = |p: &Provisioner| config.place(p.header);
    let scope = Unknown {
        surroundings: session.surroundings("", false),
    };
    for module in &config.modules {
        let of_resources = module
            .resources
            .values()
            .map(|r| (r.connection.as_deref(), &r.provisioners));
        let of_removed = module.removed.iter().map(|r| (None, &r.provisioners));
        for (connection, provisioners) in of_resources.chain(of_removed) {
            for provisioner in provisioners {
                diagnostics.extend(check_one(provisioner, connection, &scope, &place));
            }
        }
    }
    diagnostics
}

/// `place` tells where a block is: what has no place of its own with Terraform has it in its text.
fn check_one(
    provisioner: &Provisioner,
    connection: Option<&Body>,
    scope: &Unknown,
    place: &dyn Fn(&Provisioner) -> String,
) -> Diagnostics {
    let Some(schema) = provisioner_schema(&provisioner.ty) else {
        let hint = did_you_mean(&provisioner.ty, PROVISIONERS)
            .map(|name| format!(" Did you mean \"{name}\"?"))
            .unwrap_or_default();
        return Diagnostic::error(
            "Missing required provisioner plugin",
            format!(
                "This configuration requires provisioner plugin {:?}, which isn't available. It stands at {}. The provisioners that there are: {}.{hint}",
                provisioner.ty.as_str(),
                place(provisioner),
                PROVISIONERS.join(", ")
            ),
        )
        .into();
    };
    let (value, mut found) = schema::decode(&provisioner.body, &schema.block, scope, &[]);
    if !found.has_errors() {
        found.extend(choices(provisioner, &value, &place(provisioner)));
    }
    if let Some(connection) = provisioner.connection_within(connection) {
        found.extend(schema::decode(&connection, &connection_schema().block, scope, &[]).1);
    }
    // Each of two must be one by itself, but for what is in no connection.
    if let (Some(_), Some(shared)) = (&provisioner.connection, connection) {
        let alone = schema::check(shared, &connection_schema().block, &[]);
        found.extend(
            alone
                .into_iter()
                .filter(|d| d.summary == "Missing required argument")
                .collect(),
        );
    }
    found
}

/// Arguments of which exactly one is to be given.
fn choices(provisioner: &Provisioner, value: &Value, place: &str) -> Diagnostics {
    let given = |names: &[&str]| {
        names
            .iter()
            .filter(|n| value.get(n).is_some_and(|v| !v.is_null()))
            .count()
    };
    let problem = match provisioner.ty.as_str() {
        "remote-exec" if given(&["inline", "script", "scripts"]) != 1 => Diagnostic::error(
            "Invalid remote-exec provisioner configuration",
            format!("Only one of \"inline\", \"script\", or \"scripts\" must be set at {place}."),
        ),
        "file" if given(&["source", "content"]) == 2 => Diagnostic::error(
            "Cannot set both 'source' and 'content'",
            format!("The block at {place} says twice what the file is to hold. Remove one of the two."),
        ),
        "file" if given(&["source", "content"]) == 0 => Diagnostic::error(
            "Must provide one of 'source' or 'content'",
            format!("The block at {place} does not say what the file is to hold."),
        ),
        _ => return Diagnostics::new(),
    };
    problem.into()
}

/// Refuses the changes of a plan that would run a provisioner that only remote machines know.
pub(super) fn refuse(config: &Configuration, plan: &Plan, state: &StateView) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for change in plan.changes.iter().filter(|c| c.deposed.is_none()) {
        let makes = change.action == Action::Create || change.action.is_replace();
        let deletes = matches!(change.action, Action::Delete | Action::DeleteThenCreate)
            && state
                .get(&change.address.to_string())
                .and_then(|r| r.current.as_ref())
                .is_some_and(|o| o.status != ObjectStatus::Tainted);
        let runs = provisioners_of(config, &change.address).1.iter().find(|p| {
            p.ty.as_str() != "local-exec"
                && match p.when {
                    When::Create => makes,
                    When::Destroy => deletes,
                }
        });
        if let Some(provisioner) = runs {
            diagnostics.push(
                Diagnostic::error(
                    "Provisioner is not available",
                    format!(
                        "Streamform cannot run \"{}\" provisioners: it does not connect to machines, and what the block does would be left undone. Nothing was changed. Use \"local-exec\" with a program that connects, such as ssh or scp, or take the block out.",
                        provisioner.ty
                    ),
                )
                .at(provisioner.header)
                .on(change.address.to_string()),
            );
        }
    }
    diagnostics
}
