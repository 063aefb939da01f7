//! The sources as the rules see them: files, and their code without comments and the content of strings.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// One Rust file of this repository.
pub(super) struct Source {
    /// From the root of the repository, with forward slashes.
    pub(super) path: String,
    /// All of it.
    pub(super) text: String,
    /// The code alone: comments and what is inside strings are blank, lines stay where they are.
    pub(super) code: String,
}

impl Source {
    /// Whether the file is only compiled for tests, or for building.
    pub(super) fn is_test(&self) -> bool {
        self.path.split('/').any(|part| {
            let stem = part.strip_suffix(".rs").unwrap_or(part);
            ["tests", "benches", "examples", "fuzz", "build"].contains(&stem)
                && !self.path.starts_with("src/plan/build")
                || stem.ends_with("_tests")
        })
    }

    /// The first folder or file below `src/`: the room, for files of the root package.
    pub(super) fn room(&self) -> Option<&str> {
        let rest = self.path.strip_prefix("src/")?;
        let first = rest.split('/').next()?;
        Some(first.strip_suffix(".rs").unwrap_or(first))
    }

    /// The lines of the code that hold `name` as a whole word, followed by `after`: their numbers.
    pub(super) fn lines_with(&self, name: &str, after: &str) -> Vec<usize> {
        let found = |line: &str| {
            line.match_indices(name).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                let rest = &line[at + name.len()..];
                !before.is_some_and(is_word)
                    && !rest.chars().next().is_some_and(is_word)
                    && rest.trim_start().starts_with(after)
            })
        };
        (1..)
            .zip(self.code.lines())
            .filter(|(_, line)| found(line))
            .map(|(number, _)| number)
            .collect()
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The folder of the repository.
pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below these folders, from the root of the repository; folders of builds and hidden ones are passed over.
pub(super) fn files(folders: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for folder in folders {
        walk(&root().join(folder), &mut found);
    }
    let prefix = root();
    let mut paths: Vec<String> = found
        .iter()
        .filter_map(|path| path.strip_prefix(&prefix).ok())
        .map(|path| path.to_string_lossy().replace('\\', "/"))
        .collect();
    paths.sort();
    paths
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" {
            continue;
        }
        if entry.path().is_dir() {
            walk(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

/// All Rust files of the repository.
pub(super) fn sources() -> Vec<Source> {
    files(&["src", "crates", "state", "tests", "benches", "fuzz"])
        .into_iter()
        .filter(|path| path.ends_with(".rs"))
        .map(|path| {
            let text = fs::read_to_string(root().join(&path)).unwrap();
            let code = code_of(&text);
            Source { path, text, code }
        })
        .collect()
}

/// Blanks out comments and the insides of strings.
pub(super) fn code_of(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match (chars[at], chars.get(at + 1)) {
            ('/', Some('/')) => line_end(&chars, at),
            ('/', Some('*')) => block_end(&chars, at),
            ('"', _) => string_end(&chars, at),
            ('r', Some('"' | '#')) if !code.chars().next_back().is_some_and(is_word) => raw_end(&chars, at),
            ('\'', _) => char_end(&chars, at),
            _ => at,
        };
        if end == at {
            code.push(chars[at]);
            at += 1;
        } else {
            code.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

fn line_end(chars: &[char], at: usize) -> usize {
    (at..chars.len())
        .find(|i| chars[*i] == '\n')
        .unwrap_or(chars.len())
}

fn block_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut i) = (0, at);
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            return i;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], at: usize) -> usize {
    let mut i = at + 1;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(chars.len())
}

/// The end of `r"…"` or `r#"…"#`; `at` itself for a raw identifier.
fn raw_end(chars: &[char], at: usize) -> usize {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    let open = at + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return at;
    }
    (open + 1..chars.len())
        .find(|i| {
            chars[*i] == '"' && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
        })
        .map_or(chars.len(), |i| i + 1 + hashes)
}

/// The end of a character; `at` itself for a lifetime.
fn char_end(chars: &[char], at: usize) -> usize {
    match chars.get(at + 1) {
        Some('\\') => (at + 3..chars.len())
            .find(|i| chars[*i] == '\'')
            .map_or(chars.len(), |i| i + 1),
        Some(_) if chars.get(at + 2) == Some(&'\'') => at + 3,
        _ => at,
    }
}

#[test]
fn comments_and_strings_are_no_code() {
    let text = "let a = \"x::y \\\" z\"; // b::c\n/* d /* e */ f */ g('\"', '\\'', 'h'); fn i<'j>(k: r#type) {}\nr#\"l \" m\"# n\n";
    let code = code_of(text);
    let words: Vec<&str> = code.split_whitespace().collect();
    assert_eq!(
        words,
        [
            "let", "a", "=", ";", "g(", ",", ",", ");", "fn", "i<'j>(k:", "r#type)", "{}", "n"
        ]
    );
    assert_eq!(code.lines().count(), text.lines().count());
}
