//! Blocks that override one block: the one of the same type with the same labels.

use streamform_lang::syntax::Attribute;
use streamform_lang::syntax::Block;
use streamform_lang::syntax::Body;
use streamform_lang::syntax::Expr;
use streamform_lang::syntax::ExprKind;

use super::Merger;
use super::arguments;
use super::blocks;

impl Merger<'_> {
    pub(super) fn named(&mut self, mut block: Block) {
        let found = self.primary.iter().enumerate().find_map(|(file, body)| {
            let at = body.blocks.iter().position(|base| same_object(base, &block))?;
            Some((file, at))
        });
        let Some((file, at)) = found else {
            return self.without_base(block);
        };
        self.without_rules(&mut block);
        if block.kind.name.as_str() == "variable" {
            let name = block.labels[0].name.clone();
            self.variables.entry(name).or_default().push(block);
            return;
        }
        self.fixed_dependencies(&mut block.body);
        let base = &self.primary[file].blocks[at].body;
        // `count` and `for_each` exclude each other, and where both come together through an override, `count` counts.
        let mut drops_for_each = false;
        if let (Some(_), None) = (argument(&block.body, "count"), argument(&block.body, "for_each")) {
            drops_for_each = true;
        } else if let (Some(_), None, Some(for_each)) = (
            argument(base, "count"),
            argument(&block.body, "count"),
            argument(&block.body, "for_each"),
        ) {
            let at = for_each.name.span;
            remove(&mut block.body, "for_each");
            self.without_effect(
                at,
                "The block that is overridden has \"count\", which an override file cannot take away, and which wins over \"for_each\".",
            );
        }
        let base = &mut self.primary[file].blocks[at].body;
        if drops_for_each {
            remove(base, "for_each");
        }
        // What a JSON property means is not known before the schema is; until then the whole override stays beside its base.
        let layer = (base.unread.is_some() || block.body.unread.is_some()).then(|| block.body.clone());
        let Body {
            attributes,
            blocks: mut inner,
            ..
        } = block.body;
        arguments(base, attributes);
        let old = position(base, "lifecycle");
        let new = inner.iter().position(|b| b.kind.name.as_str() == "lifecycle");
        if let (Some(old), Some(new)) = (old, new) {
            let new = inner.remove(new);
            lifecycle(&mut base.blocks[old].body, new.body);
        }
        blocks(base, inner);
        if let Some(layer) = layer {
            base.unread.get_or_insert_default().overrides.push(layer);
        }
    }

    /// Rules hold what is overridden together: they cannot be replaced. That is told where the block is judged by itself.
    fn without_rules(&mut self, block: &mut Block) {
        let kinds: &[&str] = match block.kind.name.as_str() {
            "variable" => &["validation"],
            "output" => &["precondition"],
            "resource" | "data" | "ephemeral" => {
                for inner in &mut block.body.blocks {
                    if inner.kind.name.as_str() == "lifecycle" {
                        drop_blocks(&mut inner.body, &["precondition", "postcondition"]);
                        self.fixed_triggers(&mut inner.body);
                    }
                }
                return;
            }
            _ => return,
        };
        drop_blocks(&mut block.body, kinds);
    }

    fn fixed_triggers(&mut self, lifecycle: &mut Body) {
        if let Some(triggers) = remove(lifecycle, "replace_triggered_by") {
            self.without_effect(
                triggers.name.span,
                "An override file cannot change \"replace_triggered_by\". Write it in the block that is overridden.",
            );
        }
    }

    /// What a block depends on cannot be changed; an empty list changes nothing.
    fn fixed_dependencies(&mut self, body: &mut Body) {
        let Some(dependencies) = argument(body, "depends_on") else {
            return;
        };
        // Something else than a list of references is merged, so that it is judged like any other.
        if let ExprKind::Tuple(items) = &dependencies.expr.kind
            && items.iter().all(is_reference)
        {
            let first = items.first().map(|i| i.span);
            remove(body, "depends_on");
            if let Some(at) = first {
                self.refused(
                    at,
                    "Unsupported override",
                    "The depends_on argument may not be overridden.",
                );
            }
        }
    }

    fn without_base(&mut self, block: Block) {
        let kind = block.kind.name.as_str();
        let labels: Vec<&str> = block.labels.iter().map(|l| l.name.as_str()).collect();
        let (summary, detail) = match (kind, labels.as_slice()) {
            ("resource", [ty, name]) => (
                "Missing resource to override",
                format!(
                    "There is no {ty} resource named {name:?}. An override file can only override a resource block defined in a primary configuration file."
                ),
            ),
            ("data", [ty, name]) => (
                "Missing data resource to override",
                format!(
                    "There is no {ty} data resource named {name:?}. An override file can only override a data block defined in a primary configuration file."
                ),
            ),
            ("ephemeral", [ty, name]) => (
                "Missing ephemeral resource to override",
                format!(
                    "There is no {ty} ephemeral resource named {name:?}. An override file can only override an ephemeral block defined in a primary configuration file."
                ),
            ),
            ("variable", [name]) => (
                "Missing base variable declaration to override",
                format!(
                    "There is no variable named {name:?}. An override file can only override a variable that was already declared in a primary configuration file."
                ),
            ),
            ("output", [name]) => (
                "Missing base output definition to override",
                format!(
                    "There is no output named {name:?}. An override file can only override an output that was already defined in a primary configuration file."
                ),
            ),
            ("module", [name]) => (
                "Missing module call to override",
                format!(
                    "There is no module call named {name:?}. An override file can only override a module call that was defined in a primary configuration file."
                ),
            ),
            ("provider", [name]) if alias(&block).is_some() => (
                "Missing base provider configuration for override",
                format!(
                    "There is no {name} provider configuration with the alias {:?}. An override file can only override an aliased provider configuration that was already defined in a primary configuration file.",
                    alias(&block).unwrap_or_default()
                ),
            ),
            // A provider without a block has an empty configuration, and that can be overridden. An unknown or malformed block
            // is judged like any other.
            _ => {
                self.first().blocks.push(block);
                return;
            }
        };
        self.refused(block.header, summary, detail);
    }
}

fn drop_blocks(body: &mut Body, kinds: &[&str]) {
    body.blocks.retain(|b| !kinds.contains(&b.kind.name.as_str()));
}

/// A lifecycle block changes only what it says.
fn lifecycle(base: &mut Body, mut new: Body) {
    let is_list = |e: &Expr| matches!(&e.kind, ExprKind::Tuple(_));
    let keeps = match (argument(base, "ignore_changes"), argument(&new, "ignore_changes")) {
        // An empty list changes nothing, and nothing is added to `all`.
        (Some(old), Some(new)) => {
            matches!(&new.expr.kind, ExprKind::Tuple(items) if items.is_empty())
                || (is_list(&new.expr) && !is_list(&old.expr))
        }
        _ => false,
    };
    if keeps {
        remove(&mut new, "ignore_changes");
    }
    arguments(base, new.attributes);
    blocks(base, new.blocks);
}

fn is_reference(item: &Expr) -> bool {
    match &item.kind {
        ExprKind::Traversal(_) => true,
        ExprKind::Literal(v) => v.as_str().is_some(),
        _ => false,
    }
}

fn argument<'a>(body: &'a Body, name: &str) -> Option<&'a Attribute> {
    body.attributes.iter().find(|a| a.name.name.as_str() == name)
}

fn remove(body: &mut Body, name: &str) -> Option<Attribute> {
    let at = body
        .attributes
        .iter()
        .position(|a| a.name.name.as_str() == name)?;
    Some(body.attributes.remove(at))
}

fn position(body: &Body, kind: &str) -> Option<usize> {
    body.blocks.iter().position(|b| b.kind.name.as_str() == kind)
}

fn alias(block: &Block) -> Option<&str> {
    argument(&block.body, "alias")?.expr.as_literal_string()
}

fn same_object(base: &Block, block: &Block) -> bool {
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
