//! `validate`

use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;

use super::fail;
use super::line;
use crate::cli::session::Surroundings;
use crate::config::Disk;
use crate::engine;
use crate::report::Ui;
use crate::report::json::validate_json;
use crate::report::paint::Ink;

/// Check whether the configuration is valid
///
/// Looks at nothing but the configuration: no state, no values for variables, no API.
#[derive(Debug, Args)]
pub(in crate::cli) struct ValidateArgs {
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    #[arg(long, hide = true)]
    no_tests: bool,
    #[arg(long, value_name = "DIR", hide = true)]
    test_directory: Option<PathBuf>,
    /// The folder to check instead of the current one
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn run(surroundings: &Surroundings, args: &ValidateArgs) -> u8 {
    let ui = surroundings.ui();
    let session = match surroundings.offline() {
        Ok(s) => s,
        Err(d) => return fail(&ui, d),
    };
    let root = args.dir.as_deref().unwrap_or(Path::new("."));
    if !session.base.join(root).is_dir() {
        let missing = Diagnostic::error(
            "Failed to read module directory",
            format!(
                "Module directory {} does not exist or cannot be read.",
                root.display()
            ),
        );
        return tell(&ui, args, &missing.into(), &Sources::default());
    }
    let loaded = engine::load(&Disk::new(&session.base), root, &session.registry);
    tell(
        &ui,
        args,
        &engine::validate(&session, &loaded),
        &loaded.config.sources,
    )
}

fn tell(ui: &Ui, args: &ValidateArgs, found: &Diagnostics, sources: &Sources) -> u8 {
    let valid = !found.has_errors();
    if args.json {
        ui.out(&line(format_args!("{:#}", validate_json(found, sources))));
    } else {
        ui.diagnostics(found, sources);
        if valid {
            let success = ui.style().paint.text(Ink::BoldGreen, "Success!");
            let rest = if found.is_empty() {
                "."
            } else {
                ", but there were some validation warnings as shown above."
            };
            ui.out(&line(format_args!("{success} The configuration is valid{rest}")));
        }
    }
    u8::from(!valid)
}
