//! `lifecycle` blocks.

use std::sync::Arc;

use streamform_lang::addrs::Mode;
use streamform_lang::addrs::Resource;
use streamform_lang::addrs::Subject;
use streamform_lang::syntax::Attribute;
use streamform_lang::syntax::Block;
use streamform_lang::syntax::Expr;
use streamform_lang::syntax::ExprKind;
use streamform_lang::syntax::StepKind;
use streamform_lang::syntax::Traversal;
use streamform_lang::value::Kind;
use streamform_lang::value::Path;
use streamform_lang::value::Step;

use super::Decoder;
use super::constant;
use super::content::Content;
use super::reference::list;
use super::reference::traversal;
use crate::config::CheckRule;
use crate::config::IgnoreChanges;
use crate::config::Lifecycle;
use crate::config::walk;

impl Decoder<'_> {
    pub(super) fn lifecycle(&mut self, block: Block, address: &Resource) -> Lifecycle {
        let mut content = Content::new(block.body);
        let arguments = [
            "create_before_destroy",
            "prevent_destroy",
            "destroy",
            "ignore_changes",
            "replace_triggered_by",
        ]
        .map(|name| content.argument(name));
        let preconditions = content.plain_blocks("precondition", &mut self.diagnostics);
        let postconditions = content.plain_blocks("postcondition", &mut self.diagnostics);
        content.finish(&mut self.diagnostics);

        let mut lifecycle = Lifecycle {
            preconditions: self.resource_rules(preconditions, address),
            postconditions: self.resource_rules(postconditions, address),
            ..Lifecycle::default()
        };
        if address.mode != Mode::Managed {
            let kind = if address.mode == Mode::Data {
                "data"
            } else {
                "ephemeral"
            };
            for argument in arguments.iter().flatten() {
                self.error(
                    argument.name.span,
                    format!("Invalid {kind} resource lifecycle argument"),
                    format!(
                        "The lifecycle argument {:?} is defined only for managed resources (\"resource\" blocks), and is not valid for {kind} resources.",
                        argument.name.name.as_str()
                    ),
                );
            }
            return lifecycle;
        }
        let [
            create_before_destroy,
            prevent_destroy,
            destroy,
            ignore_changes,
            replace_triggered_by,
        ] = arguments;
        lifecycle.create_before_destroy =
            create_before_destroy.and_then(|a| constant::boolean(&a, &mut self.diagnostics));
        lifecycle.prevent_destroy = prevent_destroy
            .and_then(|a| constant::boolean(&a, &mut self.diagnostics))
            .unwrap_or(false);
        lifecycle.skip_destroy = destroy
            .and_then(|a| constant::boolean(&a, &mut self.diagnostics))
            .is_some_and(|destroy| !destroy);
        if let Some(a) = ignore_changes {
            lifecycle.ignore_changes = self.ignore_changes(&a);
        }
        if let Some(a) = replace_triggered_by {
            for expr in list(&a.expr, &mut self.diagnostics) {
                if self.is_trigger(expr) {
                    lifecycle.replace_triggered_by.push(Arc::new(expr.clone()));
                }
            }
        }
        lifecycle
    }

    /// Conditions of a resource, which must say `self` where they mean the resource itself.
    fn resource_rules(&mut self, blocks: Vec<Block>, address: &Resource) -> Vec<CheckRule> {
        let mut out = Vec::new();
        for block in blocks {
            let kind = block.kind.name.clone();
            let Some(rule) = self.rule(block) else {
                continue;
            };
            for expr in [&rule.condition, &rule.error_message] {
                let mut itself = false;
                walk::traversals(expr, &mut |t| {
                    itself |= matches!(
                        &t.reference,
                        Ok(r) if matches!(&r.subject, Subject::Resource(a) | Subject::ResourceInstance(a, _) if a == address)
                    );
                });
                if itself {
                    self.error(
                        expr.span,
                        format!("Invalid reference in {kind}"),
                        format!("Configuration for {address} may not refer to itself."),
                    );
                }
            }
            out.push(rule);
        }
        out
    }

    fn ignore_changes(&mut self, attribute: &Attribute) -> IgnoreChanges {
        let expr = &attribute.expr;
        if let ExprKind::Traversal(t) = &expr.kind
            && t.steps.is_empty()
            && t.root.name.as_str() == "all"
        {
            return IgnoreChanges::All;
        }
        let items = list(expr, &mut self.diagnostics);
        let mut paths = Vec::new();
        for item in items {
            if item.as_plain_text() == Some("*") {
                self.error(
                    item.span,
                    "Invalid ignore_changes wildcard",
                    "The [\"*\"] form of ignore_changes wildcard is was deprecated and is now invalid. Use \"ignore_changes = all\" to ignore changes to all attributes.",
                );
                continue;
            }
            let Some(t) = traversal(item, &mut self.diagnostics) else {
                continue;
            };
            match path(&t) {
                Some(path) => paths.push((path, item.span)),
                None => self.error(
                    item.span,
                    "Invalid expression",
                    "An argument of this resource is required here, with attributes and constant keys behind it where needed.",
                ),
            }
        }
        IgnoreChanges::Paths(paths)
    }

    /// Whether an item of `replace_triggered_by` names one resource.
    fn is_trigger(&mut self, expr: &Expr) -> bool {
        // A string of a JSON file that could not be read: that is told.
        if matches!(&expr.kind, ExprKind::Literal(v) if !v.is_known()) {
            return false;
        }
        let before = self.diagnostics.len();
        let mut resources = 0;
        let mut wrong = Vec::new();
        walk::traversals(expr, &mut |t| match &t.reference {
            Ok(r) => match &r.subject {
                Subject::Resource(_) | Subject::ResourceInstance(..) => resources += 1,
                Subject::EachKey | Subject::CountIndex => {}
                Subject::EachValue => wrong.push((
                    r.span,
                    "Invalid each reference in replace_triggered_by expression",
                    "Only each.key may be used in replace_triggered_by.",
                )),
                _ => wrong.push((
                    r.span,
                    "Invalid reference in replace_triggered_by expression",
                    "Only resources, count.index, and each.key may be used in replace_triggered_by.",
                )),
            },
            Err(_) => wrong.push((
                t.root.span,
                "Invalid reference in replace_triggered_by expression",
                "Only resources, count.index, and each.key may be used in replace_triggered_by.",
            )),
        });
        for (span, summary, detail) in wrong {
            self.error(span, summary, detail);
        }
        let problem = match resources {
            0 => "Missing resource reference in replace_triggered_by expression.",
            1 => return self.diagnostics.len() == before,
            _ => "Multiple resource references in replace_triggered_by expression.",
        };
        self.error(expr.span, "Invalid replace_triggered_by expression", problem);
        false
    }
}

/// What a traversal spells within the resource itself.
fn path(t: &Traversal) -> Option<Path> {
    let mut steps = vec![Step::Attr(t.root.name.clone())];
    for step in &t.steps {
        steps.push(match &step.kind {
            StepKind::Attr(name) => Step::Attr(name.clone()),
            StepKind::Index(value) => match value.kind() {
                Kind::String(s) => Step::Key(s.clone()),
                Kind::Number(n) => Step::Index(n.to_string().parse().ok()?),
                _ => return None,
            },
        });
    }
    Some(Path(steps))
}
