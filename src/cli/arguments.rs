//! The arguments, with flags as Terraform users type them: one dash or two, `-flag=value` or `-flag value`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use clap::Parser;
use clap::Subcommand;

/// Puts a second dash in front of long flags that have one, and Terraform's spellings into ours.
pub(super) fn normalize(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut out: Vec<OsString> = Vec::new();
    let mut literal = false;
    for (i, arg) in args.into_iter().enumerate() {
        let Some(text) = arg.to_str().filter(|_| i > 0 && !literal) else {
            out.push(arg);
            continue;
        };
        match text {
            "--" => {
                literal = true;
                out.push(arg);
            }
            // A lone dash means standard input; a negative number is a value.
            "-" | "-h" | "-V" => out.push(arg),
            "-v" => out.push("--version".into()),
            _ if text.starts_with('-')
                && !text.starts_with("--")
                && !text[1..].starts_with(|c: char| c.is_ascii_digit()) =>
            {
                out.push(format!("-{text}").into());
            }
            _ => out.push(arg),
        }
    }
    out
}

/// Infrastructure as code for Confluent Cloud and Apache Flink.
///
/// Reads the Terraform language, plans, and applies.
#[derive(Debug, Parser)]
#[command(
    name = "streamform",
    version,
    disable_version_flag = true,
    max_term_width = 100
)]
pub struct Cli {
    /// Work in this folder instead of the current one
    #[arg(long, global = true, value_name = "DIR")]
    pub chdir: Option<PathBuf>,

    /// Run everything against the emulator of the Confluent APIs in this process; its data lives beside the state
    #[arg(long, global = true)]
    pub emulator: bool,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Prepare the working folder: check modules and providers
    Init(InitArgs),
    /// Check whether the configuration is valid
    Validate(ValidateArgs),
    /// Show what an apply would change
    Plan(PlanArgs),
    /// Create or change objects as the configuration says
    Apply(ApplyArgs),
    /// Delete every object that the state knows
    Destroy(ApplyArgs),
    /// Show the state, or a saved plan
    Show(ShowArgs),
    /// Show output values
    Output(OutputArgs),
    /// Look into the state
    State(StateArgs),
    /// Print the dependency graph
    Graph(GraphArgs),
    /// Lay configuration files out in the canonical way
    Fmt(FmtArgs),
    /// Run the emulator of the Confluent APIs in the foreground
    Emulator(EmulatorArgs),
    /// Show the version
    Version(VersionArgs),
}

/// Looks of the output.
#[derive(Clone, Debug, Default, Args)]
pub struct ViewArgs {
    /// Print without colour
    #[arg(long)]
    pub no_color: bool,
    /// Print warnings without their details
    #[arg(long)]
    pub compact_warnings: bool,
}

/// Values for variables.
#[derive(Clone, Debug, Default, Args)]
pub struct VariableArgs {
    /// Give the root module's variable NAME a value (can be repeated)
    #[arg(long, value_name = "NAME=VALUE")]
    pub var: Vec<String>,
    /// Take values for variables from a file (can be repeated)
    #[arg(long, value_name = "FILE")]
    pub var_file: Vec<PathBuf>,
    /// Whether to ask for variables that have no value
    #[arg(long, value_name = "BOOL", default_value = "true", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub input: bool,
}

/// How a plan is made.
#[derive(Clone, Debug, Default, Args)]
pub struct PlanningArgs {
    /// Plan to delete everything
    #[arg(long)]
    pub destroy: bool,
    /// Only bring the state up to date with the real objects
    #[arg(long, conflicts_with = "destroy")]
    pub refresh_only: bool,
    /// Whether to read objects before planning
    #[arg(long, value_name = "BOOL", default_value = "true", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub refresh: bool,
    /// Only this resource or module, and what it needs (can be repeated)
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<String>,
    /// Replace this object (can be repeated)
    #[arg(long, value_name = "ADDRESS")]
    pub replace: Vec<String>,
    /// How many operations run at once
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub parallelism: usize,
    /// Whether to lock the state (writing always locks; accepted for compatibility)
    #[arg(long, value_name = "BOOL", default_value = "true", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub lock: bool,
    /// How long to wait for a lock that somebody else holds, such as 30s or 5m
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub lock_timeout: String,
}

/// `init`
#[derive(Debug, Args)]
pub struct InitArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened")]
    pub view: ViewArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Accepted for compatibility: there are no plugins to upgrade
    #[arg(long)]
    pub upgrade: bool,
    /// Accepted for compatibility
    #[arg(long, value_name = "BOOL", default_value = "true", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub backend: bool,
    /// Accepted for compatibility
    #[arg(long, value_name = "BOOL", default_value = "true", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub input: bool,
    /// Accepted for compatibility
    #[arg(long)]
    pub reconfigure: bool,
}

/// `validate`
#[derive(Debug, Args)]
pub struct ValidateArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened")]
    pub view: ViewArgs,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// `plan`
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened")]
    pub view: ViewArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened")]
    pub variables: VariableArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened")]
    pub planning: PlanningArgs,
    /// Save the plan to a file, to be applied later
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Exit with 2 if there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Print a stream of JSON objects, one a line
    #[arg(long)]
    pub json: bool,
}

/// `apply`, `destroy`
#[derive(Debug, Args)]
pub struct ApplyArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened")]
    pub view: ViewArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened")]
    pub variables: VariableArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened")]
    pub planning: PlanningArgs,
    /// Do not ask before changing anything
    #[arg(long)]
    pub auto_approve: bool,
    /// Print a stream of JSON objects, one a line
    #[arg(long)]
    pub json: bool,
    /// A plan saved with `plan -out`
    pub plan_file: Option<PathBuf>,
}

/// `show`
#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened")]
    pub view: ViewArgs,
    /// Print JSON
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// Print Markdown, for a pull-request comment
    #[arg(long)]
    pub markdown: bool,
    /// A saved plan; without it, the state
    pub path: Option<PathBuf>,
}

/// `output`
#[derive(Debug, Args)]
pub struct OutputArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened")]
    pub view: ViewArgs,
    /// Print JSON
    #[arg(long, conflicts_with = "raw")]
    pub json: bool,
    /// Print the bare text of a string, number or bool
    #[arg(long)]
    pub raw: bool,
    /// The output; without it, all
    pub name: Option<String>,
}

/// `state`
#[derive(Debug, Args)]
pub struct StateArgs {
    /// What to do
    #[command(subcommand)]
    pub command: StateCommand,
}

/// The commands on the state.
#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// List the resource instances
    List {
        /// Only those within these addresses
        addresses: Vec<String>,
        /// Only the one with this id
        #[arg(long)]
        id: Option<String>,
    },
    /// Show one resource instance
    Show {
        #[command(flatten)]
        #[expect(missing_docs, reason = "flattened")]
        view: ViewArgs,
        /// Its address
        address: String,
    },
    /// Print the state as Terraform's version 4 JSON (with its secrets)
    Pull,
}

/// `graph`
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// Print Mermaid instead of DOT
    #[arg(long)]
    pub mermaid: bool,
    /// The execution graph of a saved plan
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
}

/// `fmt`
#[derive(Debug, Args)]
pub struct FmtArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened")]
    pub view: ViewArgs,
    /// Only tell, with the exit code, whether files would change
    #[arg(long)]
    pub check: bool,
    /// Show what changes
    #[arg(long)]
    pub diff: bool,
    /// Whether to list changed files
    #[arg(long, value_name = "BOOL", default_value = "true", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub list: bool,
    /// Whether to write changed files
    #[arg(long, value_name = "BOOL", default_value = "true", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub write: bool,
    /// Also the folders inside
    #[arg(long)]
    pub recursive: bool,
    /// Files and folders; `-` for standard input
    pub targets: Vec<PathBuf>,
}

/// `emulator`
#[derive(Debug, Args)]
pub struct EmulatorArgs {
    /// Listen on this address instead of a free port
    #[arg(long, value_name = "127.0.0.1:PORT")]
    pub listen: Option<std::net::SocketAddr>,
    /// Keep the data in this folder; without it, in memory
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// How long clusters, pools and statements take to come up
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub phase_delay: String,
    /// Print one line of JSON as soon as it answers
    #[arg(long)]
    pub json: bool,
}

/// `version`
#[derive(Debug, Args)]
pub struct VersionArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Cli {
        Cli::try_parse_from(normalize(line.split(' ').map(OsString::from))).unwrap()
    }

    #[test]
    fn flags_are_read_as_terraform_users_type_them() {
        let cli = parse(
            "streamform -chdir=x -emulator plan -var a=b --var=c=d -refresh=false -detailed-exitcode -out=p",
        );
        assert_eq!(cli.chdir, Some("x".into()));
        assert!(cli.emulator);
        let Command::Plan(plan) = cli.command else {
            panic!("no plan")
        };
        assert_eq!(plan.variables.var, ["a=b", "c=d"]);
        assert!(!plan.planning.refresh);
        assert!(plan.detailed_exitcode);
        assert_eq!(plan.out, Some("p".into()));
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
