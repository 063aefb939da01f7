//! `metadata`: what this program knows, for other programs.

use clap::Args;
use clap::Subcommand;
use streamform_lang::diag::Diagnostic;

use super::fail;
use super::line;
use crate::report::Ui;
use crate::report::json::functions_json;

/// Show what this version of Streamform knows, for other programs
#[derive(Debug, Args)]
#[command(subcommand_required = true)]
pub(in crate::cli) struct MetadataArgs {
    #[command(subcommand)]
    command: MetadataCommand,
}

#[derive(Debug, Subcommand)]
enum MetadataCommand {
    /// Print the signatures of all built-in functions
    Functions {
        /// Print JSON; the only form that there is
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(ui: &Ui, args: &MetadataArgs) -> u8 {
    let MetadataCommand::Functions { json } = args.command;
    if !json {
        return fail(
            ui,
            Diagnostic::error(
                "The `streamform metadata functions` command requires the `-json` flag.",
                "Signatures are printed for programs; there is no other form of them.",
            )
            .help("streamform metadata functions -json"),
        );
    }
    ui.out(&line(functions_json()));
    0
}
