//! Text in quotes as Go prints it.

use std::fmt::Write as _;

use unicode_properties::GeneralCategoryGroup;
use unicode_properties::UnicodeGeneralCategory;

/// A text in double quotes with the escapes of Go, which Terraform's messages and plans print: what is not printable is shown by
/// its number, so that nothing steers a terminal or hides in a name.
pub fn go_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_go_quoted(&mut out, text);
    out
}

/// Appends [`go_quoted`] text.
pub fn push_go_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                let n = u32::from(c);
                // Writing to a string does not fail.
                _ = match n {
                    0..0x20 | 0x7f => write!(out, "\\x{n:02x}"),
                    _ if is_printable(c) => write!(out, "{c}"),
                    0..0x1_0000 => write!(out, "\\u{n:04x}"),
                    _ => write!(out, "\\U{n:08x}"),
                };
            }
        }
    }
    out.push('"');
}

/// Letters, marks, numbers, punctuation and symbols.
pub(crate) fn is_printable(c: char) -> bool {
    !matches!(
        c.general_category_group(),
        GeneralCategoryGroup::Separator | GeneralCategoryGroup::Other
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_quote_as_go_does() {
        for (text, quoted) in [
            ("a\"\\", r#""a\"\\""#),
            ("\n\r\t\u{7}\u{8}\u{b}\u{c}", r#""\n\r\t\a\b\v\f""#),
            ("\u{1}\u{7f}\u{9f}", r#""\x01\x7f\u009f""#),
            ("é 日本 😀", "\"é 日本 😀\""),
            (
                "\u{a0}\u{200b}\u{202e}\u{feff}\u{e000}",
                r#""\u00a0\u200b\u202e\ufeff\ue000""#,
            ),
            ("\u{e0001}", r#""\U000e0001""#),
        ] {
            assert_eq!(go_quoted(text), quoted);
        }
    }
}
