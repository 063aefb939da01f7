//! What hcl-edit gets to see of an expression.

use crate::syntax::shape::Bytes;
use crate::syntax::shape::Piece;
use crate::syntax::shape::Pieces;

/// The text of a range in parentheses, because it may stand where line ends mean nothing; its pieces are empty lists
/// of the same length (or digits, where an index stands), its comments and line ends are spaces.
pub(super) fn masked(text: &str, pieces: &Pieces, range: &Bytes) -> String {
    let slice = |from: u32, to: u32| text.get(from as usize..to as usize).unwrap_or("");
    let mut out = String::with_capacity(range.len() + 2);
    out.push('(');
    let mut at = range.start;
    for (place, piece) in pieces.inside(range) {
        push_blanked(&mut out, slice(at, place.start));
        if matches!(piece, Piece::Index) {
            out.extend(std::iter::repeat_n('1', place.len()));
        } else {
            // No piece is shorter than two characters.
            out.push('[');
            out.extend(std::iter::repeat_n(' ', place.len().saturating_sub(2)));
            out.push(']');
        }
        at = place.end;
    }
    push_blanked(&mut out, slice(at, range.end));
    out.push(')');
    out
}

/// Appends text without strings, with spaces for comments and line ends: the grammar has seen to them already.
fn push_blanked(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['#', '/', '\n', '\r']) {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        let len = if found.starts_with('#') || found.starts_with("//") {
            found.find('\n').unwrap_or(found.len())
        } else if let Some(inner) = found.strip_prefix("/*") {
            inner.find("*/").map_or(found.len(), |i| i + 4)
        } else if let Some(behind) = found.strip_prefix('/') {
            out.push('/');
            rest = behind;
            continue;
        } else {
            1
        };
        out.extend(std::iter::repeat_n(' ', len));
        rest = &found[len..];
    }
    out.push_str(rest);
}
