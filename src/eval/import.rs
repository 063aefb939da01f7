//! `import` blocks: which instances they mean, and what the provider calls their objects.

use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::ModuleInstance;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Span;
use streamform_lang::eval::Scope;
use streamform_lang::eval::evaluate;
use streamform_lang::eval::evaluate_as;
use streamform_lang::syntax::Expr;
use streamform_lang::value::Kind;
use streamform_lang::value::Marks;
use streamform_lang::value::Type;
use streamform_lang::value::Value;

use super::Repetition;
use super::World;
use crate::config::ImportBlock;
use crate::config::ImportKey;
use crate::config::wrong_key;

/// An object that exists already and is to become the object of an instance.
#[derive(Clone, Debug)]
pub struct ImportTarget {
    /// The instance.
    pub address: AbsInstance,
    /// What the provider calls the object: a known string that is not empty. Marked if it is secret.
    pub id: Value,
    /// The block that says so.
    pub block: Arc<ImportBlock>,
}

/// Works out what an `import` block asks for. While a configuration is only validated, what is not known is left out.
pub fn import_targets(block: &Arc<ImportBlock>, world: &World<'_>) -> (Vec<ImportTarget>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let mut targets = Vec::new();
    let Some(root) = world.instances_of(world.config().root).first().copied() else {
        return (targets, diagnostics);
    };
    if block.address.is_none() && block.for_each.is_none() {
        // The static checks have told that keys must be literals here.
        return (targets, diagnostics);
    }
    let validating = world.settings().validating;
    let repetitions = match &block.for_each {
        None => vec![Repetition::default()],
        Some(expr) => {
            let (found, problems) = repetitions(expr, &world.scope(root), validating);
            diagnostics.extend(problems);
            found
        }
    };
    for repetition in repetitions {
        let scope = world.instance_scope(root, repetition);
        let address = match &block.address {
            Some(address) => Ok(Some(address.clone())),
            None => address_of(block, &scope, validating),
        };
        let address = match address {
            Ok(Some(address)) => address,
            Ok(None) => continue,
            Err(found) => {
                diagnostics.extend(found);
                continue;
            }
        };
        if let Some(found) = wrong_key(block, &address.key, world.config().resource(&block.resource)) {
            diagnostics.push(found);
            continue;
        }
        match id_of(&block.id, &scope, validating) {
            Ok(Some(id)) => targets.push(ImportTarget {
                address,
                id,
                block: Arc::clone(block),
            }),
            Ok(None) => {}
            Err(found) => diagnostics.extend(found),
        }
    }
    (targets, diagnostics.tidy())
}

/// What `each` is, again and again. Unlike in a resource block any collection will do, also with secrets in it: the
/// keys are those of instances that the configuration has anyway.
fn repetitions(expr: &Expr, scope: &dyn Scope, validating: bool) -> (Vec<Repetition>, Diagnostics) {
    let (value, mut diagnostics) = evaluate(expr, scope);
    if diagnostics.has_errors() {
        return (Vec::new(), diagnostics);
    }
    let mut refuse = |detail: &str| {
        diagnostics.error_at(expr.span, "Invalid for_each argument", detail);
        Vec::new()
    };
    let marks = value.marks();
    let (value, _) = value.unmark();
    let unknown_items = matches!(value.kind(), Kind::Set(set) if set.items.iter().any(|v| !v.is_known()));
    let found = if !value.is_known() || unknown_items {
        if validating {
            Vec::new()
        } else {
            refuse(
                "The \"for_each\" expression includes values derived from other resource attributes that cannot be determined until apply, and so Streamform cannot determine the full set of values that might be used to import this resource.",
            )
        }
    } else if marks.contains(Marks::EPHEMERAL) {
        refuse(
            "The given \"for_each\" value is derived from an ephemeral value, which means that Streamform cannot persist it between plan/apply rounds. Use only non-ephemeral values to specify a resource's instance keys.",
        )
    } else {
        let each = |key: Value, value: &Value| Repetition {
            count: None,
            each: Some((key, value.clone().with_marks(marks))),
        };
        match value.kind() {
            Kind::Null(_) => Vec::new(),
            Kind::Map(_) | Kind::Object(_) => value
                .entries()
                .unwrap_or_default()
                .iter()
                .map(|(k, v)| each(Value::string(k.clone()), v))
                .collect(),
            Kind::Set(set) => set.items.iter().map(|v| each(v.clone(), v)).collect(),
            Kind::List(_) | Kind::Tuple(_) => value
                .items()
                .unwrap_or_default()
                .iter()
                .enumerate()
                .map(|(i, v)| each(Value::number(i), v))
                .collect(),
            _ => refuse("The \"for_each\" expression must be a collection."),
        }
    };
    (found, diagnostics)
}

/// The instance that `to` names; none where a key is not known yet while validating.
fn address_of(
    block: &ImportBlock,
    scope: &dyn Scope,
    validating: bool,
) -> Result<Option<AbsInstance>, Diagnostics> {
    let mut keys = Vec::with_capacity(block.keys.len());
    for key in &block.keys {
        match key {
            ImportKey::Literal(key) => keys.push(key.clone()),
            ImportKey::Expr(expr) => {
                let (value, found) = evaluate(expr, scope);
                if found.has_errors() {
                    return Err(found.into_iter().map(as_attribute).collect());
                }
                match key_of(&value, expr.span, validating)? {
                    Some(key) => keys.push(key),
                    None => return Ok(None),
                }
            }
        }
    }
    let mut keys = keys.into_iter();
    let module = block
        .resource
        .module
        .0
        .iter()
        .map(|name| (name.clone(), keys.next().unwrap_or_default()))
        .collect();
    Ok(Some(AbsInstance {
        module: ModuleInstance(module),
        resource: block.resource.resource.clone(),
        key: keys.next().unwrap_or_default(),
    }))
}

/// In an address "each" is an object like any other.
fn as_attribute(found: Diagnostic) -> Diagnostic {
    if found.summary == "Invalid \"each\" attribute" {
        return Diagnostic {
            summary: "Unsupported attribute".to_owned(),
            ..found
        };
    }
    found
}

fn key_of(value: &Value, at: Span, validating: bool) -> Result<Option<InstanceKey>, Diagnostics> {
    let (value, _) = value.clone().unmark();
    if !value.is_known() {
        return if validating {
            Ok(None)
        } else {
            Err(Diagnostic::error(
                "Invalid import 'to' expression",
                "The instance key is not known before apply, so Streamform cannot tell what to import. Use keys that are written in the configuration.",
            )
            .at(at)
            .into())
        };
    }
    let key = match value.kind() {
        Kind::String(s) => Some(InstanceKey::Str(s.clone())),
        Kind::Number(n) => n.to_string().parse().ok().map(InstanceKey::Int),
        _ => None,
    };
    match key {
        Some(key) => Ok(Some(key)),
        None => Err(Diagnostic::error(
            "Invalid address",
            "Invalid resource instance key: either a string or an integer is required.",
        )
        .at(at)
        .into()),
    }
}

/// The id; none where it is not known yet while validating.
fn id_of(expr: &Expr, scope: &dyn Scope, validating: bool) -> Result<Option<Value>, Diagnostics> {
    let refuse = |detail: &str| -> Result<Option<Value>, Diagnostics> {
        Err(Diagnostic::error("Invalid import id argument", detail)
            .at(expr.span)
            .into())
    };
    let (value, mut found) = evaluate_as(expr, scope, &Type::String);
    if found.has_errors() {
        // As in Terraform, what could not be worked out is not known either.
        if !validating
            && let Err(unknown) = refuse("There is no import ID, because it could not be worked out.")
        {
            found.extend(unknown);
        }
        return Err(found);
    }
    if value.is_null() {
        return refuse("The import ID cannot be null.");
    }
    if !value.is_known() {
        return if validating {
            Ok(None)
        } else {
            refuse(
                "The import block \"id\" argument depends on resource attributes that cannot be determined until apply, so Streamform cannot plan to import this resource.",
            )
        };
    }
    if value.as_str().is_some_and(str::is_empty) {
        return refuse("The import ID value evaluates to an empty string, please provide a non-empty value.");
    }
    // What is only for this run would be kept as the id of the object anyway.
    let secret = value.marks().contains(Marks::SENSITIVE);
    let (value, _) = value.unmark();
    Ok(Some(if secret {
        value.with_marks(Marks::SENSITIVE)
    } else {
        value
    }))
}
