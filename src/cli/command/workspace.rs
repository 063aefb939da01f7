//! `workspace` and `force-unlock`: several states of one configuration.

use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;
use streamform_lang::diag::Diagnostic;
use streamform_state::DEFAULT_WORKSPACE;

use super::fail;
use super::line;
use crate::cli::arguments::LockArgs;
use crate::cli::environment::may_ask;
use crate::cli::session::Surroundings;
use crate::engine;
use crate::report::Ui;

/// Make, select and delete workspaces: several states of one configuration
#[derive(Debug, Args)]
#[command(subcommand_required = true)]
pub(in crate::cli) struct WorkspaceArgs {
    #[command(subcommand)]
    command: WorkspaceCommand,
}

#[derive(Debug, Subcommand)]
enum WorkspaceCommand {
    /// List all workspaces; the current one has a star
    List,
    /// Show the name of the current workspace
    Show,
    /// Make a workspace and select it
    New(NewArgs),
    /// Select a workspace
    Select {
        /// Make it if it is not there
        #[arg(long)]
        or_create: bool,
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Delete a workspace and its state
    Delete(DeleteArgs),
}

#[derive(Debug, Args)]
struct NewArgs {
    /// Copy a state into it: a state file of Terraform's, or a state of ours by the name of its file
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    lock: LockArgs,
}

#[derive(Debug, Args)]
struct DeleteArgs {
    /// Delete it even if it manages objects: they are forgotten
    #[arg(long)]
    force: bool,
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    lock: LockArgs,
}

/// Clear the lock that a dead process has left
///
/// A lock belongs to its process and ends with it, so this is seldom needed; a lock whose process is alive cannot be taken away.
#[derive(Debug, Args)]
pub(in crate::cli) struct ForceUnlockArgs {
    /// Do not ask
    #[arg(long)]
    force: bool,
    /// The id of the lock, as the message about it has it
    #[arg(value_name = "LOCK_ID")]
    id: String,
}

type Outcome = Result<(), Box<Diagnostic>>;

pub(super) fn run(surroundings: &Surroundings, args: &WorkspaceArgs) -> u8 {
    let ui = surroundings.ui();
    let outcome = match &args.command {
        WorkspaceCommand::List => list(&ui, surroundings),
        WorkspaceCommand::Show => surroundings.workspace().map(|name| ui.out(&line(name))),
        WorkspaceCommand::New(args) => new(&ui, surroundings, args),
        WorkspaceCommand::Select { or_create, name } => select(&ui, surroundings, name, *or_create),
        WorkspaceCommand::Delete(args) => delete(&ui, surroundings, args),
    };
    match outcome {
        Ok(()) => 0,
        Err(d) => fail(&ui, d),
    }
}

const OVERRIDDEN: &str =
    "The active workspace is being overridden using the TF_WORKSPACE environment\nvariable.";

fn error<T>(summary: impl Into<String>, detail: impl Into<String>) -> Result<T, Box<Diagnostic>> {
    Err(Box::new(Diagnostic::error(summary, detail)))
}

fn list(ui: &Ui, surroundings: &Surroundings) -> Outcome {
    let current = surroundings.workspace()?;
    let mut out = String::new();
    for name in engine::list_workspaces(&surroundings.backend()?)? {
        let star = if name == current { "* " } else { "  " };
        out.push_str(&line(format_args!("{star}{name}")));
    }
    ui.out(&line(out));
    if surroundings.workspace_is_overridden() {
        ui.out(&line(format_args!("\n\n{OVERRIDDEN}\n")));
    }
    Ok(())
}

/// Refuses what would not be seen while the environment decides.
fn not_overridden(surroundings: &Surroundings, verb: &str) -> Outcome {
    if surroundings.workspace_is_overridden() {
        return error(
            "Workspace is overridden",
            format!(
                "The selected workspace is currently overridden using the TF_WORKSPACE environment variable, so you cannot {verb} one. Unset the variable, or set it to the workspace that you want, and run the command again."
            ),
        );
    }
    Ok(())
}

fn valid(name: &str) -> Outcome {
    if engine::is_workspace_name(name) {
        return Ok(());
    }
    error(
        "Invalid workspace name",
        format!(
            "The workspace name {name:?} is not allowed. The name must contain only URL safe characters, and no path separators. It must not begin with a dot."
        ),
    )
}

fn missing(name: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(
            format!("Workspace \"{name}\" doesn't exist."),
            "You can create this workspace with the \"new\" subcommand or include the \"-or-create\" flag with the \"select\" subcommand.",
        )
        .help(format!("streamform workspace new {name}")),
    )
}

fn new(ui: &Ui, surroundings: &Surroundings, args: &NewArgs) -> Outcome {
    not_overridden(surroundings, "create")?;
    valid(&args.name)?;
    let backend = surroundings.backend()?;
    if engine::list_workspaces(&backend)?.contains(&args.name) {
        return error(
            format!("Workspace \"{}\" already exists", args.name),
            "Choose another name, or select this one.",
        );
    }
    let mut session = surroundings.offline()?;
    session.lock_wait = args.lock.wait()?;
    let contents = match &args.state {
        Some(path) => Some(engine::state_of_file(&session, &session.base.join(path))?),
        None => None,
    };
    engine::create_workspace(&session, &backend, &args.name, contents.as_ref())?;
    engine::select_workspace(&surroundings.data(), &args.name)?;
    created(ui, &args.name, contents.is_some());
    Ok(())
}

fn created(ui: &Ui, name: &str, copied: bool) {
    ui.out(&line(format_args!(
        "Created and switched to workspace \"{name}\"!"
    )));
    if !copied {
        ui.out("\nYou're now on a new, empty workspace. Workspaces isolate their state,\nso if you run \"streamform plan\" Streamform will not see any existing state\nfor this configuration.\n");
    }
}

fn select(ui: &Ui, surroundings: &Surroundings, name: &str, or_create: bool) -> Outcome {
    not_overridden(surroundings, "select")?;
    valid(name)?;
    let backend = surroundings.backend()?;
    if surroundings.workspace()? == name {
        // Already using it: nothing to tell.
        return Ok(());
    }
    let there = engine::list_workspaces(&backend)?.iter().any(|w| w == name);
    if !there && !or_create {
        return Err(missing(name));
    }
    if there {
        engine::select_workspace(&surroundings.data(), name)?;
        ui.out(&line(format_args!("Switched to workspace \"{name}\".")));
        return Ok(());
    }
    let session = surroundings.offline()?;
    engine::create_workspace(&session, &backend, name, None)?;
    engine::select_workspace(&surroundings.data(), name)?;
    created(ui, name, false);
    Ok(())
}

fn delete(ui: &Ui, surroundings: &Surroundings, args: &DeleteArgs) -> Outcome {
    let name = args.name.as_str();
    let backend = surroundings.backend()?;
    if name == DEFAULT_WORKSPACE {
        return error(
            "Cannot delete the default workspace",
            "The workspace \"default\" is always there. To empty it, run destroy in it.",
        );
    }
    if !engine::list_workspaces(&backend)?.iter().any(|w| w == name) {
        return Err(missing(name));
    }
    if surroundings.workspace()? == name {
        return error(
            format!("Workspace \"{name}\" is your active workspace."),
            "You cannot delete the currently active workspace. Please switch to another workspace and try again.",
        );
    }
    let mut session = surroundings.offline()?;
    session.lock_wait = args.lock.wait()?;
    let forgotten = engine::delete_workspace(&session, &backend, name, args.force)?;
    ui.out(&line(format_args!("Deleted workspace \"{name}\"!")));
    if !forgotten.is_empty() {
        ui.err(&format!(
            "WARNING: \"{name}\" was non-empty.\nThe resources managed by the deleted workspace may still exist,\nbut are no longer manageable by Streamform since the state has\nbeen deleted.\n"
        ));
    }
    Ok(())
}

pub(super) fn force_unlock(surroundings: &Surroundings, args: &ForceUnlockArgs) -> u8 {
    let ui = surroundings.ui();
    let outcome = surroundings.offline().and_then(|session| {
        if !args.force && !confirmed(&ui)? {
            ui.err("force-unlock cancelled.\n");
            return Ok(1);
        }
        session.unlock(&args.id)?;
        ui.out("Streamform state has been successfully unlocked!\n\nThe state has been unlocked, and Streamform commands should now be able to\nobtain a new lock on the state.\n");
        Ok(0)
    });
    outcome.unwrap_or_else(|d| fail(&ui, d))
}

fn confirmed(ui: &Ui) -> Result<bool, Box<Diagnostic>> {
    let question = "Do you really want to force-unlock?\n  Streamform will remove the lock on the state.\n  This will allow local Streamform commands to modify this state, even though it\n  may still be in use. Only 'yes' will be accepted to confirm.\n\n  Enter a value: ";
    if may_ask()
        && let Ok(Some(answer)) = ui.prompt(question)
    {
        return Ok(answer == "yes");
    }
    ui.err("\n");
    Err(Box::new(
        Diagnostic::error(
            "Error asking for confirmation",
            "Nobody can be asked whether to unlock the state.",
        )
        .help("-force"),
    ))
}
