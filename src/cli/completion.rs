//! Completion of command lines: what the shell asks with `COMP_LINE`, and `-install-autocomplete`, which makes it ask.
//!
//! The protocol is that of bash's `complete -C`: the shell runs the program with the line so far in `COMP_LINE` and the place of the
//! cursor in `COMP_POINT`, and takes each printed line for a candidate. Terraform's own completion works so, too.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use clap::Command;

/// What the shell asks, if it does: the line up to the cursor.
pub(super) fn asked() -> Option<String> {
    let line = std::env::var("COMP_LINE").ok()?;
    let point = std::env::var("COMP_POINT").ok().and_then(|p| p.parse().ok());
    let typed = point.and_then(|point: usize| line.get(..point));
    Some(typed.unwrap_or(&line).to_owned())
}

/// What could stand at the end of a line, sorted. Nothing: the shell completes names of files.
pub(super) fn candidates(tree: &Command, line: &str) -> Vec<String> {
    let mut words: Vec<&str> = line.split_whitespace().skip(1).collect();
    let last = if line.ends_with(char::is_whitespace) {
        ""
    } else {
        words.pop().unwrap_or_default()
    };
    let mut at = tree;
    for word in words {
        at = at.find_subcommand(word).unwrap_or(at);
    }
    let mut found: Vec<String> = if last.starts_with('-') {
        at.get_arguments()
            .filter(|a| !a.is_hide_set())
            .filter_map(|a| Some(format!("-{}", a.get_long()?)))
            .collect()
    } else {
        at.get_subcommands()
            .filter(|c| !c.is_hide_set())
            .map(|c| c.get_name().to_owned())
            .collect()
    };
    // Two dashes are as good as one.
    let wanted = last
        .strip_prefix('-')
        .filter(|w| w.starts_with('-'))
        .unwrap_or(last);
    found.retain(|candidate| candidate.starts_with(wanted));
    found.sort();
    found.dedup();
    found
}

/// What `-install-autocomplete` and `-uninstall-autocomplete` do to the files of the user's shells: given the home folder and the
/// program, the files that were changed, or why none was.
pub(super) type Change = fn(&Path, &Path) -> Result<Vec<PathBuf>, String>;

/// The change that a command line asks for.
pub(super) fn change(args: &[OsString]) -> Option<Change> {
    let [_, flag] = args else { return None };
    match flag.to_str()?.trim_start_matches('-') {
        "install-autocomplete" => Some(install),
        "uninstall-autocomplete" => Some(uninstall),
        _ => None,
    }
}

/// A file of a shell, and the line in it that turns completion on.
struct Hook {
    file: PathBuf,
    line: String,
}

fn hooks(home: &Path, program: &Path) -> Vec<Hook> {
    let program = program.display();
    let bash = [".bashrc", ".bash_profile", ".bash_login", ".profile"]
        .map(|name| home.join(name))
        .into_iter()
        .find(|file| file.exists());
    let zsh = Some(home.join(".zshrc")).filter(|file| file.exists());
    let fish = Some(home.join(".config/fish")).filter(|folder| folder.exists());
    let by_program = format!("complete -o default -C {program} streamform");
    let mut hooks = Vec::new();
    hooks.extend(bash.map(|file| Hook {
        file,
        line: by_program.clone(),
    }));
    hooks.extend(zsh.map(|file| Hook {
        file,
        line: format!("autoload -U +X bashcompinit && bashcompinit && {by_program}"),
    }));
    hooks.extend(fish.map(|folder| Hook {
        file: folder.join("completions/streamform.fish"),
        line: format!("complete -c streamform -a '(env COMP_LINE=(commandline -cp) {program})'"),
    }));
    hooks
}

/// Adds the line to the files of the shells that the user has.
fn install(home: &Path, program: &Path) -> Result<Vec<PathBuf>, String> {
    let hooks = hooks(home, program);
    if hooks.is_empty() {
        return Err(format!(
            "There is no file of bash, zsh or fish in {}. Make ~/.bashrc or ~/.zshrc first.",
            home.display()
        ));
    }
    let mut changed = Vec::new();
    for hook in &hooks {
        let mut text = content(&hook.file)?;
        if text.lines().any(|line| line == hook.line) {
            continue;
        }
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&hook.line);
        text.push('\n');
        write(&hook.file, &text)?;
        changed.push(hook.file.clone());
    }
    if changed.is_empty() {
        return Err(
            "It is installed already, for every shell that has a file in your home folder.".to_owned(),
        );
    }
    Ok(changed)
}

/// Takes the lines out again.
fn uninstall(home: &Path, program: &Path) -> Result<Vec<PathBuf>, String> {
    let mut changed = Vec::new();
    for hook in hooks(home, program) {
        let text = content(&hook.file)?;
        let kept: String = text
            .split_inclusive('\n')
            .filter(|line| line.trim_end() != hook.line)
            .collect();
        if kept != text {
            write(&hook.file, &kept)?;
            changed.push(hook.file);
        }
    }
    if changed.is_empty() {
        return Err("It is not installed.".to_owned());
    }
    Ok(changed)
}

fn content(file: &Path) -> Result<String, String> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(text),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(e) => Err(format!("{} cannot be read: {e}.", file.display())),
    }
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    let made = file.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(file, text))
        .map_err(|e| format!("{} cannot be written: {e}.", file.display()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::arguments::Cli;

    fn complete(line: &str) -> Vec<String> {
        candidates(&Cli::command(), line)
    }

    #[test]
    fn commands_and_flags_are_completed_where_they_stand() {
        assert_eq!(complete("streamform wor"), ["workspace"]);
        assert_eq!(complete("streamform workspace se"), ["select"]);
        assert_eq!(complete("streamform apply -auto-ap"), ["-auto-approve"]);
        assert_eq!(complete("streamform apply --auto-ap"), ["-auto-approve"]);
        assert!(complete("streamform ").contains(&"plan".to_owned()));
        assert!(complete("streamform plan -").contains(&"-target".to_owned()));
        assert_eq!(complete("streamform apply pl"), [""; 0]);
    }

    #[test]
    fn it_is_installed_once_and_taken_out_again() {
        let home = tempfile::tempdir().expect("a folder");
        let program = Path::new("/opt/streamform");
        assert!(install(home.path(), program).is_err());
        let bashrc = home.path().join(".bashrc");
        fs::write(&bashrc, "alias l=ls").expect("written");
        assert_eq!(install(home.path(), program), Ok(vec![bashrc.clone()]));
        assert!(install(home.path(), program).is_err());
        let text = fs::read_to_string(&bashrc).expect("read");
        assert_eq!(
            text,
            "alias l=ls\ncomplete -o default -C /opt/streamform streamform\n"
        );
        assert_eq!(uninstall(home.path(), program), Ok(vec![bashrc.clone()]));
        assert_eq!(fs::read_to_string(&bashrc).expect("read"), "alias l=ls\n");
        assert!(uninstall(home.path(), program).is_err());
    }
}
