//! `provider` blocks.

use streamform_lang::addrs::LocalProviderConfig;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Diagnostic;
use streamform_lang::syntax::Block;
use streamform_lang::syntax::is_identifier;

use super::Decoder;
use super::constant;
use super::content::BAD_NAME;
use super::content::Content;
use super::content::labels;
use super::required::unfit_name;
use crate::config::ProviderBlock;
use crate::config::version::Constraints;

impl Decoder<'_> {
    pub(super) fn provider(&mut self, block: Block) {
        let Some([label]) = labels(&block, ["name"], &mut self.diagnostics) else {
            return;
        };
        let name = label.name.clone();
        if let Some(problem) = unfit_name(&name) {
            self.error(label.span, "Invalid provider local name", problem);
            return;
        }
        let (header, span) = (block.header, block.span);
        let mut content = Content::new(block.body);
        let d = &mut self.diagnostics;
        let mut alias = None;
        if let Some(a) = content.argument("alias") {
            alias = constant::string(&a, d);
            if !alias.as_deref().is_some_and(is_identifier) {
                let detail = format!("An alias must be a valid name. {BAD_NAME}");
                d.push(Diagnostic::error("Invalid provider configuration alias", detail));
            }
        }
        let version = content.argument("version");
        let has_version = version.is_some();
        if let Some(a) = version {
            d.push(
                Diagnostic::warning(
                    "Version constraints inside provider configuration blocks are deprecated",
                    "Terraform 0.13 and earlier allowed provider version constraints inside the provider configuration block, but that is now deprecated and will be removed in a future version of Terraform. To silence this warning, move the provider version constraint into the required_providers block.",
                )
                .at(a.expr.span),
            );
            if let Some(text) = constant::constraint(&a, d)
                && Constraints::parse(&text).is_none()
            {
                d.error_at(
                    a.expr.span,
                    "Invalid version constraint",
                    "This string does not use correct version constraint syntax.",
                );
            }
        }
        for reserved in ["count", "depends_on", "for_each", "source"] {
            if let Some(a) = content.argument(reserved) {
                d.error_at(
                    a.name.span,
                    "Reserved argument name in provider block",
                    format!(
                        "The provider argument name {reserved:?} is reserved for use by Terraform in a future version."
                    ),
                );
            }
        }
        let escaped = content.unescape("provider", self.sources, d);
        content.reserved_blocks(&["lifecycle", "locals"], "provider", d);
        let mut body = content.rest();
        if let Some(escaped) = escaped {
            body.append(escaped);
        }
        self.add_provider(ProviderBlock {
            has_version,
            provider: ProviderAddr::implied(&name),
            config: LocalProviderConfig { name, alias },
            body,
            header,
            span,
        });
    }
}
