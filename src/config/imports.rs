//! What can be said about `import` blocks without values: that they stand in the right place, and that there is
//! something that they can mean.

use std::collections::HashMap;
use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::syntax::Expr;
use streamform_lang::syntax::ExprKind;

use super::Configuration;
use super::ImportBlock;
use super::ImportKey;
use super::ResourceBlock;
use super::decode::STATIC_REFERENCE;
use super::walk;

/// Checks what belongs to reading the files: every command finds it.
pub(super) fn check_declarations(configuration: &Configuration) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let mut first: HashMap<&AbsInstance, &Arc<ImportBlock>> = HashMap::new();
    for module in &configuration.modules {
        for import in &module.imports {
            if module.parent.is_some() {
                diagnostics.error_at(
                    import.header,
                    "Invalid import configuration",
                    format!(
                        "An import block was detected in \"{}\". Import blocks are only allowed in the root module.",
                        module.path
                    ),
                );
                continue;
            }
            if let Some((_, at)) = &import.provider
                && configuration.resource(&import.resource).is_some()
            {
                diagnostics.error_at(
                    *at,
                    "Invalid import provider argument",
                    "The provider argument can only be specified in import blocks that will generate configuration.\n\nUse the provider argument in the target resource block to configure the provider for a resource with explicit provider configuration.",
                );
            }
            let Some(address) = &import.address else {
                continue;
            };
            match first.get(address) {
                None => {
                    first.insert(address, import);
                }
                Some(other) => diagnostics.error_at(
                    import.to.span,
                    format!("Duplicate import configuration for \"{}\"", import.resource),
                    format!(
                        "An import block for \"{address}\" was already declared at {}. A resource can have only one import block.",
                        configuration.place(other.header)
                    ),
                ),
            }
        }
    }
    diagnostics
}

/// Checks what every `import` block names against what the configuration has.
///
/// A resource without a block is no error here, if one could be written for it.
pub fn check_imports(configuration: &Configuration) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for import in &configuration.root().imports {
        if import.address.is_none() && import.for_each.is_none() {
            diagnostics.push(
                Diagnostic::error("Invalid expression", STATIC_REFERENCE)
                    .at(import.to.span)
                    .help("Give the import block \"for_each\": then instance keys may be expressions of each.key and each.value."),
            );
            diagnostics.push(Diagnostic::error(
                "Invalid address",
                "A resource instance address is required here. The module path must be followed by a resource instance specification.",
            ));
        } else if let Some(found) = problem(configuration, import) {
            diagnostics.push(found);
        }
        if refers_to_target(import) {
            diagnostics.error_at(
                import.id.span,
                "Invalid import id argument",
                "The import ID cannot reference the resource being imported.",
            );
        }
    }
    diagnostics
}

fn problem(configuration: &Configuration, import: &ImportBlock) -> Option<Diagnostic> {
    let unfit = import.keys.iter().find_map(|key| match key {
        ImportKey::Literal(_) => None,
        ImportKey::Expr(expr) => unfit_key(expr),
    });
    if unfit.is_some() {
        return unfit;
    }
    if let Some(block) = configuration.resource(&import.resource) {
        let address = import.address.as_ref()?;
        return wrong_key(import, &address.key, Some(block));
    }
    let absent = |detail: String| {
        Some(Diagnostic::error("Configuration for import target does not exist", detail).at(import.to.span))
    };
    let resource = &import.resource;
    if configuration.find(&resource.module).is_none() {
        let named = import
            .address
            .as_ref()
            .map_or_else(|| resource.to_string(), ToString::to_string);
        return absent(format!(
            "The configuration for the given import target {named} does not exist. All target instances must have an associated configuration to be imported."
        ));
    }
    if !resource.module.is_root() {
        return absent(format!(
            "Resource {resource} not found. Only resources within the root module are eligible for config generation."
        ));
    }
    // Which key an expression gives is told when it is evaluated.
    let keyed = import
        .address
        .as_ref()
        .is_some_and(|a| a.key != InstanceKey::None);
    if keyed || (import.for_each.is_some() && import.address.is_some()) {
        return absent(
            "The given import block is not compatible with config generation. The -generate-config-out option cannot be used with import blocks which use for_each, or resources which use for_each or count.".to_owned(),
        );
    }
    None
}

/// Whether `to` is one address for each repetition, with a key that fits the resource block.
pub(super) fn is_addressed(configuration: &Configuration, import: &ImportBlock) -> bool {
    match (&import.address, &import.for_each) {
        (Some(address), _) => {
            let block = configuration.resource(&import.resource);
            block.is_none() || wrong_key(import, &address.key, block).is_none()
        }
        (None, for_each) => for_each.is_some(),
    }
}

/// A key that does not fit `count` or `for_each` of the resource block that the import names.
pub fn wrong_key(
    import: &ImportBlock,
    key: &InstanceKey,
    block: Option<&Arc<ResourceBlock>>,
) -> Option<Diagnostic> {
    let count = block.is_some_and(|b| b.count.is_some());
    let for_each = block.is_some_and(|b| b.for_each.is_some());
    let detail = match key {
        InstanceKey::Int(_) if !count => "The target resource does not use count.",
        InstanceKey::Str(_) if !for_each => "The target resource does not use for_each.",
        InstanceKey::None if count => "The target resource is using count.",
        InstanceKey::None if for_each => "The target resource is using for_each.",
        _ => return None,
    };
    Some(Diagnostic::error("Invalid import 'to' expression", detail).at(import.to.span))
}

/// What instance keys cannot have: functions, and references to anything but `each`.
fn unfit_key(key: &Expr) -> Option<Diagnostic> {
    let mut found = None;
    first_call(key, &mut found);
    if found.is_some() {
        return found;
    }
    walk::traversals(key, &mut |t| {
        let root = &t.root;
        if root.name.as_str() != "each" && found.is_none() {
            found = Some(
                Diagnostic::error(
                    "Unknown variable",
                    format!(
                        "There is no variable named \"{}\". Only \"each.key\" and \"each.value\" can be used in import address index expressions.",
                        root.name
                    ),
                )
                .at(root.span),
            );
        }
    });
    found
}

fn first_call(expr: &Expr, found: &mut Option<Diagnostic>) {
    if let ExprKind::Call(call) = &expr.kind {
        found.get_or_insert_with(|| {
            Diagnostic::error("Function calls not allowed", "Functions may not be called here.")
                .at(call.name_span)
        });
    }
    walk::each_child(expr, &mut |e| first_call(e, found));
}

/// Whether the id is worked out from the very resource that it is to bring in.
fn refers_to_target(import: &ImportBlock) -> bool {
    use streamform_lang::addrs::Subject;
    let mut hit = false;
    walk::traversals(&import.id, &mut |t| {
        if let Ok(reference) = &t.reference
            && let Subject::Resource(r) | Subject::ResourceInstance(r, _) = &reference.subject
        {
            hit |= import.resource.module.is_root() && *r == import.resource.resource;
        }
    });
    hit
}
