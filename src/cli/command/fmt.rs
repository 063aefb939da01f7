//! `fmt`

use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use similar::TextDiff;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_lang::diag::Span;
use streamform_lang::fmt::format;

use super::line;
use crate::cli::session::Surroundings;
use crate::report::Ui;

/// Lay configuration files out in the canonical way
///
/// Works on the .tf, .tfvars and .tftest.hcl files of the current folder, or on the files and folders that are named. Prints the
/// names of the files that it changes.
#[derive(Debug, Args)]
pub(in crate::cli) struct FmtArgs {
    /// Change nothing; exit with 3 if a file would change
    #[arg(long)]
    check: bool,
    /// Show what changes
    #[arg(long)]
    diff: bool,
    /// Print the names of files that change [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    list: Option<bool>,
    /// Write changed files [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    write: Option<bool>,
    /// Go into the folders inside, too
    #[arg(long)]
    recursive: bool,
    /// Files and folders; `-` for standard input
    #[arg(value_name = "FILE")]
    targets: Vec<PathBuf>,
}

/// What is formatted.
const ENDINGS: &[&str] = &[".tf", ".tfvars", ".tftest.hcl", ".tfmock.hcl"];

struct Formatter<'a> {
    args: &'a FmtArgs,
    list: bool,
    write: bool,
    /// Names and differences, or the text itself.
    out: String,
    changed: bool,
    sources: Sources,
    diagnostics: Diagnostics,
}

pub(super) fn run(surroundings: &Surroundings, args: &FmtArgs) -> u8 {
    run_with(&surroundings.ui(), args, &mut std::io::stdin())
}

fn run_with(ui: &Ui, args: &FmtArgs, input: &mut dyn Read) -> u8 {
    let stdin = args.targets.first().is_some_and(|t| t == Path::new("-"));
    let mut f = Formatter {
        args,
        list: args.list.unwrap_or(true) && !stdin,
        write: args.write.unwrap_or(true) && !stdin && !args.check,
        out: String::new(),
        changed: false,
        sources: Sources::default(),
        diagnostics: Diagnostics::new(),
    };
    if stdin && args.targets.len() > 1 {
        f.error(
            "Option - cannot be combined with other targets".to_owned(),
            String::new(),
        );
    } else if stdin && args.recursive {
        f.error(
            "Options -recursive and - cannot be combined".to_owned(),
            "Standard input has no folders inside.".to_owned(),
        );
    } else if stdin {
        let mut text = Vec::new();
        match input.read_to_end(&mut text) {
            Ok(_) => f.text("<stdin>", None, text),
            Err(e) => f.error("Failed to read standard input".to_owned(), format!("{e}.")),
        }
    } else if args.targets.is_empty() {
        f.folder(Path::new("."));
    } else {
        for target in &args.targets {
            f.target(target);
        }
    }
    // The user's own text, and nothing else.
    ui.out_in_clear(&f.out);
    ui.diagnostics(&f.diagnostics, &f.sources);
    if f.diagnostics.has_errors() {
        2
    } else if args.check && f.changed {
        3
    } else {
        0
    }
}

impl Formatter<'_> {
    fn error(&mut self, summary: String, detail: String) {
        self.diagnostics.push(Diagnostic::error(summary, detail));
    }

    fn target(&mut self, path: &Path) {
        let Ok(found) = path.metadata() else {
            return self.error(
                format!("No file or directory at {}", path.display()),
                String::new(),
            );
        };
        if found.is_dir() {
            return self.folder(path);
        }
        if !formattable(path) {
            return self.error(
                "Only .tf, .tfvars, and .tftest.hcl files can be processed with streamform fmt".to_owned(),
                format!("{} is none of them.", path.display()),
            );
        }
        self.file(path);
    }

    fn folder(&mut self, path: &Path) {
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(e) => return self.error(format!("Cannot read {}", path.display()), format!("{e}.")),
        };
        let mut names: Vec<_> = entries.filter_map(|e| Some(e.ok()?.file_name())).collect();
        names.sort();
        for name in names {
            let text = name.to_string_lossy();
            if text.starts_with('.') || text.ends_with('~') || (text.starts_with('#') && text.ends_with('#'))
            {
                continue;
            }
            let path = if path == Path::new(".") {
                PathBuf::from(&name)
            } else {
                path.join(&name)
            };
            if path.is_dir() {
                if self.args.recursive {
                    self.folder(&path);
                }
            } else if formattable(&path) {
                self.file(&path);
            }
        }
    }

    fn file(&mut self, path: &Path) {
        match std::fs::read(path) {
            Ok(text) => self.text(&path.display().to_string(), Some(path), text),
            Err(e) => self.error(format!("Failed to read file {}", path.display()), format!("{e}.")),
        }
    }

    fn text(&mut self, name: &str, path: Option<&Path>, bytes: Vec<u8>) {
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(e) => {
                let at = u32::try_from(e.utf8_error().valid_up_to()).unwrap_or_default();
                let id = self.sources.add(name, String::from_utf8_lossy(e.as_bytes()));
                return self.diagnostics.error_at(
                    Span::new(id, at, at + '\u{fffd}'.len_utf8() as u32),
                    "Invalid character encoding",
                    "All files of a configuration are encoded in UTF-8, and this is none. Save the file in that encoding.",
                );
            }
        };
        let id = self.sources.add(name, text.as_str());
        let laid_out = match format(id, &text) {
            Ok(laid_out) => laid_out,
            Err(found) => return self.diagnostics.extend(found),
        };
        if laid_out != text {
            self.changed = true;
            if self.list {
                self.out.push_str(&line(name));
            }
            if let (true, Some(path)) = (self.write, path)
                && let Err(e) = std::fs::write(path, &laid_out)
            {
                self.error(format!("Failed to write {name}"), format!("{e}."));
            }
            if self.args.diff {
                let shown = if path.is_some() { name } else { "<stdin>" };
                let diff = TextDiff::from_lines(text.as_str(), laid_out.as_str());
                let diff = diff
                    .unified_diff()
                    .header(&format!("old/{shown}"), &format!("new/{shown}"))
                    .to_string();
                self.out.push_str(&diff);
            }
        }
        if !self.list && !self.write && !self.args.diff && !self.args.check {
            // One line end always follows.
            self.out
                .push_str(&line(laid_out.strip_suffix('\n').unwrap_or(&laid_out)));
        }
    }
}

fn formattable(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|n| ENDINGS.iter().any(|e| n.to_string_lossy().ends_with(e)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::UiSettings;
    use crate::report::ui::Captured;

    fn formatted(options: &[&str], input: &str) -> (u8, String) {
        let args = <crate::cli::arguments::Cli as clap::Parser>::try_parse_from(
            ["streamform", "fmt", "-"].iter().chain(options),
        )
        .unwrap();
        let crate::cli::arguments::Command::Fmt(args) = args.command else {
            panic!("not fmt")
        };
        let out = Captured::default();
        let ui = Ui::with_streams(
            UiSettings::default(),
            Box::new(out.clone()),
            Box::new(std::io::sink()),
            Box::new(std::io::empty()),
        );
        let code = run_with(&ui, &args, &mut input.as_bytes());
        (code, out.text())
    }

    #[test]
    fn standard_input_is_laid_out_to_standard_output() {
        assert_eq!(
            formatted(&[], "a   = 1\nbc =2\n"),
            (0, "a  = 1\nbc = 2\n".to_owned())
        );
        assert_eq!(formatted(&[], "a=1"), (0, "a = 1\n".to_owned()));
        assert_eq!(formatted(&[], ""), (0, "\n".to_owned()));
    }

    #[test]
    fn checking_tells_by_its_exit_code() {
        assert_eq!(formatted(&["--check"], "a=1\n"), (3, String::new()));
        assert_eq!(formatted(&["--check"], "a = 1\n").0, 0);
        assert_eq!(formatted(&[], "a = {\n").0, 2);
    }

    #[test]
    fn a_difference_names_the_file() {
        let (code, text) = formatted(&["--diff"], "a=1\n");
        assert_eq!(code, 0);
        assert_eq!(
            text,
            "--- old/<stdin>\n+++ new/<stdin>\n@@ -1 +1 @@\n-a=1\n+a = 1\n"
        );
    }
}
