//! `resource`, `data` and `ephemeral` blocks.

use std::sync::Arc;

use streamform_lang::addrs::Mode;
use streamform_lang::addrs::Resource;
use streamform_lang::syntax::Block;
use streamform_lang::value::Name;

use super::Decoder;
use super::content::Content;
use super::content::check_name;
use super::content::labels;
use super::reference::provider_config;
use crate::config::Lifecycle;
use crate::config::ResourceBlock;

impl Decoder<'_> {
    /// A resource block; `check` is the name of the `check` block around it.
    pub(super) fn resource(
        &mut self,
        block: Block,
        mode: Mode,
        check: Option<Name>,
    ) -> Option<ResourceBlock> {
        let [ty, name] = labels(&block, ["type", "name"], &mut self.diagnostics)?;
        let (bad_type, bad_name, owner) = match mode {
            Mode::Managed => ("Invalid resource type name", "Invalid resource name", "resource"),
            Mode::Data => ("Invalid data source name", "Invalid data resource name", "data"),
            Mode::Ephemeral => (
                "Invalid ephemeral resource type name",
                "Invalid ephemeral resource name",
                "ephemeral",
            ),
        };
        check_name(ty, bad_type, &mut self.diagnostics);
        check_name(name, bad_name, &mut self.diagnostics);
        let address = Resource {
            mode,
            ty: ty.name.clone(),
            name: name.name.clone(),
        };
        let (header, span) = (block.header, block.span);
        let mut content = Content::new(block.body);
        let count = content.argument("count");
        let for_each = content.argument("for_each");
        let provider = content.argument("provider");
        let depends_on = content.argument("depends_on");
        let d = &mut self.diagnostics;
        if check.is_some() {
            for (argument, name) in [(&count, "count"), (&for_each, "for_each")] {
                if let Some(a) = argument {
                    d.error_at(
                        a.name.span,
                        format!("Invalid {name:?} attribute"),
                        "The \"count\" and \"for_each\" meta-arguments are not supported within nested data blocks.",
                    );
                }
            }
        } else if let (Some(_), Some(for_each)) = (&count, &for_each) {
            d.error_at(
                for_each.name.span,
                "Invalid combination of \"count\" and \"for_each\"",
                "The \"count\" and \"for_each\" meta-arguments are mutually-exclusive, only one should be used to be explicit about the number of resources to be created.",
            );
        }
        let provider = provider.and_then(|a| Some((provider_config(&a.expr, "provider", d)?, a.expr.span)));
        let escaped = content.unescape(owner, self.sources, d);
        let lifecycle_block = content.one_block("lifecycle", "resource", self.sources, d);
        content.reserved_blocks(&["locals"], owner, d);
        let (connection, provisioner_blocks) = match mode {
            Mode::Managed => (
                content.one_block("connection", "resource", self.sources, d),
                content.blocks("provisioner"),
            ),
            Mode::Data | Mode::Ephemeral => (None, Vec::new()),
        };
        let mut body = content.rest();
        if let Some(escaped) = escaped {
            body.append(escaped);
        }
        let depends_on = depends_on.map_or_else(Vec::new, |a| self.depends_on(&a));
        let lifecycle = match lifecycle_block {
            Some(block) if check.is_some() => {
                self.error(
                    block.header,
                    "Invalid lifecycle block",
                    "Nested data blocks do not support \"lifecycle\" blocks as the lifecycle is managed by the containing block.",
                );
                // It is read for what is wrong in it.
                self.lifecycle(block, &address);
                Lifecycle::default()
            }
            Some(block) => self.lifecycle(block, &address),
            None => Lifecycle::default(),
        };
        let provisioners = provisioner_blocks
            .into_iter()
            .filter_map(|b| self.provisioner(b))
            .map(Arc::new)
            .collect();
        Some(ResourceBlock {
            resolved_provider: self.unsettled.clone(),
            address,
            body,
            count: count.map(|a| a.expr),
            for_each: for_each.map(|a| a.expr),
            depends_on,
            provider,
            lifecycle,
            provisioners,
            connection: connection.map(|b| Arc::new(b.body)),
            check,
            header,
            span,
        })
    }
}
