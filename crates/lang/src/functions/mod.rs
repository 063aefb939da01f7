//! The built-in functions.

use std::path::PathBuf;
use std::sync::Arc;

/// What functions may use of the outside world, as values: two evaluations with equal surroundings are equal.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The folder that relative file names start from (where the command runs).
    pub base_dir: PathBuf,
    /// The folder that `~` stands for at the start of a file name; none: such names are an error.
    pub home_dir: Option<PathBuf>,
    /// The time of the run for `timestamp()` and `plantimestamp()`, RFC 3339 in UTC; none: they are unknown.
    pub timestamp: Option<String>,
    /// The time of the plan.
    pub plan_timestamp: Option<String>,
    /// Whether functions that give another result each time (`uuid`, `bcrypt`, `timestamp`) run; otherwise they are unknown, as during a plan.
    pub impure: bool,
    /// Takes note of the files that functions look at; none: nobody wants to know.
    pub files_read: Option<Arc<FilesRead>>,
    /// Files as they were at an earlier time, in place of those that are there.
    pub kept_files: Option<Arc<KeptFiles>>,
}

mod call;
mod case;
mod charset;
mod clock;
mod collection;
mod crypto;
mod csv_text;
mod define;
mod encoding;
mod file_name;
mod files_read;
mod filesystem;
mod format;
mod go_math;
mod go_number;
mod network;
mod numeric;
#[cfg(test)]
mod oracle;
mod re2;
mod redact;
mod regex;
mod rsa;
mod spec;
mod string;
mod time;
mod types;
mod yaml;
mod yaml_text;

pub(crate) use filesystem::read_text;

pub use call::CallError;
pub use call::call;
pub use call::check_arity;
pub use call::convert_arguments;
pub use call::lookup;
pub use call::names;

pub use files_read::FilesRead;
pub use files_read::KeptFiles;
pub use files_read::LookedAt;
pub use redact::redact;
pub use spec::Body;
pub use spec::Function;
pub use spec::FunctionError;
pub use spec::Param;
pub use spec::ResultType;
