//! `providers`: which ones the configuration and the state need, and their schemas.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use clap::Args;
use clap::Subcommand;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Diagnostic;
use streamform_state::StateView;

use super::fail;
use super::line;
use crate::cli::session::Surroundings;
use crate::config::Configuration;
use crate::config::Disk;
use crate::config::Module;
use crate::engine;
use crate::engine::Session;
use crate::report::Tree;
use crate::report::Ui;
use crate::report::json::provider_schemas_json;
use crate::report::tree_text;

/// Show which providers the configuration and the state need
#[derive(Debug, Args)]
pub(in crate::cli) struct ProvidersArgs {
    #[command(subcommand)]
    command: Option<ProvidersCommand>,
    #[arg(long, value_name = "DIR", hide = true)]
    test_directory: Option<std::path::PathBuf>,
}

#[derive(Debug, Subcommand)]
enum ProvidersCommand {
    /// Print the schemas of the providers that are used
    Schema(SchemaArgs),
}

#[derive(Debug, Args)]
struct SchemaArgs {
    /// Print JSON; the only form that there is
    #[arg(long)]
    json: bool,
}

pub(super) fn run(surroundings: &Surroundings, args: &ProvidersArgs) -> u8 {
    let ui = surroundings.ui();
    if let Some(ProvidersCommand::Schema(SchemaArgs { json: false })) = args.command {
        return fail(
            &ui,
            Diagnostic::error(
                "The `streamform providers schema` command requires the `-json` flag.",
                "Schemas are printed for programs; there is no other form of them.",
            )
            .help("streamform providers schema -json"),
        );
    }
    let session = match surroundings.offline() {
        Ok(session) => session,
        Err(d) => return fail(&ui, d),
    };
    let (config, found) =
        engine::load_declarations(&Disk::new(&session.base), Path::new("."), &session.registry);
    ui.diagnostics(&found, &config.sources);
    if found.has_errors() {
        return 1;
    }
    let state = match session.read_state() {
        Ok(state) => state,
        Err(d) => return fail(&ui, d),
    };
    match args.command {
        Some(_) => schemas(&ui, &session, &config, &state),
        None => tree(&ui, &config, &state),
    }
    0
}

fn tree(ui: &Ui, config: &Configuration, state: &StateView) {
    let mut text = "\nProviders required by configuration:\n".to_owned();
    text.push_str(&tree_text(&branches(config, config.root())));
    let kept = kept(state);
    if !kept.is_empty() {
        text.push_str("\nProviders required by state:\n\n");
        for address in kept {
            text.push_str(&format!("    provider[{address}]\n\n"));
        }
    }
    ui.out(&text);
}

/// What a module needs, and below that the modules that it calls.
fn branches(config: &Configuration, module: &Module) -> Vec<Tree> {
    let mut needed: BTreeMap<ProviderAddr, BTreeSet<&str>> = BTreeMap::new();
    for required in module.required_providers.values() {
        let versions = needed.entry(required.source.clone()).or_default();
        versions.extend(required.version.as_ref().map(|v| v.as_str()));
    }
    for address in used(module) {
        needed.entry(address.clone()).or_default();
    }
    let providers = needed.iter().map(|(address, versions)| {
        let versions: Vec<&str> = versions.iter().copied().collect();
        Tree {
            label: format!("provider[{address}] {}", versions.join(", "))
                .trim_end()
                .to_owned(),
            children: Vec::new(),
        }
    });
    let modules = module.children.iter().map(|(name, child)| Tree {
        label: format!("module.{name}"),
        children: branches(config, config.module(*child)),
    });
    providers.chain(modules).collect()
}

/// The providers of a module's blocks.
fn used(module: &Module) -> impl Iterator<Item = &ProviderAddr> {
    let resources = module.resources.values().map(|r| &r.resolved_provider.provider);
    resources.chain(module.providers.values().map(|p| &p.provider))
}

/// The providers of the objects in the state.
fn kept(state: &StateView) -> BTreeSet<ProviderAddr> {
    state
        .records()
        .filter_map(|r| AbsProviderConfig::parse(&r.provider).ok())
        .map(|p| p.provider.clone())
        .collect()
}

fn schemas(ui: &Ui, session: &Session, config: &Configuration, state: &StateView) {
    let mut needed = kept(state);
    for module in &config.modules {
        needed.extend(module.required_providers.values().map(|r| r.source.clone()));
        needed.extend(used(module).cloned());
    }
    ui.out(&line(provider_schemas_json(&needed, &session.registry)));
}
