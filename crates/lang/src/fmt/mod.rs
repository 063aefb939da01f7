//! The canonical layout of a configuration file.
//!
//! Formatting works on tokens: it changes the space between them, and three things more, as `terraform fmt` does:
//! labels are put into quotes, `"${x}"` alone becomes `x`, and the quoted types of very old configurations become
//! today's. Comments and heredocs stay as they are.

mod edit;
mod lines;
mod spaces;

use std::borrow::Cow;

use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::syntax::layout;
use crate::syntax::token::Kind;

/// A token with the space before it.
#[derive(Clone, Debug)]
struct Atom<'a> {
    kind: Kind,
    text: Cow<'a, str>,
    spaces: usize,
}

impl<'a> Atom<'a> {
    fn new(kind: Kind, text: impl Into<Cow<'a, str>>) -> Self {
        Atom {
            kind,
            text: text.into(),
            spaces: 0,
        }
    }

    /// Whether a line ends with it. Comments to the end of a line have the line end in them.
    fn ends_line(&self) -> bool {
        self.kind == Kind::Newline || (self.kind == Kind::Comment && self.text.ends_with('\n'))
    }

    /// How it changes the number of open brackets.
    fn brackets(&self) -> isize {
        match self.kind {
            Kind::OpenBrace | Kind::OpenBracket | Kind::OpenParen | Kind::Interpolation | Kind::Control => 1,
            Kind::CloseBrace | Kind::CloseBracket | Kind::CloseParen | Kind::SequenceEnd => -1,
            _ => 0,
        }
    }
}

/// The text in its canonical layout.
///
/// # Errors
/// The errors of a text that is not well formed; it is left alone then.
pub fn format(id: FileId, text: &str) -> Result<String, Diagnostics> {
    let (tokens, body, diagnostics) = layout(id, text);
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let mut atoms = edit::edited(text, &tokens, &body);
    lines::lay_out(&mut atoms);
    // Space behind the last token is kept, as Terraform keeps it.
    let trailing = match tokens.as_slice() {
        [.., last, end] => (end.start - last.end) as usize,
        _ => text.len(),
    };
    atoms.push(Atom {
        spaces: trailing,
        ..Atom::new(Kind::End, "")
    });
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for atom in &atoms {
        out.extend(std::iter::repeat_n(' ', atom.spaces));
        out.push_str(&atom.text);
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
