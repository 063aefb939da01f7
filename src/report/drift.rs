//! Drift alone: what differs between the state and the real objects, attribute by attribute.

use std::fmt::Write as _;

use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_lang::value::Kind;
use streamform_lang::value::Marks;
use streamform_lang::value::Path;
use streamform_lang::value::Step;
use streamform_lang::value::Value;
use streamform_provider::schema;

use super::diagnostic::diagnostic_json;
use super::paint::Ink;
use super::paint::wrap;
use super::terminal::TextStyle;
use super::value_text::SENSITIVE;
use super::value_text::clean;
use super::value_text::value_text;
use crate::plan::Action;
use crate::plan::Plan;
use crate::plan::Secrets;

/// Everything that was found to differ.
#[derive(Clone, Debug)]
pub struct DriftReport {
    /// The objects, by address.
    pub objects: Vec<DriftedObject>,
    /// How many objects the state has.
    pub checked: usize,
}

/// One object that is not what the state says.
#[derive(Clone, Debug)]
pub struct DriftedObject {
    /// Its address, with the deposed key if it is a deposed object.
    pub address: String,
    /// It is no longer there.
    pub gone: bool,
    /// What differs; of an object that is gone, its id as recorded.
    pub differences: Vec<Difference>,
}

/// One attribute that differs.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The attribute, as an expression names it.
    pub attribute: String,
    /// What the state has; none: the attribute is not there.
    pub recorded: Option<Value>,
    /// What is.
    pub real: Option<Value>,
    /// Neither may be shown.
    pub sensitive: bool,
}

impl DriftReport {
    /// Works the report out of a refresh-only plan; `checked` objects were looked at. `secrets` learns those of the plan.
    pub fn of(plan: &Plan, checked: usize, secrets: &Secrets) -> DriftReport {
        secrets.learn_plan(plan);
        let found = plan.drift.iter().filter(|d| d.action != Action::NoOp);
        let objects = found
            .map(|d| {
                let marked = |v: &Value| schema::mark_sensitive(&d.schema.block, v.clone());
                let (before, after) = (marked(&d.before), marked(&d.after));
                let gone = after.is_null();
                let mut differences = Vec::new();
                if gone {
                    let id = Path::attr("id");
                    if let Some(value) = before.at(&id).filter(|v| !v.is_null()) {
                        differences.push(difference(&id, Some(value), None, secrets));
                    }
                } else {
                    compare(&before, &after, &mut Path::root(), secrets, &mut differences);
                }
                DriftedObject {
                    address: match &d.deposed {
                        Some(key) => format!("{} (deposed object {key})", d.address),
                        None => d.address.to_string(),
                    },
                    gone,
                    differences,
                }
            })
            .collect();
        DriftReport { objects, checked }
    }

    /// As text. Ends in a line end.
    pub fn text(&self, style: &TextStyle) -> String {
        let mut out = String::new();
        for object in &self.objects {
            let (ink, what) = if object.gone {
                (Ink::BoldRed, "is gone")
            } else {
                (Ink::BoldYellow, "has changed")
            };
            style.paint.push(&mut out, Ink::Bold, &clean(&object.address));
            out.push(' ');
            style.paint.push(&mut out, ink, what);
            out.push('\n');
            for d in &object.differences {
                let shown = |v: &Option<Value>| match v {
                    _ if d.sensitive => SENSITIVE.to_owned(),
                    Some(v) => value_text(v).replace('\n', "\n    "),
                    None => "(not there)".to_owned(),
                };
                _ = writeln!(
                    out,
                    "    {}: {} → {}",
                    clean(&d.attribute),
                    shown(&d.recorded),
                    shown(&d.real)
                );
            }
            out.push('\n');
        }
        match (self.objects.len(), self.checked) {
            (0, 0) => out.push_str("The state has no objects, so nothing can have drifted.\n"),
            (0, n) => {
                style.paint.push(&mut out, Ink::BoldGreen, "No drift.");
                _ = writeln!(
                    out,
                    " {} as the state records {}.",
                    counted(n, "is", "are"),
                    them(n)
                );
            }
            (drifted, n) => {
                let counts = format!(
                    "{drifted} of {} not what the state records.",
                    counted(n, "is", "are")
                );
                let advice = "Nothing was written: run \"streamform plan\" to see what an apply would do about it, or \"streamform apply -refresh-only\" to record what is.";
                out.push_str(&wrap(&format!("{counts} {advice}"), style.width));
                out.push('\n');
            }
        }
        out
    }

    /// As one JSON document.
    pub fn json(&self, found: &Diagnostics, sources: &Sources) -> Json {
        let objects: Vec<Json> = self
            .objects
            .iter()
            .map(|o| {
                let differences: Vec<Json> = o
                    .differences
                    .iter()
                    .map(|d| {
                        let plain = |v: &Option<Value>| match v {
                            Some(v) if !d.sensitive => plain(v),
                            _ => Json::Null,
                        };
                        json!({
                            "attribute": d.attribute,
                            "recorded": plain(&d.recorded),
                            "real": plain(&d.real),
                            "sensitive": d.sensitive,
                        })
                    })
                    .collect();
                json!({
                    "address": o.address,
                    "status": if o.gone { "gone" } else { "changed" },
                    "differences": differences,
                })
            })
            .collect();
        let diagnostics: Vec<Json> = found.iter().map(|d| diagnostic_json(d, sources)).collect();
        json!({
            "format_version": "1.0",
            "drifted": !self.objects.is_empty(),
            "checked": self.checked,
            "objects": objects,
            "diagnostics": diagnostics,
        })
    }
}

fn counted(n: usize, one: &str, many: &str) -> String {
    match n {
        1 => format!("1 object {one}"),
        n => format!("{n} objects {many}"),
    }
}

fn them(n: usize) -> &'static str {
    if n == 1 { "it" } else { "them" }
}

/// A value without secrets as JSON.
fn plain(value: &Value) -> Json {
    streamform_lang::value::to_json(&value.clone().unmark_deep().0)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or(Json::Null)
}

/// Goes down where both sides have the same shape, and takes down where they differ.
fn compare(before: &Value, after: &Value, at: &mut Path, secrets: &Secrets, out: &mut Vec<Difference>) {
    let bare = |v: &Value| v.clone().unmark_deep().0;
    if bare(before) == bare(after) {
        return;
    }
    let hidden = |v: &Value| v.marks().contains(Marks::SENSITIVE);
    if hidden(before) || hidden(after) {
        out.push(difference(at, Some(before), Some(after), secrets));
        return;
    }
    if let (Some(b), Some(a)) = (before.entries(), after.entries()) {
        let is_map = matches!(before.kind(), Kind::Map(_));
        let step = |name: &streamform_lang::value::Name| match is_map {
            true => Step::Key(name.clone()),
            false => Step::Attr(name.clone()),
        };
        let mut names: Vec<_> = b.iter().chain(a).map(|(n, _)| n).collect();
        names.sort();
        names.dedup();
        for name in names {
            at.0.push(step(name));
            match (before.get(name), after.get(name)) {
                (Some(b), Some(a)) => compare(b, a, at, secrets, out),
                (b, a) => out.push(difference(at, b, a, secrets)),
            }
            at.0.pop();
        }
        return;
    }
    let lists = |v: &Value| matches!(v.kind(), Kind::List(_) | Kind::Tuple(_));
    if let (Some(b), Some(a), true) = (before.items(), after.items(), lists(before) && lists(after))
        && b.len() == a.len()
    {
        for (i, (b, a)) in b.iter().zip(a).enumerate() {
            at.0.push(Step::Index(i));
            compare(b, a, at, secrets, out);
            at.0.pop();
        }
        return;
    }
    out.push(difference(at, Some(before), Some(after), secrets));
}

fn difference(at: &Path, recorded: Option<&Value>, real: Option<&Value>, secrets: &Secrets) -> Difference {
    let secret = |v: Option<&Value>| {
        v.is_some_and(|v| v.deep_marks().contains(Marks::SENSITIVE) || secrets.hides(&value_text(v)))
    };
    Difference {
        attribute: at.to_string(),
        recorded: recorded.cloned(),
        real: real.cloned(),
        sensitive: secret(recorded) || secret(real),
    }
}
