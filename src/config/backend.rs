//! The `backend` block of the root module, read alone: every command that touches the state needs it, most need nothing else
//! of the configuration.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_lang::syntax::Attribute;
use streamform_lang::syntax::parse;
use streamform_lang::value::Type;
use streamform_lang::value::convert;

use super::BackendBlock;
use super::Files;
use super::FilesError;
use super::decode::constant::constant;
use super::load::root_alone;

/// Files that may hold a `backend` block; the others are not parsed.
struct Mentioning<'a>(&'a dyn Files);

impl Files for Mentioning<'_> {
    fn read_dir(&self, dir: &Path) -> Result<Vec<String>, FilesError> {
        let mut names = self.0.read_dir(dir)?;
        names.retain(|name| {
            (name.ends_with(".tf") || name.ends_with(".tf.json"))
                && self
                    .0
                    .read(&PathBuf::from(dir).join(name))
                    .is_ok_and(|text| mentions(&text))
        });
        Ok(names)
    }

    fn read(&self, path: &Path) -> Result<Arc<str>, FilesError> {
        self.0.read(path)
    }
}

/// Whether a text may hold a `backend` block, in either syntax.
fn mentions(text: &str) -> bool {
    text.match_indices("backend").any(|(at, word)| {
        let before = text[..at].trim_end_matches([' ', '\t']);
        let behind = text[at + word.len()..].trim_start_matches([' ', '\t']);
        // `backend "local"`, `"backend": {`
        matches!(behind.chars().next(), Some('"' | ':'))
            && !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.')
    })
}

/// The `backend` block of the module in `dir`. What is wrong with the files is told when they are loaded.
pub fn root_backend(files: &dyn Files, dir: &Path) -> Option<Arc<BackendBlock>> {
    root_alone(&Mentioning(files), dir)?.backend.clone()
}

/// Constants of a backend, by name. A null counts as not given.
pub type BackendConstants = BTreeMap<String, String>;

impl BackendBlock {
    /// Its arguments, which must be constants and, for the backends that there are, strings.
    ///
    /// # Errors
    /// Functions, references, values of other types, blocks, names that are not in `known`.
    pub fn constants(&self, known: &[&str]) -> Result<BackendConstants, Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        for block in &self.body.blocks {
            diagnostics.error_at(
                block.header,
                "Unsupported block type",
                format!(
                    "Blocks of type {:?} are not expected here.",
                    block.kind.name.as_str()
                ),
            );
        }
        let constants = texts(&self.body.attributes, known, &mut diagnostics);
        if diagnostics.has_errors() {
            Err(diagnostics)
        } else {
            Ok(constants)
        }
    }
}

/// The settings in a file that `-backend-config=FILE` names, and what is wrong with them.
pub fn backend_file(
    name: &str,
    text: &str,
    known: &[&str],
    sources: &mut Sources,
) -> (BackendConstants, Diagnostics) {
    let id = sources.add(name, text);
    let (file, mut diagnostics) = parse(id, text);
    for block in &file.body.blocks {
        diagnostics.error_at(
            block.header,
            "Unsupported block type",
            "A file of backend settings holds only arguments.",
        );
    }
    let constants = texts(&file.body.attributes, known, &mut diagnostics);
    (constants, diagnostics)
}

fn texts(attributes: &[Attribute], known: &[&str], diagnostics: &mut Diagnostics) -> BackendConstants {
    let mut constants = BackendConstants::new();
    for attribute in attributes {
        let name = attribute.name.name.as_str();
        if !known.contains(&name) {
            diagnostics.error_at(
                attribute.name.span,
                "Unsupported argument",
                format!("An argument named {name:?} is not expected here."),
            );
            continue;
        }
        let Some(value) = constant(&attribute.expr, diagnostics) else {
            continue;
        };
        match convert(&value, &Type::String) {
            Ok(value) => {
                if let Some(text) = value.as_str() {
                    constants.insert(name.to_owned(), text.to_owned());
                }
            }
            Err(e) => diagnostics.error_at(
                attribute.expr.span,
                "Incorrect attribute value type",
                format!("Inappropriate value for attribute {name:?}: {e}."),
            ),
        }
    }
    constants
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Snapshot;

    #[test]
    fn only_files_with_the_block_are_read() {
        for (text, expected) in [
            ("terraform {\n  backend \"local\" {}\n}", true),
            ("{\"terraform\": {\"backend\" : {\"local\": {}}}}", true),
            ("terraform { backend\t\"s3\" {} }", true),
            ("locals { backend = 1 }", false),
            ("resource \"x\" \"my_backend\" {}", false),
            ("locals { a = var.backend }", false),
        ] {
            assert_eq!(mentions(text), expected, "{text}");
        }
    }

    #[test]
    fn the_last_file_that_overrides_decides() {
        let mut files = Snapshot::default();
        files.add(Path::new("a.tf"), "resource \"not\" valid {");
        files.add(
            Path::new("b.tf"),
            "terraform {\n  backend \"local\" {\n    path = \"x\"\n  }\n}\n",
        );
        let backend = root_backend(&files, Path::new(".")).unwrap();
        assert_eq!(
            backend.constants(&["path"]).unwrap(),
            BTreeMap::from([("path".to_owned(), "x".to_owned())])
        );
        files.add(
            Path::new("z_override.tf"),
            "terraform {\n  backend \"local\" {}\n}\n",
        );
        let backend = root_backend(&files, Path::new(".")).unwrap();
        assert!(backend.constants(&["path"]).unwrap().is_empty());
    }

    #[test]
    fn arguments_are_constant_strings() {
        for (body, summary) in [
            ("path = upper(\"x\")", "Function calls not allowed"),
            ("path = []", "Incorrect attribute value type"),
            ("nope = 1", "Unsupported argument"),
            ("path {}", "Unsupported block type"),
        ] {
            let mut files = Snapshot::default();
            files.add(
                Path::new("main.tf"),
                format!("terraform {{\n  backend \"local\" {{\n    {body}\n  }}\n}}\n"),
            );
            let backend = root_backend(&files, Path::new(".")).unwrap();
            let found = backend.constants(&["path"]).unwrap_err();
            assert_eq!(found.iter().next().unwrap().summary, summary, "{body}");
        }
        let mut sources = Sources::default();
        let (found, problems) = backend_file("f", "path = 5\n", &["path"], &mut sources);
        assert!(!problems.has_errors());
        assert_eq!(found["path"], "5");
    }
}
