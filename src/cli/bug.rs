//! What a user sees when the program itself is broken.

use std::panic::PanicHookInfo;

use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_state::StateError;

use super::environment::Looks;

/// Replaces the panic message by one for users.
pub(super) fn tell() {
    std::panic::set_hook(Box::new(|info| {
        if let Some(diagnostic) = diagnostic(info) {
            Looks::default()
                .ui(true)
                .diagnostics(&Diagnostics::from(diagnostic), &Sources::default());
        }
    }));
}

fn diagnostic(info: &PanicHookInfo<'_>) -> Option<Diagnostic> {
    let place = info.location()?;
    // The state catches these and repairs or refuses with a message of its own.
    if place.file().contains("/sled-") {
        return None;
    }
    // The state's files were changed under the hands of this run, or the disk fails: it must not go on, and it is no bug.
    if let Some(error) = info.payload().downcast_ref::<StateError>() {
        return Some(Diagnostic::error(
            "State cannot be read any more",
            error.to_string(),
        ));
    }
    let what = info
        .payload()
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| info.payload().downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    Some(
        Diagnostic::error(
            "This is a bug in Streamform",
            format!(
                "Your configuration is not to blame. Version {} stopped at {}:{}: {what}\n\nWhat was done before is in the state, and what was under way is in its journal: the next plan or apply looks it up.",
                env!("CARGO_PKG_VERSION"),
                place.file(),
                place.line(),
            ),
        )
        .help(format!("{}/issues", env!("CARGO_PKG_REPOSITORY"))),
    )
}
