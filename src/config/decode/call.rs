//! `module` blocks.

use std::collections::BTreeMap;
use std::sync::Arc;

use streamform_lang::addrs::LocalProviderConfig;
use streamform_lang::diag::Span;
use streamform_lang::syntax::Attribute;
use streamform_lang::syntax::Block;
use streamform_lang::syntax::ExprKind;

use super::Decoder;
use super::constant;
use super::content::Content;
use super::only_label;
use super::reference::provider_config;
use crate::config::ModuleCall;
use crate::config::version::Constraints;

type Passed = BTreeMap<LocalProviderConfig, (LocalProviderConfig, Span, Span)>;

impl Decoder<'_> {
    pub(super) fn call(&mut self, block: Block) {
        let Some(name) = only_label(&block, "Invalid module instance name", &mut self.diagnostics) else {
            return;
        };
        let (header, span, opening) = (block.header, block.span, super::content::opening(&block.body));
        let mut content = Content::new(block.body);
        let d = &mut self.diagnostics;
        let version = content
            .argument("version")
            .and_then(|a| Some((constant::constraint(&a, d)?, a.expr.span)));
        let source = match self.overriding {
            true => content.argument("source"),
            false => content.required("source", d),
        };
        let source = source.and_then(|a| Some((constant::string(&a, d)?, a.expr.span)));
        if let Some((text, span)) = &version
            && Constraints::parse(text).is_none()
        {
            d.error_at(
                *span,
                "Invalid version constraint",
                "This string does not use correct version constraint syntax.",
            );
        }
        let version = version.map(|(text, _)| text);
        let count = content.argument("count");
        let for_each = content.argument("for_each");
        if let (Some(_), Some(for_each)) = (&count, &for_each) {
            d.error_at(
                for_each.name.span,
                "Invalid combination of \"count\" and \"for_each\"",
                "The \"count\" and \"for_each\" meta-arguments are mutually-exclusive, only one should be used to be explicit about the number of resources to be created.",
            );
        }
        let depends_on = content.argument("depends_on");
        let providers = content.argument("providers");
        let escaped = content.unescape("module", self.sources, d);
        content.reserved_blocks(&["lifecycle", "locals", "provider"], "module", d);
        let mut body = content.rest();
        if let Some(escaped) = escaped {
            body.attributes.extend(escaped.attributes);
        }
        for inner in &body.blocks {
            self.module.told_later.error_at(
                inner.kind.span,
                "Unsupported block type",
                format!(
                    "Blocks of type {:?} are not expected here.",
                    inner.kind.name.as_str()
                ),
            );
        }
        let depends_on = depends_on.map_or_else(Vec::new, |a| self.depends_on(&a));
        let providers = providers.map(|a| self.passed_providers(&a));
        if let Some(first) = self.module.calls.get(&name) {
            let first = first.header;
            self.duplicate(
                header,
                first,
                "Duplicate module call",
                "A module call",
                &name,
                "Module calls must have unique names within a module.",
            );
            return;
        }
        let Some(source) = source else {
            return;
        };
        self.module.calls.insert(
            name.clone(),
            Arc::new(ModuleCall {
                name,
                source,
                version,
                arguments: body
                    .attributes
                    .into_iter()
                    .map(|a| (a.name.name.clone(), a))
                    .collect(),
                count: count.map(|a| a.expr),
                for_each: for_each.map(|a| a.expr),
                depends_on,
                providers,
                opening,
                header,
                span,
            }),
        );
    }

    /// The `providers` argument: what the module calls it → what the caller calls it.
    fn passed_providers(&mut self, attribute: &Attribute) -> Passed {
        let mut passed = Passed::new();
        let ExprKind::Object(items) = &attribute.expr.kind else {
            self.error(
                attribute.expr.span,
                "Invalid expression",
                "A static map expression is required.",
            );
            return passed;
        };
        for item in items {
            let inner = provider_config(&item.key, "providers", &mut self.diagnostics);
            let outer = provider_config(&item.value, "providers", &mut self.diagnostics);
            let (Some(inner), Some(outer)) = (inner, outer) else {
                continue;
            };
            if let Some((_, first, _)) = passed.get(&inner) {
                let place = self.place(*first);
                self.error(
                    item.key.span,
                    "Duplicate provider address",
                    format!(
                        "A provider configuration was already passed to {inner} at {place}. Each child provider configuration can be assigned only once."
                    ),
                );
                continue;
            }
            passed.insert(inner, (outer, item.key.span, item.value.span));
        }
        passed
    }
}
