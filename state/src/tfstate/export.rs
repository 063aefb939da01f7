//! From our records to Terraform's file.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::InstanceKey;

use super::DirectDependencies;
use super::File;
use super::IndexKey;
use super::Instance;
use super::Ours;
use super::Output;
use super::Resource;
use super::VERSION;
use crate::Mode;
use crate::Object;
use crate::ObjectStatus;
use crate::Record;
use crate::StateError;
use crate::StateView;

/// The full list of dependencies is quadratic for chains; beyond so many names in all, the direct ones are written.
const MOST_DEPENDENCIES: usize = 1_000_000;

impl StateView {
    /// The state as Terraform's state file, format version 4. `terraform_version` is the version that is named as its writer.
    /// Numbers keep every digit; secrets are in clear, as Terraform has them.
    ///
    /// # Errors
    /// When a record's address does not read as one.
    pub fn to_v4_text(&self, terraform_version: &str) -> Result<String, StateError> {
        let file = self.to_v4(terraform_version)?;
        let compact = serde_json::to_string(&file).map_err(|source| StateError::Encode {
            kind: "state",
            id: self.lineage().to_owned(),
            source,
        })?;
        Ok(super::layout::as_terraform_writes(&compact))
    }

    /// Like [`StateView::to_v4_text`], as a value. Numbers that do not fit 64 bits are rounded.
    ///
    /// # Errors
    /// When a record's address does not read as one.
    pub fn to_v4_json(&self, terraform_version: &str) -> Result<serde_json::Value, StateError> {
        let text = self.to_v4_text(terraform_version)?;
        serde_json::from_str(&text).map_err(|source| StateError::Encode {
            kind: "state",
            id: self.lineage().to_owned(),
            source,
        })
    }

    fn to_v4(&self, terraform_version: &str) -> Result<File, StateError> {
        let mut parsed = Vec::with_capacity(self.len());
        for record in self.records() {
            let address = AbsInstance::parse(&record.address)
                .map_err(|error| StateError::ForeignState { detail: error.detail })?;
            parsed.push((address, record));
        }
        let dependencies = all_dependencies(parsed.iter().map(|(address, record)| (address, &***record)));
        // Terraform orders them by their texts.
        let mut resources: BTreeMap<_, Resource> = BTreeMap::new();
        for (address, record) in &parsed {
            let config = address.config().to_string();
            let mode = match record.mode {
                Mode::Managed => "managed",
                Mode::Data => "data",
            };
            let name = address.resource.name.clone();
            let module = address.module.to_string();
            let resource = resources
                .entry((module.clone(), mode, &record.type_name, name, &record.provider))
                .or_insert_with(|| Resource {
                    module,
                    mode: mode.to_owned(),
                    type_name: record.type_name.clone(),
                    name: address.resource.name.to_string(),
                    provider: record.provider.clone(),
                    instances: Vec::new(),
                });
            for (deposed, object) in record.objects() {
                let dependencies = match &dependencies {
                    Some(all) => full(all, &config, object),
                    None => object.dependencies.clone(),
                };
                resource
                    .instances
                    .push(instance(&address.key, deposed, object, dependencies));
            }
        }
        for resource in resources.values_mut() {
            resource.instances.sort_by(|a, b| order(a).cmp(&order(b)));
        }
        Ok(File {
            version: VERSION,
            terraform_version: terraform_version.to_owned(),
            serial: self.serial(),
            lineage: self.lineage().to_owned(),
            outputs: self
                .outputs()
                .iter()
                .map(|(name, output)| {
                    let (value, value_type) = (output.value.clone(), output.value_type.clone());
                    (
                        name.clone(),
                        Output {
                            value,
                            value_type,
                            sensitive: output.sensitive,
                        },
                    )
                })
                .collect(),
            resources: resources.into_values().collect(),
            check_results: self.checks().clone(),
        })
    }
}

fn instance(
    key: &InstanceKey,
    deposed: Option<&str>,
    object: &Object,
    dependencies: Vec<String>,
) -> Instance {
    // A list that was cut short is the list of the direct ones.
    let direct_dependencies = (dependencies.len() > object.dependencies.len()).then(|| DirectDependencies {
        names: object.dependencies.clone(),
        of: dependencies.len(),
    });
    Instance {
        index_key: match key {
            InstanceKey::None => None,
            InstanceKey::Int(index) => Some(IndexKey::Number(*index)),
            InstanceKey::Str(key) => Some(IndexKey::Text(key.to_string())),
        },
        status: match object.status {
            ObjectStatus::Ready => String::new(),
            ObjectStatus::Tainted => "tainted".into(),
        },
        deposed: deposed.unwrap_or_default().to_owned(),
        schema_version: object.schema_version,
        attributes: Some(object.attributes.clone()),
        attributes_flat: None,
        sensitive_attributes: Some(object.sensitive_paths.iter().map(Into::into).collect()),
        identity_schema_version: object.identity_schema_version,
        identity: object.identity.clone(),
        private: object.private.clone(),
        dependencies,
        create_before_destroy: object.create_before_destroy,
        ours: Ours {
            prevent_destroy: object.prevent_destroy,
            skip_destroy: object.skip_destroy,
            direct_dependencies,
        },
    }
}

/// Instances stand by key, numbers first, and the current object before the deposed ones.
fn order(instance: &Instance) -> (Option<&str>, Option<u64>, &str) {
    match &instance.index_key {
        None => (None, None, &instance.deposed),
        Some(IndexKey::Number(index)) => (None, Some(*index), &instance.deposed),
        Some(IndexKey::Text(key)) => (Some(key), None, &instance.deposed),
    }
}

type Dependencies = BTreeMap<String, BTreeSet<String>>;

/// For every resource of the configuration, everything that it depends on directly or through others; `None` when that would
/// be too much to write.
fn all_dependencies<'a>(
    records: impl Iterator<Item = (&'a AbsInstance, &'a Record)>,
) -> Option<Dependencies> {
    let mut direct = Dependencies::new();
    for (address, record) in records {
        let known = direct.entry(address.config().to_string()).or_default();
        known.extend(
            record
                .objects()
                .flat_map(|(_, object)| object.dependencies.iter().cloned()),
        );
    }
    let mut all = Dependencies::new();
    let mut names = 0;
    for start in direct.keys() {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&String> = direct[start].iter().collect();
        while let Some(name) = next.pop() {
            if name != start && reached.insert(name.clone()) {
                // What is reached may have been worked out already.
                match all.get(name) {
                    Some(further) => {
                        reached.extend(further.iter().filter(|further| *further != start).cloned());
                    }
                    None => next.extend(direct.get(name).into_iter().flatten()),
                }
            }
        }
        names += reached.len();
        if names > MOST_DEPENDENCIES {
            return None;
        }
        all.insert(start.clone(), reached);
    }
    Some(all)
}

/// The dependencies of one object: its own, and what those depend on.
fn full(all: &Dependencies, config: &str, object: &Object) -> Vec<String> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for name in &object.dependencies {
        names.insert(name);
        names.extend(all.get(name).into_iter().flatten().map(String::as_str));
    }
    names.remove(config);
    names.into_iter().map(str::to_owned).collect()
}
