//! The outputs of other configurations on this machine: from a state file of Terraform's, or from a state of ours.

use std::path::PathBuf;

use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Value;
use streamform_lang::value::from_json;
use streamform_lang::value::type_from_json;
use streamform_provider::builtin::LocalSettings;
use streamform_provider::builtin::StateReader;
use streamform_state::Backend;
use streamform_state::ForeignState;
use streamform_state::Places;
use streamform_state::SealKey;
use streamform_state::StateError;
use streamform_state::StateView;

use super::session::told;

/// Reads states of this machine.
pub struct LocalStates {
    base: PathBuf,
    key: Option<SealKey>,
}

type Problem = (String, String);

impl LocalStates {
    /// Paths are relative to `base`; `key` opens what is sealed.
    pub fn new(base: PathBuf, key: Option<SealKey>) -> Self {
        LocalStates { base, key }
    }

    fn view(&self, places: &Places, workspace: &str) -> Result<Option<StateView>, Problem> {
        let file = places.file(workspace);
        let theirs = match std::fs::read_to_string(&file) {
            Ok(text) => ForeignState::from_v4_text(&text)
                .map(|s| Some(s.view))
                .map_err(|e| {
                    (
                        "Unsupported state file format".to_owned(),
                        format!("{}: {}", file.display(), told(&e)),
                    )
                })?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => {
                return Err((
                    "Failed to read state file".to_owned(),
                    format!("The state file could not be read: {}: {e}", file.display()),
                ));
            }
        };
        let backend = Backend::local(places.clone()).sealed(self.key.clone());
        let view = backend
            .read(workspace)
            .map_err(|e| unreadable(&backend.place(workspace), &e))?;
        // A folder in which nothing was ever written is no state.
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

fn unreadable(place: &str, e: &StateError) -> Problem {
    (
        "Failed to read state".to_owned(),
        format!("The state in {place} could not be read: {}", told(e)),
    )
}

impl StateReader for LocalStates {
    fn outputs(
        &self,
        settings: &LocalSettings,
        workspace: &str,
    ) -> Result<Option<Vec<(Name, Value)>>, Problem> {
        let places = Places {
            base: self.base.clone(),
            path: settings.path.as_ref().map(PathBuf::from),
            workspace_dir: settings.workspace_dir.as_ref().map(PathBuf::from),
        };
        let Some(view) = self.view(&places, workspace)? else {
            return Ok(None);
        };
        view.outputs()
            .iter()
            .map(|(name, output)| {
                let unfit = || {
                    (
                        "Failed to read state".to_owned(),
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
