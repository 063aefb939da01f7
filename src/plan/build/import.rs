//! Imports during the walk: objects that exist already are looked up and read, and then planned as if the state had had
//! them all along.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Arc;

use futures_util::stream::StreamExt;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Marks;
use streamform_lang::value::Value;
use streamform_provider::Provider;
use streamform_provider::protocol::Imported;
use streamform_provider::protocol::Private;
use streamform_provider::protocol::ReadRequest;
use streamform_provider::protocol::has_errors;
use streamform_provider::schema;
use streamform_provider::schema::Schema;

use super::instance::sensitive_paths;
use super::place_findings;
use super::prior::Prior;
use super::prior::PriorObject;
use super::resource::Ready;
use super::walk::Planner;
use super::walk::Progressed;
use super::walk::Waiting;
use crate::config::ImportBlock;
use crate::config::ResourceBlock;
use crate::deps::NodeId;
use crate::eval::ImportTarget;
use crate::eval::import_targets;
use crate::plan::Action;
use crate::plan::Event;
use crate::plan::Generated;
use crate::plan::Importing;
use crate::plan::InstanceChange;
use crate::plan::Observer;
use crate::plan::Operation;
use crate::plan::generate::generated_block;

/// So many objects are looked up at once.
const AT_ONCE: usize = 10;

/// An object that was looked up by its import id, or why there is none.
pub(super) type Found = Result<(Value, Private), Diagnostics>;

/// What an instance is to be imported from.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    /// The instance.
    pub address: AbsInstance,
    /// The import id; marked if it is secret.
    pub id: Value,
}

/// A resource block whose imports are looked up, and what is planned when they are there.
pub(super) struct ImportsRead {
    targets: Vec<ImportTarget>,
    found: Vec<Found>,
    ready: Vec<Ready>,
    block: Arc<ResourceBlock>,
    schema: Arc<Schema>,
}

impl<'a> Planner<'a> {
    /// What import blocks ask for of a resource block, without what the state has already. None: something is wrong with
    /// them.
    ///
    /// `there` are the instances that the configuration has.
    pub(super) fn imports_of(
        &mut self,
        config: &ConfigResource,
        there: &HashSet<AbsInstance>,
    ) -> Option<Vec<ImportTarget>> {
        let blocks: Vec<Arc<ImportBlock>> = self
            .input
            .config
            .root()
            .imports
            .iter()
            .filter(|b| b.resource == *config)
            .cloned()
            .collect();
        // Of several for the same instance the last one counts.
        let mut targets: BTreeMap<AbsInstance, ImportTarget> = BTreeMap::new();
        let mut well = true;
        for block in &blocks {
            let (found, problems) = import_targets(block, &self.world);
            well &= !problems.has_errors();
            self.diagnostics.extend(problems);
            targets.extend(found.into_iter().map(|t| (t.address.clone(), t)));
        }
        targets.retain(|address, _| self.is_targeted(address));
        for address in targets.keys().filter(|a| !there.contains(a)) {
            well = false;
            self.diagnostics.push(
                Diagnostic::error(
                    "Configuration for import target does not exist",
                    format!("The configuration for the given import {address} does not exist. All target instances must have an associated configuration to be imported."),
                )
                .on(address.to_string()),
            );
        }
        // What is managed already is left as it is: the block may stay in the configuration for good.
        targets.retain(|address, _| self.prior.get(address).is_none_or(|p| p.current.is_none()));
        well.then(|| targets.into_values().collect())
    }

    /// Looks up the objects that a resource block imports.
    pub(super) fn start_imports(
        &mut self,
        node: NodeId,
        mut targets: Vec<ImportTarget>,
        ready: Vec<Ready>,
        block: &Arc<ResourceBlock>,
        schema: &Arc<Schema>,
    ) -> Progressed<'a> {
        let Some(live) = self.providers.get(&block.resolved_provider).cloned() else {
            return Progressed::Failed;
        };
        if !live.configured {
            for target in &targets {
                self.diagnostics
                    .push(unknown_provider(&target.address).at(target.block.header));
            }
            return Progressed::Failed;
        }
        // An instance that is not planned now (deferred) is imported when it is.
        let planned: HashSet<&AbsInstance> = ready.iter().map(|r| &r.address).collect();
        targets.retain(|t| planned.contains(&t.address));
        let observer = self.input.observer;
        let type_name = block.address.ty.to_string();
        let (block, schema) = (Arc::clone(block), Arc::clone(schema));
        Progressed::Wait(Box::pin(async move {
            let wishes = targets.iter().map(wish).collect();
            let found = look_up(&*live.provider, &type_name, wishes, observer).await;
            let read = ImportsRead {
                targets,
                found,
                ready,
                block,
                schema,
            };
            (node, Waiting::Imports(Box::new(read)))
        }))
    }

    /// Takes in what was looked up, and plans the block.
    pub(super) fn finish_imports(&mut self, node: NodeId, read: ImportsRead) -> bool {
        let before = self.diagnostics.len();
        let dependencies = self.dependency_names(node);
        let create_before_destroy = self.is_created_first(node);
        for (target, found) in read.targets.into_iter().zip(read.found) {
            let (value, private) = match found {
                Ok(found) => found,
                Err(mut problems) => {
                    problems.place(target.block.to.span);
                    self.diagnostics.extend(problems);
                    continue;
                }
            };
            let address = target.address;
            // The type says what is secret; what the configuration adds to that is a change.
            let marks = sensitive_paths(&schema::mark_sensitive(&read.schema.block, value.clone()))
                .into_iter()
                .map(|p| (p, Marks::SENSITIVE))
                .collect();
            let object = PriorObject {
                stored: value.clone(),
                current: value,
                marks,
                private,
                tainted: false,
                dependencies: dependencies.clone(),
                create_before_destroy,
                prevent_destroy: read.block.lifecycle.prevent_destroy,
                skip_destroy: read.block.lifecycle.skip_destroy,
            };
            self.prior_of
                .entry(address.config())
                .or_default()
                .push(address.clone());
            let prior = self.prior.entry(address.clone()).or_insert_with(|| Prior {
                address: address.clone(),
                moved_from: None,
                provider: read.block.resolved_provider.clone(),
                schema: Arc::clone(&read.schema),
                current: None,
                deposed: BTreeMap::new(),
            });
            prior.current = Some(object);
            self.imported.insert(
                address,
                Importing {
                    id: target.id,
                    generated_config: None,
                },
            );
        }
        if self.has_errors_since(before) {
            return false;
        }
        self.plan_ready(node, read.ready, &read.block, &read.schema);
        !self.has_errors_since(before)
    }

    /// Imports of what has no resource block: an error, or the block is written.
    pub(super) async fn import_without_block(&mut self) {
        let blocks: Vec<Arc<ImportBlock>> = self
            .input
            .config
            .root()
            .imports
            .iter()
            .filter(|b| self.input.config.resource(&b.resource).is_none())
            .cloned()
            .collect();
        for block in blocks {
            let (targets, problems) = import_targets(&block, &self.world);
            self.diagnostics.extend(problems);
            for target in targets {
                let limited = &self.input.options.targets;
                if !limited.is_empty() && !limited.iter().any(|t| t.covers(&target.address)) {
                    continue;
                }
                if let Err(found) = self.generate(&target).await {
                    self.diagnostics.extend(found);
                }
            }
        }
    }

    async fn generate(&mut self, target: &ImportTarget) -> Result<(), Diagnostics> {
        let address = &target.address;
        let block = &target.block;
        if !self.input.options.generate_config {
            return Err(Diagnostic::error(
                "Configuration for import target does not exist",
                format!("The configuration for the given import target {address} does not exist. If you wish to automatically generate config for this resource, use the -generate-config-out option within streamform plan. Otherwise, make sure the target resource exists within your configuration. For example:\n\n  streamform plan -generate-config-out=generated.tf"),
            )
            .at(block.to.span)
            .into());
        }
        if self.prior.contains_key(address) {
            return Err(Diagnostic::error(
                "Resource already managed by Streamform",
                format!("The state has an object for {address}, and the configuration has no block for it: it would be deleted, and cannot be imported. Write its resource block, or let it go with streamform state rm first."),
            )
            .at(block.to.span)
            .into());
        }
        // INVARIANT of the static checks: the provider is known and has the type.
        let Some(config) = &block.resolved_provider else {
            return Ok(());
        };
        let resource = &address.resource;
        let Some(schema) = self
            .input
            .registry
            .schema(&config.provider, resource.mode, &resource.ty)
        else {
            return Ok(());
        };
        let Some(live) = self.providers.get(config).cloned() else {
            // Told where it failed, or left out by -target: nothing in the configuration uses it then.
            return if self.diagnostics.has_errors() {
                Ok(())
            } else {
                Err(unknown_provider(address).at(block.header).into())
            };
        };
        if !live.configured {
            return Err(unknown_provider(address).at(block.header).into());
        }
        let wishes = vec![wish(target)];
        let mut found = look_up(&*live.provider, &resource.ty, wishes, self.input.observer).await;
        let (value, private) = match found.pop() {
            Some(Ok(found)) => found,
            Some(Err(mut problems)) => {
                problems.place(block.to.span);
                return Err(problems);
            }
            None => return Ok(()),
        };
        let object = schema::mark_sensitive(&schema.block, value);
        let named = block.provider_local_name();
        let implied = named.alias.is_none() && named.name == crate::config::implied_provider(&resource.ty);
        let text = generated_block(resource, (!implied).then_some(&named), &object, &schema.block);
        let importing = Importing {
            id: target.id.clone(),
            generated_config: Some(text.clone()),
        };
        self.generated.push(Generated {
            id: importing.id_text().to_owned(),
            text,
        });
        // What the block will say is what the object is. What is not in it (secrets, say) the next plan tells, when the
        // block is in use.
        self.changes.push(InstanceChange {
            address: address.clone(),
            previous_address: None,
            deposed: None,
            provider: config.clone(),
            schema,
            action: Action::NoOp,
            reason: None,
            explanation: None,
            before: object.clone(),
            after: object,
            replace_paths: Vec::new(),
            before_private: private.clone(),
            after_private: private,
            dependencies: Vec::new(),
            create_before_destroy: false,
            prevent_destroy: false,
            skip_destroy: false,
            importing: Some(importing),
        });
        Ok(())
    }
}

fn wish(target: &ImportTarget) -> Wish {
    Wish {
        address: target.address.clone(),
        id: target.id.clone(),
    }
}

pub(super) fn unknown_provider(address: &AbsInstance) -> Diagnostic {
    Diagnostic::error(
        "Invalid provider configuration",
        format!(
            "The configuration of the provider of {address} depends on values that cannot be determined until apply, so nothing can be imported with it. Apply what it depends on first, with -target for instance."
        ),
    )
}

/// Finds the objects, and reads them as they are now, all in one group. The answers are in the order of the wishes.
pub(super) async fn look_up(
    provider: &dyn Provider,
    type_name: &str,
    wishes: Vec<Wish>,
    observer: &dyn Observer,
) -> Vec<Found> {
    let shown =
        |wish: &Wish| (!wish.id.is_sensitive()).then(|| wish.id.as_str().unwrap_or_default().to_owned());
    let found: Vec<Result<Imported, Diagnostics>> = futures_util::stream::iter(&wishes)
        .map(|wish| async move {
            let address = wish.address.to_string();
            let event = |completed: bool| match completed {
                false => Event::Started {
                    address: address.clone(),
                    operation: Operation::FindImport,
                    id: shown(wish),
                },
                true => Event::Completed {
                    address: address.clone(),
                    operation: Operation::FindImport,
                    id: shown(wish),
                    elapsed: std::time::Duration::ZERO,
                },
            };
            observer.event(event(false));
            let answer = provider
                .import(type_name, wish.id.as_str().unwrap_or_default())
                .await;
            observer.event(event(true));
            only_one(answer, type_name, &address)
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut requests = Vec::new();
    for (wish, object) in wishes.iter().zip(&found) {
        if let Ok(object) = object {
            observer.event(Event::Started {
                address: wish.address.to_string(),
                operation: Operation::Refresh,
                id: super::prior::display_id(&object.state),
            });
            requests.push(ReadRequest {
                type_name: type_name.to_owned(),
                prior: object.state.clone(),
                private: object.private.clone(),
            });
        }
    }
    let began = std::time::Instant::now();
    let mut answers = if requests.is_empty() {
        Vec::new()
    } else {
        provider.read(requests).await
    }
    .into_iter();
    wishes
        .iter()
        .zip(found)
        .map(|(wish, object)| {
            let object = object?;
            let address = wish.address.to_string();
            let Some(answer) = answers.next() else {
                return Err(none(&address).into());
            };
            observer.event(Event::Completed {
                address: address.clone(),
                operation: Operation::Refresh,
                id: super::prior::display_id(&answer.state),
                elapsed: began.elapsed(),
            });
            if has_errors(&answer.findings) {
                return Err(place_findings(answer.findings, None, None, Some(&address)));
            }
            if answer.state.is_null() {
                return Err(none(&address).into());
            }
            Ok((answer.state, answer.private.or(object.private)))
        })
        .collect()
}

/// The object of an import; several, or one of another type, cannot be what was meant.
fn only_one(
    answer: Result<Vec<Imported>, streamform_provider::protocol::Findings>,
    type_name: &str,
    address: &str,
) -> Result<Imported, Diagnostics> {
    let mut objects = answer.map_err(|found| place_findings(found, None, None, Some(address)))?;
    let more = objects.len() > 1;
    match objects.pop() {
        Some(object) if !more && object.type_name == type_name && !object.state.is_null() => Ok(object),
        Some(object) if more => Err(Diagnostic::error(
            "Multiple import states not supported",
            format!("For this import id the provider gave several objects, the last of type {}. Import each of them by an id of its own.", object.type_name),
        )
        .on(address)
        .into()),
        _ => Err(none(address).into()),
    }
}

fn none(address: &str) -> Diagnostic {
    Diagnostic::error(
        "Cannot import non-existent remote object",
        format!("While attempting to import an existing object to \"{address}\", the provider detected that no object exists with the given id. Only pre-existing objects can be imported; check that the id is correct and that it is associated with the provider's configured region or endpoint, or use \"streamform apply\" to create a new remote object for this resource."),
    )
    .on(address)
}
