//! What the grammar finds out about a file before any expression is parsed: where its items are, and which parts of an
//! expression are read one by one.

use std::ops::Range;

use super::token::Token;
use super::tree::BinaryOp;

/// A range of bytes.
pub(crate) type Bytes = Range<u32>;

/// Items of a file or block.
#[derive(Debug, Default)]
pub(crate) struct BodyShape {
    pub(crate) attributes: Vec<AttributeShape>,
    pub(crate) blocks: Vec<BlockShape>,
    /// Between the braces, or the whole file.
    pub(crate) span: Bytes,
    /// The closing brace, or the end of the file.
    pub(crate) end: Bytes,
}

/// `name = expression`
#[derive(Debug)]
pub(crate) struct AttributeShape {
    pub(crate) name: Token,
    pub(crate) expr: Bytes,
    /// Whether the expression is one.
    pub(crate) good: bool,
}

/// `type "label" { … }`
#[derive(Debug)]
pub(crate) struct BlockShape {
    pub(crate) kind: Token,
    pub(crate) labels: Vec<(String, Bytes)>,
    pub(crate) body: BodyShape,
    pub(crate) end: u32,
}

/// A part of an expression that is read for itself.
#[derive(Debug)]
pub(crate) enum Piece {
    /// A string, a heredoc or a bare template.
    Template(Template),
    /// `{ key = value }`
    Object(Vec<ItemShape>),
    /// A long row of operators.
    Chain(Vec<Bytes>, Vec<(BinaryOp, Bytes)>),
    /// An expression deep inside another.
    Group,
    /// A number whose text says more than 64 bits hold.
    Number,
    /// An index behind a dot that is not written as a plain number: `.007`, `.1e3`.
    Index,
}

/// The parts of a template.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) parts: Vec<Part>,
    /// Whether it is nothing but one interpolation.
    pub(crate) wraps: bool,
}

/// A part of a template, with trimming, indentation and escapes done.
#[derive(Debug)]
pub(crate) enum Part {
    Text(String),
    Interpolation(Bytes),
    If {
        condition: Bytes,
        yes: Vec<Part>,
        no: Vec<Part>,
        span: Bytes,
    },
    For {
        key: Option<Token>,
        value: Token,
        collection: Bytes,
        body: Vec<Part>,
        span: Bytes,
    },
}

/// An item of an object expression.
#[derive(Debug)]
pub(crate) struct ItemShape {
    pub(crate) key: Bytes,
    /// Whether the key is a bare name, which stands for itself.
    pub(crate) bare: bool,
    pub(crate) value: Bytes,
}

/// All pieces of a text, by where they are. Pieces nest; no two have the same range.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    /// By start, the widest first, once they are sorted.
    pieces: Vec<((u32, u32), Piece)>,
}

impl Pieces {
    /// Adds one. One of a single character is not needed; of two with the same range the first counts.
    pub(crate) fn add(&mut self, range: &Bytes, piece: Piece) {
        if range.len() >= 2 {
            self.pieces.push(((range.start, range.end), piece));
        }
    }

    /// Brings the pieces into the order that looking them up needs.
    pub(crate) fn sort(&mut self) {
        self.pieces.sort_by_key(|(range, _)| place_in_order(*range));
        self.pieces.dedup_by_key(|(range, _)| *range);
    }

    /// The piece of exactly this range.
    pub(crate) fn at(&self, range: &Bytes) -> Option<&Piece> {
        let wanted = place_in_order((range.start, range.end));
        let i = self
            .pieces
            .binary_search_by_key(&wanted, |(range, _)| place_in_order(*range))
            .ok()?;
        Some(&self.pieces[i].1)
    }

    /// The outermost pieces within a range, without one that is the range itself.
    pub(crate) fn inside(&self, range: &Bytes) -> impl Iterator<Item = (Bytes, &Piece)> {
        let mut at = self
            .pieces
            .partition_point(|((start, _), _)| *start < range.start);
        let mut from = range.start;
        let range = range.clone();
        std::iter::from_fn(move || {
            while let Some(((start, end), piece)) = self.pieces.get(at) {
                if *start >= range.end {
                    return None;
                }
                if *start < from || *end > range.end || (*start == range.start && *end == range.end) {
                    at += 1;
                    continue;
                }
                from = *end;
                at += self.pieces[at..].partition_point(|((start, _), _)| *start < from);
                return Some((*start..from, piece));
            }
            None
        })
    }
}

fn place_in_order((start, end): (u32, u32)) -> (u32, std::cmp::Reverse<u32>) {
    (start, std::cmp::Reverse(end))
}
