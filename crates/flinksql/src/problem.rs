//! What is wrong with a text, as data.

use std::fmt;

use crate::span::Span;

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What.
    pub kind: ProblemKind,
    /// Where: bytes of the whole text that was parsed.
    pub span: Span,
}

/// What may be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// A quoted string without its end.
    UnterminatedString,
    /// A quoted name without its end.
    UnterminatedIdentifier,
    /// A `/*` without `*/`.
    UnterminatedComment,
    /// A character that SQL does not know.
    UnknownCharacter(char),
    /// A `)`, `]` or `>` without its beginning, or the other way round.
    Unbalanced(char),
    /// The statement starts with a word that starts no statement.
    UnknownStatement(String),
    /// Something else was expected here. `found` is empty at the end of the statement.
    Expected {
        /// What would fit, in words.
        what: &'static str,
        /// The text that is there.
        found: String,
    },
    /// More nesting than anybody writes.
    TooDeep,
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProblemKind::UnterminatedString => write!(f, "the string is not closed"),
            ProblemKind::UnterminatedIdentifier => write!(f, "the quoted name is not closed"),
            ProblemKind::UnterminatedComment => write!(f, "the comment is not closed"),
            ProblemKind::UnknownCharacter(c) => write!(f, "the character {c:?} has no meaning in SQL"),
            ProblemKind::Unbalanced(c) => write!(f, "'{c}' has no partner"),
            ProblemKind::UnknownStatement(word) => write!(f, "no statement starts with \"{word}\""),
            ProblemKind::Expected { what, found } if found.is_empty() => {
                write!(f, "the statement ends where {what} is expected")
            }
            ProblemKind::Expected { what, found } => write!(f, "\"{found}\" stands where {what} is expected"),
            ProblemKind::TooDeep => write!(f, "the statement is nested too deeply"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}
