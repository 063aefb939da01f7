//! `docs/tutorial.md` shows what really happens: its commands are run, and every line that it shows must come.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::sandbox::{Run, Sandbox};

/// One command of the tutorial and the lines that it shows after it.
struct Step {
    command: String,
    shown: Vec<String>,
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if !inside {
        } else if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step {
                command: command.to_owned(),
                shown: Vec::new(),
            });
        } else if let Some(step) = steps.last_mut() {
            step.shown.push(line.trim_end().to_owned());
        }
    }
    steps
}

/// A line without what differs from run to run: ids, ports, numbers of schemas.
fn masked(line: &str) -> String {
    let prefixes = [
        "env-",
        "lkc-",
        "lfcp-",
        "lsrc-",
        "sa-",
        "rb-",
        "127.0.0.1:",
        "1000",
    ];
    let mut out = String::new();
    let mut rest = line.trim_end();
    while let Some(first) = rest.chars().next() {
        match prefixes.iter().find(|prefix| rest.starts_with(**prefix)) {
            Some(prefix) => {
                let after = rest[prefix.len()..]
                    .trim_start_matches(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
                out.push_str(prefix);
                out.push('*');
                rest = after;
            }
            None => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}

/// Every shown line must be on stdout or stderr, in its order there.
#[track_caller]
fn check(step: &Step, run: &Run) {
    let mut streams =
        [&run.stdout, &run.stderr].map(|text| text.lines().map(masked).collect::<VecDeque<_>>());
    for line in &step.shown {
        // A prompt does not end its line when nobody types there.
        if line.is_empty() || line == "…" || line.starts_with("  Enter a value:") {
            continue;
        }
        let line = masked(line);
        let found = streams.iter_mut().any(|stream| {
            let at = stream.iter().position(|said| {
                *said == line || said.strip_prefix("  Enter a value: ") == Some(line.as_str())
            });
            at.map(|at| stream.drain(..=at)).is_some()
        });
        assert!(
            found,
            "the tutorial shows a line that does not come (any more, or here):\n{line}\n{run}"
        );
    }
}

#[test]
fn tutorial_shows_what_happens() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tutorial.md");
    let steps = steps(&fs::read_to_string(page).unwrap());
    assert!(steps.len() > 10, "the tutorial has commands");
    let sandbox = Sandbox::new();
    sandbox.copy_of_project("examples");
    sandbox.copy_of_project("modules");
    for step in &steps {
        if let Some(args) = step.command.strip_prefix("streamform ") {
            let run = sandbox.run_with_input(args.split(' '), "yes\n");
            run.code_is(0);
            check(step, &run);
        } else {
            let shell = Command::new("sh")
                .args(["-c", &step.command])
                .current_dir(sandbox.path(""))
                .status()
                .unwrap();
            assert!(shell.success(), "{}", step.command);
        }
    }
}

#[test]
fn the_readme_shows_what_happens() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once("\n## Thirty seconds\n").unwrap();
    let steps = steps(section.split("\n## ").next().unwrap());
    let sandbox = Sandbox::new();
    sandbox.copy_of_project("examples");
    sandbox.copy_of_project("modules");
    let mut seen = 0;
    for step in &steps {
        let command = step.command.split(" #").next().unwrap_or_default().trim();
        // (Its shell and its folder are the sandbox's.)
        let Some(args) = command.strip_prefix("streamform ") else {
            continue;
        };
        if args.contains("-out=") {
            sandbox.edit(
                "examples/quickstart/sql/fill_product_revenue.sql",
                "COUNT(*)",
                "COUNT(DISTINCT order_id)",
            );
        }
        let within = ["-chdir=examples/quickstart"].into_iter().chain(args.split(' '));
        let run = sandbox.run_with_input(within, "yes\n");
        run.code_is(0);
        check(step, &run);
        seen += 1;
    }
    assert_eq!(seen, 6, "the README has other commands");
}
