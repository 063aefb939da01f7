//! A tree as short text, for snapshots.

use std::fmt::Write as _;

use crate::syntax::*;

pub(super) fn expr(e: &Expr) -> String {
    let list = |es: &[Expr]| es.iter().map(expr).collect::<Vec<_>>().join(" ");
    match &e.kind {
        ExprKind::Literal(v) => format!("{v:?}"),
        ExprKind::Template(parts) => format!("(template{})", template(parts)),
        ExprKind::Wrap(e) => format!("(wrap {})", expr(e)),
        ExprKind::Traversal(t) => {
            let what = match &t.reference {
                Ok(r) => format!("{} +{}", r.subject, r.consumed),
                Err(d) => d.summary.clone(),
            };
            format!("{}{} <{what}>", t.root.name, steps(&t.steps))
        }
        ExprKind::Relative(e, s) => format!("(of {} {})", expr(e), steps(s)),
        ExprKind::Index(e, k) => format!("(index {} {})", expr(e), expr(k)),
        ExprKind::Splat { source, each, .. } => format!("(splat {} {})", expr(source), expr(each)),
        ExprKind::SplatItem => "*".into(),
        ExprKind::Call(c) => format!(
            "({}{} {})",
            c.name,
            if c.expand { "..." } else { "" },
            list(&c.args)
        ),
        ExprKind::Conditional(c, y, n) => format!("(? {} {} {})", expr(c), expr(y), expr(n)),
        ExprKind::Binary(op, _, l, r) => format!("({op:?} {} {})", expr(l), expr(r)),
        ExprKind::Unary(op, e) => format!("({op:?} {})", expr(e)),
        ExprKind::Tuple(es) => format!("[{}]", list(es)),
        ExprKind::Object(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|i| format!("{}={}", expr(&i.key), expr(&i.value)))
                .collect();
            format!("{{{}}}", items.join(" "))
        }
        ExprKind::For(f) => {
            let mut out = "(for".to_owned();
            for n in f.key_name.iter().chain([&f.value_name]) {
                let _ = write!(out, " {}", n.name);
            }
            let _ = write!(out, " in {}", expr(&f.collection));
            if let Some(k) = &f.key {
                let _ = write!(out, " key {}", expr(k));
            }
            let _ = write!(out, " value {}", expr(&f.value));
            if let Some(c) = &f.condition {
                let _ = write!(out, " if {}", expr(c));
            }
            out + if f.group { " ...)" } else { ")" }
        }
        ExprKind::Parens(e) => format!("(parens {})", expr(e)),
    }
}

fn steps(steps: &[Step]) -> String {
    steps
        .iter()
        .map(|s| match &s.kind {
            StepKind::Attr(n) => format!(".{n}"),
            StepKind::Index(v) => format!("[{v:?}]"),
        })
        .collect()
}

fn template(parts: &[TemplatePart]) -> String {
    let mut out = String::new();
    for p in parts {
        let _ = match p {
            TemplatePart::Text(t) => write!(out, " {t:?}"),
            TemplatePart::Interpolation(e) => write!(out, " {}", expr(e)),
            TemplatePart::If {
                condition, yes, no, ..
            } => write!(
                out,
                " (if {} yes{} no{})",
                expr(condition),
                template(yes),
                template(no)
            ),
            TemplatePart::For {
                key,
                value,
                collection,
                body,
                ..
            } => {
                let names: Vec<_> = key.iter().chain([value]).map(|n| n.name.to_string()).collect();
                write!(
                    out,
                    " (for {} in {} do{})",
                    names.join(" "),
                    expr(collection),
                    template(body)
                )
            }
        };
    }
    out
}
