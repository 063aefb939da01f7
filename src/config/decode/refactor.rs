//! `moved`, `removed` and `import` blocks.

use std::sync::Arc;

use streamform_lang::addrs::ConfigResource;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::ModulePath;
use streamform_lang::addrs::Resource;
use streamform_lang::addrs::Target;
use streamform_lang::syntax::Block;
use streamform_lang::syntax::Expr;
use streamform_lang::syntax::ExprKind;
use streamform_lang::syntax::Step;
use streamform_lang::syntax::StepKind;
use streamform_lang::value::Name;

use super::Decoder;
use super::constant;
use super::content::Content;
use super::content::labels;
use super::reference::first_key;
use super::reference::provider_config;
use crate::config::ImportBlock;
use crate::config::MovedBlock;
use crate::config::RemovedBlock;
use crate::config::When;

impl Decoder<'_> {
    pub(super) fn moved(&mut self, block: Block) {
        if labels(&block, [], &mut self.diagnostics).is_none() {
            return;
        }
        let mut content = Content::new(block.body);
        let from = content.required("from", &mut self.diagnostics);
        let to = content.required("to", &mut self.diagnostics);
        content.finish(&mut self.diagnostics);
        let from = from.and_then(|a| Some((self.address(&a.expr)?, a.expr.span)));
        let to = to.and_then(|a| Some((self.address(&a.expr)?, a.expr.span)));
        let (Some((from, from_span)), Some((to, to_span))) = (from, to) else {
            return;
        };
        if matches!(from, Target::Module(_)) != matches!(to, Target::Module(_)) {
            self.error(
                block.header,
                "Invalid \"moved\" addresses",
                "The \"from\" and \"to\" addresses must either both refer to resources or both refer to modules.",
            );
            return;
        }
        self.module.moved.push(Arc::new(MovedBlock {
            from,
            from_span,
            to,
            to_span,
            header: block.header,
            span: block.span,
        }));
    }

    pub(super) fn removed(&mut self, block: Block) {
        if labels(&block, [], &mut self.diagnostics).is_none() {
            return;
        }
        let mut content = Content::new(block.body);
        let from = content.required("from", &mut self.diagnostics);
        let lifecycle = content.one_block("lifecycle", "removed", self.sources, &mut self.diagnostics);
        // Only for provisioners; they may have their own, so it is kept with each.
        let connection = content.one_block("connection", "removed", self.sources, &mut self.diagnostics);
        let provisioners = content.blocks("provisioner");
        content.finish(&mut self.diagnostics);
        let mut destroy = true;
        if let Some(lifecycle) = lifecycle {
            let mut content = Content::new(lifecycle.body);
            if let Some(a) = content.argument("destroy") {
                destroy = constant::boolean(&a, &mut self.diagnostics).unwrap_or(true);
            }
            content.finish(&mut self.diagnostics);
        }
        let connection = connection.map(|b| Arc::new(b.body));
        let mut kept = Vec::new();
        for provisioner in provisioners {
            let header = provisioner.header;
            let Some(mut provisioner) = self.provisioner(provisioner) else {
                continue;
            };
            if provisioner.when != When::Destroy {
                self.error(
                    header,
                    "Invalid provisioner block",
                    "Only destroy-time provisioners are valid in \"removed\" blocks. To declare a destroy-time provisioner, use:\n    when = destroy",
                );
                continue;
            }
            if provisioner.connection.is_none() {
                provisioner.connection.clone_from(&connection);
            }
            kept.push(Arc::new(provisioner));
        }
        let Some(from) = from else {
            return;
        };
        let Some(target) = self.address(&from.expr) else {
            return;
        };
        if let Some(at) = first_key(&from.expr) {
            let (summary, detail) = match &target {
                Target::Instance(_) => (
                    "Resource instance keys not allowed",
                    "Resource address must be a resource (e.g. \"test_instance.foo\"), not a resource instance (e.g. \"test_instance.foo[1]\").",
                ),
                _ => (
                    "Module instance keys not allowed",
                    "Module address must be a module (e.g. \"module.foo\"), not a module instance (e.g. \"module.foo[1]\").",
                ),
            };
            self.error(at, summary, detail);
            return;
        }
        if let Target::Resource(r) = &target
            && r.resource.mode != Mode::Managed
        {
            self.error(
                from.expr.span,
                "Data source address not allowed",
                "Data sources are never destroyed, so they are not valid targets of removed blocks. To remove the data source from state, remove the data source block from configuration.",
            );
            return;
        }
        self.module.removed.push(Arc::new(RemovedBlock {
            from: target,
            from_span: from.expr.span,
            destroy,
            provisioners: kept,
            span: block.span,
        }));
    }

    pub(super) fn import(&mut self, block: Block) {
        if labels(&block, [], &mut self.diagnostics).is_none() {
            return;
        }
        let mut content = Content::new(block.body);
        let d = &mut self.diagnostics;
        let to = content.required("to", d);
        let id = content.required("id", d);
        let for_each = content.argument("for_each");
        let provider = content
            .argument("provider")
            .and_then(|a| Some((provider_config(&a.expr, "provider", d)?, a.expr.span)));
        content.finish(d);
        let (Some(to), Some(id)) = (to, id) else {
            return;
        };
        let mut steps = Vec::new();
        if !spell(&to.expr, &mut steps) {
            self.error(
                to.expr.span,
                "Invalid import address expression",
                "Import address must be a reference to a resource's address, and only allows for indexing with dynamic keys. For example: module.my_module[expression1].aws_s3_bucket.my_buckets[expression2] for resources inside of modules, or simply aws_s3_bucket.my_bucket for a resource in the root module",
            );
            return;
        }
        let Some(resource) = import_target(&steps) else {
            self.error(
                to.expr.span,
                "Invalid address",
                "A resource instance address is required here. The module path must be followed by a resource instance specification.",
            );
            self.error(
                to.span,
                "Invalid import address",
                "Only managed resources can be imported.",
            );
            return;
        };
        if resource.resource.mode != Mode::Managed {
            self.error(
                to.span,
                "Invalid import address",
                "Only managed resources can be imported.",
            );
            return;
        }
        self.module.imports.push(Arc::new(ImportBlock {
            to: to.expr,
            resource,
            id: id.expr,
            for_each: for_each.map(|a| a.expr),
            provider,
            header: block.header,
            span: block.span,
        }));
    }
}

/// The parts of an import address from left to right: names, and none for an index, which may be any expression.
fn spell(expr: &Expr, out: &mut Vec<Option<Name>>) -> bool {
    let step = |s: &Step| match &s.kind {
        StepKind::Attr(name) => Some(name.clone()),
        StepKind::Index(_) => None,
    };
    match &expr.kind {
        ExprKind::Traversal(t) => {
            out.push(Some(t.root.name.clone()));
            out.extend(t.steps.iter().map(step));
            true
        }
        ExprKind::Index(collection, _) => {
            let ok = spell(collection, out);
            out.push(None);
            ok
        }
        ExprKind::Relative(source, steps) => {
            let ok = spell(source, out);
            out.extend(steps.iter().map(step));
            ok
        }
        _ => false,
    }
}

fn import_target(mut parts: &[Option<Name>]) -> Option<ConfigResource> {
    fn name<'a>(parts: &mut &'a [Option<Name>]) -> Option<&'a Name> {
        let (first, rest) = parts.split_first()?;
        *parts = rest;
        first.as_ref()
    }
    fn index(parts: &mut &[Option<Name>]) -> Option<InstanceKey> {
        match parts.split_first() {
            Some((None, rest)) => {
                *parts = rest;
                Some(InstanceKey::None)
            }
            _ => None,
        }
    }
    let mut module = ModulePath::root();
    let mut first = name(&mut parts)?;
    while first.as_str() == "module" {
        module = module.child(name(&mut parts)?.clone());
        index(&mut parts);
        first = name(&mut parts)?;
    }
    let mode = match first.as_str() {
        "data" => Mode::Data,
        "ephemeral" => Mode::Ephemeral,
        _ => Mode::Managed,
    };
    if mode != Mode::Managed {
        first = name(&mut parts)?;
    }
    let resource = Resource {
        mode,
        ty: first.clone(),
        name: name(&mut parts)?.clone(),
    };
    index(&mut parts);
    parts.is_empty().then_some(ConfigResource { module, resource })
}
