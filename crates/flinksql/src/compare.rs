//! Whether two texts say the same: white space, comments, the case of keywords, needless backticks and a last semicolon
//! do not count. Everything else does, hints included.

use crate::keywords::{is_keyword_after, is_reserved};
use crate::lexer::{Token, TokenKind, lex};

/// Whether two texts say the same to Flink.
///
/// A text that cannot be read (a string without its end) equals only itself.
pub fn equivalent(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let ((left, left_problems), (right, right_problems)) = (lex(a), lex(b));
    left_problems.is_empty() && right_problems.is_empty() && normal(a, &left, true) == normal(b, &right, true)
}

#[derive(PartialEq, Eq)]
enum Normal {
    Keyword(String),
    Name(String),
    Text(String),
    Hint(Vec<Normal>),
}

fn normal(sql: &str, tokens: &[Token], outside: bool) -> Vec<Normal> {
    let mut list: Vec<Normal> = Vec::with_capacity(tokens.len());
    let mut before = "";
    for token in tokens {
        let text = token.span.of(sql);
        list.push(match token.kind {
            TokenKind::Word if is_reserved(text) || is_keyword_after(before, text) => {
                Normal::Keyword(text.to_ascii_uppercase())
            }
            TokenKind::Word => Normal::Name(text.to_owned()),
            TokenKind::Quoted => {
                let quote = &text[..1];
                let inner = text.strip_prefix(quote).unwrap_or(text);
                let inner = inner.strip_suffix(quote).unwrap_or(inner);
                Normal::Name(inner.replace(&quote.repeat(2), quote))
            }
            TokenKind::Hint if outside => {
                let inner = text.strip_prefix("/*+").unwrap_or(text);
                let inner = inner.strip_suffix("*/").unwrap_or(inner);
                // What looks like a hint within a hint is text: `*/` ends both.
                let (tokens, _) = lex(inner);
                Normal::Hint(normal(inner, &tokens, false))
            }
            // `!=` and `<>` are one operator.
            TokenKind::Symbol if text == "!=" => Normal::Text("<>".to_owned()),
            _ => Normal::Text(text.to_owned()),
        });
        before = text;
    }
    while matches!(list.last(), Some(Normal::Text(text)) if text == ";") {
        list.pop();
    }
    list
}
