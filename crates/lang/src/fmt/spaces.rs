//! Whether two tokens on a line are set apart.

use super::Atom;
use crate::syntax::token::Kind;

/// Whether a space stands between `this` and `next`; `before` is what precedes `this` in its part of the line.
pub(super) fn apart(before: Option<&Atom<'_>>, this: &Atom<'_>, next: &Atom<'_>) -> bool {
    use Kind::*;
    match (this.kind, next.kind) {
        (_, Newline) => false,
        // f(x), ns::f(x)
        (Name, OpenParen | DoubleColon) | (DoubleColon, Name) => false,
        (Dot, _) | (_, Dot) => false,
        (_, Comma | Ellipsis) => false,
        (Comma, _) => true,
        (QuotedText | Text | OpenQuote | OpenHeredoc, _)
        | (_, QuotedText | Text | CloseQuote | CloseHeredoc) => false,
        // [for x in [a] : x] is no index into something called "in".
        (Name, _) if this.text == "in" && before.is_some_and(|b| b.kind == Name) => true,
        (Name | Number, OpenBracket) => false,
        (_, OpenBracket) if this.brackets() < 0 => false,
        (Bang, _) => false,
        (Minus, _) => !before.is_none_or(|b| expects_operand(b.kind)),
        (OpenBrace, CloseBrace) => false,
        (OpenBrace, _) | (_, CloseBrace) => true,
        // "${ { a = 1 } }": braces do not touch the sequence's own.
        (Interpolation | Control, OpenBrace) | (CloseBrace, SequenceEnd) => true,
        (SequenceEnd, Interpolation | Control) => false,
        _ => this.brackets() <= 0 && next.brackets() >= 0,
    }
}

/// Whether a minus behind this is a sign and not an operator.
fn expects_operand(kind: Kind) -> bool {
    use Kind::*;
    matches!(
        kind,
        OpenParen
            | OpenBrace
            | OpenBracket
            | Equal
            | Colon
            | Comma
            | Question
            | Plus
            | Star
            | Slash
            | Percent
            | Minus
            | EqualEqual
            | NotEqual
            | Greater
            | GreaterEqual
            | Less
            | LessEqual
            | And
            | Or
            | Bang
    )
}
