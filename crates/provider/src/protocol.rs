//! The [`Provider`] trait: requests and answers shaped like Terraform's plugin protocol, so that a
//! plugin host can stand behind it. Values in, values and diagnostics out.

use std::sync::Arc;

use async_trait::async_trait;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Severity;
use streamform_lang::functions::Function;
use streamform_lang::value::Path;
use streamform_lang::value::Type;
use streamform_lang::value::Value;

use crate::schema::Schema;

/// A problem found by a provider; the engine turns `path` into a place in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderDiagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Short title.
    pub summary: String,
    /// Full sentences.
    pub detail: String,
    /// The attribute at fault.
    pub path: Option<Path>,
    /// It is told without a place in the configuration: what it says is enough.
    pub placeless: bool,
    /// The API did not accept the credentials of the call (401).
    pub unauthorized: bool,
}

impl ProviderDiagnostic {
    /// An error about the object as a whole.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        ProviderDiagnostic {
            severity: Severity::Error,
            summary: summary.into(),
            detail: detail.into(),
            path: None,
            placeless: false,
            unauthorized: false,
        }
    }
    /// A warning about the object as a whole.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        ProviderDiagnostic {
            severity: Severity::Warning,
            ..Self::error(summary, detail)
        }
    }
    /// Without a place in the configuration.
    #[must_use]
    pub fn placeless(mut self) -> Self {
        self.placeless = true;
        self
    }
    /// The attribute at fault.
    #[must_use]
    pub fn at(mut self, path: Path) -> Self {
        self.path = Some(path);
        self
    }
}

/// The problems found in one request.
pub type Findings = Vec<ProviderDiagnostic>;

/// Whether any of them is an error.
pub fn has_errors(findings: &[ProviderDiagnostic]) -> bool {
    findings.iter().any(|d| d.severity == Severity::Error)
}

/// What a provider keeps beside an object and nobody else looks into.
pub type Private = Option<Arc<[u8]>>;

/// Makes providers: what is known without a configuration. One for each provider in the binary.
pub trait ProviderFactory: Send + Sync {
    /// Schema of the provider block.
    fn config_schema(&self) -> Arc<Schema>;
    /// Schema of a type, made when first asked for. None: there is no such type.
    fn schema(&self, mode: Mode, type_name: &str) -> Option<Arc<Schema>>;
    /// Names of all types of a mode, sorted, for suggestions and `providers schema`.
    fn type_names(&self, mode: Mode) -> Vec<&'static str>;
    /// The functions that the provider brings, sorted by name. Usually none.
    fn functions(&self) -> &'static [Function] {
        &[]
    }
    /// The attribute that holds the SQL of a managed type, if it is a statement: the history tells how it changes.
    fn sql_attribute(&self, _type_name: &str) -> Option<&'static str> {
        None
    }
    /// The version that `version` and lock information show.
    fn version(&self) -> &str;
    /// A provider that is not configured yet.
    fn instance(&self) -> Arc<dyn Provider>;
}

/// A request to read the real object behind a record.
#[derive(Clone, Debug)]
pub struct ReadRequest {
    /// Resource type.
    pub type_name: String,
    /// What the state knows.
    pub prior: Value,
    /// Kept by the provider.
    pub private: Private,
}

/// The answer to a [`ReadRequest`].
#[derive(Clone, Debug)]
pub struct ReadResponse {
    /// The object as it is now; null if it is gone.
    pub state: Value,
    /// Kept by the provider.
    pub private: Private,
    /// Problems.
    pub findings: Findings,
    /// Where the read failed because the API did not accept the credentials that the object itself carries: the attributes that
    /// hold them. A plan that changes them mends it.
    pub refused_access: Vec<Path>,
}

/// A request to plan one instance.
#[derive(Clone, Debug)]
pub struct PlanRequest {
    /// Resource type.
    pub type_name: String,
    /// The object as it is; null to create.
    pub prior: Value,
    /// The configuration; null to delete.
    pub config: Value,
    /// The configuration merged with computed values of `prior`: what would be if the provider set nothing anew.
    pub proposed: Value,
    /// Kept by the provider.
    pub private: Private,
}

/// The answer to a [`PlanRequest`].
#[derive(Clone, Debug)]
pub struct PlanResponse {
    /// The object as it will be, unknown where only apply tells.
    pub planned: Value,
    /// Attributes whose change cannot be made in place.
    pub requires_replace: Vec<Path>,
    /// Kept by the provider.
    pub private: Private,
    /// Why the instance cannot be planned now.
    pub deferred: Option<String>,
    /// The ordered steps of one change, where it is more than one call (each is journalled).
    pub steps: Vec<String>,
    /// A sentence for the reviewer: why the change is what it is ("comments only; the statement keeps running").
    pub reason: Option<String>,
    /// Problems.
    pub findings: Findings,
}

/// Told during an apply.
pub trait Progress: Send + Sync {
    /// Makes what is known of the object durable before the operation ends, e.g. its id right after the call that made it.
    /// Returns when it is on disk.
    fn checkpoint(&self, state: &Value, private: &Private);
    /// A phase to show: "waiting for PROVISIONED".
    fn phase(&self, text: &str);
    /// Whether the run is being stopped: waits end early, a call in flight is finished.
    fn stopping(&self) -> bool;
}

/// A request to carry out a planned change.
#[derive(Clone)]
pub struct ApplyRequest {
    /// Resource type.
    pub type_name: String,
    /// The object as it is; null to create.
    pub prior: Value,
    /// The planned object; null to delete.
    pub planned: Value,
    /// The configuration; null to delete.
    pub config: Value,
    /// Kept by the provider.
    pub private: Private,
    /// Unique to this change and the same when it is tried again: for idempotency headers.
    pub token: String,
    /// Where to report.
    pub progress: Arc<dyn Progress>,
}

/// The answer to an [`ApplyRequest`].
#[derive(Clone, Debug)]
pub struct ApplyResponse {
    /// The object afterwards; null if there is none. With errors: what is known of a half-made object.
    pub state: Value,
    /// Kept by the provider.
    pub private: Private,
    /// Problems.
    pub findings: Findings,
    /// Whether a call may have had its effect without us knowing (connection lost): the engine asks [`Provider::recover`].
    pub outcome_unknown: bool,
}

/// A request to find out what became of a change whose result is not known.
#[derive(Clone, Debug)]
pub struct RecoverRequest {
    /// Resource type.
    pub type_name: String,
    /// The object before; null if it was to be created.
    pub prior: Value,
    /// The planned object; null if it was to be deleted.
    pub planned: Value,
    /// What a checkpoint had told.
    pub checkpoint: Option<Value>,
    /// Kept by the provider.
    pub private: Private,
    /// When the change began, RFC 3339: nothing older can be its result.
    pub started_at: String,
    /// The token of the change.
    pub token: String,
    /// Ids of objects of this type that belong to records: never adopted.
    pub known_ids: Vec<String>,
    /// The id of the object that the user says is the result of a create; none: the provider finds out.
    pub chosen: Option<String>,
}

/// What became of a change.
#[derive(Clone, Debug)]
pub enum Recovery {
    /// It was done: this is the object (null: deleted).
    Done(Value, Private),
    /// Nothing was done.
    NotDone,
    /// Half made: to be replaced (as tainted).
    Partial(Value, Private),
    /// Made, but of no use (an API key without its secret): it has been deleted; do it anew.
    Undone(String),
    /// These objects could be it, and which one cannot be told.
    Ambiguous(Ambiguity),
}

/// Why it cannot be told which object is the result of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ambiguity {
    /// Objects that could be it.
    pub candidates: Vec<Candidate>,
    /// What becomes of the object that the user names, where that is not simply adoption: a whole sentence.
    pub once_chosen: Option<String>,
}

/// An object that may be the result of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// Its id, as the attribute `id` of the type has it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// When it was made, RFC 3339; empty: the API does not tell.
    pub made_at: String,
    /// Everything else that could tell it from others, none of it secret: name and value.
    pub facts: Vec<(String, String)>,
}

/// An object found by an import.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Resource type.
    pub type_name: String,
    /// The object, as complete as a following read needs.
    pub state: Value,
    /// Kept by the provider.
    pub private: Private,
}

/// An ephemeral resource that was opened: what Terraform's protocol calls OpenEphemeralResource.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Its value: the configuration with what the opening gave. It is never stored.
    pub result: Value,
    /// Kept by the provider until it is closed.
    pub private: Private,
}

/// An object of another type, maybe of another provider, that is to become one of this provider's: what Terraform's protocol
/// calls MoveResourceState.
#[derive(Clone, Debug)]
pub struct MoveRequest {
    /// The provider that made it.
    pub source_provider: ProviderAddr,
    /// Its type there.
    pub source_type: String,
    /// The version of that type's schema.
    pub source_version: u64,
    /// Its attributes as stored: raw JSON.
    pub source: String,
    /// The type that it is to have.
    pub target_type: String,
}

/// A provider at work.
///
/// A method whose operation a provider does not have keeps its default, which says so.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Checks the provider block (what is unknown cannot be judged yet).
    fn validate_config(&self, config: &Value) -> Findings {
        let _ = config;
        Vec::new()
    }

    /// Checks the configuration of a resource, data source or ephemeral resource. Needs no configured provider. The
    /// configuration keeps its marks, so that no message quotes a secret.
    fn validate(&self, mode: Mode, type_name: &str, config: &Value) -> Findings;

    /// Takes the provider block. Called once, before anything below. No call to the API is made here.
    async fn configure(&self, config: Value) -> Findings;

    /// Brings a stored object of an older schema version up to date: raw attribute JSON in, value out.
    async fn upgrade(&self, type_name: &str, version: u64, raw: &str) -> Result<Value, Findings>;

    /// Turns a stored object of another type into one of this provider's. Needs no configured provider. None: it cannot.
    async fn move_state(&self, request: MoveRequest) -> Option<Result<Value, Findings>> {
        let _ = request;
        None
    }

    /// Reads the objects behind records. A group may be answered with fewer calls than it has members; the answers are in its order.
    async fn read(&self, group: Vec<ReadRequest>) -> Vec<ReadResponse>;

    /// Whether [`Provider::read`] reaches outside the process for this type. If not, the engine may spare the call.
    fn reads_outside(&self, type_name: &str) -> bool {
        let _ = type_name;
        true
    }

    /// Whether plans and results may differ from the configuration in what means nothing (null against empty), as those of
    /// providers on Terraform's older plugin SDK do. The engine is then lenient where it checks them.
    fn lenient(&self) -> bool {
        false
    }

    /// Plans one instance. Not async: no call to the API is needed for it. If the answer asks for a replacement, the engine
    /// plans again with a null `prior` (and `proposed` made from it): that is what will be created.
    fn plan(&self, request: PlanRequest) -> PlanResponse;

    /// Whether applying this type reaches outside the process; if not, it needs no journal.
    fn effects_outside(&self, type_name: &str) -> bool {
        let _ = type_name;
        true
    }

    /// Carries out a planned change.
    async fn apply(&self, request: ApplyRequest) -> ApplyResponse;

    /// Finds out what became of a change whose result is not known.
    async fn recover(&self, request: RecoverRequest) -> Result<Recovery, Findings>;

    /// Finds an object by its import id.
    async fn import(&self, type_name: &str, id: &str) -> Result<Vec<Imported>, Findings> {
        let _ = id;
        Err(vec![ProviderDiagnostic::error(
            "Resource Import Not Implemented",
            format!("Objects of type {type_name} cannot be imported."),
        )])
    }

    /// Reads a data source.
    async fn read_data(&self, type_name: &str, config: Value) -> Result<Value, Findings>;

    /// Opens an ephemeral resource: what it gives is good until it is closed.
    async fn open(&self, type_name: &str, config: Value) -> Result<Opened, Findings> {
        let _ = config;
        Err(vec![ProviderDiagnostic::error(
            "Invalid ephemeral resource type",
            format!("The provider has no ephemeral resource type {type_name:?}."),
        )])
    }

    /// Closes what [`Provider::open`] has opened. Called once for each, also after a failure of whatever has used it.
    async fn close_ephemeral(&self, type_name: &str, private: Private) -> Findings {
        let _ = (type_name, private);
        Findings::new()
    }

    /// Calls a function of the provider.
    fn call_function(&self, name: &str, args: &[Value]) -> Result<Value, String> {
        let _ = args;
        Err(format!("The provider has no function named {name:?}."))
    }

    /// The type that a function gives for arguments of these types.
    fn function_type(&self, name: &str, args: &[Type]) -> Option<Type> {
        let _ = (name, args);
        None
    }

    /// Asks running operations to end early.
    fn stop(&self) {}

    /// The last call.
    async fn close(&self) {}
}
