//! `variable` blocks.

use std::sync::Arc;

use streamform_lang::addrs::Subject;
use streamform_lang::eval::Defaults;
use streamform_lang::eval::type_constraint;
use streamform_lang::syntax::Block;
use streamform_lang::syntax::Expr;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_lang::value::convert;

use super::Decoder;
use super::constant;
use super::content::Content;
use super::only_label;
use crate::config::CheckRule;
use crate::config::Variable;
use crate::config::walk;

/// Names that mean something else inside a `module` block.
const RESERVED: [&str; 8] = [
    "source",
    "version",
    "providers",
    "count",
    "for_each",
    "lifecycle",
    "depends_on",
    "locals",
];

const INVALID_DEFAULT: &str = "Invalid default value for variable";

/// What one block says about a variable.
struct Given {
    ty: Option<(Type, Defaults, Arc<Expr>)>,
    default: Option<Value>,
    description: Option<Name>,
    sensitive: Option<bool>,
    ephemeral: Option<bool>,
    nullable: Option<bool>,
}

impl Decoder<'_> {
    pub(super) fn variable(&mut self, block: Block) {
        let Some(name) = only_label(&block, "Invalid variable name", &mut self.diagnostics) else {
            return;
        };
        // A block of this name in a call holds arguments that are named as its own are.
        if RESERVED.contains(&name.as_str()) || name.as_str() == "_" {
            self.error(
                block.labels[0].span,
                "Invalid variable name",
                format!(
                    "The variable name {:?} is reserved due to its special meaning inside module blocks.",
                    name.as_str()
                ),
            );
        }
        let (header, span) = (block.header, block.span);
        let mut content = Content::new(block.body);
        let rules = content.plain_blocks("validation", &mut self.diagnostics);
        let given = self.given(content);
        let mut variable = Variable {
            name: name.clone(),
            ty: given.ty.as_ref().map_or(Type::Any, |(ty, _, _)| ty.clone()),
            type_expr: given.ty.map(|(_, _, expr)| expr),
            default: given.default,
            description: given.description,
            sensitive: given.sensitive.unwrap_or(false),
            ephemeral: given.ephemeral.unwrap_or(false),
            nullable: given.nullable.unwrap_or(true),
            validations: Vec::new(),
            header,
            span,
        };
        for rule in rules {
            if let Some(rule) = self.rule(rule) {
                self.must_test_itself(&variable, &rule);
                variable.validations.push(rule);
            }
        }
        if let Some(first) = self.module.variables.get(&name) {
            let first = first.header;
            self.duplicate(
                header,
                first,
                "Duplicate variable declaration",
                "A variable",
                &name,
                "Variable names must be unique within a module.",
            );
            return;
        }
        for over in self.variable_overrides.remove(&name).unwrap_or_default() {
            self.override_variable(&mut variable, over);
        }
        self.module.variables.insert(name, Arc::new(variable));
    }

    /// Reads the arguments of a block, and checks that its default fits its type.
    fn given(&mut self, mut content: Content) -> Given {
        let d = &mut self.diagnostics;
        let description = content
            .argument("description")
            .and_then(|a| constant::string(&a, d));
        let mut boolean = |name| content.argument(name).and_then(|a| constant::boolean(&a, d));
        let (sensitive, ephemeral, nullable) =
            (boolean("sensitive"), boolean("ephemeral"), boolean("nullable"));
        let type_expr = content.argument("type").map(|a| a.expr);
        let default = content.argument("default");
        content.finish(d);

        let mut typed = true;
        let ty = type_expr.and_then(|expr| match type_constraint(&expr) {
            Ok((ty, defaults)) => Some((ty, defaults, expr)),
            Err(problems) => {
                typed = false;
                d.extend(problems);
                None
            }
        });
        let mut value = default.as_ref().map(|default| {
            let (value, found) = constant::value(&default.expr);
            d.extend(found);
            value
        });
        if let (Some(given), Some(default)) = (&mut value, &default) {
            if nullable == Some(false) && given.is_null() {
                d.error_at(
                    default.expr.span,
                    INVALID_DEFAULT,
                    "A null default value is not valid when nullable=false.",
                );
            }
            if let Some((ty, defaults, _)) = &ty {
                if !given.is_null() {
                    *given = defaults.apply(given);
                }
                match convert(given, ty) {
                    Ok(converted) => *given = converted,
                    Err(e) => {
                        d.error_at(
                            default.expr.span,
                            INVALID_DEFAULT,
                            format!(
                                "This default value is not compatible with the variable's type constraint: {e}."
                            ),
                        );
                        // Told once is enough.
                        *given = Value::unknown(ty.clone());
                    }
                }
            } else if !typed {
                *given = Value::unknown(Type::Any);
            }
        }
        Given {
            ty,
            default: value,
            description,
            sensitive,
            ephemeral,
            nullable,
        }
    }

    /// Changes a variable as a block of an override file says. Type and default may come from different files, and must fit
    /// after each.
    fn override_variable(&mut self, variable: &mut Variable, over: Block) {
        let header = over.header;
        let given = self.given(Content::new(over.body));
        variable.description = given.description.or(variable.description.take());
        variable.sensitive = given.sensitive.unwrap_or(variable.sensitive);
        variable.ephemeral = given.ephemeral.unwrap_or(variable.ephemeral);
        variable.nullable = given.nullable.unwrap_or(variable.nullable);
        let (new_type, new_default) = (given.ty.is_some(), given.default.is_some());
        if let Some((ty, _, expr)) = given.ty {
            variable.ty = ty;
            variable.type_expr = Some(expr);
        }
        if let Some(default) = given.default {
            variable.default = Some(default);
        }
        let Some(default) = &variable.default else {
            return;
        };
        if !variable.nullable && default.is_null() {
            self.diagnostics.error_at(
                header,
                INVALID_DEFAULT,
                "A null default value is not valid when nullable=false.",
            );
        }
        // What is optional in the type may be filled in only now.
        let defaults = variable.type_expr.as_deref().map(type_constraint);
        let filled = match &defaults {
            Some(Ok((_, defaults))) if !default.is_null() => defaults.apply(default),
            _ => default.clone(),
        };
        match convert(&filled, &variable.ty) {
            Ok(value) => variable.default = Some(value),
            Err(e) => {
                let (at, what) = match (new_type, new_default) {
                    (true, false) => (
                        header,
                        "Overriding this variable's type constraint has made its default value invalid",
                    ),
                    (false, true) => (
                        header,
                        "The overridden default value for this variable is not compatible with the variable's type constraint",
                    ),
                    _ => (
                        variable.header,
                        "This variable's default value is not compatible with its type constraint, due to a combination of changes in override files",
                    ),
                };
                self.diagnostics
                    .error_at(at, INVALID_DEFAULT, format!("{what}: {}.", e.with_path()));
            }
        }
    }

    /// A validation that does not look at its variable tests nothing.
    fn must_test_itself(&mut self, variable: &Variable, rule: &CheckRule) {
        let mut found = false;
        walk::traversals(&rule.condition, &mut |t| {
            found |= matches!(&t.reference, Ok(r) if r.subject == Subject::Variable(variable.name.clone()));
        });
        if !found {
            self.error(
                rule.condition.span,
                "Invalid variable validation condition",
                format!(
                    "The condition for variable {:?} must refer to var.{} in order to test incoming values.",
                    variable.name.as_str(),
                    variable.name
                ),
            );
        }
    }
}
