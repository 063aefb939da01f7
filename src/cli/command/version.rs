//! `version`: nothing here is looked up, so that it answers at once.

use clap::Args;
use serde_json::json;

use super::line;
use crate::config::version::COMPATIBLE_VERSION;
use crate::report::Ui;

/// Show the version
#[derive(Debug, Args)]
pub(in crate::cli) struct VersionArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(ui: &Ui, args: &VersionArgs) -> u8 {
    let version = env!("CARGO_PKG_VERSION");
    let platform = format!("{}_{}", system(), machine());
    if args.json {
        // Tools that look for Terraform's version find the one whose language and outputs are spoken here.
        let told = json!({
            "streamform_version": version,
            "terraform_version": COMPATIBLE_VERSION,
            "platform": platform,
            "provider_selections": {},
            "terraform_outdated": false,
        });
        ui.out(&line(format_args!("{told:#}")));
    } else {
        ui.out(&format!("Streamform v{version}\non {platform}\n\nSpeaks the language of Terraform v{COMPATIBLE_VERSION}.\n"));
    }
    0
}

/// The operating system by the name that Go has for it, as everywhere in Terraform's outputs.
fn system() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

/// The processor by the name that Go has for it.
fn machine() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
