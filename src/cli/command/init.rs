//! `init`: there is nothing to download, so it checks what a plan will need and says so.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;

use super::backend;
use super::backend::BackendArgs;
use super::fail;
use super::from_module;
use super::line;
use super::takeover;
use crate::cli::environment::in_automation;
use crate::cli::session::Surroundings;
use crate::config::Configuration;
use crate::config::Disk;
use crate::engine;
use crate::report::Ui;
use crate::report::json::UiStream;

/// Check that a folder is ready to be planned and applied
///
/// Providers are part of this program and modules are read where they are, so nothing is downloaded. Other commands need this one
/// to have run only where a backend block has settings: they are settled here, and kept in the folder .streamform together with the
/// selected workspace.
#[derive(Debug, Args)]
pub(in crate::cli) struct InitArgs {
    /// Print a stream of JSON objects, one a line
    #[arg(long)]
    json: bool,
    /// Copy this module into the folder first, which must be empty
    #[arg(long, value_name = "SOURCE")]
    from_module: Option<String>,
    #[arg(long, hide = true)]
    upgrade: bool,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    input: Option<bool>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    get: Option<bool>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    lock: Option<bool>,
    #[arg(long, hide = true)]
    lock_timeout: Option<String>,
    #[arg(long, hide = true)]
    lockfile: Option<String>,
    #[arg(long, hide = true)]
    test_directory: Option<String>,
    #[arg(long, hide = true)]
    plugin_dir: Vec<String>,
    #[arg(long, hide = true)]
    var: Vec<String>,
    #[arg(long, hide = true)]
    var_file: Vec<String>,
    #[command(flatten)]
    backend: BackendArgs,
}

pub(super) fn run(surroundings: &Surroundings, args: &InitArgs) -> u8 {
    let ui = surroundings.ui();
    let session = match surroundings.offline() {
        Ok(s) => s,
        Err(d) => return fail(&ui, d),
    };
    let disk = Disk::new(&session.base);
    if let Some(source) = &args.from_module {
        if !args.json {
            ui.out(&line(format_args!("Copying configuration from {source:?}...\n")));
        }
        if let Err(d) = from_module::copy(&session.base, source) {
            return fail(&ui, *d);
        }
    }
    if !has_configuration(&session.base) {
        ui.out("Streamform initialized in an empty folder!\n\nThe folder has no configuration files. Write some, then run \"streamform plan\".\n");
        return 0;
    }
    let (config, mut found) = engine::load_declarations(&disk, Path::new("."), &session.registry);
    found.extend(unavailable_backend(&config, "Unsupported backend type"));
    let data = surroundings.data();
    if let Err(d) = make_data_folder(&data) {
        found.push(*d);
    }
    let mut sources = config.sources.clone();
    let mut settled = None;
    let mut taken_over = None;
    if !found.has_errors() && args.backend.backend.unwrap_or(true) {
        let options = (&args.backend, args.input.unwrap_or(true));
        let backend = config.root().backend.as_deref();
        match backend::settle(
            &ui,
            &session,
            &surroundings.premises(),
            backend,
            options,
            &mut sources,
        ) {
            Ok((told, warnings)) => {
                settled = told;
                found.extend(warnings);
                match take_over(&ui, surroundings, args) {
                    Ok(told) => taken_over = told,
                    Err(d) => found.push(*d),
                }
            }
            Err(problems) => found.extend(problems),
        }
    }
    if args.json {
        let stream = UiStream::new(ui, Arc::new(|| jiff::Timestamp::now().to_string()));
        stream.version(env!("CARGO_PKG_VERSION"));
        stream.diagnostics(&found, &sources);
    } else {
        if !found.has_errors() {
            if let Some(settled) = settled {
                ui.out(&format!("Backend:\n{settled}\n\n"));
            }
            if let Some(taken_over) = taken_over {
                ui.out(&format!("State:\n{taken_over}\n\n"));
            }
            tell(&ui, &config);
        }
        ui.diagnostics(&found, &sources);
    }
    u8::from(found.has_errors())
}

/// Offers to take over what Terraform has kept, now that it is settled where the state is.
fn take_over(
    ui: &Ui,
    surroundings: &Surroundings,
    args: &InitArgs,
) -> Result<Option<String>, Box<Diagnostic>> {
    let session = surroundings.offline()?;
    let may_ask = args.input.unwrap_or(true) && !args.json;
    takeover::offer(ui, &session, (&args.backend, may_ask))
}

fn has_configuration(base: &Path) -> bool {
    std::fs::read_dir(base).into_iter().flatten().flatten().any(|e| {
        let name = e.file_name();
        let name = name.to_string_lossy();
        name.ends_with(".tf") || name.ends_with(".tf.json")
    })
}

fn make_data_folder(data: &Path) -> Result<(), Box<Diagnostic>> {
    std::fs::create_dir_all(data).map_err(|e| {
        Box::new(Diagnostic::error(
            "Cannot write here",
            format!("The folder {} cannot be made: {e}.", data.display()),
        ))
    })
}

fn tell(ui: &Ui, config: &Configuration) {
    let modules: BTreeMap<String, String> = config
        .modules
        .iter()
        .filter(|m| m.parent.is_some())
        .map(|m| (m.path.to_string(), m.dir.display().to_string()))
        .collect();
    if !modules.is_empty() {
        ui.out("Modules:\n");
        for (path, dir) in modules {
            ui.out(&line(format_args!("- {path} in {dir}")));
        }
        ui.out("\n");
    }
    let providers: BTreeSet<String> = config
        .modules
        .iter()
        .flat_map(|m| {
            let required = m.required_providers.values().map(|r| r.source.for_display());
            required.chain(
                m.resources
                    .values()
                    .map(|r| r.resolved_provider.provider.for_display()),
            )
        })
        .collect();
    if !providers.is_empty() {
        ui.out("Providers:\n");
        for provider in providers {
            ui.out(&line(format_args!("- {provider} is part of Streamform")));
        }
        ui.out("\n");
    }
    let style = ui.style();
    let done = style.paint.text(
        crate::report::paint::Ink::BoldGreen,
        "Streamform has been successfully initialized!",
    );
    ui.out(&line(done));
    if !in_automation() {
        ui.out("\nRun \"streamform plan\" to see what an apply would change.\n");
    }
}

/// What the `backend` block asks for and cannot have; `unknown` is the title for types that do not exist anywhere.
pub(super) fn unavailable_backend(config: &Configuration, unknown: &str) -> Diagnostics {
    let backend = config.root().backend.as_deref();
    backend
        .and_then(|b| engine::unavailable_backend(b, unknown))
        .into_iter()
        .collect()
}
