//! The parts of `CREATE TABLE`.

use crate::cursor::Cursor;
use crate::name::ObjectName;
use crate::problem::Problem;
use crate::span::Span;
use crate::types::{self, DataType};

/// What `CREATE TABLE` says of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateTable {
    /// `IF NOT EXISTS` is there.
    pub if_not_exists: bool,
    /// Its columns. Empty where the query of `CREATE TABLE … AS` or the table of `LIKE` gives them.
    pub columns: Vec<Column>,
    /// The columns of the primary key.
    pub primary_key: Vec<String>,
    /// The column of `WATERMARK FOR`.
    pub watermark: Option<String>,
    /// `DISTRIBUTED …`
    pub distribution: Option<Distribution>,
    /// The columns of `PARTITIONED BY`.
    pub partitioned_by: Vec<String>,
    /// `WITH (…)`, in the order of the text.
    pub options: Vec<TableOption>,
    /// The table of `LIKE`.
    pub like: Option<ObjectName>,
    /// `COMMENT '…'` of the table.
    pub comment: Option<String>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ColumnKind,
    /// `COMMENT '…'`.
    pub comment: Option<String>,
    /// Where its definition stands.
    pub span: Span,
}

/// What a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Stored in the table.
    Physical(DataType),
    /// `AS expression`.
    Computed,
    /// `METADATA [FROM 'key'] [VIRTUAL]`.
    Metadata {
        /// Its type.
        data_type: DataType,
        /// The key of the connector; the column's name where none is given.
        key: Option<String>,
        /// It can only be read.
        is_virtual: bool,
    },
    /// Only a name, as in `CREATE TABLE t (a, b) AS SELECT …`.
    Named,
}

/// `DISTRIBUTED BY (…) INTO n BUCKETS`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// The columns that choose the bucket; empty without `BY`.
    pub columns: Vec<String>,
    /// How many buckets. On Confluent Cloud: the partitions of the topic.
    pub buckets: Option<u32>,
}

/// One entry of `WITH (…)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableOption {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
    /// Where it stands.
    pub span: Span,
}

impl CreateTable {
    /// The value of an option.
    pub fn option(&self, key: &str) -> Option<&str> {
        self.options
            .iter()
            .rev()
            .find(|option| option.key == key)
            .map(|option| option.value.as_str())
    }
}

/// Reads what follows the table's name, up to `AS` or the end.
pub(crate) fn read(cursor: &mut Cursor<'_>, table: &mut CreateTable, problems: &mut Vec<Problem>) {
    if let Some(group) = cursor.eat_group() {
        for part in group.split_at_commas() {
            read_element(part, table, problems);
        }
    }
    loop {
        if cursor.eat_word("COMMENT") {
            table.comment = cursor.eat_string();
        } else if cursor.eat_word("DISTRIBUTED") {
            table.distribution = Some(read_distribution(cursor, problems));
        } else if cursor.eat_words(&["PARTITIONED", "BY"]) {
            table.partitioned_by = names_in_group(cursor);
        } else if cursor.eat_word("WITH") {
            table.options = read_options(cursor, problems);
        } else if cursor.eat_word("LIKE") {
            table.like = cursor.eat_name();
            cursor.eat_group();
        } else {
            return;
        }
    }
}

fn read_element(mut part: Cursor<'_>, table: &mut CreateTable, problems: &mut Vec<Problem>) {
    let start = part.span();
    if part.is_word("WATERMARK") && part.is_word_at(1, "FOR") {
        part.eat_words(&["WATERMARK", "FOR"]);
        table.watermark = part.eat_identifier().map(|name| name.value);
        if !part.eat_word("AS") || part.is_done() {
            problems.push(part.expected("AS and the expression of the watermark"));
        }
        return;
    }
    if part.is_word("CONSTRAINT") {
        part.advance();
        part.eat_identifier();
    }
    if part.eat_words(&["PRIMARY", "KEY"]) {
        table.primary_key = names_in_group(&mut part);
        if table.primary_key.is_empty() {
            problems.push(part.expected("the columns of the primary key"));
        }
        return;
    }
    let Some(name) = part.eat_identifier() else {
        problems.push(part.expected("the definition of a column"));
        return;
    };
    let (kind, is_key) = read_column(&mut part, problems);
    if is_key {
        table.primary_key = vec![name.value.clone()];
    }
    let comment = if part.eat_word("COMMENT") {
        part.eat_string()
    } else {
        None
    };
    if !matches!(kind, ColumnKind::Computed) && !part.is_done() {
        problems.push(part.expected("the end of the column's definition"));
    }
    let end = part.rest().last().map_or(part.span_before(), |token| token.span);
    table.columns.push(Column {
        name: name.value,
        kind,
        comment,
        span: start.to(end),
    });
}

fn read_column(part: &mut Cursor<'_>, problems: &mut Vec<Problem>) -> (ColumnKind, bool) {
    if part.is_done() {
        return (ColumnKind::Named, false);
    }
    if part.eat_word("AS") {
        if part.is_done() {
            problems.push(part.expected("an expression"));
        }
        return (ColumnKind::Computed, false);
    }
    let data_type = match types::eat(part, 0) {
        Ok(data_type) => data_type,
        Err(problem) => {
            problems.push(problem);
            // The rest of this column would only give more of the same.
            while part.advance().is_some() {}
            return (ColumnKind::Named, false);
        }
    };
    if part.eat_word("METADATA") {
        let key = if part.eat_word("FROM") {
            part.eat_string()
        } else {
            None
        };
        let is_virtual = part.eat_word("VIRTUAL");
        return (
            ColumnKind::Metadata {
                data_type,
                key,
                is_virtual,
            },
            false,
        );
    }
    if part.is_word("CONSTRAINT") {
        part.advance();
        part.eat_identifier();
    }
    let is_key = part.eat_words(&["PRIMARY", "KEY"]);
    if is_key {
        part.eat_words(&["NOT", "ENFORCED"]);
    }
    (ColumnKind::Physical(data_type), is_key)
}

fn read_distribution(cursor: &mut Cursor<'_>, problems: &mut Vec<Problem>) -> Distribution {
    let mut distribution = Distribution::default();
    if cursor.eat_word("BY") {
        cursor.eat_one_of(&["HASH", "RANGE"]);
        distribution.columns = names_in_group(cursor);
        if distribution.columns.is_empty() {
            problems.push(cursor.expected("the columns of the distribution"));
        }
    }
    if cursor.eat_word("INTO") {
        distribution.buckets = cursor.eat_number();
        if distribution.buckets.is_none() || !cursor.eat_word("BUCKETS") {
            problems.push(cursor.expected("a number of BUCKETS"));
        }
    }
    distribution
}

fn names_in_group(cursor: &mut Cursor<'_>) -> Vec<String> {
    let parts = cursor
        .eat_group()
        .map(|group| group.split_at_commas())
        .unwrap_or_default();
    parts
        .into_iter()
        .filter_map(|mut part| part.eat_identifier())
        .map(|name| name.value)
        .collect()
}

/// Reads `( 'key' = 'value', … )`.
pub(crate) fn read_options(cursor: &mut Cursor<'_>, problems: &mut Vec<Problem>) -> Vec<TableOption> {
    let Some(group) = cursor.eat_group() else {
        problems.push(cursor.expected("options in parentheses"));
        return Vec::new();
    };
    let mut options = Vec::new();
    for mut part in group.split_at_commas() {
        let start = part.span();
        let key = part.eat_string();
        let equals = key.is_some() && part.eat_symbol("=");
        let value = if equals { part.eat_string() } else { None };
        match (key, value) {
            (Some(key), Some(value)) if part.is_done() => {
                options.push(TableOption {
                    key,
                    value,
                    span: start.to(part.span_before()),
                });
            }
            _ => problems.push(part.expected("an option of the form 'key' = 'value'")),
        }
    }
    options
}
