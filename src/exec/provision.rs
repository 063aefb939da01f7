//! Provisioners of an object: those of its making run before it counts as made, those of its deletion before the call
//! that deletes it.
//!
//! Each one is a call of its own: its arguments are worked out when its turn comes, because they may read what the one
//! before it has written.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::eval::Scope;
use streamform_lang::value::Value;
use streamform_provider::schema;
use streamform_state::ObjectStatus;

use super::command::CommandFailure;
use super::command::OutputLines;
use super::finish::Conclusion;
use super::journal::lock;
use super::local_exec::LocalExec;
use super::run::Begun;
use super::run::Ended;
use super::run::Run;
use super::step::Finished;
use crate::config::Configuration;
use crate::config::OnFailure;
use crate::config::Provisioner;
use crate::config::When;
use crate::config::provisioner_schema;
use crate::eval::DestroyScope;
use crate::eval::Repetition;
use crate::plan::Event;
use crate::plan::InstanceChange;
use crate::plan::Observer;
use crate::plan::Operation;
use crate::plan::Secrets;
use crate::plan::Step;
use crate::plan::StepId;
use crate::plan::provisioners_of;

/// So much of what a program printed last goes into the message about its failure, in bytes.
const TAIL: usize = 8 * 1024;

/// The provisioners of one object, on their way.
pub(super) struct Provisioning {
    pub(super) id: StepId,
    pub(super) step: Step,
    pub(super) change: usize,
    /// The object that they are for: `self`.
    pub(super) object: Value,
    pub(super) operation: Operation,
    pub(super) began: Instant,
    queue: VecDeque<Arc<Provisioner>>,
    /// The one that runs.
    current: Option<Running>,
}

struct Running {
    provisioner: Arc<Provisioner>,
    /// The command as it may be shown, or what is secret about it.
    command: Result<String, &'static str>,
    tail: Arc<Mutex<String>>,
}

/// Whether anything of a configuration runs provisioners.
pub(super) fn any(config: &Configuration) -> bool {
    config.modules.iter().any(|m| {
        m.resources.values().any(|r| !r.provisioners.is_empty())
            || m.removed.iter().any(|r| !r.provisioners.is_empty())
    })
}

impl<'a> Run<'a> {
    /// The provisioners of a change of one kind.
    pub(super) fn provisioners_of(&self, change: &InstanceChange, when: When) -> VecDeque<Arc<Provisioner>> {
        if !self.provisions {
            return VecDeque::new();
        }
        provisioners_of(self.config, &change.address)
            .1
            .iter()
            .filter(|p| p.when == when)
            .cloned()
            .collect()
    }

    /// Begins with the first of them.
    pub(super) fn provision(
        &mut self,
        (id, step, change): (StepId, &Step, usize),
        object: Value,
        operation: Operation,
        began: Instant,
        queue: VecDeque<Arc<Provisioner>>,
    ) -> Begun<'a> {
        self.learn(&object);
        self.next_provisioner(Box::new(Provisioning {
            id,
            step: step.clone(),
            change,
            object,
            operation,
            began,
            queue,
            current: None,
        }))
    }

    /// Takes in how one ended, and goes on with the next.
    pub(super) fn provisioned(
        &mut self,
        mut at: Box<Provisioning>,
        end: Result<(), CommandFailure>,
    ) -> Begun<'a> {
        let plan = Arc::clone(&self.plan);
        let (Some(change), Some(running)) = (plan.changes.get(at.change), at.current.take()) else {
            return Begun::Over(Ended::Badly);
        };
        let address = change.address.to_string();
        let provisioner = &running.provisioner;
        let goes_on = match &end {
            Ok(()) => true,
            Err(e) => provisioner.on_failure == OnFailure::Continue && !e.interrupted,
        };
        self.observer.event(Event::Provisioned {
            address: address.clone(),
            provisioner: provisioner.ty.to_string(),
            failed: end.as_ref().err().map(|e| e.why.clone()),
            goes_on,
        });
        if goes_on {
            return self.next_provisioner(at);
        }
        if let Err(e) = end {
            let tail = running.tail.lock().unwrap_or_else(PoisonError::into_inner);
            let tail = tail.trim_end();
            let detail = match running.command {
                Ok(command) => format!("Error running command '{command}': {}. Output: {tail}", e.why),
                Err(secret) => format!(
                    "Error running command: {}. The command and its output are not shown, because its configuration holds a {secret} value.",
                    e.why
                ),
            };
            self.diagnostics.push(
                Diagnostic::error(format!("{} provisioner error", provisioner.ty), detail)
                    .at(provisioner.opening())
                    .on(address),
            );
        }
        self.unprovisioned(&at)
    }

    /// Begins the next one; after the last, what they were waited for.
    fn next_provisioner(&mut self, mut at: Box<Provisioning>) -> Begun<'a> {
        let plan = Arc::clone(&self.plan);
        let Some(change) = plan.changes.get(at.change) else {
            return Begun::Over(Ended::Badly);
        };
        let Some(provisioner) = at.queue.pop_front() else {
            return match at.operation {
                Operation::Delete => self.delete_now(at.id, &at.step, at.change, true),
                _ => Begun::Over(self.provisioned_all(&at, change)),
            };
        };
        let address = change.address.to_string();
        if self.stop.is_set() {
            self.diagnostics.push(
                Diagnostic::error(
                    "Provisioner left out",
                    format!(
                        "The run was interrupted before the provisioner \"{}\" of {address} began.",
                        provisioner.ty
                    ),
                )
                .at(provisioner.opening())
                .on(address),
            );
            return self.unprovisioned(&at);
        }
        let config = match self.provisioner_config(change, &provisioner, &at) {
            Ok(config) => config,
            Err(mut found) => {
                found.name_object(&address);
                self.diagnostics.extend(found);
                return self.unprovisioned(&at);
            }
        };
        self.observer.event(Event::Provisioning {
            address: address.clone(),
            provisioner: provisioner.ty.to_string(),
        });
        let exec = match LocalExec::of(&config) {
            Ok(exec) => exec,
            Err((summary, detail)) => {
                let goes_on = provisioner.on_failure == OnFailure::Continue;
                self.observer.event(Event::Provisioned {
                    address: address.clone(),
                    provisioner: provisioner.ty.to_string(),
                    failed: Some(detail.trim_end_matches('.').to_owned()),
                    goes_on,
                });
                if goes_on {
                    return self.next_provisioner(at);
                }
                self.diagnostics.push(
                    Diagnostic::error(summary, detail)
                        .at(provisioner.opening())
                        .on(address),
                );
                return self.unprovisioned(&at);
            }
        };
        self.learn(&config);
        let tail = Arc::<Mutex<String>>::default();
        let printed = Printed {
            observer: Arc::clone(&self.observer),
            secrets: self.secrets.clone(),
            address,
            provisioner: provisioner.ty.to_string(),
            secret: exec.secret,
            tail: Arc::clone(&tail),
        };
        printed.tell(&exec.announcement());
        let command = match exec.secret {
            Some(secret) => Err(secret),
            None if printed.secrets.hides(&exec.command) => Err("sensitive"),
            None => Ok(exec.command),
        };
        at.current = Some(Running {
            provisioner,
            command,
            tail,
        });
        let lines: OutputLines = Arc::new(move |line| printed.line(line));
        let (commands, stop) = (Arc::clone(&self.commands), self.stop.clone());
        Begun::Call(Box::pin(async move {
            // Not before: what it can see of the state is durable only when the call begins.
            let end = commands.run(exec.line, lines, stop).await;
            (at.id, Finished::Provisioned(at, end))
        }))
    }

    /// The arguments of a provisioner, with what is known now.
    fn provisioner_config(
        &self,
        change: &InstanceChange,
        provisioner: &Provisioner,
        at: &Provisioning,
    ) -> Result<Value, Diagnostics> {
        let Some(schema) =
            provisioner_schema(&provisioner.ty).filter(|_| provisioner.ty.as_str() == "local-exec")
        else {
            return Err(Diagnostic::error(
                "Provisioner is not available",
                format!("The provisioner \"{}\" cannot be run.", provisioner.ty),
            )
            .at(provisioner.header)
            .into());
        };
        let decode = |scope: &dyn Scope| {
            let (value, found) = schema::decode(&provisioner.body, &schema.block, scope, &[]);
            if found.has_errors() { Err(found) } else { Ok(value) }
        };
        let world = &self.values.world;
        if at.operation == Operation::Delete {
            let module = provisioners_of(self.config, &change.address).0;
            let repetition = Repetition::of_key(&change.address.key);
            return decode(&DestroyScope::new(world, module, repetition, at.object.clone()));
        }
        let gone = || -> Diagnostics {
            Diagnostic::error(
                "Configuration has changed since the plan",
                format!(
                    "{} is in the plan, but its configuration no longer has this instance.",
                    change.address
                ),
            )
            .into()
        };
        let module = world.find(&change.address.module).ok_or_else(gone)?;
        let repetition = world
            .expansion(module, &change.address.resource)
            .and_then(|e| e.repetition(&change.address.key))
            .ok_or_else(gone)?;
        decode(
            &world
                .instance_scope(module, repetition)
                .with_self(at.object.clone()),
        )
    }

    /// All have ended well: the object is made.
    fn provisioned_all(&mut self, at: &Provisioning, change: &InstanceChange) -> Ended {
        let address = change.address.to_string();
        let mut journal = lock(&self.journal);
        if let Some(record) = journal.record(&address) {
            let mut record = (*record).clone();
            if let Some(object) = &mut record.current {
                object.status = ObjectStatus::Ready;
            }
            journal.put(record);
        }
        drop(journal);
        self.conclude(
            change,
            Conclusion {
                change: at.change,
                shown: address,
                operation: at.operation,
                value: Some(at.object.clone()),
                elapsed: at.began.elapsed(),
            },
        )
    }

    /// One has failed: a new object stays tainted, one that was to be deleted stays.
    fn unprovisioned(&mut self, at: &Provisioning) -> Begun<'a> {
        if let Some(change) = self.plan.changes.get(at.change) {
            self.observer.event(Event::Failed {
                address: change.address.to_string(),
                operation: at.operation,
                elapsed: at.began.elapsed(),
            });
        }
        Begun::Over(Ended::Badly)
    }

    /// Remembers what must not be shown.
    pub(super) fn learn(&self, value: &Value) {
        self.observer.secret(value);
        if self.provisions {
            self.secrets.learn(value);
        }
    }
}

/// What a program prints, on its way to the user.
struct Printed {
    observer: Arc<dyn Observer>,
    secrets: Secrets,
    address: String,
    provisioner: String,
    secret: Option<&'static str>,
    tail: Arc<Mutex<String>>,
}

impl Printed {
    fn tell(&self, text: &str) -> bool {
        let hidden = match self.secret {
            Some(secret) => Some(format!("(output suppressed due to {secret} value in config)")),
            None => self
                .secrets
                .hides(text)
                .then(|| "(output suppressed: it holds a sensitive value)".to_owned()),
        };
        let shown = hidden.is_none();
        self.observer.event(Event::ProvisionOutput {
            address: self.address.clone(),
            provisioner: self.provisioner.clone(),
            text: hidden.unwrap_or_else(|| text.to_owned()),
        });
        shown
    }

    fn line(&self, text: &str) {
        if !self.tell(text) {
            return;
        }
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.push_str(text);
        tail.push('\n');
        if tail.len() > 2 * TAIL {
            let mut cut = tail.len() - TAIL;
            while !tail.is_char_boundary(cut) {
                cut += 1;
            }
            tail.drain(..cut);
        }
    }
}
