//! The difference of two texts of several lines, such as SQL statements.

use similar::Algorithm;
use similar::ChangeTag;
use similar::TextDiff;

use super::Sign;
use crate::report::value_text::clean;

/// One line of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What happens to it.
    pub sign: Sign,
    /// Its pieces; those that are different from the line that it stands for are flagged.
    pub pieces: Vec<(bool, String)>,
}

impl Line {
    /// The whole text of the line.
    pub fn text(&self) -> String {
        self.pieces.iter().map(|(_, t)| t.as_str()).collect()
    }
}

/// The lines of a text that comes, goes, stays or changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextLines {
    /// In order.
    pub lines: Vec<Line>,
    /// The texts differ, but none of their lines does: an end of line more or less.
    pub only_space: bool,
}

/// Lines of text that is only on one side, or compared.
pub(super) fn lines(before: Option<&str>, after: Option<&str>) -> TextLines {
    match (before, after) {
        (Some(b), Some(a)) if b != a => compared(b, a),
        (b, a) => TextLines {
            // Without the white space around it, as Terraform shows it.
            lines: a.or(b).unwrap_or_default().trim().lines().map(whole).collect(),
            only_space: false,
        },
    }
}

fn whole(line: &str) -> Line {
    Line {
        sign: Sign::Same,
        pieces: vec![(false, clean(line))],
    }
}

fn compared(before: &str, after: &str) -> TextLines {
    let old: Vec<&str> = before.lines().collect();
    let new: Vec<&str> = after.lines().collect();
    if old == new {
        return TextLines {
            lines: new.into_iter().map(whole).collect(),
            only_space: true,
        };
    }
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Patience)
        .diff_slices(&old, &new);
    let mut lines = Vec::with_capacity(old.len().max(new.len()));
    for op in diff.ops() {
        for change in diff.iter_inline_changes(op) {
            let sign = match change.tag() {
                ChangeTag::Equal => Sign::Same,
                ChangeTag::Delete => Sign::Remove,
                ChangeTag::Insert => Sign::Add,
            };
            let pieces = change
                .iter_strings_lossy()
                .map(|(e, t)| (e && sign != Sign::Same, clean(&t)))
                .collect();
            lines.push(Line { sign, pieces });
        }
    }
    TextLines {
        lines,
        only_space: false,
    }
}
