//! `terraform` blocks.

use std::sync::Arc;

use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::syntax::Attribute;
use streamform_lang::syntax::Block;
use streamform_lang::syntax::ExprKind;
use streamform_lang::value::Name;

use super::Decoder;
use super::constant;
use super::content::Content;
use super::content::labels;
use crate::config::BackendBlock;
use crate::config::VersionRequirement;
use crate::config::version::Constraints;
use crate::config::walk;

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
            && let Some(text) = self.required_version(&a)
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
        if let Some(a) = language
            && !matches!(
                constant::keyword(&a.expr, &mut self.diagnostics).as_deref(),
                Some("TF2021")
            )
        {
            self.error(
                a.expr.span,
                "Unsupported language edition",
                "The only language edition is TF2021, which is also what a module without this argument means. Remove the argument.",
            );
        }
        for block in required_providers {
            self.required_providers(block);
        }
        for block in clouds {
            self.cloud.get_or_insert(block.header);
        }
        for block in provider_meta {
            self.error(
                block.header,
                "Provider metadata is not supported",
                "A \"provider_meta\" block sends data of the module to the provider, which no provider of this tool takes. Remove the block.",
            );
        }
        for block in backends {
            self.backend(block);
        }
    }

    /// The constant of `required_version`. That it is none is told once, without what follows from it.
    fn required_version(&mut self, attribute: &Attribute) -> Option<Name> {
        let mut found = Diagnostics::new();
        let text = constant::constraint(attribute, &mut found);
        let refused = found.iter().any(|d| d.summary == "Variables not allowed");
        let kept = found
            .into_iter()
            .filter(|d| !refused || d.summary != "Unsuitable value type");
        self.diagnostics.extend(kept.collect());
        text
    }

    fn backend(&mut self, block: Block) {
        let Some([label]) = labels(&block, ["type"], &mut self.diagnostics) else {
            return;
        };
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
        let d = &mut self.diagnostics;
        walk::body_traversals(&block.body, &mut |t| {
            d.push(
                Diagnostic::error("Variables not allowed", "Variables may not be used here.")
                    .at(t.root.span)
                    .help("The backend is settled before there are values. Leave the setting out here, and give it to init: -backend-config=\"NAME=VALUE\"."),
            );
        });
        self.module.backend = Some(Arc::new(BackendBlock {
            ty,
            body: block.body,
            type_span,
            header: block.header,
            span: block.span,
        }));
    }
}
