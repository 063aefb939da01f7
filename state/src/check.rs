//! What a check of a state finds, and the part of it that is the same wherever the state is kept.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::Mode as AddressMode;

use crate::Intent;
use crate::Mode;
use crate::Record;
use crate::StateView;

/// How many of many are named.
const NAMED: usize = 5;

/// How well a part of a state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing to say.
    Well,
    /// Good to know; nothing is lost and nothing has to be done by hand.
    Note,
    /// Damaged, lost, or not what it should be.
    Wrong,
}

/// What was found about one part of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The part: `lock`, `manifest`, `snapshots`, `log`, `working store`, `state`, `records`, `documents`.
    pub part: &'static str,
    /// How well it is.
    pub verdict: Verdict,
    /// What was seen, as a sentence without its full stop.
    pub text: String,
    /// What to do about it, if something is to be done.
    pub advice: Option<String>,
}

impl Finding {
    pub(crate) fn well(part: &'static str, text: impl Into<String>) -> Self {
        Self::new(part, Verdict::Well, text)
    }

    pub(crate) fn note(part: &'static str, text: impl Into<String>) -> Self {
        Self::new(part, Verdict::Note, text)
    }

    pub(crate) fn wrong(part: &'static str, text: impl Into<String>) -> Self {
        Self::new(part, Verdict::Wrong, text)
    }

    #[must_use]
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    fn new(part: &'static str, verdict: Verdict, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            part,
            verdict,
            text: text.strip_suffix('.').unwrap_or(&text).to_owned(),
            advice: None,
        }
    }
}

/// What a check of a state came to.
#[derive(Debug)]
pub struct Check {
    /// Where the state is kept.
    pub place: String,
    /// The state, if it can be read.
    pub view: Option<StateView>,
    /// What was found, part by part.
    pub findings: Vec<Finding>,
}

impl Check {
    /// How many things are wrong.
    pub fn wrong(&self) -> usize {
        let wrong = |finding: &&Finding| finding.verdict == Verdict::Wrong;
        self.findings.iter().filter(wrong).count()
    }
}

/// What the place where a state is kept says of it.
#[derive(Debug, Default)]
pub(crate) struct Examined {
    /// The state and its open intents, if it can be read.
    pub(crate) state: Option<(StateView, Vec<Intent>)>,
    pub(crate) findings: Vec<Finding>,
}

/// Checks what the records say, of themselves and of each other.
pub(crate) fn records(view: &StateView, intents: &[Intent], findings: &mut Vec<Finding>) {
    const PART: &str = "records";
    let before = findings.len();
    let mut resources = BTreeSet::new();
    let mut ids: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut damaged = Vec::new();
    for record in view.records() {
        if let Err(what) = sound(record) {
            damaged.push(format!("{}: {what}", record.address));
        }
        if let Ok(address) = AbsInstance::parse(&record.address) {
            resources.insert(address.config().to_string());
        }
        if record.mode == Mode::Managed
            && let Some(id) = record
                .current
                .as_ref()
                .and_then(|object| id_of(&object.attributes))
        {
            let key = (record.type_name.clone(), id);
            ids.entry(key).or_default().push(record.address.clone());
        }
    }
    if !damaged.is_empty() {
        findings.push(
            Finding::wrong(PART, format!("These records do not make sense: {}", some(&damaged)))
                .advise("Forget them with `streamform state rm ADDRESS` and import their objects again, or go back to a snapshot with `streamform state restore`."),
        );
    }
    let mut missing = BTreeSet::new();
    for record in view.records() {
        for (_, object) in record.objects() {
            for needed in object.dependencies.iter().filter(|d| !resources.contains(*d)) {
                missing.insert(format!("{} depends on {needed}", record.address));
            }
        }
    }
    if !missing.is_empty() {
        let missing: Vec<String> = missing.into_iter().collect();
        findings.push(Finding::note(
            PART,
            format!(
                "Some depend on resources that have no record (they were removed, or have no instance): {}",
                some(&missing)
            ),
        ));
    }
    let twice: Vec<String> = ids
        .iter()
        .filter(|(_, records)| records.len() > 1)
        .map(|((_, id), records)| format!("{id} of {}", records.join(" and ")))
        .collect();
    if !twice.is_empty() {
        findings.push(
            Finding::note(PART, format!("Some ids stand in several records: {}", some(&twice)))
                .advise("If they are one object, forget all of its records but one with `streamform state rm ADDRESS`."),
        );
    }
    if !intents.is_empty() {
        let open: Vec<String> = intents.iter().map(|intent| intent.address.clone()).collect();
        findings.push(
            Finding::note(
                PART,
                format!(
                    "Changes that were begun and whose outcome is not known: {}",
                    some(&open)
                ),
            )
            .advise("The next `streamform plan` or `apply` looks them up."),
        );
    }
    if findings[before..]
        .iter()
        .all(|finding| finding.verdict != Verdict::Wrong)
    {
        let (records, outputs) = (view.len(), view.outputs().len());
        findings.insert(
            before,
            Finding::well(
                PART,
                format!(
                    "{} and {} read well",
                    count(records, "record"),
                    count(outputs, "output")
                ),
            ),
        );
    }
}

/// Whether a record says of itself what its address says, and holds attributes.
fn sound(record: &Record) -> Result<(), String> {
    let address = AbsInstance::parse(&record.address).map_err(|_| "its address is none".to_owned())?;
    let mode = match address.resource.mode {
        AddressMode::Managed => Mode::Managed,
        _ => Mode::Data,
    };
    if mode != record.mode || *address.resource.ty != *record.type_name {
        return Err(format!("it is said to be of type {}", record.type_name));
    }
    if record.is_empty() {
        return Err("it holds no object".into());
    }
    for (_, object) in record.objects() {
        if !object.attributes.as_str().trim_start().starts_with('{') {
            return Err("its attributes are no object".into());
        }
    }
    Ok(())
}

fn id_of(attributes: &crate::RawJson) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct WithId {
        #[serde(default)]
        id: Option<String>,
    }
    attributes.parse::<WithId>().ok()?.id.filter(|id| !id.is_empty())
}

/// The first of them, and how many more there are.
pub(crate) fn some(all: &[String]) -> String {
    let mut text = all[..all.len().min(NAMED)].join(", ");
    if all.len() > NAMED {
        text.push_str(&format!(" and {} more", all.len() - NAMED));
    }
    text
}

/// `1 record`, `2 records`.
pub(crate) fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Object;
    use crate::RawJson;

    fn record(address: &str, type_name: &str, attributes: &str, dependencies: &[&str]) -> Record {
        Record {
            address: address.into(),
            mode: Mode::Managed,
            type_name: type_name.into(),
            provider: "p".into(),
            current: Some(Object {
                attributes: RawJson::from_text(attributes.into()).unwrap(),
                dependencies: dependencies.iter().map(|d| (*d).to_owned()).collect(),
                ..Object::default()
            }),
            deposed: BTreeMap::new(),
            version: 1,
        }
    }

    fn found(records: Vec<Record>) -> Vec<Finding> {
        let view = StateView::from_parts("l", 1, records, BTreeMap::new(), serde_json::Value::Null);
        let mut findings = Vec::new();
        super::records(&view, &[], &mut findings);
        findings
    }

    #[test]
    fn sound_records_are_well() {
        let findings = found(vec![
            record("t.a[0]", "t", "{\"id\":\"1\"}", &[]),
            record(
                "module.m[\"x\"].t.b",
                "t",
                "{\"id\":\"2\"}",
                &["t.a", "module.m.t.b"],
            ),
        ]);
        assert_eq!(
            findings,
            [Finding::well("records", "2 records and 0 outputs read well")]
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let findings = found(vec![
            record("t.a", "u", "{}", &[]),
            record("t.b", "t", "[]", &[]),
            record("no address", "t", "{}", &[]),
        ]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].verdict, Verdict::Wrong);
        for part in [
            "t.a: it is said to be of type u",
            "t.b: its attributes are no object",
            "no address: its address is none",
        ] {
            assert!(findings[0].text.contains(part), "{}", findings[0].text);
        }
    }

    #[test]
    fn ids_that_stand_twice_and_lost_dependencies_are_notes() {
        let findings = found(vec![
            record("t.a", "t", "{\"id\":\"1\"}", &["t.gone"]),
            record("t.b", "t", "{\"id\":\"1\"}", &[]),
            record("u.b", "u", "{\"id\":\"1\"}", &[]),
        ]);
        let texts: Vec<_> = findings.iter().map(|f| f.text.as_str()).collect();
        assert!(texts[1].ends_with("t.a depends on t.gone"), "{texts:?}");
        assert!(texts[2].ends_with("1 of t.a and t.b"), "{texts:?}");
        assert!(findings[1..].iter().all(|f| f.verdict == Verdict::Note));
    }
}
