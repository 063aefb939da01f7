//! The built-in provider `terraform.io/builtin/terraform`: `terraform_data`, an object that lives in the state alone, and
//! `terraform_remote_state`, the outputs of other states.
//!
//! It calls nothing outside the process: neither reading nor applying it needs a journal.

mod functions;
mod remote_state;
mod terraform_data;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::LazyLock;

use async_trait::async_trait;
pub use remote_state::StateFault;
pub use remote_state::StateReader;
use streamform_lang::addrs::Mode;
use streamform_lang::functions::Function;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;

use crate::protocol::ApplyRequest;
use crate::protocol::ApplyResponse;
use crate::protocol::Findings;
use crate::protocol::Imported;
use crate::protocol::MoveRequest;
use crate::protocol::PlanRequest;
use crate::protocol::PlanResponse;
use crate::protocol::Provider;
use crate::protocol::ProviderDiagnostic;
use crate::protocol::ProviderFactory;
use crate::protocol::ReadRequest;
use crate::protocol::ReadResponse;
use crate::protocol::RecoverRequest;
use crate::protocol::Recovery;
use crate::schema;
use crate::schema::Attribute;
use crate::schema::Block;
use crate::schema::Schema;

const DATA: &str = "terraform_data";
const REMOTE_STATE: &str = "terraform_remote_state";

static CONFIG: LazyLock<Arc<Schema>> = LazyLock::new(|| schema_of([]));

static DATA_SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    schema_of([
        ("id", Attribute::computed(Type::String)),
        ("input", Attribute::optional(Type::Any)),
        ("output", Attribute::computed(Type::Any)),
        ("triggers_replace", Attribute::optional(Type::Any)),
    ])
});

static REMOTE_STATE_SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    schema_of([
        ("backend", Attribute::required(Type::String)),
        ("config", Attribute::optional(Type::Any)),
        ("defaults", Attribute::optional(Type::Any)),
        ("outputs", Attribute::computed(Type::Any)),
        ("workspace", Attribute::optional(Type::String)),
    ])
});

fn schema_of(attributes: impl IntoIterator<Item = (&'static str, Attribute)>) -> Arc<Schema> {
    Arc::new(Schema {
        version: 0,
        block: Block {
            attributes: attributes.into_iter().map(|(n, a)| (Name::from(n), a)).collect(),
            ..Block::default()
        },
    })
}

/// The factory of the built-in provider.
#[derive(Clone, Default)]
pub struct BuiltinFactory {
    states: Option<Arc<dyn StateReader>>,
}

impl BuiltinFactory {
    /// A factory whose provider can read states of other configurations.
    pub fn with_states(states: Arc<dyn StateReader>) -> Self {
        BuiltinFactory { states: Some(states) }
    }
}

impl ProviderFactory for BuiltinFactory {
    fn config_schema(&self) -> Arc<Schema> {
        Arc::clone(&CONFIG)
    }
    fn schema(&self, mode: Mode, type_name: &str) -> Option<Arc<Schema>> {
        match (mode, type_name) {
            (Mode::Managed, DATA) => Some(Arc::clone(&DATA_SCHEMA)),
            (Mode::Data, REMOTE_STATE) => Some(Arc::clone(&REMOTE_STATE_SCHEMA)),
            _ => None,
        }
    }
    fn type_names(&self, mode: Mode) -> Vec<&'static str> {
        match mode {
            Mode::Managed => vec![DATA],
            Mode::Data => vec![REMOTE_STATE],
            Mode::Ephemeral => Vec::new(),
        }
    }
    fn functions(&self) -> &'static [Function] {
        &functions::TABLE
    }
    fn version(&self) -> &str {
        env!("CARGO_PKG_VERSION")
    }
    fn instance(&self) -> Arc<dyn Provider> {
        Arc::new(Builtin {
            states: self.states.clone(),
        })
    }
}

/// The built-in provider. It has nothing to configure.
#[derive(Clone, Default)]
pub struct Builtin {
    states: Option<Arc<dyn StateReader>>,
}

/// A stored object as a value.
fn stored(raw: &str) -> Result<Value, Findings> {
    schema::from_state_json(raw, &DATA_SCHEMA.block).map_err(|e| {
        vec![ProviderDiagnostic::error(
            "Stored object cannot be read",
            format!("The stored attributes of an object of type {DATA} do not fit its schema: {e}."),
        )]
    })
}

fn unknown_type(type_name: &str) -> ProviderDiagnostic {
    ProviderDiagnostic::error(
        "Invalid resource type",
        format!("The built-in provider has no type {type_name:?}."),
    )
}

#[async_trait]
impl Provider for Builtin {
    fn validate(&self, mode: Mode, type_name: &str, config: &Value) -> Findings {
        match (mode, type_name) {
            (Mode::Managed, DATA) => terraform_data::validate(config),
            (Mode::Data, REMOTE_STATE) => remote_state::validate(config, self.states.as_deref()),
            _ => vec![unknown_type(type_name)],
        }
    }

    async fn configure(&self, _config: Value) -> Findings {
        Findings::new()
    }

    async fn upgrade(&self, type_name: &str, version: u64, raw: &str) -> Result<Value, Findings> {
        if type_name != DATA {
            return Err(vec![unknown_type(type_name)]);
        }
        if version > DATA_SCHEMA.version {
            return Err(vec![ProviderDiagnostic::error(
                "Resource instance managed by newer provider version",
                format!(
                    "The object was stored by version {version} of the schema of {DATA}; this program knows version {}.",
                    DATA_SCHEMA.version
                ),
            )]);
        }
        stored(raw)
    }

    async fn move_state(&self, request: MoveRequest) -> Option<Result<Value, Findings>> {
        if request.target_type != DATA {
            return None;
        }
        let moved = terraform_data::from_null_resource(&request)?;
        Some(moved.and_then(|raw| stored(&raw)))
    }

    async fn read(&self, group: Vec<ReadRequest>) -> Vec<ReadResponse> {
        group
            .into_iter()
            .map(|r| ReadResponse {
                refused_access: Vec::new(),
                state: r.prior,
                private: r.private,
                findings: Findings::new(),
            })
            .collect()
    }

    fn reads_outside(&self, type_name: &str) -> bool {
        type_name == REMOTE_STATE
    }

    fn plan(&self, request: PlanRequest) -> PlanResponse {
        terraform_data::plan(request)
    }

    fn effects_outside(&self, _type_name: &str) -> bool {
        false
    }

    async fn apply(&self, request: ApplyRequest) -> ApplyResponse {
        ApplyResponse {
            state: terraform_data::apply(request.planned),
            private: request.private,
            findings: Findings::new(),
            outcome_unknown: false,
        }
    }

    async fn recover(&self, _request: RecoverRequest) -> Result<Recovery, Findings> {
        // It has no effect that could have happened without its record.
        Ok(Recovery::NotDone)
    }

    async fn import(&self, type_name: &str, id: &str) -> Result<Vec<Imported>, Findings> {
        if type_name != DATA {
            return Err(vec![unknown_type(type_name)]);
        }
        Ok(vec![Imported {
            type_name: DATA.to_owned(),
            state: schema::empty(&DATA_SCHEMA.block).with_attr("id", Value::string(id)),
            private: None,
        }])
    }

    async fn read_data(&self, type_name: &str, config: Value) -> Result<Value, Findings> {
        if type_name == REMOTE_STATE {
            remote_state::read(&config, self.states.as_deref())
        } else {
            Err(vec![unknown_type(type_name)])
        }
    }
}
