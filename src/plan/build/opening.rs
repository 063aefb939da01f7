//! When an apply opens and closes ephemeral resources: what uses one runs in between, and one that nothing uses is not opened.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap as HashMap;
use rustc_hash::FxHashSet as HashSet;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::Mode;

use super::order::Blocks;
use super::order::block_of;
use super::order::resources_below;
use super::walk::PlanInput;
use crate::deps::NodeId;
use crate::deps::NodeKind;
use crate::plan::ExecutionGraph;
use crate::plan::Step;
use crate::plan::StepId;

/// The steps of an ephemeral resource.
pub(super) struct Opening {
    node: NodeId,
    pub(super) provider: AbsProviderConfig,
    pub(super) open: StepId,
    pub(super) close: StepId,
}

/// The ephemeral resources that something uses which is made, changed or read, or the configuration of a provider that does
/// something.
pub(super) fn openings(
    input: &PlanInput<'_>,
    graph: &mut ExecutionGraph,
    blocks: &Blocks,
    providers: &BTreeMap<AbsProviderConfig, Vec<StepId>>,
) -> Vec<Opening> {
    if !input.graph.order().iter().any(|n| input.graph.is_ephemeral(*n)) {
        return Vec::new();
    }
    let mut needed: HashSet<NodeId> = HashSet::default();
    let mut at_work: HashSet<&AbsProviderConfig> = providers.keys().collect();
    let mut found = Vec::new();
    // From the end: whatever uses a node stands behind it.
    for node in input.graph.order().iter().rev() {
        let uses = match input.graph.kind(*node) {
            NodeKind::Provider(address) => at_work.contains(address),
            NodeKind::Resource(module, resource) if resource.mode == Mode::Ephemeral => {
                let config = block_of(input, *module, resource);
                let block = input.config.resource(&config).filter(|_| needed.contains(node));
                if let Some(block) = block {
                    at_work.insert(&block.resolved_provider);
                    found.push(Opening {
                        node: *node,
                        open: graph.add(Step::Open(config.clone())),
                        close: graph.add(Step::CloseEphemeral(config)),
                        provider: block.resolved_provider.clone(),
                    });
                }
                block.is_some()
            }
            NodeKind::Resource(module, resource) => blocks
                .get(&block_of(input, *module, resource))
                .is_some_and(|own| !own.forward.is_empty()),
            _ => false,
        };
        if uses {
            needed.extend(input.graph.resource_dependencies(*node).iter().copied());
        }
    }
    found
}

/// Opens each behind what it needs, and closes it behind everything that uses it.
pub(super) fn order_openings(
    input: &PlanInput<'_>,
    graph: &mut ExecutionGraph,
    openings: &[Opening],
    blocks: &Blocks,
    providers: &HashMap<AbsProviderConfig, (StepId, StepId)>,
) {
    if openings.is_empty() {
        return;
    }
    let by_node: HashMap<NodeId, &Opening> = openings.iter().map(|o| (o.node, o)).collect();
    for opening in openings {
        graph.order(opening.open, opening.close);
        let below = resources_below(input, opening.node);
        for own in below.iter().filter_map(|name| blocks.get(name)) {
            own.forward.iter().for_each(|s| graph.order(*s, opening.open));
            // What goes for good goes when nobody needs it any more; what is replaced is needed anew.
            if own.forward.is_empty() {
                let deletes = own.delete.iter().chain(&own.delete_late);
                deletes.for_each(|s| graph.order(opening.close, *s));
            }
        }
    }
    for node in input.graph.order() {
        // The first and the last steps of what may use one.
        let steps: Vec<(StepId, StepId)> = match input.graph.kind(*node) {
            NodeKind::Provider(address) => providers.get(address).copied().into_iter().collect(),
            NodeKind::Resource(module, resource) => match by_node.get(node) {
                Some(other) => vec![(other.open, other.close)],
                None => blocks
                    .get(&block_of(input, *module, resource))
                    .map(|own| own.forward.iter().map(|s| (*s, *s)).collect())
                    .unwrap_or_default(),
            },
            _ => continue,
        };
        if steps.is_empty() {
            continue;
        }
        for used in input.graph.resource_dependencies(*node).iter() {
            let Some(opening) = by_node.get(used) else {
                continue;
            };
            for (first, last) in &steps {
                graph.order(opening.open, *first);
                graph.order(*last, opening.close);
            }
        }
    }
}
