//! A text to its statements: where each begins and ends, what it is, what it writes and reads.

use crate::cursor::Cursor;
use crate::kind::{ObjectKind, StatementKind};
use crate::lexer::{Token, TokenKind, lex};
use crate::name::ObjectName;
use crate::problem::{Problem, ProblemKind};
use crate::query;
use crate::span::Span;
use crate::table::{self, CreateTable};

/// A text, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Its statements, in their order.
    pub statements: Vec<Statement>,
    /// What is wrong outside of any statement, and inside of all.
    pub problems: Vec<Problem>,
}

/// One statement. All places are bytes of the whole text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// From its first to its last token, without the semicolon.
    pub span: Span,
    /// What it creates, changes, removes or writes to: one name, or several for a statement set.
    pub targets: Vec<ObjectName>,
    /// The tables and views that it reads, each once, in the order of the text.
    pub reads: Vec<ObjectName>,
    /// `IF EXISTS` or `IF NOT EXISTS` is there.
    pub conditional: bool,
    /// The parts of a `CREATE TABLE` (also `… AS`, and materialized ones).
    pub table: Option<CreateTable>,
    /// What `SET`, `RESET` or `USE` says.
    pub setting: Option<Setting>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// What `SET 'key' = 'value'`, `RESET 'key'` or `USE name` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key; for `USE` it is `catalog`, `database` or `modules`.
    pub key: String,
    /// The value; `None` for `RESET`.
    pub value: Option<String>,
}

/// Reads a text.
pub fn parse(sql: &str) -> Script {
    let (tokens, problems) = lex(sql);
    let mut script = Script {
        statements: Vec::new(),
        problems,
    };
    for piece in split(sql, &tokens) {
        let (Some(first), Some(last)) = (piece.first(), piece.last()) else {
            continue;
        };
        let statement = read(sql, piece, first.span.to(last.span));
        script.problems.extend(statement.problems.iter().cloned());
        script.statements.push(statement);
    }
    script
}

/// Cuts tokens at semicolons, but not inside a statement set.
fn split<'t>(sql: &str, tokens: &'t [Token]) -> Vec<&'t [Token]> {
    let mut pieces = Vec::new();
    let mut start = 0;
    // In a statement set: how many `END`s are still to come (its own, and those of `CASE`).
    let mut ends = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        let text = token.span.of(sql);
        if token.kind == TokenKind::Word {
            let is = |word: &str| text.eq_ignore_ascii_case(word);
            if ends == 0 && is("BEGIN") && opens_set(sql, &tokens[start..], at - start) {
                ends = 1;
            } else if ends > 0 && is("CASE") {
                ends += 1;
            } else if ends > 0 && is("END") {
                ends -= 1;
            }
        } else if ends == 0 && token.kind == TokenKind::Symbol && text == ";" {
            pieces.push(&tokens[start..at]);
            start = at + 1;
        }
    }
    pieces.push(&tokens[start..]);
    pieces
}

/// Whether the `BEGIN` at `at` opens a statement set: `EXECUTE STATEMENT SET BEGIN`, or `BEGIN STATEMENT SET`.
fn opens_set(sql: &str, tokens: &[Token], at: usize) -> bool {
    let word = |index: usize, word: &str| {
        tokens
            .get(index)
            .is_some_and(|token| token.span.of(sql).eq_ignore_ascii_case(word))
    };
    (at == 3 && word(0, "EXECUTE") && word(1, "STATEMENT") && word(2, "SET"))
        || (at == 4 && word(0, "EXPLAIN") && word(1, "STATEMENT") && word(2, "SET"))
        || (at == 3 && word(0, "EXPLAIN") && word(1, "STATEMENT") && word(2, "SET"))
        || (at == 0 && word(1, "STATEMENT") && word(2, "SET"))
}

fn read(sql: &str, tokens: &[Token], span: Span) -> Statement {
    let mut cursor = Cursor::new(sql, tokens, span.end);
    let mut statement = Statement {
        kind: StatementKind::Unknown,
        span,
        targets: Vec::new(),
        reads: Vec::new(),
        conditional: false,
        table: None,
        setting: None,
        problems: query::unbalanced(&cursor),
    };
    statement.read(&mut cursor);
    statement
}

const OBJECTS: &[(&[&str], ObjectKind)] = &[
    (&["MATERIALIZED", "TABLE"], ObjectKind::MaterializedTable),
    (&["TABLE"], ObjectKind::Table),
    (&["VIEW"], ObjectKind::View),
    (&["FUNCTION"], ObjectKind::Function),
    (&["MODEL"], ObjectKind::Model),
    (&["CONNECTION"], ObjectKind::Connection),
    (&["CATALOG"], ObjectKind::Catalog),
    (&["DATABASE"], ObjectKind::Database),
];

fn eat_object(cursor: &mut Cursor<'_>) -> Option<ObjectKind> {
    while cursor.eat_one_of(&["TEMPORARY", "SYSTEM"]).is_some() {}
    OBJECTS
        .iter()
        .find(|(words, _)| cursor.eat_words(words))
        .map(|(_, kind)| *kind)
}

impl Statement {
    fn read(&mut self, cursor: &mut Cursor<'_>) {
        use StatementKind as K;
        if ["SELECT", "WITH", "VALUES"]
            .iter()
            .any(|word| cursor.is_word(word))
            || cursor.is_symbol("(")
        {
            self.kind = K::Select;
            self.query(cursor);
            return;
        }
        let first = cursor.text().to_ascii_uppercase();
        let start = cursor.span();
        cursor.advance();
        match first.as_str() {
            "CREATE" => self.create(cursor),
            "ALTER" => self.alter_or_drop(cursor, K::Alter),
            "DROP" => self.alter_or_drop(cursor, K::Drop),
            "INSERT" => self.insert(cursor),
            "EXECUTE" if cursor.is_word("STATEMENT") => self.statement_set(cursor),
            "BEGIN" if cursor.is_word("STATEMENT") => self.statement_set(cursor),
            "TABLE" => {
                self.kind = K::Select;
                match cursor.eat_name() {
                    Some(name) => self.reads.push(name),
                    None => self.problems.push(cursor.expected("a table")),
                }
            }
            "SET" | "RESET" => self.set(cursor, if first == "SET" { K::Set } else { K::Reset }),
            "USE" => self.use_(cursor),
            "UPDATE" => self.with_target(cursor, K::Update),
            "DELETE" if cursor.eat_word("FROM") => self.with_target(cursor, K::Delete),
            "TRUNCATE" if cursor.eat_word("TABLE") => self.with_target(cursor, K::Truncate),
            "ANALYZE" if cursor.eat_word("TABLE") => self.with_target(cursor, K::Analyze),
            "SHOW" => self.kind = K::Show,
            "DESCRIBE" | "DESC" => {
                self.kind = K::Describe;
                while eat_object(cursor).is_some() || cursor.eat_word("EXTENDED") {}
                self.reads.extend(cursor.eat_name());
            }
            "EXPLAIN" => self.kind = K::Explain,
            "CALL" => self.kind = K::Call,
            "ADD" | "REMOVE" | "LOAD" | "UNLOAD" | "COMPILE" | "EXECUTE" | "STOP" | "HELP" | "QUIT"
            | "EXIT" | "CLEAR" | "BEGIN" | "END" => self.kind = K::Session,
            _ => self.problems.push(Problem {
                kind: ProblemKind::UnknownStatement(start.of(cursor.sql()).to_owned()),
                span: start,
            }),
        }
    }

    fn query(&mut self, cursor: &mut Cursor<'_>) {
        for name in query::reads(cursor, &mut self.problems) {
            if !self.reads.contains(&name) {
                self.reads.push(name);
            }
        }
    }

    fn target(&mut self, cursor: &mut Cursor<'_>, what: &'static str) {
        match cursor.eat_name() {
            Some(name) => self.targets.push(name),
            None => self.problems.push(cursor.expected(what)),
        }
    }

    fn create(&mut self, cursor: &mut Cursor<'_>) {
        use StatementKind as K;
        cursor.eat_words(&["OR", "REPLACE"]);
        cursor.eat_words(&["OR", "ALTER"]);
        let Some(object) = eat_object(cursor) else {
            self.problems
                .push(cursor.expected("the kind of object to create"));
            return;
        };
        self.conditional = cursor.eat_words(&["IF", "NOT", "EXISTS"]);
        self.kind = match object {
            ObjectKind::Table => K::CreateTable,
            ObjectKind::MaterializedTable => K::CreateMaterializedTable,
            ObjectKind::View => K::CreateView,
            ObjectKind::Function => K::CreateFunction,
            ObjectKind::Model => K::CreateModel,
            ObjectKind::Connection => K::CreateConnection,
            ObjectKind::Catalog => K::CreateCatalog,
            ObjectKind::Database => K::CreateDatabase,
        };
        self.target(cursor, "the name of the new object");
        match object {
            ObjectKind::Table | ObjectKind::MaterializedTable => self.create_table(cursor),
            ObjectKind::View => {
                cursor.eat_group();
                if cursor.eat_word("COMMENT") {
                    cursor.eat_string();
                }
                if cursor.eat_word("AS") && !cursor.is_done() {
                    self.query(cursor);
                } else {
                    self.problems.push(cursor.expected("AS and a query"));
                }
            }
            _ => {}
        }
    }

    fn create_table(&mut self, cursor: &mut Cursor<'_>) {
        let mut parts = CreateTable {
            if_not_exists: self.conditional,
            ..CreateTable::default()
        };
        table::read(cursor, &mut parts, &mut self.problems);
        let materialized = self.kind == StatementKind::CreateMaterializedTable;
        while materialized && !cursor.is_done() && !cursor.is_word("AS") {
            // FRESHNESS = INTERVAL …, REFRESH_MODE = …
            cursor.advance();
        }
        self.reads.extend(parts.like.clone());
        if cursor.eat_word("AS") {
            if !materialized {
                self.kind = StatementKind::CreateTableAs;
            }
            if cursor.is_done() {
                self.problems.push(cursor.expected("a query"));
            }
            self.query(cursor);
        } else if !cursor.is_done() {
            self.problems.push(cursor.expected("the end of the statement"));
        }
        self.table = Some(parts);
    }

    fn alter_or_drop(&mut self, cursor: &mut Cursor<'_>, kind: fn(ObjectKind) -> StatementKind) {
        let Some(object) = eat_object(cursor) else {
            self.problems.push(cursor.expected("the kind of object"));
            return;
        };
        self.kind = kind(object);
        self.conditional = cursor.eat_words(&["IF", "EXISTS"]);
        self.target(cursor, "the name of the object");
        if matches!(self.kind, StatementKind::Alter(_)) {
            if cursor.is_done() {
                self.problems.push(cursor.expected("what to change"));
            }
            if cursor.is_word("SET") && cursor.text_at(1) == "(" {
                cursor.advance();
                let options = table::read_options(cursor, &mut self.problems);
                self.table = Some(CreateTable {
                    options,
                    ..CreateTable::default()
                });
            }
        }
    }

    fn insert(&mut self, cursor: &mut Cursor<'_>) {
        self.kind = StatementKind::InsertInto;
        if cursor.eat_one_of(&["INTO", "OVERWRITE"]).is_none() {
            self.problems.push(cursor.expected("INTO"));
            return;
        }
        cursor.eat_word("TABLE");
        self.target(cursor, "the table to write to");
        if cursor.peek().is_some_and(|token| token.kind == TokenKind::Hint) {
            cursor.advance();
        }
        if cursor.eat_word("PARTITION") {
            cursor.eat_group();
        }
        // `(a, b) SELECT …` names columns; `(SELECT …)` is the query.
        let query_next = ["SELECT", "WITH", "VALUES"]
            .iter()
            .any(|word| cursor.is_word_at(1, word));
        if cursor.is_symbol("(") && !query_next && cursor.text_at(1) != "(" {
            cursor.eat_group();
        }
        if cursor.is_done() {
            self.problems.push(cursor.expected("a query"));
        }
        self.query(cursor);
    }

    fn statement_set(&mut self, cursor: &mut Cursor<'_>) {
        self.kind = StatementKind::StatementSet;
        cursor.eat_words(&["STATEMENT", "SET"]);
        cursor.eat_word("BEGIN");
        cursor.eat_symbol(";");
        let mut inner: Vec<Token> = cursor.rest().to_vec();
        let ends = inner
            .last()
            .is_some_and(|token| token.span.of(cursor.sql()).eq_ignore_ascii_case("END"));
        if ends {
            inner.pop();
        } else {
            while cursor.advance().is_some() {}
            self.problems.push(cursor.expected("END"));
        }
        let mut any = false;
        for piece in inner.split(|token| token.span.of(cursor.sql()) == ";") {
            let (Some(first), Some(last)) = (piece.first(), piece.last()) else {
                continue;
            };
            any = true;
            let word = first.span.of(cursor.sql());
            if !word.eq_ignore_ascii_case("INSERT") {
                let kind = ProblemKind::Expected {
                    what: "an INSERT INTO",
                    found: word.to_owned(),
                };
                self.problems.push(Problem {
                    kind,
                    span: first.span,
                });
                continue;
            }
            let part = read(cursor.sql(), piece, first.span.to(last.span));
            self.targets.extend(part.targets);
            for name in part.reads {
                if !self.reads.contains(&name) {
                    self.reads.push(name);
                }
            }
            self.problems.extend(part.problems);
        }
        if !any {
            self.problems.push(cursor.expected("an INSERT INTO"));
        }
    }

    fn set(&mut self, cursor: &mut Cursor<'_>, kind: StatementKind) {
        self.kind = kind;
        let Some(key) = cursor.eat_string() else {
            if !cursor.is_done() {
                self.problems.push(cursor.expected("a key in quotes"));
            }
            return;
        };
        let value = if cursor.eat_symbol("=") {
            cursor.eat_string()
        } else {
            None
        };
        if kind == StatementKind::Set && value.is_none() {
            self.problems.push(cursor.expected("= and a value in quotes"));
        }
        self.setting = Some(Setting { key, value });
    }

    fn use_(&mut self, cursor: &mut Cursor<'_>) {
        self.kind = StatementKind::Use;
        let key = cursor
            .eat_one_of(&["CATALOG", "MODULES", "DATABASE"])
            .unwrap_or("DATABASE")
            .to_ascii_lowercase();
        match cursor.eat_name() {
            Some(name) => {
                let value = Some(name.last().to_owned());
                self.setting = Some(Setting { key, value });
            }
            None => self.problems.push(cursor.expected("a name")),
        }
    }

    fn with_target(&mut self, cursor: &mut Cursor<'_>, kind: StatementKind) {
        self.kind = kind;
        self.target(cursor, "a table");
        self.query(cursor);
    }
}
