//! `moved` and `removed` blocks.

use std::sync::Arc;

use streamform_lang::addrs::Mode;
use streamform_lang::addrs::Target;
use streamform_lang::syntax::Block;

use super::Decoder;
use super::constant;
use super::content::Content;
use super::content::labels;
use super::reference::attribute_behind;
use super::reference::first_key;
use crate::config::MovedBlock;
use crate::config::RemovedBlock;
use crate::config::When;

/// What is told of an address of a `removed` block that goes on behind a resource.
const RESOURCE_KEY: (&str, &str) = (
    "Resource instance keys not allowed",
    "Resource address must be a resource (e.g. \"test_instance.foo\"), not a resource instance (e.g. \"test_instance.foo[1]\").",
);

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
        // As in Terraform there may be several; the last one that says something counts.
        let lifecycles = content.plain_blocks("lifecycle", &mut self.diagnostics);
        // Only for provisioners; they may have their own, so it is kept with each.
        let connection = content.one_block("connection", "removed", self.sources, &mut self.diagnostics);
        let provisioners = content.blocks("provisioner");
        content.finish(&mut self.diagnostics);
        let mut destroy = true;
        for lifecycle in lifecycles {
            let mut content = Content::new(lifecycle.body);
            if let Some(a) = content.argument("destroy") {
                destroy = constant::boolean(&a, &mut self.diagnostics).unwrap_or(true);
            }
            content.finish(&mut self.diagnostics);
        }
        let connection = connection.map(|b| Arc::new(b.body));
        let first_provisioner = provisioners.first().map(|block| block.header);
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
        if let Some(at) = attribute_behind(&from.expr) {
            self.error(at, RESOURCE_KEY.0, RESOURCE_KEY.1);
            return;
        }
        let Some(target) = self.address(&from.expr) else {
            return;
        };
        if let (Target::Module(_), Some(first)) = (&target, first_provisioner) {
            self.error(
                first,
                "Invalid provisioner block",
                "Provisioners are valid only when a removed block targets a managed resource.",
            );
            return;
        }
        if let Some(at) = first_key(&from.expr) {
            let (summary, detail) = match &target {
                Target::Instance(_) => RESOURCE_KEY,
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
}
