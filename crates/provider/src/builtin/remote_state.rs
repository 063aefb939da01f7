//! `terraform_remote_state`: the outputs of another configuration, read from its state.
//!
//! Where states are kept is nothing that a provider knows: whoever makes the factory brings a [`StateReader`].

use streamform_lang::value::Kind;
use streamform_lang::value::Name;
use streamform_lang::value::Path;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_lang::value::convert;

use crate::protocol::Findings;
use crate::protocol::ProviderDiagnostic;

/// Backends that Terraform 1.11 has.
const BACKENDS: [&str; 13] = [
    "azurerm",
    "cloud",
    "consul",
    "cos",
    "gcs",
    "http",
    "inmem",
    "kubernetes",
    "local",
    "oss",
    "pg",
    "remote",
    "s3",
];

/// The settings of a backend of the local kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalSettings {
    /// `path`: the file of the default workspace.
    pub path: Option<String>,
    /// `workspace_dir`: the folder of the other ones.
    pub workspace_dir: Option<String>,
}

/// The outputs of a state by name, sensitive ones marked.
type Outputs = Vec<(Name, Value)>;

/// Reads outputs of states.
pub trait StateReader: Send + Sync {
    /// The outputs of a workspace. None: it has no state.
    ///
    /// # Errors
    /// Title and text of what is wrong with the state that is there.
    fn outputs(&self, settings: &LocalSettings, workspace: &str)
    -> Result<Option<Outputs>, (String, String)>;
}

fn invalid(backend: &str, why: &str) -> ProviderDiagnostic {
    ProviderDiagnostic::error(
        "Invalid backend configuration",
        format!("The given configuration is not valid for backend {backend:?}: {why}."),
    )
    .at(Path::attr("config"))
}

/// The backend that is meant, if it is one that can be meant.
fn backend(config: &Value) -> Result<Option<String>, ProviderDiagnostic> {
    let Some(name) = config.get("backend").and_then(Value::as_str) else {
        return Ok(None);
    };
    if BACKENDS.contains(&name) {
        return Ok(Some(name.to_owned()));
    }
    Err(ProviderDiagnostic::error(
        "Invalid backend configuration",
        format!("There is no backend type named {name:?}."),
    )
    .at(Path::attr("backend")))
}

/// The settings, as far as they are known. Without marks.
fn settings(config: &Value) -> Result<LocalSettings, ProviderDiagnostic> {
    let mut settings = LocalSettings::default();
    let Some(given) = config.get("config").filter(|v| v.is_known() && !v.is_null()) else {
        return Ok(settings);
    };
    if !matches!(given.kind(), Kind::Object(_) | Kind::Map(_)) {
        return Err(invalid("local", "an object is required"));
    }
    for (name, value) in given.entries().unwrap_or_default() {
        let slot = match name.as_str() {
            "path" => &mut settings.path,
            "workspace_dir" => &mut settings.workspace_dir,
            other => {
                return Err(invalid("local", &format!("unexpected attribute {other:?}")));
            }
        };
        let text = convert(value, &Type::String)
            .map_err(|_| invalid("local", &format!(".{name}: string required")))?;
        *slot = text.as_str().map(str::to_owned);
    }
    Ok(settings)
}

fn defaults(config: &Value) -> Result<&[(Name, Value)], ProviderDiagnostic> {
    match config.get("defaults") {
        Some(v) if v.is_known() && !v.is_null() => match v.kind() {
            Kind::Object(items) => Ok(items),
            _ => Err(ProviderDiagnostic::error(
                "Invalid default values",
                "Defaults must be given in an object value.",
            )
            .at(Path::attr("defaults"))),
        },
        _ => Ok(&[]),
    }
}

/// Checks a block as far as its values are known.
pub(super) fn validate(config: &Value) -> Findings {
    let (config, _) = config.clone().unmark_deep();
    let mut findings = Findings::new();
    match backend(&config) {
        Ok(Some(name)) if name == "local" => findings.extend(settings(&config).err()),
        Ok(_) => {}
        Err(found) => findings.push(found),
    }
    findings.extend(defaults(&config).err());
    findings
}

/// Reads the outputs. `config` is wholly known.
pub(super) fn read(config: &Value, states: Option<&dyn StateReader>) -> Result<Value, Findings> {
    let one = |found: ProviderDiagnostic| vec![found];
    let name = backend(config).map_err(one)?.unwrap_or_default();
    if name != "local" {
        return Err(one(
            ProviderDiagnostic::error(
                "Backend is not available yet",
                format!("States on this machine can be read so far, and {name:?} is another place. Use the backend \"local\", or pass the values in as input variables."),
            )
            .at(Path::attr("backend")),
        ));
    }
    let settings = settings(config).map_err(one)?;
    if settings.path.as_deref() == Some("") {
        return Err(one(ProviderDiagnostic::error(
            "Invalid local state file path",
            "The \"path\" attribute value must not be empty.",
        )));
    }
    let Some(states) = states else {
        return Err(one(ProviderDiagnostic::error(
            "Remote state is not available",
            "No states of other configurations can be read here.",
        )));
    };
    let given = config
        .get("workspace")
        .and_then(Value::as_str)
        .filter(|w| !w.is_empty());
    let found = states
        .outputs(&settings, given.unwrap_or("default"))
        .map_err(|(summary, detail)| one(ProviderDiagnostic::error(summary, detail)))?;
    let Some(found) = found else {
        let mut problem = ProviderDiagnostic::error(
            "Unable to find remote state",
            "No stored state was found for the given workspace in the given backend.",
        );
        problem.path = given.map(|_| Path::attr("workspace"));
        return Err(one(problem));
    };
    let defaults = defaults(config).map_err(one)?;
    let missing = defaults.iter().filter(|(n, _)| found.iter().all(|(f, _)| f != n));
    let outputs: Vec<(Name, Value)> = missing.cloned().chain(found.iter().cloned()).collect();
    Ok(config.with_attr("outputs", Value::object(outputs)))
}

#[cfg(test)]
mod tests {
    use streamform_lang::value::Marks;

    use super::*;

    struct One;

    impl StateReader for One {
        fn outputs(
            &self,
            settings: &LocalSettings,
            workspace: &str,
        ) -> Result<Option<Vec<(Name, Value)>>, (String, String)> {
            match (settings.path.as_deref(), workspace) {
                (Some("bad"), _) => Err(("Bad".to_owned(), "It is bad.".to_owned())),
                (Some("there"), "default") => Ok(Some(vec![
                    ("a".into(), Value::number(1_i64)),
                    ("s".into(), Value::string("hidden").with_marks(Marks::SENSITIVE)),
                ])),
                _ => Ok(None),
            }
        }
    }

    fn block(items: &[(&str, Value)]) -> Value {
        let mut all = vec![("backend", Value::string("local"))];
        for name in ["config", "defaults", "outputs"] {
            all.push((name, Value::null(Type::Any)));
        }
        all.push(("workspace", Value::null(Type::String)));
        for (name, value) in items {
            all.retain(|(n, _)| n != name);
            all.push((name, value.clone()));
        }
        Value::object(all.into_iter().map(|(n, v)| (n.into(), v)))
    }

    fn object(items: &[(&str, Value)]) -> Value {
        Value::object(items.iter().map(|(n, v)| ((*n).into(), v.clone())))
    }

    fn path(path: &str) -> Value {
        object(&[("path", Value::string(path))])
    }

    #[test]
    fn outputs_win_over_defaults_and_keep_their_marks() {
        let defaults = object(&[("a", Value::number(0_i64)), ("z", Value::number(9_i64))]);
        let config = block(&[("config", path("there")), ("defaults", defaults)]);
        assert_eq!(validate(&config), Findings::new());
        let read = read(&config, Some(&One)).unwrap();
        let outputs = read.get("outputs").unwrap();
        assert_eq!(outputs.get("a"), Some(&Value::number(1_i64)));
        assert_eq!(outputs.get("z"), Some(&Value::number(9_i64)));
        assert!(outputs.get("s").unwrap().is_sensitive());
        assert!(!outputs.is_sensitive());
    }

    #[test]
    fn settings_are_checked() {
        for (items, summary, detail, at) in [
            (
                vec![("backend", Value::string("nope"))],
                "Invalid backend configuration",
                "There is no backend type named \"nope\".",
                "backend",
            ),
            (
                vec![("config", Value::string("x"))],
                "Invalid backend configuration",
                "The given configuration is not valid for backend \"local\": an object is required.",
                "config",
            ),
            (
                vec![("config", object(&[("foo", Value::number(1_i64))]))],
                "Invalid backend configuration",
                "The given configuration is not valid for backend \"local\": unexpected attribute \"foo\".",
                "config",
            ),
            (
                vec![("config", object(&[("path", Value::tuple([]))]))],
                "Invalid backend configuration",
                "The given configuration is not valid for backend \"local\": .path: string required.",
                "config",
            ),
            (
                vec![("defaults", Value::string("x"))],
                "Invalid default values",
                "Defaults must be given in an object value.",
                "defaults",
            ),
        ] {
            let found = validate(&block(&items));
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(
                (found[0].summary.as_str(), found[0].detail.as_str()),
                (summary, detail)
            );
            assert_eq!(found[0].path, Some(Path::attr(at)));
        }
        let open = block(&[
            ("backend", Value::unknown(Type::String)),
            ("config", Value::unknown(Type::Any)),
        ]);
        assert_eq!(validate(&open), Findings::new());
        assert_eq!(
            validate(&block(&[("config", object(&[("path", Value::number(5_i64))]))])),
            Findings::new()
        );
    }

    #[test]
    fn what_is_not_there_is_told_at_the_workspace() {
        let wrong = |items: &[(&str, Value)]| read(&block(items), Some(&One)).unwrap_err().remove(0);
        let found = wrong(&[("config", path("elsewhere"))]);
        assert_eq!(
            (found.summary.as_str(), found.path),
            ("Unable to find remote state", None)
        );
        let found = wrong(&[("config", path("there")), ("workspace", Value::string("prod"))]);
        assert_eq!(found.path, Some(Path::attr("workspace")));
        assert_eq!(wrong(&[("config", path("bad"))]).summary, "Bad");
        assert_eq!(
            wrong(&[("config", path(""))]).summary,
            "Invalid local state file path"
        );
        assert_eq!(
            wrong(&[("backend", Value::string("s3"))]).summary,
            "Backend is not available yet"
        );
    }
}
