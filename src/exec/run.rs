//! The walk over the execution graph.

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::stream::StreamExt;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_provider::Registry;
use streamform_state::Intent;
use streamform_state::ObjectStatus;
use streamform_state::Rescued;
use streamform_state::StateError;
use streamform_state::StateView;
use streamform_state::Store;

use super::command::CommandRunner;
use super::journal::Journal;
use super::journal::SharedJournal;
use super::journal::lock;
use super::lost::Creates;
use super::provision;
use super::records;
use super::values::Values;
use crate::config::Configuration;
use crate::deps;
use crate::eval::WorldSettings;
use crate::plan::Action;
use crate::plan::Event;
use crate::plan::Observer;
use crate::plan::Plan;
use crate::plan::PlanMode;
use crate::plan::Secrets;
use crate::plan::Step;
use crate::plan::StepId;
use crate::plan::Summary;
use crate::plan::build::Decisions;
use crate::plan::build::LiveProviders;
use crate::plan::build::Open;

/// A request to stop, from a signal for instance. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    set: Arc<AtomicBool>,
    notify: Arc<tokio::sync::Notify>,
}

impl Stop {
    /// Asks for it.
    pub fn set(&self) {
        self.set.store(true, Ordering::SeqCst);
        self.notify.notify_waiters();
    }
    /// Whether it was asked for.
    pub fn is_set(&self) -> bool {
        self.set.load(Ordering::SeqCst)
    }
    /// Waits until it is asked for.
    pub async fn wait(&self) {
        loop {
            let notified = self.notify.notified();
            if self.is_set() {
                return;
            }
            notified.await;
        }
    }
}

/// What an apply works from.
pub struct ApplyInput<'a> {
    /// The plan.
    pub plan: Arc<Plan>,
    /// The configuration that it was made from.
    pub config: &'a Configuration,
    /// Its dependencies.
    pub graph: &'a deps::Graph,
    /// The providers of the program.
    pub registry: &'a Registry,
    /// The state, locked.
    pub store: Store,
    /// What expressions see of the outside world.
    pub settings: WorldSettings,
    /// Providers that the plan has configured already.
    pub providers: LiveProviders,
    /// How many operations may be under way at once.
    pub parallelism: usize,
    /// Name of this run in the journal.
    pub run: String,
    /// The present, RFC 3339 in UTC, for the journal.
    pub clock: Arc<dyn Fn() -> String + Send + Sync>,
    /// Told what happens.
    pub observer: Arc<dyn Observer>,
    /// Asked to stop.
    pub stop: Stop,
    /// Runs the programs of provisioners.
    pub commands: Arc<dyn CommandRunner>,
    /// What the user has decided about interrupted changes.
    pub decisions: Decisions,
}

/// What came of an apply.
pub struct Applied {
    /// The state after the last commit.
    pub state: StateView,
    /// The store, everything committed that it takes, not yet finished. None: something still holds it; it loses nothing, and the
    /// next run folds its log.
    pub store: Option<Store>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
    /// What was done.
    pub done: Summary,
    /// Whether it was stopped before its end.
    pub stopped: bool,
    /// The first error of the store: from then on nothing more was begun.
    pub store_error: Option<StateError>,
    /// The results that it could not take in the end, either.
    pub unsaved: Option<Result<Rescued, StateError>>,
}

/// How a step ended.
pub(super) enum Ended {
    Well,
    Badly,
}

/// A step under way.
pub(super) type UnderWay<'a> = LocalBoxFuture<'a, (StepId, super::step::Finished)>;

/// What has become of a step that was begun.
pub(super) enum Begun<'a> {
    /// It is over already.
    Over(Ended),
    /// Its call is ready to be made, once everything that waits is committed.
    Call(UnderWay<'a>),
    /// The same for what stays inside the process: nothing needs to be durable first.
    Local(UnderWay<'a>),
    /// It is under way.
    Waits,
}

/// Everything of an apply.
pub(super) struct Run<'a> {
    pub(super) plan: Arc<Plan>,
    pub(super) config: &'a Configuration,
    pub(super) graph: &'a deps::Graph,
    pub(super) registry: &'a Registry,
    pub(super) values: Values<'a>,
    pub(super) providers: LiveProviders,
    pub(super) journal: SharedJournal,
    pub(super) decoders: crate::plan::build::Decoders,
    pub(super) run: String,
    pub(super) clock: Arc<dyn Fn() -> String + Send + Sync>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) stop: Stop,
    pub(super) commands: Arc<dyn CommandRunner>,
    /// Whether the configuration has provisioners at all.
    pub(super) provisions: bool,
    /// What must not be shown of what their programs print; empty where there are none.
    pub(super) secrets: Secrets,
    pub(super) diagnostics: Diagnostics,
    pub(super) done: Summary,
    /// Deposed keys that replacements of this run have given.
    pub(super) deposed: HashMap<usize, String>,
    /// Blocks of which something could not be made, changed or read.
    pub(super) unfinished: HashSet<ConfigResource>,
    /// Changes of earlier runs that the plan could not ask about.
    pub(super) open: Vec<Intent>,
    /// What the user has decided about them.
    pub(super) decisions: Decisions,
    /// Creates outside the process that are under way or wait for each other.
    pub(super) creates: Creates<'a>,
    /// Ephemeral resources that are open, in the order in which they were opened.
    pub(super) open_ephemeral: HashMap<ConfigResource, Vec<Open>>,
    /// Conditions judged so far.
    pub(super) judged: super::checks::Judged,
}

/// Results of local effects that may wait for a commit: they can be had again at no cost. A commit costs a tenth of a
/// millisecond, and those that wait are in memory twice.
const MOST_PENDING: usize = 128;

/// Carries out a plan.
pub async fn apply(input: ApplyInput<'_>) -> Applied {
    let plan = Arc::clone(&input.plan);
    let journal: SharedJournal = Arc::new(std::sync::Mutex::new(Journal::new(input.store)));
    let open = lock(&journal).open_intents();
    let plan_ref: &Plan = &plan;
    let provisions = provision::any(input.config);
    let secrets = Secrets::default();
    if provisions {
        secrets.learn_plan(plan_ref);
    }
    let mut run = Run {
        plan: Arc::clone(&plan),
        config: input.config,
        graph: input.graph,
        registry: input.registry,
        values: Values::new(
            input.config,
            input.graph,
            plan_ref,
            input.settings,
            provisions.then(|| secrets.clone()),
        ),
        providers: input.providers,
        journal: Arc::clone(&journal),
        decoders: crate::plan::build::Decoders::default(),
        run: input.run,
        clock: input.clock,
        observer: input.observer,
        stop: input.stop,
        commands: input.commands,
        provisions,
        secrets,
        diagnostics: Diagnostics::new(),
        done: Summary::default(),
        deposed: HashMap::new(),
        unfinished: HashSet::new(),
        open,
        decisions: input.decisions,
        creates: Creates::default(),
        open_ephemeral: HashMap::new(),
        judged: super::checks::Judged::default(),
    };
    run.write_imports();
    run.write_refreshed();
    let stopped = run.walk(input.parallelism.max(1)).await;
    run.write_outputs();
    run.tell_checks();
    run.write_checks();
    let diagnostics = std::mem::take(&mut run.diagnostics);
    let done = run.done;
    drop(run);
    lock(&journal).commit();
    let (state, store_error, unsaved) = {
        let mut journal = lock(&journal);
        let unsaved = journal.unsaved();
        (journal.view(), journal.broken.take(), unsaved)
    };
    let store = Arc::into_inner(journal).map(|mutex| {
        mutex
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .into_store()
    });
    Applied {
        state,
        store,
        diagnostics,
        done,
        stopped,
        store_error,
        unsaved,
    }
}

/// Told where calls are given up because their intents could not be written.
pub(super) fn not_begun() -> Diagnostic {
    Diagnostic::error(
        "Changes not begun",
        "The state could not be written, so no further change was begun.",
    )
}

impl<'a> Run<'a> {
    /// Writes what the plan has found out about objects, in one batch: reads, moves, data sources, what the records remember.
    fn write_refreshed(&mut self) {
        let plan = Arc::clone(&self.plan);
        let mut journal = lock(&self.journal);
        journal.relocate(&plan.moves);
        for drift in plan.drift.iter().filter(|d| d.action != Action::NoOp) {
            let address = drift.address.to_string();
            let Some(stored) = journal.record(&address) else {
                continue;
            };
            let mut record = (*stored).clone();
            record.provider = drift.provider.to_string();
            let old = match &drift.deposed {
                None => record.current.clone(),
                Some(key) => record.deposed.get(key).cloned(),
            };
            let Some(old) = old else { continue };
            let object = if drift.after.is_null() {
                None
            } else {
                records::object(drift, &drift.after, &drift.after_private, old.status)
                    .ok()
                    .map(|o| streamform_state::Object {
                        dependencies: old.dependencies.clone(),
                        ..o
                    })
            };
            match (&drift.deposed, object) {
                (None, object) => record.current = object,
                (Some(key), Some(o)) => {
                    record.deposed.insert(key.clone(), o);
                }
                (Some(key), None) => {
                    record.deposed.remove(key);
                }
            }
            journal.put(record);
        }
        for change in plan.changes.iter().filter(|c| c.deposed.is_none()) {
            if change.action != Action::NoOp || change.after.is_null() || !change.after.is_wholly_known() {
                continue;
            }
            let address = change.address.to_string();
            let stored = journal.record(&address);
            let data = change.mode() == streamform_lang::addrs::Mode::Data;
            let current = stored.as_ref().and_then(|r| r.current.as_ref());
            if (records::is_remembered(current, change) && !data) || plan.mode == PlanMode::Destroy {
                continue;
            }
            let mut record = records::record_of(stored.as_ref(), change);
            let status = current.map_or(ObjectStatus::Ready, |o| o.status);
            let Ok(object) = records::object(change, &change.after, &change.before_private, status) else {
                continue;
            };
            if current == Some(&object) && record.provider == change.provider.to_string() && stored.is_some()
            {
                continue;
            }
            record.current = Some(object);
            journal.put(record);
        }
        journal.commit();
    }

    async fn walk(&mut self, parallelism: usize) -> bool {
        let plan = Arc::clone(&self.plan);
        let graph = &plan.graph;
        let mut waits = graph.waits();
        let mut bad: Vec<bool> = vec![false; graph.len()];
        let mut ready: VecDeque<StepId> = graph
            .steps()
            .map(|(id, _)| id)
            .filter(|id| waits[id.0 as usize] == 0)
            .collect();
        let mut calls: FuturesUnordered<UnderWay<'a>> = FuturesUnordered::new();
        let mut told_stop = false;
        let mut left_out = false;
        let mut prepared: Vec<UnderWay<'a>> = Vec::new();
        loop {
            prepared.extend(self.creates.released());
            while !ready.is_empty() {
                let stopping = self.stop.is_set() || lock(&self.journal).broken.is_some();
                if !stopping && calls.len() + prepared.len() >= parallelism {
                    break;
                }
                let Some(id) = ready.pop_front() else { break };
                let Some(step) = graph.step(id) else { continue };
                let closing = matches!(step, Step::Close(_) | Step::CloseEphemeral(_));
                let mut begun = if (bad[id.0 as usize] || stopping) && !closing {
                    self.skip(step, stopping);
                    left_out |= stopping && !bad[id.0 as usize] && step.change().is_some();
                    Begun::Over(Ended::Badly)
                } else {
                    self.begin(id, step)
                };
                while let Begun::Local(mut call) = begun {
                    match (&mut call).now_or_never() {
                        Some((id, finished)) => begun = self.finish(id, finished),
                        None => {
                            calls.push(call);
                            begun = Begun::Waits;
                        }
                    }
                }
                match begun {
                    Begun::Over(mut ended) => {
                        if bad[id.0 as usize] {
                            // Closing goes on after a failure, but nothing that was to wait for the failed step does.
                            ended = Ended::Badly;
                        }
                        self.end(graph, id, &ended, &mut waits, &mut bad, &mut ready);
                    }
                    Begun::Call(call) => prepared.push(call),
                    Begun::Local(_) | Begun::Waits => {}
                }
                if lock(&self.journal).pending() > MOST_PENDING {
                    lock(&self.journal).commit();
                }
            }
            if !prepared.is_empty() {
                lock(&self.journal).commit();
                if lock(&self.journal).broken.is_some() {
                    // An intent that is not on disk must not become a call.
                    for call in prepared.drain(..) {
                        drop(call);
                    }
                    self.diagnostics.push(not_begun());
                } else {
                    calls.extend(prepared.drain(..));
                }
            }
            while let Some(call) = self.next_alone() {
                calls.push(call);
            }
            if calls.is_empty() {
                if ready.is_empty() && prepared.is_empty() {
                    break;
                }
                continue;
            }
            let ended = tokio::select! {
                biased;
                ended = calls.next() => ended,
                () = self.stop.wait(), if !told_stop => {
                    told_stop = true;
                    self.observer.event(Event::Stopping);
                    self.providers.stop();
                    None
                }
            };
            let mut next = ended;
            while let Some((id, finished)) = next {
                match self.finish(id, finished) {
                    Begun::Over(mut ended) => {
                        if bad[id.0 as usize] {
                            ended = Ended::Badly;
                        }
                        self.end(graph, id, &ended, &mut waits, &mut bad, &mut ready);
                    }
                    // It begins when everything that waits is committed.
                    Begun::Call(call) => prepared.push(call),
                    Begun::Local(call) => calls.push(call),
                    Begun::Waits => {}
                }
                // Whatever else has ended meanwhile goes into the same commit.
                next = calls.next().now_or_never().flatten();
            }
            if ready.is_empty() || self.stop.is_set() {
                lock(&self.journal).commit();
            }
        }
        lock(&self.journal).commit();
        if left_out && self.stop.is_set() {
            self.diagnostics.push(Diagnostic::error(
                "Apply interrupted",
                "Changes that had not begun were left out. What was under way has ended and is in the state. Run apply again to make the rest.",
            ));
        }
        self.stop.is_set()
    }

    fn end(
        &mut self,
        graph: &crate::plan::ExecutionGraph,
        id: StepId,
        ended: &Ended,
        waits: &mut [u32],
        bad: &mut [bool],
        ready: &mut VecDeque<StepId>,
    ) {
        if let (Ended::Badly, Some(Step::Create(i) | Step::Update(i) | Step::Read(i) | Step::Judge(i))) =
            (ended, graph.step(id))
            && let Some(change) = self.plan.changes.get(*i)
        {
            self.unfinished.insert(change.address.config());
        }
        for later in graph.later(id) {
            let i = later.0 as usize;
            if matches!(ended, Ended::Badly) {
                bad[i] = true;
            }
            waits[i] -= 1;
            if waits[i] == 0 {
                ready.push_back(later);
            }
        }
    }

    fn skip(&self, step: &Step, stopping: bool) {
        if let Some(change) = step.change().and_then(|i| self.plan.changes.get(i))
            && !stopping
            && !matches!(step, Step::Judge(_))
        {
            self.observer.event(Event::Skipped {
                address: change.address.to_string(),
            });
        }
    }
}
