//! Places in a text.

/// A range of bytes of the text: `start` is the first byte, `end` the one after the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset of the byte after the last one.
    pub end: usize,
}

impl Span {
    /// A range of bytes.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }

    /// From the start of this range to the end of the other.
    pub fn to(self, other: Span) -> Span {
        Span {
            start: self.start,
            end: other.end.max(self.start),
        }
    }

    /// The text in this range; empty where the range does not belong to `sql`.
    pub fn of(self, sql: &str) -> &str {
        sql.get(self.start..self.end).unwrap_or_default()
    }
}

/// A line and a column, both counted from 1; a column is a character, as in Flink's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Place {
    /// Where the byte at `offset` stands in `sql`.
    pub fn at(sql: &str, offset: usize) -> Place {
        let mut end = offset.min(sql.len());
        while !sql.is_char_boundary(end) {
            end -= 1;
        }
        let before = &sql[..end];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place {
            line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}
