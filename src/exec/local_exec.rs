//! The `local-exec` provisioner: its arguments as a program to run.

use streamform_lang::value::Marks;
use streamform_lang::value::Value;

use super::command::CommandLine;

/// What one `local-exec` block runs.
#[derive(Debug)]
pub(super) struct LocalExec {
    /// What is run, with the interpreter around it.
    pub(super) line: CommandLine,
    /// `command` as it was given.
    pub(super) command: String,
    /// Whether the command is not shown before it runs.
    pub(super) quiet: bool,
    /// What its configuration holds that must not be shown, in words.
    pub(super) secret: Option<&'static str>,
}

/// The interpreter where the block names none.
const SHELL: [&str; 2] = if cfg!(windows) {
    ["cmd", "/C"]
} else {
    ["/bin/sh", "-c"]
};

impl LocalExec {
    /// Reads the arguments.
    ///
    /// # Errors
    /// Title and text of a diagnostic.
    pub(super) fn of(config: &Value) -> Result<LocalExec, (&'static str, &'static str)> {
        let marks = config.deep_marks();
        let secret = match (marks.contains(Marks::SENSITIVE), marks.contains(Marks::EPHEMERAL)) {
            (true, true) => Some("sensitive, ephemeral"),
            (true, false) => Some("sensitive"),
            (false, true) => Some("ephemeral"),
            (false, false) => None,
        };
        let (config, _) = config.clone().unmark_deep();
        if !config.is_wholly_known() {
            return Err((
                "Invalid local-exec provisioner configuration",
                "Some of its arguments are not known, although everything that they refer to has been made.",
            ));
        }
        let text = |name: &str| config.get(name).and_then(Value::as_str).map(str::to_owned);
        let command = text("command").filter(|c| !c.is_empty()).ok_or((
            "Invalid local-exec provisioner command",
            "The command must be a non-empty string.",
        ))?;
        let mut words: Vec<String> = config
            .get("interpreter")
            .and_then(Value::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|w| w.as_str().map(str::to_owned))
            .collect();
        if words.is_empty() {
            words.extend(SHELL.map(str::to_owned));
        }
        words.push(command.clone());
        let environment = config
            .get("environment")
            .and_then(Value::entries)
            .unwrap_or_default()
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.as_str()?.to_owned())))
            .collect();
        Ok(LocalExec {
            line: CommandLine {
                words,
                environment,
                folder: text("working_dir").filter(|d| !d.is_empty()),
            },
            command,
            quiet: config.get("quiet").and_then(Value::as_bool).unwrap_or(false),
            secret,
        })
    }

    /// The line that tells what is run.
    pub(super) fn announcement(&self) -> String {
        if self.quiet {
            return "local-exec: Executing: Suppressed by quiet=true".to_owned();
        }
        let words: Vec<String> = self.line.words.iter().map(|w| format!("{w:?}")).collect();
        format!("Executing: [{}]", words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use streamform_lang::value::Type;

    use super::*;

    fn config(items: &[(&str, Value)]) -> Value {
        Value::object(items.iter().map(|(n, v)| ((*n).into(), v.clone())))
    }

    #[test]
    fn a_command_goes_to_the_shell_or_to_the_interpreter() {
        let plain = LocalExec::of(&config(&[("command", Value::string("echo \"a\"\n"))])).unwrap();
        assert_eq!(plain.line.words[..2], SHELL.map(str::to_owned));
        assert_eq!(plain.line.words[2], "echo \"a\"\n");
        assert_eq!(plain.line.folder, None);
        let given = config(&[
            ("command", Value::string("print(1)")),
            (
                "interpreter",
                Value::list(
                    Type::String,
                    [
                        Value::string("python3"),
                        Value::null(Type::String),
                        Value::string("-c"),
                    ],
                ),
            ),
            ("working_dir", Value::string("")),
            (
                "environment",
                Value::map(
                    Type::String,
                    [
                        ("A".into(), Value::string("1")),
                        ("B".into(), Value::null(Type::String)),
                    ],
                ),
            ),
        ]);
        let given = LocalExec::of(&given).unwrap();
        assert_eq!(given.line.words, ["python3", "-c", "print(1)"]);
        assert_eq!(given.line.environment, [("A".to_owned(), "1".to_owned())]);
        assert_eq!(given.line.folder, None);
        assert_eq!(
            given.announcement(),
            "Executing: [\"python3\" \"-c\" \"print(1)\"]"
        );
    }

    #[test]
    fn an_empty_command_is_none() {
        for command in [Value::string(""), Value::null(Type::String)] {
            let (title, _) = LocalExec::of(&config(&[("command", command)])).unwrap_err();
            assert_eq!(title, "Invalid local-exec provisioner command");
        }
        let (title, _) = LocalExec::of(&config(&[("command", Value::unknown(Type::String))])).unwrap_err();
        assert_eq!(title, "Invalid local-exec provisioner configuration");
    }

    #[test]
    fn a_marked_argument_makes_all_of_it_secret() {
        for (marks, secret) in [
            (Marks::SENSITIVE, "sensitive"),
            (Marks::EPHEMERAL, "ephemeral"),
            (Marks::SENSITIVE.union(Marks::EPHEMERAL), "sensitive, ephemeral"),
        ] {
            let config = config(&[
                ("command", Value::string("true")),
                (
                    "environment",
                    Value::map(Type::String, [("A".into(), Value::string("x").with_marks(marks))]),
                ),
            ]);
            assert_eq!(LocalExec::of(&config).unwrap().secret, Some(secret));
        }
    }
}
