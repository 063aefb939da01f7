//! What the documents promise: links lead somewhere, and every command and variable of the environment is named.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::sandbox::Sandbox;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Markdown file that a reader may find.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["", "docs", "examples", "modules"] {
        collect(&root().join(folder), !folder.is_empty(), "md", &mut found);
    }
    found
}

fn collect(folder: &Path, deep: bool, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && deep {
            collect(&path, deep, ending, found);
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
}

/// The anchors of a document, as GitHub makes them of headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter_map(|l| l.strip_prefix('#'));
    headings
        .map(|h| {
            let title = h.trim_start_matches('#').trim().to_lowercase();
            let kept = title
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.collect::<String>().replace(' ', "-")
        })
        .collect()
}

/// The targets of `[text](target)` outside of blocks of code.
fn links(text: &str) -> Vec<String> {
    let mut code = false;
    let mut found = Vec::new();
    for line in text.lines() {
        code ^= line.trim_start().starts_with("```");
        if code {
            continue;
        }
        let ends = line.match_indices("](").map(|(at, _)| &line[at + 2..]);
        found.extend(ends.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
    }
    found
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    let mut seen = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in links(&text).into_iter().filter(|l| !l.contains("://")) {
            seen += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() {
                document.clone()
            } else {
                document.parent().unwrap().join(file)
            };
            let there = target.exists()
                && (anchor.is_empty()
                    || fs::read_to_string(&target).is_ok_and(|t| anchors(&t).contains(anchor)));
            if !there {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(seen > 40, "only {seen} links were found");
}

#[test]
fn the_readme_names_every_command() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, section) = readme.split_once("\n## Commands\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let sandbox = Sandbox::new();
    let commands = |args: &[&str]| -> Vec<String> {
        let help = sandbox.ok(args).stdout;
        let (_, list) = help.split_once("\nCommands:\n").unwrap();
        let names = list.lines().take_while(|l| !l.is_empty());
        names
            .filter(|l| !l.starts_with("   "))
            .filter_map(|l| l.split_whitespace().next().map(str::to_owned))
            .collect()
    };
    let mut all = commands(&["-help"]);
    assert!(all.len() > 20, "{all:?}");
    all.extend(commands(&["state", "-help"]));
    for name in all {
        let named = section.contains(&format!("`{name}`")) || section.contains(&format!("`{name} "));
        assert!(named, "README.md does not name the command {name}");
    }
}

#[test]
fn every_variable_of_the_environment_is_documented() {
    let mut sources = Vec::new();
    for folder in ["src", "state/src", "crates"] {
        collect(&root().join(folder), true, "rs", &mut sources);
    }
    let mut names = BTreeSet::new();
    for source in sources {
        let text = fs::read_to_string(&source).unwrap();
        // Tests stand at the end.
        let text = text.split("#[cfg(test)]").next().unwrap();
        if source.components().any(|c| c.as_os_str() == "tests") || source.ends_with("tests.rs") {
            continue;
        }
        for quoted in text.split('"').skip(1).step_by(2) {
            let own = quoted.starts_with("STREAMFORM_") || quoted.starts_with("TF_");
            let is_name = quoted.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            if own && is_name && quoted.len() > "STREAMFORM_".len() {
                names.insert(quoted.to_owned());
            }
        }
        // What our command reads under both names.
        if source.starts_with(root().join("src/cli")) {
            let asked = text.split("variable(\"").skip(1);
            names.extend(asked.filter_map(|rest| Some(format!("TF_{}", rest.split_once('"')?.0))));
        }
    }
    assert!(names.len() > 15, "{names:?}");
    let docs = fs::read_dir(root().join("docs")).unwrap();
    let docs: String = docs
        .filter_map(|e| fs::read_to_string(e.unwrap().path()).ok())
        .collect();
    let missing: Vec<_> = names
        .iter()
        // Every setting of the backend http has one.
        .filter(|n| !docs.contains(n.as_str()) && !n.starts_with("TF_HTTP_"))
        .collect();
    assert!(missing.is_empty(), "docs/ does not name {missing:?}");
}
