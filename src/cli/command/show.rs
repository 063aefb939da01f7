//! `show`

use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use streamform_lang::diag::Diagnostic;
use streamform_state::StateView;

use super::fail;
use super::line;
use crate::cli::session::Surroundings;
use crate::engine;
use crate::engine::Session;
use crate::plan::SavedPlan;
use crate::report::MarkdownOptions;
use crate::report::PlanReport;
use crate::report::Ui;
use crate::report::json::json_text;
use crate::report::json::plan_json;
use crate::report::json::state_json;
use crate::report::plan_markdown;
use crate::report::plan_text;
use crate::report::state_text;

/// Show the state, or a saved plan
#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    /// Print JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print Markdown, as a comment in a pull request has it
    #[arg(long)]
    markdown: bool,
    /// A plan saved with `plan -out`, or a state by the name of its file; without it, the state of the backend is shown
    #[arg(value_name = "FILE")]
    path: Option<PathBuf>,
}

pub(super) fn run(surroundings: &Surroundings, args: &ShowArgs) -> u8 {
    let ui = surroundings.ui();
    let result = surroundings.offline().and_then(|session| match &args.path {
        Some(path) if is_state(path) => {
            engine::state_of_file(&session, path).and_then(|found| state(&ui, &session, args, &found))
        }
        Some(path) => plan(&ui, &session, args, path),
        None => session.read_state().and_then(|found| {
            engine::none_waits(&session, &found)?;
            state(&ui, &session, args, &found)
        }),
    });
    match result {
        Ok(()) => 0,
        Err(d) => fail(&ui, d),
    }
}

fn plan(ui: &Ui, session: &Session, args: &ShowArgs, path: &Path) -> Result<(), Box<Diagnostic>> {
    let saved = SavedPlan::read(path, &session.registry, session.key.as_ref()).map_err(|e| {
        Box::new(Diagnostic::error(
            "Failed to read the given file as a state or plan file",
            format!("It cannot be shown: {}.", e.to_string().trim_end_matches('.')),
        ))
    })?;
    let plan = &saved.plan;
    if args.json {
        let loaded = engine::load(&saved.files, Path::new(&saved.root), &session.registry);
        let told = plan_json(plan, Some((&loaded.config, &session.registry)));
        ui.out_in_clear(&line(json_text(&told)));
    } else if args.markdown {
        ui.out(&plan_markdown(
            &PlanReport::of(plan, ui.secrets()),
            &MarkdownOptions::default(),
        ));
    } else {
        let text = plan_text(&PlanReport::of(plan, ui.secrets()), &ui.style());
        ui.out(&format!("\n{}\n", text.trim_matches('\n')));
    }
    Ok(())
}

/// Whether it is a state file of Terraform's, or the name of a state of ours.
fn is_state(path: &Path) -> bool {
    match std::fs::File::open(path) {
        Ok(mut file) => {
            let mut first = [0u8];
            file.read(&mut first).is_ok_and(|n| n == 1) && first == *b"{"
        }
        Err(_) => streamform_state::folder_of_file(path).exists(),
    }
}

fn state(ui: &Ui, session: &Session, args: &ShowArgs, state: &StateView) -> Result<(), Box<Diagnostic>> {
    if state.is_empty() && !args.json {
        ui.out(if state.serial() == 0 {
            "No state.\n"
        } else {
            "The state file is empty. No resources are represented.\n"
        });
        return Ok(());
    }
    if args.markdown {
        return Err(Box::new(
            Diagnostic::error("Plan required", "Only plans can be shown as Markdown.")
                .help("streamform plan -out=PLAN"),
        ));
    }
    if args.json {
        let told = state_json(state, &session.registry);
        ui.out_in_clear(&line(json_text(&told)));
    } else {
        ui.out(&state_text(state, &session.registry, ui.secrets(), &ui.style()));
    }
    Ok(())
}
