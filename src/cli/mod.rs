//! The command line: arguments, one file a command, exit codes. The only place that reads the environment and names the
//! providers.

mod arguments;
mod bug;
mod command;
mod completion;
mod environment;
mod keys;
#[cfg(all(debug_assertions, unix))]
mod kill_point;
mod log;
mod process;
mod session;
mod usage;
mod variables;

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::Arc;

use clap::CommandFactory;
use clap::FromArgMatches;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Sources;

use crate::report::json::UiStream;
use arguments::Cli;

/// Runs the command that the arguments ask for.
///
/// Exit codes as Terraform's: 0 well, 1 failed, 2 changes (where `-detailed-exitcode` asks for it), 3 badly laid out files
/// (`fmt -check`), 127 no command at all.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    bug::tell();
    log::start();
    #[cfg(all(debug_assertions, unix))]
    kill_point::set();
    let args: Vec<OsString> = args.into_iter().collect();
    let code = std::panic::catch_unwind(AssertUnwindSafe(|| start(args)));
    ExitCode::from(code.unwrap_or(1))
}

fn start(args: Vec<OsString>) -> u8 {
    let mut tree = Cli::command();
    if let Some(line) = completion::asked() {
        let found = completion::candidates(&tree, &line);
        environment::Looks::default()
            .ui(true)
            .out(&found.iter().map(|c| format!("{c}\n")).collect::<String>());
        return 0;
    }
    if let Some(change) = completion::change(&args) {
        return autocomplete(change);
    }
    let named = |path: &[&str]| {
        path.iter()
            .try_fold(&tree, |at, name| at.find_subcommand(name))
            .is_some()
    };
    let args = match arguments::normalize(args, &named, &|name| std::env::var(name).ok()) {
        Ok(args) => args,
        Err(message) => {
            let found = Diagnostic::error("Failed to parse command-line flags", message);
            environment::Looks::default()
                .ui(true)
                .diagnostics(&found.into(), &Sources::default());
            return 1;
        }
    };
    if args.len() < 2 {
        let help = tree.render_help();
        environment::Looks::default().ui(true).out(&help.to_string());
        return 127;
    }
    let command = named_command(&tree, &args);
    log::command(&command, &args);
    let given = |flag: &str| args.iter().any(|a| a == flag);
    let looks = environment::Looks {
        no_color: given("--no-color"),
        compact_warnings: false,
    };
    let streams = given("--json") && STREAMING.contains(&command.as_str());
    match tree
        .try_get_matches_from(args)
        .and_then(|m| Cli::from_arg_matches(&m))
    {
        Ok(cli) => command::run(cli),
        Err(e) => refuse(&e, &command, looks, streams),
    }
}

fn autocomplete(change: completion::Change) -> u8 {
    let ui = environment::Looks::default().ui(true);
    let done = match (std::env::home_dir(), std::env::current_exe()) {
        (Some(home), Ok(program)) => change(&home, &program),
        _ => Err("Your home folder or the place of this program is not known.".to_owned()),
    };
    match done {
        Ok(files) => {
            for file in files {
                ui.out(&format!(
                    "Changed {}. It counts for new shells.\n",
                    file.display()
                ));
            }
            0
        }
        Err(why) => {
            let found = Diagnostic::error("Completion was not changed", why);
            ui.diagnostics(&found.into(), &Sources::default());
            1
        }
    }
}

/// The names of the command that was typed, from the program's on: `streamform state list`.
fn named_command(tree: &clap::Command, args: &[OsString]) -> String {
    let mut at = tree;
    let mut names = vec!["streamform"];
    for word in args.iter().skip(1).filter_map(|a| a.to_str()) {
        if let Some(child) = at.find_subcommand(word) {
            names.push(child.get_name());
            at = child;
        }
    }
    names.join(" ")
}

/// Commands whose `-json` is a stream of messages: whoever reads it is told of mistakes on the command line in it, too.
const STREAMING: [&str; 6] = [
    "streamform init",
    "streamform plan",
    "streamform apply",
    "streamform destroy",
    "streamform refresh",
    "streamform rollback",
];

/// Prints what clap says: help to standard output, mistakes to standard error or, where `streams`, into the stream.
fn refuse(e: &clap::Error, command: &str, looks: environment::Looks, streams: bool) -> u8 {
    let ui = looks.ui(true);
    if let Some(found) = usage::mistake(e, command) {
        if streams {
            let stream = UiStream::new(ui, Arc::new(|| jiff::Timestamp::now().to_string()));
            stream.version(env!("CARGO_PKG_VERSION"));
            stream.diagnostics(&found.into(), &Sources::default());
        } else {
            ui.diagnostics(&found.into(), &Sources::default());
        }
        return 1;
    }
    // Whoever does not listen does not need to hear it.
    let _ = e.print();
    u8::from(e.use_stderr())
}
