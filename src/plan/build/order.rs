//! The execution graph: which step waits for which.
//!
//! Rules, for resource blocks A and B where B depends on A:
//!
//! * steps that make, change or read B wait for those of A, and for deletions of single instances of A;
//! * deleting an object of A waits for the deletion of every object that depended on it when it was made (the state
//!   remembers that), also through objects that stay;
//! * an object of A that is replaced by creating first is deleted after everything that depends on A has moved over;
//! * what changes waits until what it needed, or what needed it, is gone (`remembered.rs`);
//! * a provider is configured after what its configuration refers to, closed after its last step, and only then is
//!   what it refers to deleted.
//!
//! Blocks with many instances meet in a gathering step, so the number of edges stays in proportion to blocks and
//! instances.

use std::collections::BTreeMap;

use petgraph::graph::DiGraph;
use petgraph::graph::NodeIndex;
use petgraph::visit::Dfs;
use rustc_hash::FxHashMap as HashMap;
use rustc_hash::FxHashSet as HashSet;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;

use super::opening::openings;
use super::opening::order_openings;
use super::prior::Prior;
use super::remembered::Remembered;
use super::remembered::steps_by_name;
use super::walk::PlanInput;
use crate::deps::NodeId;
use crate::deps::NodeKind;
use crate::plan::Action;
use crate::plan::ExecutionGraph;
use crate::plan::InstanceChange;
use crate::plan::Step;
use crate::plan::StepId;

/// The steps of one block.
#[derive(Default)]
pub(super) struct BlockSteps {
    /// Create, update, read.
    pub(super) forward: Vec<StepId>,
    /// Those of them that change or replace an object.
    pub(super) anew: Vec<StepId>,
    /// Delete, before what depends on the block goes on.
    pub(super) delete: Vec<StepId>,
    /// Delete, after what depends on the block has gone on.
    pub(super) delete_late: Vec<StepId>,
    /// Whether an object is deleted and then made anew.
    replaced: bool,
}

/// The steps of all blocks that have any.
pub(super) type Blocks = HashMap<ConfigResource, BlockSteps>;

/// Builds the graph for planned changes. Where blocks change roles what the state remembers of the order of makes and deletes may
/// contradict the configuration: then only that of deletes among each other is kept. `unjudged` are instances with conditions of
/// which not enough is known yet.
pub(super) fn execution_graph(
    input: &PlanInput<'_>,
    changes: &[InstanceChange],
    prior: &BTreeMap<AbsInstance, Prior>,
    unjudged: &HashSet<&str>,
) -> Result<ExecutionGraph, Diagnostics> {
    // What the state remembers is worth a look only where something goes.
    let goes = |c: &InstanceChange| c.action.deletes();
    let remembered = changes.iter().any(goes).then(|| Remembered::of(prior));
    let ordered = |makes_too| ordered(input, changes, unjudged, remembered.as_ref(), makes_too);
    ordered(true).or_else(|found| {
        if remembered.is_some() {
            ordered(false)
        } else {
            Err(found)
        }
    })
}

fn ordered(
    input: &PlanInput<'_>,
    changes: &[InstanceChange],
    unjudged: &HashSet<&str>,
    remembered: Option<&Remembered>,
    makes_too: bool,
) -> Result<ExecutionGraph, Diagnostics> {
    let mut graph = ExecutionGraph::default();
    let mut blocks = Blocks::default();
    let mut users: BTreeMap<AbsProviderConfig, Vec<StepId>> = BTreeMap::new();
    for (i, change) in changes.iter().enumerate() {
        let block = || change.address.config();
        let mut of_provider = Vec::new();
        match change.action {
            Action::NoOp => {
                if !unjudged.is_empty() && unjudged.contains(change.address.to_string().as_str()) {
                    let step = graph.add(Step::Judge(i));
                    blocks.entry(block()).or_default().forward.push(step);
                }
            }
            Action::Create
            | Action::Update
            | Action::Read
            | Action::CreateThenDelete
            | Action::CreateThenForget => {
                let step = graph.add(match change.action {
                    Action::Update => Step::Update(i),
                    Action::Read => Step::Read(i),
                    _ => Step::Create(i),
                });
                let steps = blocks.entry(block()).or_default();
                steps.forward.push(step);
                if change.action != Action::Create && change.action != Action::Read {
                    steps.anew.push(step);
                }
                of_provider.push(step);
                if change.action == Action::CreateThenForget {
                    let late = graph.add(Step::Forget(i));
                    graph.order(step, late);
                }
                if change.action == Action::CreateThenDelete {
                    let late = graph.add(Step::DeleteDeposed(i));
                    graph.order(step, late);
                    steps.delete_late.push(late);
                    of_provider.push(late);
                }
            }
            Action::DeleteThenCreate => {
                let delete = graph.add(Step::Delete(i));
                let create = graph.add(Step::Create(i));
                graph.order(delete, create);
                let steps = blocks.entry(block()).or_default();
                steps.delete.push(delete);
                steps.forward.push(create);
                steps.anew.push(create);
                steps.replaced = true;
                of_provider.extend([delete, create]);
            }
            Action::Delete => {
                let late = change.deposed.is_some() || change.create_before_destroy;
                let step = graph.add(if change.deposed.is_some() {
                    Step::DeleteDeposed(i)
                } else {
                    Step::Delete(i)
                });
                let steps = blocks.entry(block()).or_default();
                if late {
                    steps.delete_late.push(step);
                } else {
                    steps.delete.push(step);
                }
                of_provider.push(step);
            }
            Action::Forget => {
                let step = graph.add(Step::Forget(i));
                blocks.entry(block()).or_default().forward.push(step);
            }
        }
        if !of_provider.is_empty() {
            users
                .entry(change.provider.clone())
                .or_default()
                .extend(of_provider);
        }
    }
    set_aside_last(changes, &mut graph);
    let openings = openings(input, &mut graph, &blocks, &users);
    for opening in &openings {
        let of_provider = users.entry(opening.provider.clone()).or_default();
        of_provider.extend([opening.open, opening.close]);
    }
    let below = blocks_below_providers(input, &users);
    order_forward(input, &mut graph, &blocks);
    if let Some(remembered) = remembered {
        order_deletes(changes, remembered, &mut graph, &blocks, &below);
        if makes_too {
            remembered.order(&mut graph, &blocks);
        }
    }
    let providers = order_providers(input, &mut graph, &blocks, &users, &below);
    order_openings(input, &mut graph, &openings, &blocks, &providers);
    match graph.cycle() {
        None => Ok(graph),
        Some(cycle) => Err(cycle_error(&graph, changes, &cycle)),
    }
}

/// What an earlier run has set aside goes only when its successor is made or changed: as in Terraform it stays if that fails.
fn set_aside_last(changes: &[InstanceChange], graph: &mut ExecutionGraph) {
    let of = |i: usize| changes.get(i).map(|c| &c.address);
    let mut late: Vec<(&AbsInstance, StepId)> = Vec::new();
    for (id, step) in graph.steps() {
        if let Step::DeleteDeposed(i) = step
            && changes.get(*i).is_some_and(|c| c.deposed.is_some())
            && let Some(address) = of(*i)
        {
            late.push((address, id));
        }
    }
    if late.is_empty() {
        return;
    }
    let mut successors: HashMap<&AbsInstance, StepId> = HashMap::default();
    for (id, step) in graph.steps() {
        if let Step::Create(i) | Step::Update(i) = step
            && let Some(address) = of(*i)
        {
            successors.insert(address, id);
        }
    }
    for (address, id) in late {
        if let Some(successor) = successors.get(address) {
            graph.order(*successor, id);
        }
    }
}

/// Orders what is made and changed.
fn order_forward(input: &PlanInput<'_>, graph: &mut ExecutionGraph, blocks: &Blocks) {
    // For each node of the configuration the step after which it is done.
    let mut gathered: HashMap<NodeId, StepId> = HashMap::default();
    // What must have happened before a late deletion of a block: everything that depends on it has gone on.
    let mut late: HashMap<NodeId, StepId> = HashMap::default();
    for node in input.graph.order() {
        let of_dependencies = input.graph.dependencies(*node).iter();
        let mut before: Vec<StepId> = of_dependencies.filter_map(|d| gathered.get(d).copied()).collect();
        before.sort_unstable();
        before.dedup();
        let NodeKind::Resource(module, resource) = input.graph.kind(*node) else {
            // Variables, locals, outputs and calls only pass on what they wait for.
            match before.as_slice() {
                [] => {}
                [one] => {
                    gathered.insert(*node, *one);
                }
                many => {
                    let hub = graph.add(Step::Gather(String::new()));
                    many.iter().for_each(|s| graph.order(*s, hub));
                    gathered.insert(*node, hub);
                }
            }
            continue;
        };
        let block = block_of(input, *module, resource);
        let own = blocks.get(&block);
        let forward = own.map(|b| b.forward.as_slice()).unwrap_or_default();
        let entry = match (before.len(), forward.len()) {
            (0, _) => None,
            (1, _) => before.first().copied(),
            (_, 0 | 1) => None,
            _ => {
                let hub = graph.add(Step::Gather(block.to_string()));
                before.iter().for_each(|s| graph.order(*s, hub));
                Some(hub)
            }
        };
        for step in forward {
            match entry {
                Some(hub) => graph.order(hub, *step),
                None => before.iter().for_each(|s| graph.order(*s, *step)),
            }
        }
        let mut done: Vec<StepId> = forward.to_vec();
        done.extend(own.map(|b| b.delete.as_slice()).unwrap_or_default());
        if forward.is_empty() {
            done.extend(
                entry
                    .iter()
                    .copied()
                    .chain(before.iter().copied().filter(|_| entry.is_none())),
            );
        }
        done.sort();
        done.dedup();
        match done.as_slice() {
            [] => {}
            [one] => {
                gathered.insert(*node, *one);
            }
            many => {
                let hub = graph.add(Step::Gather(block.to_string()));
                many.iter().for_each(|s| graph.order(*s, hub));
                gathered.insert(*node, hub);
            }
        }
        if let Some(own) = own.filter(|b| !b.delete_late.is_empty()) {
            let hub = graph.add(Step::Gather(format!("{block} (what depends on it)")));
            own.delete_late.iter().for_each(|s| graph.order(hub, *s));
            late.insert(*node, hub);
        }
    }
    if !late.is_empty() {
        for node in input.graph.order() {
            let NodeKind::Resource(module, resource) = input.graph.kind(*node) else {
                continue;
            };
            let Some(own) = blocks.get(&block_of(input, *module, resource)) else {
                continue;
            };
            for dependency in input.graph.resource_dependencies(*node).iter() {
                if let Some(hub) = late.get(dependency) {
                    own.forward.iter().for_each(|s| graph.order(*s, *hub));
                }
            }
        }
    }
}

pub(super) fn block_of(
    input: &PlanInput<'_>,
    module: crate::config::ModuleId,
    resource: &streamform_lang::addrs::Resource,
) -> ConfigResource {
    ConfigResource {
        module: input.config.module(module).path.clone(),
        resource: resource.clone(),
    }
}

/// Orders deletions by what the state remembers of dependencies.
fn order_deletes(
    changes: &[InstanceChange],
    remembered: &Remembered,
    graph: &mut ExecutionGraph,
    blocks: &Blocks,
    below: &HashMap<AbsProviderConfig, Vec<ConfigResource>>,
) {
    if blocks
        .values()
        .all(|b| b.delete.is_empty() && b.delete_late.is_empty())
    {
        return;
    }
    let stored = &remembered.graph;
    let by_name = &steps_by_name(blocks);
    let made_before = made_before_deletes(changes, graph, blocks, below);
    // One gathering step a block: everything that depended on it is deleted.
    let mut hubs: HashMap<NodeIndex, StepId> = HashMap::default();
    for node in stored.node_indices() {
        hubs.insert(
            node,
            graph.add(Step::Gather(format!("{} (dependents deleted)", stored[node]))),
        );
    }
    for node in stored.node_indices() {
        let Some(hub) = hubs.get(&node).copied() else {
            continue;
        };
        let own = by_name.get(stored[node].as_str());
        let deletes: Vec<StepId> = own
            .map(|b| b.delete.iter().chain(&b.delete_late).copied().collect())
            .unwrap_or_default();
        deletes.iter().for_each(|s| graph.order(hub, *s));
        for dependency in stored.neighbors(node) {
            if remembered.circle[dependency.index()] == remembered.circle[node.index()] {
                continue;
            }
            if let Some(before) = made_before.get(&stored[node])
                && reaches(stored, dependency, before)
            {
                continue;
            }
            if let Some(later) = hubs.get(&dependency) {
                if deletes.is_empty() {
                    graph.order(hub, *later);
                }
                deletes.iter().for_each(|s| graph.order(*s, *later));
            }
        }
    }
}

/// For blocks with deletions: the blocks whose replacements are made before, because the provider that deletes is
/// configured from them. That their old objects are needed longest cannot be kept then.
fn made_before_deletes(
    changes: &[InstanceChange],
    graph: &ExecutionGraph,
    blocks: &Blocks,
    below: &HashMap<AbsProviderConfig, Vec<ConfigResource>>,
) -> HashMap<String, HashSet<String>> {
    let mut found: HashMap<String, HashSet<String>> = HashMap::default();
    if !blocks.values().any(|b| b.replaced) {
        return found;
    }
    for (name, own) in blocks {
        for step in own.delete.iter().chain(&own.delete_late) {
            let change = graph
                .step(*step)
                .and_then(Step::change)
                .and_then(|i| changes.get(i));
            let replaced = change
                .and_then(|c| below.get(&c.provider))
                .into_iter()
                .flatten()
                .filter(|b| blocks.get(*b).is_some_and(|b| b.replaced));
            for block in replaced {
                found
                    .entry(name.to_string())
                    .or_default()
                    .insert(block.to_string());
            }
        }
    }
    found
}

/// Whether one of the blocks can be reached.
fn reaches(stored: &DiGraph<String, ()>, from: NodeIndex, blocks: &HashSet<String>) -> bool {
    let mut walk = Dfs::new(stored, from);
    while let Some(node) = walk.next(stored) {
        if blocks.contains(stored[node].as_str()) {
            return true;
        }
    }
    false
}

fn provider_nodes<'a>(input: &PlanInput<'a>) -> HashMap<&'a AbsProviderConfig, NodeId> {
    let graph = input.graph;
    graph
        .order()
        .iter()
        .filter_map(|node| match graph.kind(*node) {
            NodeKind::Provider(address) => Some((address, *node)),
            _ => None,
        })
        .collect()
}

/// The resource blocks that the configurations of providers in use need, directly or not.
fn blocks_below_providers(
    input: &PlanInput<'_>,
    users: &BTreeMap<AbsProviderConfig, Vec<StepId>>,
) -> HashMap<AbsProviderConfig, Vec<ConfigResource>> {
    let nodes = provider_nodes(input);
    users
        .keys()
        .filter_map(|a| Some((a.clone(), resources_below(input, *nodes.get(a)?))))
        .collect()
}

/// Puts every provider's steps between its configuration and its end. What comes back are these two steps of each.
fn order_providers(
    input: &PlanInput<'_>,
    graph: &mut ExecutionGraph,
    blocks: &Blocks,
    users: &BTreeMap<AbsProviderConfig, Vec<StepId>>,
    below: &HashMap<AbsProviderConfig, Vec<ConfigResource>>,
) -> HashMap<AbsProviderConfig, (StepId, StepId)> {
    let nodes = provider_nodes(input);
    let mut ends = HashMap::default();
    for (address, steps) in users {
        let configure = graph.add(Step::Configure(address.clone()));
        let close = graph.add(Step::Close(address.clone()));
        ends.insert(address.clone(), (configure, close));
        graph.order(configure, close);
        for step in steps {
            graph.order(configure, *step);
            graph.order(*step, close);
        }
        for block in below.get(address).into_iter().flatten() {
            if let Some(own) = blocks.get(block) {
                own.forward.iter().for_each(|s| graph.order(*s, configure));
            }
        }
        // A provider that makes or changes something is configured without what goes: it does not need it to its end.
        let goes_on = steps
            .iter()
            .filter_map(|s| graph.step(*s))
            .any(|s| matches!(s, Step::Create(_) | Step::Update(_) | Step::Read(_)));
        let Some(node) = nodes.get(address).filter(|_| !goes_on) else {
            continue;
        };
        for dependency in input.graph.resource_dependencies(*node).iter() {
            let NodeKind::Resource(module, resource) = input.graph.kind(*dependency) else {
                continue;
            };
            let Some(own) = blocks.get(&block_of(input, *module, resource)) else {
                continue;
            };
            // What is replaced is needed anew before the provider is configured; only what goes for good waits.
            if own.forward.is_empty() {
                own.delete
                    .iter()
                    .chain(&own.delete_late)
                    .filter(|s| !steps.contains(s))
                    .for_each(|s| graph.order(close, *s));
            }
        }
    }
    ends
}

/// Every resource block that a node needs, directly or not.
pub(super) fn resources_below(input: &PlanInput<'_>, node: NodeId) -> Vec<ConfigResource> {
    let mut seen = HashSet::default();
    let mut stack = vec![node];
    let mut found = Vec::new();
    while let Some(n) = stack.pop() {
        if !seen.insert(n) {
            continue;
        }
        if let NodeKind::Resource(module, resource) = input.graph.kind(n) {
            found.push(block_of(input, *module, resource));
        }
        stack.extend(input.graph.dependencies(n).iter().copied());
    }
    found
}

fn cycle_error(graph: &ExecutionGraph, changes: &[InstanceChange], cycle: &[StepId]) -> Diagnostics {
    let names: Vec<String> = cycle
        .iter()
        .filter_map(|id| graph.step(*id))
        .map(|step| match step {
            Step::Configure(p) => format!("{p} (configure)"),
            Step::Close(p) => format!("{p} (close)"),
            Step::Open(r) => format!("{r} (open)"),
            Step::CloseEphemeral(r) => format!("{r} (close)"),
            Step::Gather(n) => n.clone(),
            other => {
                let address = other
                    .change()
                    .and_then(|i| changes.get(i))
                    .map(|c| c.address.to_string())
                    .unwrap_or_default();
                let what = match other {
                    Step::Create(_) => "create",
                    Step::Update(_) => "update",
                    Step::Read(_) => "read",
                    Step::Delete(_) => "destroy",
                    Step::DeleteDeposed(_) => "destroy deposed",
                    Step::Judge(_) => "judge",
                    _ => "forget",
                };
                format!("{address} ({what})")
            }
        })
        .filter(|n| !n.is_empty())
        .collect();
    Diagnostic::error("Cycle", format!("The planned steps wait for each other: {}. Give one of these resources create_before_destroy, or take the change in two applies with -target.", names.join(", "))).into()
}
