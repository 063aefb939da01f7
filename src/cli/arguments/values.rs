//! `-var` and `-var-file`. Of several values for one variable the last typed wins, whichever flag it came with, so the order
//! between the two is kept; that is what the derived parser cannot do.

use std::path::PathBuf;

use clap::Arg;
use clap::ArgAction;
use clap::ArgMatches;
use clap::Args;
use clap::Command;
use clap::FromArgMatches;
use clap::value_parser;

/// Values for variables.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct VariableArgs {
    /// In the order in which they were typed.
    pub(in crate::cli) given: Vec<GivenValue>,
    /// Whether to ask for what is missing.
    pub(in crate::cli) input: Option<bool>,
}

/// One flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum GivenValue {
    /// `-var NAME=VALUE`
    Assignment(String),
    /// `-var-file FILE`
    File(PathBuf),
}

const HEADING: &str = "Variables";

impl FromArgMatches for VariableArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given: Vec<(usize, GivenValue)> = Vec::new();
        let places = |id: &str| matches.indices_of(id).into_iter().flatten().collect::<Vec<_>>();
        for (place, text) in places("var")
            .into_iter()
            .zip(matches.get_many::<String>("var").into_iter().flatten())
        {
            given.push((place, GivenValue::Assignment(text.clone())));
        }
        let files = matches.get_many::<PathBuf>("var_file").into_iter().flatten();
        for (place, path) in places("var_file").into_iter().zip(files) {
            given.push((place, GivenValue::File(path.clone())));
        }
        given.sort_by_key(|(place, _)| *place);
        Ok(VariableArgs {
            given: given.into_iter().map(|(_, g)| g).collect(),
            input: matches.get_one::<bool>("input").copied(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for VariableArgs {
    fn augment_args(command: Command) -> Command {
        command
            .arg(
                Arg::new("var")
                    .long("var")
                    .value_name("NAME=VALUE")
                    .allow_hyphen_values(true)
                    .action(ArgAction::Append)
                    .help_heading(HEADING)
                    .help("Give the root module's variable NAME a value (can be repeated)"),
            )
            .arg(
                Arg::new("var_file")
                    .long("var-file")
                    .value_name("FILE")
                    .value_parser(value_parser!(PathBuf))
                    .action(ArgAction::Append)
                    .help_heading(HEADING)
                    .help("Take values for variables from a file (can be repeated)"),
            )
            .arg(
                Arg::new("input")
                    .long("input")
                    .value_name("BOOL")
                    .num_args(0..=1)
                    .require_equals(true)
                    .default_missing_value("true")
                    .value_parser(value_parser!(bool))
                    .hide_possible_values(true)
                    .help_heading(HEADING)
                    .help("Ask for what is missing, if there is a terminal [default: true]"),
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
