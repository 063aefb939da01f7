//! Static checks of every reference in the tree: that what is named exists, and may be named here.

mod scope;
mod subject;

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Arc;

use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::addrs::Reference;
use streamform_lang::addrs::Resource;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Span;
use streamform_lang::eval::evaluate;
use streamform_lang::functions::Surroundings;
use streamform_lang::syntax::Body;
use streamform_lang::syntax::Expr;
use streamform_lang::syntax::StepKind;
use streamform_lang::syntax::Syntax;
use streamform_lang::syntax::Traversal;
use streamform_lang::value::Name;
use streamform_lang::value::Value;
use streamform_provider::schema::Schema;

use super::Configuration;
use super::Module;
use super::ModuleCall;
use super::ResourceBlock;
use super::connection_schema;
use super::decode::missing_argument_at;
use super::decode::unexpected_argument;
use super::imports::is_addressed;
use super::provisioner_schema;
use super::walk;
use scope::Scope;

/// Finds the schema of a resource type: provider, kind of block, type. Nothing if the provider is not known or has no
/// such type.
pub type SchemaLookup<'a> = dyn Fn(&ProviderAddr, Mode, &str) -> Option<Arc<Schema>> + 'a;

/// Checks every reference of a configuration.
///
/// `schemas` is asked for the types that references lead into; what it does not know is not judged here.
pub fn check_references(configuration: &Configuration, schemas: &SchemaLookup<'_>) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let used_providers = configuration.used_providers();
    for module in &configuration.modules {
        let mut checker = Checker {
            used_providers: &used_providers,
            configuration,
            module,
            schemas,
            diagnostics: Diagnostics::new(),
        };
        checker.module();
        diagnostics.extend(module.told_later.clone());
        diagnostics.extend(checker.diagnostics);
    }
    diagnostics
}

/// Checks every reference of an expression that stands for itself, such as a line of the console, as if it were written in a
/// module of the configuration.
pub fn check_expression(
    configuration: &Configuration,
    module: &Module,
    expr: &Expr,
    schemas: &SchemaLookup<'_>,
) -> Diagnostics {
    let mut checker = Checker {
        used_providers: &HashSet::default(),
        configuration,
        module,
        schemas,
        diagnostics: Diagnostics::new(),
    };
    checker.expr(expr, &Scope::default());
    checker.diagnostics
}

/// Whether a wrong reference is one of those that Terraform finds before it evaluates anything.
fn is_certain(found: &Diagnostic) -> bool {
    !matches!(
        found.summary.as_str(),
        "Reference to undeclared input variable"
            | "Reference to undeclared local value"
            | "Invalid reference"
    ) && !found.summary.contains("\"each\"")
        && !found.summary.contains("\"count\"")
        && !found.summary.starts_with("each.value ")
        && !found.summary.starts_with("Invalid \"path\"")
        && !found.summary.starts_with("Invalid \"terraform\"")
}

/// A scope in which nothing has a name.
#[derive(Default)]
struct Nothing(Surroundings);

impl streamform_lang::eval::Scope for Nothing {
    fn resolve(&self, reference: &Reference) -> Result<Value, Diagnostics> {
        let span = reference.span;
        let root = reference.subject.to_string();
        let root = root.split(['.', '[']).next().unwrap_or_default();
        let end = span.start + u32::try_from(root.len()).unwrap_or_default();
        Err(Diagnostic::error(
            "Unknown variable",
            format!("There is no variable named {root:?}."),
        )
        .at(Span { end, ..span })
        .into())
    }

    fn surroundings(&self) -> &Surroundings {
        &self.0
    }
}

/// Roots of references that have a value wherever something is evaluated.
const ALWAYS_THERE: [&str; 11] = [
    "count",
    "data",
    "each",
    "ephemeral",
    "local",
    "module",
    "path",
    "resource",
    "self",
    "terraform",
    "var",
];

struct Checker<'a> {
    used_providers: &'a HashSet<&'a AbsProviderConfig>,
    configuration: &'a Configuration,
    module: &'a Module,
    schemas: &'a SchemaLookup<'a>,
    diagnostics: Diagnostics,
}

impl<'a> Checker<'a> {
    fn expr(&mut self, expr: &Expr, scope: &Scope<'_>) {
        self.together(|checker| walk::traversals(expr, &mut |t| checker.traversal(t, scope)));
    }

    /// Checks what is evaluated together. As in Terraform, that a variable or local value is not there is told once the objects
    /// that are named beside it are right.
    fn together(&mut self, check: impl FnOnce(&mut Self)) {
        let earlier = std::mem::take(&mut self.diagnostics);
        check(self);
        let found = std::mem::replace(&mut self.diagnostics, earlier);
        let certain = found.iter().any(is_certain);
        let kept = found.into_iter().filter(|d| !certain || is_certain(d));
        self.diagnostics.extend(kept.collect());
    }

    fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Arc<Expr>>, scope: &Scope<'_>) {
        for expr in exprs {
            self.expr(expr, scope);
        }
    }

    /// What a schema does not have is told as such, and what it names is nobody's matter. Without a schema all counts.
    fn body(&mut self, body: &Body, schema: Option<&Schema>, scope: &Scope<'_>) {
        let block = schema.map(|s| &s.block);
        self.together(|checker| walk::known_traversals(body, block, &mut |t| checker.traversal(t, scope)));
    }

    fn traversal(&mut self, t: &Traversal, scope: &Scope<'_>) {
        match &t.reference {
            Ok(reference) => {
                let rest = t.steps.get(reference.consumed..).unwrap_or_default();
                self.subject(reference, rest, scope);
            }
            Err(problem) => {
                self.diagnostics.push((**problem).clone());
                if !t
                    .steps
                    .first()
                    .is_some_and(|s| matches!(s.kind, StepKind::Attr(_)))
                {
                    self.bare(&t.root);
                }
            }
        }
    }

    fn module(&mut self) {
        let module = self.module;
        let plain = Scope::default();
        for local in module.locals.values() {
            self.expr(&local.value, &plain);
        }
        for variable in module.variables.values() {
            for rule in &variable.validations {
                self.together(|checker| checker.exprs([&rule.condition, &rule.error_message], &plain));
            }
        }
        let is_root = module.id == self.configuration.root().id;
        for output in module.outputs.values() {
            if is_root && output.ephemeral {
                self.diagnostics.error_at(
                    output.header,
                    "Ephemeral output not allowed",
                    "Ephemeral outputs are not allowed in the root module: its outputs are kept in the state, and an ephemeral value must not be kept anywhere. Remove \"ephemeral = true\", or give the output ephemeralasnull(...) of the value.",
                );
            }
            self.expr(&output.value, &plain);
            for rule in &output.preconditions {
                self.judged(&[&rule.error_message, &rule.condition], &plain, 2);
            }
            self.depends_on(&output.depends_on, &plain);
        }
        for (config, provider) in &module.providers {
            let address = AbsProviderConfig::new(
                module.path.clone(),
                provider.provider.clone(),
                config.alias.clone(),
            );
            if self.used_providers.contains(&address) {
                self.body(&provider.body, None, &plain);
            }
        }
        for resource in module.resources.values() {
            self.resource(resource);
        }
        for call in module.calls.values() {
            self.call(call);
        }
        for check in module.checks.values() {
            let scope = Scope {
                check: Some(&check.name),
                ..Scope::default()
            };
            for rule in &check.asserts {
                // The condition is evaluated when it is checked.
                self.judged(&[&rule.error_message, &rule.condition], &scope, 1);
            }
        }
        for import in &module.imports {
            let scope = Scope {
                each: import.for_each.is_some(),
                ..Scope::default()
            };
            let before = self.diagnostics.len();
            self.exprs(&import.for_each, &plain);
            // For what it is the id is known first.
            if self.diagnostics.len() == before && is_addressed(self.configuration, import) {
                self.expr(&import.id, &scope);
            }
        }
    }

    fn resource(&mut self, block: &ResourceBlock) {
        let plain = Scope {
            check: block.check.as_ref(),
            ..Scope::default()
        };
        let scope = Scope {
            each: block.for_each.is_some(),
            count: block.count.is_some(),
            check: block.check.as_ref(),
            ..Scope::default()
        };
        let with_self = Scope {
            itself: Some(block),
            ..scope.clone()
        };
        self.exprs(block.count.iter().chain(&block.for_each), &plain);
        self.depends_on(&block.depends_on, &scope);
        let schema = self.schema(self.module, &block.address);
        self.body(&block.body, schema.as_deref(), &scope);
        for rule in &block.lifecycle.preconditions {
            self.judged(&[&rule.condition], &scope, 1);
            self.judged(&[&rule.error_message], &scope, 1);
        }
        for rule in &block.lifecycle.postconditions {
            self.judged(&[&rule.condition], &with_self, 1);
            self.judged(&[&rule.error_message], &with_self, 1);
        }
        for provisioner in &block.provisioners {
            self.body(&provisioner.body, provisioner_schema(&provisioner.ty), &with_self);
            if let Some(body) = provisioner.connection_within(block.connection.as_deref()) {
                self.body(&body, Some(connection_schema()), &with_self);
            }
        }
        self.ignored(block);
    }

    fn call(&mut self, call: &ModuleCall) {
        let plain = Scope::default();
        let scope = Scope {
            each: call.for_each.is_some(),
            count: call.count.is_some(),
            ..Scope::default()
        };
        self.exprs(call.count.iter().chain(&call.for_each), &plain);
        self.depends_on(&call.depends_on, &plain);
        let Some(child) = self.module.children.get(&call.name) else {
            return;
        };
        let variables: &BTreeMap<Name, _> = &self.configuration.module(*child).variables;
        for variable in variables.values() {
            if variable.default.is_none() && !call.arguments.contains_key(&variable.name) {
                missing_argument_at(call.opening, &variable.name, &mut self.diagnostics);
            }
        }
        let names: Vec<&str> = variables.keys().map(Name::as_str).collect();
        for (name, argument) in &call.arguments {
            // What an argument holds that means nothing is nobody's matter.
            if variables.contains_key(name) {
                self.expr(&argument.expr, &scope);
            } else {
                // Only JSON has quotes around a name.
                let written = self.configuration.sources.text(argument.name.span);
                let syntax = match written.starts_with('"') {
                    true => Syntax::Json,
                    false => Syntax::Native,
                };
                unexpected_argument(argument, syntax, &names, &[], &mut self.diagnostics);
            }
        }
    }

    /// What `depends_on` names must exist; its attributes do not matter.
    fn depends_on(&mut self, references: &[Reference], scope: &Scope<'_>) {
        for reference in references {
            self.subject(reference, &[], scope);
        }
    }

    /// Conditions and their messages, evaluated together.
    ///
    /// As in Terraform they are evaluated also where one names what is not there, with nothing that could be referred to: that
    /// each object is unknown is told once more, in these words. `count`: so many of them are evaluated.
    fn judged(&mut self, exprs: &[&Expr], scope: &Scope<'_>, count: usize) {
        let before = self.diagnostics.len();
        self.together(|checker| {
            for expr in exprs {
                walk::traversals(expr, &mut |t| checker.traversal(t, scope));
            }
        });
        let nothing_there = self.diagnostics.iter().skip(before).any(is_certain);
        let mut there = HashSet::new();
        for expr in exprs.iter().filter(|_| !nothing_there) {
            walk::traversals(expr, &mut |t| {
                if t.reference.is_ok() {
                    there.insert(&t.root.name);
                }
            });
        }
        for expr in exprs.iter().take(count) {
            if nothing_there {
                let (_, found) = evaluate(expr, &Nothing::default());
                self.diagnostics.extend(found);
            }
            walk::traversals(expr, &mut |t| {
                // A name that is no reference has no value either, unless it begins one.
                let no_name = matches!(&t.reference, Err(problem) if problem.summary == "Invalid reference");
                if no_name && !ALWAYS_THERE.contains(&t.root.name.as_str()) && !there.contains(&t.root.name) {
                    self.diagnostics.error_at(
                        t.root.span,
                        "Unknown variable",
                        format!("There is no variable named {:?}.", t.root.name.as_str()),
                    );
                }
            });
        }
    }

    fn schema(&self, module: &Module, address: &Resource) -> Option<Arc<Schema>> {
        let provider = match module.resources.get(address) {
            Some(block) => block.resolved_provider.provider.clone(),
            None => return None,
        };
        (self.schemas)(&provider, address.mode, &address.ty)
    }
}
