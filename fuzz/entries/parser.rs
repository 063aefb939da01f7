//! Configuration in native syntax: read, checked, formatted.

use std::path::Path;

use streamform::config;
use streamform::config::Snapshot;
use streamform_lang::diag::FileId;
use streamform_lang::fmt;
use streamform_lang::syntax;

/// Whatever the text is, there is a tree and there are diagnostics; what is well formed has one layout.
pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (_, found) = syntax::parse(FileId(0), text);
    let _ = syntax::parse_expression(FileId(0), text, 0);
    let _ = syntax::parse_template(FileId(0), text, 0);
    let _ = syntax::parse_traversal(FileId(0), text, 0);
    if let Ok(once) = fmt::format(FileId(0), text) {
        assert!(!found.has_errors(), "what has errors must not be formatted");
        match fmt::format(FileId(0), &once) {
            Ok(twice) => assert_eq!(once, twice, "formatting twice is formatting once"),
            Err(found) => panic!("formatting made a mistake: {found:?}\n{once}"),
        }
    }
    let files = Snapshot::from([("main.tf", text)]);
    let (configuration, found) = config::load(&files, Path::new("."));
    if !found.has_errors() {
        let _ = config::check_references(&configuration, &|_, _, _| None);
        let _ = config::check_imports(&configuration);
        let _ = streamform::deps::Graph::build(&configuration);
    }
}
