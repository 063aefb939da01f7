//! `console`

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::functions;
use streamform_lang::syntax;
use streamform_state::StateView;

use super::fail;
use super::init::unavailable_backend;
use super::line;
use crate::cli::arguments::VariableArgs;
use crate::cli::environment::has_terminal;
use crate::cli::session::Opened;
use crate::cli::session::Quiet;
use crate::cli::session::Surroundings;
use crate::cli::variables;
use crate::config::Configuration;
use crate::config::Disk;
use crate::engine;
use crate::engine::Against;
use crate::engine::Answer;
use crate::engine::Console;
use crate::engine::Loaded;
use crate::report::LineEditor;
use crate::report::Typed;
use crate::report::Ui;
use crate::report::type_text;
use crate::report::value_text;

/// Try out expressions
///
/// Evaluates expressions in the scope of the root module, with the values of variables and the objects of the state. Changes
/// nothing. From a terminal: one after the other, until "exit". From a pipe: line by line, and the result of the last is printed.
#[derive(Debug, Args)]
pub(in crate::cli) struct ConsoleArgs {
    /// Make a plan first, and evaluate with the objects as it would leave them
    #[arg(long)]
    plan: bool,
    /// Take the objects from another state: a state file of Terraform's, or a state of ours by the name of its file
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    #[arg(long, hide = true)]
    compact_warnings: bool,
    #[command(flatten)]
    variables: VariableArgs,
}

const HELP: &str = "\
An expression is evaluated as if it stood in the root module, and its value is
printed. Everything can be used that can be used there: variables, locals,
functions, modules, and the resources that the state has. For example:

  var.region
  [for t in local.topics : upper(t.name)]
  confluent_environment.staging.id
  type(var.settings)

A line with an open bracket goes on in the next one. Ctrl-C, Ctrl-D or \"exit\"
ends the console. Nothing that is done here changes anything.";

pub(super) fn run(surroundings: &Surroundings, args: &ConsoleArgs) -> u8 {
    let ui = surroundings.ui();
    let opened = match surroundings.open(Arc::new(Quiet)) {
        Ok(opened) => opened,
        Err(d) => return fail(&ui, d),
    };
    let code = evaluate(&ui, &opened, args);
    opened.close();
    code
}

fn evaluate(ui: &Ui, opened: &Opened, args: &ConsoleArgs) -> u8 {
    let session = &opened.session;
    let mut loaded = engine::load(&Disk::new(&session.base), Path::new("."), &session.registry);
    let mut sources = loaded.config.sources.clone();
    let (given, mut found) =
        variables::collect(&session.base, &args.variables, std::env::vars_os(), &mut sources);
    found.extend(unavailable_backend(&loaded.config, "Invalid backend type"));
    let against = if args.plan {
        Against::Plan
    } else {
        match state(opened, args.state.as_deref()) {
            Ok(state) => Against::State(state),
            Err(d) => {
                found.push(*d);
                Against::Plan
            }
        }
    };
    if found.has_errors() {
        loaded.diagnostics.extend(found);
        ui.diagnostics(&loaded.diagnostics.tidy(), &sources);
        return 1;
    }
    loaded.diagnostics.extend(found);
    let told = sources.clone();
    let (console, mut found) = opened.run(false, engine::console(session, &loaded, sources, &given, against));
    if console.is_some() && found.has_errors() {
        found.push(Diagnostic::warning(
            "Due to the problems above, some expressions may produce unexpected results.",
            "",
        ));
    }
    let Some(console) = console else {
        ui.diagnostics(&found, &told);
        return 1;
    };
    ui.diagnostics(&found, &console.sources);
    if has_terminal() {
        typed(ui, console, &loaded)
    } else {
        piped(ui, console)
    }
}

/// The state, or the one that a file or its name means; where nothing is, there are no objects.
fn state(opened: &Opened, file: Option<&Path>) -> Result<StateView, Box<Diagnostic>> {
    let session = &opened.session;
    let Some(file) = file else {
        return session.read_state();
    };
    let file = session.base.join(file);
    if !file.exists() && !streamform_state::folder_of_file(&file).exists() {
        return Ok(StateView::empty(""));
    }
    engine::state_of_file(session, &file)
}

/// What comes of a line.
enum Outcome {
    Text(String),
    Failed(Diagnostics),
    Exit,
}

fn handle(console: &mut Console<'_>, text: &str) -> (Outcome, Diagnostics) {
    match text.trim() {
        "exit" => return (Outcome::Exit, Diagnostics::new()),
        "help" => return (Outcome::Text(HELP.to_owned()), Diagnostics::new()),
        _ => {}
    }
    let (answer, found) = console.evaluate(text);
    if found.has_errors() {
        return (Outcome::Failed(found), Diagnostics::new());
    }
    let text = match answer {
        Answer::Value(value) => value_text(&value),
        Answer::Type(ty) => type_text(&ty),
        Answer::Nothing => String::new(),
    };
    (Outcome::Text(text), found)
}

/// Line by line from a pipe: the result of the last is printed, the first error ends it.
fn piped(ui: &Ui, mut console: Console<'_>) -> u8 {
    let mut last = String::new();
    loop {
        match ui.prompt("") {
            Ok(Some(text)) => match handle(&mut console, text.trim()) {
                (Outcome::Text(text), warnings) => {
                    ui.diagnostics(&warnings, &console.sources);
                    last = text;
                }
                (Outcome::Failed(found), _) => {
                    ui.diagnostics(&found, &console.sources);
                    return 1;
                }
                (Outcome::Exit, _) => return 0,
            },
            Ok(None) => break,
            Err(e) => {
                return fail(
                    ui,
                    Diagnostic::error(
                        "Standard input cannot be read",
                        format!("The expressions for the console come from standard input: {e}."),
                    ),
                );
            }
        }
    }
    ui.out(&line(last));
    0
}

/// From a person at a terminal.
fn typed(ui: &Ui, mut console: Console<'_>, loaded: &Loaded) -> u8 {
    let opened = LineEditor::new("> ", syntax::is_unfinished, words(&loaded.config));
    let mut editor = match opened {
        Ok(editor) => editor,
        // A terminal that cannot be edited on can still be read from.
        Err(_) => return piped(ui, console),
    };
    loop {
        match editor.read() {
            // The end of the line belongs to it: it closes a heredoc.
            Ok(Typed::Text(text)) => match handle(&mut console, &format!("{text}\n")) {
                (Outcome::Text(text), warnings) => {
                    ui.diagnostics(&warnings, &console.sources);
                    ui.out(&line(text));
                }
                (Outcome::Failed(found), _) => ui.diagnostics(&found, &console.sources),
                (Outcome::Exit, _) => return 0,
            },
            Ok(Typed::End) => return 0,
            Err(e) => {
                return fail(
                    ui,
                    Diagnostic::error("The terminal cannot be read", format!("The console ends: {e}.")),
                );
            }
        }
    }
}

/// What the Tab key completes: names of the root module and of functions.
fn words(config: &Configuration) -> Vec<String> {
    let root = config.root();
    let mut words: Vec<String> = functions::names().map(|n| format!("{n}(")).collect();
    words.extend(root.variables.keys().map(|n| format!("var.{n}")));
    words.extend(root.locals.keys().map(|n| format!("local.{n}")));
    words.extend(root.calls.keys().map(|n| format!("module.{n}")));
    words.extend(root.resources.keys().map(ToString::to_string));
    words.extend(
        [
            "path.module",
            "path.root",
            "path.cwd",
            "terraform.workspace",
            "type(",
            "exit",
            "help",
        ]
        .map(str::to_owned),
    );
    words.sort();
    words
}
