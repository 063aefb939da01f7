//! Formatting: recorded cases, and that it settles at once.

use proptest::prelude::*;

use super::format;
use crate::diag::FileId;

const SAMPLE: &str = include_str!("../syntax/tests/sample.tf");

fn formatted(text: &str) -> String {
    format(FileId(0), text).unwrap()
}

#[test]
fn recorded_cases_agree() {
    let Some(corpus) = crate::syntax::tests::corpus::corpus() else {
        return;
    };
    let mut wrong = String::new();
    for group in std::fs::read_dir(corpus.join("fmt")).unwrap() {
        for entry in std::fs::read_dir(group.unwrap().path()).unwrap() {
            let path = entry.unwrap().path();
            let Some(base) = path.to_str().and_then(|p| p.strip_suffix(".in.tf")) else {
                continue;
            };
            let source = std::fs::read_to_string(&path).unwrap();
            let want = std::fs::read_to_string(format!("{base}.out.tf")).unwrap();
            // Where the recorded formatter does not settle at once, its second result is recorded too.
            let again = std::fs::read_to_string(format!("{base}.out2.tf")).ok();
            for (source, want) in [(&source, &want)]
                .into_iter()
                .chain(again.iter().map(|a| (&want, a)))
            {
                // The command that was recorded ends what it prints with a line end, whether the text has one or not.
                let printed = format(FileId(0), source).map(|t| if t.ends_with('\n') { t } else { t + "\n" });
                match printed {
                    Ok(got) if got == *want => {}
                    Ok(got) => wrong.push_str(&format!("{base}\n--- want\n{want}\n--- got\n{got}\n")),
                    Err(d) => wrong.push_str(&format!("{base}\n{d:?}\n")),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_file_is_laid_out() {
    insta::assert_snapshot!(formatted(
        "resource  a \"b\" {\n# c\nx=1 # one\nlonger   =  [1,2 , 3]# two\n\n  y = {\na=1\n  bcd : 2\n}\nz = \"${var.x}\"\n text = <<EOT\n   left  alone ${ x+1 }\nEOT\nneg = - 1\nsub = a-b - -1\nif = a?b:c\nf = f( x ,[ 1 ]... )\nnot = ! x\n}\nvariable \"v\" {\n type = \"list\"\n}\n"
    ));
}

#[test]
fn labels_are_composed_and_show_what_is_not_printable() {
    assert_eq!(
        formatted("a \"e\u{301}\" \"x\u{200d}y\" \"\u{e0001}\" \"t\u{a0}\" {}\n"),
        "a \"é\" \"x\\u200dy\" \"\\U000e0001\" \"t\\u00a0\" {}\n"
    );
}

#[test]
fn a_broken_file_is_left_alone() {
    assert!(format(FileId(0), "a = \n").is_err());
}

proptest! {
    #[test]
    fn formatting_settles(cuts in prop::collection::vec((0..SAMPLE.len(), prop::sample::select(vec!["", " ", "  ", "\n", "\t", "#c\n"])), 0..8)) {
        let mut text = SAMPLE.to_owned();
        for (at, with) in cuts {
            if text.is_char_boundary(at) {
                text.insert_str(at, with);
            }
        }
        if let Ok(once) = format(FileId(0), &text) {
            prop_assert_eq!(&format(FileId(0), &once).unwrap(), &once);
        }
    }
}
