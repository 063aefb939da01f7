//! One step: begun, and as far as it needs no call also ended.

use super::command::CommandFailure;
use super::journal::lock;
use super::lost::Again;
use super::provision::Provisioning;
use super::run::Begun;
use super::run::Ended;
use super::run::Run;
use crate::config::ResourceBlock;
use crate::deps::NodeKind;
use crate::plan::Action;
use crate::plan::Event;
use crate::plan::InstanceChange;
use crate::plan::Operation;
use crate::plan::Step;
use crate::plan::StepId;
use crate::plan::build::LiveProvider;
use crate::plan::build::OpenAnswer;
use crate::plan::build::evaluate_provider;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::diag::Diagnostics;
use streamform_lang::value::Marks;
use streamform_lang::value::Path;
use streamform_lang::value::Value;
use streamform_provider::protocol::ApplyResponse;
use streamform_provider::protocol::Findings;

/// How the call of a step ended.
pub(super) enum Finished {
    Configured(streamform_lang::addrs::AbsProviderConfig, Findings),
    Closed,
    Opened(ConfigResource, Vec<OpenAnswer>),
    EphemeralClosed(Diagnostics),
    Changed(Box<Changed>),
    Provisioned(Box<Provisioning>, Result<(), CommandFailure>),
    DataRead(usize, Result<Value, Findings>, Vec<(Path, Marks)>, Duration),
}

/// The end of a change.
pub(super) struct Changed {
    pub(super) change: usize,
    pub(super) step: Step,
    pub(super) operation: Operation,
    pub(super) response: ApplyResponse,
    pub(super) intent: Option<u64>,
    /// What was there before.
    pub(super) prior: Value,
    pub(super) marks: Vec<(Path, Marks)>,
    pub(super) elapsed: Duration,
    /// There was nothing to do after all: it is neither told nor counted.
    pub(super) unchanged: bool,
    /// What it takes to look a lost create up, as long as that was not done.
    pub(super) again: Option<Again>,
}

impl<'a> Run<'a> {
    /// Prepares a step as far as it needs no call.
    pub(super) fn begin(&mut self, id: StepId, step: &Step) -> Begun<'a> {
        match step {
            Step::Gather(_) => Begun::Over(Ended::Well),
            Step::Configure(address) => self.configure(id, address),
            Step::Close(address) => match self.providers.remove(address) {
                None => Begun::Over(Ended::Well),
                Some(live) => Begun::Local(Box::pin(async move {
                    live.provider.close().await;
                    (id, Finished::Closed)
                })),
            },
            Step::Open(config) => self.open(id, config),
            Step::CloseEphemeral(config) => self.close_ephemeral(id, config),
            Step::Create(i) | Step::Update(i) => self.make(id, step, *i),
            Step::Read(i) => self.read(id, *i),
            Step::Judge(i) => Begun::Over(self.judge_unchanged(*i)),
            Step::Delete(i) | Step::DeleteDeposed(i) => self.delete(id, step, *i),
            Step::Forget(i) => {
                if let Some(change) = self.plan.changes.get(*i) {
                    let mut journal = lock(&self.journal);
                    if let Some(record) = journal.record(&change.address.to_string()) {
                        let mut record = (*record).clone();
                        let replaced = change.action == Action::CreateThenForget;
                        match change.deposed.as_ref().or_else(|| self.deposed.get(i)) {
                            Some(key) => {
                                record.deposed.remove(key);
                            }
                            None if replaced => {}
                            None => record.current = None,
                        }
                        journal.put(record);
                    }
                    if change.mode() == streamform_lang::addrs::Mode::Managed {
                        self.done.forget += 1;
                    }
                }
                Begun::Over(Ended::Well)
            }
        }
    }

    fn configure(&mut self, id: StepId, address: &streamform_lang::addrs::AbsProviderConfig) -> Begun<'a> {
        if self.providers.get(address).is_some_and(|p| p.configured) {
            return Begun::Over(Ended::Well);
        }
        if let Some(node) = self.graph.find(&NodeKind::Provider(address.clone()))
            && let Err(found) = self.values.ensure(node)
        {
            self.diagnostics.extend(found);
            return Begun::Over(Ended::Badly);
        }
        match evaluate_provider(&self.values.world, self.registry, address, &*self.observer) {
            Err(found) => {
                self.diagnostics.extend(found);
                Begun::Over(Ended::Badly)
            }
            Ok((provider, value, found)) => {
                self.diagnostics.extend(found);
                let live = LiveProvider {
                    provider: Arc::clone(&provider),
                    configured: true,
                };
                self.providers.insert(address.clone(), live);
                let address = address.clone();
                Begun::Call(Box::pin(async move {
                    let findings = provider.configure(value).await;
                    (id, Finished::Configured(address, findings))
                }))
            }
        }
    }

    pub(super) fn block_of(&self, change: &InstanceChange) -> Option<&'a Arc<ResourceBlock>> {
        self.config.resource(&change.address.config())
    }

    fn read(&mut self, id: StepId, index: usize) -> Begun<'a> {
        let plan = Arc::clone(&self.plan);
        let Some(change) = plan.changes.get(index) else {
            return Begun::Over(Ended::Badly);
        };
        let address = change.address.to_string();
        let config = match self.config_of(change) {
            Ok((_, config)) => config,
            Err(mut found) => {
                found.name_object(&address);
                self.diagnostics.extend(found);
                return Begun::Over(Ended::Badly);
            }
        };
        let Some(live) = self.providers.get(&change.provider).cloned() else {
            return Begun::Over(Ended::Badly);
        };
        let type_name = change.address.resource.ty.to_string();
        let observer = Arc::clone(&self.observer);
        Begun::Call(Box::pin(async move {
            observer.event(Event::Started {
                address,
                operation: Operation::Read,
                id: None,
            });
            let began = Instant::now();
            let answer = live.provider.read_data(&type_name, config.value).await;
            (
                id,
                Finished::DataRead(index, answer, config.marks, began.elapsed()),
            )
        }))
    }
}
