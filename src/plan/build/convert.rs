//! Objects that have moved to another resource type: their provider says what they are now.

use std::collections::BTreeMap;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Marks;
use streamform_lang::value::Path;
use streamform_provider::protocol::MoveRequest;
use streamform_state::Object;
use streamform_state::ObjectStatus;
use streamform_state::Record;

use super::place_findings;
use super::prior::Prior;
use super::prior::PriorObject;
use super::walk::Planner;

impl Planner<'_> {
    /// A record that was of another type where it comes from.
    pub(super) async fn converted(
        &self,
        record: &Record,
        address: &AbsInstance,
        from: &AbsInstance,
        made_by: &ProviderAddr,
    ) -> Result<Prior, Diagnostics> {
        let unsupported = |why: String| -> Diagnostics {
            Diagnostic::error(
                "Unsupported `moved` across resource types",
                format!(
                    "The configuration says that {from} has become {address}, an object of another type. {why} Keep the type, or let the object go with a \"removed\" block and make or import a new one."
                ),
            )
            .at_opt(self.input.moves.statement_between(from, address))
            .on(address.to_string())
            .into()
        };
        let target = self.input.config.resource(&address.config()).and_then(|block| {
            let provider = &block.resolved_provider.provider;
            let registry = self.input.registry;
            let schema = registry.schema(provider, address.resource.mode, &address.resource.ty)?;
            Some((block, registry.get(provider)?.instance(), schema))
        });
        let Some((block, provider, schema)) = target else {
            return Err(unsupported(format!(
                "The configuration has no block {} that could say which provider knows this type.",
                address.config()
            )));
        };
        let convert = async |object: &Object| -> Result<PriorObject, Diagnostics> {
            let request = MoveRequest {
                source_provider: made_by.clone(),
                source_type: from.resource.ty.to_string(),
                source_version: object.schema_version,
                source: object.attributes.as_str().to_owned(),
                target_type: address.resource.ty.to_string(),
            };
            let value = match provider.move_state(request).await {
                Some(Ok(value)) => value,
                Some(Err(found)) => {
                    return Err(place_findings(
                        found,
                        Some(&block.body),
                        Some(block.header),
                        Some(&record.address),
                    ));
                }
                None => {
                    return Err(unsupported(format!(
                        "The provider {} cannot turn an object of type {} into one of type {}.",
                        block.resolved_provider.provider.for_display(),
                        from.resource.ty,
                        address.resource.ty
                    )));
                }
            };
            // What was secret may be anywhere in it now.
            let marks = if object.sensitive_paths.is_empty() {
                Vec::new()
            } else {
                schema
                    .block
                    .attributes
                    .iter()
                    .filter(|(name, _)| name.as_str() != "id")
                    .map(|(name, _)| (Path::attr(name.clone()), Marks::SENSITIVE))
                    .collect()
            };
            Ok(PriorObject {
                current: value.clone(),
                stored: value,
                marks,
                private: None,
                tainted: object.status == ObjectStatus::Tainted,
                dependencies: object.dependencies.clone(),
                create_before_destroy: object.create_before_destroy,
                prevent_destroy: object.prevent_destroy,
                skip_destroy: object.skip_destroy,
            })
        };
        let current = match &record.current {
            Some(object) => Some(convert(object).await?),
            None => None,
        };
        let mut deposed = BTreeMap::new();
        for (key, object) in &record.deposed {
            deposed.insert(key.clone(), convert(object).await?);
        }
        Ok(Prior {
            address: address.clone(),
            moved_from: Some(from.clone()),
            provider: block.resolved_provider.clone(),
            schema,
            current,
            deposed,
        })
    }
}
