//! `init`: there is nothing to download, so it checks what a plan will need and says so.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;

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
    ignore_remote_version: bool,
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
    let stream = args.json.then(|| {
        let stream = UiStream::new(ui.clone(), Arc::new(|| jiff::Timestamp::now().to_string()));
        stream.version(env!("CARGO_PKG_VERSION"));
        stream
    });
    let failed = |found: Box<Diagnostic>| match &stream {
        Some(stream) => {
            stream.diagnostics(&found.into(), &Sources::default());
            1
        }
        None => fail(&ui, found),
    };
    let session = match surroundings.offline() {
        Ok(s) => s,
        Err(d) => return failed(d),
    };
    let disk = Disk::new(&session.base);
    if let Some(source) = &args.from_module {
        let told = format!("Copying configuration from {source:?}...");
        match &stream {
            Some(stream) => stream.init_output(&told, "copying_configuration_message"),
            None => ui.out(&format!("{told}\n\n")),
        }
        if let Err(d) = from_module::copy(&session.base, source) {
            return failed(d);
        }
    }
    if !has_configuration(&session.base) {
        let told = "Streamform initialized in an empty folder!\n\nThe folder has no configuration files. Write some, then run \"streamform plan\".";
        match &stream {
            Some(stream) => stream.init_output(told, "output_init_empty_message"),
            None => ui.out(&line(told)),
        }
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
    if let Some(stream) = stream {
        if !found.has_errors() {
            tell_programs(&stream, &config, settled.into_iter().chain(taken_over));
        }
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

/// The modules that are called, and where they are.
fn modules(config: &Configuration) -> BTreeMap<String, String> {
    config
        .modules
        .iter()
        .filter(|m| m.parent.is_some())
        .map(|m| (m.path.to_string(), m.dir.display().to_string()))
        .collect()
}

/// The providers that are needed.
fn providers(config: &Configuration) -> BTreeSet<String> {
    config
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
        .collect()
}

/// The steps as programs know them from Terraform; `kept` is what was settled about the state.
fn tell_programs(stream: &UiStream, config: &Configuration, kept: impl Iterator<Item = String>) {
    stream.init_output("Initializing the backend...", "initializing_backend_message");
    kept.for_each(|told| stream.log(told.trim_end()));
    let modules = modules(config);
    if !modules.is_empty() {
        stream.init_output("Initializing modules...", "initializing_modules_message");
        for (path, dir) in modules {
            stream.log(&format!("- {path} in {dir}"));
        }
    }
    stream.init_output(
        "Initializing provider plugins...",
        "initializing_provider_plugin_message",
    );
    for provider in providers(config) {
        stream.log(&format!("{provider} is part of Streamform"));
    }
    stream.init_output(
        "Streamform has been successfully initialized!",
        "output_init_success_message",
    );
    if !in_automation() {
        stream.init_output(NEXT, "output_init_success_cli_message");
    }
}

/// What to type next.
const NEXT: &str = "Run \"streamform plan\" to see what an apply would change.";

fn tell(ui: &Ui, config: &Configuration) {
    let modules = modules(config);
    if !modules.is_empty() {
        ui.out("Modules:\n");
        for (path, dir) in modules {
            ui.out(&line(format_args!("- {path} in {dir}")));
        }
        ui.out("\n");
    }
    let providers = providers(config);
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
        ui.out(&format!("\n{NEXT}\n"));
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
