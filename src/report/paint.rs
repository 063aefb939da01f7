//! Colours, and breaking text at a width.

use unicode_width::UnicodeWidthStr;

/// Puts colours around text, or does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paint {
    on: bool,
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Titles.
    Bold,
    /// What goes, what failed.
    Red,
    /// What comes, what went well.
    Green,
    /// What changes, what needs attention.
    Yellow,
    /// Hints and what is read.
    Cyan,
    /// What may be passed over.
    Dim,
    /// The words of a removed line that changed.
    RedWord,
    /// The words of an added line that changed.
    GreenWord,
    /// A title of something that failed.
    BoldRed,
    /// A title of something that went well.
    BoldGreen,
    /// A title of something that needs attention.
    BoldYellow,
}

impl Ink {
    const fn code(self) -> &'static str {
        match self {
            Ink::Bold => "\u{1b}[1m",
            Ink::Red => "\u{1b}[31m",
            Ink::Green => "\u{1b}[32m",
            Ink::Yellow => "\u{1b}[33m",
            Ink::Cyan => "\u{1b}[36m",
            Ink::Dim => "\u{1b}[90m",
            Ink::RedWord => "\u{1b}[1;4;31m",
            Ink::GreenWord => "\u{1b}[1;4;32m",
            Ink::BoldRed => "\u{1b}[1;31m",
            Ink::BoldGreen => "\u{1b}[1;32m",
            Ink::BoldYellow => "\u{1b}[1;33m",
        }
    }
}

impl Paint {
    /// With colours or without.
    pub const fn new(on: bool) -> Self {
        Paint { on }
    }

    /// Without colours.
    pub const fn plain() -> Self {
        Paint { on: false }
    }

    /// Whether there are colours.
    pub const fn is_on(self) -> bool {
        self.on
    }

    /// Appends `text` to `out` in a colour.
    pub fn push(self, out: &mut String, ink: Ink, text: &str) {
        if self.on && !text.is_empty() {
            out.push_str(ink.code());
            out.push_str(text);
            out.push_str("\u{1b}[0m");
        } else {
            out.push_str(text);
        }
    }

    /// `text` in a colour.
    #[must_use]
    pub fn text(self, ink: Ink, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 9);
        self.push(&mut out, ink, text);
        out
    }
}

/// Breaks `text` into lines of at most `width` columns, between words. Lines that begin with a space are kept as they
/// are (commands, lists); a word longer than the width stays whole.
pub fn wrap(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (i, line) in text.lines().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        if width == 0 || line.starts_with([' ', '\t']) || line.width() <= width {
            out.push_str(line);
            continue;
        }
        let mut column = 0;
        for word in line.split(' ') {
            let w = word.width();
            if column > 0 && column + 1 + w > width {
                out.push('\n');
                column = 0;
            } else if column > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += w;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_between_words() {
        assert_eq!(
            wrap("aa bb cc\n  keep this line\ndddddddd e", 5),
            "aa bb\ncc\n  keep this line\ndddddddd\ne"
        );
        assert_eq!(wrap("", 5), "");
    }

    #[test]
    fn colours_only_when_on() {
        assert_eq!(Paint::plain().text(Ink::Red, "x"), "x");
        assert_eq!(Paint::new(true).text(Ink::Red, "x"), "\u{1b}[31mx\u{1b}[0m");
    }
}
