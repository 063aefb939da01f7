//! Input variables and outputs: the borders of a module instance.

use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Span;
use streamform_lang::eval::describe_references;
use streamform_lang::eval::evaluate;
use streamform_lang::eval::type_constraint;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_lang::value::convert;

use super::Condition;
use super::ModuleInstanceId;
use super::Validated;
use super::World;
use super::evaluate_validation;
use super::failed_condition;
use crate::config::ModuleId;
use crate::config::Variable;

/// Summary of an error about a value that does not fit the type of a root variable.
pub(crate) const UNFIT: &str = "Invalid value for input variable";

/// Summary of an error about a null where a value is needed.
pub(crate) const NOT_SET: &str = "Required variable not set";

/// Brings a given value to the type of its variable: defaults of optional attributes, conversion, null. `of` names the variable in
/// messages, and says where the value comes from.
///
/// # Errors
/// When it cannot be converted, or is null where it must not be.
pub(crate) fn typed(
    variable: &Variable,
    given: Value,
    place: Option<Span>,
    of: &str,
) -> Result<Value, Diagnostics> {
    let invalid = |detail: String| -> Diagnostics { Diagnostic::error(UNFIT, detail).at_opt(place).into() };
    let mut value = given;
    if let Some(expr) = &variable.type_expr
        && let Ok((_, defaults)) = type_constraint(expr)
        && value.is_known()
        && !value.is_null()
    {
        value = defaults.apply(&value);
    }
    let mut value = match convert(&value, &variable.ty) {
        Ok(v) => v,
        Err(e) => {
            return Err(invalid(format!(
                "The given value is not suitable for {of}: {}.",
                e.with_path()
            )));
        }
    };
    if value.is_null() && !variable.nullable {
        match &variable.default {
            Some(default) => value = default.clone(),
            None => {
                return Err(Diagnostic::error(
                    NOT_SET,
                    format!(
                        "The given value is not suitable for var.{}: the variable is required and must not be null.",
                        variable.name
                    ),
                )
                .at_opt(place)
                .into());
            }
        }
    }
    Ok(value)
}

/// The refusal to write an infinite number down.
pub(crate) fn infinity(what: &str) -> Diagnostic {
    Diagnostic::error(
        "Infinite number cannot be stored",
        format!(
            "{what} holds an infinite number, such as a division by zero gives it. It can be computed with, but neither a plan nor the state can hold it. Test the divisor before dividing."
        ),
    )
}

impl World<'_> {
    /// Works out an input variable in every instance of its module, and checks its validation rules.
    pub fn evaluate_variable(&mut self, module: ModuleId, name: &Name) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        let Some(variable) = self.config.module(module).variables.get(name).cloned() else {
            return diagnostics;
        };
        for id in self.instances_of(module).to_vec() {
            let (value, place) = self.given(id, &variable, &mut diagnostics);
            let marks = variable.marks();
            let value = value.with_marks(marks);
            self.validate(id, &variable, &value, place, &mut diagnostics);
            // The block is checked for every value that it may be called with, not for the one at hand.
            let value = if self.settings.validating {
                Value::unknown(variable.ty.without_optional()).with_marks(marks)
            } else {
                value
            };
            self.set_variable(id, name.clone(), value);
        }
        diagnostics
    }

    fn given(
        &self,
        id: ModuleInstanceId,
        variable: &Variable,
        diagnostics: &mut Diagnostics,
    ) -> (Value, Option<Span>) {
        let missing = || {
            variable
                .default
                .clone()
                .unwrap_or_else(|| Value::unknown(variable.ty.without_optional()))
        };
        let state = self.state(id);
        let Some((parent, call_name)) = &state.parent else {
            let value = self.settings.variables.get(&variable.name).cloned();
            let place = self.settings.places.get(&variable.name).copied();
            return (
                value.unwrap_or_else(missing),
                place.filter(|_| !variable.sensitive),
            );
        };
        let Some(argument) = self
            .module(*parent)
            .calls
            .get(call_name)
            .and_then(|c| c.arguments.get(&variable.name))
        else {
            return (missing(), None);
        };
        let scope = self.instance_scope(*parent, state.repetition.clone());
        let (value, found) = evaluate(&argument.expr, &scope);
        let failed = found.has_errors();
        diagnostics.extend(found);
        if failed {
            return (
                Value::unknown(variable.ty.without_optional()),
                Some(argument.expr.span),
            );
        }
        if value.deep_marks().contains(Marks::EPHEMERAL) && !variable.ephemeral {
            diagnostics.push(
                Diagnostic::error(
                    "Ephemeral value not allowed",
                    "The value of a variable that is not declared as ephemeral cannot be derived from an ephemeral value. Add \"ephemeral = true\" to the variable, or give it another value.",
                )
                .at(argument.expr.span),
            );
        }
        let address = format!("{}.var.{}", self.address(id), variable.name);
        let sources = &self.config.sources;
        let (place, of) = if variable.sensitive {
            (variable.header, format!("{address}, which is sensitive"))
        } else {
            let declared = sources.range(variable.header);
            (argument.expr.span, format!("{address} declared at {declared}"))
        };
        match typed(variable, value, Some(place), &of) {
            Ok(v) => (v, Some(argument.expr.span)),
            Err(found) => {
                diagnostics.extend(found);
                (
                    Value::unknown(variable.ty.without_optional()),
                    Some(argument.expr.span),
                )
            }
        }
    }

    fn validate(
        &mut self,
        id: ModuleInstanceId,
        variable: &Variable,
        value: &Value,
        place: Option<Span>,
        diagnostics: &mut Diagnostics,
    ) {
        for rule in &variable.validations {
            let scope = self.scope(id).with_variable(&variable.name, value.clone());
            let (condition, found) = evaluate_validation(rule, &scope, variable.sensitive);
            diagnostics.extend(found);
            if let Condition::Fails(message) = &condition {
                let at = self
                    .config
                    .sources
                    .get(rule.header.file)
                    .map(|f| {
                        let (s, e) = (f.position(rule.header.start), f.position(rule.header.end));
                        format!("{}:{},{}-{}", f.name(), s.line, s.column, e.column)
                    })
                    .unwrap_or_default();
                let detail = format!("{message}\n\nThis was checked by the validation rule at {at}.");
                diagnostics.push(
                    failed_condition(rule, &scope, "Invalid value for variable", detail)
                        .at(place.unwrap_or(variable.header)),
                );
            }
            self.validated.push(Validated {
                module: id,
                variable: variable.name.clone(),
                condition,
            });
        }
    }

    /// Works out an output value in every instance of its module. Preconditions are the caller's matter.
    pub fn evaluate_output(&mut self, module: ModuleId, name: &Name) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        let Some(output) = self.config.module(module).outputs.get(name).cloned() else {
            return diagnostics;
        };
        for id in self.instances_of(module).to_vec() {
            let (mut value, found) = evaluate(&output.value, &self.scope(id));
            diagnostics.extend(found);
            let marks = value.deep_marks();
            if self.address(id).is_root() && !self.settings.validating && value.holds_infinity() {
                diagnostics.push(infinity(&format!("The value of output.{name}")).at(output.value.span));
                value = Value::unknown(Type::Any);
            }
            if self.address(id).is_root() && marks.contains(Marks::SENSITIVE) && !output.sensitive {
                diagnostics.push(
                    Diagnostic::error(
                        "Output refers to sensitive values",
                        "To reduce the risk of accidentally exporting sensitive data that was intended to be only internal, Streamform requires that any root module output containing sensitive data be explicitly marked as sensitive, to confirm your intent.\n\nIf you do intend to export this data, annotate the output value as sensitive by adding the following argument:\n    sensitive = true",
                    )
                    .at(output.header)
                    .with_values(describe_references(&output.value, &self.scope(id))),
                );
            }
            if marks.contains(Marks::EPHEMERAL) && !output.ephemeral {
                diagnostics.push(
                    Diagnostic::error(
                        "Ephemeral value not allowed",
                        "This output value is not declared as returning an ephemeral value, so it cannot be set to a result derived from an ephemeral value.",
                    )
                    .at(output.value.span),
                );
                value = Value::unknown(Type::Any);
            }
            if output.sensitive {
                value = value.with_marks(Marks::SENSITIVE);
            }
            if output.ephemeral {
                value = value.with_marks(Marks::EPHEMERAL);
            }
            self.set_output(id, name.clone(), value);
        }
        diagnostics
    }
}
