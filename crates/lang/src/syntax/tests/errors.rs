//! What becomes of text that is not well formed.

use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Sources;
use crate::syntax::*;

/// `line:column summary: detail` of every error.
fn told(text: &str, d: &Diagnostics) -> String {
    let mut sources = Sources::default();
    let id = sources.add("x.tf", text);
    let file = sources.get(id).unwrap();
    d.iter()
        .map(|d| {
            let at = file.position(d.subject.unwrap().start);
            format!("{}:{} {}: {}\n", at.line, at.column, d.summary, d.detail)
        })
        .collect()
}

fn errors(text: &str) -> String {
    told(text, &parse(FileId(0), text).1)
}

#[test]
fn a_character_that_cannot_be_ends_a_heredoc() {
    for text in [
        "a = <<E\nx\ry\nE\n",
        "a = <<E\n$\rx\nE\n",
        "a = <<E\n${x}\r \nE\n",
        "a = <<E\nx$",
    ] {
        let told: Vec<String> = errors(text)
            .lines()
            .filter_map(|l| Some(l.split_once(": ")?.0.to_owned()))
            .collect();
        assert!(
            told.len() == 2
                && told[0].ends_with("Invalid character")
                && told[1].ends_with("Unterminated template string"),
            "{text:?}: {told:?}"
        );
    }
    assert_eq!(errors("a = <<E\nx${y}\r\n$\r\nE\n"), "");
}

#[test]
fn common_mistakes() {
    let mut out = String::new();
    for text in [
        "resource \"a\" \"b\" {\n  x = 1\n\nresource \"c\" \"d\" {\n}\n",
        "a = \"abc\nb = 1\n",
        "a = 'x'\n",
        "a : 1\n",
        "a {\n  x: 1\n}\n",
        "a = [1 2]\n",
        "a = [\n  1\n  2\n]\n",
        "a = {\n  b = 1 c = 2\n}\n",
        "a = f(1 2)\n",
        "a = f(1\n",
        "a = (1\n",
        "a = [1\n",
        "a = {\n",
        "a = <<EOT\nx\n",
        "a = \"${x\"\n",
        "a = \"${VAR:-x}\"\n",
        "a = \"\\d\"\n",
        "a = \"\\${x}\"\n",
        "a \"b\" = {\n}\n",
        "a\n{\n}\n",
        "a { b = 1, c = 2 }\n",
        "a { b = 1\n}\n",
        "a = x.\n",
        "a = x..y\n",
        "a = 1 +\n",
        "a = \n",
        "a == 1\n",
        "a = 1\na = 2\n",
        "a = x & y\n",
        "a = x;\n",
        "a = \u{201c}x\u{201d}\n",
        "a = 1.2.3\n",
        "a = x.0.1\n",
        "a = x.*.y.*.z\n",
        "a = {for x in y : x}\n",
        "a = [for x in y : x => 1]\n",
        "a = \"%{ if x }\"\n",
        "a = \"%{ fr x in y }\"\n",
        "a = x ? 1\n",
        "\"a\" = 1\n",
        "}\n",
        "a = 1 /* x\n",
        "variable \"a${b}\" {}\n",
    ] {
        out.push_str(&format!("{text:?}\n"));
        for line in errors(text).lines() {
            out.push_str(&format!("    {line}\n"));
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn what_is_good_is_kept() {
    let text = "a \"1\" {\n  x = 1\n  y = \n  z = 3\n}\nb = 2\nc {\n  d = [1 2]\n}\ne = 4\n";
    let (file, d) = parse(FileId(0), text);
    assert_eq!(d.len(), 1, "{d:?}");
    let names: Vec<_> = file
        .body
        .attributes
        .iter()
        .map(|a| a.name.name.to_string())
        .collect();
    assert_eq!(names, ["b", "e"]);
    assert_eq!(file.body.blocks.len(), 2);
    assert_eq!(file.body.blocks[0].body.attributes.len(), 3);
}

#[test]
fn too_deep_is_refused() {
    for text in [
        format!("a = {}1{}\n", "[".repeat(5000), "]".repeat(5000)),
        format!("a = {}1\n", "(".repeat(5000)),
        format!("a = {}x\n", "!".repeat(5000)),
        format!("a = {}x\n", "\"${".repeat(5000)),
        format!("a = {}1\n", "x ? 1 : ".repeat(5000)),
        format!("a = 1{}\n", " + 1".repeat(5000)),
        "a {\n".repeat(5000),
        format!(
            "a = {}1{}\n",
            "(".repeat(100),
            format!("{})", " + 1".repeat(400)).repeat(100)
        ),
        format!("a = x{}\n", "[y]".repeat(5000)),
        format!("a = x{}\n", "[*]".repeat(5000)),
        format!(
            "a = {}x{}\n",
            format!("\"{}${{", "%{if x}".repeat(90)).repeat(90),
            format!("}}{}\"", "%{endif}".repeat(90)).repeat(90)
        ),
        format!("a = \"{}\"\n", "%{if x}".repeat(5000)),
    ] {
        let d = parse(FileId(0), &text).1;
        assert!(
            d.iter().any(|d| d.summary == "Nesting too deep"),
            "{:?}",
            d.iter().next()
        );
    }
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    const SAMPLE: &str = include_str!("sample.tf");

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC*") {
            let _ = parse(FileId(0), &text);
            let _ = parse_template(FileId(0), &text, 0);
            let _ = parse_expression(FileId(0), &text, 0);
        }

        #[test]
        fn arbitrary_tokens_never_panic(parts in prop::collection::vec(prop::sample::select(vec![
            "a", " ", "\n", "{", "}", "[", "]", "(", ")", "\"", "${", "%{", "~}", "=", ".", "*", "[*]", ",", ":", "?", "for", "in", "if",
            "endif", "else", "<<E\n", "\nE\n", "1", "1.5", "#c\n", "/*", "*/", "=>", "...", "::", "-", "!", "+", "\\", "\u{e9}", "\r\n",
        ]), 0..60)) {
            let text = parts.concat();
            let _ = parse(FileId(0), &text);
            let _ = parse_template(FileId(0), &text, 0);
        }

        #[test]
        fn damaged_files_never_panic(at in 0..SAMPLE.len(), len in 0usize..20, with in "\\PC{0,5}") {
            let mut bytes = SAMPLE.as_bytes().to_vec();
            let end = (at + len).min(bytes.len());
            bytes.splice(at..end, with.bytes());
            if let Ok(text) = String::from_utf8(bytes) {
                let _ = parse(FileId(0), &text);
            }
        }
    }
}
