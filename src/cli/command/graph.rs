//! `graph`

use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use streamform_lang::diag::Diagnostic;

use super::fail;
use crate::cli::session::Surroundings;
use crate::config::Disk;
use crate::engine;
use crate::plan::SavedPlan;
use crate::report::graph_dot;
use crate::report::graph_mermaid;
use crate::report::plan_graph_dot;
use crate::report::plan_graph_mermaid;

/// Print what depends on what, as a picture
///
/// Prints the resources of the configuration in the DOT language of Graphviz, an arrow from each to what it needs. With a saved plan: the
/// steps that applying it takes, an arrow from each to those that it waits for.
#[derive(Debug, Args)]
pub(in crate::cli) struct GraphArgs {
    /// Print Mermaid, as READMEs and pull requests show it, instead of DOT
    #[arg(long)]
    mermaid: bool,
    /// Take the steps of this saved plan
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Accepted for compatibility: the graph of resources is the same for all
    #[arg(long = "type", value_name = "TYPE", hide = true)]
    kind: Option<String>,
    #[arg(long, hide = true)]
    draw_cycles: bool,
    /// As in Terraform: without effect since 0.12
    #[arg(long, hide = true)]
    module_depth: Option<i64>,
    /// As in Terraform: without effect since 1.7
    #[arg(long, hide = true)]
    verbose: bool,
}

/// What `-type` may be.
const KINDS: &[&str] = &["plan", "plan-refresh-only", "plan-destroy", "apply"];

pub(super) fn run(surroundings: &Surroundings, args: &GraphArgs) -> u8 {
    let ui = surroundings.ui();
    if args.kind.as_deref().is_some_and(|k| !KINDS.contains(&k)) {
        return fail(
            &ui,
            Diagnostic::error(
                "Unsupported graph type",
                "The -type=... argument must be either \"plan\", \"plan-refresh-only\", \"plan-destroy\", or \"apply\".",
            ),
        );
    }
    let session = match surroundings.offline() {
        Ok(s) => s,
        Err(d) => return fail(&ui, d),
    };
    let graph = match &args.plan {
        Some(path) => match SavedPlan::read(path, &session.registry, session.key.as_ref()) {
            Ok(saved) => {
                ui.secrets().learn_plan(&saved.plan);
                if args.mermaid {
                    plan_graph_mermaid(&saved.plan)
                } else {
                    plan_graph_dot(&saved.plan)
                }
            }
            Err(e) => {
                return fail(
                    &ui,
                    Diagnostic::error(
                        "Failed to load the plan file",
                        format!("Nothing can be shown: {e}."),
                    ),
                );
            }
        },
        None => {
            let loaded = engine::load(&Disk::new(&session.base), Path::new("."), &session.registry);
            ui.diagnostics(&loaded.diagnostics, &loaded.config.sources);
            if loaded.diagnostics.has_errors() {
                return 1;
            }
            if args.mermaid {
                graph_mermaid(&loaded.config, &loaded.graph)
            } else {
                graph_dot(&loaded.config, &loaded.graph)
            }
        }
    };
    ui.out(&graph);
    0
}
