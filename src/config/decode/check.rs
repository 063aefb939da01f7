//! Rules with a condition, and `check` blocks.

use std::sync::Arc;

use streamform_lang::addrs::Mode;
use streamform_lang::syntax::Block;

use super::Decoder;
use super::content::Content;
use super::only_label;
use crate::config::CheckBlock;
use crate::config::CheckRule;
use crate::config::walk;

impl Decoder<'_> {
    /// A `validation`, `precondition`, `postcondition` or `assert` block.
    pub(super) fn rule(&mut self, block: Block) -> Option<CheckRule> {
        if self.overriding {
            let kind = &block.kind.name;
            self.error(
                block.header,
                format!("Can't override {kind} blocks"),
                format!("Override files cannot override {:?} blocks.", kind.as_str()),
            );
            return None;
        }
        let mut content = Content::new(block.body);
        let condition = content.required("condition", &mut self.diagnostics);
        let error_message = content.required("error_message", &mut self.diagnostics);
        content.finish(&mut self.diagnostics);
        let (condition, error_message) = (condition?.expr, error_message?.expr);
        let mut refers = false;
        walk::traversals(&condition, &mut |_| refers = true);
        if !refers {
            self.error(
                condition.span,
                format!("Invalid {} expression", block.kind.name),
                "The condition expression must refer to at least one object from elsewhere in the configuration, or else its result would not be checking anything.",
            );
        }
        Some(CheckRule {
            condition,
            error_message,
            header: block.header,
            span: block.span,
        })
    }

    pub(super) fn check(&mut self, block: Block) {
        let Some(name) = only_label(&block, "Invalid check block name", &mut self.diagnostics) else {
            return;
        };
        let (header, span) = (block.header, block.span);
        if self.overriding {
            self.error(
                header,
                "Can't override check blocks",
                "Override files cannot override check blocks.",
            );
            return;
        }
        let mut content = Content::new(block.body);
        let sources = content.blocks("data");
        let rules = content.plain_blocks("assert", &mut self.diagnostics);
        content.finish(&mut self.diagnostics);

        let mut data = None;
        let mut taken = false;
        let mut first = None;
        for source in sources {
            let at = source.header;
            if let Some(first) = first {
                let place = self.place(first);
                self.error(
                    at,
                    "Multiple data resource blocks",
                    format!("This check block already has a data resource defined at {place}."),
                );
                continue;
            }
            first = Some(at);
            if let Some(resource) = self.resource(source, Mode::Data, Some(name.clone())) {
                data = Some(resource.address.clone());
                taken = self.module.resources.contains_key(&resource.address);
                self.add_resource(resource);
            }
        }
        let mut asserts = Vec::new();
        for rule in rules {
            let before = self.diagnostics.len();
            let rule = self.rule(rule);
            if self.diagnostics.len() == before {
                asserts.extend(rule);
            }
        }
        if asserts.is_empty() {
            self.error(
                header,
                "Zero assert blocks",
                "Check blocks must have at least one assert block.",
            );
        }
        // A copy of a whole block is one mistake.
        if taken {
            return;
        }
        if let Some(first) = self.module.checks.get(&name) {
            let place = self.place(first.header);
            self.error(
                header,
                format!("Duplicate check {:?} configuration", name.as_str()),
                format!(
                    "A check block named {:?} was already declared at {place}. Check blocks must be unique within each module.",
                    name.as_str()
                ),
            );
            return;
        }
        self.module.checks.insert(
            name.clone(),
            Arc::new(CheckBlock {
                name,
                data,
                asserts,
                header,
                span,
            }),
        );
    }
}
