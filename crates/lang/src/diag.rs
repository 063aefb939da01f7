//! Diagnostics as data: what is wrong, where, why, and what to type next.
//!
//! Nothing here prints. A front end collects [`Diagnostics`] and a renderer of the command turns
//! them into text, with the snippet taken from [`Sources`].

use std::sync::Arc;
use std::sync::OnceLock;

/// A source file known to [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A half-open range of bytes in one source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file that the range lies in.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span over `start..end` of `file`.
    pub const fn new(file: FileId, start: u32, end: u32) -> Self {
        Span { file, start, end }
    }

    /// The smallest span that covers both; `other` is ignored if it lies in another file.
    #[must_use]
    pub fn cover(self, other: Span) -> Span {
        if self.file == other.file {
            Span {
                file: self.file,
                start: self.start.min(other.start),
                end: self.end.max(other.end),
            }
        } else {
            self
        }
    }

    /// Whether a byte of the same file lies in it.
    pub const fn contains(self, byte: u32) -> bool {
        self.start <= byte && byte < self.end
    }

    /// The empty span just behind this one, where something is missing.
    #[must_use]
    pub fn after(self) -> Span {
        Span {
            start: self.end,
            ..self
        }
    }
}

/// One source file: its name as shown to the user, and its text.
#[derive(Debug)]
pub struct SourceFile {
    name: Arc<str>,
    text: Arc<str>,
    line_starts: OnceLock<Vec<u32>>,
}

/// A place in a file, as people count: lines and columns from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in Unicode characters, from 1.
    pub column: u32,
    /// Byte offset, from 0.
    pub byte: u32,
}

impl SourceFile {
    /// The name to show: a path relative to where the command runs.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The text, as read.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            std::iter::once(0)
                .chain(
                    self.text
                        .bytes()
                        .enumerate()
                        .filter(|(_, b)| *b == b'\n')
                        .map(|(i, _)| i as u32 + 1),
                )
                .collect()
        })
    }

    /// Line and column of a byte offset; an offset past the end is the end.
    pub fn position(&self, byte: u32) -> Position {
        let byte = byte.min(self.text.len() as u32);
        let starts = self.line_starts();
        let line = starts.partition_point(|s| *s <= byte).max(1);
        let start = starts[line - 1] as usize;
        let column = self
            .text
            .get(start..byte as usize)
            .map_or(0, |s| s.chars().count()) as u32
            + 1;
        Position {
            line: line as u32,
            column,
            byte,
        }
    }

    /// The text of line `line` (from 1) without its end, or nothing if there is no such line.
    pub fn line(&self, line: u32) -> Option<&str> {
        let starts = self.line_starts();
        let start = *starts.get(line.checked_sub(1)? as usize)? as usize;
        let end = starts.get(line as usize).map_or(self.text.len(), |e| *e as usize);
        self.text
            .get(start..end)
            .map(|l| l.trim_end_matches(['\n', '\r']))
    }
}

/// All source files of a run. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Arc<SourceFile>>,
}

impl Sources {
    /// Adds a file and gives it an id.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(self.files.len() as u32);
        self.files.push(Arc::new(SourceFile {
            name: name.into(),
            text: text.into(),
            line_starts: OnceLock::new(),
        }));
        id
    }

    /// The file of an id, if it is one of ours.
    pub fn get(&self, id: FileId) -> Option<&Arc<SourceFile>> {
        self.files.get(id.0 as usize)
    }

    /// The text under a span; empty if the span is not one of ours.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file)
            .and_then(|f| f.text.get(span.start as usize..span.end as usize))
            .unwrap_or("")
    }

    /// `file:line` of the start of a span, for messages.
    pub fn place(&self, span: Span) -> String {
        match self.get(span.file) {
            Some(f) => format!("{}:{}", f.name, f.position(span.start).line),
            None => String::new(),
        }
    }

    /// `file:line,column-column` of a span, or `file:line,column-line,column` over several lines: how messages name a place that
    /// is not their own.
    pub fn range(&self, span: Span) -> String {
        let Some(file) = self.get(span.file) else {
            return String::new();
        };
        let (start, end) = (file.position(span.start), file.position(span.end));
        let name = file.name();
        if start.line == end.line {
            format!("{name}:{},{}-{}", start.line, start.column, end.column)
        } else {
            format!(
                "{name}:{},{}-{},{}",
                start.line, start.column, end.line, end.column
            )
        }
    }

    /// Every file in the order in which it was added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Arc<SourceFile>)> {
        self.files.iter().enumerate().map(|(i, f)| (FileId(i as u32), f))
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The run cannot succeed.
    Error,
    /// Worth knowing; the run goes on.
    Warning,
}

/// One problem found in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A short title, the same for every occurrence of the same problem.
    pub summary: String,
    /// Full sentences: what is wrong here, why, and what to do.
    pub detail: String,
    /// The text that is wrong.
    pub subject: Option<Span>,
    /// A larger range that helps to understand `subject`, such as the whole expression.
    pub context: Option<Span>,
    /// The resource instance (or other object) that was being worked on.
    pub address: Option<String>,
    /// The attribute of that object, where it is told: findings on different attributes are different findings, also
    /// with the same text at the same place.
    pub attribute: Option<String>,
    /// Values of the references in the failing expression, already described and redacted:
    /// (`var.size`, `is 3`).
    pub values: Vec<(String, String)>,
    /// The function in whose call it went wrong, as it was written.
    pub called: Option<String>,
    /// What to type next, where one command or edit solves it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error with summary and detail.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Severity::Error, summary, detail)
    }

    /// A warning with summary and detail.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Severity::Warning, summary, detail)
    }

    fn new(severity: Severity, summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Diagnostic {
            severity,
            summary: summary.into(),
            detail: detail.into(),
            subject: None,
            context: None,
            address: None,
            attribute: None,
            values: Vec::new(),
            called: None,
            help: None,
        }
    }

    /// Sets the place.
    #[must_use]
    pub fn at(mut self, subject: Span) -> Self {
        self.subject = Some(subject);
        self
    }

    /// Sets the place where there may be none.
    #[must_use]
    pub fn at_opt(mut self, subject: Option<Span>) -> Self {
        self.subject = subject;
        self
    }

    /// Sets the larger range around the place.
    #[must_use]
    pub fn within(mut self, context: Span) -> Self {
        self.context = Some(context);
        self
    }

    /// Sets the object that was being worked on.
    #[must_use]
    pub fn on(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Adds the values of references.
    #[must_use]
    pub fn with_values(mut self, values: Vec<(String, String)>) -> Self {
        self.values = values;
        self
    }

    /// Sets the function in whose call it went wrong.
    #[must_use]
    pub fn calling(mut self, function: impl Into<String>) -> Self {
        self.called = Some(function.into());
        self
    }

    /// Adds what to type next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The problems of a run, in the order in which they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "diagnostics carry errors that must reach the user"]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
}

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.items.push(diagnostic);
    }

    /// Adds an error with a place.
    pub fn error_at(&mut self, span: Span, summary: impl Into<String>, detail: impl Into<String>) {
        self.push(Diagnostic::error(summary, detail).at(span));
    }

    /// Takes over all of `other`.
    pub fn extend(&mut self, other: Diagnostics) {
        self.items.extend(other.items);
    }

    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.items.iter().any(|d| d.severity == Severity::Error)
    }

    /// Whether there is none at all.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Looks at each.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.items.iter()
    }

    /// Names the object that was being worked on in those that name none yet.
    pub fn name_object(&mut self, address: &str) {
        for d in &mut self.items {
            if d.address.is_none() {
                d.address = Some(address.to_owned());
            }
        }
    }

    /// Adds the values of references to those errors that tell none yet.
    pub fn explain(&mut self, values: impl Fn() -> Vec<(String, String)>) {
        for d in &mut self.items {
            if d.values.is_empty() && d.severity == Severity::Error {
                d.values = values();
            }
        }
    }

    /// Gives a place to those that have none yet.
    pub fn place(&mut self, span: Span) {
        for d in &mut self.items {
            if d.subject.is_none() {
                d.subject = Some(span);
            }
        }
    }

    /// In the order in which they are read, which is Terraform's: warnings first; what has no place before what has one; then by file,
    /// those of the folder itself first, and by place.
    pub fn by_place(&self, sources: &Sources) -> Vec<&Diagnostic> {
        let key = |d: &&Diagnostic| {
            let place = d.subject.map(|s| {
                let name = sources.get(s.file).map_or("", |f| &**f.name());
                (name.matches('/').count(), name, s.start, s.end)
            });
            (d.severity == Severity::Error, place)
        };
        let mut all: Vec<&Diagnostic> = self.items.iter().collect();
        all.sort_by(|a, b| key(a).cmp(&key(b)));
        all
    }

    /// Drops exact repetitions and puts errors behind warnings no further than they were found:
    /// the order is by severity (warnings first, as Terraform prints them), then as found.
    pub fn tidy(self) -> Diagnostics {
        let mut seen: Vec<Diagnostic> = Vec::with_capacity(self.items.len());
        for d in self.items {
            if !seen.contains(&d) {
                seen.push(d);
            }
        }
        seen.sort_by_key(|d| match d.severity {
            Severity::Warning => 0,
            Severity::Error => 1,
        });
        Diagnostics { items: seen }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(d: Diagnostic) -> Self {
        Diagnostics { items: vec![d] }
    }
}

impl From<Box<Diagnostic>> for Diagnostics {
    fn from(d: Box<Diagnostic>) -> Self {
        Diagnostics { items: vec![*d] }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(iter: I) -> Self {
        Diagnostics {
            items: iter.into_iter().collect(),
        }
    }
}

/// The most similar of `candidates`, if one is close enough to be a likely typing mistake.
///
/// Terraform suggests a name whose edit distance is below 3; the same rule is used here.
pub fn did_you_mean<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|c| (strsim::levenshtein(given, c), c))
        .filter(|(distance, _)| *distance < 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_told_from_top_to_bottom() {
        let mut sources = Sources::default();
        let inner = sources.add("m/a.tf", "x");
        let (b, a) = (sources.add("b.tf", "xyz"), sources.add("a.tf", "x"));
        let at = |file, start| Span {
            file,
            start,
            end: start + 1,
        };
        let error = |summary: &str, place: Option<Span>| Diagnostic::error(summary, "").at_opt(place);
        let found: Diagnostics = [
            error("inner", Some(at(inner, 0))),
            error("b, late", Some(at(b, 2))),
            error("b, early", Some(at(b, 0))),
            error("b, early, found later", Some(at(b, 0))),
            error("a", Some(at(a, 0))),
            error("nowhere", None),
            Diagnostic::warning("warning", "").at(at(inner, 0)),
        ]
        .into_iter()
        .collect();
        let told: Vec<&str> = found
            .by_place(&sources)
            .iter()
            .map(|d| d.summary.as_str())
            .collect();
        assert_eq!(
            told,
            [
                "warning",
                "nowhere",
                "a",
                "b, early",
                "b, early, found later",
                "b, late",
                "inner"
            ]
        );
    }
}
