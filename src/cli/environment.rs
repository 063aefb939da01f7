//! What the environment and the terminal say about a run.

use std::io::IsTerminal;

use crate::report::Ui;
use crate::report::UiSettings;

/// A variable of ours, or Terraform's of the same meaning: `STREAMFORM_INPUT` wins over `TF_INPUT`. Empty means not set.
pub(super) fn variable(name: &str) -> Option<String> {
    let read = |prefix: &str| std::env::var(format!("{prefix}{name}")).ok();
    read("STREAMFORM_")
        .or_else(|| read("TF_"))
        .filter(|v| !v.is_empty())
}

/// Whether a script runs the command: then there are no hints on what to type next.
pub(super) fn in_automation() -> bool {
    variable("IN_AUTOMATION").is_some()
}

/// Whether questions may be asked at all (`TF_INPUT=0` forbids them).
pub(super) fn may_ask() -> bool {
    !variable("INPUT").is_some_and(|v| matches!(v.as_str(), "0" | "f" | "F" | "false" | "FALSE" | "False"))
}

/// Whether somebody sits at the other end of standard input.
pub(super) fn has_terminal() -> bool {
    std::io::stdin().is_terminal()
}

/// How output looks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Looks {
    /// `-no-color`
    pub(super) no_color: bool,
    /// `-compact-warnings`
    pub(super) compact_warnings: bool,
}

impl Looks {
    /// The streams of this process, for a command that ends at once (`plain`) or shows what it does while it does it.
    pub(super) fn ui(self, plain: bool) -> Ui {
        let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
        let colors = |terminal: bool| !self.no_color && !set("NO_COLOR") && !dumb && terminal;
        let err = std::io::stderr().is_terminal();
        Ui::new(UiSettings {
            color_out: colors(std::io::stdout().is_terminal()),
            color_err: colors(err),
            width: terminal_size::terminal_size().map_or(78, |(w, _)| usize::from(w.0)),
            live: !plain && err && !dumb && !in_automation(),
            compact_warnings: self.compact_warnings,
        })
    }
}
