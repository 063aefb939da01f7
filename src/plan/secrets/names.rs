//! Words that are names: a secret that is one of them is not looked for by its value. To blank `password` wherever it is the name of
//! an argument would hide what a plan is about, break what programs read, and tell everybody what the secret is.

use std::collections::HashSet;

use streamform_lang::diag::Sources;

/// Words of what is printed, longer than the shortest secret that is looked for: names of members and kinds in JSON, words of plans.
const OURS: [&str; 62] = [
    "action_reason",
    "after_sensitive",
    "after_unknown",
    "applyable",
    "apply_complete",
    "apply_errored",
    "apply_progress",
    "apply_start",
    "before_sensitive",
    "change_summary",
    "child_modules",
    "complete",
    "configuration",
    "confluent",
    "confluentinc",
    "constant_value",
    "creating",
    "depends_on",
    "description",
    "destroying",
    "diagnostic",
    "diagnostics",
    "elapsed_seconds",
    "ephemeral",
    "expression",
    "expressions",
    "format_version",
    "full_name",
    "generated_config",
    "highlight_end_offset",
    "highlight_start_offset",
    "id_value",
    "implied_provider",
    "importing",
    "instances",
    "messages",
    "modifying",
    "module_calls",
    "operation",
    "output_changes",
    "planned_change",
    "planned_values",
    "prior_state",
    "provider",
    "provider_config",
    "provider_name",
    "refreshing",
    "refresh_complete",
    "refresh_start",
    "relevant_attributes",
    "replace_paths",
    "resource",
    "resource_changes",
    "resource_drift",
    "resource_type",
    "resources",
    "root_module",
    "sensitive",
    "streamform",
    "terraform",
    "terraform_data",
    "variables",
];

/// Whether a text may be a name at all: lower case letters, `_` and `-`.
pub(super) fn may_be_name(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'-'))
}

/// Every name in the files, and every word of ours.
pub(super) fn all(sources: &Sources) -> HashSet<Box<str>> {
    let mut names: HashSet<Box<str>> = OURS.iter().map(|n| (*n).into()).collect();
    for (_, file) in sources.iter() {
        each(file.text(), |name| {
            if may_be_name(name) {
                names.insert(name.into());
            }
        });
    }
    names
}

/// Names in a file, by its letters alone: identifiers, labels of blocks and keys, but nothing that stands in a string, a heredoc or a
/// comment.
fn each<'t>(text: &'t str, mut see: impl FnMut(&'t str)) {
    let bytes = text.as_bytes();
    let line_end = |from: usize| text[from..].find('\n').map_or(text.len(), |n| from + n);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = &text[at..];
        match byte {
            b'#' => at = line_end(at),
            b'/' if rest.starts_with("//") => at = line_end(at),
            b'/' if rest.starts_with("/*") => at += rest.find("*/").map_or(rest.len(), |n| n + 2),
            b'<' if rest.starts_with("<<") => {
                let word = rest[2..line_end(at) - at].trim_start_matches('-').trim();
                at = line_end(at);
                // (Where no word follows, it is no heredoc.)
                while !word.is_empty() && at < text.len() {
                    let end = line_end(at + 1);
                    let line = text[at..end].trim();
                    at = end;
                    if line == word {
                        break;
                    }
                }
            }
            b'"' => {
                let end = string_end(bytes, at + 1);
                let inside = &text[at + 1..end.min(text.len())];
                at = (end + 1).min(text.len());
                let behind = text[at..].trim_start_matches([' ', '\t']);
                if behind.starts_with(['{', '"']) || behind.starts_with('=') && !behind.starts_with("==") {
                    see(inside);
                }
            }
            _ if byte.is_ascii_alphabetic() || byte == b'_' => {
                let length = rest
                    .bytes()
                    .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
                    .count();
                see(&rest[..length]);
                at += length;
            }
            _ => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
}

/// Where the quotes of a string end; strings in its templates end with it.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if depth == 0 => at += 1,
            b'$' | b'%' if bytes.get(at + 1) == Some(&b'{') => {
                depth += 1;
                at += 1;
            }
            b'{' if depth > 0 => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b'"' if depth > 0 => at = string_end(bytes, at + 1),
            b'"' | b'\n' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_stands_outside_of_values() {
        let mut sources = Sources::default();
        sources.add(
            "main.tf",
            r#"
# comment_word
resource "some_type" "label_word" { // other_comment
  argument_word = "value_word ${lookup(a, "inner_word")} é"
  object = { key_word = 1, "quoted_key" = "quoted_value" }
  same   = "left_word" == var.reference_word ? "yes_word" : "no_word"
  sql    = <<-EOT
    heredoc_word = 1
  EOT
  after_word = 1 /* more_comment */
}
"#,
        );
        let names = all(&sources);
        for name in [
            "resource",
            "some_type",
            "label_word",
            "argument_word",
            "key_word",
            "quoted_key",
            "reference_word",
            "after_word",
            "planned_values",
        ] {
            assert!(names.contains(name), "{name}");
        }
        for value in [
            "comment_word",
            "other_comment",
            "value_word",
            "inner_word",
            "quoted_value",
            "left_word",
            "yes_word",
            "no_word",
            "heredoc_word",
            "more_comment",
        ] {
            assert!(!names.contains(value), "{value}");
        }
    }

    #[test]
    fn any_text_may_come() {
        for text in [
            "\"",
            "<<",
            "<<EOT",
            "/*",
            "\"${",
            "\"${\"",
            "\"\\",
            "é<<é\né",
            "<<-\n",
        ] {
            each(text, |_| {});
        }
    }
}
