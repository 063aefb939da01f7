//! From Terraform's file to our records.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use streamform_lang::addrs;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::ModuleInstance;
use streamform_lang::addrs::Target;

use super::File;
use super::IndexKey;
use super::Instance;
use super::Resource;
use super::VERSION;
use crate::Entry;
use crate::Mode;
use crate::Object;
use crate::ObjectStatus;
use crate::OutputValue;
use crate::RawJson;
use crate::Record;
use crate::StateError;
use crate::StateView;

/// A state read from Terraform's file.
#[derive(Debug, Clone)]
pub struct ForeignState {
    /// The version of the program that wrote it.
    pub terraform_version: String,
    /// What it holds.
    pub view: StateView,
}

#[derive(Deserialize)]
struct Version {
    version: Option<u64>,
    /// Where OpenTofu has encrypted the file.
    encryption_version: Option<IgnoredAny>,
}

impl ForeignState {
    /// Reads the text of a state file, format version 4. Numbers keep every digit.
    ///
    /// # Errors
    /// [`StateError::ForeignState`] when it is something else, or does not hold together.
    pub fn from_v4_text(text: &str) -> Result<Self, StateError> {
        let Version {
            version,
            encryption_version,
        } = serde_json::from_str(text).map_err(|error| {
            bad(format!(
                "The state file could not be parsed as JSON: line {}, column {}.",
                error.line(),
                error.column()
            ))
        })?;
        match version {
            Some(VERSION) => {}
            None if encryption_version.is_some() => {
                return Err(bad(
                    "The state file is encrypted by OpenTofu. `tofu state pull` prints it in clear.".into(),
                ));
            }
            None => {
                return Err(bad(
                    "The state file does not have a \"version\": it is no state file.".into(),
                ));
            }
            Some(newer) if newer > VERSION => {
                return Err(bad(format!(
                    "The state file uses format version {newer}, which is not supported. It was written by a newer program; this one \
                     reads version {VERSION}."
                )));
            }
            Some(older) => {
                return Err(bad(format!(
                    "The state file uses format version {older}, of Terraform 0.11 and before. Run `terraform apply` with Terraform 0.13 \
                     or later once: it writes version {VERSION}."
                )));
            }
        }
        let file: File = serde_json::from_str(text).map_err(|error| {
            bad(format!(
                "The state file does not have the shape of format version 4: line {}, column {}.",
                error.line(),
                error.column()
            ))
        })?;
        let mut records: BTreeMap<String, Record> = BTreeMap::new();
        for resource in file.resources {
            take_resource(resource, &mut records)?;
        }
        let outputs = file.outputs.into_iter().map(|(name, output)| {
            (
                name,
                OutputValue {
                    value: output.value,
                    value_type: output.value_type,
                    sensitive: output.sensitive,
                },
            )
        });
        let view = StateView::from_parts(
            &file.lineage,
            file.serial,
            records.into_values(),
            outputs.collect(),
            file.check_results,
        );
        Ok(Self {
            terraform_version: file.terraform_version,
            view,
        })
    }

    /// Like [`ForeignState::from_v4_text`], from a value.
    ///
    /// # Errors
    /// As there.
    pub fn from_v4_json(value: &serde_json::Value) -> Result<Self, StateError> {
        Self::from_v4_text(&value.to_string())
    }

    /// What to commit so that a store that holds `current` holds this state instead, lineage and serial included.
    pub fn replacing(&self, current: &StateView) -> Vec<Entry> {
        let mut entries = vec![Entry::Identity {
            lineage: self.view.lineage().to_owned(),
            serial: self.view.serial(),
        }];
        entries.extend(
            current
                .records()
                .filter(|record| self.view.get(&record.address).is_none())
                .map(|record| Entry::Remove {
                    address: record.address.clone(),
                }),
        );
        entries.extend(
            self.view
                .records()
                .map(|record| Entry::Put(Record::clone(record))),
        );
        entries.push(Entry::Outputs(self.view.outputs().clone()));
        entries.push(Entry::Checks(self.view.checks().clone()));
        entries
    }
}

fn bad(detail: String) -> StateError {
    StateError::ForeignState { detail }
}

fn take_resource(resource: Resource, records: &mut BTreeMap<String, Record>) -> Result<(), StateError> {
    let Resource {
        module,
        mode,
        type_name,
        name,
        provider,
        instances,
    } = resource;
    let place = format!(
        "{module}{}{type_name}.{name}",
        if module.is_empty() { "" } else { "." }
    );
    let mode = match mode.as_str() {
        "managed" => Mode::Managed,
        "data" => Mode::Data,
        other => {
            return Err(bad(format!(
                "The resource {place} has the mode \"{other}\", which is not known."
            )));
        }
    };
    let module = if module.is_empty() {
        ModuleInstance::root()
    } else {
        match Target::parse(&module) {
            Ok(Target::Module(module)) => module,
            _ => {
                return Err(bad(format!(
                    "The resource {place} is in \"{module}\", which is no module address."
                )));
            }
        }
    };
    // OpenTofu has a registry of its own, with the same providers.
    let provider = provider.replace("\"registry.opentofu.org/", "\"registry.terraform.io/");
    if AbsProviderConfig::parse(&provider).is_err() {
        return Err(bad(format!(
            "The resource {place} has the provider {provider:?}, which is not in the form that Terraform 0.13 and later write: \
             provider[\"HOST/NAMESPACE/TYPE\"]. If the file comes from Terraform 0.12, run `terraform apply` with Terraform 0.13 once."
        )));
    }
    for instance in instances {
        let key = match &instance.index_key {
            None => InstanceKey::None,
            Some(IndexKey::Number(index)) => InstanceKey::Int(*index),
            Some(IndexKey::Text(key)) => InstanceKey::Str(key.as_str().into()),
        };
        let address = AbsInstance {
            module: module.clone(),
            resource: addrs::Resource {
                mode: match mode {
                    Mode::Managed => addrs::Mode::Managed,
                    Mode::Data => addrs::Mode::Data,
                },
                ty: type_name.as_str().into(),
                name: name.as_str().into(),
            },
            key,
        }
        .to_string();
        // A type or name with characters that names cannot have would make an address that nobody can type.
        AbsInstance::parse(&address).map_err(|error| bad(error.detail))?;
        let deposed = instance.deposed.clone();
        let object = take_object(instance, &address)?;
        let record = records.entry(address.clone()).or_insert_with(|| Record {
            address: address.clone(),
            mode,
            type_name: type_name.clone(),
            provider: provider.clone(),
            current: None,
            deposed: BTreeMap::new(),
            version: 0,
        });
        let twice = if deposed.is_empty() {
            record.current.replace(object).is_some()
        } else {
            record.deposed.insert(deposed, object).is_some()
        };
        if twice {
            return Err(bad(format!(
                "The resource instance {address} is in the state file twice."
            )));
        }
    }
    Ok(())
}

fn take_object(instance: Instance, address: &str) -> Result<Object, StateError> {
    if instance.attributes_flat.is_some() {
        return Err(bad(format!(
            "The resource instance {address} still has the attributes of Terraform 0.11. Run `terraform apply` with Terraform 0.13 or \
             later once: it rewrites them."
        )));
    }
    let status = match instance.status.as_str() {
        "" => ObjectStatus::Ready,
        "tainted" => ObjectStatus::Tainted,
        other => {
            return Err(bad(format!(
                "The resource instance {address} has the status \"{other}\", which is not known."
            )));
        }
    };
    let dependencies = match instance.ours.direct_dependencies {
        Some(direct)
            if direct.of == instance.dependencies.len()
                && direct
                    .names
                    .iter()
                    .all(|name| instance.dependencies.contains(name)) =>
        {
            direct.names
        }
        _ => instance.dependencies,
    };
    Ok(Object {
        attributes: instance.attributes.unwrap_or_else(RawJson::null),
        sensitive_paths: instance
            .sensitive_attributes
            .unwrap_or_default()
            .into_iter()
            .map(Into::into)
            .collect(),
        private: instance.private,
        schema_version: instance.schema_version,
        status,
        dependencies,
        create_before_destroy: instance.create_before_destroy,
        prevent_destroy: instance.ours.prevent_destroy,
        skip_destroy: instance.ours.skip_destroy,
        identity: instance.identity,
        identity_schema_version: instance.identity_schema_version,
    })
}
