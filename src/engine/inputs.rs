//! Values for the root module's variables, from everywhere that they can come from.

use std::collections::BTreeMap;
use std::sync::Arc;

use streamform_lang::addrs::Reference;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_lang::diag::Span;
use streamform_lang::diag::did_you_mean;
use streamform_lang::eval::Scope;
use streamform_lang::eval::evaluate;
use streamform_lang::functions::Surroundings;
use streamform_lang::syntax;
use streamform_lang::syntax::json::Node;
use streamform_lang::syntax::json::NodeKind;
use streamform_lang::syntax::json::Property;
use streamform_lang::syntax::json::Reader;
use streamform_lang::syntax::json::parse_json;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;

use crate::config::Configuration;
use crate::config::VALUES;
use crate::config::Variable;
use crate::eval::NOT_SET;
use crate::eval::UNFIT;
use crate::eval::typed;

/// Where the value of a variable comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableSource {
    /// `TF_VAR_name` or `STREAMFORM_VAR_name`: the name of the environment variable.
    Environment(String),
    /// A `.tfvars` file that is read by itself.
    AutoFile(Span),
    /// A file given with `-var-file`.
    File(Span),
    /// `-var`
    Flag,
    /// Typed at a prompt.
    Prompt,
}

/// A value for a variable, as it was given.
#[derive(Clone, Debug)]
pub struct GivenVariable {
    /// The variable.
    pub name: Name,
    /// Where it comes from.
    pub source: VariableSource,
    /// Text that is read by the type of the variable, or a value from a file.
    pub value: Result<Value, String>,
    /// What is wrong with the value by itself. It matters only if there is such a variable.
    pub problems: Diagnostics,
}

/// A scope in which nothing can be referred to.
struct Constant(Surroundings);

impl Scope for Constant {
    // Never asked: the scope is empty.
    fn resolve(&self, _: &Reference) -> Result<Value, Diagnostics> {
        Ok(Value::unknown(Type::Any))
    }

    fn surroundings(&self) -> &Surroundings {
        &self.0
    }

    fn is_empty(&self) -> bool {
        true
    }
}

/// Reads a `.tfvars` or `.tfvars.json` file.
pub fn parse_variables_file(
    sources: &mut Sources,
    name: &str,
    text: &str,
    automatic: bool,
) -> (Vec<GivenVariable>, Diagnostics) {
    let id = sources.add(name, text);
    let (body, declared, diagnostics) = if name.ends_with(".json") {
        let (root, mut diagnostics) = parse_json(id, text);
        let declared = declarations(&root);
        let mut reader = Reader::new(sources);
        let body = reader.body(root, VALUES);
        diagnostics.extend(reader.diagnostics);
        (body, declared, diagnostics)
    } else {
        let (file, mut diagnostics) = syntax::parse(id, text);
        let mut declared = Vec::new();
        for block in &file.body.blocks {
            match block.labels.as_slice() {
                [label] if block.kind.name == "variable" => {
                    declared.push((label.name.to_string(), block.kind.span));
                }
                _ => diagnostics.error_at(
                    block.kind.span,
                    format!("Unexpected {:?} block", block.kind.name.as_str()),
                    format!(
                        "Blocks are not allowed here: a file with variable values has only assignments, such as {} = \"…\".",
                        block.kind.name
                    ),
                ),
            }
        }
        (file.body, declared, diagnostics)
    };
    if !declared.is_empty() {
        // Whoever declares variables here has more to learn first than what is wrong with the rest.
        let mut diagnostics = Diagnostics::new();
        for (variable, at) in declared {
            diagnostics.error_at(
                at,
                "Variable declaration in .tfvars file",
                format!(
                    "A .tfvars file gives values to variables that .tf files declare; it cannot declare new ones. To declare variable {variable:?}, move this block to one of your .tf files, such as variables.tf.\n\nTo give the variable a value in {name}, write:\n    {variable} = <value>"
                ),
            );
        }
        return (Vec::new(), diagnostics);
    }
    if diagnostics.iter().any(|d| d.summary.starts_with("Unexpected ")) {
        return (Vec::new(), diagnostics);
    }
    let mut given = Vec::new();
    let scope = Constant(Surroundings::default());
    for attribute in &body.attributes {
        let (value, problems) = evaluate(&attribute.expr, &scope);
        let span = attribute.expr.span;
        given.push(GivenVariable {
            name: attribute.name.name.clone(),
            source: if automatic {
                VariableSource::AutoFile(span)
            } else {
                VariableSource::File(span)
            },
            value: Ok(value),
            problems,
        });
    }
    (given, diagnostics)
}

/// The variables that a JSON text declares as a configuration would, and where it says so.
fn declarations(root: &Node) -> Vec<(String, Span)> {
    fn properties(node: &Node) -> Vec<&Property> {
        match &node.kind {
            NodeKind::Object(properties) => properties.iter().collect(),
            NodeKind::Array(items) => items.iter().flat_map(properties).collect(),
            _ => Vec::new(),
        }
    }
    properties(root)
        .into_iter()
        .filter(|p| p.name.as_str() == "variable")
        .flat_map(|p| {
            properties(&p.value)
                .into_iter()
                .map(|v| (v.name.as_str().to_owned(), p.name_span))
        })
        .collect()
}

/// Text as the value of a variable: as it is for primitive types, else an expression.
fn parse_text(sources: &mut Sources, variable: &Variable, text: &str) -> Result<Value, Diagnostics> {
    if matches!(variable.ty, Type::String | Type::Number | Type::Bool)
        || (variable.ty == Type::Any && variable.type_expr.is_none())
    {
        return Ok(Value::string(text));
    }
    let id = sources.add(format!("<value for var.{}>", variable.name), text);
    let (expr, mut diagnostics) = syntax::parse_expression(id, text, 0);
    let Some(expr) = expr.filter(|_| !diagnostics.has_errors()) else {
        return Err(diagnostics);
    };
    let (value, found) = evaluate(&expr, &Constant(Surroundings::default()));
    // A word without quotes is meant as text.
    diagnostics.extend(found.into_iter().map(|d| match d.summary.as_str() {
        "Variables not allowed" => Diagnostic {
            detail: "Variables may not be used here: the value is a constant expression, and text in it stands in quotes."
                .to_owned(),
            ..d
        },
        _ => d,
    }).collect());
    if diagnostics.has_errors() {
        Err(diagnostics)
    } else {
        Ok(value)
    }
}

/// Settles the value of every root variable: of several the last given wins.
///
/// Reported: values that do not fit, variables that must be given and are not, and (as Terraform: errors for flags,
/// warnings for files) values for variables that are not declared.
pub(super) fn resolve(
    config: &Configuration,
    sources: &mut Sources,
    given: &[GivenVariable],
) -> (BTreeMap<Name, Value>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let declared = &config.root().variables;
    let mut values = BTreeMap::new();
    let mut in_files = 0;
    for one in given.iter().filter(|g| !declared.contains_key(&g.name)) {
        let from_file = matches!(one.source, VariableSource::AutoFile(_) | VariableSource::File(_));
        in_files += usize::from(from_file);
        // A file shared by many configurations may have many of them.
        if !from_file || in_files <= 2 {
            undeclared(config, sources, one, &mut diagnostics);
        }
    }
    if in_files > 2 {
        diagnostics.push(Diagnostic::warning(
            "Values for undeclared variables",
            format!(
                "In addition to the other similar warnings shown, {} other variable(s) defined without being declared.",
                in_files - 2
            ),
        ));
    }
    for (name, variable) in declared {
        let Some(one) = given.iter().rev().find(|g| g.name == *name) else {
            if variable.default.is_none() {
                diagnostics.push(missing(variable));
            }
            continue;
        };
        match settle(variable, one, sources) {
            Ok(v) => {
                values.insert(name.clone(), v);
            }
            Err(found) => {
                // What cannot be read is as if it had not been given.
                let read = |d: &Diagnostic| [UNFIT, NOT_SET].contains(&d.summary.as_str());
                if variable.default.is_none() && !found.iter().all(read) {
                    diagnostics.push(missing(variable));
                }
                diagnostics.extend(found);
            }
        }
    }
    (values, diagnostics)
}

/// Settles the values of root variables for an apply of a saved plan: those of the plan, and for ephemeral variables, which a
/// plan does not keep, those that are given now.
pub(super) fn resolve_saved(
    config: &Configuration,
    sources: &mut Sources,
    saved: &[(Name, Value)],
    given: &[GivenVariable],
) -> (BTreeMap<Name, Value>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let declared = &config.root().variables;
    let is_ephemeral = |name: &Name| declared.get(name).is_some_and(|v| v.ephemeral);
    let saved: BTreeMap<&Name, &Value> = saved.iter().map(|(n, v)| (n, v)).collect();
    for one in given.iter().filter(|g| !saved.contains_key(&g.name)) {
        if is_ephemeral(&one.name) {
            diagnostics.push(Diagnostic::error(
                "Ephemeral variable was not set during planning",
                format!(
                    "The ephemeral input variable \"{}\" was not set when the plan was made, so it must not be set when the plan is applied.",
                    one.name
                ),
            ));
        } else {
            undeclared(config, sources, one, &mut diagnostics);
        }
    }
    let mut values = BTreeMap::new();
    for (name, kept) in saved {
        let Some(variable) = declared.get(name) else {
            continue;
        };
        let one = given.iter().rev().find(|g| g.name == *name);
        if !variable.ephemeral {
            let flag =
                |g: &&GivenVariable| matches!(g.source, VariableSource::Flag | VariableSource::File(_));
            if let Some(one) = one.filter(flag) {
                match settle(variable, one, sources) {
                    Ok(value) if value == *kept => {}
                    Ok(_) => diagnostics.push(Diagnostic::error(
                        "Can't change variable when applying a saved plan",
                        format!(
                            "The variable \"{name}\" has another value in the plan: a saved plan includes the values that its variables had when it was made. Make a new plan with the new value. Only variables with \"ephemeral = true\" are not kept in a plan."
                        ),
                    )),
                    Err(found) => diagnostics.extend(found),
                }
            }
            values.insert(name.clone(), kept.clone());
            continue;
        }
        let Some(one) = one else {
            diagnostics.push(
                Diagnostic::error(
                    "No value for required variable",
                    format!(
                        "The ephemeral input variable \"{name}\" was set when the plan was made, so it must be set when the plan is applied, too: a plan does not keep its value."
                    ),
                )
                .help(format!("-var '{name}=…'")),
            );
            continue;
        };
        match settle(variable, one, sources) {
            Ok(value) => _ = values.insert(name.clone(), value),
            Err(found) => diagnostics.extend(found),
        }
    }
    (values, diagnostics)
}

/// The value that is given to a variable, in the variable's type.
fn settle(
    variable: &Arc<Variable>,
    one: &GivenVariable,
    sources: &mut Sources,
) -> Result<Value, Diagnostics> {
    let place = match &one.source {
        // The line of a secret is not shown.
        VariableSource::AutoFile(s) | VariableSource::File(s) if !variable.sensitive => Some(*s),
        _ => Some(variable.header),
    };
    if one.problems.has_errors() {
        return Err(one.problems.clone());
    }
    let from = match &one.source {
        VariableSource::Environment(n) => format!("set using the {n} environment variable"),
        VariableSource::AutoFile(_) | VariableSource::File(_) => {
            format!("declared at {}", sources.place(variable.header))
        }
        VariableSource::Flag => "set using -var=\"…\"".to_owned(),
        VariableSource::Prompt => "typed interactively".to_owned(),
    };
    let value = match &one.value {
        Ok(v) => v.clone(),
        Err(text) => parse_text(sources, variable, text)?,
    };
    // Marked from where it enters: what notes it, seals it or shows it must know.
    typed(variable, value, place, &format!("var.{}, {from}", variable.name))
        .map(|value| value.with_marks(variable.marks()))
}

/// Where the values of variables stand that files give.
pub(super) fn places(given: &[GivenVariable]) -> BTreeMap<Name, Span> {
    let mut places = BTreeMap::new();
    for one in given {
        match one.source {
            VariableSource::AutoFile(span) | VariableSource::File(span) => {
                places.insert(one.name.clone(), span);
            }
            _ => _ = places.remove(&one.name),
        }
    }
    places
}

fn missing(variable: &Arc<Variable>) -> Diagnostic {
    let about = match variable.description.as_deref().map(str::trim) {
        Some(text) if !text.is_empty() => format!("\n\nvar.{}: {text}", variable.name),
        _ => String::new(),
    };
    Diagnostic::error(
        "No value for required variable",
        format!(
            "The root module input variable \"{}\" is not set, and has no default value. Use a -var or -var-file command line argument to provide a value for this variable.{about}",
            variable.name
        ),
    )
    .at(variable.header)
    .help(format!("-var '{}=…'", variable.name))
}

fn undeclared(config: &Configuration, sources: &Sources, one: &GivenVariable, diagnostics: &mut Diagnostics) {
    let suggestion = did_you_mean(&one.name, config.root().variables.keys().map(|n| n.as_str()))
        .map(|n| format!(" Did you mean \"{n}\"?"))
        .unwrap_or_default();
    match &one.source {
        // The environment may be shared by many configurations.
        VariableSource::Environment(_) | VariableSource::Prompt => {}
        VariableSource::AutoFile(span) | VariableSource::File(span) => diagnostics.push(
            Diagnostic::warning(
                "Value for undeclared variable",
                format!(
                    "The root module does not declare a variable named \"{}\" but a value was found in file {:?}. If you meant to use this value, add a \"variable\" block to the configuration.{suggestion}\n\nTo silence these warnings, use TF_VAR_... environment variables to provide certain \"global\" settings to all configurations in your organization. To reduce the verbosity of these warnings, use the -compact-warnings option.",
                    one.name,
                    sources.get(span.file).map_or("", |f| f.name()),
                ),
            ),
        ),
        VariableSource::Flag => diagnostics.push(Diagnostic::error(
            "Value for undeclared variable",
            format!(
                "A variable named \"{}\" was assigned on the command line, but the root module does not declare a variable of that name. To use this value, add a \"variable\" block to the configuration.{suggestion}",
                one.name
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Vec<GivenVariable> {
        let mut sources = Sources::default();
        let (given, found) = parse_variables_file(&mut sources, "x.tfvars", text, false);
        assert!(found.is_empty(), "{found:?}");
        given
    }

    #[test]
    fn a_value_in_a_file_is_constant() {
        let told: Vec<Vec<String>> = given("a = b\nc = upper(\"x\")\nd = [for x in [1] : x + 1]\n")
            .into_iter()
            .map(|g| g.problems.into_iter().map(|d| d.summary).collect())
            .collect();
        assert_eq!(
            told,
            [
                vec!["Variables not allowed".to_owned()],
                vec!["Function calls not allowed".to_owned()],
                vec![]
            ]
        );
    }

    #[test]
    fn the_last_value_has_its_place() {
        let mut all = given("a = 1\nb = 2\n");
        let place = places(&all)["a"];
        all.push(GivenVariable {
            source: VariableSource::Flag,
            ..all[1].clone()
        });
        let left: Vec<_> = places(&all).into_iter().collect();
        assert_eq!(left, [("a".into(), place)]);
    }
}
