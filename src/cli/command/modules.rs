//! `modules` and `get`: which modules the configuration calls.

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::fail;
use super::line;
use crate::cli::session::Surroundings;
use crate::config::Configuration;
use crate::config::Disk;
use crate::config::Module;
use crate::engine;
use crate::report::Tree;
use crate::report::tree_text;

/// Show which modules the configuration calls
#[derive(Debug, Args)]
pub(in crate::cli) struct ModulesArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Make the modules that the configuration calls available
///
/// Modules in folders are used where they are: there is nothing to fetch for them, and this checks that they are there.
#[derive(Debug, Args)]
pub(in crate::cli) struct GetArgs {
    /// Look for newer versions of modules that have one
    #[arg(long)]
    update: bool,
    #[arg(long, value_name = "DIR", hide = true)]
    test_directory: Option<std::path::PathBuf>,
}

pub(super) fn run(surroundings: &Surroundings, args: &ModulesArgs) -> u8 {
    let ui = surroundings.ui();
    let config = match load(surroundings) {
        Ok(config) => config,
        Err(code) => return code,
    };
    if args.json {
        let mut calls = Vec::new();
        list(&config, config.root(), "", &mut calls);
        // As Terraform has it: no list where there is nothing to list.
        let calls = (!calls.is_empty()).then_some(calls);
        let told = json!({ "format_version": "1.0", "modules": calls });
        ui.out(&line(told));
    } else if config.root().children.is_empty() {
        ui.out("No modules found in configuration.\n");
    } else {
        let tree = tree_text(&branches(&config, config.root()));
        ui.out(&format!("\nModules declared by configuration:\n{tree}\n"));
    }
    0
}

pub(super) fn get(surroundings: &Surroundings, _: &GetArgs) -> u8 {
    let ui = surroundings.ui();
    let config = match load(surroundings) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let mut told = String::new();
    tell(&config, config.root(), "", &mut told);
    ui.out(&told);
    0
}

fn load(surroundings: &Surroundings) -> Result<Configuration, u8> {
    let ui = surroundings.ui();
    let session = surroundings.offline().map_err(|d| fail(&ui, d))?;
    let (config, found) =
        engine::load_declarations(&Disk::new(&session.base), Path::new("."), &session.registry);
    ui.diagnostics(&found, &config.sources);
    if found.has_errors() { Err(1) } else { Ok(config) }
}

/// The source of each call as written, in the order of names.
fn calls<'a>(
    config: &'a Configuration,
    module: &'a Module,
) -> impl Iterator<Item = (&'a str, &'a str, &'a Module)> {
    module.children.iter().map(|(name, child)| {
        let source = module.calls.get(name).map_or("", |c| c.source.0.as_str());
        (name.as_str(), source, config.module(*child))
    })
}

fn list(config: &Configuration, module: &Module, before: &str, out: &mut Vec<serde_json::Value>) {
    for (name, source, child) in calls(config, module) {
        let key = format!("{before}{name}");
        out.push(json!({ "key": key, "source": source, "version": "" }));
        list(config, child, &format!("{key}."), out);
    }
}

fn branches(config: &Configuration, module: &Module) -> Vec<Tree> {
    calls(config, module)
        .map(|(name, source, child)| Tree {
            label: format!("{name:?}[{source}]"),
            children: branches(config, child),
        })
        .collect()
}

fn tell(config: &Configuration, module: &Module, before: &str, out: &mut String) {
    for (name, _, child) in calls(config, module) {
        let path = format!("{before}{name}");
        out.push_str(&format!("- {path} in {}\n", child.dir.display()));
        tell(config, child, &format!("{path}."), out);
    }
}
