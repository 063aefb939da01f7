//! Places as Terraform writes them inside messages.

use streamform_lang::diag::Sources;
use streamform_lang::diag::Span;

/// `file:line,column-column`, or `file:line,column-line,column` over several lines.
pub(crate) fn range(sources: &Sources, span: Span) -> String {
    let Some(file) = sources.get(span.file) else {
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
