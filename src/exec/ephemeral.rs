//! Ephemeral resources during an apply: opened before what uses them, closed behind it, whatever became of it.

use std::sync::Arc;

use streamform_lang::addrs::AbsResource;
use streamform_lang::addrs::ConfigResource;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;

use super::run::Begun;
use super::run::Ended;
use super::run::Run;
use super::step::Finished;
use crate::config::ResourceBlock;
use crate::plan::StepId;
use crate::plan::build::OpenAnswer;
use crate::plan::build::Ready;
use crate::plan::build::close_instances;
use crate::plan::build::decode_instance;
use crate::plan::build::open_instances;
use crate::plan::build::place_findings;
use crate::plan::build::with_secrets;
use streamform_lang::value::Marks;

impl<'a> Run<'a> {
    /// Opens all instances of an ephemeral resource.
    pub(super) fn open(&mut self, id: StepId, config: &ConfigResource) -> Begun<'a> {
        let block = self.config.resource(config);
        let node = self.graph.find_resource(self.config, config);
        let (Some(block), Some(node)) = (block, node) else {
            let gone = Diagnostic::error(
                "Configuration has changed since the plan",
                format!("{config} is in the plan, but not in the configuration. Make a new plan."),
            );
            self.diagnostics.push(gone);
            return Begun::Over(Ended::Badly);
        };
        let wanted = match self.values.ensure(node) {
            Ok(()) => self.instances_to_open(config, block),
            Err(found) => Err(found),
        };
        let wanted = match wanted {
            Ok(wanted) => wanted,
            Err(found) => {
                self.diagnostics.extend(found);
                return Begun::Over(Ended::Badly);
            }
        };
        let Some(live) = self.providers.get(&block.resolved_provider) else {
            return Begun::Over(Ended::Badly);
        };
        let provider = Arc::clone(&live.provider);
        let observer = Arc::clone(&self.observer);
        let config = config.clone();
        Begun::Call(Box::pin(async move {
            let answers = open_instances(provider, wanted, &*observer).await;
            (id, Finished::Opened(config, answers))
        }))
    }

    fn instances_to_open(
        &mut self,
        config: &ConfigResource,
        block: &Arc<ResourceBlock>,
    ) -> Result<Vec<Ready>, Diagnostics> {
        let provider = &block.resolved_provider;
        let resource = &block.address;
        let schema = self
            .registry
            .schema(&provider.provider, resource.mode, &resource.ty)
            .ok_or_else(Diagnostics::new)?;
        let decoder = streamform_provider::schema::Decoder::new(&block.body, &schema.block, &[]);
        let mut diagnostics = Diagnostics::new();
        let mut wanted = Vec::new();
        let module = self.config.find(&config.module).ok_or_else(Diagnostics::new)?;
        for module in self.values.world.instances_of(module.id).to_vec() {
            let Some(expansion) = self.values.world.expansion(module, resource) else {
                continue;
            };
            let abs = AbsResource {
                module: self.values.world.address(module).clone(),
                resource: resource.clone(),
            };
            for (key, repetition) in expansion.instances() {
                let address = abs.instance(key);
                let scope = self.values.world.instance_scope(module, repetition.clone());
                let shown = address.to_string();
                let rules = &block.lifecycle.preconditions;
                let mut found = self.judged.judge(rules, &scope, &shown, "precondition");
                if !found.has_errors() {
                    let (config, decoded) = decode_instance(&decoder, &scope, &shown);
                    found.extend(decoded);
                    if let Some(live) = self.providers.get(provider).filter(|_| !found.has_errors()) {
                        let marked = config.value.clone().mark_with_paths(&config.marks);
                        let told = live.provider.validate(resource.mode, &resource.ty, &marked);
                        found.extend(place_findings(
                            told,
                            Some(&block.body),
                            Some(block.header),
                            Some(&shown),
                        ));
                    }
                    wanted.push(Ready {
                        module,
                        address,
                        repetition,
                        config,
                    });
                }
                found.name_object(&shown);
                diagnostics.extend(found);
            }
        }
        if diagnostics.has_errors() {
            Err(diagnostics)
        } else {
            Ok(wanted)
        }
    }

    /// Takes in what was opened.
    pub(super) fn opened(&mut self, config: &ConfigResource, answers: Vec<OpenAnswer>) -> Ended {
        let Some(block) = self.config.resource(config) else {
            return Ended::Badly;
        };
        let schema = self.registry.schema(
            &block.resolved_provider.provider,
            block.address.mode,
            &block.address.ty,
        );
        let Some(schema) = schema else { return Ended::Badly };
        let mut diagnostics = Diagnostics::new();
        for (one, answer) in answers {
            let shown = one.address.to_string();
            match answer {
                Ok((opened, open)) => {
                    self.open_ephemeral.entry(config.clone()).or_default().push(open);
                    let value = with_secrets(opened.result, &one.config, &schema);
                    self.observer.secret(&value);
                    self.learn(&value);
                    let value = value.with_marks(Marks::EPHEMERAL);
                    self.values.set_opened(&one, value.clone());
                    let scope = self.values.world.instance_scope(one.module, one.repetition);
                    let scope = scope.with_self(value);
                    let rules = &block.lifecycle.postconditions;
                    diagnostics.extend(self.judged.judge(rules, &scope, &shown, "postcondition"));
                }
                Err(findings) => diagnostics.extend(place_findings(
                    findings,
                    Some(&block.body),
                    Some(block.header),
                    Some(&shown),
                )),
            }
        }
        let ended = if diagnostics.has_errors() {
            Ended::Badly
        } else {
            Ended::Well
        };
        self.diagnostics.extend(diagnostics);
        ended
    }

    /// Closes all instances of an ephemeral resource that are open.
    pub(super) fn close_ephemeral(&mut self, id: StepId, config: &ConfigResource) -> Begun<'a> {
        let Some(open) = self.open_ephemeral.remove(config) else {
            return Begun::Over(Ended::Well);
        };
        let observer = Arc::clone(&self.observer);
        Begun::Local(Box::pin(async move {
            let found = close_instances(open, &*observer).await;
            (id, Finished::EphemeralClosed(found))
        }))
    }
}
