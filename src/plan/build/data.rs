//! Data sources during the walk: read at once, or left for apply with the reason.

use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Severity;
use streamform_lang::value::Name;
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
use crate::plan::CheckKind;
use crate::plan::CheckStatus;
use crate::plan::InstanceChange;
use crate::plan::Operation;
use crate::plan::PlanMode;
use crate::plan::observed;

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
            let after = unread(&one.config, schema);
            self.world.set_instance(
                one.module,
                &one.address.resource,
                one.address.key.clone(),
                after.clone(),
            );
            // A plan that only refreshes leaves nothing for later.
            if self.input.options.mode == PlanMode::Normal {
                let change = self.data_change(&one.address, block, schema, Action::Read, Some(reason), after);
                self.changes.push(change);
            }
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
                    let read = provider.read_data(&type_name, one.config.value.clone());
                    let shown = one.address.to_string();
                    let answer = observed(observer, shown, Operation::Read, read, prior::display_id).await;
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
            match read.answer.clone() {
                Ok(value) => {
                    let value =
                        schema::mark_sensitive(&schema.block, value.mark_with_paths(&read.config.marks));
                    self.world.set_instance(
                        read.module,
                        &read.address.resource,
                        read.address.key.clone(),
                        value.clone(),
                    );
                    // What a check reads is read again by apply: the check is about what is then.
                    let (action, reason) = match block.check {
                        Some(_) if self.input.options.mode == PlanMode::Normal => {
                            (Action::Read, Some(ActionReason::ReadBecauseCheckNested))
                        }
                        _ => (Action::NoOp, None),
                    };
                    let change =
                        self.data_change(&read.address, &block, &schema, action, reason, value.clone());
                    self.changes.push(change);
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
                    let address = read.address.to_string();
                    let found = place_findings(found, Some(&block.body), Some(block.header), Some(&address));
                    match block.check.clone() {
                        Some(check) => self.unread_in_check(&read, &check, found, &block, &schema),
                        None => {
                            well = false;
                            self.diagnostics.extend(found);
                        }
                    }
                }
            }
        }
        well
    }

    /// The data source of a check could not be read: that is a failure of the check, and no reason to stop.
    fn unread_in_check(
        &mut self,
        read: &DataRead,
        check: &Name,
        found: Diagnostics,
        block: &ResourceBlock,
        schema: &Arc<Schema>,
    ) {
        let messages = found
            .iter()
            .map(|d| format!("{}: {}", d.summary, d.detail))
            .collect();
        self.diagnostics.extend(as_warnings(found));
        let after = unread(&read.config, schema);
        self.world.set_instance(
            read.module,
            &read.address.resource,
            read.address.key.clone(),
            after.clone(),
        );
        let reason = Some(ActionReason::ReadBecauseCheckNested);
        let change = self.data_change(&read.address, block, schema, Action::Read, reason, after);
        self.changes.push(change);
        let within = |module: String| match module.as_str() {
            "" => format!("check.{check}"),
            module => format!("{module}.check.{check}"),
        };
        self.record_check(
            CheckKind::Check,
            within(read.address.module.module().to_string()),
            within(read.address.module.to_string()),
            CheckStatus::Fail,
            messages,
        );
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
            skip_destroy: false,
            importing: None,
        }
    }

    /// Whether something that a data source or an ephemeral resource names in `depends_on` (its own, or of a module around it) changes.
    pub(super) fn has_pending(&mut self, node: NodeId) -> bool {
        self.input.graph.explicit_dependencies(node).iter().any(|n| {
            let crate::deps::NodeKind::Resource(module, resource) = self.input.graph.kind(*n) else {
                return false;
            };
            let block = ConfigResource {
                module: self.input.config.module(*module).path.clone(),
                resource: resource.clone(),
            };
            self.planned.is_changing(&self.changes, &block)
        })
    }
}

/// A data source before it is read: its configuration, and nothing else known.
fn unread(config: &ConfigValue, schema: &Schema) -> Value {
    let unread = schema::proposed(&prior::absent(schema), &config.value, &schema.block);
    schema::mark_sensitive(
        &schema.block,
        schema::unknown_computed(&unread, &schema.block).mark_with_paths(&config.marks),
    )
}

/// A check never stops a run: its errors are told as warnings.
pub fn as_warnings(found: Diagnostics) -> Diagnostics {
    found
        .into_iter()
        .map(|d| Diagnostic {
            severity: Severity::Warning,
            ..d
        })
        .collect()
}
