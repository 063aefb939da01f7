//! One reference: whether what it names exists, and whether it can be named here.

use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::Reference;
use streamform_lang::addrs::Resource;
use streamform_lang::addrs::Subject;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Span;
use streamform_lang::diag::did_you_mean;
use streamform_lang::syntax::Step;
use streamform_lang::syntax::StepKind;
use streamform_lang::value;
use streamform_lang::value::Name;
use streamform_provider::schema;
use streamform_provider::schema::Nesting;

use super::Checker;
use super::Scope;
use crate::config::IgnoreChanges;
use crate::config::ResourceBlock;
use crate::config::decode::suggest;

const NO_EACH: (&str, &str) = (
    "Reference to \"each\" in context without for_each",
    "The \"each\" object can be used only in \"module\" or \"resource\" blocks, and only when the \"for_each\" argument is set.",
);
const NO_EACH_VALUE: (&str, &str) = (
    "each.value cannot be used in this context",
    "A reference to \"each.value\" has been used in a context in which it is unavailable, such as when the configuration no longer contains the value in its \"for_each\" expression. Remove this reference to each.value in your configuration to work around this error.",
);
const NO_COUNT: (&str, &str) = (
    "Reference to \"count\" in non-counted context",
    "The \"count\" object can only be used in \"module\", \"resource\", and \"data\" blocks, and only when the \"count\" argument is set.",
);
const NO_SELF: (&str, &str) = (
    "Invalid \"self\" reference",
    "The \"self\" object is not available in this context. This object can be used only in resource provisioner, connection, and postcondition blocks.",
);

impl Checker<'_> {
    /// Checks one reference; `rest` are the steps into its value.
    pub(super) fn subject(&mut self, reference: &Reference, rest: &[Step], scope: &Scope<'_>) {
        let span = reference.span;
        let mut not_here = |(summary, detail): (&str, &str)| {
            let found = Diagnostic::error(summary, detail).at(span);
            // The one of the two ways to repeat a block is taken for the other.
            self.diagnostics.push(match &reference.subject {
                Subject::CountIndex if scope.each => found.help(
                    "This block has for_each: the key of an instance is each.key, and its value each.value.",
                ),
                Subject::EachKey | Subject::EachValue if scope.count => {
                    found.help("This block has count: the number of an instance is count.index.")
                }
                _ => found,
            });
        };
        match &reference.subject {
            Subject::EachKey if !scope.each => not_here(NO_EACH),
            Subject::EachValue if !scope.each => not_here(NO_EACH_VALUE),
            Subject::CountIndex if !scope.count => not_here(NO_COUNT),
            Subject::EachKey | Subject::EachValue | Subject::CountIndex => {}
            Subject::SelfObject => match scope.itself {
                None => not_here(NO_SELF),
                Some(block) => self.attributes(&block.address, rest),
            },
            Subject::Path(name) => {
                if !matches!(name.as_str(), "module" | "root" | "cwd") {
                    let detail = format!(
                        "The \"path\" object does not have an attribute named {:?}.{}",
                        name.as_str(),
                        suggest(name, ["cwd", "module", "root"])
                    );
                    self.diagnostics
                        .error_at(span, "Invalid \"path\" attribute", detail);
                }
            }
            Subject::Terraform(name) => self.terraform(name, span),
            // Only test files know these objects: elsewhere the name is that of a resource type, as any other.
            Subject::Other(root, name) => self.resource_exists(
                &Resource {
                    mode: Mode::Managed,
                    ty: root.clone(),
                    name: name.clone(),
                },
                span,
                scope.check,
            ),
            _ => {
                self.exists(reference, scope.check);
                self.keys(reference, rest);
            }
        }
    }

    fn terraform(&mut self, name: &Name, span: Span) {
        let detail = match name.as_str() {
            "workspace" | "applying" => return,
            "env" => "The terraform.env attribute was deprecated in v0.10 and removed in v0.12. The \"state environment\" concept was renamed to \"workspace\" in v0.12, and so the workspace name can now be accessed using the terraform.workspace attribute.".to_owned(),
            other => format!(
                "The \"terraform\" object does not have an attribute named {other:?}. The only supported attributes are terraform.workspace, the name of the currently-selected workspace, and terraform.applying, a boolean which is true only during apply."
            ),
        };
        self.diagnostics
            .error_at(span, "Invalid \"terraform\" attribute", detail);
    }

    /// An object that has only attributes, used without one. As in Terraform, the attribute that is missing is told, too.
    pub(super) fn bare(&mut self, root: &streamform_lang::syntax::Ident) {
        let name = root.name.as_str();
        let (summary, detail) = match name {
            "var" => (
                "Reference to undeclared input variable".to_owned(),
                "A reference to an input variable names it behind a dot: var.NAME.".to_owned(),
            ),
            "local" => (
                "Reference to undeclared local value".to_owned(),
                "A reference to a local value names it behind a dot: local.NAME.".to_owned(),
            ),
            "path" | "terraform" | "each" | "count" => (
                format!("Invalid {name:?} attribute"),
                format!(
                    "The {name:?} object is used through its attributes, such as {}.",
                    match name {
                        "path" => "path.module",
                        "terraform" => "terraform.workspace",
                        "each" => "each.key",
                        _ => "count.index",
                    }
                ),
            ),
            _ => return,
        };
        // Terraform gives this one no place; that of the reference is told beside it.
        self.diagnostics.push(Diagnostic::error(summary, detail));
    }

    /// Whether the module declares what is named.
    pub(super) fn exists(&mut self, reference: &Reference, check: Option<&Name>) {
        let (module, span) = (self.module, reference.span);
        match &reference.subject {
            Subject::Variable(name) if !module.variables.contains_key(name) => {
                let mut hint = suggest(name, module.variables.keys().map(Name::as_str));
                if hint.is_empty() {
                    hint = format!(
                        " This variable can be declared with a variable {:?} {{}} block.",
                        name.as_str()
                    );
                }
                self.diagnostics.error_at(
                    span,
                    "Reference to undeclared input variable",
                    format!(
                        "An input variable with the name {:?} has not been declared.{hint}",
                        name.as_str()
                    ),
                );
            }
            Subject::Local(name) if !module.locals.contains_key(name) => {
                let hint = suggest(name, module.locals.keys().map(Name::as_str));
                self.diagnostics.error_at(
                    span,
                    "Reference to undeclared local value",
                    format!(
                        "A local value with the name {:?} has not been declared.{hint}",
                        name.as_str()
                    ),
                );
            }
            Subject::Resource(address) | Subject::ResourceInstance(address, _) => {
                self.resource_exists(address, span, check);
            }
            Subject::Module(name) | Subject::ModuleInstance(name, _) | Subject::ModuleOutput(name, _, _)
                if !module.calls.contains_key(name) =>
            {
                let hint = suggest(name, module.calls.keys().map(Name::as_str));
                let detail = format!(
                    "No module call named {:?} is declared in {}.{hint}",
                    name.as_str(),
                    self.configuration.module_text(module.id)
                );
                self.diagnostics
                    .error_at(span, "Reference to undeclared module", detail);
            }
            _ => {}
        }
    }

    /// A resource of that name whose type is written much like it.
    fn same_name(&self, address: &Resource) -> String {
        let similar = |ty: &str| value::Name::from(ty.replace('-', "_"));
        let wanted = similar(&address.ty);
        let found = self.module.resources.keys().find(|a| {
            a.mode == address.mode
                && a.name == address.name
                && did_you_mean(&wanted, [similar(&a.ty).as_str()]).is_some()
        });
        found.map_or_else(String::new, |a| format!(" Did you mean {a}?"))
    }

    fn resource_exists(&mut self, address: &Resource, span: Span, check: Option<&Name>) {
        let adjective = match address.mode {
            Mode::Managed => "managed",
            Mode::Data => "data",
            Mode::Ephemeral => "ephemeral",
        };
        let Some(block) = self.module.resources.get(address) else {
            let other_mode = [Mode::Data, Mode::Managed, Mode::Ephemeral]
                .into_iter()
                .map(|mode| Resource {
                    mode,
                    ..address.clone()
                })
                .find(|a| self.module.resources.contains_key(a));
            let hint = match other_mode {
                Some(Resource { mode: Mode::Data, .. }) => {
                    format!(
                        "\n\nDid you mean the data resource data.{}.{}?",
                        address.ty, address.name
                    )
                }
                Some(other) => format!("\n\nDid you mean {other}?"),
                None => {
                    let names = self
                        .module
                        .resources
                        .keys()
                        .filter(|a| a.mode == address.mode && a.ty == address.ty)
                        .map(|a| a.name.as_str());
                    match suggest(&address.name, names) {
                        hint if hint.is_empty() => self.same_name(address),
                        hint => hint,
                    }
                }
            };
            let hint = if hint.is_empty() && self.is_key(span) {
                format!(
                    "\n\nIf it is meant as the key of a map, put it in quotes: \"{}.{}\".",
                    address.ty, address.name
                )
            } else {
                hint
            };
            let hint = if hint.is_empty() && address.ty.as_str() == "env" {
                let name = &address.name;
                format!(
                    "\n\nVariables of the environment cannot be read in expressions. Declare a variable \"{name}\", use var.{name}, and set TF_VAR_{name}."
                )
            } else {
                hint
            };
            let detail = format!(
                "A {adjective} resource {:?} {:?} has not been declared in {}.{hint}",
                address.ty.as_str(),
                address.name.as_str(),
                self.configuration.module_text(self.module.id)
            );
            self.diagnostics
                .error_at(span, "Reference to undeclared resource", detail);
            return;
        };
        if block.check.is_some() && block.check.as_ref() != check {
            self.diagnostics.error_at(
                span,
                "Reference to scoped resource",
                format!(
                    "The referenced {adjective} resource {:?} {:?} is not available from this context.",
                    address.ty.as_str(),
                    address.name.as_str()
                ),
            );
        }
    }

    /// Whether keys are given where there are instances, and only there; whether attributes exist.
    fn keys(&mut self, reference: &Reference, rest: &[Step]) {
        match &reference.subject {
            Subject::Resource(address) => {
                let Some(block) = self.module.resources.get(address) else {
                    return;
                };
                let (argument, key) = match (&block.count, &block.for_each) {
                    (Some(_), _) => ("count", "count.index"),
                    (None, Some(_)) => ("for_each", "each.key"),
                    (None, None) => return self.attributes(address, rest),
                };
                // A splat or an index with an expression stands behind the traversal, not in it.
                if matches!(rest.first().map(|s| &s.kind), Some(StepKind::Attr(_))) {
                    self.diagnostics.error_at(
                        reference.span,
                        "Missing resource instance key",
                        format!(
                            "Because {address} has {argument:?} set, its attributes must be accessed on specific instances.\n\nFor example, to correlate with indices of a referring resource, use:\n    {address}[{key}]"
                        ),
                    );
                    self.attributes(address, rest);
                }
            }
            Subject::ResourceInstance(address, key) => {
                let Some(block) = self.module.resources.get(address) else {
                    return;
                };
                if *key != InstanceKey::None && block.count.is_none() && block.for_each.is_none() {
                    self.diagnostics.error_at(
                        reference.span,
                        "Unexpected resource instance key",
                        format!(
                            "Because {address} does not have \"count\" or \"for_each\" set, references to it must not include an index key. Remove the bracketed index to refer to the single instance of this resource."
                        ),
                    );
                }
                self.attributes(address, rest);
            }
            Subject::ModuleOutput(name, key, output) => {
                let (Some(call), Some(child)) = (self.module.calls.get(name), self.module.children.get(name))
                else {
                    return;
                };
                let at = Span {
                    start: reference.span.end.saturating_sub(output.len() as u32 + 1),
                    ..reference.span
                };
                if call.count.is_some() && *key == InstanceKey::None {
                    self.diagnostics.error_at(
                        at,
                        "Unsupported attribute",
                        format!(
                            "Can't access attributes on a list of objects. Did you mean to access attribute {:?} for a specific element of the list, or across all elements of the list?",
                            output.as_str()
                        ),
                    );
                    return;
                }
                let repeated = call.count.is_some() || call.for_each.is_some();
                if repeated != (*key != InstanceKey::None) {
                    // The evaluator knows better what such a value is.
                    return;
                }
                let child = self.configuration.module(*child);
                if !child.outputs.contains_key(output) {
                    self.diagnostics.error_at(
                        at,
                        "Unsupported attribute",
                        format!(
                            "This object does not have an attribute named {:?}.{}",
                            output.as_str(),
                            if child.resources.keys().any(|r| r.ty == *output) {
                                format!(
                                    " Resources inside a module cannot be reached from outside: declare an output in {}, and use that.",
                                    self.configuration.module_text(child.id)
                                )
                            } else {
                                suggest(output, child.outputs.keys().map(Name::as_str))
                            }
                        ),
                    );
                }
            }
            _ => {}
        }
    }

    /// Whether what is referred to stands where an object has a key, as in `{ retention.ms = 1 }`.
    fn is_key(&self, span: Span) -> bool {
        let file = self.configuration.sources.get(span.file);
        file.and_then(|f| f.text().get(span.end as usize..))
            .map(|rest| rest.trim_start_matches([' ', '\t']))
            .is_some_and(|rest| rest.starts_with('=') && !rest.starts_with("=="))
    }

    /// Whether the first steps into a resource lead to attributes that its type has.
    pub(super) fn attributes(&mut self, address: &Resource, rest: &[Step]) {
        let Some(schema) = self.schema(self.module, address) else {
            return;
        };
        let mut block = &schema.block;
        let mut steps = rest.iter();
        while let Some(step) = steps.next() {
            let name = match &step.kind {
                StepKind::Attr(name) => name,
                StepKind::Index(key) => return self.no_index(key, step.span),
            };
            if block.attribute(name).is_some() {
                // What is inside an attribute is a matter of its value.
                return;
            }
            let Some(nested) = block.nested(name) else {
                self.no_attribute(block, name, step.span);
                return;
            };
            block = &nested.block;
            match nested.nesting {
                Nesting::Single | Nesting::Group => {}
                Nesting::List | Nesting::Map => match steps.next().map(|s| &s.kind) {
                    Some(StepKind::Index(_)) => {}
                    _ => return,
                },
                Nesting::Set => return,
            }
        }
    }

    fn no_index(&mut self, key: &value::Value, span: Span) {
        let detail = match key.as_str() {
            Some(name) => format!(
                "Only attribute access is allowed here. Did you mean to access attribute {name:?} using the dot operator?"
            ),
            None => "Only attribute access is allowed here, using the dot operator.".to_owned(),
        };
        self.diagnostics.error_at(span, "Invalid index operation", detail);
    }

    fn no_attribute(&mut self, block: &schema::Block, name: &Name, span: Span) {
        let names = block
            .attributes
            .iter()
            .map(|(n, _)| n.as_str())
            .chain(block.blocks.iter().map(|(n, _)| n.as_str()));
        let detail = format!(
            "This object has no argument, nested block, or exported attribute named {:?}.{}",
            name.as_str(),
            suggest(name, names)
        );
        self.diagnostics.error_at(span, "Unsupported attribute", detail);
    }

    /// Where the type of a block is written.
    fn type_label(&self, block: &ResourceBlock) -> Span {
        const KEYWORD: &str = "resource ";
        let header = block.header;
        let written = self.configuration.sources.text(header);
        if !written.starts_with("resource \"") {
            return header;
        }
        let start = header.start + KEYWORD.len() as u32;
        Span {
            start,
            end: start + block.address.ty.len() as u32 + 2,
            ..header
        }
    }

    /// `ignore_changes` names arguments of the resource itself.
    pub(super) fn ignored(&mut self, block: &ResourceBlock) {
        let IgnoreChanges::Paths(paths) = &block.lifecycle.ignore_changes else {
            return;
        };
        let Some(schema) = self.schema(self.module, &block.address) else {
            return;
        };
        for (path, span) in paths {
            let Some(value::Step::Attr(name)) = path.steps().first() else {
                continue;
            };
            if schema
                .block
                .attribute(name)
                .is_some_and(|a| a.computed && !a.optional && !a.required)
            {
                self.diagnostics.push(
                    Diagnostic::warning(
                        "Redundant ignore_changes element",
                        format!(
                            "Adding an attribute name to ignore_changes tells Streamform to ignore future changes to the argument in configuration after the object has been created, retaining the value originally configured.\n\nThe attribute {name} is decided by the provider alone and therefore there can be no configured value to compare with. Including this attribute in ignore_changes has no effect. Remove the attribute from ignore_changes to quiet this warning."
                        ),
                    )
                    .at(self.type_label(block)),
                );
            }
            if schema.block.attribute(name).is_none() && schema.block.nested(name).is_none() {
                let at = Span {
                    end: span.start + name.len() as u32,
                    ..*span
                };
                self.no_attribute(&schema.block, name, at);
            }
        }
    }
}
