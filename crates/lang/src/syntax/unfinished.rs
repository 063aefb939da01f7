//! Whether a text wants more lines: what a console asks after each line that is typed.

use super::scan::Mode;
use super::scan::scan;
use super::token::Kind;

/// Whether an expression cannot be complete yet: a bracket, a template sequence or a heredoc is still open.
///
/// A text that is wrong already (a bracket closed by another one, an open string) is not unfinished: more lines would not
/// mend it.
pub fn is_unfinished(text: &str) -> bool {
    let mut open = Vec::new();
    // A heredoc begins and ends with whole lines.
    let lines = format!("{text}\n");
    for token in scan(&lines, Mode::Normal) {
        if let Some(closer) = token.kind.closer() {
            open.push(closer);
            continue;
        }
        let broken = token.kind == Kind::QuotedNewline
            || (token.kind.opener().is_some() && open.pop() != Some(token.kind));
        if broken {
            return false;
        }
    }
    !open.is_empty() && open.last() != Some(&Kind::CloseQuote)
}

#[cfg(test)]
mod tests {
    use super::is_unfinished;

    #[test]
    fn open_brackets_sequences_and_heredocs_want_more() {
        for text in [
            "{",
            "foo(",
            "[1,\n2",
            "\"${",
            "<<EOT",
            "<<EOT\nx\n",
            "x = {",
            "[\n\n\n",
            "{ a = (1\n",
        ] {
            assert!(is_unfinished(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_whole_or_broken_is_evaluated() {
        for text in [
            "",
            "1",
            "1 +",
            "a ? ",
            "\"abc",
            "[1,)",
            "/* abc",
            "{}",
            "<<EOT\nx\nEOT",
            "\"${a}\"",
            "}",
        ] {
            assert!(!is_unfinished(text), "{text:?}");
        }
    }
}
