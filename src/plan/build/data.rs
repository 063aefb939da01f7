//! Data sources during the walk: read at once, or left for apply with the reason.

use std::sync::Arc;
use std::time::Instant;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::value::Value;
use streamform_provider::protocol::Findings;
use streamform_provider::schema;
use streamform_provider::schema::Schema;

use super::ConfigValue;
use super::place_findings;
use super::prior;
use super::walk::Planner;
use super::walk::Progressed;
use super::walk::Waiting;
use crate::config::ResourceBlock;
use crate::deps::NodeId;
use crate::eval::ModuleInstanceId;
use crate::eval::Repetition;
use crate::plan::Action;
use crate::plan::ActionReason;
use crate::plan::Event;
use crate::plan::InstanceChange;
use crate::plan::Operation;

use super::resource::Ready;

/// A data source that was read.
pub(super) struct DataRead {
    module: ModuleInstanceId,
    address: AbsInstance,
    repetition: Repetition,
    config: ConfigValue,
    answer: Result<Value, Findings>,
}

impl<'a> Planner<'a> {
    pub(super) fn start_data(
        &mut self,
        node: NodeId,
        ready: Vec<Ready>,
        block: &Arc<ResourceBlock>,
        schema: &Arc<Schema>,
    ) -> Progressed<'a> {
        let Some(live) = self.providers.get(&block.resolved_provider).cloned() else {
            return Progressed::Failed;
        };
        let pending = self.has_pending(node);
        let mut now = Vec::new();
        for one in ready {
            let reason = if !one.config.value.is_wholly_known() || !live.configured {
                Some(ActionReason::ReadBecauseConfigUnknown)
            } else if pending {
                Some(ActionReason::ReadBecauseDependencyPending)
            } else {
                None
            };
            let Some(reason) = reason else {
                now.push(one);
                continue;
            };
            let unread = schema::proposed(&prior::absent(schema), &one.config.value, &schema.block);
            let after = schema::mark_sensitive(
                &schema.block,
                schema::unknown_computed(&unread, &schema.block).mark_with_paths(&one.config.marks),
            );
            self.world.set_instance(
                one.module,
                &one.address.resource,
                one.address.key.clone(),
                after.clone(),
            );
            let change = self.data_change(&one.address, block, schema, Action::Read, Some(reason), after);
            self.push(change);
        }
        if now.is_empty() {
            return Progressed::Done;
        }
        let observer = self.input.observer;
        let type_name = block.address.ty.to_string();
        Progressed::Wait(Box::pin(async move {
            let reads = now.into_iter().map(|one| {
                let provider = Arc::clone(&live.provider);
                let type_name = type_name.clone();
                async move {
                    let began = Instant::now();
                    let shown = one.address.to_string();
                    observer.event(Event::Started {
                        address: shown.clone(),
                        operation: Operation::Read,
                        id: None,
                    });
                    let answer = provider.read_data(&type_name, one.config.value.clone()).await;
                    let elapsed = began.elapsed();
                    observer.event(match &answer {
                        Ok(v) => Event::Completed {
                            address: shown,
                            operation: Operation::Read,
                            id: prior::display_id(v),
                            elapsed,
                        },
                        Err(_) => Event::Failed {
                            address: shown,
                            operation: Operation::Read,
                            elapsed,
                        },
                    });
                    DataRead {
                        module: one.module,
                        address: one.address,
                        repetition: one.repetition,
                        config: one.config,
                        answer,
                    }
                }
            });
            (node, Waiting::Data(futures_util::future::join_all(reads).await))
        }))
    }

    /// Takes in what data sources answered.
    pub(super) fn finish_data(&mut self, _node: NodeId, reads: Vec<DataRead>) -> bool {
        let mut well = true;
        for read in reads {
            let config = read.address.config();
            let Some(block) = self.input.config.resource(&config).cloned() else {
                continue;
            };
            let Some(schema) = self.input.registry.schema(
                &block.resolved_provider.provider,
                read.address.resource.mode,
                &read.address.resource.ty,
            ) else {
                continue;
            };
            match read.answer {
                Ok(value) => {
                    let value =
                        schema::mark_sensitive(&schema.block, value.mark_with_paths(&read.config.marks));
                    self.world.set_instance(
                        read.module,
                        &read.address.resource,
                        read.address.key.clone(),
                        value.clone(),
                    );
                    let change =
                        self.data_change(&read.address, &block, &schema, Action::NoOp, None, value.clone());
                    self.push(change);
                    well &= self.conditions(
                        &block.lifecycle.postconditions,
                        read.module,
                        &read.address,
                        &read.repetition,
                        Some(&value),
                        "postcondition",
                    );
                }
                Err(found) => {
                    well = false;
                    let address = read.address.to_string();
                    self.diagnostics.extend(place_findings(
                        found,
                        Some(&block.body),
                        Some(block.header),
                        Some(&address),
                    ));
                }
            }
        }
        well
    }

    fn data_change(
        &self,
        address: &AbsInstance,
        block: &ResourceBlock,
        schema: &Arc<Schema>,
        action: Action,
        reason: Option<ActionReason>,
        after: Value,
    ) -> InstanceChange {
        InstanceChange {
            address: address.clone(),
            previous_address: None,
            deposed: None,
            provider: block.resolved_provider.clone(),
            schema: Arc::clone(schema),
            action,
            reason,
            explanation: None,
            before: if action == Action::Read {
                prior::absent(schema)
            } else {
                after.clone()
            },
            after,
            replace_paths: Vec::new(),
            before_private: None,
            after_private: None,
            dependencies: Vec::new(),
            create_before_destroy: false,
            prevent_destroy: false,
            importing: None,
        }
    }

    /// Whether something that a data source names in `depends_on` (its own, or of a module around it) changes.
    fn has_pending(&self, node: NodeId) -> bool {
        self.input.graph.explicit_dependencies(node).iter().any(|n| {
            let crate::deps::NodeKind::Resource(module, resource) = self.input.graph.kind(*n) else {
                return false;
            };
            self.changing.contains(&ConfigResource {
                module: self.input.config.module(*module).path.clone(),
                resource: resource.clone(),
            })
        })
    }
}
