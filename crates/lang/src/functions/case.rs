//! Letter case as Go maps it: one character to one character (Unicode's *simple* mapping), whatever stands around it.

/// The upper-case letter of a letter; `ß` stays `ß`.
fn upper_char(c: char) -> char {
    let mut all = c.to_uppercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        // Rust gives the full mapping, of several characters. These have a simple one too, all others stay.
        _ => match c {
            '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => offset(c, 8),
            '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => offset(c, 9),
            _ => c,
        },
    }
}

/// The lower-case letter of a letter; `İ` becomes `i`.
fn lower_char(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// The letter at the start of a word: as in upper case but for the digraphs, and Georgian has none.
fn title_char(c: char) -> char {
    match c {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => c,
        _ => upper_char(c),
    }
}

fn offset(c: char, by: u32) -> char {
    char::from_u32(c as u32 + by).unwrap_or(c)
}

/// Every letter in upper case.
pub(super) fn upper(s: &str) -> String {
    s.chars().map(upper_char).collect()
}

/// Every letter in lower case.
pub(super) fn lower(s: &str) -> String {
    s.chars().map(lower_char).collect()
}

/// The first letter of every word in title case. A word starts behind what is neither letter, digit nor `_`;
/// outside ASCII only space separates.
pub(super) fn title(s: &str) -> String {
    let mut before = ' ';
    s.chars()
        .map(|c| {
            let start = if before.is_ascii() {
                !(before.is_ascii_alphanumeric() || before == '_')
            } else {
                before.is_whitespace()
            };
            before = c;
            if start { title_char(c) } else { c }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_for_one() {
        assert_eq!(upper("straße ŉ ﬁ ᾳ ᾀ"), "STRAßE ŉ ﬁ ᾼ ᾈ");
        assert_eq!(lower("İΣ ẞ ÀÉÎ"), "iσ ß àéî");
        assert_eq!(upper("ǆ"), "Ǆ");
    }

    #[test]
    fn words_start_behind_what_is_no_letter() {
        assert_eq!(
            title("hello-world foo_bar it's ǆ été"),
            "Hello-World Foo_bar It'S ǅ Été"
        );
    }
}
