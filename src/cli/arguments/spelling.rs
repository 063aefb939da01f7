//! How a command line may be spelled: one dash or two, `-json=false`, more arguments from the environment.

use std::ffi::OsString;

/// Flags without a value; Terraform takes `=true` and `=false` behind each.
const SWITCHES: &[&str] = &[
    "allow-deferral",
    "allow-missing",
    "auto-approve",
    "check",
    "compact-warnings",
    "destroy",
    "detailed-exitcode",
    "diff",
    "draw-cycles",
    "dry-run",
    "emulator",
    "force",
    "force-copy",
    "ignore-remote-version",
    "json",
    "markdown",
    "mermaid",
    "migrate-state",
    "minimal-refresh",
    "no-color",
    "or-create",
    "plan",
    "raw",
    "reconfigure",
    "recursive",
    "refresh-only",
    "upgrade",
    "verbose",
];

/// Flags that take `true` or `false` and mean `true` when they stand alone.
const CHOICES: &[&str] = &["backend", "get", "input", "list", "lock", "refresh", "write"];

/// Flags whose empty value is none at all, as in `-out=$PLAN` where the variable is not set.
const EMPTIABLE: &[&str] = &[
    "backup",
    "backup-out",
    "from-module",
    "generate-config-out",
    "id",
    "out",
    "state",
    "state-out",
];

/// Go's ways to write a boolean.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// The command line in one spelling: long flags with two dashes, switches without a value.
///
/// `environment` answers for `TF_CLI_ARGS`, `TF_CLI_ARGS_plan` and so on: their words come directly behind the name of the
/// command, the more special first, so that what is typed wins.
///
/// # Errors
/// When a variable holds an unclosed quote.
pub(in crate::cli) fn normalize(
    args: impl IntoIterator<Item = OsString>,
    commands: &dyn Fn(&[&str]) -> bool,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<OsString>, String> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    insert_from_environment(&mut args, commands, environment)?;
    let mut out: Vec<OsString> = Vec::with_capacity(args.len());
    let mut literal = false;
    let mut within_command = false;
    let mut help = false;
    let mut rest = args.into_iter().enumerate().peekable();
    while let Some((i, arg)) = rest.next() {
        let Some(text) = arg.to_str().filter(|_| i > 0 && !literal) else {
            out.push(arg);
            continue;
        };
        match text {
            "--" => {
                literal = true;
                out.push(arg);
            }
            // In front of a command it asks for the help of that.
            "-h" | "-help" | "--help" if !within_command => help = true,
            "-v" | "-version" | "--version" if !within_command => out.push("version".into()),
            // A lone dash means standard input.
            "-" | "-h" => out.push(arg),
            _ if EMPTIABLE.contains(&text.trim_start_matches('-')) && text.starts_with('-') => {
                // (The value is the next argument.)
                if rest.next_if(|(_, value)| value.is_empty()).is_none() {
                    out.extend(flag(text));
                }
            }
            _ if text.starts_with('-') => out.extend(flag(text)),
            _ => {
                within_command = true;
                out.push(arg);
            }
        }
    }
    if help {
        out.push("--help".into());
    }
    Ok(out)
}

/// One flag in the one spelling; a switch that is turned off is none at all.
fn flag(text: &str) -> Option<OsString> {
    let bare = text.trim_start_matches('-');
    // Negative numbers are values.
    if bare.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(text.into());
    }
    let valued = bare.split_once('=');
    if valued.is_some_and(|(name, value)| value.is_empty() && EMPTIABLE.contains(&name)) {
        return None;
    }
    if let Some((name, value)) = valued
        && let Some(on) = boolean(value)
    {
        if SWITCHES.contains(&name) {
            return on.then(|| format!("--{name}").into());
        }
        if CHOICES.contains(&name) {
            return Some(format!("--{name}={on}").into());
        }
    }
    Some(format!("--{bare}").into())
}

/// Puts the words of `TF_CLI_ARGS…` behind the name of the command.
fn insert_from_environment(
    args: &mut Vec<OsString>,
    commands: &dyn Fn(&[&str]) -> bool,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<(), String> {
    let mut names: Vec<String> = Vec::new();
    let mut behind = 0;
    let mut skip = false;
    for (i, arg) in args.iter().enumerate().skip(1) {
        let Some(text) = arg.to_str() else { break };
        if std::mem::take(&mut skip) {
            continue;
        }
        if text.starts_with('-') && text != "-" {
            if !names.is_empty() {
                break;
            }
            skip = matches!(text, "-chdir" | "--chdir");
            continue;
        }
        let path: Vec<&str> = names.iter().map(String::as_str).chain([text]).collect();
        if !commands(&path) {
            break;
        }
        names.push(text.to_owned());
        behind = i + 1;
    }
    if names.is_empty() {
        return Ok(());
    }
    let suffix = names.join("_").replace('-', "_");
    let mut more = Vec::new();
    for name in [format!("CLI_ARGS_{suffix}"), "CLI_ARGS".to_owned()] {
        let found = ["STREAMFORM_", "TF_"].iter().find_map(|p| {
            let variable = format!("{p}{name}");
            environment(&variable).map(|v| (variable, v))
        });
        if let Some((variable, text)) = found {
            more.extend(words(&text).ok_or_else(|| {
                format!("The environment variable {variable} has a quote that is not closed: {text}")
            })?);
        }
    }
    args.splice(behind..behind, more.into_iter().map(OsString::from));
    Ok(())
}

/// Splits as a shell does: blanks between words, single and double quotes, backslashes. None: a quote is not closed.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, ' ' | '\t' | '\n' | '\r') => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(q), c) if c == q => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(line: &[&str], environment: &[(&str, &str)]) -> Vec<String> {
        let look = |name: &str| {
            environment
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned())
        };
        let commands = |path: &[&str]| matches!(path, ["plan" | "state" | "fmt"] | ["state", "list"]);
        normalize(line.iter().map(OsString::from), &commands, &look)
            .unwrap()
            .into_iter()
            .map(|a| a.into_string().unwrap())
            .collect()
    }

    #[test]
    fn one_dash_is_as_good_as_two() {
        assert_eq!(
            spelled(&["sf", "-chdir=x", "plan", "-var", "a=-b", "--out=p", "-h"], &[]),
            ["sf", "--chdir=x", "plan", "--var", "a=-b", "--out=p", "-h"]
        );
        assert_eq!(spelled(&["sf", "fmt", "-"], &[]), ["sf", "fmt", "-"]);
        assert_eq!(
            spelled(&["sf", "plan", "--", "-x"], &[]),
            ["sf", "plan", "--", "-x"]
        );
    }

    #[test]
    fn switches_take_a_boolean_as_go_writes_it() {
        assert_eq!(
            spelled(
                &[
                    "sf",
                    "plan",
                    "-json=true",
                    "-destroy=F",
                    "-refresh=0",
                    "-lock",
                    "-json=maybe"
                ],
                &[]
            ),
            [
                "sf",
                "plan",
                "--json",
                "--refresh=false",
                "--lock",
                "--json=maybe"
            ]
        );
    }

    #[test]
    fn an_empty_name_of_a_file_is_none() {
        assert_eq!(
            spelled(&["sf", "plan", "-out=", "-state", "", "-target=", "x"], &[]),
            ["sf", "plan", "--target=", "x"]
        );
        assert_eq!(
            spelled(&["sf", "plan", "-out", "p", "-state"], &[]),
            ["sf", "plan", "--out", "p", "--state"]
        );
    }

    #[test]
    fn help_in_front_of_a_command_is_that_of_the_command() {
        assert_eq!(spelled(&["sf", "-help", "plan"], &[]), ["sf", "plan", "--help"]);
        assert_eq!(spelled(&["sf", "-h"], &[]), ["sf", "--help"]);
        assert_eq!(spelled(&["sf", "plan", "-h"], &[]), ["sf", "plan", "-h"]);
    }

    #[test]
    fn the_version_is_a_flag_too() {
        for one in ["-v", "-version", "--version"] {
            assert_eq!(spelled(&["sf", one], &[]), ["sf", "version"]);
        }
    }

    #[test]
    fn arguments_of_the_environment_come_before_typed_ones() {
        let environment = [
            ("TF_CLI_ARGS", "-no-color -var 'a b=c'"),
            ("TF_CLI_ARGS_plan", "-out=x"),
            ("TF_CLI_ARGS_state_list", "\"q r\" s\\ t"),
        ];
        assert_eq!(
            spelled(&["sf", "-chdir=d", "plan", "-out=y"], &environment),
            [
                "sf",
                "--chdir=d",
                "plan",
                "--out=x",
                "--no-color",
                "--var",
                "a b=c",
                "--out=y"
            ]
        );
        assert_eq!(
            spelled(&["sf", "state", "list", "z"], &environment[2..]),
            ["sf", "state", "list", "q r", "s t", "z"]
        );
        assert_eq!(spelled(&["sf"], &environment), ["sf"]);
    }

    #[test]
    fn our_own_variable_wins() {
        let environment = [
            ("TF_CLI_ARGS_plan", "-out=x"),
            ("STREAMFORM_CLI_ARGS_plan", "-out=y"),
        ];
        assert_eq!(spelled(&["sf", "plan"], &environment), ["sf", "plan", "--out=y"]);
    }

    #[test]
    fn an_unclosed_quote_is_told() {
        let look = |name: &str| (name == "TF_CLI_ARGS").then(|| "'x".to_owned());
        let found = normalize(["sf".into(), "plan".into()], &|_| true, &look);
        assert!(found.is_err_and(|m| m.contains("TF_CLI_ARGS")));
    }
}
