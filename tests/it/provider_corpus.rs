//! What the official provider says at validate and plan, without any API: recorded cases, where they are at hand.
//!
//! The engine is asked as a library: a process for each of a thousand cases would take minutes.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Map;
use serde_json::Value as Json;
use streamform::config::Snapshot;
use streamform::engine;
use streamform::engine::PlanRequest;
use streamform::engine::Session;
use streamform::exec::Stop;
use streamform_confluent::ProviderDefaults;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Severity;
use streamform_lang::diag::Sources;
use streamform_lang::value::Kind;
use streamform_lang::value::Value;
use streamform_provider::Registry;
use streamform_state::Backend;
use streamform_state::ForeignState;
use streamform_state::HolderInfo;
use streamform_state::LockWait;

/// Cases in which we differ on purpose, by the end of their name, and why. The same is told in `docs/differences.md`.
const DIFFERENCES: &[(&str, &str)] = &[
    ("/timeouts-unknown", NOT_KNOWN_IS_NO_MISTAKE),
    ("/x-sql-space", SAME_STATEMENT),
    ("/x-sql-newline", SAME_STATEMENT),
    ("/x-sql-case", SAME_STATEMENT),
    ("/x-sql-leading", SAME_STATEMENT),
];
const NOT_KNOWN_IS_NO_MISTAKE: &str = "a timeout that is not known yet is checked when it is known";
const SAME_STATEMENT: &str = "SQL that says the same is the same statement";

/// The types that the cases may use.
const TYPES: &[&str] = &[
    "confluent_api_key",
    "confluent_environment",
    "confluent_flink_compute_pool",
    "confluent_flink_statement",
    "confluent_kafka_cluster",
    "confluent_kafka_topic",
    "confluent_role_binding",
    "confluent_schema",
    "confluent_service_account",
    "data.confluent_environment",
    "data.confluent_flink_region",
    "data.confluent_kafka_cluster",
    "data.confluent_organization",
    "data.confluent_schema_registry_cluster",
    "data.confluent_service_account",
    "provider",
    "stack",
];

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn the_official_provider_says_the_same() {
    let Some(corpus) = corpus() else {
        eprintln!("skipped: there is no shared/corpus/provider beside or above the project");
        return;
    };
    let sets: Json = serde_json::from_str(&read(&corpus.join("fixtures/sets.json"))).unwrap();
    let fixtures = [
        read(&corpus.join("fixtures/versions.tf")),
        read(&corpus.join("fixtures/provider.tf")),
    ];
    let mut cases: Vec<Json> = Vec::new();
    let mut files: Vec<&str> = TYPES.iter().map(|t| t.trim_start_matches("data.")).collect();
    files.dedup();
    files.sort_unstable();
    files.dedup();
    for file in files {
        let text = read(&corpus.join("cases").join(format!("{file}.jsonl")));
        cases.extend(
            text.lines()
                .map(|line| serde_json::from_str::<Json>(line).unwrap()),
        );
    }
    let registry = registry();
    cases.retain(|c| TYPES.contains(&text(c, "type")) && knows_all_types(&registry, text(c, "hcl")));
    let only = std::env::var("STREAMFORM_TEST_CASE").unwrap_or_default();
    cases.retain(|c| text(c, "id").contains(&only));
    let halves = cases.split_at(cases.len() / 2);
    let problems: Vec<String> = std::thread::scope(|scope| {
        let runs = [halves.0, halves.1].map(|half| {
            let (registry, sets, fixtures) = (&registry, &sets, &fixtures);
            scope.spawn(move || run_all(half, registry, fixtures, sets))
        });
        runs.into_iter().flat_map(|run| run.join().unwrap()).collect()
    });
    assert!(
        problems.is_empty(),
        "{} of {} cases differ:\n{}",
        problems.len(),
        cases.len(),
        problems.join("\n")
    );
}

fn run_all(cases: &[Json], registry: &Registry, fixtures: &[String; 2], sets: &Json) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut problems = Vec::new();
    for case in cases {
        let id = text(case, "id");
        let found = run(case, registry, fixtures, sets, &runtime);
        match DIFFERENCES.iter().find(|(end, _)| id.ends_with(end)) {
            Some((_, why)) if found.is_empty() => {
                problems.push(format!("{id}: no longer differs; take it from the list ({why})"));
            }
            Some(_) => {}
            None => problems.extend(found.into_iter().map(|p| format!("{id}: {p}"))),
        }
    }
    problems
}

/// The cases, in a folder above the project.
fn corpus() -> Option<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|dir| dir.join("shared/corpus/provider"))
        .find(|dir| dir.join("cases").is_dir())
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{} cannot be read: {e}", path.display()))
}

fn text<'j>(json: &'j Json, name: &str) -> &'j str {
    json[name].as_str().unwrap_or_default()
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.add(
        ProviderAddr::builtin(),
        Arc::new(streamform_provider::builtin::BuiltinFactory::default()),
    );
    let address = ProviderAddr {
        host: streamform_lang::addrs::DEFAULT_HOST.into(),
        namespace: "confluentinc".into(),
        ty: "confluent".into(),
    };
    let defaults = ProviderDefaults {
        environment: Some(Arc::new(|_| None)),
        ..ProviderDefaults::default()
    };
    registry.add(address, streamform_confluent::factory(defaults));
    registry
}

/// Whether every type that a configuration names is one of ours.
fn knows_all_types(registry: &Registry, hcl: &str) -> bool {
    hcl.lines().all(|line| {
        let mut words = line.split_whitespace();
        let mode = match words.next() {
            Some("resource") => Mode::Managed,
            Some("data") => Mode::Data,
            _ => return true,
        };
        let ty = words.next().unwrap_or_default().trim_matches('"');
        !ty.starts_with("confluent_") || registry.iter().any(|(_, f)| f.type_names(mode).contains(&ty))
    })
}

fn run(
    case: &Json,
    registry: &Registry,
    fixtures: &[String; 2],
    sets: &Json,
    runtime: &tokio::runtime::Runtime,
) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let session = Session {
        base: folder.path().to_owned(),
        cwd: folder.path().to_owned(),
        home: None,
        rescue: Vec::new(),
        kept_files: None,
        backend: Backend::folder(folder.path().join("state")),
        unusable: None,
        key: None,
        workspace: "default".to_owned(),
        registry: registry.clone(),
        who: "test".to_owned(),
        lock_wait: LockWait::No,
        clock: Arc::new(|| "2025-01-01T00:00:00Z".to_owned()),
        observer: Arc::new(()),
        stop: Stop::default(),
        commands: Arc::new(()),
        parallelism: 1,
        history: engine::history::Keep::Nothing,
    };
    let provider = case["provider"].as_str().unwrap_or(&fixtures[1]);
    let files = Snapshot::from([
        ("main.tf", text(case, "hcl")),
        ("versions.tf", &fixtures[0]),
        ("provider.tf", provider),
    ]);
    let loaded = engine::load(&files, Path::new("."), registry);
    let expect = &case["expect"];
    if text(case, "kind") == "validate" {
        let found = engine::validate(&session, &loaded);
        return same_errors(&expect["diags"], &found, &loaded.config.sources);
    }
    if case["prior"].is_array() {
        put_prior(case, &session);
    }
    let request = PlanRequest {
        operation: "OperationTypePlan".to_owned(),
        ..PlanRequest::default()
    };
    let sources = loaded.config.sources.clone();
    let mut planned = runtime.block_on(engine::plan(&session, loaded, sources, request));
    planned.release();
    if expect["ok"] != true || planned.diagnostics.has_errors() {
        return same_errors(&expect["diags"], &planned.diagnostics, &planned.sources);
    }
    let mut changes = BTreeMap::new();
    for change in planned.plan.iter().flat_map(|p| &p.changes) {
        let view = serde_json::json!({
            "actions": change.action.json_names(),
            "before": json(&change.before),
            "after": json(&change.after),
            "after_unknown": flags(&change.after, &|v| !v.is_known()),
            "after_sensitive": flags(&change.after, &Value::is_sensitive),
            "replace_paths": change.replace_paths.iter().map(path).collect::<Vec<_>>(),
        });
        changes.insert(change.address.to_string(), view);
    }
    same_changes(&expect["changes"], &changes, sets)
}

fn put_prior(case: &Json, session: &Session) {
    let state = serde_json::json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "5f0c1b9a-6d3e-4a57-9c1e-0a1b2c3d4e5f",
        "outputs": {}, "resources": case["prior"], "check_results": null,
    });
    let foreign = ForeignState::from_v4_json(&state).unwrap();
    let holder = HolderInfo::new("push", "test", "push", (session.clock)());
    let mut store = session
        .backend
        .open(&session.workspace, holder, LockWait::No)
        .unwrap();
    let entries = foreign.replacing(&store.view());
    store.commit(entries).unwrap();
    store.finish().unwrap();
}

fn same_errors(expect: &Json, found: &Diagnostics, sources: &Sources) -> Vec<String> {
    let addresses = expect
        .as_array()
        .into_iter()
        .flatten()
        .filter(|d| d["severity"] == "error")
        .all(|d| d["address"].is_string())
        && found
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .all(|d| d.address.is_some());
    let place = |file: &str, line: u64, address: Option<&str>| {
        format!(
            "{file}:{line} {}",
            address.filter(|_| addresses).unwrap_or_default()
        )
    };
    let mut theirs: Vec<String> = expect
        .as_array()
        .into_iter()
        .flatten()
        .filter(|d| d["severity"] == "error")
        .map(|d| {
            place(
                text(d, "file"),
                d["line"].as_u64().unwrap_or(0),
                d["address"].as_str(),
            )
        })
        .collect();
    let mut told = Vec::new();
    let mut ours: Vec<String> = found
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .map(|d| {
            told.push(format!("{} ({})", d.summary, d.detail));
            let file = d.subject.and_then(|s| Some((sources.get(s.file)?, s)));
            let (name, line) = file.map_or(("", 0), |(f, s)| (&**f.name(), f.position(s.start).line));
            place(name, line.into(), d.address.as_deref())
        })
        .collect();
    theirs.sort();
    ours.sort();
    if theirs == ours {
        Vec::new()
    } else {
        let theirs_told: Vec<_> = expect
            .as_array()
            .into_iter()
            .flatten()
            .map(|d| text(d, "summary"))
            .collect();
        vec![format!(
            "errors at {ours:?} {told:?}, officially {theirs:?} {theirs_told:?}"
        )]
    }
}

/// A value without what is null or unknown.
fn json(value: &Value) -> Json {
    if let Some(items) = value.items() {
        return items.iter().map(json).collect();
    }
    if let Some(entries) = value.entries() {
        return entries
            .iter()
            .filter(|(_, v)| v.is_known() && !v.is_null())
            .map(|(n, v)| (n.to_string(), json(v)))
            .collect::<Map<_, _>>()
            .into();
    }
    match value.kind() {
        Kind::Bool(b) => (*b).into(),
        Kind::String(s) => s.to_string().into(),
        Kind::Number(n) => serde_json::from_str::<f64>(&n.to_string()).unwrap().into(),
        _ => Json::Null,
    }
}

/// Where something holds of a value, elements by number; null: nowhere.
fn flags(value: &Value, holds: &dyn Fn(&Value) -> bool) -> Json {
    if holds(value) {
        return true.into();
    }
    let children: Vec<(String, Json)> = match (value.items(), value.entries()) {
        (Some(items), _) => items
            .iter()
            .enumerate()
            .map(|(i, v)| (i.to_string(), flags(v, holds)))
            .collect(),
        (_, Some(entries)) => entries
            .iter()
            .map(|(n, v)| (n.to_string(), flags(v, holds)))
            .collect(),
        _ => Vec::new(),
    };
    let children: Map<String, Json> = children.into_iter().filter(|(_, j)| !j.is_null()).collect();
    if children.is_empty() {
        Json::Null
    } else {
        children.into()
    }
}

fn path(path: &streamform_lang::value::Path) -> Json {
    use streamform_lang::value::Step;
    path.steps()
        .iter()
        .map_while(|step| match step {
            Step::Attr(n) | Step::Key(n) => Some(Json::from(n.as_str())),
            Step::Index(i) => Some((*i).into()),
            Step::Element(_) => None,
        })
        .collect()
}

fn same_changes(expect: &Json, ours: &BTreeMap<String, Json>, sets: &Json) -> Vec<String> {
    let mut problems = Vec::new();
    let none = Map::new();
    let theirs = expect.as_object().unwrap_or(&none);
    for (address, change) in ours {
        if !theirs.contains_key(address) && change["actions"] != serde_json::json!(["no-op"]) {
            problems.push(format!("{address}: {}, officially nothing", change["actions"]));
        }
    }
    for (address, theirs) in theirs {
        let Some(ours) = ours.get(address) else {
            if theirs["actions"] != serde_json::json!(["no-op"]) {
                problems.push(format!("{address}: nothing, officially {}", theirs["actions"]));
            }
            continue;
        };
        let (theirs, ours) = (canonical(address, theirs, sets), canonical(address, ours, sets));
        for part in [
            "actions",
            "before",
            "after",
            "after_unknown",
            "after_sensitive",
            "replace_paths",
        ] {
            if part == "after_sensitive" && theirs["actions"] == serde_json::json!(["no-op"]) {
                continue;
            }
            if theirs[part] != ours[part] {
                problems.push(format!(
                    "{address} {part}: {}, officially {}",
                    ours[part], theirs[part]
                ));
            }
        }
    }
    problems
}

/// A change with sets in one order, numbers of one kind, and nothing that is null.
fn canonical(address: &str, change: &Json, sets: &Json) -> Json {
    let mut change = plain(change);
    if let Some(paths) = change.get_mut("replace_paths").and_then(Json::as_array_mut) {
        paths.sort_by_key(Json::to_string);
        if paths.is_empty() {
            change["replace_paths"] = Json::Null;
        }
    }
    let parts: Vec<&str> = address.split(['.', '[']).collect();
    let ty = match parts.iter().position(|p| p.starts_with("confluent_")) {
        Some(at) if at > 0 && parts[at - 1] == "data" => format!("data.{}", parts[at]),
        Some(at) => parts[at].to_owned(),
        None => String::new(),
    };
    let [mut before, mut after, mut unknown, mut sensitive] =
        ["before", "after", "after_unknown", "after_sensitive"].map(|n| change[n].take());
    sort_sets(&mut before, &mut [], &sets[&ty]);
    sort_sets(&mut after, &mut [&mut unknown, &mut sensitive], &sets[&ty]);
    for (name, part) in [
        ("before", before),
        ("after", after),
        ("after_unknown", unknown),
        ("after_sensitive", sensitive),
    ] {
        change[name] = part;
    }
    change
}

fn plain(json: &Json) -> Json {
    match json {
        Json::Number(n) => n.as_f64().into(),
        Json::Array(items) => items.iter().map(plain).collect(),
        Json::Object(items) => items
            .iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(k, v)| (k.clone(), plain(v)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// Puts the elements of sets in one order, with the marks that go by their number.
fn sort_sets(object: &mut Json, marks: &mut [&mut Json], tree: &Json) {
    for (name, node) in tree.as_object().into_iter().flatten() {
        let Some(rows) = object.get_mut(name).and_then(Json::as_array_mut) else {
            continue;
        };
        let mut of_rows: Vec<Vec<Json>> = Vec::new();
        for (i, row) in rows.iter_mut().enumerate() {
            let mut here: Vec<Json> = marks
                .iter()
                .map(|m| m[name].get(i.to_string()).cloned().unwrap_or_default())
                .collect();
            sort_sets(row, &mut here.iter_mut().collect::<Vec<_>>(), &node["in"]);
            of_rows.push(here);
        }
        let mut all: Vec<(Json, Vec<Json>)> = rows.drain(..).zip(of_rows).collect();
        if node["set"] == true {
            all.sort_by_key(|(row, marks)| format!("{row}{marks:?}"));
        }
        for (m, mark) in marks.iter_mut().enumerate() {
            if mark[name].is_object() {
                let by_number = all
                    .iter()
                    .enumerate()
                    .filter(|(_, (_, marks))| !marks[m].is_null());
                mark[name] = by_number
                    .map(|(i, (_, marks))| (i.to_string(), marks[m].clone()))
                    .collect::<Map<_, _>>()
                    .into();
            }
        }
        rows.extend(all.into_iter().map(|(row, _)| row));
    }
}
