//! Providers in the walk: which are needed, and what begins with each: configuring it, settling what an earlier run left open,
//! reading the objects that it keeps.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use rustc_hash::FxHashSet as HashSet;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_provider::protocol::ReadRequest;

use super::LiveProvider;
use super::evaluate_provider;
use super::walk::Planner;
use super::walk::Waiting;
use super::walk::Work;
use crate::deps::NodeId;
use crate::deps::NodeKind;
use crate::plan::Event;
use crate::plan::Operation;

impl<'a> Planner<'a> {
    /// Provider configurations that something uses: a resource block, a record, or what an interrupted run had begun, which
    /// may have left neither.
    pub(super) fn providers_in_use(&self) -> BTreeSet<AbsProviderConfig> {
        let begun = self
            .intents
            .iter()
            .filter_map(|i| AbsProviderConfig::parse(&i.provider).ok());
        let imports = &self.input.config.root().imports;
        let imported = imports.iter().filter_map(|i| i.resolved_provider.clone());
        self.input
            .config
            .used_providers()
            .into_iter()
            .cloned()
            .chain(self.prior.values().map(|p| p.provider.clone()))
            .chain(imported)
            .chain(begun)
            .collect()
    }

    /// Provider configurations in use that have no block.
    pub(super) fn implied_providers(&self) -> Vec<AbsProviderConfig> {
        let with_node: HashSet<&AbsProviderConfig> = self
            .input
            .graph
            .order()
            .iter()
            .filter_map(|n| match self.input.graph.kind(*n) {
                NodeKind::Provider(a) => Some(a),
                _ => None,
            })
            .collect();
        self.wanted_providers
            .iter()
            .filter(|a| !with_node.contains(a))
            .cloned()
            .collect()
    }

    /// Evaluates a provider configuration, and begins to configure it, to settle what earlier runs left open and to
    /// read the objects that it keeps.
    pub(super) fn start_provider(
        &mut self,
        node: Option<NodeId>,
        address: &AbsProviderConfig,
    ) -> Option<Work<'a>> {
        let (provider, value, found) =
            match evaluate_provider(&self.world, self.input.registry, address, self.input.observer) {
                Ok(made) => made,
                Err(found) => {
                    self.diagnostics.extend(found);
                    return None;
                }
            };
        self.diagnostics.extend(found);
        let known = value.is_wholly_known();
        let live = LiveProvider {
            provider: Arc::clone(&provider),
            configured: known,
        };
        // Known at once, so that planning without a read need not wait.
        self.providers.insert(address.clone(), live);
        let group = if known && self.input.options.refresh {
            self.reads_of(address, &*provider)
        } else {
            Vec::new()
        };
        if known && self.input.options.refresh && self.input.observer.hears_local_reads() {
            self.tell_local_reads(address, &*provider);
        }
        let open = if known {
            self.recoveries_of(address)
        } else {
            Vec::new()
        };
        let address = address.clone();
        let observer = self.input.observer;
        let decisions = &self.input.options.decisions;
        let node = node.unwrap_or(NodeId::NONE);
        Some(Box::pin(async move {
            // Also with values that are not known yet, for planning; apply configures another one, with all of them known.
            let mut findings = provider.configure(value).await;
            if streamform_provider::protocol::has_errors(&findings) {
                return (node, Waiting::Provider(address, findings, Vec::new(), Vec::new()));
            }
            let recovered = super::recover::ask(&*provider, open, decisions, observer).await;
            if group.is_empty() {
                return (node, Waiting::Provider(address, findings, recovered, Vec::new()));
            }
            let began = Instant::now();
            let mut names = Vec::with_capacity(group.len());
            let mut requests = Vec::with_capacity(group.len());
            for (instance, deposed, request) in group {
                let shown = shown_address(&instance, deposed.as_deref());
                observer.event(Event::Started {
                    address: shown,
                    operation: Operation::Refresh,
                    id: super::prior::display_id(&request.prior),
                });
                names.push((instance, deposed));
                requests.push(request);
            }
            let answers = provider.read(requests).await;
            let mut results = Vec::with_capacity(answers.len());
            for ((instance, deposed), answer) in names.into_iter().zip(answers) {
                observer.event(Event::Completed {
                    address: shown_address(&instance, deposed.as_deref()),
                    operation: Operation::Refresh,
                    id: super::prior::display_id(&answer.state),
                    elapsed: began.elapsed(),
                });
                results.push((instance, deposed, answer));
            }
            findings.retain(|f| f.severity == streamform_lang::diag::Severity::Warning);
            (node, Waiting::Provider(address, findings, recovered, results))
        }))
    }

    /// Tells of reads that need no call: the object is what the state says.
    fn tell_local_reads(&self, address: &AbsProviderConfig, provider: &dyn streamform_provider::Provider) {
        let observer = self.input.observer;
        let only = self.input.options.reads_only.as_deref();
        for (instance, prior) in &self.prior {
            if prior.provider != *address
                || instance.resource.mode != streamform_lang::addrs::Mode::Managed
                || provider.reads_outside(instance.resource.ty.as_str())
                || !self.is_targeted(instance)
                || only.is_some_and(|only| !only.contains(instance))
            {
                continue;
            }
            let current = prior.current.iter().map(|o| (None, o));
            let deposed = prior.deposed.iter().map(|(k, o)| (Some(k.as_str()), o));
            for (key, object) in current.chain(deposed) {
                let address = shown_address(instance, key);
                let id = super::prior::display_id(&object.stored);
                observer.event(Event::Started {
                    address: address.clone(),
                    operation: Operation::Refresh,
                    id: id.clone(),
                });
                observer.event(Event::Completed {
                    address,
                    operation: Operation::Refresh,
                    id,
                    elapsed: std::time::Duration::ZERO,
                });
            }
        }
    }

    fn reads_of(
        &self,
        address: &AbsProviderConfig,
        provider: &dyn streamform_provider::Provider,
    ) -> Vec<(AbsInstance, Option<String>, ReadRequest)> {
        let mut group = Vec::new();
        let only = self.input.options.reads_only.as_deref();
        for (instance, prior) in &self.prior {
            let type_name = instance.resource.ty.as_str();
            if prior.provider != *address
                || instance.resource.mode != streamform_lang::addrs::Mode::Managed
                || !provider.reads_outside(type_name)
                || !self.is_targeted(instance)
                || self.is_forgotten(instance)
                || only.is_some_and(|only| !only.contains(instance))
                || self.intents.iter().any(|i| i.address == instance.to_string())
            {
                continue;
            }
            let current = prior.current.iter().map(|o| (None, o));
            let deposed = prior.deposed.iter().map(|(k, o)| (Some(k.clone()), o));
            for (key, object) in current.chain(deposed) {
                group.push((
                    instance.clone(),
                    key,
                    ReadRequest {
                        type_name: type_name.to_owned(),
                        prior: object.stored.clone(),
                        private: object.private.clone(),
                    },
                ));
            }
        }
        group
    }
}

/// An instance as shown, with its deposed key.
pub fn shown_address(instance: &AbsInstance, deposed: Option<&str>) -> String {
    match deposed {
        Some(key) => format!("{instance} (deposed object {key})"),
        None => instance.to_string(),
    }
}
