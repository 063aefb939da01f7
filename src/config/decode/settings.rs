//! `terraform` blocks.

use std::sync::Arc;

use streamform_lang::syntax::Block;
use streamform_lang::syntax::ExprKind;

use super::Decoder;
use super::constant;
use super::content::Content;
use super::content::just_arguments;
use super::content::labels;
use super::required::unfit_name;
use crate::config::BackendBlock;
use crate::config::VersionRequirement;
use crate::config::version::Constraints;

impl Decoder<'_> {
    pub(super) fn terraform(&mut self, block: Block) {
        if labels(&block, [], &mut self.diagnostics).is_none() {
            return;
        }
        let mut content = Content::new(block.body);
        let required_version = content.argument("required_version");
        let experiments = content.argument("experiments");
        let language = content.argument("language");
        let backends = content.blocks("backend");
        let clouds = content.blocks("cloud");
        let required_providers = content.blocks("required_providers");
        let provider_meta = content.blocks("provider_meta");
        content.finish(&mut self.diagnostics);

        if let Some(a) = required_version
            && let Some(text) = constant::constraint(&a, &mut self.diagnostics)
        {
            if Constraints::parse(&text).is_some() {
                self.module.required_versions.push(VersionRequirement {
                    constraint: text,
                    span: a.span,
                });
            } else {
                self.error(
                    a.expr.span,
                    "Invalid version constraint",
                    "This string does not use correct version constraint syntax.",
                );
            }
        }
        if let Some(a) = experiments
            && !matches!(&a.expr.kind, ExprKind::Tuple(items) if items.is_empty())
        {
            self.error(
                a.name.span,
                "Module uses experimental features",
                "Experimental features are intended only for gathering early feedback on new language designs, and so are available only in alpha releases of Terraform.",
            );
        }
        if let Some(a) = language {
            let summary = match &a.expr.kind {
                ExprKind::Traversal(t) if t.steps.is_empty() && t.root.name == "TF2021" => None,
                ExprKind::Traversal(t) if t.steps.is_empty() => Some("Unsupported language edition"),
                _ => Some("Invalid language edition"),
            };
            if let Some(summary) = summary {
                self.error(
                    a.expr.span,
                    summary,
                    "The only language edition is the word TF2021, which is also what a module without this argument means. Remove the argument.",
                );
            }
        }
        for block in required_providers {
            self.required_providers(block);
        }
        for block in clouds {
            self.cloud(&block);
        }
        for block in provider_meta {
            self.provider_meta(&block);
        }
        for block in backends {
            self.backend(block);
        }
    }

    fn cloud(&mut self, block: &Block) {
        if labels(block, [], &mut self.diagnostics).is_none() {
            return;
        }
        match self.cloud {
            None => self.cloud = Some(block.header),
            // Of an override file that is told by who merges it.
            Some(_) if self.overriding => {}
            Some(first) => {
                let place = self.place(first);
                self.error(
                    block.header,
                    "Duplicate HCP Terraform configurations",
                    format!("A module may have only one 'cloud' block. There is one already at {place}."),
                );
            }
        }
    }

    /// Data of the module for a provider. Whether the provider takes any is asked when it is used.
    fn provider_meta(&mut self, block: &Block) {
        let Some([label]) = labels(block, ["provider"], &mut self.diagnostics) else {
            return;
        };
        let (name, span, header) = (label.name.clone(), label.span, block.header);
        let before = self.diagnostics.len();
        just_arguments(&block.body, &mut self.diagnostics);
        if self.diagnostics.len() > before {
            return;
        }
        for attribute in &block.body.attributes {
            let (_, found) = constant::value(&attribute.expr);
            self.diagnostics.extend(found);
        }
        if let Some(problem) = unfit_name(&name) {
            self.error(header, "Invalid provider local name", problem);
        }
        if let Some(first) = self.module.provider_metas.get(&name) {
            let place = self.place(*first);
            self.error(
                span,
                "Duplicate provider_meta block",
                format!(
                    "A provider_meta block for provider {:?} was already declared at {place}. Providers may only have one provider_meta block per module.",
                    name.as_str()
                ),
            );
            return;
        }
        self.module.provider_metas.insert(name, span);
    }

    fn backend(&mut self, block: Block) {
        let Some([label]) = labels(&block, ["type"], &mut self.diagnostics) else {
            return;
        };
        if self.overriding && self.module.backend.is_some() {
            return;
        }
        if let Some(first) = &self.module.backend {
            let place = self.place(first.header);
            self.error(
                block.header,
                "Duplicate backend configuration",
                format!(
                    "A module may have only one backend configuration. The backend was previously configured at {place}."
                ),
            );
            return;
        }
        let (ty, type_span) = (label.name.clone(), label.span);
        // What stands in it is read when the backend is used.
        self.module.backend = Some(Arc::new(BackendBlock {
            ty,
            body: block.body,
            type_span,
            header: block.header,
            span: block.span,
        }));
    }
}
