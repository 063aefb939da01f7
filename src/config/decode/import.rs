//! `import` blocks.

use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::ModuleInstance;
use streamform_lang::addrs::ModulePath;
use streamform_lang::addrs::Resource;
use streamform_lang::diag::Span;
use streamform_lang::syntax::Block;
use streamform_lang::syntax::Expr;
use streamform_lang::syntax::ExprKind;
use streamform_lang::syntax::Step;
use streamform_lang::syntax::StepKind;
use streamform_lang::syntax::Traversal;
use streamform_lang::value::Kind;
use streamform_lang::value::Name;

use super::Decoder;
use super::content::Content;
use super::content::labels;
use super::reference::STATIC_REFERENCE;
use super::reference::provider_config;
use crate::config::ImportBlock;
use crate::config::ImportKey;

/// Why a text is no address: where, and in which words.
type Problem = (Span, &'static str, String);

impl Decoder<'_> {
    pub(super) fn import(&mut self, block: Block) {
        if labels(&block, [], &mut self.diagnostics).is_none() {
            return;
        }
        let mut content = Content::new(block.body);
        let d = &mut self.diagnostics;
        let to = content.required("to", d);
        let id = content.required("id", d);
        let for_each = content.argument("for_each");
        let provider = content
            .argument("provider")
            .and_then(|a| Some((provider_config(&a.expr, "provider", d)?, a.span)));
        content.finish(d);
        let (Some(to), Some(id)) = (to, id) else {
            return;
        };
        // A string that could not be read is told already.
        if matches!(&to.expr.kind, ExprKind::Literal(value) if !value.is_known()) {
            return;
        }
        let not_managed = "Only managed resources can be imported.";
        let (resource, keys) = match self::address(&to.expr) {
            Ok(found) => found,
            Err((at, summary, detail)) => {
                self.error(at, summary, detail);
                self.error(to.span, "Invalid import address", not_managed);
                return;
            }
        };
        if resource.resource.mode != Mode::Managed {
            self.error(to.span, "Invalid import address", not_managed);
            return;
        }
        self.module.imports.push(Arc::new(ImportBlock {
            to: to.expr,
            address: literal(&resource, &keys),
            resource,
            keys,
            id: id.expr,
            for_each: for_each.map(|a| a.expr),
            provider,
            // Settled once the whole tree is known.
            resolved_provider: None,
            header: block.header,
            span: block.span,
        }));
    }
}

/// What stands in an address, from left to right.
enum Part {
    Name(Name, Span),
    Key(ImportKey),
}

/// The instance with these keys, if all are literals.
fn literal(resource: &ConfigResource, keys: &[ImportKey]) -> Option<AbsInstance> {
    let mut keys = keys.iter().map(|key| match key {
        ImportKey::Literal(key) => Some(key.clone()),
        ImportKey::Expr(_) => None,
    });
    let mut module = ModuleInstance::root();
    for name in resource.module.0.iter() {
        module = module.child(name.clone(), keys.next()??);
    }
    Some(AbsInstance {
        module,
        resource: resource.resource.clone(),
        key: keys.next()??,
    })
}

/// The block that `to` names, and the keys of the instance.
fn address(expr: &Expr) -> Result<(ConfigResource, Vec<ImportKey>), Problem> {
    let mut parts = Vec::new();
    spell(expr, &mut parts)?;
    let required = || -> Problem {
        (
            expr.span,
            "Invalid address",
            "A resource instance address is required here. The module path must be followed by a resource instance specification.".to_owned(),
        )
    };
    let incomplete = || -> Problem {
        (
            expr.span,
            "Invalid address",
            "Resource specification must include a resource type and name.".to_owned(),
        )
    };
    let mut parts = parts.into_iter().peekable();
    let mut module = ModulePath::root();
    let mut keys = Vec::new();
    let mut first = name(parts.next()).ok_or_else(incomplete)?;
    while first.as_str() == "module" {
        let called = name(parts.next()).ok_or_else(required)?;
        module = module.child(called);
        keys.push(match parts.next_if(|p| matches!(p, Part::Key(_))) {
            Some(Part::Key(key)) => key,
            _ => ImportKey::Literal(InstanceKey::None),
        });
        first = name(parts.next()).ok_or_else(required)?;
    }
    let mode = match first.as_str() {
        "data" => Some(Mode::Data),
        "ephemeral" => Some(Mode::Ephemeral),
        "resource" => Some(Mode::Managed),
        "var" | "local" | "path" | "terraform" | "count" | "each" | "self" | "template" | "lazy" | "arg" => {
            return Err((
                expr.span,
                "Invalid address",
                format!(
                    "The keyword \"{first}\" is reserved and cannot be used to target a resource address. If you are targeting a resource type that uses a reserved keyword, please prefix your address with \"resource.\"."
                ),
            ));
        }
        _ => None,
    };
    if mode.is_some() {
        first = name(parts.next()).ok_or_else(incomplete)?;
    }
    let resource = Resource {
        mode: mode.unwrap_or(Mode::Managed),
        ty: first,
        name: name(parts.next()).ok_or_else(incomplete)?,
    };
    keys.push(match parts.next() {
        None => ImportKey::Literal(InstanceKey::None),
        Some(Part::Key(key)) => key,
        Some(Part::Name(_, at)) => {
            return Err((
                at,
                "Invalid address",
                "Resource instance key must be given in square brackets.".to_owned(),
            ));
        }
    });
    if parts.next().is_some() {
        return Err((
            expr.span,
            "Invalid address",
            "Unexpected extra operators after address.".to_owned(),
        ));
    }
    Ok((ConfigResource { module, resource }, keys))
}

fn name(part: Option<Part>) -> Option<Name> {
    match part {
        Some(Part::Name(name, _)) => Some(name),
        _ => None,
    }
}

/// The parts of an address. Instance keys may be any expression, everything else is a name.
fn spell(expr: &Expr, out: &mut Vec<Part>) -> Result<(), Problem> {
    match &expr.kind {
        ExprKind::Traversal(t) => {
            let Traversal { root, steps, .. } = &**t;
            out.push(Part::Name(root.name.clone(), root.span));
            each_step(steps, out)
        }
        ExprKind::Index(collection, key) => {
            spell(collection, out)?;
            out.push(match &key.kind {
                ExprKind::Literal(value) => {
                    let key = literal_key(value).ok_or_else(|| no_key(key.span))?;
                    Part::Key(ImportKey::Literal(key))
                }
                _ => Part::Key(ImportKey::Expr(Arc::new(Expr::clone(key)))),
            });
            Ok(())
        }
        ExprKind::Relative(source, steps) => {
            spell(source, out)?;
            each_step(steps, out)
        }
        _ => Err((expr.span, "Invalid expression", STATIC_REFERENCE.to_owned())),
    }
}

fn each_step(steps: &[Step], out: &mut Vec<Part>) -> Result<(), Problem> {
    for step in steps {
        out.push(match &step.kind {
            StepKind::Attr(name) => Part::Name(name.clone(), step.span),
            StepKind::Index(value) => Part::Key(ImportKey::Literal(
                literal_key(value).ok_or_else(|| no_key(step.span))?,
            )),
        });
    }
    Ok(())
}

fn no_key(at: Span) -> Problem {
    (
        at,
        "Invalid address",
        "Invalid resource instance key: either a string or an integer is required.".to_owned(),
    )
}

fn literal_key(value: &streamform_lang::value::Value) -> Option<InstanceKey> {
    match value.kind() {
        Kind::String(s) => Some(InstanceKey::Str(s.clone())),
        Kind::Number(n) => n.to_string().parse().ok().map(InstanceKey::Int),
        _ => None,
    }
}
