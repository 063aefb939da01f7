//! What the environment and the terminal say about a run.

use std::io::IsTerminal;
use std::sync::LazyLock;

use crate::plan::Secrets;
use crate::report::Ui;
use crate::report::UiSettings;

/// A variable of ours, or Terraform's of the same meaning: `STREAMFORM_INPUT` wins over `TF_INPUT`. Empty means not set.
pub(super) fn variable(name: &str) -> Option<String> {
    let read = |prefix: &str| std::env::var(format!("{prefix}{name}")).ok();
    read("STREAMFORM_")
        .or_else(|| read("TF_"))
        .filter(|v| !v.is_empty())
}

/// What must not be shown by this process, whatever shows it: there is one for all, so that a panic message and a line of the log
/// know what the command knows.
static SECRETS: LazyLock<Secrets> = LazyLock::new(|| {
    let secrets = Secrets::default();
    for (name, value) in std::env::vars_os() {
        if let (Some(name), Some(value)) = (name.to_str(), value.to_str())
            && is_credential(name)
        {
            secrets.learn_text(value);
        }
    }
    secrets
});

/// The secrets of this process.
pub(super) fn secrets() -> Secrets {
    SECRETS.clone()
}

/// Whether a variable of the environment holds a credential, by its name. (`TF_VAR_*` are not: whether a variable is sensitive stands in
/// the configuration.)
fn is_credential(name: &str) -> bool {
    const ENDINGS: [&str; 9] = [
        "_SECRET",
        "_PASSWORD",
        "_TOKEN",
        "_PASSPHRASE",
        "_PASSPHRASE_OLD",
        "_PASSPHRASE_NEW",
        "_SECRET_ACCESS_KEY",
        "_PRIVATE_KEY",
        "PGPASSWORD",
    ];
    let given = name.starts_with("TF_VAR_");
    !given && (ENDINGS.iter().any(|ending| name.ends_with(ending)) || name.starts_with("TF_TOKEN_"))
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
        let settings = UiSettings {
            color_out: colors(std::io::stdout().is_terminal()),
            color_err: colors(err),
            width: terminal_size::terminal_size().map_or(78, |(w, _)| usize::from(w.0)),
            live: !plain && err && !dumb && !in_automation(),
            compact_warnings: self.compact_warnings,
        };
        Ui::new(settings, secrets())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_known_by_their_names() {
        for name in [
            "CONFLUENT_CLOUD_API_SECRET",
            "IMPORT_KAFKA_API_SECRET",
            "TF_HTTP_PASSWORD",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "STREAMFORM_STATE_PASSPHRASE_NEW",
            "TF_TOKEN_app_terraform_io",
        ] {
            assert!(is_credential(name), "{name}");
        }
        for name in [
            "CONFLUENT_CLOUD_API_KEY",
            "PATH",
            "TF_VAR_API_SECRET",
            "SECRETARY",
        ] {
            assert!(!is_credential(name), "{name}");
        }
    }
}
