//! `variable` blocks.

use std::sync::Arc;

use streamform_lang::addrs::Subject;
use streamform_lang::diag::Span;
use streamform_lang::eval::type_constraint;
use streamform_lang::syntax::Block;
use streamform_lang::syntax::Expr;
use streamform_lang::value::Type;
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

impl Decoder<'_> {
    pub(super) fn variable(&mut self, block: Block) {
        let Some(name) = only_label(&block, "Invalid variable name", &mut self.diagnostics) else {
            return;
        };
        if RESERVED.contains(&name.as_str()) {
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
        let d = &mut self.diagnostics;
        let description = content
            .argument("description")
            .and_then(|a| constant::string(&a, d));
        let sensitive = content
            .argument("sensitive")
            .and_then(|a| constant::boolean(&a, d));
        let ephemeral = content
            .argument("ephemeral")
            .and_then(|a| constant::boolean(&a, d));
        let nullable = content
            .argument("nullable")
            .and_then(|a| constant::boolean(&a, d));
        let type_expr = content.argument("type").map(|a| a.expr);
        let default = content.argument("default");
        let rules = content.blocks("validation");
        content.finish(d);

        let mut variable = Variable {
            name: name.clone(),
            ty: Type::Any,
            type_expr: type_expr.clone(),
            default: None,
            description,
            sensitive: sensitive.unwrap_or(false),
            ephemeral: ephemeral.unwrap_or(false),
            nullable: nullable.unwrap_or(true),
            validations: Vec::new(),
            header,
            span,
        };
        let mut defaults = None;
        let mut typed = true;
        if let Some(expr) = &type_expr {
            match type_constraint(expr) {
                Ok((ty, found)) => {
                    variable.ty = ty;
                    defaults = Some(found);
                }
                Err(problems) => {
                    typed = false;
                    self.diagnostics.extend(problems);
                }
            }
        }
        if let Some(default) = default
            && let Some(mut value) = constant::constant(&default.expr, &mut self.diagnostics)
        {
            if let Some(defaults) = &defaults
                && !value.is_null()
            {
                value = defaults.apply(&value);
            }
            if !variable.nullable && value.is_null() {
                self.error(
                    default.expr.span,
                    "Invalid default value for variable",
                    "A null default value is not valid when nullable=false.",
                );
            }
            match convert(&value, &variable.ty) {
                Ok(value) => variable.default = Some(value),
                Err(e) => {
                    variable.default = Some(value);
                    if typed {
                        let (at, what) = self.blame(header, type_expr.as_deref(), &default.expr);
                        self.error(at, "Invalid default value for variable", format!("{what}: {e}."));
                    }
                }
            }
        }
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
        } else {
            self.module.variables.insert(name, Arc::new(variable));
        }
    }

    /// Where to point when type and default do not fit, and how to begin: an override file may have brought either.
    fn blame(&self, header: Span, ty: Option<&Expr>, default: &Expr) -> (Span, &'static str) {
        match ty {
            Some(ty) if ty.span.file != header.file => (
                ty.span,
                "Overriding this variable's type constraint has made its default value invalid",
            ),
            _ if default.span.file != header.file => (
                default.span,
                "The overridden default value for this variable is not compatible with the variable's type constraint",
            ),
            _ => (
                default.span,
                "This default value is not compatible with the variable's type constraint",
            ),
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
