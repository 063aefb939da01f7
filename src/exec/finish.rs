//! How steps ended: results are written, told, and checked by their postconditions.

use super::journal::lock;
use super::lost::Lost;
use super::records;
use super::run::Begun;
use super::run::Ended;
use super::run::Run;
use super::step::Changed;
use super::step::Finished;
use crate::config::When;
use crate::plan::ActionReason;
use crate::plan::Event;
use crate::plan::InstanceChange;
use crate::plan::Operation;
use crate::plan::Step;
use crate::plan::StepId;
use crate::plan::build::as_warnings;
use crate::plan::build::display_id;
use crate::plan::build::place_findings;
use crate::plan::build::provider_block;
use crate::plan::build::shown_address;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use streamform_lang::diag::Diagnostic;
use streamform_lang::value::Marks;
use streamform_lang::value::Path;
use streamform_lang::value::Value;
use streamform_provider::protocol::Findings;
use streamform_provider::protocol::ProviderDiagnostic;
use streamform_provider::protocol::has_errors;
use streamform_provider::schema;
use streamform_state::Entry;
use streamform_state::ObjectStatus;
use streamform_state::RawJson;

/// A change that has come to its end, well.
pub(super) struct Conclusion {
    pub(super) change: usize,
    /// Its address, with the deposed key if it has one.
    pub(super) shown: String,
    pub(super) operation: Operation,
    /// The object now, if there is one.
    pub(super) value: Option<Value>,
    pub(super) elapsed: Duration,
}

impl<'a> Run<'a> {
    /// Takes in how a call ended. What comes back is the end of the step, or the next call that it needs.
    pub(super) fn finish(&mut self, id: StepId, finished: Finished) -> Begun<'a> {
        let ended = match finished {
            Finished::Changed(changed) => return self.changed(id, *changed),
            Finished::Provisioned(at, end) => return self.provisioned(at, end),
            Finished::Closed => Ended::Well,
            Finished::Opened(config, answers) => self.opened(&config, answers),
            Finished::EphemeralClosed(found) => {
                let ended = if found.has_errors() {
                    Ended::Badly
                } else {
                    Ended::Well
                };
                self.diagnostics.extend(found);
                ended
            }
            Finished::Configured(address, findings) => {
                let block = provider_block(self.config, &address);
                let found = place_findings(findings, block.map(|b| &b.body), block.map(|b| b.header), None);
                let broken = found.has_errors();
                self.diagnostics.extend(found);
                if broken {
                    self.providers.remove(&address);
                    Ended::Badly
                } else {
                    Ended::Well
                }
            }
            Finished::DataRead(index, answer, marks, elapsed) => {
                self.data_read(index, answer, &marks, elapsed)
            }
        };
        Begun::Over(ended)
    }

    fn data_read(
        &mut self,
        index: usize,
        answer: Result<Value, Findings>,
        marks: &[(Path, Marks)],
        elapsed: Duration,
    ) -> Ended {
        let plan = Arc::clone(&self.plan);
        let Some(change) = plan.changes.get(index) else {
            return Ended::Badly;
        };
        let address = change.address.to_string();
        match answer {
            Ok(value) => {
                let value = records::marked(change, value, marks);
                self.observer.event(Event::Completed {
                    address: address.clone(),
                    operation: Operation::Read,
                    id: display_id(&value),
                    elapsed,
                });
                let mut journal = lock(&self.journal);
                let mut record = records::record_of(journal.record(&address).as_ref(), change);
                match records::object(change, &value, &None, ObjectStatus::Ready) {
                    Ok(object) => record.current = Some(object),
                    Err(e) => {
                        drop(journal);
                        self.diagnostics.push(unwritable(&address, &e));
                        return Ended::Badly;
                    }
                }
                journal.put(record);
                drop(journal);
                self.learn(&value);
                self.values.set_result(index, value.clone());
                self.postconditions(change, &value)
            }
            Err(findings) => {
                self.observer.event(Event::Failed {
                    address: address.clone(),
                    operation: Operation::Read,
                    elapsed,
                });
                let block = self.block_of(change);
                let found = place_findings(
                    findings,
                    block.map(|b| &b.body),
                    block.map(|b| b.header),
                    Some(&address),
                );
                if block.is_some_and(|b| b.check.is_some()) {
                    self.diagnostics.extend(as_warnings(found));
                    self.unread_in_check(change);
                    return Ended::Well;
                }
                self.diagnostics.extend(found);
                Ended::Badly
            }
        }
    }

    /// The data source of a check could not be read: the check cannot be judged, and the run goes on.
    fn unread_in_check(&mut self, change: &InstanceChange) {
        self.unfinished.insert(change.address.config());
        if change.reason != Some(ActionReason::ReadBecauseCheckNested) {
            return;
        }
        let address = change.address.to_string();
        let mut journal = lock(&self.journal);
        let mut record = records::record_of(journal.record(&address).as_ref(), change);
        let value = known_only(change.after.clone());
        if let Ok(object) = records::object(change, &value, &None, ObjectStatus::Ready) {
            record.current = Some(object);
            journal.put(record);
        }
    }

    /// Writes the result of a change.
    pub(super) fn changed(&mut self, id: StepId, mut changed: Changed) -> Begun<'a> {
        let plan = Arc::clone(&self.plan);
        let Some(change) = plan.changes.get(changed.change) else {
            return Begun::Over(Ended::Badly);
        };
        if changed.operation == Operation::Create && changed.intent.is_some() {
            self.creates.end(&change.address.resource.ty);
        }
        if let Some(again) = changed.again.take()
            && changed.response.outcome_unknown
            && changed.response.state.is_null()
        {
            self.creates.lose(Lost {
                id,
                changed: Box::new(changed),
                again,
            });
            return Begun::Waits;
        }
        let key = match &changed.step {
            Step::DeleteDeposed(i) => change.deposed.clone().or_else(|| self.deposed.get(i).cloned()),
            _ => None,
        };
        let address = change.address.to_string();
        let shown = shown_address(&change.address, key.as_deref());
        let operation = changed.operation;
        let deleting = operation == Operation::Delete;
        let state = changed.response.state;
        // Before anything is said of it: also of one that failed half-way.
        self.observer
            .secret(&schema::mark_sensitive(&change.schema.block, state.clone()));
        let mut findings = changed.response.findings;
        if !deleting && !state.is_wholly_known() && !has_errors(&findings) {
            findings.push(ProviderDiagnostic::error(
                "Provider returned invalid result object after apply",
                format!("After the apply of {address} some of its attributes are still unknown. They are kept as null. This is a mistake in the provider, not in the configuration."),
            ));
        }
        if changed.response.outcome_unknown && !has_errors(&findings) {
            findings.push(ProviderDiagnostic::error(
                "Outcome not known",
                "The call may have had its effect or not. The next plan looks it up.",
            ));
        }
        let block = self.block_of(change);
        let found = place_findings(
            findings,
            block.map(|b| &b.body),
            block.map(|b| b.header),
            Some(&address),
        );
        let failed = found.has_errors();
        self.diagnostics.extend(found);
        let provisioners = if operation == Operation::Create && !failed && !state.is_null() {
            self.provisioners_of(change, When::Create)
        } else {
            VecDeque::new()
        };
        let mut journal = lock(&self.journal);
        let mut record = records::record_of(journal.record(&address).as_ref(), change);
        let mut value = None;
        let mut problem = None;
        if deleting {
            let object = match &key {
                Some(k) => record.deposed.get_mut(k),
                None => record.current.as_mut(),
            };
            if !failed {
                match &key {
                    Some(k) => {
                        record.deposed.remove(k);
                    }
                    None => record.current = None,
                }
            } else if let Some(object) = object
                && !state.is_null()
                && state != changed.prior
            {
                // A delete that got half the way: the object is what the provider last saw of it.
                let attributes = schema::to_state_json(&known_only(state), &change.schema.block);
                match RawJson::from_text(attributes) {
                    Ok(attributes) => object.attributes = attributes,
                    Err(e) => problem = Some(unwritable(&address, &e.to_string())),
                }
                object.private = changed.response.private.as_ref().map(|p| p.to_vec());
            }
        } else if !state.is_null() {
            // Until its provisioners have run it is half made, also for a run that is killed meanwhile.
            let status = if operation == Operation::Create && (failed || !provisioners.is_empty()) {
                ObjectStatus::Tainted
            } else {
                record
                    .current
                    .as_ref()
                    .filter(|_| operation == Operation::Update)
                    .map_or(ObjectStatus::Ready, |o| o.status)
            };
            let marked = records::marked(change, known_only(state), &changed.marks);
            match records::object(change, &marked, &changed.response.private, status) {
                Ok(object) => record.current = Some(object),
                Err(e) => problem = Some(unwritable(&address, &e)),
            }
            value = Some(marked);
        } else if operation == Operation::Create && failed && !changed.response.outcome_unknown {
            // (Where the outcome is not known the intent stays open: the next run asks what became of it.)
            record.current = None;
            if let Some(k) = self.deposed.get(&changed.change)
                && let Some(old) = record.deposed.remove(k)
            {
                record.current = Some(old);
            }
        }
        journal.put(record);
        if let Some(intent) = changed.intent
            && !(failed && changed.response.outcome_unknown)
        {
            journal.add(Entry::Settled { intent });
            // Now that this is known, so is what became of earlier attempts.
            self.open.retain(|i| {
                let same = i.address == address && i.deposed == key;
                if same {
                    journal.add(Entry::Settled { intent: i.id });
                }
                !same
            });
        }
        drop(journal);
        let failed = failed || problem.is_some();
        self.diagnostics.extend(problem.into_iter().collect());
        if failed {
            self.observer.event(Event::Failed {
                address: shown,
                operation,
                elapsed: changed.elapsed,
            });
            return Begun::Over(Ended::Badly);
        }
        if changed.unchanged {
            self.values.set_result(
                changed.change,
                value.clone().unwrap_or_else(|| change.after.clone()),
            );
            return Begun::Over(value.map_or(Ended::Well, |v| self.postconditions(change, &v)));
        }
        if let (false, Some(value)) = (provisioners.is_empty(), &value) {
            // They may refer to the object by its address.
            self.values.set_result(changed.change, value.clone());
            let began = Instant::now()
                .checked_sub(changed.elapsed)
                .unwrap_or_else(Instant::now);
            let step = (id, &changed.step, changed.change);
            return self.provision(step, value.clone(), operation, began, provisioners);
        }
        Begun::Over(self.conclude(
            change,
            Conclusion {
                change: changed.change,
                shown,
                operation,
                value,
                elapsed: changed.elapsed,
            },
        ))
    }

    /// Counts and tells a change that is done, and checks its postconditions.
    pub(super) fn conclude(&mut self, change: &InstanceChange, done: Conclusion) -> Ended {
        let Conclusion {
            change: index,
            shown,
            operation,
            value,
            elapsed,
        } = done;
        match operation {
            Operation::Create => self.done.add += 1,
            Operation::Update => self.done.change += 1,
            Operation::Delete => self.done.destroy += 1,
            Operation::Read
            | Operation::Refresh
            | Operation::Recover
            | Operation::Open
            | Operation::CloseEphemeral
            | Operation::FindImport
            | Operation::Import => {}
        }
        let id = value
            .as_ref()
            .and_then(display_id)
            .or_else(|| display_id(&change.before));
        self.observer.event(Event::Completed {
            address: shown,
            operation,
            id,
            elapsed,
        });
        match value {
            Some(value) => {
                self.learn(&value);
                self.values.set_result(index, value.clone());
                self.postconditions(change, &value)
            }
            None => Ended::Well,
        }
    }

    pub(super) fn postconditions(&mut self, change: &InstanceChange, value: &Value) -> Ended {
        let Some(block) = self
            .block_of(change)
            .filter(|b| !b.lifecycle.postconditions.is_empty())
        else {
            return Ended::Well;
        };
        let Some(module) = self.values.world.find(&change.address.module) else {
            return Ended::Well;
        };
        let Some(repetition) = self
            .values
            .world
            .expansion(module, &change.address.resource)
            .and_then(|e| e.repetition(&change.address.key))
        else {
            return Ended::Well;
        };
        let scope = self.values.world.instance_scope(module, repetition);
        let scope = scope.with_self(value.clone());
        let address = change.address.to_string();
        let rules = &block.lifecycle.postconditions;
        let found = self.judged.judge(rules, &scope, &address, "postcondition");
        let ended = if found.has_errors() {
            Ended::Badly
        } else {
            Ended::Well
        };
        self.diagnostics.extend(found);
        ended
    }
}

/// The value with null for everything that is not known.
pub(super) fn known_only(value: Value) -> Value {
    if value.is_wholly_known() {
        value
    } else if value.is_known() {
        value.map_children(known_only)
    } else {
        Value::null(value.ty())
    }
}

fn unwritable(address: &str, why: &str) -> Diagnostic {
    Diagnostic::error(
        "Object cannot be written to the state",
        format!("{address} was changed, but what the provider answered cannot be stored: {why}."),
    )
    .on(address.to_owned())
}
