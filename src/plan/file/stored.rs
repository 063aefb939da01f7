//! What a plan file says, as it is stored: the forms, and the ways to them and back.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::addrs::Target;
use streamform_lang::functions::LookedAt;
use streamform_lang::value::Path as ValuePath;
use streamform_lang::value::Step as ValueStep;
use streamform_provider::Registry;

use super::PlanFileError;
use crate::config::Snapshot;
use crate::plan::Action;
use crate::plan::ActionReason;
use crate::plan::CheckKind;
use crate::plan::DeferralReason;
use crate::plan::Encoded;
use crate::plan::Importing;
use crate::plan::InstanceChange;
use crate::plan::PlanMode;
use crate::plan::Recurring;
use crate::plan::Step;
use crate::plan::decode_value;
use crate::plan::encode_value;

/// `V` is a value: borrowed from the plan when it is written, a piece of the document when it is read.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored<V> {
    pub(super) format: u32,
    pub(super) version: String,
    pub(super) root: String,
    pub(super) workspace: String,
    pub(super) files: Snapshot,
    pub(super) mode: String,
    pub(super) timestamp: String,
    pub(super) lineage: String,
    pub(super) serial: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) errored: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) records_read: Vec<(String, u64)>,
    #[serde(default, skip_serializing_if = "LookedAt::is_empty")]
    pub(super) looked_at: LookedAt,
    pub(super) targets: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) excludes: Vec<String>,
    pub(super) variables: Vec<(String, V)>,
    pub(super) changes: Vec<StoredChange<V>>,
    pub(super) drift: Vec<StoredChange<V>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) moves: Vec<(String, String)>,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub(super) untouched: Vec<StoredChange<V>>,
    pub(super) outputs: Vec<StoredOutput<V>>,
    pub(super) checks: Vec<StoredCheck>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) relevant: Vec<(usize, Vec<String>)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) deferred: Vec<(String, String, String)>,
    pub(super) steps: Vec<(String, Json)>,
    pub(super) orders: Vec<(u32, u32)>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredChange<V> {
    pub(super) address: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) previous: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deposed: Option<String>,
    pub(super) provider: String,
    pub(super) action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) explanation: Option<String>,
    pub(super) before: V,
    pub(super) after: V,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) replace: Vec<Vec<Json>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) before_private: Option<Vec<u8>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) after_private: Option<Vec<u8>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) dependencies: Vec<String>,
    pub(super) create_before_destroy: bool,
    pub(super) prevent_destroy: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) skip_destroy: bool,
    // Missing in older files: what is not there is none. (`default` would ask for one of V.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) importing: Option<StoredImport<V>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredImport<V> {
    pub(super) id: V,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) generated_config: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredOutput<V> {
    pub(super) name: String,
    pub(super) action: String,
    pub(super) before: V,
    pub(super) after: V,
    pub(super) sensitive: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) left_out: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredCheck {
    pub(super) kind: String,
    pub(super) address: String,
    pub(super) status: String,
    pub(super) instances: Vec<(String, String, Vec<String>)>,
}

pub(super) const ACTIONS: &[(Action, &str)] = &[
    (Action::NoOp, "no-op"),
    (Action::Create, "create"),
    (Action::Read, "read"),
    (Action::Update, "update"),
    (Action::DeleteThenCreate, "delete-create"),
    (Action::CreateThenDelete, "create-delete"),
    (Action::CreateThenForget, "create-forget"),
    (Action::Delete, "delete"),
    (Action::Forget, "forget"),
];

pub(super) const REASONS: &[ActionReason] = &[
    ActionReason::ReplaceBecauseTainted,
    ActionReason::ReplaceByRequest,
    ActionReason::ReplaceByTriggers,
    ActionReason::ReplaceBecauseCannotUpdate,
    ActionReason::DeleteBecauseNoResourceConfig,
    ActionReason::DeleteBecauseWrongRepetition,
    ActionReason::DeleteBecauseCountIndex,
    ActionReason::DeleteBecauseEachKey,
    ActionReason::DeleteBecauseNoModule,
    ActionReason::DeleteBecauseNoMoveTarget,
    ActionReason::ReadBecauseConfigUnknown,
    ActionReason::ReadBecauseDependencyPending,
    ActionReason::ReadBecauseCheckNested,
];

pub(super) const MODES: &[(PlanMode, &str)] = &[
    (PlanMode::Normal, "normal"),
    (PlanMode::Destroy, "destroy"),
    (PlanMode::RefreshOnly, "refresh-only"),
];

pub(super) const KINDS: &[(CheckKind, &str)] = &[
    (CheckKind::Resource, "resource"),
    (CheckKind::Output, "output_value"),
    (CheckKind::Check, "check"),
    (CheckKind::Variable, "var"),
];

pub(super) const DEFERRALS: &[(DeferralReason, &str)] = &[
    (
        DeferralReason::InstanceCountUnknown,
        DeferralReason::InstanceCountUnknown.json_name(),
    ),
    (
        DeferralReason::ProviderConfigUnknown,
        DeferralReason::ProviderConfigUnknown.json_name(),
    ),
    (
        DeferralReason::DeferredPrerequisite,
        DeferralReason::DeferredPrerequisite.json_name(),
    ),
];

pub(super) fn name_of<T: PartialEq + Copy>(table: &[(T, &'static str)], value: T) -> String {
    table
        .iter()
        .find(|(v, _)| *v == value)
        .map_or("", |(_, n)| n)
        .to_owned()
}

pub(super) fn value_of<T: Copy>(table: &[(T, &'static str)], name: &str) -> Result<T, PlanFileError> {
    table
        .iter()
        .find(|(_, n)| *n == name)
        .map(|(v, _)| *v)
        .ok_or_else(|| PlanFileError::Damaged(format!("unknown word {name:?}")))
}

pub(super) fn damaged(e: impl std::fmt::Display) -> PlanFileError {
    PlanFileError::Damaged(e.to_string())
}

pub(super) fn load_value(
    raw: &RawValue,
    recurring: &mut Recurring,
) -> Result<streamform_lang::value::Value, PlanFileError> {
    decode_value(raw.get(), recurring).map_err(damaged)
}

pub(super) fn store_change(c: &InstanceChange) -> StoredChange<Encoded<'_>> {
    StoredChange {
        address: c.address.to_string(),
        previous: c.previous_address.as_ref().map(ToString::to_string),
        deposed: c.deposed.clone(),
        provider: c.provider.to_string(),
        action: name_of(ACTIONS, c.action),
        reason: c.reason.map(|r| r.json_name().to_owned()),
        explanation: c.explanation.clone(),
        before: Encoded(&c.before),
        after: Encoded(&c.after),
        replace: c.replace_paths.iter().map(store_path).collect(),
        before_private: c.before_private.as_ref().map(|p| p.to_vec()),
        after_private: c.after_private.as_ref().map(|p| p.to_vec()),
        dependencies: c.dependencies.clone(),
        create_before_destroy: c.create_before_destroy,
        prevent_destroy: c.prevent_destroy,
        skip_destroy: c.skip_destroy,
        importing: c.importing.as_ref().map(|i| StoredImport {
            id: Encoded(&i.id),
            generated_config: i.generated_config.clone(),
        }),
    }
}

pub(super) fn store_path(path: &ValuePath) -> Vec<Json> {
    path.steps()
        .iter()
        .map(|s| match s {
            ValueStep::Attr(n) => Json::String(n.to_string()),
            ValueStep::Key(k) => serde_json::json!({ "key": k.as_str() }),
            ValueStep::Index(i) => serde_json::json!(i),
            ValueStep::Element(v) => serde_json::json!({ "element": serde_json::from_str::<Json>(&encode_value(v)).unwrap_or(Json::Null) }),
        })
        .collect()
}

pub(super) fn load_path(steps: &[Json], recurring: &mut Recurring) -> Result<ValuePath, PlanFileError> {
    steps
        .iter()
        .map(|s| match s {
            Json::String(n) => Ok(ValueStep::Attr(n.as_str().into())),
            Json::Number(n) => n
                .as_u64()
                .map(|i| ValueStep::Index(i as usize))
                .ok_or_else(|| damaged("bad index")),
            Json::Object(o) => match (o.get("key"), o.get("element")) {
                (Some(Json::String(k)), _) => Ok(ValueStep::Key(k.as_str().into())),
                (_, Some(e)) => Ok(ValueStep::Element(Box::new(
                    decode_value(&e.to_string(), recurring).map_err(damaged)?,
                ))),
                _ => Err(damaged("bad path")),
            },
            _ => Err(damaged("bad path")),
        })
        .collect::<Result<Vec<_>, _>>()
        .map(ValuePath)
}

pub(super) fn load_change(
    c: StoredChange<&RawValue>,
    registry: &Registry,
    recurring: &mut Recurring,
) -> Result<InstanceChange, PlanFileError> {
    let address = AbsInstance::parse(&c.address).map_err(damaged)?;
    let provider = AbsProviderConfig::parse(&c.provider).map_err(damaged)?;
    let schema = registry
        .schema(&provider.provider, address.resource.mode, &address.resource.ty)
        .ok_or_else(|| damaged(format!("{} is of a type that is not known here", c.address)))?;
    Ok(InstanceChange {
        previous_address: c
            .previous
            .map(|p| AbsInstance::parse(&p))
            .transpose()
            .map_err(damaged)?,
        deposed: c.deposed,
        action: value_of(ACTIONS, &c.action)?,
        reason: c
            .reason
            .and_then(|r| REASONS.iter().copied().find(|x| x.json_name() == r)),
        explanation: c.explanation,
        before: load_value(c.before, recurring)?,
        after: load_value(c.after, recurring)?,
        replace_paths: c
            .replace
            .iter()
            .map(|p| load_path(p, recurring))
            .collect::<Result<_, _>>()?,
        before_private: c.before_private.map(Arc::from),
        after_private: c.after_private.map(Arc::from),
        dependencies: c.dependencies,
        create_before_destroy: c.create_before_destroy,
        prevent_destroy: c.prevent_destroy,
        skip_destroy: c.skip_destroy,
        importing: match c.importing {
            Some(i) => Some(Importing {
                id: load_value(i.id, recurring)?,
                generated_config: i.generated_config,
            }),
            None => None,
        },
        address,
        provider,
        schema,
    })
}

pub(super) fn store_step(step: &Step) -> (String, Json) {
    let (kind, of) = match step {
        Step::Configure(p) => ("configure", Json::String(p.to_string())),
        Step::Close(p) => ("close", Json::String(p.to_string())),
        Step::Open(r) => ("open", Json::String(r.to_string())),
        Step::CloseEphemeral(r) => ("close-ephemeral", Json::String(r.to_string())),
        Step::Create(i) => ("create", serde_json::json!(i)),
        Step::Update(i) => ("update", serde_json::json!(i)),
        Step::Read(i) => ("read", serde_json::json!(i)),
        Step::Delete(i) => ("delete", serde_json::json!(i)),
        Step::DeleteDeposed(i) => ("delete-deposed", serde_json::json!(i)),
        Step::Forget(i) => ("forget", serde_json::json!(i)),
        Step::Judge(i) => ("judge", serde_json::json!(i)),
        Step::Gather(n) => ("gather", Json::String(n.clone())),
    };
    (kind.to_owned(), of)
}

pub(super) fn load_step(kind: &str, of: &Json, changes: usize) -> Result<Step, PlanFileError> {
    let provider = || AbsProviderConfig::parse(of.as_str().unwrap_or_default()).map_err(damaged);
    let ephemeral = || match Target::parse(of.as_str().unwrap_or_default()) {
        Ok(Target::Resource(r)) => Ok(ConfigResource {
            module: r.module.module(),
            resource: r.resource,
        }),
        _ => Err(damaged("a step names no resource")),
    };
    let change = || {
        of.as_u64()
            .map(|i| i as usize)
            .filter(|i| *i < changes)
            .ok_or_else(|| damaged("a step belongs to no change"))
    };
    Ok(match kind {
        "configure" => Step::Configure(provider()?),
        "close" => Step::Close(provider()?),
        "open" => Step::Open(ephemeral()?),
        "close-ephemeral" => Step::CloseEphemeral(ephemeral()?),
        "create" => Step::Create(change()?),
        "update" => Step::Update(change()?),
        "read" => Step::Read(change()?),
        "delete" => Step::Delete(change()?),
        "delete-deposed" => Step::DeleteDeposed(change()?),
        "forget" => Step::Forget(change()?),
        "judge" => Step::Judge(change()?),
        "gather" => Step::Gather(of.as_str().unwrap_or_default().to_owned()),
        other => return Err(damaged(format!("unknown step {other:?}"))),
    })
}

pub(super) fn load_targets(texts: &[String]) -> Result<Vec<Target>, PlanFileError> {
    texts.iter().map(|t| Target::parse(t).map_err(damaged)).collect()
}
