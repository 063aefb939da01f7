//! `locals` and `output` blocks.

use std::sync::Arc;

use streamform_lang::syntax::Block;
use streamform_lang::syntax::is_identifier;

use super::Decoder;
use super::constant;
use super::content::BAD_NAME;
use super::content::Content;
use super::content::just_arguments;
use super::content::labels;
use super::only_label;
use crate::config::Local;
use crate::config::Output;

impl Decoder<'_> {
    pub(super) fn locals(&mut self, block: Block) {
        if labels(&block, [], &mut self.diagnostics).is_none() {
            return;
        }
        just_arguments(&block.body, &mut self.diagnostics);
        for attribute in block.body.attributes {
            let name = attribute.name.name.clone();
            if !is_identifier(&name) {
                self.error(attribute.name.span, "Invalid local value name", BAD_NAME);
            }
            if let Some(first) = self.module.locals.get(&name) {
                let first = first.span;
                self.duplicate(
                    attribute.span,
                    first,
                    "Duplicate local value definition",
                    "A local value",
                    &name,
                    "Local value names must be unique within a module.",
                );
                continue;
            }
            self.module.locals.insert(
                name.clone(),
                Arc::new(Local {
                    name,
                    value: attribute.expr,
                    span: attribute.span,
                }),
            );
        }
    }

    pub(super) fn output(&mut self, block: Block) {
        let Some(name) = only_label(&block, "Invalid output name", &mut self.diagnostics) else {
            return;
        };
        let (header, span) = (block.header, block.span);
        let mut content = Content::new(block.body);
        let d = &mut self.diagnostics;
        let description = content
            .argument("description")
            .and_then(|a| constant::string(&a, d));
        let value = match self.overriding {
            true => content.argument("value"),
            false => content.required("value", d),
        };
        let sensitive = content
            .argument("sensitive")
            .and_then(|a| constant::boolean(&a, d));
        let ephemeral = content
            .argument("ephemeral")
            .and_then(|a| constant::boolean(&a, d));
        let depends_on = content.argument("depends_on");
        let rules = content.plain_blocks("precondition", d);
        for wrong in content.plain_blocks("postcondition", d) {
            d.error_at(
                wrong.kind.span,
                "Postconditions are not allowed",
                "Output values can only have preconditions, not postconditions.",
            );
        }
        content.finish(d);
        let depends_on = depends_on.map_or_else(Vec::new, |a| self.depends_on(&a));
        let preconditions = rules.into_iter().filter_map(|r| self.rule(r)).collect();
        if let Some(first) = self.module.outputs.get(&name) {
            let first = first.header;
            self.duplicate(
                header,
                first,
                "Duplicate output definition",
                "An output",
                &name,
                "Output names must be unique within a module.",
            );
            return;
        }
        // Without a value the error is already told; the output is kept out.
        let Some(value) = value else {
            return;
        };
        self.module.outputs.insert(
            name.clone(),
            Arc::new(Output {
                name,
                value: value.expr,
                description,
                sensitive: sensitive.unwrap_or(false),
                ephemeral: ephemeral.unwrap_or(false),
                depends_on,
                preconditions,
                header,
                span,
            }),
        );
    }
}
