//! Runs of the engine in this process: a configuration as text, a state in a folder of its own, the test provider.

use std::path::Path;
use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Severity;
use streamform_lang::diag::Sources;
use streamform_provider::Registry;
use streamform_provider::builtin::BuiltinFactory;
use streamform_state::Backend;
use streamform_state::LockWait;
use streamform_state::StateView;
use tempfile::TempDir;

use super::super::ApplyOutcome;
use super::super::PlanRequest;
use super::super::Planned;
use super::super::Session;
use super::super::apply;
use super::super::history::Keep;
use super::super::load;
use super::super::plan;
use super::super::restore;
use super::cloud::Cloud;
use crate::config::Snapshot;
use crate::exec::Stop;
use crate::plan::InstanceChange;
use crate::plan::Plan;
use crate::plan::PlanMode;

/// Everything that a test works with.
pub(super) struct Desk {
    pub(super) folder: TempDir,
    pub(super) cloud: Cloud,
    pub(super) session: Session,
    files: Snapshot,
    runtime: tokio::runtime::Runtime,
}

impl Desk {
    pub(super) fn new(main: &str) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let cloud = Cloud::default();
        let mut registry = Registry::default();
        registry.add(ProviderAddr::builtin(), Arc::new(BuiltinFactory::default()));
        registry.add(ProviderAddr::implied("test"), Arc::new(cloud.clone()));
        let session = Session {
            base: folder.path().to_owned(),
            cwd: folder.path().to_owned(),
            home: None,
            backend: Backend::folder(folder.path().join("state")),
            unusable: None,
            key: None,
            workspace: "default".to_owned(),
            registry,
            rescue: Vec::new(),
            kept_files: None,
            who: "tester@here".to_owned(),
            lock_wait: LockWait::No,
            clock: Arc::new(|| "2026-01-02T03:04:05Z".to_owned()),
            observer: Arc::new(()),
            stop: Stop::default(),
            commands: Arc::new(()),
            parallelism: 4,
            history: Keep::default(),
        };
        let mut desk = Desk {
            folder,
            cloud,
            session,
            files: Snapshot::default(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        };
        desk.write(main);
        desk
    }

    /// Replaces the configuration of the root module.
    pub(super) fn write(&mut self, main: &str) {
        self.add("main.tf", main);
    }

    /// Adds or replaces a file.
    pub(super) fn add(&mut self, path: &str, text: &str) {
        self.files.add(Path::new(path), text);
    }

    pub(super) fn plan_with(&self, request: PlanRequest) -> Planned {
        let loaded = load(&self.files, Path::new("."), &self.session.registry);
        let sources: Sources = loaded.config.sources.clone();
        self.runtime
            .block_on(plan(&self.session, loaded, sources, request))
    }

    /// A plan that must be made well; the state is let go of.
    pub(super) fn plan(&self, request: PlanRequest) -> Arc<Plan> {
        let mut planned = self.plan_with(request);
        planned.release();
        assert_eq!(errors(&planned.diagnostics), Vec::<String>::new());
        planned.plan.unwrap()
    }

    /// A plan that must fail: its errors.
    pub(super) fn plan_errors(&self, request: PlanRequest) -> Vec<String> {
        let mut planned = self.plan_with(request);
        planned.release();
        errors(&planned.diagnostics)
    }

    /// Plans and applies; the plan must be made well.
    pub(super) fn apply_with(&self, request: PlanRequest) -> ApplyOutcome {
        let planned = self.plan_with(PlanRequest {
            operation: "OperationTypeApply".to_owned(),
            ..request
        });
        assert_eq!(errors(&planned.diagnostics), Vec::<String>::new());
        self.runtime.block_on(apply(&self.session, planned))
    }

    /// Plans and applies, all of which must go well.
    pub(super) fn apply(&self) -> StateView {
        self.apply_well(normal())
    }

    pub(super) fn apply_well(&self, request: PlanRequest) -> StateView {
        let outcome = self.apply_with(request);
        assert_eq!(errors(&outcome.diagnostics), Vec::<String>::new());
        outcome.state
    }

    /// Writes a plan to a file.
    pub(super) fn save(&self, request: PlanRequest) -> std::path::PathBuf {
        let mut planned = self.plan_with(request);
        planned.release();
        assert_eq!(errors(&planned.diagnostics), Vec::<String>::new());
        let path = self.folder.path().join("saved.plan");
        planned.to_save("default").unwrap().write(&path, None).unwrap();
        path
    }

    pub(super) fn restore(&self, path: &Path) -> Planned {
        restore(&self.session, path, |_| Default::default())
    }

    pub(super) fn apply_planned(&self, planned: Planned) -> ApplyOutcome {
        self.runtime.block_on(apply(&self.session, planned))
    }

    pub(super) fn state(&self) -> StateView {
        self.session.read_state().unwrap()
    }

    /// Addresses in the state, with `(tainted)` and deposed objects.
    pub(super) fn records(&self) -> Vec<String> {
        let mut found = Vec::new();
        for r in self.state().records() {
            if let Some(o) = &r.current {
                let tainted = o.status == streamform_state::ObjectStatus::Tainted;
                found.push(format!(
                    "{}{}",
                    r.address,
                    if tainted { " (tainted)" } else { "" }
                ));
            }
            found.extend(r.deposed.keys().map(|_| format!("{} (deposed)", r.address)));
        }
        found
    }

    /// One attribute of an object in the state.
    pub(super) fn attribute(&self, address: &str, name: &str) -> serde_json::Value {
        let state = self.state();
        let object = state.get(address).and_then(|r| r.current.as_ref()).unwrap();
        let all: serde_json::Value = object.attributes.parse().unwrap();
        all[name].clone()
    }

    pub(super) fn output(&self, name: &str) -> Option<serde_json::Value> {
        let state = self.state();
        state.outputs().get(name).map(|o| o.value.parse().unwrap())
    }
}

pub(super) fn normal() -> PlanRequest {
    PlanRequest {
        refresh: true,
        operation: "OperationTypePlan".to_owned(),
        ..PlanRequest::default()
    }
}

pub(super) fn destroy() -> PlanRequest {
    PlanRequest {
        mode: PlanMode::Destroy,
        ..normal()
    }
}

pub(super) fn refresh_only() -> PlanRequest {
    PlanRequest {
        mode: PlanMode::RefreshOnly,
        ..normal()
    }
}

pub(super) fn target(request: PlanRequest, targets: &[&str]) -> PlanRequest {
    PlanRequest {
        targets: targets.iter().map(|t| Target::parse(t).unwrap()).collect(),
        ..request
    }
}

pub(super) fn replace(address: &str) -> PlanRequest {
    PlanRequest {
        replace: vec![AbsInstance::parse(address).unwrap()],
        ..normal()
    }
}

pub(super) fn errors(found: &Diagnostics) -> Vec<String> {
    found
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .map(|d| format!("{}: {}", d.summary, d.detail))
        .collect()
}

/// What a plan does: `address action reason`, without what stays.
pub(super) fn actions(plan: &Plan) -> Vec<String> {
    plan.changes
        .iter()
        .filter(|c| c.action != crate::plan::Action::NoOp)
        .map(|c| {
            let deposed = if c.deposed.is_some() { " (deposed)" } else { "" };
            let reason = c.reason.map_or("", |r| r.json_name());
            format!(
                "{}{deposed} {} {reason}",
                c.address,
                c.action.json_names().join("/")
            )
            .trim_end()
            .to_owned()
        })
        .collect()
}

pub(super) fn change<'p>(plan: &'p Plan, address: &str) -> &'p InstanceChange {
    plan.changes
        .iter()
        .find(|c| c.address.to_string() == address)
        .unwrap()
}

/// `earlier` stands before `later`.
#[track_caller]
pub(super) fn assert_order(calls: &[String], earlier: &str, later: &str) {
    let at = |what: &str| {
        calls
            .iter()
            .position(|c| c == what)
            .unwrap_or_else(|| panic!("no {what} in {calls:?}"))
    };
    assert!(at(earlier) < at(later), "{earlier} after {later} in {calls:?}");
}
