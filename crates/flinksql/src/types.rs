//! Data types.

use std::fmt;

use crate::cursor::Cursor;
use crate::problem::{Problem, ProblemKind};

/// Deeper nesting is a problem, not a type.
const DEEPEST: usize = 32;

/// A data type and whether it admits NULL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataType {
    /// Which type.
    pub kind: TypeKind,
    /// Whether NULL is a value of it.
    pub nullable: bool,
}

/// Which type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeKind {
    /// A type without parts, by its usual name (`STRING`, `INT`, `DECIMAL`, `TIMESTAMP_LTZ`, or a structured type's own
    /// name), and what stands in parentheses after it.
    Plain {
        /// The name, upper case for built-in types.
        name: String,
        /// Length, precision, scale.
        arguments: Vec<u32>,
    },
    /// `ARRAY<…>`
    Array(Box<DataType>),
    /// `MULTISET<…>`
    Multiset(Box<DataType>),
    /// `MAP<…, …>`
    Map(Box<DataType>, Box<DataType>),
    /// `ROW<…>`
    Row(Vec<Field>),
}

/// A field of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
}

/// Takes a type.
pub(crate) fn eat(cursor: &mut Cursor<'_>, depth: usize) -> Result<DataType, Problem> {
    if depth > DEEPEST {
        return Err(Problem {
            kind: ProblemKind::TooDeep,
            span: cursor.span(),
        });
    }
    let mut kind = eat_kind(cursor, depth)?;
    let mut nullable = eat_nullability(cursor);
    // `INT ARRAY` is the older way to write `ARRAY<INT>`.
    while let Some(word) = cursor.eat_one_of(&["ARRAY", "MULTISET"]) {
        let inner = Box::new(DataType { kind, nullable });
        kind = if word == "ARRAY" {
            TypeKind::Array(inner)
        } else {
            TypeKind::Multiset(inner)
        };
        nullable = eat_nullability(cursor);
    }
    Ok(DataType { kind, nullable })
}

fn eat_nullability(cursor: &mut Cursor<'_>) -> bool {
    let not_null = cursor.eat_words(&["NOT", "NULL"]);
    if !not_null {
        cursor.eat_word("NULL");
    }
    !not_null
}

fn close(cursor: &mut Cursor<'_>, symbol: &str) -> Result<(), Problem> {
    if cursor.eat_symbol(symbol) {
        Ok(())
    } else {
        Err(cursor.expected("the end of the type's parts"))
    }
}

fn eat_kind(cursor: &mut Cursor<'_>, depth: usize) -> Result<TypeKind, Problem> {
    let Some(name) = cursor.eat_name() else {
        return Err(cursor.expected("a data type"));
    };
    let first = &name.parts[0];
    if name.parts.len() > 1 || first.quoted {
        return Ok(TypeKind::Plain {
            name: name.to_string(),
            arguments: Vec::new(),
        });
    }
    let word = first.value.to_ascii_uppercase();
    match word.as_str() {
        "ARRAY" | "MULTISET" if cursor.eat_symbol("<") => {
            let inner = Box::new(eat(cursor, depth + 1)?);
            close(cursor, ">")?;
            Ok(if word == "ARRAY" {
                TypeKind::Array(inner)
            } else {
                TypeKind::Multiset(inner)
            })
        }
        "MAP" if cursor.eat_symbol("<") => {
            let key = Box::new(eat(cursor, depth + 1)?);
            close(cursor, ",")?;
            let value = Box::new(eat(cursor, depth + 1)?);
            close(cursor, ">")?;
            Ok(TypeKind::Map(key, value))
        }
        "ROW" if cursor.is_symbol("<") || cursor.is_symbol("(") => eat_row(cursor, depth),
        "ROW" if cursor.eat_symbol("<>") => Ok(TypeKind::Row(Vec::new())),
        _ => eat_plain(cursor, &word),
    }
}

fn eat_row(cursor: &mut Cursor<'_>, depth: usize) -> Result<TypeKind, Problem> {
    let end = if cursor.eat_symbol("<") { ">" } else { ")" };
    if end == ")" {
        cursor.eat_symbol("(");
    }
    let mut fields = Vec::new();
    if cursor.eat_symbol(end) {
        return Ok(TypeKind::Row(fields));
    }
    loop {
        let Some(name) = cursor.eat_identifier() else {
            return Err(cursor.expected("the name of a field"));
        };
        let data_type = eat(cursor, depth + 1)?;
        fields.push(Field {
            name: name.value,
            data_type,
        });
        // A field may carry a comment.
        let _ = cursor.eat_string();
        if !cursor.eat_symbol(",") {
            break;
        }
    }
    close(cursor, end)?;
    Ok(TypeKind::Row(fields))
}

fn eat_plain(cursor: &mut Cursor<'_>, word: &str) -> Result<TypeKind, Problem> {
    // `CHARACTER VARYING (20)`: the word comes before the length.
    let varying = matches!(word, "CHAR" | "CHARACTER" | "BINARY") && cursor.eat_word("VARYING");
    let mut arguments = Vec::new();
    if let Some(mut group) = cursor.eat_group() {
        while let Some(number) = group.eat_number() {
            arguments.push(number);
            group.eat_symbol(",");
        }
    }
    let mut name = match word {
        "INTEGER" => "INT",
        "DEC" | "NUMERIC" => "DECIMAL",
        "CHAR" | "CHARACTER" => {
            if varying {
                "VARCHAR"
            } else {
                "CHAR"
            }
        }
        "BINARY" if varying => "VARBINARY",
        other => other,
    }
    .to_owned();
    if word == "DOUBLE" {
        cursor.eat_word("PRECISION");
    }
    if word == "TIMESTAMP" {
        if cursor.eat_words(&["WITH", "LOCAL", "TIME", "ZONE"]) {
            "TIMESTAMP_LTZ".clone_into(&mut name);
        } else if cursor.eat_words(&["WITH", "TIME", "ZONE"]) {
            "TIMESTAMP_TZ".clone_into(&mut name);
        } else {
            cursor.eat_words(&["WITHOUT", "TIME", "ZONE"]);
        }
    }
    if word == "TIME" {
        cursor.eat_words(&["WITHOUT", "TIME", "ZONE"]);
    }
    if word == "INTERVAL" {
        const UNITS: &[&str] = &["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"];
        while cursor.eat_one_of(UNITS).is_some() {
            cursor.eat_group();
            cursor.eat_word("TO");
        }
    }
    Ok(TypeKind::Plain { name, arguments })
}

impl fmt::Display for DataType {
    /// As Flink prints types: `ROW<a INT NOT NULL, b ARRAY<STRING>>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            TypeKind::Plain { name, arguments } => {
                f.write_str(name)?;
                if !arguments.is_empty() {
                    let list: Vec<String> = arguments.iter().map(u32::to_string).collect();
                    write!(f, "({})", list.join(", "))?;
                }
            }
            TypeKind::Array(inner) => write!(f, "ARRAY<{inner}>")?,
            TypeKind::Multiset(inner) => write!(f, "MULTISET<{inner}>")?,
            TypeKind::Map(key, value) => write!(f, "MAP<{key}, {value}>")?,
            TypeKind::Row(fields) => {
                f.write_str("ROW<")?;
                for (index, field) in fields.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{} {}", field.name, field.data_type)?;
                }
                f.write_str(">")?;
            }
        }
        if self.nullable {
            Ok(())
        } else {
            f.write_str(" NOT NULL")
        }
    }
}
