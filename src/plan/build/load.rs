//! Taking in what the state says, and what reads and recoveries find out.

use std::collections::BTreeMap;
use std::sync::Arc;

use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Marks;
use streamform_lang::value::Value;
use streamform_provider::Provider;
use streamform_provider::protocol::Private;
use streamform_provider::protocol::RecoverRequest;
use streamform_provider::protocol::Recovery;
use streamform_provider::schema;
use streamform_state::Entry;
use streamform_state::Intent;
use streamform_state::IntentAction;
use streamform_state::Object;
use streamform_state::ObjectStatus;
use streamform_state::RawJson;
use streamform_state::Record;

use super::instance::sensitive_paths;
use super::place_findings;
use super::prior;
use super::prior::Prior;
use super::prior::PriorObject;
use super::recover::ambiguous;
use super::recover::decode_intent;
use super::recover::not_found_out;
use super::recover::recover_request;
use super::unread::Unread;
use super::walk::Held;
use super::walk::Planner;
use super::walk::ReadResult;
use super::walk::Recovered;
use super::walk::Waiting;
use crate::plan::Action;
use crate::plan::InstanceChange;

impl Planner<'_> {
    /// Reads every record of the state into values.
    pub(super) async fn load_prior(&mut self) {
        let mut instances: BTreeMap<streamform_lang::addrs::ProviderAddr, Arc<dyn Provider>> =
            BTreeMap::new();
        for record in self.input.state.clone().records() {
            match self.load_record(record, &mut instances).await {
                Ok(prior) => {
                    self.prior_of
                        .entry(prior.address.config())
                        .or_default()
                        .push(prior.address.clone());
                    self.prior.insert(prior.address.clone(), prior);
                }
                Err(found) => self.diagnostics.extend(found),
            }
        }
    }

    async fn load_record(
        &self,
        record: &Record,
        instances: &mut BTreeMap<streamform_lang::addrs::ProviderAddr, Arc<dyn Provider>>,
    ) -> Result<Prior, Diagnostics> {
        let (address, mut provider) = prior::record_names(record)?;
        let moved_from = self.input.moves.origin(&address).cloned();
        if let Some(from) = moved_from
            .as_ref()
            .filter(|f| f.resource.ty != address.resource.ty)
        {
            return self.converted(record, &address, from, &provider.provider).await;
        }
        // The configuration of the old place may be gone: at its new one the object belongs to that of its block.
        if moved_from.is_some()
            && let Some(block) = self.input.config.resource(&address.config())
            && block.resolved_provider.provider == provider.provider
        {
            provider = block.resolved_provider.clone();
        }
        let schema = self
            .input
            .registry
            .schema(&provider.provider, prior::mode_of(record.mode), &record.type_name)
            .ok_or_else(|| {
                Diagnostics::from(
                    Diagnostic::error(
                        "Unknown resource type in the state",
                        format!(
                            "The state has {} of type {}, which provider {} does not have in this version of Streamform.",
                            record.address,
                            record.type_name,
                            provider.provider.for_display()
                        ),
                    )
                    .on(record.address.clone()),
                )
            })?;
        let instance = match instances.get(&provider.provider) {
            Some(p) => Some(Arc::clone(p)),
            None => self.input.registry.get(&provider.provider).map(|f| {
                let made = f.instance();
                instances.insert(provider.provider.clone(), Arc::clone(&made));
                made
            }),
        };
        let read = async |o: &Object| {
            let object = prior::object_from_state(
                o,
                &record.type_name,
                &schema,
                instance.as_deref(),
                &record.address,
            )
            .await?;
            if !object.marks.is_empty() || schema.block.has_sensitive() {
                self.input.observer.secret(&prior::state_value(&object, &schema));
            }
            Ok::<_, Diagnostics>(object)
        };
        let current = match &record.current {
            Some(o) => Some(read(o).await?),
            None => None,
        };
        let mut deposed = BTreeMap::new();
        for (key, o) in &record.deposed {
            deposed.insert(key.clone(), read(o).await?);
        }
        Ok(Prior {
            address,
            moved_from,
            provider,
            schema,
            current,
            deposed,
        })
    }

    /// Changes of earlier runs that a provider must be asked about.
    pub(super) fn recoveries_of(&self, address: &AbsProviderConfig) -> Vec<(Intent, RecoverRequest)> {
        let text = address.to_string();
        self.intents
            .iter()
            .filter(|i| i.provider == text)
            .filter_map(|intent| Some((intent.clone(), self.recovery_of(intent)?)))
            .collect()
    }

    fn recovery_of(&self, intent: &Intent) -> Option<RecoverRequest> {
        // A create that got as far as a checkpoint has left a record.
        let checkpoint = match intent.action {
            IntentAction::Create => streamform_lang::addrs::AbsInstance::parse(&intent.address)
                .ok()
                .and_then(|a| self.prior.get(&a))
                .and_then(|p| p.current.as_ref())
                .filter(|o| o.tainted)
                .map(|o| o.stored.clone()),
            _ => None,
        };
        recover_request(
            intent,
            checkpoint,
            self.known_ids(intent),
            &self.input.options.decisions,
        )
    }

    /// Ids of all objects of the intent's type that belong to records: all but the one that the intent itself is about.
    fn known_ids(&self, intent: &Intent) -> Vec<String> {
        self.prior
            .values()
            .filter(|p| p.address.resource.ty.as_str() == intent.type_name)
            .flat_map(|p| {
                let own = intent.deposed.is_none() && p.address.to_string() == intent.address;
                p.current.iter().filter(move |_| !own).chain(p.deposed.values())
            })
            .filter_map(|o| o.stored.get("id").and_then(Value::as_str).map(str::to_owned))
            .collect()
    }

    /// Takes in what configuring and reading brought. False: the provider cannot be used.
    pub(super) fn finish_waiting(&mut self, waiting: Waiting) -> bool {
        let Waiting::Provider(address, findings, recovered, reads) = waiting else {
            return true;
        };
        let block = super::providers::provider_block(self.input.config, &address);
        let found = place_findings(findings, block.map(|b| &b.body), block.map(|b| b.header), None);
        let broken = found.has_errors();
        self.diagnostics.extend(found);
        if broken {
            self.providers.remove(&address);
            return false;
        }
        for one in recovered {
            self.take_recovery(one);
        }
        for one in reads {
            self.take_read(one);
        }
        true
    }

    fn take_read(&mut self, (address, deposed, answer): ReadResult) {
        let text = super::reading::shown_address(&address, deposed.as_deref());
        let block = self.input.config.resource(&address.config());
        let found = place_findings(
            answer.findings,
            block.map(|b| &b.body),
            block.map(|b| b.header),
            Some(&text),
        );
        let broken = found.has_errors();
        if broken && deposed.is_none() && !answer.refused_access.is_empty() {
            self.unread.insert(
                address,
                Unread {
                    why: found,
                    access: answer.refused_access,
                },
            );
            return;
        }
        self.diagnostics.extend(found);
        let Some(prior) = self.prior.get_mut(&address) else {
            return;
        };
        let object = match &deposed {
            None => prior.current.as_mut(),
            Some(key) => prior.deposed.get_mut(key),
        };
        let Some(object) = object else { return };
        if broken {
            return;
        }
        // An older state may not know all secrets of the type: with a read it does.
        object.marks = sensitive_paths(&schema::mark_sensitive(
            &prior.schema.block,
            answer.state.clone().mark_with_paths(&object.marks),
        ))
        .into_iter()
        .map(|p| (p, Marks::SENSITIVE))
        .collect();
        if answer.state == object.stored {
            object.private = answer.private.or(object.private.take());
            return;
        }
        object.current = answer.state;
        object.private = answer.private.or(object.private.take());
        let gone = object.current.is_null();
        let mark =
            |v: &Value| schema::mark_sensitive(&prior.schema.block, v.clone().mark_with_paths(&object.marks));
        let change = InstanceChange {
            address: address.clone(),
            previous_address: prior.moved_from.clone(),
            deposed,
            provider: prior.provider.clone(),
            schema: Arc::clone(&prior.schema),
            action: if gone { Action::Delete } else { Action::Update },
            reason: None,
            explanation: None,
            before: mark(&object.stored),
            after: if gone {
                object.current.clone()
            } else {
                mark(&object.current)
            },
            replace_paths: Vec::new(),
            before_private: object.private.clone(),
            after_private: object.private.clone(),
            dependencies: object.dependencies.clone(),
            create_before_destroy: object.create_before_destroy,
            prevent_destroy: object.prevent_destroy,
            skip_destroy: object.skip_destroy,
            importing: None,
        };
        self.drift.push(change);
    }

    fn take_recovery(&mut self, (intent, found): Recovered) {
        let Ok(address) = streamform_lang::addrs::AbsInstance::parse(&intent.address) else {
            return;
        };
        let recovery = match found {
            Ok(r) => r,
            Err(findings) => {
                let block = self.input.config.resource(&address.config());
                let found = place_findings(
                    findings,
                    block.map(|b| &b.body),
                    block.map(|b| b.header),
                    Some(&intent.address),
                );
                self.held.push(Held {
                    why: not_found_out(&intent, found),
                    address,
                    dependencies: intent.dependencies,
                });
                return;
            }
        };
        match recovery {
            Recovery::Ambiguous(found) => {
                self.held.push(Held {
                    why: ambiguous(&intent, &found).into(),
                    address,
                    dependencies: intent.dependencies,
                });
                return;
            }
            Recovery::Done(value, private) => {
                self.adopt(&address, &intent, &value, private, ObjectStatus::Ready);
            }
            Recovery::Partial(value, private) => {
                self.adopt(&address, &intent, &value, private, ObjectStatus::Tainted);
            }
            Recovery::NotDone | Recovery::Undone(_) => {
                // What a create noted on its way (a name that it was going to use) is nothing that exists.
                if intent.action == IntentAction::Create && intent.deposed.is_none() {
                    self.forget_current(&address);
                }
            }
        }
        self.settled.push(Entry::Settled { intent: intent.id });
        self.intents.retain(|i| i.id != intent.id);
    }

    /// The record of an instance with what was found out about its interrupted changes so far: there can be several, a create
    /// and the delete of what it replaces.
    fn record_so_far(&self, address: &str) -> Option<Record> {
        for entry in self.settled.iter().rev() {
            match entry {
                Entry::Put(record) if record.address == address => return Some(record.clone()),
                Entry::Remove { address: gone } if gone == address => return None,
                _ => {}
            }
        }
        self.input.state.get(address).map(|r| Record::clone(r))
    }

    fn forget_current(&mut self, address: &streamform_lang::addrs::AbsInstance) {
        let text = address.to_string();
        let Some(mut record) = self.record_so_far(&text).filter(|r| r.current.is_some()) else {
            return;
        };
        // Another interrupted change of the same instance may have been found to have made something.
        if self
            .input
            .state
            .get(&text)
            .is_none_or(|r| r.current != record.current)
        {
            return;
        }
        record.current = None;
        if let Some(p) = self.prior.get_mut(address) {
            p.current = None;
        }
        if record.is_empty() {
            self.prior.remove(address);
            self.prior_of
                .entry(address.config())
                .or_default()
                .retain(|a| a != address);
            self.settled.push(Entry::Remove {
                address: record.address,
            });
        } else {
            self.settled.push(Entry::Put(record));
        }
    }

    fn adopt(
        &mut self,
        address: &streamform_lang::addrs::AbsInstance,
        intent: &Intent,
        value: &Value,
        private: Private,
        status: ObjectStatus,
    ) {
        let Ok(provider) = AbsProviderConfig::parse(&intent.provider) else {
            return;
        };
        let Some(schema) =
            self.input
                .registry
                .schema(&provider.provider, address.resource.mode, &intent.type_name)
        else {
            return;
        };
        let mut record = match self.record_so_far(&intent.address) {
            Some(r) => r,
            None => Record {
                address: intent.address.clone(),
                mode: streamform_state::Mode::Managed,
                type_name: intent.type_name.clone(),
                provider: intent.provider.clone(),
                current: None,
                deposed: BTreeMap::new(),
                version: 0,
            },
        };
        let old = match &intent.deposed {
            Some(key) => record.deposed.get(key),
            None => record.current.as_ref(),
        };
        let object = (!value.is_null())
            .then(|| {
                // What was sensitive when it was sent stays so.
                let sent = decode_intent(&intent.planned)
                    .map(|v| v.unmark_with_paths().1)
                    .unwrap_or_default();
                let sent: Vec<_> = sent
                    .into_iter()
                    .filter(|(_, m)| m.contains(Marks::SENSITIVE))
                    .collect();
                let marked = schema::mark_sensitive(&schema.block, value.clone().mark_with_paths(&sent));
                let creating = intent.action == IntentAction::Create;
                let attributes = RawJson::from_text(schema::to_state_json(value, &schema.block)).ok()?;
                Some(Object {
                    attributes,
                    sensitive_paths: sensitive_paths(&marked)
                        .iter()
                        .map(prior::path_to_state)
                        .collect(),
                    private: private.as_ref().map(|p| p.to_vec()),
                    schema_version: schema.version,
                    status,
                    dependencies: match old {
                        Some(o) if !creating => o.dependencies.clone(),
                        _ => intent.dependencies.clone(),
                    },
                    create_before_destroy: match old {
                        Some(o) if !creating => o.create_before_destroy,
                        _ => intent.create_before_destroy,
                    },
                    prevent_destroy: match old {
                        Some(o) if !creating => o.prevent_destroy,
                        _ => intent.prevent_destroy,
                    },
                    skip_destroy: match old {
                        Some(o) if !creating => o.skip_destroy,
                        _ => intent.skip_destroy,
                    },
                    identity: None,
                    identity_schema_version: None,
                })
            })
            .flatten();
        let as_prior = object.as_ref().map(|o| PriorObject {
            stored: value.clone(),
            current: value.clone(),
            marks: o
                .sensitive_paths
                .iter()
                .map(|p| (prior::path_from_state(p), Marks::SENSITIVE))
                .collect(),
            private,
            tainted: status == ObjectStatus::Tainted,
            dependencies: o.dependencies.clone(),
            create_before_destroy: o.create_before_destroy,
            prevent_destroy: o.prevent_destroy,
            skip_destroy: o.skip_destroy,
        });
        let entry = self.prior.entry(address.clone()).or_insert_with(|| Prior {
            address: address.clone(),
            moved_from: None,
            provider,
            schema: Arc::clone(&schema),
            current: None,
            deposed: BTreeMap::new(),
        });
        match &intent.deposed {
            Some(key) => {
                match object {
                    Some(o) => record.deposed.insert(key.clone(), o),
                    None => record.deposed.remove(key),
                };
                match as_prior {
                    Some(o) => entry.deposed.insert(key.clone(), o),
                    None => entry.deposed.remove(key),
                };
            }
            None => {
                record.current = object;
                entry.current = as_prior;
            }
        }
        self.prior_of
            .entry(address.config())
            .or_default()
            .retain(|a| a != address);
        self.prior_of
            .entry(address.config())
            .or_default()
            .push(address.clone());
        self.settled.push(if record.is_empty() {
            Entry::Remove {
                address: record.address,
            }
        } else {
            Entry::Put(record)
        });
    }
}
