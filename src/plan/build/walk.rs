//! The walk over all blocks, in the order of their dependencies.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::stream::StreamExt;
use rustc_hash::FxHashMap as HashMap;
use rustc_hash::FxHashSet as HashSet;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Marks;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_provider::Registry;
use streamform_provider::protocol::Findings;
use streamform_provider::protocol::ReadResponse;
use streamform_provider::protocol::Recovery;
use streamform_state::Entry;
use streamform_state::Intent;
use streamform_state::StateView;

use super::LiveProviders;
use super::data::DataRead;
use super::ephemeral::Open;
use super::ephemeral::OpenAnswer;
use super::import::ImportsRead;
use super::planned::Planned;
use super::prior::Prior;
use super::recover::Decisions;
use super::targets::Chosen;
use super::unread::Unread;
use crate::config::Configuration;
use crate::deps;
use crate::deps::NodeId;
use crate::deps::NodeKind;
use crate::eval::Expansion;
use crate::eval::ModuleInstanceId;
use crate::eval::World;
use crate::eval::WorldSettings;
use crate::plan::CheckKind;
use crate::plan::CheckResult;
use crate::plan::CheckStatus;
use crate::plan::Deferred;
use crate::plan::ExecutionGraph;
use crate::plan::Generated;
use crate::plan::Importing;
use crate::plan::InstanceChange;
use crate::plan::Moves;
use crate::plan::Observer;
use crate::plan::Plan;
use crate::plan::PlanMode;

/// What a plan is made from.
pub struct PlanInput<'a> {
    /// The configuration.
    pub config: &'a Configuration,
    /// Its dependencies.
    pub graph: &'a deps::Graph,
    /// The providers of the program.
    pub registry: &'a Registry,
    /// The state, with everything at its new address.
    pub state: StateView,
    /// What has moved to get there.
    pub moves: Moves,
    /// Changes whose outcome an earlier run could not learn.
    pub open_intents: Vec<Intent>,
    /// What expressions see of the outside world, variables among it.
    pub settings: WorldSettings,
    /// What the user asked for.
    pub options: PlanOptions,
    /// Told what happens.
    pub observer: &'a dyn Observer,
}

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// Kind of plan.
    pub mode: PlanMode,
    /// Whether objects are read before they are planned.
    pub refresh: bool,
    /// `-target`; empty: everything.
    pub targets: Vec<Target>,
    /// `-exclude`; what stays as it is, with what depends on it.
    pub excludes: Vec<Target>,
    /// `-minimal-refresh`: of the objects in the state only these are read.
    pub reads_only: Option<Arc<HashSet<AbsInstance>>>,
    /// `-allow-destroy`: objects that may go although they are guarded.
    pub allow_destroy: Vec<Target>,
    /// `-allow-deferral`: what cannot be planned yet is left for a later apply.
    pub allow_deferral: bool,
    /// `-replace`
    pub replace: Vec<AbsInstance>,
    /// When the plan is made, RFC 3339 in UTC.
    pub timestamp: String,
    /// `-generate-config-out`: resource blocks are written for imports that have none.
    pub generate_config: bool,
    /// `-adopt` and `-forget`: what the user says of interrupted changes.
    pub decisions: Decisions,
    /// Instances that wait for such a decision: left as they are, with what needs them.
    pub held: Vec<Held>,
}

/// An instance of which an interrupted change cannot be settled without the user.
#[derive(Clone, Debug)]
pub struct Held {
    /// The instance.
    pub address: AbsInstance,
    /// Why, and what to do.
    pub why: Diagnostics,
    /// Resource blocks that it needs.
    pub dependencies: Vec<String>,
}

/// A plan and what came of making it.
pub struct Built {
    /// The plan; `errored` if it is not complete.
    pub plan: Plan,
    /// What was found out about changes of earlier runs: to be committed to the state whether or not the plan is applied.
    pub settled: Vec<Entry>,
    /// The providers, configured, to go on with.
    pub providers: LiveProviders,
    /// Resource blocks that were written, in the order of the import blocks.
    pub generated: Vec<Generated>,
    /// What turned out to need a decision: the plan is to be made again without it.
    pub held: Vec<Held>,
    /// Whether there are modules or resource blocks without any instance: nothing has looked at what stands in them.
    pub unseen: bool,
}

/// What a node waits for.
pub(super) enum Waiting {
    /// Configuring and reading of a provider.
    Provider(AbsProviderConfig, Findings, Vec<Recovered>, Vec<ReadResult>),
    /// Data sources of a resource block.
    Data(Vec<DataRead>),
    /// Instances of an ephemeral resource.
    Opened(Vec<OpenAnswer>),
    /// Objects that a resource block imports.
    Imports(Box<ImportsRead>),
}

/// The object that was read: address, deposed key, the answer.
pub(super) type ReadResult = (AbsInstance, Option<String>, ReadResponse);

/// What became of a change of an earlier run.
pub(super) type Recovered = (Intent, Result<Recovery, Findings>);

pub(super) type Work<'a> = LocalBoxFuture<'a, (NodeId, Waiting)>;

/// What happens next with a node.
pub(super) enum Progressed<'a> {
    Done,
    Failed,
    Wait(Work<'a>),
}

/// All that is known during the walk.
pub(super) struct Planner<'a> {
    pub(super) input: &'a PlanInput<'a>,
    pub(super) world: World<'a>,
    pub(super) prior: BTreeMap<AbsInstance, Prior>,
    /// Records by resource block in the configuration, for orphans and destroys.
    pub(super) prior_of: HashMap<ConfigResource, Vec<AbsInstance>>,
    pub(super) providers: LiveProviders,
    /// Provider configurations that something uses.
    pub(super) wanted_providers: BTreeSet<AbsProviderConfig>,
    pub(super) intents: Vec<Intent>,
    pub(super) settled: Vec<Entry>,
    pub(super) held: Vec<Held>,
    pub(super) unread: BTreeMap<AbsInstance, Unread>,
    pub(super) changes: Vec<InstanceChange>,
    pub(super) planned: Planned,
    pub(super) drift: Vec<InstanceChange>,
    pub(super) checks: BTreeMap<String, CheckResult>,
    /// Where each instance stands in the result of its object.
    pub(super) check_at: HashMap<String, usize>,
    pub(super) deferred: Vec<Deferred>,
    pub(super) diagnostics: Diagnostics,
    pub(super) chosen: Chosen,
    /// Refusals to destroy what is guarded: told at the end, because everything else is planned all the same.
    pub(super) guarded: Diagnostics,
    /// What `-allow-deferral` leaves for later.
    pub(super) left: super::deferral::Left,
    /// Objects that import blocks brought in.
    pub(super) imported: HashMap<AbsInstance, Importing>,
    pub(super) generated: Vec<Generated>,
    /// Ephemeral resources that are open, in the order in which they were opened.
    pub(super) open: Vec<Open>,
}

/// Makes a plan.
pub async fn build(input: PlanInput<'_>) -> Built {
    build_with_world(input).await.0
}

/// Makes a plan; with it come the values of everything in it, for more expressions to be evaluated in.
pub async fn build_with_world<'c>(input: PlanInput<'c>) -> (Built, World<'c>) {
    let config = input.config;
    let mut planner = Planner::new(&input);
    planner.diagnostics.extend(
        input
            .moves
            .told_first(&input.options.targets, &input.options.excludes),
    );
    planner.load_prior().await;
    planner.wanted_providers = planner.providers_in_use();
    planner.choose_targets();
    if !planner.diagnostics.has_errors() {
        planner.walk().await;
        if input.options.mode == PlanMode::Normal {
            planner.import_without_block().await;
        }
    }
    planner.close_ephemeral().await;
    let (built, world) = planner.finish();
    (built, world.of(config))
}

impl<'a> Planner<'a> {
    pub(super) fn new(input: &'a PlanInput<'a>) -> Self {
        Planner {
            world: World::new(input.config, input.settings.clone()),
            input,
            prior: BTreeMap::new(),
            prior_of: HashMap::default(),
            providers: LiveProviders::default(),
            wanted_providers: BTreeSet::new(),
            intents: input.open_intents.clone(),
            settled: Vec::new(),
            held: Vec::new(),
            unread: BTreeMap::new(),
            changes: Vec::new(),
            planned: Planned::default(),
            drift: Vec::new(),
            checks: BTreeMap::new(),
            check_at: HashMap::default(),
            deferred: Vec::new(),
            diagnostics: Diagnostics::new(),
            chosen: Chosen::default(),
            guarded: Diagnostics::new(),
            left: super::deferral::Left::default(),
            imported: HashMap::default(),
            generated: Vec::new(),
            open: Vec::new(),
        }
    }

    pub(super) async fn walk(&mut self) {
        let graph = self.input.graph;
        let mut waits: HashMap<NodeId, usize> = HashMap::default();
        let mut failed: HashSet<NodeId> = HashSet::default();
        let mut ready: VecDeque<NodeId> = VecDeque::new();
        for node in graph.order() {
            if !self.is_included(*node) {
                continue;
            }
            let n = graph
                .dependencies(*node)
                .iter()
                .filter(|d| self.is_included(**d))
                .count();
            if n == 0 {
                ready.push_back(*node);
            }
            waits.insert(*node, n);
        }
        let mut under_way: FuturesUnordered<Work<'a>> = FuturesUnordered::new();
        // Providers without a block have nothing to wait for.
        for address in self.implied_providers() {
            if let Some(work) = self.start_provider(None, &address) {
                let (_, waiting) = work.await;
                self.finish_waiting(waiting);
            }
        }
        loop {
            while let Some(node) = ready.pop_front() {
                let skip = graph.dependencies(node).iter().any(|d| failed.contains(d));
                let progressed = if skip {
                    Progressed::Failed
                } else {
                    self.start(node)
                };
                match progressed {
                    Progressed::Done => release(graph, node, &mut waits, &mut ready),
                    Progressed::Failed => {
                        failed.insert(node);
                        release(graph, node, &mut waits, &mut ready);
                    }
                    Progressed::Wait(work) => under_way.push(work),
                }
            }
            let Some((node, waiting)) = under_way.next().await else {
                break;
            };
            let well = match waiting {
                Waiting::Data(reads) => self.finish_data(node, reads),
                Waiting::Opened(answers) => self.finish_ephemeral(answers),
                Waiting::Imports(read) => self.finish_imports(node, *read),
                waiting => self.finish_waiting(waiting),
            };
            if !well {
                failed.insert(node);
            }
            release(graph, node, &mut waits, &mut ready);
        }
    }

    /// Begins a node: what is synchronous is done at once.
    fn start(&mut self, node: NodeId) -> Progressed<'a> {
        let graph = self.input.graph;
        let before = self.diagnostics.len();
        self.note_uncertainty(node);
        let found = match graph.kind(node) {
            NodeKind::Variable(module, name) => {
                let found = self.world.evaluate_variable(*module, name);
                if self.input.options.mode == PlanMode::Destroy {
                    // What goes is not judged any more.
                    self.world.take_validated();
                }
                self.record_validations();
                found
            }
            NodeKind::Local(module, name) => self.world.evaluate_local(*module, name),
            NodeKind::Output(module, name) => self.output(*module, name),
            NodeKind::Call(module, name) => self.call(*module, name),
            NodeKind::Provider(address) if !self.wanted_providers.contains(address) => {
                return Progressed::Done;
            }
            NodeKind::Provider(address) => {
                return match self.start_provider(Some(node), &address.clone()) {
                    Some(work) => Progressed::Wait(work),
                    None => Progressed::Failed,
                };
            }
            NodeKind::Resource(module, resource) => {
                return self.start_resource(node, *module, &resource.clone());
            }
            NodeKind::Check(module, name) => self.check(*module, name),
            NodeKind::Hub => Diagnostics::new(),
        };
        if self.input.options.mode == PlanMode::Destroy && !self.is_root_variable(node) {
            // Some of what is referred to may be gone already. Its value is not known then, and hardly ever needed.
            return Progressed::Done;
        }
        self.diagnostics.extend(found);
        if self
            .diagnostics
            .iter()
            .skip(before)
            .any(|d| d.severity == streamform_lang::diag::Severity::Error)
        {
            Progressed::Failed
        } else {
            Progressed::Done
        }
    }

    fn is_root_variable(&self, node: NodeId) -> bool {
        matches!(self.input.graph.kind(node), NodeKind::Variable(module, _) if *module == self.input.config.root)
    }

    fn finish(mut self) -> (Built, World<'a>) {
        let mode = self.input.options.mode;
        self.tell_unread();
        let found = self.input.moves.validate(&self.world, mode == PlanMode::Normal);
        if found.has_errors() {
            // Objects stand at the wrong addresses: what was planned for them would mislead, and other errors may only follow from it.
            self.changes.clear();
            self.diagnostics = found;
        } else {
            self.diagnostics.extend(found);
        }
        self.diagnostics.extend(self.input.moves.told_held());
        if !self.diagnostics.has_errors() {
            self.plan_orphans();
            if let Some(warning) = crate::plan::removed::forgotten(&self.changes) {
                self.diagnostics.push(warning);
            }
        }
        if mode == PlanMode::RefreshOnly {
            self.tell_moved();
        }
        self.incomplete_replacements();
        self.diagnostics.extend(std::mem::take(&mut self.guarded));
        let order = |a: &InstanceChange, b: &InstanceChange| {
            a.address
                .cmp_in_reports(&b.address)
                .then_with(|| a.deposed.cmp(&b.deposed))
        };
        let untouched = self.untouched();
        // No two of them are equal, and sorting in place needs no copy of the plan.
        self.changes.sort_unstable_by(order);
        self.drift.sort_unstable_by(order);
        let errored = self.diagnostics.has_errors();
        let unjudged: HashSet<&str> = if mode == PlanMode::Normal {
            let results = self.checks.values().filter(|c| c.kind == CheckKind::Resource);
            let instances = results.flat_map(|c| &c.instances);
            let unknown = instances.filter(|(_, status, _)| *status == CheckStatus::Unknown);
            unknown.map(|(address, ..)| address.as_str()).collect()
        } else {
            HashSet::default()
        };
        let graph = if errored {
            ExecutionGraph::default()
        } else {
            match super::order::execution_graph(self.input, &self.changes, &self.prior, &unjudged) {
                Ok(graph) => graph,
                Err(found) => {
                    self.diagnostics.extend(found);
                    ExecutionGraph::default()
                }
            }
        };
        let outputs = if errored {
            Vec::new()
        } else {
            self.output_changes()
        };
        let errored = self.diagnostics.has_errors();
        let checks = self.check_results();
        let mut plan = Plan {
            relevant: Vec::new(),
            mode: self.input.options.mode,
            timestamp: self.input.options.timestamp.clone(),
            changes: self.changes,
            drift: self.drift,
            outputs,
            checks,
            untouched,
            deferred: self.deferred,
            moves: self.input.moves.all().to_vec(),
            graph,
            targets: self.input.options.targets.clone(),
            excludes: self.input.options.excludes.clone(),
            variables: self
                .input
                .settings
                .variables
                .iter()
                .map(|(n, v): (&streamform_lang::value::Name, &Value)| {
                    (n.clone(), kept(self.input.config, n, v))
                })
                .collect(),
            lineage: self.input.state.lineage().to_owned(),
            serial: self.input.state.serial(),
            records_read: Vec::new(),
            errored,
            diagnostics: self.diagnostics.tidy(),
        };
        plan.relevant = crate::plan::relevant::relevant_drift(&plan, self.input.config);
        let mut providers = self.providers;
        super::ephemeral::forget_configured(self.input.graph, &mut providers);
        let built = Built {
            unseen: !errored && unseen(&self.world, self.input.graph),
            plan,
            settled: self.settled,
            providers,
            generated: self.generated,
            held: self.held,
        };
        (built, self.world)
    }
}

/// What a plan keeps of the value of a root variable: of an ephemeral one only that it was set.
fn kept(config: &Configuration, name: &streamform_lang::value::Name, value: &Value) -> Value {
    if config.root().variables.get(name).is_some_and(|v| v.ephemeral) {
        Value::null(Type::Any).with_marks(Marks::EPHEMERAL)
    } else {
        value.clone()
    }
}

/// Whether a module or a resource block has no instance.
fn unseen(world: &World<'_>, graph: &deps::Graph) -> bool {
    graph.order().iter().any(|node| match graph.kind(*node) {
        NodeKind::Resource(module, resource) => {
            let modules = world.instances_of(*module);
            let none =
                |id: &ModuleInstanceId| world.expansion(*id, resource).is_some_and(Expansion::is_empty);
            modules.is_empty() || modules.iter().any(none)
        }
        NodeKind::Output(module, _) => world.instances_of(*module).is_empty(),
        _ => false,
    })
}

fn release(
    graph: &deps::Graph,
    node: NodeId,
    waits: &mut HashMap<NodeId, usize>,
    ready: &mut VecDeque<NodeId>,
) {
    for later in graph.dependents(node) {
        if let Some(n) = waits.get_mut(later) {
            *n -= 1;
            if *n == 0 {
                ready.push_back(*later);
            }
        }
    }
}
