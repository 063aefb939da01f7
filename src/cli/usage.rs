//! Mistakes on the command line, in the words of all other errors.

use clap::error::ContextKind;
use clap::error::ContextValue;
use clap::error::ErrorKind;
use streamform_lang::diag::Diagnostic;

/// The mistake as a diagnostic; none for requests of help.
pub(super) fn mistake(e: &clap::Error) -> Option<Diagnostic> {
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
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::MissingSubcommand => return None,
        ErrorKind::InvalidSubcommand => {
            let name = context(ContextKind::InvalidSubcommand).unwrap_or_default();
            let near = context(ContextKind::SuggestedSubcommand);
            let detail = format!(
                "Streamform has no command named \"{name}\".{}",
                did_you_mean(near.as_deref())
            );
            return Some(Diagnostic::error("Unknown command", detail).help("streamform -help"));
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
    Some(Diagnostic::error(summary, detail).help(match command(e) {
        Some(command) => format!("{command} -help"),
        None => "streamform -help".to_owned(),
    }))
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
        _ => std::error::Error::source(e)
            .map(|s| format!(" The reason: {s}."))
            .unwrap_or_default(),
    }
}

/// clap's own sentence.
fn plain(e: &clap::Error) -> String {
    let text = e.render().to_string();
    let first = text.lines().next().unwrap_or_default();
    format!("{}.", first.trim_start_matches("error: "))
}

/// `streamform plan`, out of the usage that clap shows.
fn command(e: &clap::Error) -> Option<String> {
    let usage = match e.get(ContextKind::Usage)? {
        ContextValue::StyledStr(s) => s.to_string(),
        ContextValue::String(s) => s.clone(),
        _ => return None,
    };
    let words: Vec<&str> = usage
        .trim_start_matches("Usage:")
        .split_whitespace()
        .take_while(|w| w.chars().all(|c| c.is_ascii_lowercase()))
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::arguments::Cli;

    fn told(args: &[&str]) -> (String, String) {
        let args = ["streamform"].iter().chain(args);
        let e = Cli::try_parse_from(args).unwrap_err();
        let d = mistake(&e).unwrap();
        assert!(d.help.unwrap().starts_with("streamform "));
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
        assert!(told(&["plan", "--parallelism=x"]).1.contains("-parallelism"));
        assert_eq!(told(&["state", "show"]).0, "Missing command line argument");
    }
}
