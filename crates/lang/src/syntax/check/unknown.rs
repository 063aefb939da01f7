//! Characters that the language does not have.

use super::Place;
use crate::diag::Diagnostics;
use crate::syntax::token::Kind;
use crate::syntax::token::Token;

/// Reports tokens that can never be right, the same mistake not endlessly often.
pub(crate) fn unknown_tokens(place: Place, text: &str, tokens: &[Token]) -> Diagnostics {
    let mut out = Diagnostics::new();
    let (mut operators, mut semicolons, mut backticks, mut apostrophes) = (0, 0, 0, 0);
    for token in tokens {
        let span = place.span(&(token.start..token.end));
        match token.kind {
            Kind::Ampersand | Kind::Pipe | Kind::Tilde | Kind::Caret => {
                operators += 1;
                if operators > 4 {
                    continue;
                }
                let hint = match token.kind {
                    Kind::Ampersand => " Did you mean \"&&\", the logical and?",
                    Kind::Pipe => " Did you mean \"||\", the logical or?",
                    Kind::Tilde => " Did you mean \"!\", the logical not?",
                    _ => "",
                };
                out.error_at(
                    span,
                    "Unsupported operator",
                    format!("The language has no operators on bits.{hint}"),
                );
            }
            Kind::Backtick => {
                if backticks % 2 == 0 {
                    out.error_at(
                        span,
                        "Invalid character",
                        "The language has no strings in backticks. Write a string of several lines as a heredoc, which begins with \"<<EOT\".",
                    );
                }
                // An opening and a closing one are one mistake; from the third on all are.
                if backticks <= 2 {
                    backticks += 1;
                }
            }
            Kind::Apostrophe => {
                if apostrophes % 2 == 0 {
                    out.error_at(
                        span,
                        "Invalid character",
                        "Single quotes are not valid. Put strings into double quotes (\").",
                    );
                }
                if apostrophes <= 2 {
                    apostrophes += 1;
                }
            }
            Kind::Semicolon => {
                semicolons += 1;
                if semicolons == 1 {
                    out.error_at(
                        span,
                        "Invalid character",
                        "The \";\" character is not valid. Arguments and blocks end with the line; items of a collection are separated by commas.",
                    );
                }
            }
            Kind::QuotedNewline => out.error_at(
                span,
                "Invalid multi-line string",
                "A string in quotes must end on the line on which it begins: either its closing quote is missing, or it is meant to have several lines. For those, write \\n, or use a heredoc, which begins with \"<<EOT\".",
            ),
            Kind::Invalid => {
                let written = token.text(text);
                let detail = match written {
                    "\u{201c}" | "\u{201d}" | "\u{2018}" | "\u{2019}" => {
                        "Typographic quotes are not valid here; some editors and web pages make them of plain ones. Replace them by plain double quotes (\").".to_owned()
                    }
                    "\\" => "A backslash must be followed by what it escapes: \\n, \\r, \\t, \\\", \\\\, \\uXXXX or \\UXXXXXXXX.".to_owned(),
                    cr if cr.starts_with('\r') => "A carriage return must be followed by a line feed.".to_owned(),
                    "$" | "%" if token.end as usize == text.len() => "The text ends here, within a string.".to_owned(),
                    "$" => "A dollar sign belongs into strings only: \"${var.NAME}\". Outside of them a reference stands by itself: var.NAME.".to_owned(),
                    _ => "The language does not use this character outside of strings and comments.".to_owned(),
                };
                out.error_at(span, "Invalid character", detail);
            }
            _ => {}
        }
    }
    out
}
