//! Planning and applying `terraform_data`: what the engine itself costs, without a remote API.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::BatchSize;
use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use streamform::config::Snapshot;
use streamform::engine::Loaded;
use streamform::engine::PlanRequest;
use streamform::engine::Planned;
use streamform::engine::Session;
use streamform::engine::apply;
use streamform::engine::load;
use streamform::engine::plan;
use streamform::exec::Stop;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Sources;
use streamform_provider::Registry;
use streamform_provider::builtin::BuiltinFactory;
use streamform_state::Backend;
use streamform_state::LockWait;
use tokio::runtime::Runtime;

/// A shape of configuration, and how many resources.
#[derive(Clone, Copy)]
enum Shape {
    /// Blocks that know nothing of each other.
    Wide(usize),
    /// Each refers to the one before.
    Chain(usize),
    /// One block with `for_each`.
    ForEach(usize),
}

impl Shape {
    fn size(self) -> usize {
        match self {
            Self::Wide(n) | Self::Chain(n) | Self::ForEach(n) => n,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Wide(_) => "wide",
            Self::Chain(_) => "chain",
            Self::ForEach(_) => "for_each",
        }
    }

    fn text(self) -> String {
        let mut text = String::new();
        match self {
            Self::Wide(n) => {
                for i in 0..n {
                    let _ = writeln!(
                        text,
                        "resource \"terraform_data\" \"r{i}\" {{\n  input = \"value {i}\"\n}}"
                    );
                }
            }
            Self::Chain(n) => {
                text.push_str("resource \"terraform_data\" \"r0\" {\n  input = \"value\"\n}\n");
                for i in 1..n {
                    let before = i - 1;
                    let _ = writeln!(
                        text,
                        "resource \"terraform_data\" \"r{i}\" {{\n  input = terraform_data.r{before}.output\n}}"
                    );
                }
            }
            Self::ForEach(n) => {
                let _ = writeln!(
                    text,
                    "resource \"terraform_data\" \"r\" {{\n  for_each = toset([for i in range({n}) : \"k${{i}}\"])\n  input    = each.key\n}}"
                );
            }
        }
        text
    }
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.add(ProviderAddr::builtin(), Arc::new(BuiltinFactory::default()));
    registry
}

fn session(dir: &Path) -> Session {
    Session {
        base: dir.to_owned(),
        cwd: dir.to_owned(),
        home: None,
        rescue: Vec::new(),
        kept_files: None,
        backend: Backend::folder(dir.join("state")),
        unusable: None,
        key: None,
        workspace: "default".into(),
        registry: registry(),
        who: "bench@here".into(),
        lock_wait: LockWait::No,
        clock: Arc::new(|| "2026-11-21T10:00:00Z".into()),
        observer: Arc::new(()),
        stop: Stop::default(),
        commands: Arc::new(()),
        parallelism: 10,
        history: streamform::engine::history::Keep::Nothing,
    }
}

fn loaded(shape: Shape) -> Loaded {
    let mut files = Snapshot::default();
    files.add(Path::new("main.tf"), shape.text());
    let loaded = load(&files, Path::new(""), &registry());
    assert!(!loaded.diagnostics.has_errors(), "{:?}", loaded.diagnostics);
    loaded
}

fn planned(runtime: &Runtime, session: &Session, loaded: &Loaded, operation: &str) -> Planned {
    let request = PlanRequest {
        refresh: true,
        operation: operation.into(),
        ..PlanRequest::default()
    };
    let planned = runtime.block_on(plan(session, loaded.clone(), Sources::default(), request));
    assert!(planned.plan.is_some(), "{:?}", planned.diagnostics);
    planned
}

fn engine(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let shapes = [
        Shape::Wide(10),
        Shape::Wide(100),
        Shape::Wide(1_000),
        Shape::Wide(10_000),
        Shape::Chain(1_000),
        Shape::ForEach(1_000),
    ];
    for step in ["first plan", "apply", "empty plan"] {
        let mut group = c.benchmark_group(step);
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(3));
        for shape in shapes {
            group.throughput(Throughput::Elements(shape.size() as u64));
            let loaded = loaded(shape);
            let id = BenchmarkId::new(shape.name(), shape.size());
            group.bench_function(id, |b| match step {
                "first plan" => {
                    let dir = tempfile::tempdir().unwrap();
                    let session = session(dir.path());
                    b.iter(|| planned(&runtime, &session, &loaded, "OperationTypePlan"));
                }
                "apply" => b.iter_batched(
                    || {
                        let dir = tempfile::tempdir().unwrap();
                        let session = session(dir.path());
                        let planned = planned(&runtime, &session, &loaded, "OperationTypeApply");
                        (dir, session, planned)
                    },
                    |(dir, session, planned)| {
                        let outcome = runtime.block_on(apply(&session, planned));
                        assert!(!outcome.diagnostics.has_errors(), "{:?}", outcome.diagnostics);
                        dir
                    },
                    BatchSize::PerIteration,
                ),
                _ => {
                    let dir = tempfile::tempdir().unwrap();
                    let session = session(dir.path());
                    let first = planned(&runtime, &session, &loaded, "OperationTypeApply");
                    runtime.block_on(apply(&session, first));
                    b.iter(|| {
                        let mut again = planned(&runtime, &session, &loaded, "OperationTypePlan");
                        again.release();
                    });
                }
            });
        }
        group.finish();
    }
}

criterion_group!(benches, engine);
criterion_main!(benches);
