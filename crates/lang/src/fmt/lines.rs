//! Lines: indentation, spaces within a line, and columns that consecutive lines share.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use super::Atom;
use super::spaces::apart;
use crate::syntax::token::Kind;

/// A line in up to three parts, each a range of atoms: what comes first, an assignment from its equals sign on, and a
/// comment at the end. A heredoc belongs to the line on which it begins.
struct Line {
    lead: Range<usize>,
    assign: Range<usize>,
    comment: Range<usize>,
}

/// Sets the space before every atom.
pub(super) fn lay_out(atoms: &mut [Atom<'_>]) {
    let lines = lines(atoms);
    indent(atoms, &lines);
    for line in &lines {
        space_out(atoms, line.lead.clone());
        if let Some(first) = atoms[line.assign.clone()].first_mut() {
            first.spaces = 1;
        }
        space_out(atoms, line.assign.clone());
    }
    align(
        atoms,
        &lines,
        |l| l.assign.clone(),
        |atoms, l| columns(atoms, &l.lead),
    );
    align(
        atoms,
        &lines,
        |l| l.comment.clone(),
        |atoms, l| columns(atoms, &l.lead) + columns(atoms, &l.assign),
    );
}

fn lines(atoms: &[Atom<'_>]) -> Vec<Line> {
    let mut out = Vec::new();
    let mut start = 0;
    for (i, atom) in atoms.iter().enumerate() {
        if atom.ends_line() {
            out.push(line(atoms, start..i + 1));
            start = i + 1;
        }
    }
    out.push(line(atoms, start..atoms.len()));
    out
}

fn line(atoms: &[Atom<'_>], all: Range<usize>) -> Line {
    let mut lead = all.clone();
    let mut comment = all.end..all.end;
    if lead.len() > 1 && atoms[all.end - 1].kind == Kind::Comment {
        lead.end -= 1;
        comment.start -= 1;
    }
    let mut assign = lead.end..lead.end;
    let equal = (lead.start + 1..lead.end).find(|i| atoms[*i].kind == Kind::Equal);
    if let Some(equal) = equal {
        // Only an assignment that is complete on its line takes part in the alignment.
        let open: isize = atoms[equal..lead.end].iter().map(Atom::brackets).sum();
        if open == 0 {
            assign.start = equal;
            lead.end = equal;
        }
    }
    Line {
        lead,
        assign,
        comment,
    }
}

/// Two spaces for each line above that left brackets open.
fn indent(atoms: &mut [Atom<'_>], lines: &[Line]) {
    let mut open: Vec<isize> = Vec::new();
    for line in lines {
        let lead = &atoms[line.lead.clone()];
        let Some(first) = lead.first() else {
            continue;
        };
        if first.kind == Kind::Newline {
            atoms[line.lead.start].spaces = 0;
            continue;
        }
        let heredoc = lead
            .iter()
            .position(|a| a.kind == Kind::OpenHeredoc)
            .unwrap_or(lead.len());
        let net: isize = lead[..heredoc].iter().map(Atom::brackets).sum::<isize>()
            + atoms[line.assign.clone()]
                .iter()
                .map(Atom::brackets)
                .sum::<isize>();
        let mut closed = -net;
        while closed > 0 {
            match open.last_mut() {
                Some(top) if closed < *top => {
                    *top -= closed;
                    break;
                }
                Some(top) => {
                    closed -= *top;
                    open.pop();
                }
                None => break,
            }
        }
        atoms[line.lead.start].spaces = 2 * open.len();
        if net > 0 {
            open.push(net);
        }
    }
}

fn space_out(atoms: &mut [Atom<'_>], part: Range<usize>) {
    for i in part.start + 1..part.end {
        let before = (i >= part.start + 2).then(|| &atoms[i - 2]);
        atoms[i].spaces = usize::from(apart(before, &atoms[i - 1], &atoms[i]));
    }
}

/// Puts the first atoms of a part of consecutive lines into the same column.
fn align(
    atoms: &mut [Atom<'_>],
    lines: &[Line],
    part: impl Fn(&Line) -> Range<usize>,
    width: impl Fn(&[Atom<'_>], &Line) -> usize,
) {
    for chain in lines.chunk_by(|a, b| part(a).is_empty() == part(b).is_empty()) {
        if part(&chain[0]).is_empty() {
            continue;
        }
        let widths: Vec<usize> = chain.iter().map(|l| width(atoms, l)).collect();
        let widest = widths.iter().copied().max().unwrap_or(0);
        for (line, width) in chain.iter().zip(widths) {
            atoms[part(line).start].spaces = widest - width + 1;
        }
    }
}

/// How many columns a part takes, with the space before it.
fn columns(atoms: &[Atom<'_>], part: &Range<usize>) -> usize {
    atoms[part.clone()]
        .iter()
        .map(|a| {
            let text = if a.text.is_ascii() && !a.text.contains('\r') {
                a.text.len()
            } else {
                a.text.graphemes(true).count()
            };
            a.spaces + text
        })
        .sum()
}
