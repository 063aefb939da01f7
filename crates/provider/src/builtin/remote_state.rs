//! `terraform_remote_state`: the outputs of another configuration, read from its state.
//!
//! Where states are kept is nothing that a provider knows: whoever makes the factory brings a [`StateReader`].

use streamform_lang::value::Kind;
use streamform_lang::value::Name;
use streamform_lang::value::Path;
use streamform_lang::value::Value;

use crate::protocol::Findings;
use crate::protocol::ProviderDiagnostic;

/// The outputs of a state by name, sensitive ones marked.
type Outputs = Vec<(Name, Value)>;

/// What is wrong with a backend that a block names, or with the state there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateFault {
    /// The title.
    pub summary: String,
    /// The text.
    pub detail: String,
    /// The argument that is to blame.
    pub at: Option<&'static str>,
}

/// Reads outputs of states.
pub trait StateReader: Send + Sync {
    /// Checks the settings of a backend (an object, or whatever was given) as far as they are known.
    ///
    /// # Errors
    /// What is wrong with them, or that there is no such backend.
    fn check(&self, backend: &str, settings: &Value) -> Result<(), StateFault>;

    /// The outputs of a workspace. None: it has no state. The settings are wholly known.
    ///
    /// # Errors
    /// What is wrong with the settings, or with the state that is there.
    fn outputs(
        &self,
        backend: &str,
        settings: &Value,
        workspace: &str,
    ) -> Result<Option<Outputs>, StateFault>;
}

fn told(fault: StateFault) -> ProviderDiagnostic {
    let found = ProviderDiagnostic::error(fault.summary, fault.detail);
    match fault.at {
        Some(at) => found.at(Path::attr(at)),
        // The text names what could not be read; no argument is to blame.
        None => found.placeless(),
    }
}

/// The backend that is meant, and its settings; none where they are not known yet.
fn backend(config: &Value) -> Option<(&str, Value)> {
    let name = config.get("backend").and_then(Value::as_str)?;
    let settings = match config.get("config") {
        Some(given) if !given.is_known() => return None,
        Some(given) if !given.is_null() => given.clone(),
        _ => Value::object([]),
    };
    Some((name, settings))
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
pub(super) fn validate(config: &Value, states: Option<&dyn StateReader>) -> Findings {
    let (config, _) = config.clone().unmark_deep();
    let mut findings = Findings::new();
    if let (Some((name, settings)), Some(states)) = (backend(&config), states) {
        findings.extend(states.check(name, &settings).err().map(told));
    }
    findings.extend(defaults(&config).err());
    findings
}

/// Reads the outputs. `config` is wholly known.
pub(super) fn read(config: &Value, states: Option<&dyn StateReader>) -> Result<Value, Findings> {
    let one = |found: ProviderDiagnostic| vec![found];
    let (name, settings) = backend(config).unwrap_or(("", Value::object([])));
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
        .outputs(name, &settings, given.unwrap_or("default"))
        .map_err(|fault| one(told(fault)))?;
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
    use streamform_lang::value::Type;

    use super::*;

    struct One;

    fn fault(summary: &str, at: Option<&'static str>) -> StateFault {
        StateFault {
            summary: summary.to_owned(),
            detail: "It is so.".to_owned(),
            at,
        }
    }

    impl StateReader for One {
        fn check(&self, backend: &str, settings: &Value) -> Result<(), StateFault> {
            match (backend, settings.get("path").and_then(Value::as_str)) {
                ("local", Some(_)) => Ok(()),
                ("local", None) => Err(fault("No path", Some("config"))),
                _ => Err(fault("No such backend", Some("backend"))),
            }
        }

        fn outputs(
            &self,
            backend: &str,
            settings: &Value,
            workspace: &str,
        ) -> Result<Option<Vec<(Name, Value)>>, StateFault> {
            self.check(backend, settings)?;
            match (settings.get("path").and_then(Value::as_str), workspace) {
                (Some("bad"), _) => Err(fault("Bad", None)),
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

    fn checked(config: &Value) -> Findings {
        validate(config, Some(&One))
    }

    #[test]
    fn outputs_win_over_defaults_and_keep_their_marks() {
        let defaults = object(&[("a", Value::number(0_i64)), ("z", Value::number(9_i64))]);
        let config = block(&[("config", path("there")), ("defaults", defaults)]);
        assert_eq!(checked(&config), Findings::new());
        let read = read(&config, Some(&One)).unwrap();
        let outputs = read.get("outputs").unwrap();
        assert_eq!(outputs.get("a"), Some(&Value::number(1_i64)));
        assert_eq!(outputs.get("z"), Some(&Value::number(9_i64)));
        assert!(outputs.get("s").unwrap().is_sensitive());
        assert!(!outputs.is_sensitive());
    }

    #[test]
    fn settings_are_checked_as_far_as_they_are_known() {
        for (items, summary, at) in [
            (
                vec![("backend", Value::string("nope"))],
                "No such backend",
                "backend",
            ),
            (vec![], "No path", "config"),
            (
                vec![("config", path("x")), ("defaults", Value::string("x"))],
                "Invalid default values",
                "defaults",
            ),
        ] {
            let found = checked(&block(&items));
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].summary, summary);
            assert_eq!(found[0].path, Some(Path::attr(at)));
        }
        for open in [
            ("backend", Value::unknown(Type::String)),
            ("config", Value::unknown(Type::Any)),
        ] {
            assert_eq!(checked(&block(&[open])), Findings::new());
        }
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
            wrong(&[("backend", Value::string("nope"))]).path,
            Some(Path::attr("backend"))
        );
    }
}
