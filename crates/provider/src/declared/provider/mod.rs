//! A provider made of declared types.

mod apply;
mod recover;
mod table;

use std::sync::Arc;
use std::sync::OnceLock;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use streamform_lang::addrs::Mode;
use streamform_lang::value::Name;
use streamform_lang::value::Path;
use streamform_lang::value::Value;

pub use self::table::Configure;
pub use self::table::DeclaredFactory;
pub use self::table::Table;

use self::table::EphemeralEntry;
use self::table::ResourceEntry;
use super::ResourceType;
use super::duration;
use super::plan;
use super::settle;
use super::validate;
use crate::protocol::ApplyRequest;
use crate::protocol::ApplyResponse;
use crate::protocol::Findings;
use crate::protocol::Imported;
use crate::protocol::Opened;
use crate::protocol::PlanRequest;
use crate::protocol::PlanResponse;
use crate::protocol::Private;
use crate::protocol::Provider;
use crate::protocol::ProviderDiagnostic;
use crate::protocol::ReadRequest;
use crate::protocol::ReadResponse;
use crate::protocol::RecoverRequest;
use crate::protocol::Recovery;
use crate::schema;
use crate::schema::Block;

/// How many objects are read at the same time.
const CONCURRENT_READS: usize = 16;

/// A provider whose types are tables with calls. `C` is what every call gets: clients, configuration.
pub struct DeclaredProvider<C: Send + Sync + 'static> {
    table: Arc<Table<C>>,
    client: OnceLock<C>,
}

impl<C: Send + Sync + 'static> DeclaredProvider<C> {
    /// A provider that is not configured yet.
    pub fn new(table: Arc<Table<C>>) -> Self {
        DeclaredProvider {
            table,
            client: OnceLock::new(),
        }
    }

    /// What [`Provider::configure`] made, if it has been called.
    pub fn client(&self) -> Option<&C> {
        self.client.get()
    }

    fn ready(&self) -> Result<&C, ProviderDiagnostic> {
        self.client.get().ok_or_else(|| {
            ProviderDiagnostic::error(
                "Provider not configured",
                "The provider has not been configured, so that no object can be planned, read or changed with it.",
            )
        })
    }

    fn resource(&self, type_name: &str) -> Result<&ResourceEntry<C>, ProviderDiagnostic> {
        self.table.resources.get(type_name).ok_or_else(|| {
            ProviderDiagnostic::error(
                "Invalid resource type",
                format!("The provider has no resource type {type_name:?}."),
            )
        })
    }

    fn ephemeral(&self, type_name: &str) -> Result<&EphemeralEntry<C>, ProviderDiagnostic> {
        self.table.ephemeral.get(type_name).ok_or_else(|| {
            ProviderDiagnostic::error(
                "Invalid ephemeral resource type",
                format!("The provider has no ephemeral resource type {type_name:?}."),
            )
        })
    }

    fn both(&self, type_name: &str) -> Result<(&ResourceEntry<C>, &C), ProviderDiagnostic> {
        Ok((self.resource(type_name)?, self.ready()?))
    }

    async fn read_one(&self, request: ReadRequest) -> ReadResponse {
        let private = request.private;
        let failed = |state: Value, findings: Findings| ReadResponse {
            state,
            private: private.clone(),
            findings,
            refused_access: Vec::new(),
        };
        let (entry, client) = match self.both(&request.type_name) {
            Ok(both) => both,
            Err(d) => return failed(request.prior, vec![d]),
        };
        let (prior, _) = request.prior.unmark_deep();
        let block = &entry.known().schema.block;
        match entry.ty.read(client, &prior).await {
            Ok(None) => failed(Value::null(block.implied_type()), Findings::new()),
            Ok(Some(value)) => match finish(&value, &prior, block) {
                Ok(state) => failed(state, Findings::new()),
                Err(d) => failed(prior, vec![d]),
            },
            Err(findings) => ReadResponse {
                refused_access: refused_access(&*entry.ty, &prior, &findings),
                ..failed(prior, findings)
            },
        }
    }
}

/// The attributes with the object's own credentials, where they are why a call failed.
fn refused_access<C: Send + Sync>(
    ty: &dyn ResourceType<C>,
    object: &Value,
    findings: &Findings,
) -> Vec<Path> {
    if !findings.iter().any(|f| f.unauthorized) {
        return Vec::new();
    }
    let held = |name: &&&str| {
        object
            .get(name)
            .is_some_and(|v| !v.is_null() && v.items().is_none_or(|items| !items.is_empty()))
    };
    ty.own_access()
        .iter()
        .filter(held)
        .map(|name| Path::attr(*name))
        .collect()
}

/// An object that a type returned, made whole: every attribute there and known, nothing and empty as they were expected,
/// the user's timeouts kept.
fn finish(value: &Value, expected: &Value, block: &Block) -> Result<Value, ProviderDiagnostic> {
    let value = settle::complete(value, block).map_err(|e| {
        ProviderDiagnostic::error(
            "Provider produced invalid object",
            format!(
                "The object that came from the API does not have the shape that the provider promises: {e}. This is a mistake in the provider."
            ),
        )
        .at(e.path)
    })?;
    let mut value = settle::as_planned(settle::known(value), expected);
    if let Some(timeouts) = expected.get("timeouts") {
        value = value.with_attr("timeouts", timeouts.clone());
    }
    Ok(value)
}

#[async_trait]
impl<C: Send + Sync + 'static> Provider for DeclaredProvider<C> {
    fn validate_config(&self, config: &Value) -> Findings {
        validate::validate(&self.table.config().0.fields, config)
    }

    fn validate(&self, mode: Mode, type_name: &str, config: &Value) -> Findings {
        let mut findings;
        let (plain, _) = config.clone().unmark_deep();
        match mode {
            Mode::Managed => {
                let entry = match self.resource(type_name) {
                    Ok(entry) => entry,
                    Err(d) => return vec![d],
                };
                findings = validate::validate(&entry.known().declaration.fields, config);
                findings.extend(validate::redacted(entry.ty.validate(&plain), config));
            }
            Mode::Data => {
                let Some(entry) = self.table.data.get(type_name) else {
                    return vec![ProviderDiagnostic::error(
                        "Invalid data source",
                        format!("The provider has no data source {type_name:?}."),
                    )];
                };
                findings = validate::validate(&entry.known().declaration.fields, config);
                findings.extend(validate::redacted(entry.ty.validate(&plain), config));
            }
            Mode::Ephemeral => {
                let entry = match self.ephemeral(type_name) {
                    Ok(entry) => entry,
                    Err(d) => return vec![d],
                };
                findings = validate::validate(&entry.known().declaration.fields, config);
            }
        }
        findings
    }

    async fn configure(&self, config: Value) -> Findings {
        match (self.table.configure)(&config) {
            Ok(client) => {
                // Called once; a second call keeps the first client.
                let _ = self.client.set(client);
                Findings::new()
            }
            Err(findings) => findings,
        }
    }

    fn lenient(&self) -> bool {
        true
    }

    async fn upgrade(&self, type_name: &str, version: u64, raw: &str) -> Result<Value, Findings> {
        let entry = self.resource(type_name).map_err(|d| vec![d])?;
        let known = entry.known();
        let broken = |e: &dyn std::fmt::Display| {
            vec![ProviderDiagnostic::error(
                "Stored object cannot be read",
                format!("The stored attributes of an object of type {type_name} do not fit its schema: {e}."),
            )]
        };
        if version > known.declaration.version {
            return Err(vec![ProviderDiagnostic::error(
                "Resource instance managed by newer provider version",
                format!(
                    "The object was stored by version {version} of the schema of {type_name}, and this program knows version {} and older. Use a newer version of the program.",
                    known.declaration.version
                ),
            )]);
        }
        if version == known.declaration.version
            && let Ok(value) = schema::from_state_json(raw, &known.schema.block)
        {
            return Ok(value);
        }
        let raw: serde_json::Value = serde_json::from_str(raw).map_err(|e| broken(&e))?;
        let raw = if version < known.declaration.version {
            entry.ty.upgrade(version, raw)?
        } else {
            raw
        };
        schema::from_state_json(&raw.to_string(), &known.schema.block).map_err(|e| broken(&e))
    }

    async fn read(&self, group: Vec<ReadRequest>) -> Vec<ReadResponse> {
        futures_util::stream::iter(group)
            .map(|request| self.read_one(request))
            .buffered(CONCURRENT_READS)
            .collect()
            .await
    }

    fn plan(&self, request: PlanRequest) -> PlanResponse {
        let mut response = PlanResponse {
            planned: request.proposed.clone(),
            requires_replace: Vec::new(),
            private: request.private,
            deferred: None,
            steps: Vec::new(),
            reason: None,
            findings: Findings::new(),
        };
        if request.proposed.is_null() {
            return response;
        }
        let (entry, client) = match self.both(&request.type_name) {
            Ok(both) => both,
            Err(d) => {
                response.findings.push(d);
                return response;
            }
        };
        let (proposed, _) = request.proposed.unmark_deep();
        let (prior, _) = request.prior.unmark_deep();
        let (config, _) = request.config.unmark_deep();
        response.findings = check_timeouts(&proposed);
        let known = entry.known();
        let planned = plan::plan(&known.declaration.fields, &known.schema.block, &prior, &proposed);
        let mut replace = planned.replace;
        match entry
            .ty
            .customize(client, &prior, &config, planned.value, &mut replace)
        {
            Ok((value, reason)) => {
                response.planned = value;
                response.reason = reason;
            }
            Err(findings) => response.findings.extend(findings),
        }
        response.requires_replace = replace;
        response
    }

    async fn apply(&self, request: ApplyRequest) -> ApplyResponse {
        self.apply_one(request).await
    }

    async fn recover(&self, request: RecoverRequest) -> Result<Recovery, Findings> {
        self.recover_one(request).await
    }

    async fn import(&self, type_name: &str, id: &str) -> Result<Vec<Imported>, Findings> {
        let (entry, client) = self.both(type_name).map_err(|d| vec![d])?;
        let value = entry.ty.import(client, id).await?;
        let block = &entry.known().schema.block;
        let state = finish(&value, &Value::null(block.implied_type()), block).map_err(|d| vec![d])?;
        Ok(vec![Imported {
            type_name: type_name.to_owned(),
            state,
            private: None,
        }])
    }

    async fn read_data(&self, type_name: &str, config: Value) -> Result<Value, Findings> {
        let Some(entry) = self.table.data.get(type_name) else {
            return Err(vec![ProviderDiagnostic::error(
                "Invalid data source",
                format!("The provider has no data source {type_name:?}."),
            )]);
        };
        let client = self.ready().map_err(|d| vec![d])?;
        let (config, _) = config.unmark_deep();
        let value = entry.ty.read(client, &config).await?;
        let block = &entry.known().schema.block;
        let value = settle::complete(&settle::under(&value, &config), block).map_err(|e| {
            vec![ProviderDiagnostic::error(
                "Provider produced invalid object",
                format!("The data source {type_name} gave an object that does not fit its schema: {e}."),
            )]
        })?;
        Ok(settle::known(value))
    }

    async fn open(&self, type_name: &str, config: Value) -> Result<Opened, Findings> {
        let entry = self.ephemeral(type_name).map_err(|d| vec![d])?;
        let client = self.ready().map_err(|d| vec![d])?;
        let (config, _) = config.unmark_deep();
        let (value, private) = entry.ty.open(client, &config).await?;
        let block = &entry.known().schema.block;
        match finish(&value, &config, block) {
            Ok(result) => Ok(Opened { result, private }),
            Err(d) => {
                let mut findings = vec![d];
                findings.extend(entry.ty.close(client, private).await);
                Err(findings)
            }
        }
    }

    async fn close_ephemeral(&self, type_name: &str, private: Private) -> Findings {
        match (self.ephemeral(type_name), self.ready()) {
            (Ok(entry), Ok(client)) => entry.ty.close(client, private).await,
            (Err(d), _) | (_, Err(d)) => vec![d],
        }
    }
}

/// The deadlines that the user wrote must be durations.
fn check_timeouts(proposed: &Value) -> Findings {
    let Some(timeouts) = proposed.get("timeouts").and_then(Value::entries) else {
        return Findings::new();
    };
    let bad = |(name, value): &(Name, Value)| {
        let problem = duration::parse(value.as_str()?).err()?;
        Some(
            ProviderDiagnostic::error(
                format!("Error parsing {:?} timeout: {problem}", name.as_str()),
                "A duration is a number with a unit, such as \"30m\" or \"1h30m\".",
            )
            .at(Path::root()),
        )
    };
    timeouts.iter().filter_map(bad).collect()
}
