//! Making the graph from the configuration.

use std::sync::OnceLock;

use petgraph::algo::toposort;
use petgraph::graph::DiGraph;
use petgraph::graph::NodeIndex;
use rustc_hash::FxHashMap as HashMap;
use rustc_hash::FxHashSet as HashSet;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::Reference;
use streamform_lang::addrs::Subject;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Span;
use streamform_lang::syntax::Body;
use streamform_lang::syntax::Expr;
use streamform_lang::value::Name;

use super::Graph;
use super::NodeId;
use super::NodeKind;
use super::cycle;
use crate::config::CheckRule;
use crate::config::Configuration;
use crate::config::Module;
use crate::config::ModuleId;
use crate::config::walk;

pub(super) struct Builder<'c> {
    pub(super) config: &'c Configuration,
    pub(super) kinds: Vec<NodeKind>,
    index: HashMap<NodeKind, NodeId>,
    /// (from, to) → where the reference stands.
    pub(super) edges: HashMap<(NodeId, NodeId), Option<Span>>,
    order_of_edges: Vec<(NodeId, NodeId)>,
    explicit: HashMap<NodeId, Vec<NodeId>>,
    around: HashMap<NodeId, NodeId>,
    pub(super) hubs: HashMap<(ModuleId, Name), NodeId>,
    diagnostics: Diagnostics,
}

impl Graph {
    /// The graph of a configuration, and what is wrong with it: blocks that use themselves, cycles. References to what is
    /// not there are left out: the static checks report them.
    pub fn build(config: &Configuration) -> (Graph, Diagnostics) {
        let mut b = Builder {
            config,
            kinds: Vec::new(),
            index: HashMap::default(),
            edges: HashMap::default(),
            order_of_edges: Vec::new(),
            explicit: HashMap::default(),
            around: HashMap::default(),
            hubs: HashMap::default(),
            diagnostics: Diagnostics::new(),
        };
        for module in &config.modules {
            b.nodes(module);
        }
        for module in &config.modules {
            b.connect(module);
        }
        b.finish()
    }
}

impl Builder<'_> {
    fn add(&mut self, kind: NodeKind) -> NodeId {
        let id = NodeId(self.kinds.len() as u32);
        if kind != NodeKind::Hub {
            self.index.insert(kind.clone(), id);
        }
        self.kinds.push(kind);
        id
    }

    fn nodes(&mut self, module: &Module) {
        let id = module.id;
        for name in module.variables.keys() {
            self.add(NodeKind::Variable(id, name.clone()));
        }
        for name in module.locals.keys() {
            self.add(NodeKind::Local(id, name.clone()));
        }
        for (config, block) in &module.providers {
            self.add(NodeKind::Provider(AbsProviderConfig::new(
                module.path.clone(),
                block.provider.clone(),
                config.alias.clone(),
            )));
        }
        for name in module.calls.keys() {
            self.add(NodeKind::Call(id, name.clone()));
            let hub = self.add(NodeKind::Hub);
            self.hubs.insert((id, name.clone()), hub);
        }
        for resource in module.resources.keys() {
            self.add(NodeKind::Resource(id, resource.clone()));
        }
        for name in module.outputs.keys() {
            self.add(NodeKind::Output(id, name.clone()));
        }
        for name in module.checks.keys() {
            self.add(NodeKind::Check(id, name.clone()));
        }
    }

    fn find(&self, kind: &NodeKind) -> Option<NodeId> {
        self.index.get(kind).copied()
    }

    fn edge(&mut self, from: NodeId, to: NodeId, span: Option<Span>) {
        if from == to {
            return;
        }
        if let std::collections::hash_map::Entry::Vacant(e) = self.edges.entry((from, to)) {
            e.insert(span);
            self.order_of_edges.push((from, to));
        }
    }

    /// The nodes that a reference in a module means.
    fn targets(&self, module: &Module, reference: &Reference) -> Vec<NodeId> {
        let id = module.id;
        let call = |name: &Name| -> Vec<NodeId> {
            self.find(&NodeKind::Call(id, name.clone()))
                .into_iter()
                .chain(self.hubs.get(&(id, name.clone())).copied())
                .collect()
        };
        match &reference.subject {
            Subject::Variable(n) => self
                .find(&NodeKind::Variable(id, n.clone()))
                .into_iter()
                .collect(),
            Subject::Local(n) => self.find(&NodeKind::Local(id, n.clone())).into_iter().collect(),
            Subject::Resource(r) | Subject::ResourceInstance(r, _) => self
                .find(&NodeKind::Resource(id, r.clone()))
                .into_iter()
                .collect(),
            Subject::Module(n) | Subject::ModuleInstance(n, _) => call(n),
            Subject::ModuleOutput(n, _, output) => {
                let child = module.children.get(n).copied();
                match child.and_then(|c| self.find(&NodeKind::Output(c, output.clone()))) {
                    Some(node) => self
                        .find(&NodeKind::Call(id, n.clone()))
                        .into_iter()
                        .chain([node])
                        .collect(),
                    None => call(n),
                }
            }
            _ => Vec::new(),
        }
    }

    fn uses(&mut self, from: NodeId, module: &Module, reference: &Reference) {
        for to in self.targets(module, reference) {
            if to == from {
                self.self_reference(from, reference);
            }
            self.edge(from, to, Some(reference.span));
        }
    }

    fn expr(&mut self, from: NodeId, module: &Module, expr: &Expr) {
        walk::traversals(expr, &mut |t| {
            if let Ok(reference) = &t.reference {
                self.uses(from, module, reference);
            }
        });
    }

    fn body(&mut self, from: NodeId, module: &Module, body: &Body) {
        walk::body_traversals(body, &mut |t| {
            if let Ok(reference) = &t.reference {
                self.uses(from, module, reference);
            }
        });
    }

    /// The same where naming itself is no matter of the graph.
    fn expr_after(&mut self, from: NodeId, module: &Module, expr: &Expr) {
        walk::traversals(expr, &mut |t| {
            if let Ok(reference) = &t.reference {
                self.uses_others(from, module, reference);
            }
        });
    }

    /// The same where a block may name itself: it means the object that is there already.
    fn body_after(&mut self, from: NodeId, module: &Module, body: &Body) {
        walk::body_traversals(body, &mut |t| {
            if let Ok(reference) = &t.reference {
                self.uses_others(from, module, reference);
            }
        });
    }

    fn uses_others(&mut self, from: NodeId, module: &Module, reference: &Reference) {
        for to in self.targets(module, reference) {
            self.edge(from, to, Some(reference.span));
        }
    }

    fn rules(&mut self, from: NodeId, module: &Module, rules: &[CheckRule]) {
        for rule in rules {
            self.expr(from, module, &rule.condition);
            self.expr(from, module, &rule.error_message);
        }
    }

    fn depends_on(&mut self, from: NodeId, module: &Module, references: &[Reference]) {
        for reference in references {
            let targets = self.targets(module, reference);
            // Naming an output of a module means the module.
            let targets = match &reference.subject {
                Subject::ModuleOutput(n, ..) => targets
                    .into_iter()
                    .chain(self.hubs.get(&(module.id, n.clone())).copied())
                    .collect(),
                _ => targets,
            };
            for to in targets {
                self.edge(from, to, Some(reference.span));
                self.explicit.entry(from).or_default().push(to);
            }
        }
    }

    fn connect(&mut self, module: &Module) {
        let id = module.id;
        let around = module
            .parent
            .as_ref()
            .and_then(|(p, name)| self.find(&NodeKind::Call(*p, name.clone())));
        let caller = module
            .parent
            .as_ref()
            .map(|(p, name)| (self.config.module(*p), name));
        for (name, variable) in &module.variables {
            let Some(node) = self.find(&NodeKind::Variable(id, name.clone())) else {
                continue;
            };
            if let Some(call) = around {
                self.edge(node, call, None);
            }
            if let Some((parent, call)) = caller
                && let Some(argument) = parent.calls.get(call).and_then(|c| c.arguments.get(name))
            {
                self.expr(node, parent, &argument.expr);
            }
            // A rule names its own variable: that is no cycle.
            for rule in &variable.validations {
                for expr in [&rule.condition, &rule.error_message] {
                    self.expr_after(node, module, expr);
                }
            }
        }
        for (name, local) in &module.locals {
            let Some(node) = self.find(&NodeKind::Local(id, name.clone())) else {
                continue;
            };
            if let Some(call) = around {
                self.edge(node, call, None);
            }
            self.expr(node, module, &local.value);
        }
        for (name, output) in &module.outputs {
            let Some(node) = self.find(&NodeKind::Output(id, name.clone())) else {
                continue;
            };
            if let Some(call) = around {
                self.edge(node, call, None);
            }
            self.expr(node, module, &output.value);
            self.depends_on(node, module, &output.depends_on);
            self.rules(node, module, &output.preconditions);
        }
        for (config, block) in &module.providers {
            let address =
                AbsProviderConfig::new(module.path.clone(), block.provider.clone(), config.alias.clone());
            let Some(node) = self.find(&NodeKind::Provider(address)) else {
                continue;
            };
            if let Some(call) = around {
                self.edge(node, call, None);
            }
            self.body(node, module, &block.body);
        }
        for (name, call) in &module.calls {
            let Some(node) = self.find(&NodeKind::Call(id, name.clone())) else {
                continue;
            };
            if let Some(outer) = around {
                self.edge(node, outer, None);
                self.around.insert(node, outer);
            }
            for expr in [&call.count, &call.for_each].into_iter().flatten() {
                self.expr(node, module, expr);
            }
            self.depends_on(node, module, &call.depends_on);
            self.hub(module, name);
        }
        for (resource, block) in &module.resources {
            let Some(node) = self.find(&NodeKind::Resource(id, resource.clone())) else {
                continue;
            };
            if let Some(call) = around {
                self.edge(node, call, None);
                self.around.insert(node, call);
            }
            for expr in [&block.count, &block.for_each]
                .into_iter()
                .flatten()
                .chain(&block.lifecycle.replace_triggered_by)
            {
                // A block that names itself here is told when it is planned, as by Terraform.
                self.expr_after(node, module, expr);
            }
            self.body(node, module, &block.body);
            self.depends_on(node, module, &block.depends_on);
            self.rules(node, module, &block.lifecycle.preconditions);
            self.rules(node, module, &block.lifecycle.postconditions);
            if let Some(connection) = &block.connection {
                self.body_after(node, module, connection);
            }
            for provisioner in &block.provisioners {
                self.body_after(node, module, &provisioner.body);
                if let Some(connection) = &provisioner.connection {
                    self.body_after(node, module, connection);
                }
            }
            if let Some(provider) = self.find(&NodeKind::Provider(block.resolved_provider.clone())) {
                self.edge(node, provider, Some(block.header));
            }
        }
        for import in &module.imports {
            let target = self.config.find(&import.resource.module).map(|m| m.id);
            let Some(node) =
                target.and_then(|m| self.find(&NodeKind::Resource(m, import.resource.resource.clone())))
            else {
                continue;
            };
            for expr in [Some(&import.id), import.for_each.as_ref()].into_iter().flatten() {
                // That an id names what it is to import has an error of its own.
                walk::traversals(expr, &mut |t| {
                    if let Ok(reference) = &t.reference {
                        self.uses_others(node, module, reference);
                    }
                });
            }
        }
        for (name, check) in &module.checks {
            let Some(node) = self.find(&NodeKind::Check(id, name.clone())) else {
                continue;
            };
            if let Some(call) = around {
                self.edge(node, call, None);
            }
            self.rules(node, module, &check.asserts);
            if let Some(data) = &check.data
                && let Some(to) = self.find(&NodeKind::Resource(id, data.clone()))
            {
                self.edge(node, to, Some(check.header));
            }
        }
    }

    /// The hub of a call: everything in the called module, also what it is given and does not use, and the hubs of what that calls.
    fn hub(&mut self, module: &Module, name: &Name) {
        let Some(hub) = self.hubs.get(&(module.id, name.clone())).copied() else {
            return;
        };
        let Some(child) = module.children.get(name).map(|c| self.config.module(*c)) else {
            return;
        };
        let inside: Vec<NodeId> = child
            .resources
            .keys()
            .filter_map(|r| self.find(&NodeKind::Resource(child.id, r.clone())))
            .chain(
                child
                    .variables
                    .keys()
                    .filter_map(|v| self.find(&NodeKind::Variable(child.id, v.clone()))),
            )
            .chain(
                child
                    .outputs
                    .keys()
                    .filter_map(|o| self.find(&NodeKind::Output(child.id, o.clone()))),
            )
            .chain(
                child
                    .calls
                    .keys()
                    .filter_map(|c| self.hubs.get(&(child.id, c.clone())).copied()),
            )
            .chain(
                child
                    .calls
                    .keys()
                    .filter_map(|c| self.find(&NodeKind::Call(child.id, c.clone()))),
            )
            .collect();
        for to in inside {
            self.edge(hub, to, None);
        }
        if let Some(call) = self.find(&NodeKind::Call(module.id, name.clone())) {
            self.edge(hub, call, None);
        }
    }

    fn self_reference(&mut self, node: NodeId, reference: &Reference) {
        let detail = match &self.kinds[node.0 as usize] {
            NodeKind::Resource(..) => format!(
                "Configuration for {} may not refer to itself.",
                cycle::describe(self.config, &self.kinds[node.0 as usize])
            ),
            kind => format!("{} may not refer to itself.", cycle::describe(self.config, kind)),
        };
        let summary = match &self.kinds[node.0 as usize] {
            NodeKind::Resource(..) => "Self-referential block",
            _ => "Self-referencing local value",
        };
        if !self.diagnostics.iter().any(|d| d.subject == Some(reference.span)) {
            self.diagnostics.error_at(reference.span, summary, detail);
        }
    }

    fn finish(mut self) -> (Graph, Diagnostics) {
        let n = self.kinds.len();
        let mut graph: DiGraph<(), ()> = DiGraph::with_capacity(n, self.edges.len());
        for _ in 0..n {
            graph.add_node(());
        }
        let mut dependencies = vec![Vec::new(); n];
        let mut dependents = vec![Vec::new(); n];
        for (from, to) in &self.order_of_edges {
            dependencies[from.0 as usize].push(*to);
            dependents[to.0 as usize].push(*from);
            // From what is used to what uses it: the topological order is the order of work.
            graph.add_edge(NodeIndex::new(to.0 as usize), NodeIndex::new(from.0 as usize), ());
        }
        let order = match toposort(&graph, None) {
            Ok(order) => order.into_iter().map(|i| NodeId(i.index() as u32)).collect(),
            Err(_) => {
                let found = cycle::report(&self, &graph, &dependencies);
                self.diagnostics.extend(found);
                Vec::new()
            }
        };
        let mut result = Graph {
            kinds: self.kinds,
            index: self.index,
            dependencies,
            dependents,
            explicit: self.explicit,
            around: self.around,
            order,
            resources: (0..n).map(|_| OnceLock::new()).collect(),
            create_before_destroy: vec![false; n],
        };
        result.spread(self.config);
        (result, self.diagnostics)
    }
}

impl Graph {
    /// Spreads create_before_destroy from what asks for it to what that uses.
    fn spread(&mut self, config: &Configuration) {
        for node in self.created_first(config, |_| true) {
            if let Some(flag) = self.create_before_destroy.get_mut(node.0 as usize) {
                *flag = true;
            }
        }
    }

    /// The resource blocks that are created before they are destroyed where only a part of the graph counts: those that ask for it,
    /// and what they use.
    pub fn created_first(&self, config: &Configuration, counts: impl Fn(NodeId) -> bool) -> HashSet<NodeId> {
        let mut stack: Vec<NodeId> = Vec::new();
        for (i, kind) in self.kinds.iter().enumerate() {
            if let NodeKind::Resource(module, resource) = kind
                && config
                    .module(*module)
                    .resources
                    .get(resource)
                    .is_some_and(|b| b.lifecycle.create_before_destroy == Some(true))
            {
                stack.push(NodeId(i as u32));
            }
        }
        let mut seen: HashSet<NodeId> = HashSet::default();
        while let Some(node) = stack.pop() {
            if counts(node) && seen.insert(node) {
                stack.extend(self.resource_dependencies(node).iter().copied());
            }
        }
        seen
    }
}
