//! The recorded cases that lie beside the repository, where they do.

use std::path::PathBuf;

use crate::diag::FileId;
use crate::diag::Sources;

/// The folder of recorded cases, if this checkout has one beside it.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub(crate) fn corpus() -> Option<PathBuf> {
    let mut at: Option<&std::path::Path> = Some(std::path::Path::new(env!("CARGO_MANIFEST_DIR")));
    while let Some(folder) = at {
        let candidate = folder.join("shared/corpus");
        if candidate.is_dir() {
            return Some(candidate);
        }
        at = folder.parent();
    }
    eprintln!("skipped: there is no shared/corpus beside this checkout");
    None
}

#[test]
fn recorded_snippets_agree() {
    let Some(corpus) = corpus() else { return };
    let lines = std::fs::read_to_string(corpus.join("parse/snippets.jsonl")).unwrap();
    let mut wrong = String::new();
    for line in lines.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(source) = case["src"].as_str() else {
            continue;
        };
        let (_, _, diagnostics) = crate::syntax::layout(FileId(0), source);
        let mut sources = Sources::default();
        let id = sources.add("x", source);
        let file = sources.get(id).unwrap();
        let mut got: Vec<(String, u64)> = diagnostics
            .iter()
            .map(|d| {
                (
                    d.summary.clone(),
                    u64::from(file.position(d.subject.unwrap().start).line),
                )
            })
            .collect();
        let mut want: Vec<(String, u64)> = case["errors"]
            .as_array()
            .map(|es| {
                es.iter()
                    .map(|e| (e[0].as_str().unwrap().to_owned(), e[1].as_u64().unwrap()))
                    .collect()
            })
            .unwrap_or_default();
        got.sort();
        want.sort();
        if got != want {
            wrong.push_str(&format!("{source:?}\n  want {want:?}\n  got  {got:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn recorded_literals_agree() {
    let Some(corpus) = corpus() else { return };
    let (mut wrong, mut seen) = (String::new(), 0);
    for entry in std::fs::read_dir(corpus.join("expr")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "jsonl") {
            continue;
        }
        for line in std::fs::read_to_string(path).unwrap().lines() {
            // Some cases have numbers beyond what this reader holds; none of them is about strings.
            let Ok(case) = serde_json::from_str::<serde_json::Value>(line) else {
                continue;
            };
            let (Some(source), Some(want)) = (case["expr"].as_str(), case["expect"]["value"].as_str()) else {
                continue;
            };
            let (Some(expr), _) = crate::syntax::parse_expression(FileId(0), source, 0) else {
                wrong.push_str(&format!("{source:?} is refused\n"));
                continue;
            };
            if let Some(got) = expr.as_literal_string() {
                seen += 1;
                if got != want {
                    wrong.push_str(&format!("{source:?}\n  want {want:?}\n  got  {got:?}\n"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(seen > 10, "{seen}");
}
