//! The file of `plan -generate-config-out`: resource blocks for imported objects that have none.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use streamform_lang::diag::Diagnostic;

use crate::plan::Generated;
use crate::plan::PlanMode;
use crate::plan::generated_file;

/// Whether the file may be written at the end of a plan.
///
/// # Errors
/// When it is there already, or the plan is of a kind that imports nothing.
pub(super) fn may_write(path: &Path, mode: PlanMode) -> Result<(), Box<Diagnostic>> {
    if path.exists() {
        return Err(Box::new(Diagnostic::error(
            "Target generated file already exists",
            "Streamform can only write generated config into a new file. Either choose a different target location or move all existing configuration out of the target file, delete it and try again.",
        )));
    }
    if mode != PlanMode::Normal {
        return Err(Box::new(Diagnostic::error(
            "Invalid generate-config-out flag",
            "Config can only be generated during a normal plan operation, and not during a refresh-only or destroy plan.",
        )));
    }
    Ok(())
}

/// Writes the file.
///
/// # Errors
/// When it cannot be written, or somebody else has made it meanwhile.
pub(super) fn write(path: &Path, blocks: &[Generated]) -> Result<(), Box<Diagnostic>> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(generated_file(blocks).as_bytes()))
        .map_err(|e| {
            Box::new(Diagnostic::error(
                "Failed to create target generated file",
                format!(
                    "Streamform could not create the generated file ({}) in the target directory: {e}. Use the path of a new file in a folder that is there and can be written.",
                    path.display()
                ),
            ))
        })
}
