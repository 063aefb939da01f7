//! Override files: their blocks change blocks of the other files instead of adding to them.
//!
//! The merge works on the tree, before anything is decoded: an argument of the override replaces the argument of the
//! same name, a nested block replaces all nested blocks of its type. What a body in the JSON syntax means may not be known
//! yet; then the override is kept as a layer on top, for [`settle`](super::settle).

mod named;

use std::collections::BTreeMap;
use std::collections::HashSet;

use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_lang::diag::Span;
use streamform_lang::syntax::Attribute;
use streamform_lang::syntax::Block;
use streamform_lang::syntax::Body;
use streamform_lang::value::Name;

/// Blocks that override variables, in the order of their files. What a variable becomes depends on each step: a default must
/// fit the type that is there when it comes.
pub(super) type VariableOverrides = BTreeMap<Name, Vec<Block>>;

/// The primary files of a folder, and what its override files do to them.
pub(super) struct Merger<'a> {
    /// Top-level bodies of the primary files.
    pub(super) primary: Vec<Body>,
    pub(super) variables: VariableOverrides,
    pub(super) diagnostics: Diagnostics,
    sources: &'a Sources,
}

impl<'a> Merger<'a> {
    pub(super) fn new(primary: Vec<Body>, sources: &'a Sources) -> Self {
        Merger {
            primary,
            variables: VariableOverrides::new(),
            diagnostics: Diagnostics::new(),
            sources,
        }
    }

    /// Merges one override file.
    pub(super) fn merge(&mut self, file: Body) {
        let mut rest = Vec::new();
        for block in file.blocks {
            match block.kind.name.as_str() {
                "locals" if block.labels.is_empty() => {
                    for attribute in block.body.attributes {
                        self.local(attribute);
                    }
                }
                "terraform" if block.labels.is_empty() => self.terraform(block),
                // What they have wrong by themselves is told apart.
                "check" => {}
                "moved" | "import" | "removed" if !block.labels.is_empty() => {}
                "moved" => self.refused(
                    block.header,
                    "Cannot override 'moved' blocks",
                    "Records of moved objects can appear only in normal files, not in override files.",
                ),
                "import" => self.refused(
                    block.header,
                    "Cannot override 'import' blocks",
                    "Import blocks can appear only in normal files, not in override files.",
                ),
                "removed" => self.without_effect(
                    block.header,
                    "Removed blocks can appear only in normal files. In an override file they have no effect: move the block to another file.",
                ),
                _ => rest.push(block),
            }
        }
        for block in rest {
            self.named(block);
        }
        // What belongs to no block is judged with the first file, as any other unexpected argument.
        self.first().attributes.extend(file.attributes);
    }

    /// The file that takes what has no base; a folder may have override files only.
    fn first(&mut self) -> &mut Body {
        if self.primary.is_empty() {
            self.primary
                .push(Body::empty(Span::new(streamform_lang::diag::FileId(0), 0, 0)));
        }
        &mut self.primary[0]
    }

    fn refused(&mut self, at: Span, summary: impl Into<String>, detail: impl Into<String>) {
        self.diagnostics.error_at(at, summary, detail);
    }

    /// Terraform leaves this out without a word; a word is the least.
    fn without_effect(&mut self, at: Span, detail: &str) {
        self.diagnostics
            .push(Diagnostic::warning("Override without effect", detail).at(at));
    }

    fn local(&mut self, attribute: Attribute) {
        let found = self
            .primary
            .iter_mut()
            .flat_map(|b| &mut b.blocks)
            .filter(|b| b.kind.name.as_str() == "locals")
            .flat_map(|b| &mut b.body.attributes)
            .find(|a| a.name.name == attribute.name.name);
        match found {
            Some(base) => *base = attribute,
            None => self.refused(
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
    fn terraform(&mut self, block: Block) {
        let mut added = block.body;
        self.only_one(&mut added, "backend");
        self.only_one(&mut added, "cloud");
        let keeps_state = |b: &Block| matches!(b.kind.name.as_str(), "backend" | "cloud");
        if added.blocks.iter().any(|b| b.kind.name.as_str() == "cloud") {
            added.blocks.retain(|b| b.kind.name.as_str() != "backend");
        }
        // Several say the same as one.
        if let Some(first) = requirements(&added) {
            let (more, kept) = std::mem::take(&mut added.blocks)
                .into_iter()
                .enumerate()
                .partition::<Vec<_>, _>(|(i, b)| *i > first && b.kind.name == "required_providers");
            added.blocks = kept.into_iter().map(|(_, b)| b).collect();
            for (_, block) in more {
                arguments(&mut added.blocks[first].body, block.body.attributes);
            }
        }
        let mut last = None;
        let existing = self
            .primary
            .iter_mut()
            .flat_map(|b| &mut b.blocks)
            .filter(|b| b.kind.name.as_str() == "terraform");
        for base in existing {
            base.body
                .attributes
                .retain(|a| !added.attributes.iter().any(|n| n.name.name == a.name.name));
            if added.blocks.iter().any(keeps_state) {
                base.body.blocks.retain(|b| !keeps_state(b));
            }
            if let Some(old) = requirements(&base.body) {
                while let Some(new) = requirements(&added) {
                    let new = added.blocks.remove(new);
                    arguments(&mut base.body.blocks[old].body, new.body.attributes);
                }
            }
            last = Some(base);
        }
        match last {
            Some(base) => base.body.append(added),
            None => self.first().blocks.push(Block { body: added, ..block }),
        }
    }

    /// An override file replaces where state is kept, but only once.
    fn only_one(&mut self, body: &mut Body, kind: &str) {
        let mut first: Option<Span> = None;
        let mut again = Vec::new();
        body.blocks.retain(|b| {
            if b.kind.name.as_str() != kind {
                return true;
            }
            match first {
                None => {
                    first = Some(b.header);
                    true
                }
                Some(first) => {
                    again.push((b.header, first));
                    false
                }
            }
        });
        for (at, first) in again {
            let place = self.sources.range(first);
            if kind == "backend" {
                self.refused(
                    at,
                    "Duplicate backend configuration",
                    format!(
                        "Each override file may have only one backend configuration. A backend was previously configured at {place}."
                    ),
                );
            } else {
                self.refused(
                    at,
                    "Duplicate HCP Terraform configurations",
                    format!(
                        "An override file may have only one 'cloud' block. There is one already at {place}."
                    ),
                );
            }
        }
    }
}

fn requirements(body: &Body) -> Option<usize> {
    body.blocks
        .iter()
        .position(|b| b.kind.name.as_str() == "required_providers")
}

/// Puts a body on top of another one: what it has replaces what has the same name or type.
pub(super) fn merge_body(base: &mut Body, over: Body) {
    arguments(base, over.attributes);
    blocks(base, over.blocks);
}

/// The type of block that a block is, or that a dynamic block makes.
pub(super) fn stands_for(block: &Block) -> Name {
    match (block.kind.name.as_str(), block.labels.first()) {
        ("dynamic", Some(label)) => label.name.clone(),
        _ => block.kind.name.clone(),
    }
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
    let kinds: HashSet<Name> = new.iter().map(stands_for).collect();
    if !kinds.is_empty() {
        base.blocks.retain(|b| !kinds.contains(&stands_for(b)));
    }
    base.blocks.extend(new);
}

#[cfg(test)]
mod tests;
