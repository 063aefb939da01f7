//! Arguments that name things instead of giving values: `depends_on`, `provider`, addresses.

use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::LocalProviderConfig;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::ModuleInstance;
use streamform_lang::addrs::Reference;
use streamform_lang::addrs::Resource;
use streamform_lang::addrs::Subject;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Span;
use streamform_lang::syntax::Attribute;
use streamform_lang::syntax::Expr;
use streamform_lang::syntax::ExprKind;
use streamform_lang::syntax::Step;
use streamform_lang::syntax::StepKind;
use streamform_lang::syntax::Traversal;
use streamform_lang::syntax::parse_traversal;
use streamform_lang::value::Kind;
use streamform_lang::value::Name;

use super::Decoder;

/// What Terraform says where a plain reference must stand.
pub(crate) const STATIC_REFERENCE: &str = "A single static variable reference is required: only attribute access and indexing with constant keys. No calculations, function calls, template expressions, etc are allowed here.";

/// The items of a list expression.
pub(super) fn list<'a>(expr: &'a Expr, diagnostics: &mut Diagnostics) -> &'a [Expr] {
    match &expr.kind {
        ExprKind::Tuple(items) => items,
        _ => {
            let one = match &expr.kind {
                ExprKind::Literal(v) => v.as_str().map(str::to_owned),
                ExprKind::Traversal(_) => Some("...".to_owned()),
                _ => None,
            };
            let hint = one.map_or_else(String::new, |one| format!(" Put brackets around it: [{one}]."));
            diagnostics.error_at(
                expr.span,
                "Invalid expression",
                format!("A static list expression is required.{hint}"),
            );
            &[]
        }
    }
}

/// A plain traversal. In quotes it is accepted, with a warning, as configurations for old versions have it.
pub(super) fn traversal(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<Traversal> {
    match &expr.kind {
        ExprKind::Traversal(t) => Some((**t).clone()),
        ExprKind::Literal(v) if v.as_str().is_some() => {
            diagnostics.push(
                Diagnostic::warning(
                    "Quoted references are deprecated",
                    "In this context, references are expected literally rather than in quotes. Terraform 0.11 and earlier required quotes, but quoted references are now deprecated and will be removed in a future version of Terraform. Remove the quotes surrounding this reference to silence this warning.",
                )
                .at(expr.span),
            );
            match parse_traversal(
                expr.span.file,
                v.as_str().unwrap_or_default(),
                expr.span.start + 1,
            ) {
                Ok(t) => Some(t),
                Err(problems) => {
                    diagnostics.extend(problems);
                    None
                }
            }
        }
        _ => {
            diagnostics.error_at(expr.span, "Invalid expression", STATIC_REFERENCE);
            None
        }
    }
}

/// A traversal without quotes, as newer arguments want it.
fn bare_traversal<'a>(expr: &'a Expr, diagnostics: &mut Diagnostics) -> Option<&'a Traversal> {
    match &expr.kind {
        ExprKind::Traversal(t) => Some(t),
        _ => {
            diagnostics.error_at(expr.span, "Invalid expression", STATIC_REFERENCE);
            None
        }
    }
}

/// A provider configuration: a name, and maybe an alias behind a dot.
pub(super) fn provider_config(
    expr: &Expr,
    argument: &str,
    diagnostics: &mut Diagnostics,
) -> Option<LocalProviderConfig> {
    let found = match &expr.kind {
        ExprKind::Traversal(t) => match t.steps.as_slice() {
            [] => Some((t.root.name.clone(), None)),
            [
                Step {
                    kind: StepKind::Attr(alias),
                    ..
                },
            ] => Some((t.root.name.clone(), Some(alias.clone()))),
            _ => None,
        },
        // A bare name as a key of an object is lowered to a string; it has no quotes around it.
        ExprKind::Literal(v)
            if v.as_str()
                .is_some_and(|s| s.len() as u32 == expr.span.end - expr.span.start) =>
        {
            v.as_str().map(|s| (s.into(), None))
        }
        ExprKind::Literal(v) if v.as_str().is_some() => {
            let t = traversal(expr, diagnostics)?;
            match t.steps.as_slice() {
                [] => Some((t.root.name, None)),
                [
                    Step {
                        kind: StepKind::Attr(alias),
                        ..
                    },
                ] => Some((t.root.name.clone(), Some(alias.clone()))),
                _ => None,
            }
        }
        _ => None,
    };
    if found.is_none() {
        diagnostics.error_at(
            expr.span,
            "Invalid provider configuration reference",
            format!(
                "The {argument} argument requires a provider type name, optionally followed by a period and then a configuration alias."
            ),
        );
    }
    found.map(|(name, alias)| LocalProviderConfig { name, alias })
}

/// A literal index as an instance key.
fn key(step: &Step) -> Option<InstanceKey> {
    let StepKind::Index(value) = &step.kind else {
        return None;
    };
    match value.kind() {
        Kind::String(s) => Some(InstanceKey::Str(s.clone())),
        Kind::Number(n) => n.to_string().parse().ok().map(InstanceKey::Int),
        _ => None,
    }
}

fn attr(step: Option<&Step>) -> Option<&Name> {
    match step.map(|s| &s.kind) {
        Some(StepKind::Attr(name)) => Some(name),
        _ => None,
    }
}

impl Decoder<'_> {
    /// The items of a `depends_on` argument.
    pub(super) fn depends_on(&mut self, attribute: &Attribute) -> Vec<Reference> {
        let mut out = Vec::new();
        for item in list(&attribute.expr, &mut self.diagnostics) {
            let Some(t) = traversal(item, &mut self.diagnostics) else {
                continue;
            };
            match t.reference {
                Ok(reference) => {
                    if let Some(rest) = t.steps.get(reference.consumed..).filter(|r| !r.is_empty()) {
                        let at = rest.iter().fold(rest[0].span, |s, n| s.cover(n.span));
                        self.module.told_later.error_at(
                            at,
                            "Invalid depends_on reference",
                            "References in depends_on must be to a whole object (resource, etc), not to an attribute of an object.",
                        );
                    }
                    out.push(reference);
                }
                Err(problem) => self.module.told_later.push(*problem),
            }
        }
        out
    }

    /// An address relative to this module: `from` and `to` of `moved`, `from` of `removed`.
    pub(super) fn address(&mut self, expr: &Expr) -> Option<Target> {
        let t = bare_traversal(expr, &mut self.diagnostics)?;
        if let Some(word) = reserved(t) {
            self.error(
                expr.span,
                "Invalid address",
                format!(
                    "The keyword {word:?} is reserved and cannot be used to target a resource address. If you are targeting a resource type that uses a reserved keyword, please prefix your address with \"resource.\"."
                ),
            );
            return None;
        }
        let found = target(t);
        if found.is_none() {
            self.error(
                expr.span,
                "Invalid address",
                "An address of a resource, of one of its instances, or of a module call is required here, such as TYPE.NAME, TYPE.NAME[0] or module.NAME.",
            );
        }
        found
    }
}

/// The address that a traversal spells.
fn target(t: &Traversal) -> Option<Target> {
    let mut steps = t.steps.as_slice();
    let mut first = t.root.name.clone();
    let mut module = ModuleInstance::root();
    while first.as_str() == "module" {
        let name = attr(steps.first())?.clone();
        steps = &steps[1..];
        let step_key = steps.first().and_then(key);
        if step_key.is_some() {
            steps = &steps[1..];
        }
        module = module.child(name, step_key.unwrap_or_default());
        match steps.split_first() {
            None => return Some(Target::Module(module)),
            Some((next, rest)) => {
                first = attr(Some(next))?.clone();
                steps = rest;
            }
        }
    }
    let mode = match first.as_str() {
        "data" => Mode::Data,
        "ephemeral" => Mode::Ephemeral,
        "resource" => Mode::Managed,
        _ => {
            return finish(module, Mode::Managed, first, steps);
        }
    };
    let ty = attr(steps.first())?.clone();
    finish(module, mode, ty, &steps[1..])
}

fn finish(module: ModuleInstance, mode: Mode, ty: Name, steps: &[Step]) -> Option<Target> {
    let resource = streamform_lang::addrs::AbsResource {
        module,
        resource: Resource {
            mode,
            ty,
            name: attr(steps.first())?.clone(),
        },
    };
    match &steps[1..] {
        [] => Some(Target::Resource(resource)),
        [step] => Some(Target::Instance(resource.instance(key(step)?))),
        _ => None,
    }
}

/// The first name of an address, if no resource type can have it.
fn reserved(t: &Traversal) -> Option<&str> {
    const WORDS: [&str; 10] = [
        "count",
        "each",
        "local",
        "path",
        "self",
        "terraform",
        "var",
        "template",
        "lazy",
        "arg",
    ];
    let mut steps = t.steps.as_slice();
    let mut first = t.root.name.as_str();
    while first == "module" {
        let [_, rest @ ..] = steps else { return None };
        let rest = match rest {
            [step, rest @ ..] if key(step).is_some() => rest,
            rest => rest,
        };
        first = attr(rest.first())?;
        steps = &rest[1..];
    }
    WORDS.contains(&first).then_some(first)
}

/// Where an attribute is written behind a resource of the root module.
pub(super) fn attribute_behind(expr: &Expr) -> Option<Span> {
    let ExprKind::Traversal(t) = &expr.kind else {
        return None;
    };
    let reference = t.reference.as_ref().ok()?;
    let behind = t.steps.get(reference.consumed)?;
    let of_resource = matches!(reference.subject, Subject::Resource(_));
    (of_resource && matches!(behind.kind, StepKind::Attr(_))).then_some(behind.span)
}

/// Where the first instance key of an address is written.
pub(super) fn first_key(expr: &Expr) -> Option<Span> {
    let ExprKind::Traversal(t) = &expr.kind else {
        return None;
    };
    t.steps
        .iter()
        .find(|s| matches!(s.kind, StepKind::Index(_)))
        .map(|s| s.span)
}
