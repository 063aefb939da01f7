//! Making a plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Severity;
use streamform_lang::diag::Sources;
use streamform_lang::functions::FilesRead;
use streamform_lang::value::Name;
use streamform_lang::value::Value;
use streamform_state::StateView;
use streamform_state::Store;

use super::GivenVariable;
use super::Loaded;
use super::Session;
use super::history;
use super::history::Kind;
use super::inputs;
use super::parts;
use super::parts::Taken;
use super::provisioners;
use super::rescue;
use super::scope;
use super::session::state_error;
use super::takeover::none_waits;
use super::validate::validate;
use super::validate::wrong_by_itself;
use crate::config::Configuration;
use crate::eval::UNFIT;
use crate::plan::Generated;
use crate::plan::Moves;
use crate::plan::Plan;
use crate::plan::PlanMode;
use crate::plan::SavedPlan;
use crate::plan::build;
use crate::plan::build::Decisions;
use crate::plan::build::LiveProviders;
use crate::plan::build::PlanInput;
use crate::plan::build::PlanOptions;
use crate::plan::marked_values;
use crate::plan::still_there;

/// The operation of the `refresh` command: a plan like any other is made, and of it only what was found is written.
pub const REFRESH: &str = "OperationTypeRefresh";

/// The operation of the `destroy` command.
pub const DESTROY: &str = "OperationTypeDestroy";

/// What a plan is wanted of.
#[derive(Clone, Debug, Default)]
pub struct PlanRequest {
    /// Kind.
    pub mode: PlanMode,
    /// Whether objects are read first.
    pub refresh: bool,
    /// `-target`
    pub targets: Vec<Target>,
    /// `-exclude`
    pub excludes: Vec<Target>,
    /// `-minimal-refresh`: only objects with a proposed change are read.
    pub minimal_refresh: bool,
    /// `-replace`
    pub replace: Vec<AbsInstance>,
    /// `-allow-destroy`: objects that may go although they are guarded.
    pub allow_destroy: Vec<Target>,
    /// `-allow-deferral`: what cannot be planned yet is left for a later apply.
    pub allow_deferral: bool,
    /// Nothing is written and nothing locked: the state is read as it is. What comes out cannot be applied.
    pub read_only: bool,
    /// Values for root variables; of several the last wins.
    pub variables: Vec<GivenVariable>,
    /// `-generate-config-out`: resource blocks are written for imports that have none.
    pub generate_config: bool,
    /// `OperationTypePlan`, `OperationTypeApply`, [`REFRESH`]: what the lock tells.
    pub operation: String,
    /// `-adopt`, `-forget`
    pub decisions: Decisions,
    /// Objects that go back to addresses that they had before, from one to the other.
    pub moved_back: Vec<(AbsInstance, AbsInstance)>,
    /// The configuration is that of an earlier version: it was right when it was applied, and what it read may be gone.
    pub earlier: bool,
}

/// A plan, and all that is needed to apply it at once.
pub struct Planned {
    /// The plan; none if there were errors before one could be made.
    pub plan: Option<Arc<Plan>>,
    /// The configuration.
    pub loaded: Loaded,
    /// Texts of all files, for diagnostics: also of variable files and values.
    pub sources: Sources,
    /// Everything that was found.
    pub diagnostics: Diagnostics,
    /// Values of root variables.
    pub variables: BTreeMap<Name, Value>,
    /// The state, locked; none where there was nothing to lock.
    pub store: Option<Store>,
    /// The providers, configured.
    pub providers: LiveProviders,
    /// Name of the run.
    pub run: String,
    /// Resource blocks that were written for imports.
    pub generated: Vec<Generated>,
    /// Whether the command is `refresh`.
    pub refreshing: bool,
    /// Whether the command is `destroy`: its end is told in words of its own.
    pub destroying: bool,
    /// What the user has decided about interrupted changes, for those that only the apply can ask about.
    pub decisions: Decisions,
    /// Errors about objects that wait for such a decision. The plan leaves them out, with what needs them; the rest can be applied.
    pub held: Diagnostics,
    /// What functions look at in files.
    pub files_read: Arc<FilesRead>,
    /// What the history calls a run that carries it out, and more about it, where that does not follow from the plan.
    pub occasion: Option<(Kind, String)>,
}

impl Planned {
    pub(super) fn failed(loaded: Loaded, sources: Sources, diagnostics: Diagnostics) -> Planned {
        Planned {
            plan: None,
            loaded,
            sources,
            diagnostics,
            variables: BTreeMap::new(),
            store: None,
            providers: LiveProviders::default(),
            run: String::new(),
            refreshing: false,
            destroying: false,
            generated: Vec::new(),
            decisions: Decisions::default(),
            held: Diagnostics::new(),
            files_read: Arc::default(),
            occasion: None,
        }
    }

    /// The plan with everything that a file of it holds.
    pub fn to_save(&self, workspace: &str) -> Option<SavedPlan> {
        Some(SavedPlan {
            plan: Arc::clone(self.plan.as_ref()?),
            files: self.loaded.config.snapshot.clone(),
            root: self.loaded.root.to_string_lossy().into_owned(),
            workspace: workspace.to_owned(),
            looked_at: self.files_read.so_far(),
        })
    }

    /// Lets go of the state.
    pub fn release(&mut self) {
        if let Some(store) = self.store.take()
            && let Err(e) = store.finish()
        {
            self.diagnostics.push(state_error(&e));
        }
    }
}

/// So often a plan that is to be applied at once is made again because somebody else changed what it was made from. Then
/// everything is locked first.
const MOST_TRIES: usize = 3;

/// Makes a plan. `sources` holds the texts of variable files; those of the configuration come first.
///
/// Where parts of a state can be locked, it is made without a lock. One that is to be applied comes back with all locked that
/// it writes, and holds at that moment.
pub async fn plan(session: &Session, loaded: Loaded, sources: Sources, request: PlanRequest) -> Planned {
    // (What a failed run has left in a file is taken in by one who has the lock of everything.)
    let whole = !session.backend.locks_parts() || request.read_only || rescue::any(session);
    let applying = request.operation != "OperationTypePlan";
    let given = sources.clone();
    let mut planned = attempt(session, loaded, sources, request.clone(), whole).await;
    let mut tries = 1;
    while !whole && applying && planned.store.is_none() && !planned.diagnostics.has_errors() {
        let Some(plan) = &planned.plan else { break };
        match parts::take(session, plan, &request.operation, &planned.run) {
            Ok(Taken::Locked(store)) => planned.store = Some(*store),
            Ok(stale) => {
                if let Taken::Stale(changed) = stale {
                    let notice = parts::made_anew(&changed);
                    session.observer.event(crate::plan::Event::Notice(notice));
                }
                tries += 1;
                let again = (planned.loaded, given.clone(), request.clone());
                planned = attempt(session, again.0, again.1, again.2, tries > MOST_TRIES).await;
            }
            Err(found) => {
                planned.plan = None;
                planned.diagnostics.push(*found);
            }
        }
    }
    planned
}

/// Provider configurations that the root module wants to be handed in: it has no caller.
fn handed_to_root(config: &Configuration) -> Diagnostics {
    let root = config.root();
    let wanted = root.required_providers.values().flat_map(|required| {
        let aliases = required.configuration_aliases.iter();
        aliases.map(|(alias, _)| (&required.source, alias))
    });
    let missing = wanted.filter(|(_, alias)| !root.providers.contains_key(*alias));
    missing
        .map(|(provider, alias)| {
            let name = alias.alias.as_deref().unwrap_or_default();
            Diagnostic::error(
                "Undefined provider configuration",
                format!(
                    "The root module declares that it requires the caller to pass a configuration for provider {} with alias {name:?}.",
                    provider.for_display()
                ),
            )
        })
        .collect()
}

/// Makes a plan, once. `whole`: the whole state is locked before (or, for one that is only read, nothing).
async fn attempt(
    session: &Session,
    loaded: Loaded,
    mut sources: Sources,
    request: PlanRequest,
    whole: bool,
) -> Planned {
    if loaded.diagnostics.has_errors() {
        // What is wrong elsewhere in the configuration is told in the same run.
        let diagnostics = validate(session, &loaded);
        return Planned::failed(loaded, sources, diagnostics);
    }
    let mut diagnostics = loaded.diagnostics.clone();
    diagnostics.extend(session.unusable.clone().into_iter().collect());
    diagnostics.extend(provisioners::check(session, &loaded.config));
    let (variables, found) = inputs::resolve(&loaded.config, &mut sources, &request.variables);
    diagnostics.extend(found);
    variables
        .values()
        .for_each(|value| session.observer.secret(value));
    if diagnostics.has_errors() {
        let unfit = |d: &Diagnostic| d.severity != Severity::Error || d.summary == UNFIT;
        if diagnostics.iter().all(unfit)
            && let Some(found) = wrong_by_itself(session, &loaded)
        {
            diagnostics = found;
        }
        return Planned::failed(loaded, sources, diagnostics.tidy());
    }
    let unsupported = loaded.config.unsupported_metas();
    if unsupported.has_errors() {
        diagnostics.extend(unsupported);
        return Planned::failed(loaded, sources, diagnostics.tidy());
    }
    let run = uuid::Uuid::new_v4().to_string();
    let mut unlocked = None;
    if !whole {
        match session.snapshot() {
            // What interrupted runs have left is settled by one who has the lock.
            Ok(found) if found.left_open.is_empty() => unlocked = Some(found.view),
            Ok(_) => {}
            Err(e) => {
                diagnostics.push(*e);
                return Planned::failed(loaded, sources, diagnostics);
            }
        }
    }
    // A plan of something that was never applied leaves nothing behind.
    let wanted = if request.read_only || unlocked.is_some() {
        Ok(false)
    } else if request.operation == "OperationTypePlan" {
        session.state_exists()
    } else {
        Ok(true)
    };
    let opened = wanted.and_then(|wanted| {
        wanted
            .then(|| session.open_state(&request.operation, &run))
            .transpose()
    });
    let store = match opened {
        Ok(store) => store,
        Err(e) => {
            diagnostics.push(*e);
            return Planned::failed(loaded, sources, diagnostics);
        }
    };
    let state = match (&store, &unlocked) {
        (Some(store), _) => store.view(),
        (None, Some(view)) => view.clone(),
        (None, None) if request.read_only => match session.read_state() {
            Ok(state) => state,
            Err(e) => {
                diagnostics.push(*e);
                return Planned::failed(loaded, sources, diagnostics);
            }
        },
        (None, None) => StateView::empty(""),
    };
    if let Err(e) = none_waits(session, &state) {
        diagnostics.push(*e);
    }
    let refreshing = request.operation == REFRESH;
    if refreshing && !state.records().any(|r| r.mode == streamform_state::Mode::Managed) {
        diagnostics.push(Diagnostic::warning(
            "Empty or non-existent state",
            "There are currently no remote objects tracked in the state, so there is nothing to refresh.",
        ));
    }
    if request.mode != PlanMode::RefreshOnly {
        diagnostics.extend(still_there(&loaded.config));
    }
    diagnostics.extend(handed_to_root(&loaded.config));
    if diagnostics.has_errors() {
        let mut planned = Planned::failed(loaded, sources, diagnostics.tidy());
        planned.store = store;
        return planned;
    }
    // A plan of everything looks at all that there is and need not be preceded by this: its errors are.
    let partial =
        request.mode != PlanMode::Normal || !request.targets.is_empty() || !request.excludes.is_empty();
    if partial
        && !request.earlier
        && let Some(found) = wrong_by_itself(session, &loaded)
    {
        let mut planned = Planned::failed(loaded, sources, found);
        planned.store = store;
        return planned;
    }
    let timestamp = (session.clock)();
    let files_read = Arc::new(FilesRead::default());
    let mut settings = session.settings(&timestamp, false, variables.clone());
    settings.places = inputs::places(&request.variables);
    settings.surroundings.files_read = Some(Arc::clone(&files_read));
    let mut open_intents = store.as_ref().map(Store::open_intents).unwrap_or_default();
    diagnostics.extend(request.decisions.without_cause(&open_intents));
    if diagnostics.has_errors() {
        let mut planned = Planned::failed(loaded, sources, diagnostics.tidy());
        planned.store = store;
        return planned;
    }
    let mut options = PlanOptions {
        mode: request.mode,
        refresh: request.refresh,
        targets: request.targets,
        excludes: request.excludes,
        replace: request.replace,
        timestamp,
        reads_only: None,
        allow_destroy: request.allow_destroy,
        allow_deferral: request.allow_deferral,
        generate_config: request.generate_config,
        decisions: request.decisions.clone(),
        held: Vec::new(),
    };
    diagnostics.extend(scope::limited(&options).into_iter().collect());
    let mut store = store;
    let mut state = state;
    let mut looked_up = Vec::new();
    let all_open = open_intents.clone();
    let built = loop {
        let (moves, moved) = Moves::work_out(&loaded.config, &state, &all_open, &request.moved_back);
        let mut input = PlanInput {
            config: &loaded.config,
            graph: &loaded.graph,
            registry: &session.registry,
            state: moved,
            moves,
            open_intents: open_intents.clone(),
            settings: settings.clone(),
            options: options.clone(),
            observer: &*session.observer,
        };
        // What an interrupted run left open is looked up first: then everything is read.
        if request.minimal_refresh && input.open_intents.is_empty() {
            input.options.reads_only = Some(scope::worth_a_read(&input).await);
        }
        let mut built = build::build(input).await;
        if let Some(store) = &mut store {
            let settled = std::mem::take(&mut built.settled);
            if !settled.is_empty() {
                looked_up.extend(history::record_changes(&settled, &store.view()));
                if let Err(e) = store.commit(settled) {
                    diagnostics.push(state_error(&e));
                }
            }
        }
        if built.held.is_empty() || built.plan.errored {
            options.held.append(&mut built.held);
            break built;
        }
        // Once more, without what waits for a decision and what needs it.
        options.held.append(&mut built.held);
        open_intents.retain(|i| !options.held.iter().any(|h| h.address.to_string() == i.address));
        if let Some(store) = &store {
            state = store.view();
        }
    };
    if let Some(store) = &store
        && let Err(e) = history::note(session, store, &run, (Kind::Recover, None), looked_up)
    {
        diagnostics.push(history::not_written(&e));
    }
    if !partial
        && !request.earlier
        && (built.plan.errored || built.unseen)
        && let Some(found) = wrong_by_itself(session, &loaded)
    {
        // The plan has told the same with the object and the values at hand.
        let told = &built.plan.diagnostics;
        let told = |d: Diagnostic| {
            let same = |t: &&Diagnostic| t.summary == d.summary && t.subject == d.subject;
            told.iter().find(same).cloned().unwrap_or(d)
        };
        let found = found.into_iter().map(told).collect();
        let mut planned = Planned::failed(loaded, sources, found);
        planned.store = store;
        return planned;
    }
    let mut held = Diagnostics::new();
    for one in options.held {
        held.extend(one.why);
    }
    let mut plan = built.plan;
    if let Some(store) = &store {
        plan.lineage = store.view().lineage().to_owned();
        plan.serial = store.view().serial();
    } else if let Some(view) = &unlocked {
        plan.lineage = view.lineage().to_owned();
        plan.serial = view.serial();
    }
    if session.backend.locks_parts() {
        let read = store.as_ref().map(Store::view).or(unlocked);
        plan.records_read = parts::records_read(&plan, &read.unwrap_or_else(|| StateView::empty("")));
    }
    marked_values(&plan, |value| session.observer.secret(value));
    if refreshing && !plan.errored {
        plan.keep_what_was_found();
    }
    diagnostics.extend(plan.diagnostics.clone());
    if !built.generated.is_empty() {
        diagnostics.push(Diagnostic::warning(
            "Config generation is experimental",
            "Generating configuration during import is currently experimental, and the generated configuration format may change in future versions.",
        ));
    }
    Planned {
        plan: Some(Arc::new(plan)),
        loaded,
        sources,
        diagnostics: diagnostics.tidy(),
        variables,
        store,
        providers: built.providers,
        run,
        refreshing,
        destroying: request.operation == DESTROY,
        generated: built.generated,
        decisions: request.decisions,
        held,
        files_read,
        occasion: None,
    }
}
