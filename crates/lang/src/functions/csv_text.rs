//! Comma-separated values, read by the rules of Go's `encoding/csv`: strict about quotes.

/// One line of fields.
pub(super) struct Record {
    /// The line in which it starts, from 1.
    pub(super) line: usize,
    /// What it holds.
    pub(super) fields: Vec<String>,
}

/// Reads all records; empty lines are none.
pub(super) fn read(text: &str) -> Result<Vec<Record>, String> {
    let error = |line: usize, what: &str| Err(format!("CSV parse error on line {line}: {what}"));
    let mut records = Vec::new();
    let mut lines = text.split_inclusive('\n').enumerate();
    while let Some((number, line)) = lines.next() {
        let start = number + 1;
        let mut number = start;
        let mut line = end_of_line(line);
        if line.trim_end_matches('\n').is_empty() {
            continue;
        }
        let mut fields = Vec::new();
        'fields: loop {
            let Some(quoted) = line.strip_prefix('"') else {
                let body = line.trim_end_matches('\n');
                let field = body.split(',').next().unwrap_or("");
                if field.contains('"') {
                    return error(number, "bare \" in non-quoted-field");
                }
                let last = field.len() == body.len();
                fields.push(field.to_owned());
                if last {
                    break;
                }
                line = line[field.len() + 1..].to_owned();
                continue;
            };
            let mut rest = quoted.to_owned();
            let mut field = String::new();
            loop {
                match rest.find('"') {
                    Some(at) => {
                        field.push_str(&rest[..at]);
                        let after = &rest[at + 1..];
                        if let Some(r) = after.strip_prefix('"') {
                            field.push('"');
                            rest = r.to_owned();
                        } else if let Some(r) = after.strip_prefix(',') {
                            fields.push(field);
                            line = r.to_owned();
                            continue 'fields;
                        } else if after.trim_end_matches('\n').is_empty() {
                            fields.push(field);
                            break 'fields;
                        } else {
                            return error(number, "extraneous or missing \" in quoted-field");
                        }
                    }
                    None => {
                        field.push_str(&rest);
                        match lines.next() {
                            Some((n, next)) => {
                                number = n + 1;
                                rest = end_of_line(next);
                            }
                            None => return error(number, "extraneous or missing \" in quoted-field"),
                        }
                    }
                }
            }
        }
        records.push(Record { line: start, fields });
    }
    Ok(records)
}

/// A line with its end in the Unix way.
fn end_of_line(line: &str) -> String {
    match line.strip_suffix("\r\n") {
        Some(l) => format!("{l}\n"),
        None => line.to_owned(),
    }
}
