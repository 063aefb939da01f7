//! `import`: one object is looked up and becomes the object of an instance that the configuration has. Nothing is planned.

use std::collections::BTreeMap;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Value;
use streamform_provider::schema;
use streamform_state::Entry;
use streamform_state::Object;
use streamform_state::ObjectStatus;
use streamform_state::RawJson;
use streamform_state::Record;

use super::import::Wish;
use super::import::look_up;
use super::import::unknown_provider;
use super::instance::sensitive_paths;
use super::prior::path_to_state;
use super::walk::PlanInput;
use super::walk::Planner;
use crate::deps::NodeKind;
use crate::eval::Expansion;

/// What came of an import.
pub struct SingleImport {
    /// The record of the instance, if all went well.
    pub record: Option<Record>,
    /// What was found out about changes of earlier runs: to be committed to the state in any case.
    pub settled: Vec<Entry>,
    /// Everything that was found.
    pub diagnostics: Diagnostics,
}

/// Looks up an object by its import id. `input` must ask for a plan that only refreshes, so that nothing is planned.
pub async fn import_one(input: PlanInput<'_>, address: &AbsInstance, id: &str) -> SingleImport {
    let mut planner = Planner::new(&input);
    planner.load_prior().await;
    planner.wanted_providers = planner.providers_in_use();
    if !planner.diagnostics.has_errors() {
        planner.walk().await;
    }
    planner.tell_unread();
    for held in std::mem::take(&mut planner.held) {
        planner.diagnostics.extend(held.why);
    }
    let record = if planner.diagnostics.has_errors() {
        None
    } else {
        match planner.single_import(address, id).await {
            Ok(record) => Some(record),
            Err(found) => {
                planner.diagnostics.extend(found);
                None
            }
        }
    };
    planner.close_ephemeral().await;
    SingleImport {
        record,
        settled: planner.settled,
        diagnostics: planner.diagnostics.tidy(),
    }
}

impl Planner<'_> {
    async fn single_import(&mut self, address: &AbsInstance, id: &str) -> Result<Record, Diagnostics> {
        let text = address.to_string();
        let absent = || -> Diagnostics {
            Diagnostic::error(
                "Configuration for import target does not exist",
                format!("The configuration for the given import {text} does not exist. All target instances must have an associated configuration to be imported."),
            )
            .on(text.clone())
            .into()
        };
        let config = address.config();
        let block = self.input.config.resource(&config).cloned().ok_or_else(absent)?;
        let module = self.world.find(&address.module).ok_or_else(absent)?;
        let (expansion, found) = Expansion::of(
            block.count.as_deref(),
            block.for_each.as_deref(),
            &self.world.scope(module),
        );
        if found.has_errors() {
            return Err(found);
        }
        if let Expansion::Unknown(for_each) = expansion {
            return Err(super::resource::unknown_expansion(for_each, &block).into());
        }
        if expansion.repetition(&address.key).is_none() {
            return Err(absent());
        }
        let ty = &address.resource.ty;
        let schema = self
            .input
            .registry
            .schema(&block.resolved_provider.provider, address.resource.mode, ty)
            .ok_or_else(absent)?;
        let live = self
            .providers
            .get(&block.resolved_provider)
            .filter(|p| p.configured)
            .cloned()
            .ok_or_else(|| Diagnostics::from(unknown_provider(address).at(block.header)))?;
        let wish = Wish {
            address: address.clone(),
            id: Value::string(id),
        };
        let mut found = look_up(&*live.provider, ty, vec![wish], self.input.observer).await;
        let (value, private) = found.pop().ok_or_else(absent)??;
        let unwritable = |e: String| -> Diagnostics {
            Diagnostic::error(
                "Imported object cannot be written",
                format!("What the provider told of {text} cannot be kept in the state: {e}."),
            )
            .on(text.clone())
            .into()
        };
        let attributes = RawJson::from_text(schema::to_state_json(&value, &schema.block))
            .map_err(|e| unwritable(e.to_string()))?;
        let marked = schema::mark_sensitive(&schema.block, value);
        let node = self
            .input
            .config
            .find(&config.module)
            .and_then(|m| {
                self.input
                    .graph
                    .find(&NodeKind::Resource(m.id, address.resource.clone()))
            })
            .ok_or_else(absent)?;
        let mut record = match self.input.state.get(&text) {
            Some(stored) => Record::clone(stored),
            None => Record {
                address: text.clone(),
                mode: streamform_state::Mode::Managed,
                type_name: ty.to_string(),
                provider: String::new(),
                current: None,
                deposed: BTreeMap::new(),
                version: 0,
            },
        };
        record.provider = block.resolved_provider.to_string();
        record.current = Some(Object {
            attributes,
            sensitive_paths: sensitive_paths(&marked).iter().map(path_to_state).collect(),
            private: private.as_ref().map(|p| p.to_vec()),
            schema_version: schema.version,
            status: ObjectStatus::Ready,
            dependencies: self.dependency_names(node),
            create_before_destroy: self.is_created_first(node),
            prevent_destroy: block.lifecycle.prevent_destroy,
            skip_destroy: block.lifecycle.skip_destroy,
            identity: None,
            identity_schema_version: None,
        });
        Ok(record)
    }
}
