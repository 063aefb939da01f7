//! From settings to the place that they mean.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value as Json;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_state::Backend;
use streamform_state::POSTGRES_ARGUMENTS;
use streamform_state::Places;
use streamform_state::PostgresSettings;
use streamform_state::SealKey;

use crate::config::BackendSettings;
use crate::config::BackendType;

/// Gives the variables of the environment.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Where a configuration is, and what its backend may draw on.
#[derive(Clone)]
pub struct Premises {
    /// The folder of the configuration.
    pub base: PathBuf,
    /// The folder in which `init` notes what it has settled.
    pub data: PathBuf,
    /// Seals what is secret in that note.
    pub key: Option<SealKey>,
    /// Stands in for settings that are not given.
    pub environment: Environment,
}

/// Settings together with what the environment adds to them.
pub(super) struct Resolved<'a> {
    ty: &'static BackendType,
    given: &'a BackendSettings,
    environment: &'a Environment,
}

impl Resolved<'_> {
    /// The text of an argument: of the block, or of the environment. An empty one counts as not given.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let given = match self.given.get(name) {
            Some(Json::String(text)) => Some(text.clone()),
            Some(Json::Null) | None => None,
            Some(other) => Some(other.to_string()),
        };
        given
            .or_else(|| {
                let names = self.ty.argument(name)?.environment;
                names.iter().find_map(|name| (self.environment)(name))
            })
            .filter(|text| !text.is_empty())
    }
}

impl Premises {
    /// Premises without an environment.
    pub fn bare(base: impl Into<PathBuf>, data: impl Into<PathBuf>) -> Self {
        Premises {
            base: base.into(),
            data: data.into(),
            key: None,
            environment: Arc::new(|_| None),
        }
    }

    fn resolved<'a>(&'a self, ty: &'static BackendType, given: &'a BackendSettings) -> Resolved<'a> {
        Resolved {
            ty,
            given,
            environment: &self.environment,
        }
    }

    /// What is missing or cannot be, as far as the settings themselves tell.
    pub fn check(&self, ty: &'static BackendType, settings: &BackendSettings) -> Diagnostics {
        let resolved = self.resolved(ty, settings);
        let mut found = Diagnostics::new();
        for argument in ty.arguments {
            let name = argument.name;
            if settings
                .get(name)
                .is_some_and(|value| value.as_str().is_some_and(str::is_empty))
            {
                found.push(Diagnostic::error(
                    "Invalid backend configuration",
                    format!("The \"{name}\" attribute value must not be empty."),
                ));
            } else if argument.required && resolved.text(name).is_none() {
                let mut text = format!("The attribute \"{name}\" is required by the backend.");
                if let [first, more @ ..] = argument.environment {
                    text.push_str(&format!(" The environment can give it as {first}"));
                    for other in more {
                        text.push_str(&format!(" or {other}"));
                    }
                    text.push('.');
                }
                found.push(Diagnostic::error("Missing Required Value", text));
            }
        }
        found
    }

    /// The place that the settings mean. Nothing is asked of it yet.
    ///
    /// # Errors
    /// When settings are missing or cannot be.
    pub fn open(
        &self,
        ty: &'static BackendType,
        settings: &BackendSettings,
    ) -> Result<Backend, Box<Diagnostic>> {
        if let Some(first) = self.check(ty, settings).into_iter().next() {
            return Err(Box::new(first));
        }
        let resolved = self.resolved(ty, settings);
        match ty.name {
            "local" => Ok(local(&self.base, &resolved)),
            "pg" => postgres(&resolved),
            other => Err(Box::new(Diagnostic::error(
                "Backend is not available yet",
                format!(
                    "The backend \"{other}\" is not available yet. Remove the block, or write backend \"local\" {{}}."
                ),
            ))),
        }
    }
}

fn local(base: &Path, settings: &Resolved<'_>) -> Backend {
    Backend::local(Places {
        base: base.to_owned(),
        path: settings.text("path").map(PathBuf::from),
        workspace_dir: settings.text("workspace_dir").map(PathBuf::from),
    })
}

fn postgres(settings: &Resolved<'_>) -> Result<Backend, Box<Diagnostic>> {
    let arguments = POSTGRES_ARGUMENTS
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), settings.text(name)?)))
        .collect();
    PostgresSettings::new(&arguments, &**settings.environment)
        .map(Backend::postgres)
        .map_err(|e| Box::new(Diagnostic::error("Invalid backend configuration", e.to_string())))
}
