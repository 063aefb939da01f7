//! What ARCHITECTURE.md promises, as far as it can be read off the sources.

mod source;

use std::collections::BTreeSet;
use std::fs;

use source::Source;
use source::files;
use source::root;
use source::sources;

/// The rooms of the root package in the order of their rank, and what each may use of the workspace's crates. A room uses only rooms
/// that stand before it.
const ROOMS: &[(&str, &[&str])] = &[
    ("config", &["lang", "provider"]),
    ("deps", &["lang"]),
    ("eval", &["lang", "provider"]),
    ("plan", &["lang", "provider", "state"]),
    ("exec", &["lang", "provider", "state"]),
    ("engine", &["lang", "provider", "state"]),
    ("report", &["lang", "provider", "state"]),
    (
        "cli",
        &[
            "lang",
            "provider",
            "state",
            "confluent",
            "flink",
            "emulator",
            "flinksql",
        ],
    ),
];

/// The crates of the workspace by folder, and what each may depend on of the others.
const CRATES: &[(&str, &[&str])] = &[
    ("crates/allocator", &[]),
    ("crates/lang", &[]),
    ("crates/flinksql", &[]),
    ("state", &["lang"]),
    ("crates/provider", &["lang"]),
    ("crates/confluent", &["provider", "lang", "flinksql"]),
    ("crates/flink", &["provider", "lang", "flinksql"]),
    ("crates/emulator", &["flinksql"]),
];

/// Foreign crates that have one home each, and the homes.
const HOMES: &[(&str, &[&str])] = &[
    ("hcl_edit", &["crates/lang/src/syntax/"]),
    ("petgraph", &["src/deps/", "src/plan/", "src/exec/"]),
    ("sled", &["state/src/"]),
    ("tokio_postgres", &["state/src/postgres/"]),
    ("object_store", &["state/src/object/"]),
    (
        "reqwest",
        &[
            "crates/provider/src/rest/",
            "crates/confluent/src/",
            "crates/flink/src/",
            "crates/emulator/src/client",
            "state/src/object/",
            "state/src/http/",
        ],
    ),
    ("miette", &["src/report/diagnostic"]),
];

/// Lines that a file has at most.
const LONGEST: usize = 1000;

/// Longer files, each with the reason.
const LONG: &[(&str, &str)] = &[];

/// Files that may break a rule, by rule, each with the reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[(
    "prints",
    "src/cli/environment.rs",
    "it asks only whether these are terminals",
)];

fn excepted(rule: &str, path: &str) -> bool {
    EXCEPTIONS
        .iter()
        .any(|(other, file, _)| *other == rule && *file == path)
}

/// Fails with all that was found.
#[track_caller]
fn none(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

/// The sources that are part of what users run.
fn shipped() -> Vec<Source> {
    sources().into_iter().filter(|source| !source.is_test()).collect()
}

#[test]
fn rooms_use_only_what_stands_below_them() {
    let rank = |room: &str| ROOMS.iter().position(|(other, _)| *other == room);
    let mut found = Vec::new();
    for source in sources() {
        let Some(own) = source.room() else { continue };
        let Some(own_rank) = rank(own) else {
            if !["lib", "main"].contains(&own) {
                found.push(format!("{}: `{own}` is no room that has a rank", source.path));
            }
            continue;
        };
        for (other, _) in &ROOMS[own_rank + 1..] {
            for line in paths_to(&source, other) {
                found.push(format!(
                    "{}:{line}: `{own}` uses `{other}`, which stands above it",
                    source.path
                ));
            }
        }
        let may = ROOMS[own_rank].1;
        for (folder, _) in CRATES {
            let name = folder.rsplit('/').next().unwrap_or(folder);
            if may.contains(&name) || source.is_test() {
                continue;
            }
            for line in source.lines_with(&format!("streamform_{name}"), "") {
                found.push(format!("{}:{line}: `{own}` uses the crate `{name}`", source.path));
            }
        }
    }
    none("A room uses only rooms and crates that stand below it", &found);
}

/// Lines that name a room from the root of the package: `crate::room`, also in a group, or by climbing up to it.
fn paths_to(source: &Source, room: &str) -> Vec<usize> {
    let mut lines = Vec::new();
    // src/room/a/b.rs is `crate::room::a::b`, three below the root; `mod.rs` is its folder.
    let depth = source.path.trim_end_matches("/mod.rs").matches('/').count();
    let up = format!("{}{room}", "super::".repeat(depth));
    for (number, line) in (1..).zip(source.code.lines()) {
        let line: String = line.split_whitespace().collect();
        let named = |start: &str| {
            line.match_indices(start).any(|(at, _)| {
                let next = line[at + start.len()..].chars().next();
                !next.is_some_and(|c| c.is_alphanumeric() || c == '_')
            })
        };
        let grouped = line.split_once("crate::{").is_some_and(|(_, group)| {
            group
                .split([',', '}'])
                .any(|item| item.split("::").next() == Some(room))
        });
        if named(&format!("crate::{room}")) || named(&up) || grouped {
            lines.push(number);
        }
    }
    lines
}

#[test]
fn crates_depend_only_on_what_stands_below_them() {
    let mut found = Vec::new();
    let mut manifests = files(&["crates", "state"]);
    manifests.retain(|path| path.ends_with("/Cargo.toml"));
    assert!(manifests.len() >= 6, "{manifests:?}");
    for manifest in manifests {
        let folder = manifest.trim_end_matches("/Cargo.toml");
        let Some((_, may)) = CRATES.iter().find(|(other, _)| *other == folder) else {
            found.push(format!("{manifest}: the crate has no place in the order"));
            continue;
        };
        let text = fs::read_to_string(root().join(&manifest)).unwrap();
        let mut table = "";
        for line in text.lines().map(str::trim) {
            if line.starts_with('[') {
                table = line;
            }
            let Some(name) = line
                .trim_start_matches("[dependencies.")
                .strip_prefix("streamform")
            else {
                continue;
            };
            let name: String = name
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '-')
                .collect();
            let name = name.trim_start_matches('-');
            if table.contains("dependencies") && !table.contains("dev-dependencies") && !may.contains(&name) {
                found.push(format!("{manifest}: it depends on `streamform-{name}`"));
            }
        }
    }
    none("A crate depends only on crates that stand below it", &found);
}

#[test]
fn foreign_crates_stay_at_home() {
    let mut found = Vec::new();
    for source in shipped() {
        for (name, homes) in HOMES {
            if homes.iter().any(|home| source.path.starts_with(home)) {
                continue;
            }
            let mut lines = source.lines_with(name, "::");
            lines.extend(source.lines_with(&format!("use {name}"), ""));
            for line in lines {
                found.push(format!("{}:{line}: {name}", source.path));
            }
        }
    }
    none("These crates are named outside of their homes", &found);
}

#[test]
fn nothing_prints_past_the_report() {
    let mut found = Vec::new();
    for source in shipped() {
        if source.path.starts_with("src/report/") || source.path == "src/main.rs" {
            continue;
        }
        for name in ["print", "println", "eprint", "eprintln", "dbg"] {
            for line in source.lines_with(name, "!") {
                found.push(format!("{}:{line}: {name}!", source.path));
            }
        }
        for name in ["io::stdout", "io::stderr"] {
            for line in source.lines_with(name, "(") {
                if !excepted("prints", &source.path) {
                    found.push(format!("{}:{line}: {name}()", source.path));
                }
            }
        }
    }
    none("Only `report` writes to stdout and stderr", &found);
}

#[test]
fn no_room_is_named_after_nothing() {
    let empty = ["util", "utils", "common", "helper", "helpers", "misc"];
    let found: Vec<String> = files(&[
        "src", "crates", "state", "tests", "benches", "fuzz", "modules", "examples",
    ])
    .into_iter()
    .filter(|path| {
        path.split('/')
            .any(|part| empty.contains(&part.split('.').next().unwrap_or(part)))
    })
    .collect();
    none("A name says what is inside", &found);
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "a test tells the figure to whoever asks for it with --nocapture"
)]
fn files_are_short() {
    let all = sources();
    let mut found = Vec::new();
    let mut lengths = Vec::new();
    for source in &all {
        let length = source.text.lines().count();
        lengths.push(length);
        if length > LONGEST && !LONG.iter().any(|(path, _)| *path == source.path) {
            found.push(format!("{}: {length} lines", source.path));
        }
    }
    lengths.sort_unstable();
    println!(
        "{} files, {} lines; half of the files have at most {}, the longest has {}",
        lengths.len(),
        lengths.iter().sum::<usize>(),
        lengths[lengths.len() / 2],
        lengths[lengths.len() - 1]
    );
    none(&format!("A file has at most {LONGEST} lines"), &found);
}

#[test]
fn secrets_are_printed_only_where_a_user_asks_for_them() {
    // What each of them prints in clear, and that Terraform does the same.
    const ASKED: [&str; 6] = [
        "src/report/ui.rs",              // the function itself
        "src/cli/command/output.rs",     // `output NAME`, `-raw`, `-json`
        "src/cli/command/show.rs",       // `show -json`
        "src/cli/command/state/pull.rs", // `state pull`
        "src/cli/command/emulator.rs",   // the key of an emulator that was just started
        "src/cli/command/fmt.rs",        // the user's own files
    ];
    let mut found = Vec::new();
    for source in shipped()
        .into_iter()
        .filter(|s| !ASKED.contains(&s.path.as_str()))
    {
        for line in source.lines_with("out_in_clear", "(") {
            found.push(format!("{}:{line}", source.path));
        }
    }
    none("Whatever else is printed is masked", &found);
}

#[test]
fn nothing_is_left_to_do_in_the_sources() {
    // Put together, so that this file does not find itself.
    let marks = [["FIX", "ME"].concat(), ["XX", "X:"].concat()];
    let mut found = Vec::new();
    for source in sources() {
        for name in ["todo", "unimplemented"] {
            for line in source.lines_with(name, "!") {
                found.push(format!("{}:{line}: {name}!", source.path));
            }
        }
        for (number, line) in (1..).zip(source.text.lines()) {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    none(
        "What is not there is an error or an issue, not a mark in the sources",
        &found,
    );
}

#[test]
fn nothing_panics_on_purpose() {
    let mut found = Vec::new();
    for source in shipped() {
        let shown: Vec<&str> = source.text.lines().collect();
        for (number, line) in source.code.lines().enumerate() {
            // The rest of the file is its tests.
            if line.contains("#[cfg(test)]")
                && source
                    .code
                    .lines()
                    .nth(number + 1)
                    .is_some_and(|next| next.contains("mod ") && next.contains('{'))
            {
                break;
            }
            let panics = [".unwrap()", "panic!(", "unreachable!("]
                .iter()
                .any(|call| line.contains(call))
                // A parser may have an `expect` of its own, which takes no text.
                || line.contains(".expect(") && shown[number].contains(".expect(\"");
            let told = shown[number.saturating_sub(6)..=number]
                .iter()
                .any(|near| near.contains("INVARIANT"));
            if panics && !told && !only_for_tests(&source.path) {
                found.push(format!(
                    "{}:{}: {}",
                    source.path,
                    number + 1,
                    shown[number].trim()
                ));
            }
        }
    }
    none(
        "A panic that cannot happen says why, in a comment that begins with INVARIANT",
        &found,
    );
}

/// Files that their parent module includes under `#[cfg(test)]`, by a name that does not tell.
fn only_for_tests(path: &str) -> bool {
    let path = std::path::Path::new(path);
    let (Some(folder), Some(stem)) = (path.parent(), path.file_stem().and_then(|stem| stem.to_str())) else {
        return false;
    };
    [folder.join("mod.rs"), folder.with_extension("rs")]
        .iter()
        .any(|parent| {
            fs::read_to_string(root().join(parent)).is_ok_and(|text| {
                let mut before = "";
                text.lines().any(|line| {
                    let found = line.ends_with(&format!("mod {stem};")) && before == "#[cfg(test)]";
                    before = line;
                    found
                })
            })
        })
}

#[test]
fn every_example_and_module_is_mentioned() {
    if !root().join("README.md").is_file() {
        return;
    }
    let mut pages = vec!["README.md".to_owned()];
    pages.extend(files(&["docs", "examples", "modules"]));
    let text: String = pages
        .iter()
        // A page of an example does not make the example known.
        .filter(|page| page.ends_with(".md") && page.matches('/').count() < 2)
        .map(|page| fs::read_to_string(root().join(page)).unwrap())
        .collect();
    let mut found = Vec::new();
    for shelf in ["examples", "modules"] {
        let Ok(entries) = fs::read_dir(root().join(shelf)) else {
            continue;
        };
        for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
            let name = format!("{shelf}/{}", entry.file_name().to_string_lossy());
            if !text.contains(&name) {
                found.push(name);
            }
        }
    }
    none("README and docs name every example and module", &found);
}

#[test]
fn no_integration_test_is_forgotten() {
    let main = fs::read_to_string(root().join("tests/it/main.rs")).unwrap();
    let told: BTreeSet<&str> = main
        .lines()
        .filter_map(|line| {
            line.trim()
                .trim_start_matches("pub ")
                .strip_prefix("mod ")?
                .strip_suffix(';')
        })
        .collect();
    let mut found = Vec::new();
    for path in files(&["tests"]) {
        let Some(name) = path
            .strip_prefix("tests/it/")
            .and_then(|rest| rest.strip_suffix(".rs"))
        else {
            if path.ends_with(".rs") {
                found.push(format!("{path}: outside of the one binary"));
            }
            continue;
        };
        let module = name.trim_end_matches("/mod");
        if !module.contains('/') && module != "main" && !told.contains(module) {
            found.push(path);
        }
    }
    none("main.rs has a `mod` line for every file beside it", &found);
}

#[test]
fn every_exception_is_still_needed() {
    let gone: Vec<String> = EXCEPTIONS
        .iter()
        .map(|(_, path, _)| *path)
        .chain(LONG.iter().map(|(path, _)| *path))
        .filter(|path| !root().join(path).is_file())
        .map(str::to_owned)
        .collect();
    none("These exceptions are for files that are gone", &gone);
}
