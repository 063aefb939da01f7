//! Settling the backend, a part of `init`.

use std::path::Path;

use clap::Args;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_state::Backend;
use streamform_state::DEFAULT_WORKSPACE;

use crate::cli::environment::may_ask;
use crate::config::BackendBlock;
use crate::config::BackendSettings;
use crate::config::BackendType;
use crate::config::backend_file;
use crate::config::backend_flag;
use crate::engine;
use crate::engine::BackendRecord;
use crate::engine::LOCAL;
use crate::engine::Premises;
use crate::engine::Session;
use crate::report::Ui;

/// What `init` is told about the backend.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Backend")]
pub(in crate::cli) struct BackendArgs {
    /// Settle the backend; false leaves it as it is [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(in crate::cli) backend: Option<bool>,
    /// A setting that the backend block leaves open, or a file of them (can be repeated)
    #[arg(long, value_name = "NAME=VALUE|FILE")]
    pub(in crate::cli) backend_config: Vec<String>,
    /// Use the settings as they are now; states stay where they are
    #[arg(long)]
    pub(in crate::cli) reconfigure: bool,
    /// Use the settings as they are now, and copy the states to where they say
    #[arg(long)]
    pub(in crate::cli) migrate_state: bool,
    /// Copy states without asking
    #[arg(long)]
    pub(in crate::cli) force_copy: bool,
}

/// Settles the backend of a configuration. What comes back is told to the user: a sentence, and warnings.
///
/// # Errors
/// When settings are wrong, or have changed and nobody said what to do about the states.
pub(super) fn settle(
    ui: &Ui,
    session: &Session,
    premises: &Premises,
    block: Option<&BackendBlock>,
    (args, input): (&BackendArgs, bool),
    sources: &mut Sources,
) -> Result<(Option<String>, Diagnostics), Diagnostics> {
    if args.migrate_state && args.reconfigure {
        return Err(Diagnostic::error(
            "Invalid init options",
            "The -migrate-state and -reconfigure options are mutually-exclusive: the one moves states, the other leaves them.",
        )
        .into());
    }
    let base = &premises.base;
    let migrating = args.migrate_state || args.force_copy;
    let record = match BackendRecord::read(premises) {
        Err(_) if args.reconfigure => None,
        other => other.map_err(|d| Diagnostics::from(*d))?,
    };
    let mut warnings = Diagnostics::new();
    let one = |d: Box<Diagnostic>| Diagnostics::from(*d);
    let Some(block) = block else {
        if !args.backend_config.is_empty() {
            warnings.push(Diagnostic::warning(
                "Missing backend configuration",
                "-backend-config was used without a \"backend\" block in the configuration, so it has no effect. Add a block such as backend \"local\" {} to a terraform block.",
            ));
        }
        let Some(old) = record else {
            return Ok((None, warnings));
        };
        if migrating {
            let there = Place {
                ty: LOCAL,
                backend: engine::default_backend(base),
            };
            let before = Place::of(&old, premises).map_err(one)?;
            move_states(ui, session, premises, (&before, &there), (args, input))?;
        } else if !args.reconfigure {
            return Err(changed().into());
        }
        BackendRecord::forget(premises).map_err(one)?;
        let told = format!(
            "Successfully unset the backend \"{}\". The state is kept in this folder from now on.",
            old.ty()
        );
        return Ok((Some(told), warnings));
    };
    let ty = engine::backend_type(block).map_err(one)?;
    let block = block.settings(ty)?;
    let more = given(&args.backend_config, ty, base, sources)?;
    let again = record.as_ref().filter(|_| more.is_empty());
    if let Some(old) = again
        && !args.reconfigure
        && old.is_of(ty, &block)
    {
        return Ok((None, warnings));
    }
    let new = BackendRecord::new(ty, block, more);
    let wrong = new.check(premises);
    if wrong.has_errors() {
        return Err(wrong);
    }
    let there = Place::of(&new, premises).map_err(one)?;
    match &record {
        Some(old) if *old == new => return Ok((None, warnings)),
        _ if args.reconfigure => {}
        Some(old) if migrating => {
            let before = Place::of(old, premises).map_err(one)?;
            move_states(ui, session, premises, (&before, &there), (args, input))?;
        }
        Some(_) => return Err(changed().into()),
        None => {
            let before = Place {
                ty: LOCAL,
                backend: engine::default_backend(base),
            };
            move_states(ui, session, premises, (&before, &there), (args, input))?;
        }
    }
    if record.is_some() || !new.is_default() {
        new.write(premises).map_err(one)?;
    }
    let told = format!(
        "Successfully configured the backend \"{}\"! Streamform will automatically use this backend unless the backend configuration changes.",
        ty.name
    );
    Ok((Some(told), warnings))
}

/// A backend, and what its type is called.
struct Place {
    ty: &'static str,
    backend: Backend,
}

impl Place {
    fn of(record: &BackendRecord, premises: &Premises) -> Result<Self, Box<Diagnostic>> {
        Ok(Place {
            ty: record.ty(),
            backend: record.backend(premises)?,
        })
    }
}

fn changed() -> Diagnostic {
    Diagnostic::error(
        "Backend configuration changed",
        "A change in the backend configuration has been detected, which may require migrating existing state. To copy the state to where the new settings say, use -migrate-state. To use the new settings and leave the state where it is, use -reconfigure.",
    )
    .help("streamform init -migrate-state")
}

/// The settings of `-backend-config`; of several values for one the last wins.
fn given(
    texts: &[String],
    ty: &'static BackendType,
    base: &Path,
    sources: &mut Sources,
) -> Result<BackendSettings, Diagnostics> {
    let mut settings = BackendSettings::new();
    let mut found = Diagnostics::new();
    for text in texts {
        if let Some((name, value)) = text.split_once('=') {
            let Some(argument) = ty.argument(name) else {
                let names: Vec<&str> = ty.arguments.iter().map(|argument| argument.name).collect();
                found.push(Diagnostic::error(
                    "Invalid backend configuration argument",
                    format!(
                        "The backend configuration argument {name:?} given on the command line is not expected for the selected backend type. The backend \"{}\" takes {}.",
                        ty.name,
                        names.join(", ")
                    ),
                ));
                continue;
            };
            let (value, problems) = backend_flag(argument, value, sources);
            found.extend(problems);
            settings.extend(value.map(|value| (name.to_owned(), value)));
            continue;
        }
        match std::fs::read_to_string(base.join(text)) {
            Ok(content) => {
                let (more, problems) = backend_file(text, &content, ty, sources);
                settings.extend(more);
                found.extend(problems);
            }
            Err(e) => found.push(Diagnostic::error(
                "Failed to read file",
                format!("The file {text:?} could not be read: {e}. (-backend-config takes NAME=VALUE, or a file of such lines.)"),
            )),
        }
    }
    if found.has_errors() {
        Err(found)
    } else {
        Ok(settings)
    }
}

/// Copies the states of all workspaces to their new places, if there are any and the user wants it.
fn move_states(
    ui: &Ui,
    session: &Session,
    premises: &Premises,
    (from, to): (&Place, &Place),
    (args, input): (&BackendArgs, bool),
) -> Result<(), Diagnostics> {
    let fail = |d: Box<Diagnostic>| Diagnostics::from(*d);
    let migration = engine::find_migration(session, &from.backend, &to.backend).map_err(fail)?;
    if migration.moved.is_empty() && !migration.left.is_empty() {
        return Err(Diagnostic::error(
            "No state to migrate",
            format!(
                "The backend \"{}\" keeps one state, and the selected workspace \"{}\" has none. There are states of {}: select one of these workspaces first.",
                to.ty,
                session.workspace,
                migration.left.join(", ")
            ),
        )
        .help("streamform workspace select NAME")
        .into());
    }
    if migration.moved.is_empty() {
        return Ok(());
    }
    if !args.force_copy {
        let (old, new) = (from.ty, to.ty);
        let mut question = if old == new {
            String::new()
        } else {
            format!("Streamform detected that the backend type changed from \"{old}\" to \"{new}\".\n")
        };
        if !migration.left.is_empty() {
            question.push_str(&format!(
                "\nThe existing \"{old}\" backend supports workspaces and you currently are using more than one. The \"{new}\" backend doesn't support workspaces. If you continue, Streamform will copy your current workspace \"{}\" to the default workspace in the new backend. Your existing workspaces in the source backend won't be modified: {} stay there.\n",
                session.workspace,
                migration.left.join(", ")
            ));
        }
        let moved: Vec<&str> = migration.moved.iter().map(|(name, _)| name.as_str()).collect();
        question.push_str(&format!(
            "\nDo you want to copy existing state to the new backend?\n  Pre-existing state of {} was found in the previous \"{old}\" backend. It stays there.\n",
            moved.join(", ")
        ));
        if migration.taken.is_empty() {
            question.push_str(&format!(
                "  No existing state was found in the newly configured \"{new}\" backend.\n  Enter \"yes\" to copy and \"no\" to start with an empty state.\n"
            ));
        } else {
            question.push_str(&format!(
                "  Another state of {} is in the newly configured \"{new}\" backend already.\n  Enter \"yes\" to replace it, and \"no\" to go on with it.\n",
                migration.taken.join(", ")
            ));
        }
        question.push_str("\n  Enter a value: ");
        let cannot = || -> Diagnostics {
            Diagnostic::error(
                "Error asking for state migration action",
                "There is a state where the backend was before, and nobody can be asked whether to copy it. Use -force-copy to copy it, or -reconfigure to leave it where it is.",
            )
            .into()
        };
        if !input || !may_ask() {
            return Err(cannot());
        }
        match ui.prompt(&question) {
            Ok(Some(answer)) if answer == "yes" => {}
            Ok(Some(answer)) if answer == "no" => return Ok(()),
            Ok(Some(_)) => {
                return Err(Diagnostic::error(
                    "State migration cancelled",
                    "Only \"yes\" and \"no\" are answers. Nothing was changed.",
                )
                .into());
            }
            _ => return Err(cannot()),
        }
    }
    engine::migrate(session, &from.backend, &to.backend, &migration.moved).map_err(fail)?;
    if !to.backend.has_workspaces() && session.workspace != DEFAULT_WORKSPACE {
        engine::select_workspace(&premises.data, DEFAULT_WORKSPACE).map_err(fail)?;
    }
    Ok(())
}
