//! `validate -json`, format 1.0.

use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Severity;
use streamform_lang::diag::Sources;

use crate::report::diagnostic::diagnostic_json;

/// What a check of the configuration found.
pub fn validate_json(diagnostics: &Diagnostics, sources: &Sources) -> Json {
    let count = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
    let found: Vec<Json> = diagnostics
        .by_place(sources)
        .into_iter()
        .map(|d| diagnostic_json(d, sources))
        .collect();
    json!({
        "format_version": "1.0",
        "valid": !diagnostics.has_errors(),
        "error_count": count(Severity::Error),
        "warning_count": count(Severity::Warning),
        "diagnostics": found,
    })
}
