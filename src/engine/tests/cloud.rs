//! A provider for tests: objects in memory, calls recorded, failures on demand.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;

use async_trait::async_trait;
use streamform_lang::addrs::Mode;
use streamform_lang::value::Path;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_provider::Provider;
use streamform_provider::protocol::ApplyRequest;
use streamform_provider::protocol::ApplyResponse;
use streamform_provider::protocol::Findings;
use streamform_provider::protocol::PlanRequest;
use streamform_provider::protocol::PlanResponse;
use streamform_provider::protocol::ProviderDiagnostic;
use streamform_provider::protocol::ProviderFactory;
use streamform_provider::protocol::ReadRequest;
use streamform_provider::protocol::ReadResponse;
use streamform_provider::protocol::RecoverRequest;
use streamform_provider::protocol::Recovery;
use streamform_provider::schema::Attribute;
use streamform_provider::schema::Block;
use streamform_provider::schema::Schema;

use crate::exec::Stop;

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing happens.
    Refused,
    /// An object is left half made (or half deleted).
    Partial,
    /// It happens, and the answer is lost.
    Lost,
    /// Something else than planned comes out of it.
    Different,
    /// It works, and the answer has unknown parts.
    Unknown,
    /// It works, and there is no object.
    Nothing,
}

/// What the objects of the test provider live in.
#[derive(Default)]
pub(super) struct Sky {
    /// Calls in order: `create a`, `delete a`, `read a`, `configure x`, `close x`.
    pub(super) calls: Vec<String>,
    /// Objects by id.
    pub(super) objects: BTreeMap<String, Value>,
    /// Calls that go wrong, by the text that `calls` has.
    pub(super) failing: BTreeMap<String, Failure>,
    /// Names of objects that reads do not find.
    pub(super) gone: BTreeSet<String>,
    /// Sizes that reads find instead, by name.
    pub(super) drifted: BTreeMap<String, i64>,
    /// Nobody is told what became of a lost call.
    pub(super) silent: bool,
    /// Asked to stop by the call with this text.
    pub(super) stop_at: Option<(String, Stop)>,
    next: u32,
}

/// Shared by all instances of the provider.
#[derive(Clone, Default)]
pub(super) struct Cloud(pub(super) Arc<Mutex<Sky>>);

impl Cloud {
    pub(super) fn with<T>(&self, f: impl FnOnce(&mut Sky) -> T) -> T {
        f(&mut self.0.lock().unwrap())
    }
    pub(super) fn fail(&self, call: &str, how: Failure) {
        self.with(|s| s.failing.insert(call.to_owned(), how));
    }
    pub(super) fn heal(&self) {
        self.with(|s| {
            s.failing.clear();
            s.silent = false;
        });
    }
    /// The calls since the last time, without configuring, closing and reading.
    pub(super) fn changes(&self) -> Vec<String> {
        let kinds = ["create ", "update ", "delete "];
        self.take()
            .into_iter()
            .filter(|c| kinds.iter().any(|k| c.starts_with(k)))
            .collect()
    }
    /// All calls since the last time.
    pub(super) fn take(&self) -> Vec<String> {
        self.with(|s| std::mem::take(&mut s.calls))
    }
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.with(|s| s.objects.values().map(name_of).collect());
        names.sort();
        names
    }
}

fn schema(attributes: impl IntoIterator<Item = (&'static str, Attribute)>) -> Arc<Schema> {
    let mut attributes: Vec<_> = attributes.into_iter().map(|(n, a)| (n.into(), a)).collect();
    attributes.sort_by(|(a, _): &(streamform_lang::value::Name, _), (b, _)| a.cmp(b));
    Arc::new(Schema {
        version: 0,
        block: Block {
            attributes,
            ..Block::default()
        },
    })
}

fn thing() -> Arc<Schema> {
    schema([
        ("id", Attribute::computed(Type::String)),
        ("name", Attribute::required(Type::String)),
        ("zone", Attribute::optional(Type::String)),
        ("size", Attribute::optional_computed(Type::Number)),
        ("after", Attribute::optional(Type::Any)),
        (
            "secret",
            Attribute {
                sensitive: true,
                ..Attribute::optional(Type::String)
            },
        ),
        (
            "token",
            Attribute {
                sensitive: true,
                ..Attribute::computed(Type::String)
            },
        ),
    ])
}

fn lookup() -> Arc<Schema> {
    schema([
        ("name", Attribute::required(Type::String)),
        ("result", Attribute::computed(Type::String)),
    ])
}

impl ProviderFactory for Cloud {
    fn config_schema(&self) -> Arc<Schema> {
        schema([("endpoint", Attribute::optional(Type::String))])
    }
    fn schema(&self, mode: Mode, type_name: &str) -> Option<Arc<Schema>> {
        match (mode, type_name) {
            (Mode::Managed, "test_thing") => Some(thing()),
            (Mode::Data, "test_lookup") => Some(lookup()),
            _ => None,
        }
    }
    fn type_names(&self, mode: Mode) -> Vec<&'static str> {
        match mode {
            Mode::Managed => vec!["test_thing"],
            Mode::Data => vec!["test_lookup"],
            Mode::Ephemeral => Vec::new(),
        }
    }
    fn version(&self) -> &str {
        "1.0.0"
    }
    fn instance(&self) -> Arc<dyn Provider> {
        Arc::new(Instance {
            cloud: self.clone(),
            endpoint: Mutex::new(None),
        })
    }
}

struct Instance {
    cloud: Cloud,
    endpoint: Mutex<Option<String>>,
}

fn text(object: &Value, name: &str) -> Option<String> {
    object.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn name_of(object: &Value) -> String {
    text(object, "name").unwrap_or_default()
}

fn error(what: &str) -> ProviderDiagnostic {
    ProviderDiagnostic::error("Test failure", format!("{what} was told to fail."))
}

impl Instance {
    fn record(&self, call: &str) -> Option<Failure> {
        self.cloud.with(|s| {
            s.calls.push(call.to_owned());
            if let Some((at, stop)) = &s.stop_at
                && at == call
            {
                stop.set();
            }
            s.failing.get(call).copied()
        })
    }
}

#[async_trait]
impl Provider for Instance {
    fn validate(&self, _mode: Mode, _type_name: &str, config: &Value) -> Findings {
        match text(config, "name") {
            Some(n) if n == "invalid" => vec![
                ProviderDiagnostic::error("Invalid name", "A thing cannot have this name.")
                    .at(Path::attr("name")),
            ],
            _ => Findings::new(),
        }
    }

    async fn configure(&self, config: Value) -> Findings {
        let known = config.is_wholly_known();
        let endpoint = text(&config, "endpoint").unwrap_or_else(|| if known { "-" } else { "?" }.to_owned());
        *self.endpoint.lock().unwrap() = Some(endpoint.clone());
        let call = format!("configure {endpoint}");
        match self.record(&call) {
            Some(_) => vec![error(&call)],
            None => Findings::new(),
        }
    }

    async fn upgrade(&self, _: &str, _: u64, _: &str) -> Result<Value, Findings> {
        Err(vec![error("upgrade")])
    }

    async fn read(&self, group: Vec<ReadRequest>) -> Vec<ReadResponse> {
        group
            .into_iter()
            .map(|r| {
                let name = name_of(&r.prior);
                self.record(&format!("read {name}"));
                let state = self.cloud.with(|s| {
                    if s.gone.contains(&name) {
                        return Value::null(r.prior.ty());
                    }
                    match s.drifted.get(&name) {
                        Some(size) => r.prior.with_attr("size", Value::number(*size as usize)),
                        None => r.prior.clone(),
                    }
                });
                ReadResponse {
                    refused_access: Vec::new(),
                    state,
                    private: r.private,
                    findings: Findings::new(),
                }
            })
            .collect()
    }

    fn plan(&self, request: PlanRequest) -> PlanResponse {
        let mut requires_replace = Vec::new();
        let mut planned = request.proposed;
        if !planned.is_null() {
            let unset = |v: &Value, n: &str| v.get(n).is_none_or(Value::is_null);
            if request.prior.is_null() {
                planned = planned
                    .with_attr("id", Value::unknown_not_null(Type::String))
                    .with_attr("token", Value::unknown_not_null(Type::String));
                if unset(&request.config, "size") {
                    planned = planned.with_attr("size", Value::unknown(Type::Number));
                }
            } else if request.prior.get("zone") != planned.get("zone") {
                requires_replace.push(Path::attr("zone"));
            }
        }
        PlanResponse {
            planned,
            requires_replace,
            private: request.private,
            deferred: None,
            steps: Vec::new(),
            reason: None,
            findings: Findings::new(),
        }
    }

    async fn apply(&self, request: ApplyRequest) -> ApplyResponse {
        let deleting = request.planned.is_null();
        let name = name_of(if deleting {
            &request.prior
        } else {
            &request.planned
        });
        let what = if deleting {
            "delete"
        } else if request.prior.is_null() {
            "create"
        } else {
            "update"
        };
        let call = format!("{what} {name}");
        let failure = self.record(&call);
        let none = Value::null(request.planned.ty());
        let answer = |state: Value, findings: Findings, outcome_unknown: bool| ApplyResponse {
            state,
            private: Some(Arc::from(name.as_bytes())),
            findings,
            outcome_unknown,
        };
        if failure == Some(Failure::Refused) {
            return answer(request.prior, vec![error(&call)], false);
        }
        let id = text(&request.prior, "id");
        if deleting {
            if failure == Some(Failure::Partial) {
                return answer(
                    request.prior.with_attr("size", Value::number(0usize)),
                    vec![error(&call)],
                    false,
                );
            }
            self.cloud.with(|s| s.objects.remove(&id.unwrap_or_default()));
            return match failure {
                Some(Failure::Lost) => answer(request.prior, vec![error(&call)], true),
                _ => answer(none, Findings::new(), false),
            };
        }
        let id = id.unwrap_or_else(|| {
            self.cloud.with(|s| {
                s.next += 1;
                format!("id-{}", s.next)
            })
        });
        let mut made = request.planned.with_attr("id", Value::string(id.clone()));
        // An object that gets another name keeps its token.
        if made.get("token").is_none_or(|t| !t.is_known()) {
            made = made.with_attr("token", Value::string(format!("token-of-{name}")));
        }
        if made.get("size").is_none_or(|s| !s.is_known()) {
            made = made.with_attr("size", Value::number(7usize));
        }
        self.cloud.with(|s| s.objects.insert(id, made.clone()));
        match failure {
            None | Some(Failure::Refused) => answer(made, Findings::new(), false),
            Some(Failure::Partial) => answer(made, vec![error(&call)], false),
            Some(Failure::Lost) => answer(none, vec![error(&call)], true),
            Some(Failure::Different) => answer(
                made.with_attr("zone", Value::string("elsewhere")),
                Findings::new(),
                false,
            ),
            Some(Failure::Unknown) => answer(
                made.with_attr("size", Value::unknown(Type::Number)),
                Findings::new(),
                false,
            ),
            Some(Failure::Nothing) => answer(none, Findings::new(), false),
        }
    }

    async fn recover(&self, request: RecoverRequest) -> Result<Recovery, Findings> {
        if self.cloud.with(|s| s.silent) {
            return Err(vec![error("recover")]);
        }
        if request.planned.is_null() {
            let id = text(&request.prior, "id").unwrap_or_default();
            return Ok(match self.cloud.with(|s| s.objects.contains_key(&id)) {
                true => Recovery::NotDone,
                false => Recovery::Done(Value::null(request.planned.ty()), None),
            });
        }
        let name = name_of(&request.planned);
        let found = self.cloud.with(|s| {
            s.objects
                .iter()
                .find(|(id, o)| name_of(o) == name && !request.known_ids.contains(*id))
                .map(|(_, o)| o.clone())
        });
        Ok(found.map_or(Recovery::NotDone, |o| Recovery::Done(o, None)))
    }

    async fn read_data(&self, _: &str, config: Value) -> Result<Value, Findings> {
        let name = name_of(&config);
        let call = format!("lookup {name}");
        match self.record(&call) {
            Some(_) => Err(vec![error(&call)]),
            None => Ok(config.with_attr("result", Value::string(format!("found {name}")))),
        }
    }

    async fn close(&self) {
        let endpoint = self.endpoint.lock().unwrap().clone().unwrap_or_default();
        self.record(&format!("close {endpoint}"));
    }
}
