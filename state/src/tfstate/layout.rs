//! JSON text in the layout in which Terraform writes it, so that two state files can be compared line by line.

/// Lays JSON text out as Go's `json.MarshalIndent` does: two spaces a level, and `<`, `>`, `&` and the line separators of Unicode
/// escaped. Only the layout changes: numbers and escapes stay as they are written. With a line break at the end.
pub(super) fn as_terraform_writes(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 2);
    let mut depth = 0_usize;
    let (mut quoted, mut escaped) = (false, false);
    // Whether an array or object was opened, and nothing stands in it yet.
    let mut opened = false;
    for c in json.chars() {
        if quoted {
            quoted = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            match c {
                '<' => out.push_str("\\u003c"),
                '>' => out.push_str("\\u003e"),
                '&' => out.push_str("\\u0026"),
                '\u{2028}' => out.push_str("\\u2028"),
                '\u{2029}' => out.push_str("\\u2029"),
                c => out.push(c),
            }
            continue;
        }
        if matches!(c, ' ' | '\t' | '\n' | '\r') {
            continue;
        }
        let closing = matches!(c, '}' | ']');
        if closing {
            depth = depth.saturating_sub(1);
        }
        if opened != closing {
            line(&mut out, depth);
        }
        opened = matches!(c, '{' | '[');
        out.push(c);
        match c {
            '{' | '[' => depth += 1,
            ',' => line(&mut out, depth),
            ':' => out.push(' '),
            '"' => quoted = true,
            _ => {}
        }
    }
    out.push('\n');
    out
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_that_of_go() {
        // As `json.MarshalIndent(json.RawMessage(…), "", "  ")` prints it.
        let compact = r#"{"a":{},"b":[],"c":[1,"x, \"{y\" \\",{"d":null}],"e": [ ] ,"f":"<a&b> 1.50"}"#;
        let laid_out = "{\n  \"a\": {},\n  \"b\": [],\n  \"c\": [\n    1,\n    \"x, \\\"{y\\\" \\\\\",\n    {\n      \"d\": null\n    }\n  ],\n  \"e\": [],\n  \"f\": \"\\u003ca\\u0026b\\u003e 1.50\"\n}\n";
        assert_eq!(as_terraform_writes(compact), laid_out);
        assert_eq!(
            as_terraform_writes(laid_out),
            laid_out,
            "a second time changes nothing"
        );
        assert_eq!(as_terraform_writes("[]"), "[]\n");
        assert_eq!(as_terraform_writes("1"), "1\n");
    }
}
