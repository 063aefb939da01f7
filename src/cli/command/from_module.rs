//! `init -from-module`: a copy of a module to begin a configuration with.

use std::fs;
use std::io;
use std::path::Path;

use streamform_lang::diag::Diagnostic;

/// Copies the module in the folder `source` (as it is written: relative to `base`) into `base`, which must be empty.
pub(super) fn copy(base: &Path, source: &str) -> Result<(), Box<Diagnostic>> {
    let is_folder = source.starts_with('.') || Path::new(source).is_absolute();
    if !is_folder {
        return Err(failed(
            "Module source not available",
            format!(
                "Modules are copied from folders of this machine only, so far: ./…, ../… or /…, not {source:?}. Fetch it first, with git clone for instance."
            ),
        ));
    }
    let unreadable = |e: io::Error| {
        let from = base.join(source);
        failed(
            "Failed to copy the module",
            format!("The module {} cannot be copied: {e}.", from.display()),
        )
    };
    if fs::read_dir(base).map_err(unreadable)?.next().is_some() {
        return Err(failed(
            "The working directory already contains files",
            "The -from-module option requires an empty directory into which a copy of the referenced module will be placed.\n\nTo initialize the configuration already in this working directory, omit the -from-module option.",
        ));
    }
    // A folder that holds this one would be copied into itself without end.
    let from = base.join(source).canonicalize().map_err(unreadable)?;
    if base.canonicalize().map_err(unreadable)?.starts_with(&from) {
        return Err(failed(
            "The module holds the working directory",
            format!(
                "The module {} cannot be copied into a folder of its own. Work in another folder.",
                from.display()
            ),
        ));
    }
    copy_folder(&from, base).map_err(unreadable)
}

/// Copies what a folder holds, but for what hidden names stand for: the data of runs, of editors, of version control.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with('.') {
            continue;
        }
        let (from, to) = (entry.path(), to.join(&name));
        if from.is_dir() {
            copy_folder(&from, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}

fn failed(summary: &str, detail: impl Into<String>) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(summary, detail.into()))
}
