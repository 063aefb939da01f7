//! `import`

use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::Mode;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;

use super::init::unavailable_backend;
use super::line;
use super::view::View;
use crate::cli::arguments::LockArgs;
use crate::cli::arguments::StateFileArgs;
use crate::cli::arguments::VariableArgs;
use crate::cli::session::Opened;
use crate::cli::session::Surroundings;
use crate::cli::variables;
use crate::config::Disk;
use crate::engine;
use crate::engine::ImportRequest;
use crate::report::paint::Ink;

/// Take an object that exists already into the state
///
/// Looks the object up by the id that its provider has for it, and writes it into the state as the object of a resource
/// instance, whose block must be in the configuration. Changes nothing but the state. An import block does the same as part of a
/// plan, and for many objects at once.
#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    /// The folder of the configuration instead of the current one
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// Run at most this many operations at once [default: 10]
    #[arg(long, value_name = "N", help_heading = "Running")]
    parallelism: Option<usize>,
    #[arg(long, hide = true)]
    ignore_remote_version: bool,
    /// The resource instance
    #[arg(value_name = "ADDRESS")]
    address: String,
    /// What the provider calls the object
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    variables: VariableArgs,
    #[command(flatten)]
    lock: LockArgs,
    #[command(flatten)]
    state_file: StateFileArgs,
}

pub(super) fn run(surroundings: &Surroundings, args: &ImportArgs) -> u8 {
    let view = View::new(surroundings, false, false);
    let address = match address(&args.address) {
        Ok(address) => address,
        Err(d) => return view.fail(d),
    };
    let wait = match args.lock.wait() {
        Ok(wait) => wait,
        Err(d) => return view.fail(d),
    };
    let mut opened = match surroundings.open(view.observer()) {
        Ok(opened) => opened,
        Err(d) => return view.fail(d),
    };
    if let Err(d) = args.state_file.settle(&mut opened.session, true) {
        return view.fail(*d);
    }
    opened.session.lock_wait = wait;
    opened.session.parallelism = args.parallelism.filter(|n| *n > 0).unwrap_or(10);
    let code = carry_out(&view, &opened, args, address);
    opened.close();
    code
}

fn address(text: &str) -> Result<AbsInstance, Box<Diagnostic>> {
    let address = AbsInstance::parse(text).map_err(|e| {
        Box::new(Diagnostic::error(
            "Invalid address",
            format!("{e} An instance looks like TYPE.NAME, TYPE.NAME[0], TYPE.NAME[\"key\"] or module.NAME.TYPE.NAME."),
        ))
    })?;
    if address.resource.mode == Mode::Managed {
        return Ok(address);
    }
    Err(Box::new(Diagnostic::error(
        "A managed resource address is required. Importing into a data resource is not allowed.",
        format!("{address} is not kept in the state from run to run: it is read whenever it is needed."),
    )))
}

fn carry_out(view: &View, opened: &Opened, args: &ImportArgs, address: AbsInstance) -> u8 {
    let session = &opened.session;
    let root = args.config.as_deref().unwrap_or(Path::new("."));
    if !has_configuration(&session.base.join(root)) {
        return view.fail(
            Diagnostic::error(
                "No Streamform configuration files",
                format!(
                    "The directory {} does not contain any configuration files (.tf or .tf.json). To specify a different configuration directory, use the -config=\"...\" command line option.",
                    root.display()
                ),
            ),
        );
    }
    let loaded = engine::load(&Disk::new(&session.base), root, &session.registry);
    let mut sources = loaded.config.sources.clone();
    let mut found: Diagnostics = unavailable_backend(&loaded.config, "Invalid backend type");
    let (mut given, problems) =
        variables::collect(&session.base, &args.variables, std::env::vars_os(), &mut sources);
    found.extend(problems);
    if found.has_errors() {
        let mut all = loaded.diagnostics;
        all.extend(found);
        view.diagnostics(&all.tidy(), &sources);
        return 1;
    }
    if !loaded.diagnostics.has_errors() {
        match variables::ask(view.ui(), opened, &loaded.config, &given, &args.variables) {
            Ok(typed) => given.extend(typed),
            Err(d) => return view.fail(*d),
        }
    }
    let request = ImportRequest {
        address,
        id: args.id.clone(),
        variables: given,
    };
    let (told, sources) = opened.run(true, engine::import(session, loaded, sources, request));
    found.extend(told);
    view.diagnostics(&found, &sources);
    if found.has_errors() {
        return 1;
    }
    let ui = view.ui();
    let success = ui.style().paint.text(Ink::BoldGreen, "Import successful!");
    ui.out(&line(format_args!(
        "\n{success}\n\nThe resources that were imported are shown above. These resources are now in\nyour Streamform state and will henceforth be managed by Streamform.\n"
    )));
    0
}

fn has_configuration(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|entries| {
        entries.flatten().any(|e| {
            let name = e.file_name();
            let name = name.to_string_lossy();
            name.ends_with(".tf") || name.ends_with(".tf.json")
        })
    })
}
