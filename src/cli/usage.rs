//! Mistakes on the command line, in the words of all other errors.

use clap::error::ContextKind;
use clap::error::ContextValue;
use clap::error::ErrorKind;
use streamform_lang::diag::Diagnostic;

/// Commands of Terraform that are not there: behind which command, the name, why, and what to do instead.
const ELSEWHERE: [(&str, &str, &str, &str); 5] = [
    (
        "streamform",
        "test",
        "Tests of modules (.tftest.hcl files) cannot be run yet. Until then the emulator lets you apply a configuration that calls the module, without any cloud.",
        "streamform -emulator apply",
    ),
    (
        "streamform",
        "login",
        "It saves credentials for HCP Terraform, which Streamform does not use: states are kept on this machine, in PostgreSQL, in object stores or behind HTTP addresses, and Confluent Cloud takes its API key from the provider block or the environment.",
        "export CONFLUENT_CLOUD_API_KEY=… CONFLUENT_CLOUD_API_SECRET=…",
    ),
    (
        "streamform",
        "logout",
        "It removes credentials for HCP Terraform, which Streamform does not use.",
        "streamform -help",
    ),
    (
        "streamform providers",
        "lock",
        "Providers are a part of this program, so there are no packages whose checksums could be locked. A .terraform.lock.hcl file is left as it is.",
        "streamform providers",
    ),
    (
        "streamform providers",
        "mirror",
        "Providers are a part of this program, so there are no packages that could be mirrored.",
        "streamform providers",
    ),
];

/// The mistake as a diagnostic; none for requests of help. `command`: the names of the command that was typed, from the program's on.
pub(super) fn mistake(e: &clap::Error, command: &str) -> Option<Diagnostic> {
    let context = |kind| {
        e.get(kind).and_then(|v| match v {
            ContextValue::String(s) => Some(s.clone()),
            ContextValue::Strings(s) => s.first().cloned(),
            _ => None,
        })
    };
    let given = context(ContextKind::InvalidArg).unwrap_or_default();
    let value = context(ContextKind::InvalidValue).unwrap_or_default();
    let flag = flag(&given);
    let (summary, detail) = match e.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => return None,
        ErrorKind::MissingSubcommand => (
            "Missing command",
            "It is not said which command is to run. The value of a flag in front of it is joined by an equals sign: -chdir=DIR."
                .to_owned(),
        ),
        ErrorKind::InvalidSubcommand => {
            let name = context(ContextKind::InvalidSubcommand).unwrap_or_default();
            let near = context(ContextKind::SuggestedSubcommand);
            let missing = ELSEWHERE.iter().find(|(behind, n, ..)| *behind == command && *n == name);
            if let Some((_, _, why, instead)) = missing {
                let summary = format!("Streamform has no command \"{name}\"");
                return Some(Diagnostic::error(summary, *why).help(*instead));
            }
            (
                "Unknown command",
                format!(
                    "{} has no command named \"{name}\".{}",
                    command.replacen("streamform", "Streamform", 1),
                    did_you_mean(near.as_deref())
                ),
            )
        }
        ErrorKind::UnknownArgument if !given.starts_with('-') => (
            "Too many command line arguments",
            format!(
                "There is no place for the argument \"{given}\". To work in another folder, use the global -chdir flag."
            ),
        ),
        ErrorKind::UnknownArgument => {
            let near = context(ContextKind::SuggestedArg).map(|s| self::flag(&s));
            (
                "Failed to parse command-line flags",
                format!("There is no flag {flag}.{}", did_you_mean(near.as_deref())),
            )
        }
        ErrorKind::InvalidValue | ErrorKind::NoEquals if value.is_empty() => (
            "Failed to parse command-line flags",
            format!("The flag {flag} needs a value."),
        ),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::TooManyValues => (
            "Failed to parse command-line flags",
            format!("The value \"{value}\" cannot be used for {flag}.{}", why(e)),
        ),
        ErrorKind::MissingRequiredArgument => (
            "Missing command line argument",
            format!("The argument {given} is needed."),
        ),
        _ => ("Failed to parse command-line flags", plain(e)),
    };
    Some(Diagnostic::error(summary, detail).help(format!("{command} -help")))
}

/// `--lock-timeout <DURATION>` as it is typed here: `-lock-timeout`.
fn flag(text: &str) -> String {
    let name = text.split([' ', '=', '[']).next().unwrap_or(text);
    match name.strip_prefix("--") {
        Some(name) => format!("-{name}"),
        None => name.to_owned(),
    }
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map(|n| format!(" Did you mean {n}?")).unwrap_or_default()
}

fn why(e: &clap::Error) -> String {
    match e.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(all)) if !all.is_empty() => format!(" It can be {}.", all.join(" or ")),
        _ => match std::error::Error::source(e) {
            Some(s) if s.is::<std::num::ParseIntError>() => " It must be a whole number.".to_owned(),
            Some(s) => format!(" The reason: {s}."),
            None => String::new(),
        },
    }
}

/// clap's own sentence.
fn plain(e: &clap::Error) -> String {
    let text = e.render().to_string();
    let first = text.lines().next().unwrap_or_default();
    format!("{}.", first.trim_start_matches("error: "))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::arguments::Cli;

    fn told(args: &[&str]) -> (String, String) {
        let command = match args {
            ["state" | "providers", ..] => format!("streamform {}", args[0]),
            _ => "streamform".to_owned(),
        };
        let args = ["sf"].iter().chain(args);
        let e = Cli::try_parse_from(args).unwrap_err();
        let d = mistake(&e, &command).unwrap();
        (d.summary, d.detail)
    }

    #[test]
    fn mistakes_are_told_in_full_sentences() {
        assert_eq!(
            told(&["plna"]).1,
            "Streamform has no command named \"plna\". Did you mean plan?"
        );
        assert_eq!(
            told(&["plan", "--targt=x"]).1,
            "There is no flag -targt. Did you mean -target?"
        );
        assert_eq!(told(&["plan", "--out"]).1, "The flag -out needs a value.");
        assert_eq!(told(&["plan", "x"]).0, "Too many command line arguments");
        assert_eq!(
            told(&["plan", "--refresh=maybe"]).1,
            "The value \"maybe\" cannot be used for -refresh. It can be true or false."
        );
        assert_eq!(
            told(&["plan", "--parallelism=x"]).1,
            "The value \"x\" cannot be used for -parallelism. It must be a whole number."
        );
        assert_eq!(
            told(&["state", "lst"]).1,
            "Streamform state has no command named \"lst\". Did you mean list?"
        );
        assert_eq!(told(&["--chdir", "plan"]).0, "Missing command");
        assert_eq!(told(&["test"]).0, "Streamform has no command \"test\"");
        assert!(told(&["providers", "lock"]).1.contains("part of this program"));
        assert_eq!(told(&["state", "show"]).0, "Missing command line argument");
    }
}
