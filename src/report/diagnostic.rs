//! Diagnostics as people read them. The snippet with its underline is drawn by miette, which only this file names; the
//! words around it are arranged as in Terraform.

use std::fmt;
use std::fmt::Write as _;

use miette::GraphicalReportHandler;
use miette::GraphicalTheme;
use miette::LabeledSpan;
use miette::MietteError;
use miette::MietteSpanContents;
use miette::SourceCode;
use miette::SourceSpan;
use miette::SpanContents;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Severity;
use streamform_lang::diag::SourceFile;
use streamform_lang::diag::Sources;
use streamform_lang::diag::Span;
use streamform_lang::functions;
use streamform_lang::syntax::json::parse_json;

use super::json::called_function;
use super::paint::Ink;
use super::paint::Paint;
use super::paint::wrap;
use super::value_text::clean;
use super::value_text::clean_lines;

/// How diagnostics are written.
#[derive(Clone, Copy, Debug)]
pub struct DiagnosticStyle {
    /// Colours.
    pub paint: Paint,
    /// Columns of the terminal; text is broken so that it fits. 0: not broken.
    pub width: usize,
    /// Warnings only as a list of their summaries (`-compact-warnings`).
    pub compact_warnings: bool,
}

impl Default for DiagnosticStyle {
    fn default() -> Self {
        DiagnosticStyle {
            paint: Paint::plain(),
            width: 78,
            compact_warnings: false,
        }
    }
}

/// All diagnostics as text: warnings first, then errors, in the order of their places.
pub fn diagnostics_text(diagnostics: &Diagnostics, sources: &Sources, style: &DiagnosticStyle) -> String {
    let mut out = String::new();
    let (warnings, errors): (Vec<&Diagnostic>, Vec<&Diagnostic>) = diagnostics
        .by_place(sources)
        .into_iter()
        .partition(|d| d.severity == Severity::Warning);
    // As in Terraform: beside an error the warnings are shown in full.
    if style.compact_warnings && !diagnostics.has_errors() && !warnings.is_empty() {
        compact(&mut out, &warnings, sources, style);
    } else {
        each_once(&mut out, &warnings, sources, style);
    }
    each_once(&mut out, &errors, sources, style);
    out
}

/// What a provider says of each of several attributes in the same words is read once.
fn each_once(out: &mut String, found: &[&Diagnostic], sources: &Sources, style: &DiagnosticStyle) {
    let same = |a: &Diagnostic, b: &Diagnostic| {
        let b = Diagnostic {
            attribute: a.attribute.clone(),
            ..b.clone()
        };
        *a == b
    };
    for (i, d) in found.iter().enumerate() {
        if i.checked_sub(1)
            .and_then(|before| found.get(before))
            .is_none_or(|before| !same(before, d))
        {
            diagnostic(out, d, sources, style);
        }
    }
}

/// One diagnostic as text.
pub fn diagnostic_text(d: &Diagnostic, sources: &Sources, style: &DiagnosticStyle) -> String {
    let mut out = String::new();
    diagnostic(&mut out, d, sources, style);
    out
}

fn compact(out: &mut String, warnings: &[&Diagnostic], sources: &Sources, style: &DiagnosticStyle) {
    let paint = style.paint;
    paint.push(out, Ink::BoldYellow, "Warnings:");
    out.push_str("\n\n");
    let mut told: Vec<(&str, Option<String>, usize)> = Vec::new();
    for d in warnings {
        match told.iter_mut().find(|(s, _, _)| *s == d.summary) {
            Some((_, _, more)) => *more += 1,
            None => told.push((&d.summary, d.subject.map(|s| place(sources, s)), 0)),
        }
    }
    for (summary, at, more) in told {
        _ = writeln!(out, "- {summary}");
        if let Some(at) = at {
            _ = match more {
                0 => writeln!(out, "  on {at}"),
                n => writeln!(out, "  on {at} (and {n} more)"),
            };
        }
    }
    out.push_str("\nTo see the full warning notes, run Streamform without -compact-warnings.\n");
}

/// `main.tf line 3`
fn place(sources: &Sources, span: Span) -> String {
    match sources.get(span.file) {
        Some(f) => format!("{} line {}", f.name(), f.position(span.start).line),
        None => "unknown file".to_owned(),
    }
}

fn diagnostic(out: &mut String, d: &Diagnostic, sources: &Sources, style: &DiagnosticStyle) {
    let paint = style.paint;
    let (ink, edge, title) = match d.severity {
        Severity::Error => (Ink::Red, Ink::BoldRed, "Error: "),
        Severity::Warning => (Ink::Yellow, Ink::BoldYellow, "Warning: "),
    };
    let mut body = String::new();
    paint.push(&mut body, edge, title);
    paint.push(&mut body, Ink::Bold, &clean(&d.summary));
    body.push('\n');
    let file = d.subject.and_then(|s| Some((s, sources.get(s.file)?)));
    if let Some((subject, file)) = file {
        let at = file.position(subject.start);
        _ = write!(body, "\n  on {} line {}", file.name(), at.line);
        if let Some(block) = enclosing_block(file, subject) {
            _ = write!(body, ", in {block}");
        }
        body.push_str(":\n");
        snippet(&mut body, file, subject, d.context, paint);
        if let Some(call) = d.called.as_deref().and_then(call_text) {
            body.push_str("     ");
            paint.push(&mut body, Ink::Dim, "• ");
            _ = writeln!(body, "while calling {call}");
        }
        values(&mut body, &d.values, paint);
    }
    if let Some(address) = &d.address {
        let gap = if file.is_some() { "" } else { "\n" };
        _ = writeln!(body, "{gap}  with {}", clean(address));
    }
    if file.is_none() && !d.values.is_empty() {
        body.push('\n');
        values(&mut body, &d.values, paint);
    }
    let width = style.width.saturating_sub(2);
    if !d.detail.is_empty() {
        body.push('\n');
        body.push_str(&wrap(
            &clean_lines(&d.detail),
            if style.width == 0 { 0 } else { width.max(20) },
        ));
        body.push('\n');
    }
    if let Some(help) = &d.help {
        body.push('\n');
        let text = wrap(
            &format!("hint: {}", clean_lines(help)),
            if style.width == 0 { 0 } else { width.max(20) },
        );
        match text.strip_prefix("hint:") {
            Some(rest) => {
                paint.push(&mut body, Ink::Cyan, "hint:");
                body.push_str(rest);
            }
            None => body.push_str(&text),
        }
        body.push('\n');
    }
    paint.push(out, ink, "╷");
    out.push('\n');
    for line in body.lines() {
        paint.push(out, ink, "│");
        if !line.is_empty() {
            out.push(' ');
            out.push_str(line);
        }
        out.push('\n');
    }
    paint.push(out, ink, "╵");
    out.push('\n');
}

/// How a function is called: `lookup(inputMap, key, default...)`. Of functions of providers only the caller knows.
fn call_text(called: &str) -> Option<String> {
    let function = functions::lookup(called)?;
    let fixed = function.params.iter().map(|p| p.name.to_owned());
    let more = function.variadic.iter().map(|p| format!("{}...", p.name));
    let parameters: Vec<String> = fixed.chain(more).collect();
    Some(format!("{called}({})", parameters.join(", ")))
}

fn values(out: &mut String, values: &[(String, String)], paint: Paint) {
    if values.is_empty() {
        return;
    }
    for (name, described) in values {
        out.push_str("     ");
        paint.push(out, Ink::Dim, "• ");
        paint.push(out, Ink::Bold, name);
        _ = writeln!(out, " {}", clean(described));
    }
}

/// The header of the top-level block around a place, found by layout: a block begins in the first column. In JSON, the path to
/// the object around it.
fn enclosing_block(file: &SourceFile, subject: Span) -> Option<String> {
    if file.name().ends_with(".json") {
        let (root, _) = parse_json(subject.file, file.text());
        return Some(root.path_around(subject.start)).filter(|p| !p.is_empty());
    }
    let line = file.position(subject.start).line;
    for n in (1..=line).rev() {
        let text = file.line(n)?;
        if n < line && text.starts_with('}') {
            return None;
        }
        if text.starts_with(|c: char| c.is_alphabetic()) {
            let header = text
                .split('{')
                .next()
                .filter(|h| h.len() < text.len() && !h.contains('='))?;
            return Some(header.trim().to_owned());
        }
    }
    None
}

/// The last byte worth underlining: a subject of several lines is underlined on its first.
fn first_line_end(file: &SourceFile, subject: Span) -> u32 {
    let text = file.text();
    let start = subject.start as usize;
    let end = subject.end as usize;
    match text.get(start..end).and_then(|t| t.find('\n')) {
        Some(i) => (start + i) as u32,
        None => subject.end,
    }
}

fn snippet(out: &mut String, file: &SourceFile, subject: Span, context: Option<Span>, paint: Paint) {
    let len = file.text().len();
    let start = (subject.start as usize).min(len);
    let end = (first_line_end(file, subject) as usize).clamp(start, len);
    let excerpt = Excerpt::of(file, (start, end), context);
    let theme = if paint.is_on() {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_context_lines(0)
        .with_width(usize::MAX / 2)
        .with_links(false);
    let mut text = String::new();
    // INVARIANT: writing to a string does not fail; a snippet that cannot be drawn is left out.
    if handler.render_report(&mut text, &excerpt).is_err() {
        return;
    }
    // What comes before the frame is miette's own title, and the frame names the file: both are already said above.
    let drawn = text.lines().skip_while(|l| !l.contains('╭')).skip(1);
    for line in drawn {
        if line.contains('╰') && line.contains("────") && !line.contains('│') {
            break;
        }
        let line = line.trim_end();
        if !line.is_empty() {
            out.push_str("  ");
            out.push_str(line);
            out.push('\n');
        }
    }
}

/// What miette is asked to draw: the lines of the subject, and those of its context if they are few.
struct Excerpt {
    /// These lines, without anything that steers the terminal; as long as in the file.
    data: String,
    /// Where they begin in the file.
    start: usize,
    /// The number of the first of them, from 1.
    first: u32,
    /// How many there are.
    count: u32,
    /// What is underlined: first byte and the one behind the last, in the file.
    label: (usize, usize),
}

/// At most so many lines of context around a subject.
const MOST_LINES: u32 = 8;

impl Excerpt {
    // The index of lines makes this independent of the size of the file, which miette's own reader is not.
    fn of(file: &SourceFile, label: (usize, usize), context: Option<Span>) -> Excerpt {
        let line = |byte: usize| file.position(byte as u32).line;
        let (mut first, mut last) = (line(label.0), line(label.1));
        if let Some(context) = context {
            let a = line(context.start as usize).min(first);
            let b = line(context.end as usize).max(last);
            if b - a < MOST_LINES {
                (first, last) = (a, b);
            }
        }
        let text = file.text();
        let start = line_start(file, first).unwrap_or(label.0);
        let end = line_start(file, last + 1).unwrap_or(text.len()).max(start);
        let mut data = String::with_capacity(end - start);
        for c in text.get(start..end).unwrap_or_default().chars() {
            if c.is_control() && !matches!(c, '\t' | '\n' | '\r') {
                // As many bytes as before, so that the underline stays in its place.
                data.extend(std::iter::repeat_n('?', c.len_utf8()));
            } else {
                data.push(c);
            }
        }
        Excerpt {
            data,
            start,
            first,
            count: last - first + 1,
            label,
        }
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Excerpt")
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("-")
    }
}

impl std::error::Error for Excerpt {}

impl miette::Diagnostic for Excerpt {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (start, end) = self.label;
        Some(Box::new(std::iter::once(LabeledSpan::new(
            None,
            start,
            end - start,
        ))))
    }
}

impl SourceCode for Excerpt {
    fn read_span<'b>(
        &'b self,
        _span: &SourceSpan,
        _before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        Ok(Box::new(MietteSpanContents::new(
            self.data.as_bytes(),
            SourceSpan::from((self.start, self.data.len())),
            self.first as usize - 1,
            0,
            self.count as usize,
        )))
    }
}

fn line_start(file: &SourceFile, line: u32) -> Option<usize> {
    let text = file.line(line)?;
    // The line is a part of the text: its distance from the start is its offset.
    Some(text.as_ptr() as usize - file.text().as_ptr() as usize)
}

/// A diagnostic in the form that `validate -json` and the `-json` stream have for it.
pub fn diagnostic_json(d: &Diagnostic, sources: &Sources) -> serde_json::Value {
    use serde_json::json;
    let mut out = serde_json::Map::new();
    let severity = match d.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let detail = match &d.help {
        Some(help) if d.detail.is_empty() => format!("Hint: {help}"),
        Some(help) => format!("{}\n\nHint: {help}", d.detail),
        None => d.detail.clone(),
    };
    out.insert("severity".into(), json!(severity));
    out.insert("summary".into(), json!(d.summary));
    out.insert("detail".into(), json!(detail));
    if let Some(address) = &d.address {
        out.insert("address".into(), json!(address));
    }
    if let Some((subject, file)) = d.subject.and_then(|s| Some((s, sources.get(s.file)?))) {
        // An empty range would not show: it covers the character behind it, as in Terraform.
        let len = file.text().len() as u32;
        let mut end = subject.end.min(len);
        if end <= subject.start {
            let next = file
                .text()
                .get(subject.start as usize..)
                .and_then(|t| t.chars().next());
            end = subject.start.min(len) + next.map_or(0, char::len_utf8) as u32;
        }
        let place = |byte: u32| {
            let p = file.position(byte);
            json!({ "line": p.line, "column": p.column, "byte": p.byte })
        };
        out.insert(
            "range".into(),
            json!({ "filename": &**file.name(), "start": place(subject.start), "end": place(end) }),
        );
        out.insert("snippet".into(), snippet_json(d, file, subject, end));
    }
    serde_json::Value::Object(out)
}

fn snippet_json(d: &Diagnostic, file: &SourceFile, subject: Span, end: u32) -> serde_json::Value {
    use serde_json::json;
    let context = d.context.unwrap_or(subject).cover(subject);
    let first = file.position(context.start).line;
    let last = file.position(context.end.max(end)).line;
    let code: Vec<&str> = (first..=last).map_while(|n| file.line(n)).collect();
    let code = code.join("\n");
    let start_byte = line_start(file, first).unwrap_or(0);
    let offset = |byte: u32| (byte as usize).saturating_sub(start_byte).min(code.len());
    let values: Vec<serde_json::Value> = d
        .values
        .iter()
        .map(|(t, s)| json!({ "traversal": t, "statement": s }))
        .collect();
    let mut snippet = json!({
        "context": enclosing_block(file, subject),
        "code": code,
        "start_line": first,
        "highlight_start_offset": offset(subject.start),
        "highlight_end_offset": offset(end),
        "values": values,
    });
    if let Some(called) = &d.called {
        snippet["function_call"] = called_function(called);
    }
    snippet
}

#[cfg(test)]
mod tests;
