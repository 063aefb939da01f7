//! Values for variables from the environment, from files that are read by themselves, and from flags, in Terraform's order.

use std::ffi::OsString;
use std::path::Path;

use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;

use super::arguments::GivenValue;
use super::arguments::VariableArgs;
use super::environment::has_terminal;
use super::environment::may_ask;
use super::environment::secrets;
use super::session::Answer;
use super::session::Opened;
use crate::config::Configuration;
use crate::engine::GivenVariable;
use crate::engine::VariableSource;
use crate::engine::parse_variables_file;
use crate::report::Ui;

/// Collects what is given; of several values for one variable the last in the list wins.
pub(super) fn collect(
    base: &Path,
    args: &VariableArgs,
    environment: impl Iterator<Item = (OsString, OsString)>,
    sources: &mut Sources,
) -> (Vec<GivenVariable>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let mut given = Vec::new();
    let mut from_environment: Vec<(String, String)> = environment
        .filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?)))
        .filter(|(n, _)| n.starts_with("TF_VAR_") || n.starts_with("STREAMFORM_VAR_"))
        .collect();
    // Ours win over Terraform's.
    from_environment.sort_by_key(|(n, _)| n.starts_with("STREAMFORM_"));
    for (name, value) in from_environment {
        let variable = name
            .strip_prefix("STREAMFORM_VAR_")
            .or_else(|| name.strip_prefix("TF_VAR_"))
            .unwrap_or(&name);
        given.push(GivenVariable {
            name: variable.into(),
            source: VariableSource::Environment(name.clone()),
            value: Err(value),
            problems: Diagnostics::new(),
        });
    }
    for file in automatic_files(base) {
        read_file(base, &file, true, sources, &mut given, &mut diagnostics);
    }
    let (flags, problems) = self::given(base, args, sources);
    given.extend(flags);
    diagnostics.extend(problems);
    (given, diagnostics)
}

/// Collects what is given with flags alone.
pub(super) fn given(
    base: &Path,
    args: &VariableArgs,
    sources: &mut Sources,
) -> (Vec<GivenVariable>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let mut given = Vec::new();
    for one in &args.given {
        match one {
            GivenValue::File(file) => {
                read_file(
                    base,
                    &file.to_string_lossy(),
                    false,
                    sources,
                    &mut given,
                    &mut diagnostics,
                );
            }
            GivenValue::Assignment(text) => match assignment(text) {
                Ok(one) => given.push(one),
                Err(d) => diagnostics.push(*d),
            },
        }
    }
    // (Nothing that holds a secret has been evaluated yet.)
    secrets().names_of(sources);
    (given, diagnostics)
}

/// What a `-var` says.
fn assignment(text: &str) -> Result<GivenVariable, Box<Diagnostic>> {
    let invalid = |detail: String| Err(Box::new(Diagnostic::error("Invalid -var option", detail)));
    match text.split_once('=') {
        Some((name, _)) if name.ends_with(' ') => invalid(format!(
            "Variable name \"{name}\" is invalid due to trailing space. Did you mean -var=\"{}={}\"?",
            name.trim_end(),
            text[name.len() + 1..].trim_start()
        )),
        Some((name, value)) if !name.trim().is_empty() => Ok(GivenVariable {
            name: name.into(),
            source: VariableSource::Flag,
            value: Err(value.to_owned()),
            problems: Diagnostics::new(),
        }),
        _ => invalid(format!(
            "The given -var option {text:?} is not correctly specified. Must be a variable name and value separated by an equals sign, like -var=\"key=value\"."
        )),
    }
}

/// Asks for variables that must have a value and have none, where somebody can answer.
pub(super) fn ask(
    ui: &Ui,
    opened: &Opened,
    config: &Configuration,
    given: &[GivenVariable],
    args: &VariableArgs,
) -> Result<Vec<GivenVariable>, Box<Diagnostic>> {
    let mut typed = Vec::new();
    if !args.input.unwrap_or(true) || !may_ask() || !has_terminal() {
        return Ok(typed);
    }
    for (name, variable) in &config.root().variables {
        if variable.default.is_some() || given.iter().any(|g| g.name == *name) {
            continue;
        }
        let mut question = format!("\nvar.{name}\n");
        for line in variable.description.as_deref().unwrap_or_default().trim().lines() {
            question.push_str(&format!("  {line}\n"));
        }
        question.push_str("\n  Enter a value: ");
        let _hidden = variable.sensitive.then(HiddenInput::new);
        match opened.ask(ui, &question) {
            Answer::Line(text) => typed.push(GivenVariable {
                name: name.clone(),
                source: VariableSource::Prompt,
                value: Err(text),
                problems: Diagnostics::new(),
            }),
            Answer::End => break,
            Answer::Interrupted => {
                return Err(Box::new(Diagnostic::error(
                    "Interrupted",
                    format!("The value of var.{name} was asked for and not given."),
                )));
            }
        }
    }
    Ok(typed)
}

/// While it lives, the terminal does not show what is typed.
struct HiddenInput;

impl HiddenInput {
    fn new() -> Self {
        echo("-echo");
        HiddenInput
    }
}

impl Drop for HiddenInput {
    fn drop(&mut self) {
        echo("echo");
    }
}

/// A terminal that cannot do it shows what is typed; there is nothing better to do.
fn echo(setting: &str) {
    let _ = std::process::Command::new("stty").arg(setting).status();
}

/// The files that are read by themselves, in the order in which they count.
fn automatic_files(base: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(base)
        .into_iter()
        .flatten()
        .filter_map(|e| e.ok()?.file_name().into_string().ok())
        .filter(|n| n.ends_with(".auto.tfvars") || n.ends_with(".auto.tfvars.json"))
        .collect();
    names.sort();
    let fixed = ["terraform.tfvars", "terraform.tfvars.json"].map(str::to_owned);
    fixed
        .into_iter()
        .filter(|n| base.join(n).is_file())
        .chain(names)
        .collect()
}

fn read_file(
    base: &Path,
    name: &str,
    automatic: bool,
    sources: &mut Sources,
    given: &mut Vec<GivenVariable>,
    diagnostics: &mut Diagnostics,
) {
    match std::fs::read_to_string(base.join(name)) {
        Ok(text) => {
            let (found, problems) = parse_variables_file(sources, name, &text, automatic);
            given.extend(found);
            diagnostics.extend(problems);
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => diagnostics.push(Diagnostic::error(
            "Failed to read variables file",
            format!("Given variables file {name} does not exist."),
        )),
        Err(e) => diagnostics.push(Diagnostic::error(
            "Failed to read variables file",
            format!("Given variables file {name} cannot be read: {e}."),
        )),
    }
}
