//! Plan files: a plan and everything that applying it needs, to be applied later or elsewhere.
//!
//! Inside it is gzip-compressed JSON with a format version; outside, what [`super::envelope`] says: one that holds secrets is sealed.

mod stored;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostics;
use streamform_lang::functions::LookedAt;
use streamform_lang::value::Name;
use streamform_provider::Registry;
use streamform_state::SealKey;
use streamform_state::StateError;

use super::CheckResult;
use super::Deferred;
use super::Encoded;
use super::ExecutionGraph;
use super::OutputChange;
use super::Plan;
use super::Recurring;
use super::RelevantDrift;
use super::StepId;
use super::Written;
use super::check_results::STATUSES;
use super::envelope;
use crate::config::Snapshot;
use stored::ACTIONS;
use stored::DEFERRALS;
use stored::KINDS;
use stored::MODES;
use stored::Stored;
use stored::StoredChange;
use stored::StoredCheck;
use stored::StoredOutput;
use stored::damaged;
use stored::load_change;
use stored::load_step;
use stored::load_targets;
use stored::load_value;
use stored::name_of;
use stored::store_change;
use stored::store_step;
use stored::value_of;

/// The format that this version writes. Version 1 is the first.
const FORMAT: u32 = 1;

/// More than any plan: a damaged file must not fill the memory.
const LARGEST: u64 = 4 << 30;

/// Nor may a small file that was made for that: plans shrink to a hundredth at best.
const MOST_UNPACKED: u64 = 256;

/// So much is never too much.
const SMALL: u64 = 64 << 20;

/// What a plan file holds.
#[derive(Clone, Debug)]
pub struct SavedPlan {
    /// The plan.
    pub plan: Arc<Plan>,
    /// The texts of all configuration files.
    pub files: Snapshot,
    /// The folder of the root module, as it was given.
    pub root: String,
    /// The workspace that it is for.
    pub workspace: String,
    /// What functions have looked at in files.
    pub looked_at: LookedAt,
}

/// A file that is no plan, or no plan that can be read here.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// It cannot be read or written.
    #[error("the plan file {path} cannot be {what}: {source}")]
    Io {
        /// The file.
        path: String,
        /// `read` or `written`.
        what: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("the file {0} is not a plan file: it does not begin as one")]
    NotAPlan(String),
    /// It is of a later format.
    #[error(
        "the plan file was written by a newer version of Streamform (format {0}, known here: {FORMAT}); use that version to apply it"
    )]
    Newer(u32),
    /// It is damaged.
    #[error("the plan file is damaged: {0}")]
    Damaged(String),
    /// It is sealed, and there is no key to try.
    #[error(
        "the plan file is sealed, because it holds secrets, and there is no key: set STREAMFORM_STATE_KEY_FILE, STREAMFORM_STATE_PASSPHRASE, STREAMFORM_STATE_AGE_IDENTITY or STREAMFORM_STATE_KEY_COMMAND to what it was sealed with"
    )]
    NoKey,
    /// The key for it cannot be had, or is another one.
    #[error("{0}")]
    Seal(#[from] StateError),
}

impl SavedPlan {
    /// Writes the plan to a file, over whatever was there, readable by its owner only; sealed with `key` if it holds secrets.
    ///
    /// # Errors
    /// When the file cannot be written, or the key cannot be had.
    pub fn write(&self, path: &Path, key: Option<&SealKey>) -> Result<Written, PlanFileError> {
        let plan = &self.plan;
        let stored = Stored {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            root: self.root.clone(),
            workspace: self.workspace.clone(),
            files: self.files.clone(),
            mode: name_of(MODES, plan.mode),
            timestamp: plan.timestamp.clone(),
            lineage: plan.lineage.clone(),
            serial: plan.serial,
            errored: plan.errored,
            records_read: plan.records_read.clone(),
            looked_at: self.looked_at.clone(),
            targets: plan.targets.iter().map(ToString::to_string).collect(),
            excludes: plan.excludes.iter().map(ToString::to_string).collect(),
            variables: plan
                .variables
                .iter()
                .map(|(n, v)| (n.to_string(), Encoded(v)))
                .collect(),
            changes: plan.changes.iter().map(store_change).collect(),
            drift: plan.drift.iter().map(store_change).collect(),
            moves: plan
                .moves
                .iter()
                .map(|(from, to)| (from.to_string(), to.to_string()))
                .collect(),
            untouched: plan.untouched.iter().map(store_change).collect(),
            outputs: plan
                .outputs
                .iter()
                .map(|o| StoredOutput {
                    name: o.name.to_string(),
                    action: name_of(ACTIONS, o.action),
                    before: Encoded(&o.before),
                    after: Encoded(&o.after),
                    sensitive: o.sensitive,
                    left_out: !o.reached,
                })
                .collect(),
            checks: plan
                .checks
                .iter()
                .map(|c| StoredCheck {
                    kind: name_of(KINDS, c.kind),
                    address: c.address.clone(),
                    status: name_of(STATUSES, c.status),
                    instances: c
                        .instances
                        .iter()
                        .map(|(a, s, m)| (a.clone(), name_of(STATUSES, *s), m.clone()))
                        .collect(),
                })
                .collect(),
            relevant: plan
                .relevant
                .iter()
                .map(|r| (r.index, r.attributes.iter().map(ToString::to_string).collect()))
                .collect(),
            deferred: plan
                .deferred
                .iter()
                .map(|d| {
                    let reason = d.reason.json_name().to_owned();
                    (d.address.to_string(), reason, d.explanation.clone())
                })
                .collect(),
            steps: plan.graph.steps().map(|(_, s)| store_step(s)).collect(),
            orders: plan.graph.orders().map(|(a, b)| (a.0, b.0)).collect(),
        };
        let failed = |source| PlanFileError::Io {
            path: path.display().to_string(),
            what: "written",
            source,
        };
        // In large pieces: the encoder pays for every write, however small.
        let packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut pieces = std::io::BufWriter::with_capacity(1 << 18, packed);
        serde_json::to_writer(&mut pieces, &stored).map_err(|e| failed(e.into()))?;
        let packed = pieces.into_inner().map_err(|e| failed(e.into_error()))?;
        let packed = packed.finish().map_err(failed)?;
        envelope::write(path, &packed, envelope::holds_secrets(plan), key)
    }

    /// Reads a plan from a file. `key` opens one that is sealed.
    ///
    /// # Errors
    /// When the file cannot be read, is no plan, is damaged, is of a newer format, or is sealed with another key.
    pub fn read(path: &Path, registry: &Registry, key: Option<&SealKey>) -> Result<SavedPlan, PlanFileError> {
        let io = |source| PlanFileError::Io {
            path: path.display().to_string(),
            what: "read",
            source,
        };
        let bytes = std::fs::read(path).map_err(io)?;
        Self::from_bytes(&path.display().to_string(), &bytes, registry, key)
    }

    /// Reads a plan from the bytes of a plan file; `name` is what messages call it.
    ///
    /// # Errors
    /// As [`SavedPlan::read`].
    pub fn from_bytes(
        name: &str,
        bytes: &[u8],
        registry: &Registry,
        key: Option<&SealKey>,
    ) -> Result<SavedPlan, PlanFileError> {
        let packed = envelope::open(name, bytes, key)?;
        let most = (packed.len() as u64)
            .saturating_mul(MOST_UNPACKED)
            .clamp(SMALL, LARGEST);
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*packed)
            .take(most + 1)
            .read_to_string(&mut text)
            .map_err(damaged)?;
        if text.len() as u64 > most {
            return Err(damaged(format_args!(
                "its {} bytes unpack to more than {most}, as those of no plan do. Make the plan again",
                packed.len()
            )));
        }
        Self::from_json(&text, registry)
    }

    /// Reads a plan from the JSON inside a plan file.
    ///
    /// # Errors
    /// As [`SavedPlan::read`].
    pub fn from_json(text: &str, registry: &Registry) -> Result<SavedPlan, PlanFileError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let head: Head = serde_json::from_str(text).map_err(damaged)?;
        if head.format > FORMAT {
            return Err(PlanFileError::Newer(head.format));
        }
        let stored: Stored<&RawValue> = serde_json::from_str(text).map_err(damaged)?;
        let mut recurring = Recurring::default();
        let load = |list: Vec<StoredChange<&RawValue>>, recurring: &mut Recurring| {
            list.into_iter()
                .map(|c| load_change(c, registry, recurring))
                .collect::<Result<Vec<_>, _>>()
        };
        let changes = load(stored.changes, &mut recurring)?;
        let mut graph = ExecutionGraph::default();
        for (kind, of) in &stored.steps {
            graph.add(load_step(kind, of, changes.len())?);
        }
        for (a, b) in stored.orders {
            if a as usize >= graph.len() || b as usize >= graph.len() {
                return Err(damaged("an order names a step that is not there"));
            }
            graph.order(StepId(a), StepId(b));
        }
        if graph.cycle().is_some() {
            return Err(damaged("its steps wait for each other"));
        }
        let plan = Plan {
            mode: value_of(MODES, &stored.mode)?,
            timestamp: stored.timestamp,
            drift: load(stored.drift, &mut recurring)?,
            moves: stored
                .moves
                .iter()
                .map(|(from, to)| {
                    let address = |text: &str| AbsInstance::parse(text).map_err(damaged);
                    Ok((address(from)?, address(to)?))
                })
                .collect::<Result<_, PlanFileError>>()?,
            untouched: load(stored.untouched, &mut recurring)?,
            outputs: stored
                .outputs
                .into_iter()
                .map(|o| {
                    Ok(OutputChange {
                        name: Name::from(o.name),
                        action: value_of(ACTIONS, &o.action)?,
                        before: load_value(o.before, &mut recurring)?,
                        after: load_value(o.after, &mut recurring)?,
                        sensitive: o.sensitive,
                        reached: !o.left_out,
                    })
                })
                .collect::<Result<_, PlanFileError>>()?,
            checks: stored
                .checks
                .into_iter()
                .map(|c| {
                    Ok(CheckResult {
                        kind: value_of(KINDS, &c.kind)?,
                        address: c.address,
                        status: value_of(STATUSES, &c.status)?,
                        instances: c
                            .instances
                            .into_iter()
                            .map(|(a, s, m)| Ok((a, value_of(STATUSES, &s)?, m)))
                            .collect::<Result<_, PlanFileError>>()?,
                    })
                })
                .collect::<Result<_, PlanFileError>>()?,
            relevant: stored
                .relevant
                .into_iter()
                .map(|(index, names)| RelevantDrift {
                    index,
                    attributes: names.into_iter().map(Name::from).collect(),
                })
                .collect(),
            deferred: stored
                .deferred
                .into_iter()
                .map(|(address, reason, explanation)| {
                    Ok(Deferred {
                        address: Target::parse(&address).map_err(damaged)?,
                        reason: value_of(DEFERRALS, &reason)?,
                        explanation,
                    })
                })
                .collect::<Result<_, PlanFileError>>()?,
            graph,
            targets: load_targets(&stored.targets)?,
            excludes: load_targets(&stored.excludes)?,
            variables: stored
                .variables
                .iter()
                .map(|(n, v)| Ok((Name::from(n.as_str()), load_value(v, &mut recurring)?)))
                .collect::<Result<_, PlanFileError>>()?,
            lineage: stored.lineage,
            serial: stored.serial,
            records_read: stored.records_read,
            errored: stored.errored,
            diagnostics: Diagnostics::new(),
            changes,
        };
        Ok(SavedPlan {
            plan: Arc::new(plan),
            files: stored.files,
            root: stored.root,
            workspace: stored.workspace,
            looked_at: stored.looked_at,
        })
    }
}
