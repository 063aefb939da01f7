//! `required_providers` blocks.

use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Span;
use streamform_lang::syntax::Attribute;
use streamform_lang::syntax::Block;
use streamform_lang::syntax::Expr;
use streamform_lang::syntax::ExprKind;
use streamform_lang::value::Name;
use streamform_lang::value::Type;

use super::Decoder;
use super::constant;
use super::constant::constant;
use super::content::just_arguments;
use super::content::labels;
use super::reference::list;
use super::reference::provider_config;
use crate::config::RequiredProvider;
use crate::config::version::Constraints;

const UNFIT: &str =
    "must contain only letters, digits, and dashes, and may not use leading or trailing dashes";

impl Decoder<'_> {
    pub(super) fn required_providers(&mut self, block: Block) {
        if labels(&block, [], &mut self.diagnostics).is_none() {
            return;
        }
        if let Some(first) = self.required_providers.filter(|_| !self.overriding) {
            let place = self.place(first);
            self.error(
                block.header,
                "Duplicate required providers configuration",
                format!(
                    "A module may have only one required providers configuration. The required providers were previously configured at {place}."
                ),
            );
            return;
        }
        self.required_providers = Some(block.header);
        just_arguments(&block.body, &mut self.diagnostics);
        for attribute in block.body.attributes {
            if let Some(required) = self.required_provider(&attribute) {
                self.module
                    .required_providers
                    .insert(attribute.name.name.clone(), required);
            }
        }
    }

    fn required_provider(&mut self, attribute: &Attribute) -> Option<RequiredProvider> {
        let name = &attribute.name.name;
        let mut required = RequiredProvider {
            source: ProviderAddr::implied(name),
            version: None,
            configuration_aliases: Vec::new(),
            span: attribute.span,
        };
        // A version alone, as old configurations have it.
        let (value, found) = constant::value(&attribute.expr);
        if !found.has_errors() && matches!(value.ty(), Type::String | Type::Number | Type::Bool) {
            required.version = self.version_alone(attribute);
            if name.contains('_') || ProviderAddr::parse(name).is_err() {
                self.error(attribute.expr.span, "Invalid provider name", UNFIT);
            }
            return Some(required);
        }
        if let Some(problem) = unfit_name(name) {
            self.error(attribute.name.span, "Invalid provider local name", problem);
            return None;
        }
        match &attribute.expr.kind {
            ExprKind::Object(items) => {
                for item in items {
                    let key = item_key(&item.key);
                    match key.as_deref() {
                        Some("version") => required.version = self.version(&item.value),
                        Some("source") => {
                            if let Some(source) = self.source(&item.value) {
                                required.source = source;
                            }
                        }
                        Some("configuration_aliases") => {
                            required.configuration_aliases = self.aliases(name, &item.value);
                        }
                        _ => {
                            self.error(
                                item.key.span,
                                "Invalid required_providers object",
                                "required_providers objects can only contain \"version\", \"source\" and \"configuration_aliases\" attributes. To configure a provider, use a \"provider\" block.",
                            );
                        }
                    }
                }
            }
            _ => self.error(
                attribute.expr.span,
                "Invalid required_providers object",
                "required_providers entries must be strings or objects.",
            ),
        }
        Some(required)
    }

    fn version_alone(&mut self, attribute: &Attribute) -> Option<Name> {
        let text = constant::constraint(attribute, &mut self.diagnostics)?;
        if Constraints::parse(&text).is_none() {
            self.error(
                attribute.expr.span,
                "Invalid version constraint",
                "This string does not use correct version constraint syntax.",
            );
            return None;
        }
        Some(text)
    }

    fn text(&mut self, expr: &Expr, summary: &str, detail: &str) -> Option<Name> {
        let mut found = Diagnostics::new();
        let value = constant(expr, &mut found);
        let Some(value) = value.filter(|_| !found.has_errors()) else {
            self.error(expr.span, summary, detail);
            return None;
        };
        if value.as_str().is_none() {
            self.error(expr.span, summary, detail);
        }
        value.as_str().map(Name::from)
    }

    fn version(&mut self, expr: &Expr) -> Option<Name> {
        let text = self.text(
            expr,
            "Invalid version constraint",
            "Version must be specified as a string.",
        )?;
        if Constraints::parse(&text).is_none() {
            self.error(
                expr.span,
                "Invalid version constraint",
                "This string does not use correct version constraint syntax.",
            );
            return None;
        }
        Some(text)
    }

    fn source(&mut self, expr: &Expr) -> Option<ProviderAddr> {
        let text = self.text(expr, "Invalid source", "Source must be specified as a string.")?;
        match ProviderAddr::parse(&text) {
            Ok(source) => Some(source),
            Err(problem) => {
                self.error(expr.span, "Invalid provider source string", problem);
                None
            }
        }
    }

    fn aliases(
        &mut self,
        name: &Name,
        expr: &Expr,
    ) -> Vec<(streamform_lang::addrs::LocalProviderConfig, Span)> {
        let mut out = Vec::new();
        for item in list(expr, &mut self.diagnostics) {
            let Some(config) = provider_config(item, "configuration_aliases", &mut self.diagnostics) else {
                continue;
            };
            if config.name != *name {
                self.error(
                    item.span,
                    "Invalid configuration_aliases value",
                    format!(
                        "Configuration aliases must be prefixed with the provider name. Expected {:?}, but found {:?}.",
                        name.as_str(),
                        config.name.as_str()
                    ),
                );
                continue;
            }
            out.push((config, item.span));
        }
        out
    }
}

/// Why a name cannot be that of a provider.
pub(in crate::config) fn unfit_name(name: &str) -> Option<String> {
    let normal = name.to_lowercase();
    if name.contains('_') || ProviderAddr::parse(name).is_err() {
        Some(format!("{name} is an invalid provider local name: {UNFIT}"))
    } else if name != normal {
        Some(format!(
            "Provider names must be normalized. Replace {name:?} with {normal:?} to fix this error."
        ))
    } else {
        None
    }
}

/// The key of an object item: a bare name is lowered to a literal string.
fn item_key(expr: &Expr) -> Option<Name> {
    match &expr.kind {
        ExprKind::Literal(v) => v.as_str().map(Name::from),
        ExprKind::Traversal(t) if t.steps.is_empty() => Some(t.root.name.clone()),
        _ => None,
    }
}
