//! Override files: their blocks change blocks of the other files instead of adding to them.
//!
//! The merge works on the tree, before anything is decoded: an argument of the override replaces the argument of the
//! same name, a nested block replaces all nested blocks of its type.

use std::collections::HashSet;

use streamform_lang::diag::Diagnostics;
use streamform_lang::syntax::Attribute;
use streamform_lang::syntax::Block;
use streamform_lang::syntax::Body;

/// Merges one override file into the primary files of its folder.
pub(super) fn merge(primary: &mut [Body], file: Body) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let mut rest = Vec::new();
    for block in file.blocks {
        match block.kind.name.as_str() {
            "locals" => {
                for attribute in block.body.attributes {
                    local(primary, attribute, &mut diagnostics);
                }
            }
            "terraform" => terraform(primary, block),
            "check" => diagnostics.error_at(
                block.header,
                "Can't override check blocks",
                "Override files cannot override check blocks.",
            ),
            "moved" | "import" | "removed" => {
                let kind = block.kind.name.as_str();
                diagnostics.error_at(
                    block.header,
                    format!("Cannot override '{kind}' blocks"),
                    format!(
                        "Blocks of type {kind:?} can only appear in normal files, not in override files. Move the block to another file."
                    ),
                );
            }
            _ => rest.push(block),
        }
    }
    for block in rest {
        named(primary, block, &mut diagnostics);
    }
    // What belongs to no block is judged with the first file, as any other unexpected argument.
    if let Some(first) = primary.first_mut() {
        first.attributes.extend(file.attributes);
    }
    diagnostics
}

fn local(primary: &mut [Body], attribute: Attribute, diagnostics: &mut Diagnostics) {
    let found = primary
        .iter_mut()
        .flat_map(|b| &mut b.blocks)
        .filter(|b| b.kind.name.as_str() == "locals")
        .flat_map(|b| &mut b.body.attributes)
        .find(|a| a.name.name == attribute.name.name);
    match found {
        Some(base) => *base = attribute,
        None => diagnostics.error_at(
            attribute.span,
            "Missing base local value definition to override",
            format!(
                "There is no local value named {:?}. An override file can only override a local value that was already defined in a primary configuration file.",
                attribute.name.name.as_str()
            ),
        ),
    }
}

/// Settings need no base: what an override says replaces or adds.
fn terraform(primary: &mut [Body], block: Block) {
    let existing = primary
        .iter_mut()
        .flat_map(|b| &mut b.blocks)
        .filter(|b| b.kind.name.as_str() == "terraform");
    let mut added = block.body;
    let mut last = None;
    for base in existing {
        base.body
            .attributes
            .retain(|a| !added.attributes.iter().any(|n| n.name.name == a.name.name));
        if added
            .blocks
            .iter()
            .any(|b| matches!(b.kind.name.as_str(), "backend" | "cloud"))
        {
            base.body
                .blocks
                .retain(|b| !matches!(b.kind.name.as_str(), "backend" | "cloud"));
        }
        for inner in &mut base.body.blocks {
            if inner.kind.name.as_str() == "required_providers" {
                for required in added
                    .blocks
                    .iter_mut()
                    .filter(|b| b.kind.name.as_str() == "required_providers")
                {
                    arguments(&mut inner.body, std::mem::take(&mut required.body.attributes));
                }
            }
        }
        last = Some(base);
    }
    added
        .blocks
        .retain(|b| b.kind.name.as_str() != "required_providers" || !b.body.attributes.is_empty());
    match last {
        Some(base) => {
            base.body.attributes.append(&mut added.attributes);
            base.body.blocks.append(&mut added.blocks);
        }
        None => {
            if let Some(first) = primary.first_mut() {
                first.blocks.push(Block { body: added, ..block });
            }
        }
    }
}

fn named(primary: &mut [Body], block: Block, diagnostics: &mut Diagnostics) {
    let kind = block.kind.name.as_str();
    let found = primary
        .iter_mut()
        .flat_map(|b| &mut b.blocks)
        .find(|base| same_object(base, &block));
    let Some(base) = found else {
        let labels: Vec<&str> = block.labels.iter().map(|l| l.name.as_str()).collect();
        let (summary, what, article) = match (kind, labels.as_slice()) {
            ("resource", [ty, name]) => (
                "resource",
                format!("{ty} resource named {name:?}"),
                "a resource block defined",
            ),
            ("data", [ty, name]) => (
                "data resource",
                format!("{ty} data resource named {name:?}"),
                "a data block defined",
            ),
            ("ephemeral", [ty, name]) => (
                "ephemeral resource",
                format!("{ty} ephemeral resource named {name:?}"),
                "an ephemeral block defined",
            ),
            ("variable", [name]) => (
                "variable declaration",
                format!("variable named {name:?}"),
                "a variable that was already declared",
            ),
            ("output", [name]) => (
                "output definition",
                format!("output named {name:?}"),
                "an output that was already defined",
            ),
            ("module", [name]) => (
                "module call",
                format!("module call named {name:?}"),
                "a module call that was defined",
            ),
            ("provider", [name]) => (
                "provider configuration",
                format!("provider configuration for {name:?} with this alias"),
                "a provider configuration that was already defined",
            ),
            _ => {
                // An unknown or malformed block is judged like any other.
                if let Some(first) = primary.first_mut() {
                    first.blocks.push(block);
                }
                return;
            }
        };
        diagnostics.error_at(
            block.header,
            if matches!(kind, "resource" | "data" | "ephemeral") {
                format!("Missing {summary} to override")
            } else {
                format!("Missing base {summary} to override")
            },
            format!("There is no {what}. An override file can only override {article} in a primary configuration file."),
        );
        return;
    };
    if matches!(kind, "resource" | "data" | "ephemeral" | "module" | "output")
        && block
            .body
            .attributes
            .iter()
            .any(|a| a.name.name.as_str() == "depends_on")
    {
        diagnostics.error_at(
            block.header,
            "Unsupported override",
            "The depends_on argument may not be overridden.",
        );
        return;
    }
    // `count` and `for_each` exclude each other: an override of one takes the other's place.
    for (new, old) in [("count", "for_each"), ("for_each", "count")] {
        if block.body.attributes.iter().any(|a| a.name.name.as_str() == new) {
            base.body.attributes.retain(|a| a.name.name.as_str() != old);
        }
    }
    let mut added = block.body;
    arguments(&mut base.body, std::mem::take(&mut added.attributes));
    let mut inner = added.blocks;
    // A lifecycle block changes only what it says.
    let mut at = 0;
    while at < inner.len() {
        let base_lifecycle = base
            .body
            .blocks
            .iter_mut()
            .find(|b| b.kind.name.as_str() == "lifecycle");
        if inner[at].kind.name.as_str() == "lifecycle"
            && let Some(base_lifecycle) = base_lifecycle
        {
            let mut new = inner.remove(at);
            arguments(&mut base_lifecycle.body, std::mem::take(&mut new.body.attributes));
            blocks(&mut base_lifecycle.body, new.body.blocks);
        } else {
            at += 1;
        }
    }
    blocks(&mut base.body, inner);
}

fn same_object(base: &Block, block: &Block) -> bool {
    let alias = |b: &Block| {
        b.body
            .attributes
            .iter()
            .find(|a| a.name.name.as_str() == "alias")
            .and_then(|a| match &a.expr.kind {
                streamform_lang::syntax::ExprKind::Literal(v) => v.as_str().map(str::to_owned),
                _ => None,
            })
    };
    base.kind.name == block.kind.name
        && !block.labels.is_empty()
        && base.labels.len() == block.labels.len()
        && base
            .labels
            .iter()
            .zip(&block.labels)
            .all(|(a, b)| a.name == b.name)
        && (block.kind.name.as_str() != "provider" || alias(base) == alias(block))
}

/// Replaces arguments of the same name and adds the others.
fn arguments(base: &mut Body, new: Vec<Attribute>) {
    for attribute in new {
        match base
            .attributes
            .iter_mut()
            .find(|a| a.name.name == attribute.name.name)
        {
            Some(old) => *old = attribute,
            None => base.attributes.push(attribute),
        }
    }
}

/// Replaces all blocks of the types that are given.
fn blocks(base: &mut Body, new: Vec<Block>) {
    let kind = |b: &Block| match (b.kind.name.as_str(), b.labels.first()) {
        // A dynamic block stands for blocks of its label's type.
        ("dynamic", Some(label)) => label.name.clone(),
        _ => b.kind.name.clone(),
    };
    let kinds: HashSet<_> = new.iter().map(kind).collect();
    base.blocks.retain(|b| !kinds.contains(&kind(b)));
    base.blocks.extend(new);
}
