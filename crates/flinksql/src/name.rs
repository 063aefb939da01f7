//! Names of tables and other objects.

use std::fmt;

use crate::keywords::is_reserved;
use crate::span::Span;

/// One part of a name.
#[derive(Clone, Debug)]
pub struct Identifier {
    /// The name itself, without quotes.
    pub value: String,
    /// Whether it stood in quotes.
    pub quoted: bool,
    /// Where it stands.
    pub span: Span,
}

/// A name of one to three parts: table, `database.table` or `catalog.database.table`.
///
/// Two names are equal if they have equal parts, wherever they stand and however they are quoted.
#[derive(Clone, Debug)]
pub struct ObjectName {
    /// Its parts, the table last.
    pub parts: Vec<Identifier>,
    /// Where it stands.
    pub span: Span,
}

impl ObjectName {
    /// The last part: the table's own name.
    pub fn last(&self) -> &str {
        self.parts.last().map_or("", |part| &part.value)
    }

    /// The database, if it is named. On Confluent Cloud: the Kafka cluster.
    pub fn database(&self) -> Option<&str> {
        self.parts
            .len()
            .checked_sub(2)
            .map(|at| self.parts[at].value.as_str())
    }

    /// The catalog, if it is named. On Confluent Cloud: the environment.
    pub fn catalog(&self) -> Option<&str> {
        self.parts
            .len()
            .checked_sub(3)
            .map(|at| self.parts[at].value.as_str())
    }
}

impl PartialEq for ObjectName {
    fn eq(&self, other: &ObjectName) -> bool {
        self.parts
            .iter()
            .map(|part| &part.value)
            .eq(other.parts.iter().map(|part| &part.value))
    }
}

impl Eq for ObjectName {}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self
            .value
            .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && self.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !is_reserved(&self.value);
        if plain {
            f.write_str(&self.value)
        } else {
            write!(f, "`{}`", self.value.replace('`', "``"))
        }
    }
}

impl fmt::Display for ObjectName {
    /// With backticks where they are needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            part.fmt(f)?;
        }
        Ok(())
    }
}
