//! Flink SQL, read: tokens, statements, what each is, what it writes and reads, and whether two texts are the same.
//!
//! This crate knows no provider and does no input or output. It never stops at an error and never panics on input:
//! what it cannot make sense of becomes a [`Problem`] with a place.
//!
//! ```text
//! span      places in a text
//! lexer     text -> tokens
//! keywords  which words are the language's own
//! cursor    walking over tokens
//! name      names of tables and other objects
//! kind      what a statement is
//! statement a text -> statements, with their targets and reads
//! query     which tables a query reads
//! types     data types
//! table     the parts of CREATE TABLE
//! compare   whether two texts say the same
//! ```
//!
//! ```
//! let script = streamform_flinksql::parse("INSERT INTO totals SELECT * FROM orders /* all of them */;");
//! let statement = &script.statements[0];
//! assert_eq!(statement.targets[0].to_string(), "totals");
//! assert_eq!(statement.reads[0].to_string(), "orders");
//! ```

mod compare;
mod cursor;
mod keywords;
mod kind;
mod lexer;
mod name;
mod problem;
mod query;
mod span;
mod statement;
mod table;
mod types;

pub use compare::equivalent;
pub use kind::{ObjectKind, StatementKind};
pub use lexer::{Token, TokenKind, lex};
pub use name::{Identifier, ObjectName};
pub use problem::{Problem, ProblemKind};
pub use span::{Place, Span};
pub use statement::{Script, Setting, Statement, parse};
pub use table::{Column, ColumnKind, CreateTable, Distribution, TableOption};
pub use types::{DataType, Field, TypeKind};
