//! The configuration of one instance as a value, and findings of providers as diagnostics with places.

use std::sync::Arc;

use rustc_hash::FxHashMap as HashMap;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Span;
use streamform_lang::eval::Scope;
use streamform_lang::syntax::Body;
use streamform_lang::syntax::Syntax;
use streamform_lang::value::Marks;
use streamform_lang::value::Path;
use streamform_lang::value::Step;
use streamform_lang::value::Value;
use streamform_provider::protocol::ProviderDiagnostic;
use streamform_provider::schema;
use streamform_provider::schema::Schema;

use crate::eval::infinity;

/// The decoded configuration of one instance.
#[derive(Clone, Debug)]
pub struct ConfigValue {
    /// The value without marks: what a provider sees.
    pub value: Value,
    /// Where marks were.
    pub marks: Vec<(Path, Marks)>,
}

/// Bodies matched with their schemas: those of blocks with many instances, whose steps do not come one after the other.
#[derive(Debug, Default)]
pub struct Decoders {
    by_block: HashMap<ConfigResource, Arc<schema::Decoder>>,
}

impl Decoders {
    /// The decoder of a block, made when first asked for; it is kept if the block is `repeated`.
    pub fn get(
        &mut self,
        block: &ConfigResource,
        body: &Body,
        schema: &Schema,
        repeated: bool,
    ) -> Arc<schema::Decoder> {
        if let Some(d) = self.by_block.get(block) {
            return Arc::clone(d);
        }
        let made = Arc::new(schema::Decoder::new(body, &schema.block, &[]));
        if repeated {
            self.by_block.insert(block.clone(), Arc::clone(&made));
        }
        made
    }
}

/// Decodes the configuration of one instance.
pub fn decode_instance(
    decoder: &schema::Decoder,
    scope: &dyn Scope,
    address: &dyn std::fmt::Display,
) -> (ConfigValue, Diagnostics) {
    let (value, mut diagnostics) = decoder.decode(scope);
    // Most have nothing to say, and need no text of their address.
    if !diagnostics.is_empty() {
        diagnostics.name_object(&address.to_string());
    }
    if value.holds_infinity() {
        let entries = value.entries().unwrap_or_default();
        let place = entries
            .iter()
            .find(|(_, v)| v.holds_infinity())
            .and_then(|(name, _)| decoder.place_of(name));
        diagnostics.push(
            infinity(&format!("The configuration of {address}"))
                .at_opt(place)
                .on(address.to_string()),
        );
    }
    let (value, marks) = value.unmark_with_paths();
    (ConfigValue { value, marks }, diagnostics)
}

/// Findings of a provider as diagnostics: the path becomes a place in the body, or else the header of the block.
pub fn place_findings(
    findings: Vec<ProviderDiagnostic>,
    body: Option<&Body>,
    header: Option<Span>,
    address: Option<&str>,
) -> Diagnostics {
    // What is about a whole object of a JSON file is told where it ends.
    let header = match body {
        Some(body) if body.syntax == Syntax::Json => Some(body.missing()),
        _ => header,
    };
    findings
        .into_iter()
        .map(|f| Diagnostic {
            subject: match (&f.path, body) {
                _ if f.placeless => None,
                (Some(path), Some(body)) => schema::locate(body, path).or(header),
                _ => header,
            },
            address: address.map(str::to_owned),
            attribute: f.path.as_ref().map(ToString::to_string),
            ..match f.severity {
                streamform_lang::diag::Severity::Error => Diagnostic::error(f.summary, f.detail),
                streamform_lang::diag::Severity::Warning => Diagnostic::warning(f.summary, f.detail),
            }
        })
        .collect()
}

/// Attributes that would have to be kept and hold ephemeral values. `marks` are those of the configuration.
pub fn forbid_ephemeral(marks: &[(Path, Marks)], block: &schema::Block) -> Vec<ProviderDiagnostic> {
    marks
        .iter()
        .filter(|(path, m)| m.contains(Marks::EPHEMERAL) && !is_write_only(path, block))
        .map(|(path, _)| {
            ProviderDiagnostic::error(
                "Invalid use of ephemeral value",
                format!(
                    "Ephemeral values are not valid for \"{path}\" because it is not a write-only attribute and must be persisted to state."
                ),
            )
            .at(path.clone())
        })
        .collect()
}

fn is_write_only(path: &Path, block: &schema::Block) -> bool {
    let mut block = block;
    for step in path.steps() {
        let Step::Attr(name) = step else { continue };
        if let Some(attribute) = block.attribute(name) {
            return attribute.write_only;
        }
        match block.nested(name) {
            Some(nested) => block = &nested.block,
            None => return false,
        }
    }
    false
}
