//! Reading lines from a person: editing, history, and more lines where one is not enough.

use std::borrow::Cow;
use std::io;

use rustyline::Context;
use rustyline::Editor;
use rustyline::Helper;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::ValidationContext;
use rustyline::validate::ValidationResult;
use rustyline::validate::Validator;

/// What a person typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A text of one or more lines.
    Text(String),
    /// Ctrl-C or Ctrl-D.
    End,
}

/// A line editor on the terminal. The history lives as long as it does: what is typed may be secret.
pub struct LineEditor {
    editor: Editor<Rules, DefaultHistory>,
    prompt: String,
}

impl LineEditor {
    /// An editor that asks for more lines while a text `is_unfinished`, and completes words by `complete`.
    ///
    /// # Errors
    /// When the terminal cannot be used.
    pub fn new(prompt: &str, is_unfinished: fn(&str) -> bool, words: Vec<String>) -> io::Result<LineEditor> {
        let config = rustyline::Config::builder()
            .max_history_size(1_000)
            .and_then(|b| b.history_ignore_dups(true))
            .map_err(io::Error::other)?
            .auto_add_history(true)
            .build();
        let mut editor = Editor::with_config(config).map_err(io::Error::other)?;
        editor.set_helper(Some(Rules { is_unfinished, words }));
        Ok(LineEditor {
            editor,
            prompt: prompt.to_owned(),
        })
    }

    /// Reads a text.
    ///
    /// # Errors
    /// When the terminal cannot be read.
    pub fn read(&mut self) -> io::Result<Typed> {
        match self.editor.readline(&self.prompt) {
            Ok(text) => Ok(Typed::Text(text)),
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => Ok(Typed::End),
            Err(e) => Err(io::Error::other(e)),
        }
    }
}

struct Rules {
    is_unfinished: fn(&str) -> bool,
    words: Vec<String>,
}

impl Validator for Rules {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if (self.is_unfinished)(context.input()) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

impl Completer for Rules {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(complete(&self.words, line, at))
    }
}

impl Hinter for Rules {
    type Hint = String;
}

impl Highlighter for Rules {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        Cow::Borrowed(prompt)
    }
}

impl Helper for Rules {}

/// Where the word before the cursor begins, and the words that it may become.
fn complete(words: &[String], line: &str, at: usize) -> (usize, Vec<String>) {
    let before = line.get(..at).unwrap_or(line);
    let start = before
        .rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')))
        .map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8));
    let word = &before[start..];
    if word.is_empty() {
        return (start, Vec::new());
    }
    let fitting = words.iter().filter(|w| w.starts_with(word)).cloned();
    (start, fitting.collect())
}

#[cfg(test)]
mod tests {
    use super::complete;

    #[test]
    fn completes_the_word_before_the_cursor() {
        let words = ["var.name", "var.size", "upper", "local.x"].map(str::to_owned);
        assert_eq!(
            complete(&words, "upper(va", 8),
            (6, vec!["var.name".to_owned(), "var.size".to_owned()])
        );
        assert_eq!(complete(&words, "é+lo", 5), (3, vec!["local.x".to_owned()]));
        assert_eq!(complete(&words, "1 + ", 4), (4, vec![]));
    }
}
