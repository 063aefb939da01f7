//! The `backend` block of the root module, read alone: every command that touches the state needs it, most need nothing else
//! of the configuration.

mod settings;
mod types;

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

pub use settings::BackendSettings;
pub use settings::is_secret;
use settings::setting;
pub use settings::settings;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_lang::syntax::Attribute;
use streamform_lang::syntax::parse;
use streamform_lang::syntax::parse_expression;
use streamform_lang::value::Value;
pub use types::Argument;
pub use types::BackendType;
pub use types::Takes;

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
    root_alone(&Mentioning(files), dir)?.backend
}

impl BackendBlock {
    /// Its arguments, which must be constants that fit the type of backend.
    ///
    /// # Errors
    /// Functions, references, values of other types, blocks, arguments that it does not have.
    pub fn settings(&self, ty: &BackendType) -> Result<BackendSettings, Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        for block in &self.body.blocks {
            let name = block.kind.name.as_str();
            let mut text = format!("Blocks of type {name:?} are not expected here.");
            if ty.argument(name).is_some() {
                text.push_str(&format!(
                    " Did you mean to define argument {name:?}? If so, use the equals sign to assign it a value."
                ));
            }
            diagnostics.error_at(block.header, "Unsupported block type", text);
        }
        let settings = given(&self.body.attributes, ty, &mut diagnostics);
        if diagnostics.has_errors() {
            Err(diagnostics)
        } else {
            Ok(settings)
        }
    }
}

/// The settings in a file that `-backend-config=FILE` names, and what is wrong with them.
pub fn backend_file(
    name: &str,
    text: &str,
    ty: &BackendType,
    sources: &mut Sources,
) -> (BackendSettings, Diagnostics) {
    let id = sources.add(name, text);
    let (file, mut diagnostics) = parse(id, text);
    for block in &file.body.blocks {
        diagnostics.error_at(
            block.header,
            "Unsupported block type",
            "A file of backend settings holds only arguments.",
        );
    }
    let settings = given(&file.body.attributes, ty, &mut diagnostics);
    (settings, diagnostics)
}

/// A setting that `-backend-config=NAME=VALUE` gives: a plain text where one is taken, else an expression.
pub fn backend_flag(
    argument: &Argument,
    text: &str,
    sources: &mut Sources,
) -> (Option<serde_json::Value>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let value = if matches!(argument.takes, Takes::Texts | Takes::Map | Takes::Object(_)) {
        let id = sources.add(format!("-backend-config={}=…", argument.name), text);
        let (expr, problems) = parse_expression(id, text, 0);
        diagnostics.extend(problems);
        expr.and_then(|expr| constant(&expr, &mut diagnostics))
    } else {
        Some(Value::string(text))
    };
    let found = value.and_then(|value| match setting(argument, &value) {
        Ok(found) => found,
        Err(why) => {
            diagnostics.push(streamform_lang::diag::Diagnostic::error(
                "Invalid backend configuration argument",
                format!(
                    "The backend configuration argument {:?} given on the command line is not valid{why}.",
                    argument.name
                ),
            ));
            None
        }
    });
    (found, diagnostics)
}

fn given(attributes: &[Attribute], ty: &BackendType, diagnostics: &mut Diagnostics) -> BackendSettings {
    let mut settings = BackendSettings::new();
    for attribute in attributes {
        let name = attribute.name.name.as_str();
        let Some(argument) = ty.argument(name) else {
            diagnostics.error_at(
                attribute.name.span,
                "Unsupported argument",
                format!("An argument named {name:?} is not expected here."),
            );
            continue;
        };
        let mut found = Diagnostics::new();
        let value = constant(&attribute.expr, &mut found);
        diagnostics.extend(found.into_iter().map(|d| match d.summary.as_str() {
            "Variables not allowed" => d.help("The backend is settled before there are values. Leave the setting out here, and give it to init: -backend-config=\"NAME=VALUE\"."),
            _ => d,
        }).collect());
        let Some(value) = value else {
            continue;
        };
        match setting(argument, &value) {
            Ok(Some(json)) => {
                settings.insert(name.to_owned(), json);
            }
            Ok(None) => {}
            Err(why) => diagnostics.error_at(
                attribute.expr.span,
                "Incorrect attribute value type",
                format!("Inappropriate value for attribute {name:?}{why}."),
            ),
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Snapshot;

    fn local() -> &'static BackendType {
        BackendType::named("local").unwrap()
    }

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
            backend.settings(local()).unwrap(),
            BackendSettings::from([("path".to_owned(), "x".into())])
        );
        files.add(
            Path::new("z_override.tf"),
            "terraform {\n  backend \"local\" {}\n}\n",
        );
        let backend = root_backend(&files, Path::new(".")).unwrap();
        assert!(backend.settings(local()).unwrap().is_empty());
    }

    #[test]
    fn arguments_are_constant_strings() {
        for (body, summary) in [
            ("path = upper(\"x\")", "Function calls not allowed"),
            ("path = var.x", "Variables not allowed"),
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
            let found = backend.settings(local()).unwrap_err();
            let first = found.iter().next().unwrap();
            assert_eq!(first.summary, summary, "{body}");
            let helps = first
                .help
                .as_deref()
                .is_some_and(|h| h.contains("-backend-config"));
            assert_eq!(helps, body.contains("var."), "{body}");
        }
        let mut sources = Sources::default();
        let (found, problems) = backend_file("f", "path = 5\n", local(), &mut sources);
        assert!(!problems.has_errors());
        assert_eq!(found["path"], "5");
    }

    #[test]
    fn flags_are_texts_or_expressions() {
        let s3 = BackendType::named("s3").unwrap();
        let mut sources = Sources::default();
        let mut flag = |name: &str, text: &str| {
            let (found, problems) = backend_flag(s3.argument(name).unwrap(), text, &mut sources);
            found.ok_or_else(|| problems.iter().next().unwrap().detail.clone())
        };
        assert_eq!(flag("bucket", "{b").unwrap(), "{b");
        assert_eq!(
            flag("endpoints", "{ s3 = \"http://x\" }").unwrap(),
            serde_json::json!({"s3": "http://x"})
        );
        assert_eq!(
            flag("encrypt", "maybe").unwrap_err(),
            "The backend configuration argument \"encrypt\" given on the command line is not valid: a bool is required."
        );
        assert!(flag("endpoints", "{").is_err());
    }
}
