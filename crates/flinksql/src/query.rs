//! Which tables a query reads: those after `FROM` and `JOIN`, and those that window functions take as `TABLE t`.
//!
//! No tree is built. The tokens are walked once, with a frame for each open parenthesis; that is enough to tell a
//! table from a column, a function, or a name that `WITH` defined.

use crate::cursor::Cursor;
use crate::lexer::TokenKind;
use crate::name::ObjectName;
use crate::problem::{Problem, ProblemKind};

/// One open parenthesis, or the whole query.
#[derive(Debug, Default)]
struct Frame {
    /// `SELECT`, `WITH`, `VALUES` or a table stands at its start: `FROM` in it names tables.
    is_query: bool,
    /// Between `FROM` and the clause that ends it: a comma names a further table.
    in_from: bool,
    /// A table is expected next.
    wants_table: bool,
    /// Names that `WITH` has defined so far in this frame.
    defined: Vec<String>,
    /// `WITH name AS (`: what the frame that opens next defines.
    defining: Option<String>,
    /// A name of `WITH` is expected: after `WITH` or after a comma in its list.
    wants_definition: bool,
    in_with: bool,
}

const ENDS_FROM: &[&str] = &[
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "WINDOW",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "SELECT",
    "QUALIFY",
];

/// The tables that the query at `cursor` reads, in the order of the text, each once; `cursor` ends behind it.
pub(crate) fn reads(cursor: &mut Cursor<'_>, problems: &mut Vec<Problem>) -> Vec<ObjectName> {
    let mut walk = Walk {
        frames: vec![Frame {
            is_query: true,
            ..Frame::default()
        }],
        found: Vec::new(),
        problems,
    };
    while !cursor.is_done() {
        walk.step(cursor);
    }
    if walk.frames.last().is_some_and(|frame| frame.wants_table) {
        let problem = cursor.expected("a table");
        walk.problems.push(problem);
    }
    walk.found
}

struct Walk<'p> {
    frames: Vec<Frame>,
    found: Vec<ObjectName>,
    problems: &'p mut Vec<Problem>,
}

impl Walk<'_> {
    fn frame(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::default());
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    fn read(&mut self, name: ObjectName) {
        let is_defined = name.parts.len() == 1
            && self
                .frames
                .iter()
                .any(|frame| frame.defined.iter().any(|defined| defined == name.last()));
        if !is_defined && !self.found.contains(&name) {
            self.found.push(name);
        }
    }

    fn step(&mut self, cursor: &mut Cursor<'_>) {
        let Some(token) = cursor.peek() else { return };
        match token.kind {
            TokenKind::Symbol => self.symbol(cursor),
            TokenKind::Word => self.word(cursor),
            TokenKind::Quoted => self.name_or_skip(cursor),
            _ => {
                cursor.advance();
            }
        }
    }

    fn symbol(&mut self, cursor: &mut Cursor<'_>) {
        match cursor.text() {
            "(" => {
                let starts_query = ["SELECT", "WITH", "VALUES"]
                    .iter()
                    .any(|word| cursor.is_word_at(1, word))
                    || (cursor.text_at(1) == "(" && self.frame().is_query);
                let wants_table = self.frame().wants_table && !starts_query;
                self.frame().wants_table = false;
                cursor.advance();
                // Parentheses around a join hold tables, as `FROM (a JOIN b ON …)`.
                self.frames.push(Frame {
                    is_query: starts_query || wants_table,
                    in_from: wants_table,
                    wants_table,
                    ..Frame::default()
                });
            }
            ")" => {
                if self.frames.len() > 1 {
                    if self.frame().wants_table {
                        let problem = cursor.expected("a table");
                        self.problems.push(problem);
                    }
                    self.frames.pop();
                    let outer = self.frame();
                    if let Some(name) = outer.defining.take() {
                        outer.defined.push(name);
                    }
                }
                cursor.advance();
            }
            "," => {
                let problem = cursor.expected("a table");
                let frame = self.frame();
                if frame.wants_table {
                    self.problems.push(problem);
                } else if frame.in_with {
                    frame.wants_definition = true;
                } else if frame.in_from {
                    frame.wants_table = true;
                }
                cursor.advance();
                self.dangling_comma(cursor);
            }
            _ => {
                cursor.advance();
            }
        }
    }

    /// A comma before `FROM` or a closing parenthesis is a slip that Flink refuses.
    fn dangling_comma(&mut self, cursor: &Cursor<'_>) {
        if cursor.is_done() || cursor.is_word("FROM") || cursor.is_symbol(")") || cursor.is_symbol(",") {
            self.problems.push(cursor.expected("something after the comma"));
        }
    }

    fn word(&mut self, cursor: &mut Cursor<'_>) {
        let frame = self.frame();
        if frame.wants_definition {
            self.definition(cursor);
            return;
        }
        if frame.wants_table {
            self.table(cursor);
            return;
        }
        if cursor.is_word("WITH") && frame.is_query && !frame.in_from {
            cursor.advance();
            cursor.eat_word("RECURSIVE");
            frame.in_with = true;
            frame.wants_definition = true;
        } else if cursor.is_word("FROM") && frame.is_query {
            let is_distinct = cursor
                .span_before()
                .of(cursor.sql())
                .eq_ignore_ascii_case("DISTINCT");
            cursor.advance();
            // `IS DISTINCT FROM` compares; `SELECT DISTINCT FROM` is nonsense anyway.
            if !is_distinct {
                frame.in_from = true;
                frame.wants_table = true;
            }
        } else if cursor.is_word("JOIN") && frame.is_query {
            cursor.advance();
            frame.in_from = true;
            frame.wants_table = true;
        } else if let Some(word) = cursor.eat_one_of(ENDS_FROM) {
            frame.in_from = false;
            frame.in_with = false;
            if word == "SELECT" && (cursor.is_done() || cursor.is_word("FROM")) {
                self.problems.push(cursor.expected("what to select"));
            }
        } else if cursor.is_word("TABLE") && !matches!(cursor.text_at(1), "(" | "") {
            // `TUMBLE(TABLE t, …)`, and the query `TABLE t`.
            cursor.advance();
            if let Some(name) = cursor.eat_name() {
                self.read(name);
            }
        } else {
            self.name_or_skip(cursor);
        }
    }

    fn name_or_skip(&mut self, cursor: &mut Cursor<'_>) {
        let frame = self.frame();
        if frame.wants_definition {
            self.definition(cursor);
        } else if frame.wants_table {
            self.table(cursor);
        } else {
            cursor.advance();
        }
    }

    /// `name [(columns)] AS`, before its parentheses.
    fn definition(&mut self, cursor: &mut Cursor<'_>) {
        let name = cursor.eat_identifier().map(|name| name.value);
        if cursor.is_symbol("(") {
            cursor.eat_group();
        }
        if !cursor.eat_word("AS") || !cursor.is_symbol("(") {
            self.problems
                .push(cursor.expected("AS and a query in parentheses"));
        }
        let frame = self.frame();
        frame.wants_definition = false;
        frame.defining = name;
    }

    /// What stands where a table is expected.
    fn table(&mut self, cursor: &mut Cursor<'_>) {
        if cursor.eat_word("LATERAL") || cursor.eat_word("ONLY") {
            return;
        }
        if cursor.is_word("TABLE") {
            cursor.advance();
            if cursor.is_symbol("(") {
                // `TABLE(TUMBLE(TABLE t, …))`: a function's result; its arguments name the tables.
                self.frame().wants_table = false;
            }
            return;
        }
        let reserved = cursor.peek().is_some_and(|token| token.kind == TokenKind::Word)
            && (ENDS_FROM.iter().any(|word| cursor.is_word(word))
                || ["ON", "JOIN", "AS", "FROM", "USING"]
                    .iter()
                    .any(|word| cursor.is_word(word)));
        let name = if reserved { None } else { cursor.eat_name() };
        self.frame().wants_table = false;
        match name {
            None => {
                self.problems.push(cursor.expected("a table"));
                if !reserved {
                    cursor.advance();
                }
            }
            // A name with parentheses is a function: `UNNEST(…)`, `TUMBLE(TABLE t, …)`.
            Some(_) if cursor.is_symbol("(") => {}
            Some(name) => self.read(name),
        }
    }
}

/// Parentheses and brackets that have no partner.
pub(crate) fn unbalanced(cursor: &Cursor<'_>) -> Vec<Problem> {
    let mut open = Vec::new();
    let mut problems = Vec::new();
    for token in cursor
        .rest()
        .iter()
        .filter(|token| token.kind == TokenKind::Symbol)
    {
        let found = match token.span.of(cursor.sql()) {
            "(" => {
                open.push(('(', token.span));
                continue;
            }
            "[" => {
                open.push(('[', token.span));
                continue;
            }
            ")" => (')', '('),
            "]" => (']', '['),
            _ => continue,
        };
        if open.last().is_some_and(|(symbol, _)| *symbol == found.1) {
            open.pop();
        } else {
            problems.push(Problem {
                kind: ProblemKind::Unbalanced(found.0),
                span: token.span,
            });
        }
    }
    problems.extend(open.into_iter().map(|(symbol, span)| Problem {
        kind: ProblemKind::Unbalanced(symbol),
        span,
    }));
    problems
}
