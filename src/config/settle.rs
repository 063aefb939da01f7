//! The bodies whose meaning only a provider's schema tells: those of resources and provider configurations in the JSON syntax,
//! and those that an override file in it changes. With the schemas at hand they become what native bodies are.

use std::sync::Arc;

use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Severity;
use streamform_lang::diag::Sources;
use streamform_lang::syntax::Body;
use streamform_lang::syntax::json::EXTRANEOUS;
use streamform_lang::syntax::json::Reader;
use streamform_provider::schema::Block;
use streamform_provider::schema::Schema;

use super::Configuration;
use super::SchemaLookup;
use super::overrides;
use super::shapes::Described;

/// Reads what [`load`](super::load) had to leave unread. A native configuration is left as it is.
///
/// `schemas` finds the schema of a resource type, `providers` that of a provider's configuration. A body without a schema is
/// taken for a list of arguments: its references count, and that there is no schema is told elsewhere.
pub fn settle(
    configuration: &mut Configuration,
    schemas: &SchemaLookup<'_>,
    providers: &dyn Fn(&ProviderAddr) -> Option<Arc<Schema>>,
) -> Diagnostics {
    let Configuration { modules, sources, .. } = configuration;
    let mut diagnostics = Diagnostics::new();
    for module in modules {
        for (address, block) in &mut module.resources {
            if block.body.unread.is_some() {
                let schema = schemas(&block.resolved_provider.provider, address.mode, &address.ty);
                let body = &mut Arc::make_mut(block).body;
                diagnostics.extend(read(body, schema.as_deref(), sources));
            }
        }
        for block in module.providers.values_mut() {
            if block.body.unread.is_some() {
                let schema = providers(&block.provider);
                let body = &mut Arc::make_mut(block).body;
                diagnostics.extend(read(body, schema.as_deref(), sources));
            }
        }
    }
    diagnostics
}

fn read(body: &mut Body, schema: Option<&Schema>, sources: &Sources) -> Diagnostics {
    let block = schema.map(|s| &s.block);
    let mut reader = Reader::new(sources);
    classify(body, block, &mut reader);
    reader.diagnostics
}

/// Terraform takes no notice of a property of an override file that means nothing. A warning does not break what works there.
fn in_override(found: Diagnostic) -> Diagnostic {
    if found.summary == EXTRANEOUS {
        Diagnostic {
            severity: Severity::Warning,
            detail: format!("{} It has no effect.", found.detail),
            ..found
        }
    } else {
        found
    }
}

/// What was merged into the body natively is newer than its own properties, and the layers on top are newer still.
fn classify(body: &mut Body, schema: Option<&Block>, reader: &mut Reader<'_>) {
    let Some(unread) = body.unread.take() else {
        return;
    };
    let mut own = Body::empty(body.span);
    reader.classify(unread.properties, &Described(schema), &mut own);
    let merged = Body {
        attributes: std::mem::take(&mut body.attributes),
        blocks: std::mem::take(&mut body.blocks),
        ..Body::empty(body.span)
    };
    body.attributes = own.attributes;
    body.blocks = own.blocks;
    overrides::merge_body(body, merged);
    for mut layer in unread.overrides {
        let mut apart = Reader::new(reader.sources());
        classify(&mut layer, schema, &mut apart);
        reader
            .diagnostics
            .extend(apart.diagnostics.into_iter().map(in_override).collect());
        // Meta-arguments were merged when the files were read.
        layer
            .attributes
            .retain(|a| schema.is_none_or(|s| s.attribute(&a.name.name).is_some()));
        layer.blocks.retain(|b| {
            let of = overrides::stands_for(b);
            schema.is_none_or(|s| s.nested(&of).is_some())
        });
        overrides::merge_body(body, layer);
    }
}

#[cfg(test)]
mod tests;
