//! The outputs of other configurations: from a state of ours in any backend, or from a state file of Terraform's.

use std::path::Path;

use streamform_lang::diag::Diagnostic;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Value;
use streamform_lang::value::from_json;
use streamform_lang::value::type_from_json;
use streamform_provider::builtin::StateFault;
use streamform_provider::builtin::StateReader;
use streamform_state::ForeignState;
use streamform_state::Places;
use streamform_state::StateError;
use streamform_state::StateView;

use super::backend::LOCAL;
use super::backend::Premises;
use super::session::state_error;
use super::session::told;
use crate::config::BackendSettings;
use crate::config::BackendType;
use crate::config::backend_settings;

/// Reads states of other configurations.
pub struct OtherStates {
    premises: Premises,
}

fn fault(summary: &str, detail: String) -> StateFault {
    StateFault {
        summary: summary.to_owned(),
        detail,
        at: None,
    }
}

fn settings(backend: &str, given: &Value) -> Result<(&'static BackendType, BackendSettings), StateFault> {
    let invalid = |detail: String, at| StateFault {
        at: Some(at),
        ..fault("Invalid backend configuration", detail)
    };
    let Some(ty) = BackendType::named(backend) else {
        let detail = if BackendType::is_elsewhere(backend) {
            format!("The backend {backend:?} is Terraform's; Streamform does not have it.")
        } else {
            format!("There is no backend type named {backend:?}.")
        };
        return Err(invalid(detail, "backend"));
    };
    let settings = backend_settings(ty, given).map_err(|why| {
        invalid(
            format!("The given configuration is not valid for backend {backend:?}: {why}."),
            "config",
        )
    })?;
    Ok((ty, settings))
}

/// The state in a file of Terraform's, if there is one.
fn of_file(file: &Path) -> Result<Option<StateView>, StateFault> {
    match std::fs::read_to_string(file) {
        Ok(text) => ForeignState::from_v4_text(&text)
            .map(|state| Some(state.view))
            .map_err(|e| {
                let told = match e {
                    StateError::ForeignState { detail } => {
                        Diagnostic::error("Unsupported state file format", detail)
                    }
                    e => state_error(&e),
                };
                fault(&told.summary, format!("{}: {}", file.display(), told.detail))
            }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(fault(
            "Failed to read state file",
            format!("The state file could not be read: {}: {e}", file.display()),
        )),
    }
}

impl OtherStates {
    /// Paths are relative to the premises' folder, whose key opens what is sealed.
    pub fn new(premises: Premises) -> Self {
        OtherStates { premises }
    }

    fn view(
        &self,
        ty: &'static BackendType,
        settings: &BackendSettings,
        workspace: &str,
    ) -> Result<Option<StateView>, StateFault> {
        let mut theirs = None;
        if ty.name == LOCAL {
            let text = |name: &str| {
                settings
                    .get(name)
                    .and_then(serde_json::Value::as_str)
                    .map(Into::into)
            };
            let places = Places {
                base: self.premises.base.clone(),
                path: text("path"),
                workspace_dir: text("workspace_dir"),
            };
            if places.path.as_deref() == Some(Path::new("")) {
                return Err(fault(
                    "Invalid local state file path",
                    "The \"path\" attribute value must not be empty.".to_owned(),
                ));
            }
            theirs = of_file(&places.file(workspace))?;
        }
        let backend = self
            .premises
            .open(ty, settings)
            .map_err(|found| fault(&found.summary, found.detail))?
            .sealed(self.premises.key.clone());
        let view = backend.read(workspace).map_err(|e| {
            fault(
                "Failed to read state",
                format!(
                    "The state in {} could not be read: {}",
                    backend.place(workspace),
                    told(&e)
                ),
            )
        })?;
        // A place in which nothing was ever written is no state.
        let ours = Some(view).filter(|v| v.serial() > 0);
        // A state that was taken over stands in both places: the newer one counts.
        Ok(match (theirs, ours) {
            (Some(theirs), Some(ours))
                if ours.lineage() == theirs.lineage() && ours.serial() >= theirs.serial() =>
            {
                Some(ours)
            }
            (Some(theirs), _) => Some(theirs),
            (None, ours) => ours,
        })
    }
}

impl StateReader for OtherStates {
    fn check(&self, backend: &str, given: &Value) -> Result<(), StateFault> {
        settings(backend, given).map(drop)
    }

    fn outputs(
        &self,
        backend: &str,
        given: &Value,
        workspace: &str,
    ) -> Result<Option<Vec<(Name, Value)>>, StateFault> {
        let (ty, settings) = settings(backend, given)?;
        let Some(view) = self.view(ty, &settings, workspace)? else {
            return Ok(None);
        };
        view.outputs()
            .iter()
            .map(|(name, output)| {
                let unfit = || {
                    fault(
                        "Failed to read state",
                        format!(
                            "The value of the output \"{name}\" does not fit the type that is stored with it."
                        ),
                    )
                };
                let ty: serde_json::Value = output.value_type.parse().map_err(|_| unfit())?;
                let ty = type_from_json(&ty).map_err(|_| unfit())?;
                let value = from_json(output.value.as_str(), &ty).map_err(|_| unfit())?;
                let marks = if output.sensitive {
                    Marks::SENSITIVE
                } else {
                    Marks::NONE
                };
                Ok((Name::from(name.as_str()), value.with_marks(marks)))
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Some)
    }
}
