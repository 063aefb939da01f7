//! Ephemeral resources: opened when the walk comes to them, closed when it has ended. An apply opens them anew.

use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::Resource;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Marks;
use streamform_lang::value::Value;
use streamform_provider::Provider;
use streamform_provider::protocol::Findings;
use streamform_provider::protocol::Opened;
use streamform_provider::protocol::Private;
use streamform_provider::schema;
use streamform_provider::schema::Schema;

use super::ConfigValue;
use super::LiveProviders;
use super::place_findings;
use super::prior;
use super::resource::Ready;
use super::walk::Planner;
use super::walk::Progressed;
use super::walk::Waiting;
use crate::config::ResourceBlock;
use crate::deps;
use crate::deps::NodeId;
use crate::deps::NodeKind;
use crate::eval::ModuleInstanceId;
use crate::plan::Observer;
use crate::plan::Operation;
use crate::plan::observed;

/// An instance that is open.
pub struct Open {
    address: AbsInstance,
    provider: Arc<dyn Provider>,
    private: Private,
}

/// How the opening of an instance ended.
pub type OpenAnswer = (Ready, Result<(Opened, Open), Findings>);

/// Opens the instances of a block, all at the same time.
pub async fn open_instances(
    provider: Arc<dyn Provider>,
    wanted: Vec<Ready>,
    observer: &dyn Observer,
) -> Vec<OpenAnswer> {
    let opens = wanted.into_iter().map(|one| {
        let provider = Arc::clone(&provider);
        async move {
            let type_name = one.address.resource.ty.clone();
            let call = provider.open(&type_name, one.config.value.clone());
            let address = one.address.to_string();
            let answer = observed(observer, address, Operation::Open, call, |_| None).await;
            let answer = answer.map(|opened| {
                let open = Open {
                    address: one.address.clone(),
                    provider: Arc::clone(&provider),
                    private: opened.private.clone(),
                };
                (opened, open)
            });
            (one, answer)
        }
    });
    futures_util::future::join_all(opens).await
}

/// Closes instances, the last one first: it may have been opened with what an earlier one gave.
pub async fn close_instances(open: Vec<Open>, observer: &dyn Observer) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for one in open.into_iter().rev() {
        let call = async {
            let type_name = &one.address.resource.ty;
            let findings = one.provider.close_ephemeral(type_name, one.private.clone()).await;
            if findings.is_empty() {
                Ok(())
            } else {
                Err(findings)
            }
        };
        let address = one.address.to_string();
        let closing = observed(observer, address.clone(), Operation::CloseEphemeral, call, |()| {
            None
        });
        if let Err(findings) = closing.await {
            diagnostics.extend(place_findings(findings, None, None, Some(&address)));
        }
    }
    diagnostics
}

/// The value of an instance with its secrets marked. What expressions see of it is ephemeral as a whole.
pub fn with_secrets(value: Value, config: &ConfigValue, schema: &Schema) -> Value {
    let sensitive: Vec<_> = config
        .marks
        .iter()
        .filter(|(_, marks)| marks.contains(Marks::SENSITIVE))
        .map(|(path, _)| (path.clone(), Marks::SENSITIVE))
        .collect();
    schema::mark_sensitive(&schema.block, value.mark_with_paths(&sensitive))
}

/// Whether the configuration of a provider needs a node, directly or not: then also a destroy needs it.
fn serves_a_provider(graph: &deps::Graph, node: NodeId) -> bool {
    let mut stack = vec![node];
    let mut seen = rustc_hash::FxHashSet::default();
    while let Some(node) = stack.pop() {
        if matches!(graph.kind(node), NodeKind::Provider(_)) {
            return true;
        }
        if seen.insert(node) {
            stack.extend(graph.dependents(node));
        }
    }
    false
}

/// What is closed has configured some providers: they are to be configured anew.
pub(super) fn forget_configured(graph: &deps::Graph, providers: &mut LiveProviders) {
    for node in graph.order() {
        let NodeKind::Provider(address) = graph.kind(*node) else {
            continue;
        };
        let used = graph.resource_dependencies(*node);
        if used.iter().any(|n| graph.is_ephemeral(*n)) {
            providers.remove(address);
        }
    }
}

impl<'a> Planner<'a> {
    /// Whether a destroy goes on without an ephemeral resource.
    pub(super) fn is_superfluous(&self, node: NodeId) -> bool {
        !serves_a_provider(self.input.graph, node)
    }

    /// Opens what can be opened now; the rest is not known before apply.
    pub(super) fn start_ephemeral(
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
            if one.config.value.is_wholly_known() && live.configured && !pending {
                now.push(one);
                continue;
            }
            let unread = schema::proposed(&prior::absent(schema), &one.config.value, &schema.block);
            let unknown = schema::unknown_computed(&unread, &schema.block);
            let value = with_secrets(unknown, &one.config, schema).with_marks(Marks::EPHEMERAL);
            self.put_ephemeral(one.module, &one.address, value);
        }
        if now.is_empty() {
            return Progressed::Done;
        }
        let observer = self.input.observer;
        Progressed::Wait(Box::pin(async move {
            let answers = open_instances(live.provider, now, observer).await;
            (node, Waiting::Opened(answers))
        }))
    }

    /// Closes what is open: nothing is asked of a provider any more that was configured from it.
    pub(super) async fn close_ephemeral(&mut self) {
        let open = std::mem::take(&mut self.open);
        let found = close_instances(open, self.input.observer).await;
        self.diagnostics.extend(found);
    }

    /// Takes in what was opened.
    pub(super) fn finish_ephemeral(&mut self, answers: Vec<OpenAnswer>) -> bool {
        let mut well = true;
        for (one, answer) in answers {
            let Some(block) = self.input.config.resource(&one.address.config()).cloned() else {
                continue;
            };
            let Resource { mode, ty, .. } = &one.address.resource;
            let provider = &block.resolved_provider.provider;
            let Some(schema) = self.input.registry.schema(provider, *mode, ty) else {
                continue;
            };
            match answer {
                Ok((opened, open)) => {
                    self.open.push(open);
                    let value = with_secrets(opened.result, &one.config, &schema);
                    self.input.observer.secret(&value);
                    let value = value.with_marks(Marks::EPHEMERAL);
                    self.put_ephemeral(one.module, &one.address, value.clone());
                    well &= self.conditions(
                        &block.lifecycle.postconditions,
                        one.module,
                        &one.address,
                        &one.repetition,
                        Some(&value),
                        "postcondition",
                    );
                }
                Err(findings) => {
                    well = false;
                    let address = one.address.to_string();
                    let found =
                        place_findings(findings, Some(&block.body), Some(block.header), Some(&address));
                    self.diagnostics.extend(found);
                }
            }
        }
        well
    }

    fn put_ephemeral(&mut self, module: ModuleInstanceId, address: &AbsInstance, value: Value) {
        self.world
            .set_instance(module, &address.resource, address.key.clone(), value);
    }
}
