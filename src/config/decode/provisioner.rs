//! `provisioner` blocks.

use std::sync::Arc;

use streamform_lang::addrs::Subject;
use streamform_lang::syntax::Block;

use super::Decoder;
use super::constant::keyword;
use super::content::Content;
use super::content::labels;
use crate::config::OnFailure;
use crate::config::Provisioner;
use crate::config::When;
use crate::config::walk;

impl Decoder<'_> {
    pub(super) fn provisioner(&mut self, block: Block) -> Option<Provisioner> {
        let [label] = labels(&block, ["type"], &mut self.diagnostics)?;
        let ty = label.name.clone();
        if matches!(ty.as_str(), "chef" | "habitat" | "puppet" | "salt-masterless") {
            self.error(
                label.span,
                format!("The {:?} provisioner has been removed", ty.as_str()),
                format!(
                    "The {:?} provisioner was deprecated in Terraform 0.13.4 has been removed from Terraform. Visit https://learn.hashicorp.com/collections/terraform/provision for alternatives to using provisioners that are a better fit for the Terraform workflow.",
                    ty.as_str()
                ),
            );
            return None;
        }
        let (header, span) = (block.header, block.span);
        let mut content = Content::new(block.body);
        let d = &mut self.diagnostics;
        let when = match content.argument("when") {
            None => When::Create,
            Some(a) => match keyword(&a.expr, d).as_deref() {
                Some("create") => When::Create,
                Some("destroy") => When::Destroy,
                _ => {
                    d.error_at(
                        a.expr.span,
                        "Invalid \"when\" keyword",
                        "The \"when\" argument requires one of the following keywords: create or destroy.",
                    );
                    When::Create
                }
            },
        };
        let on_failure = match content.argument("on_failure") {
            None => OnFailure::Fail,
            Some(a) => match keyword(&a.expr, d).as_deref() {
                Some("continue") => OnFailure::Continue,
                Some("fail") => OnFailure::Fail,
                _ => {
                    d.error_at(
                        a.expr.span,
                        "Invalid \"on_failure\" keyword",
                        "The \"on_failure\" argument requires one of the following keywords: continue or fail.",
                    );
                    OnFailure::Fail
                }
            },
        };
        let escaped = content.unescape("provisioner", self.sources, d);
        let connection = content.one_block("connection", "provisioner", self.sources, d);
        content.reserved_blocks(&["lifecycle"], "provisioner", d);
        let mut body = content.rest();
        if let Some(escaped) = escaped {
            body.append(escaped);
        }
        let connection = connection.map(|b| Arc::new(b.body));
        if when == When::Destroy {
            for body in [&body].into_iter().chain(connection.as_deref()) {
                walk::body_traversals(body, &mut |t| {
                    let allowed = matches!(
                        &t.reference,
                        Ok(r) if matches!(
                            r.subject,
                            Subject::SelfObject
                                | Subject::EachKey
                                | Subject::CountIndex
                                | Subject::Path(_)
                                | Subject::Terraform(_)
                        )
                    );
                    if !allowed {
                        d.error_at(
                            t.steps.iter().fold(t.root.span, |s, n| s.cover(n.span)),
                            "Invalid reference from destroy provisioner",
                            "Destroy-time provisioners and their connection configurations may only reference attributes of the related resource, via 'self', 'count.index', or 'each.key'.\n\nReferences to other resources during the destroy phase can cause dependency cycles and interact poorly with create_before_destroy.",
                        );
                    }
                });
            }
        }
        Some(Provisioner {
            ty,
            body,
            connection,
            when,
            on_failure,
            header,
            span,
        })
    }
}
