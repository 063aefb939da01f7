//! Reading the history.

use std::collections::BTreeMap;

use streamform_lang::diag::Diagnostic;
use streamform_lang::value::Value;
use streamform_state::OutputValue;

use super::store::Documents;
use super::store::Fallible;
use super::store::Numbers;
use super::version::Config;
use super::version::Sql;
use super::version::Version;
use crate::engine::Session;
use crate::engine::session::state_error;
use crate::plan::Recurring;
use crate::plan::decode_value;

/// The newest versions, newest first, and how many there are in all. `limit`: at most so many; 0 for all.
///
/// # Errors
/// When they cannot be read.
pub fn list_versions(session: &Session, limit: usize) -> Fallible<(Vec<Version>, usize)> {
    let documents = documents(session)?;
    let numbers = documents.numbers()?;
    let limit = if limit == 0 { usize::MAX } else { limit };
    let newest = numbers.begun.iter().rev().take(limit);
    let versions: Fallible<Vec<Version>> = newest.map(|n| version(session, &documents, *n)).collect();
    Ok((versions?, numbers.begun.len()))
}

/// One version.
///
/// # Errors
/// When there is none of that number, or it cannot be read.
pub fn get_version(session: &Session, number: u64) -> Fallible<Version> {
    let documents = documents(session)?;
    let numbers = documents.numbers()?;
    if numbers.begun.contains(&number) {
        version(session, &documents, number)
    } else {
        Err(no_such(number, &numbers))
    }
}

fn documents(session: &Session) -> Fallible<Documents> {
    // Where the backend is not settled, nobody knows where to look.
    session.state_exists()?;
    Ok(Documents::of(session))
}

fn no_such(number: u64, numbers: &Numbers) -> Box<Diagnostic> {
    let there = match (numbers.begun.first(), numbers.begun.last()) {
        (Some(first), Some(last)) if first != last => {
            format!("There are versions {first} to {last}.")
        }
        (Some(only), _) => format!("There is only version {only}."),
        _ => "There is no history here yet: the first apply begins it.".to_owned(),
    };
    Box::new(
        Diagnostic::error(
            "No such version",
            format!("The history has no version {number}. {there}"),
        )
        .help("streamform history"),
    )
}

fn version(session: &Session, documents: &Documents, number: u64) -> Fallible<Version> {
    let Some(begun) = documents.begun(number)? else {
        return Err(no_such(number, &documents.numbers()?));
    };
    let ended = documents.ended(number)?;
    let under_way = ended.is_none() && {
        let holders = session.backend.holders(&session.workspace);
        let holders = holders.map_err(|e| Box::new(state_error(&e)))?;
        holders.iter().any(|holder| holder.run == begun.run)
    };
    Ok(Version {
        begun,
        ended,
        under_way,
    })
}

impl Version {
    /// The values of the root module's variables, sensitive ones marked.
    pub fn variables(&self) -> Vec<(String, Value)> {
        self.begun.config.as_ref().map(Config::values).unwrap_or_default()
    }
}

impl Config {
    pub(super) fn values(&self) -> Vec<(String, Value)> {
        let mut recurring = Recurring::default();
        let decoded = self.variables.iter().filter_map(|(name, encoded)| {
            let value = decode_value(encoded.as_str(), &mut recurring).ok()?;
            Some((name.clone(), value))
        });
        decoded.collect()
    }
}

/// A text on two sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwoTexts {
    /// What it is the text of: a file, or the address of a statement.
    pub name: String,
    /// Before; none: it was not there.
    pub before: Option<Sql>,
    /// After; none: it is not there any more.
    pub after: Option<Sql>,
}

/// What is different between two versions.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The version that is compared.
    pub from: Version,
    /// With this one.
    pub to: Version,
    /// Files of the configuration.
    pub files: Vec<TwoTexts>,
    /// Variables of the root module.
    pub variables: Vec<(String, Option<Value>, Option<Value>)>,
    /// Output values of the root module.
    pub outputs: Vec<(String, Option<OutputValue>, Option<OutputValue>)>,
    /// SQL of statements.
    pub statements: Vec<TwoTexts>,
    /// Objects that were made, changed or deleted on the way: their addresses, and the sign for what came of it.
    pub objects: Vec<(String, &'static str)>,
    /// Versions on the way that are not there any more, or did not end in order: what they did is not known.
    pub gaps: Vec<u64>,
}

/// Compares two versions: what is there at `to` and was not at `from`.
///
/// # Errors
/// When one is not there, or something cannot be read.
pub fn compare_versions(session: &Session, from: u64, to: u64) -> Fallible<Difference> {
    let (from_version, to_version) = (get_version(session, from)?, get_version(session, to)?);
    let documents = Documents::of(session);
    let (low, high) = (from.min(to), from.max(to));
    let mut statements: BTreeMap<String, (Option<Sql>, Option<Sql>)> = BTreeMap::new();
    let mut objects: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    let mut gaps = Vec::new();
    for number in low + 1..=high {
        let Some(step) = documents.begun(number)? else {
            gaps.push(number);
            continue;
        };
        let step = Version {
            begun: step,
            ended: documents.ended(number)?,
            under_way: false,
        };
        for one in step.statements() {
            let entry = statements
                .entry(one.address)
                .or_insert((one.before.clone(), one.before));
            entry.1 = one.after;
        }
        for change in &step.begun.changes {
            if !step.is_done(&change.address) || change.deposed.is_some() {
                continue;
            }
            let sign = change.sign();
            let entry = objects
                .entry(change.address.clone())
                .or_insert((sign != "+", true));
            entry.1 = !matches!(sign, "-" | ".");
            if let Some(previous) = &change.previous {
                objects.entry(previous.clone()).or_insert((true, false)).1 = false;
                objects.insert(change.address.clone(), (false, true));
            }
        }
    }
    let back = from > to;
    let turn = |(before, after)| if back { (after, before) } else { (before, after) };
    let statements = statements.into_iter().map(|(name, both)| {
        let (before, after) = turn(both);
        TwoTexts { name, before, after }
    });
    let objects = objects.into_iter().filter_map(|(address, there)| {
        let (before, after) = if back { (there.1, there.0) } else { there };
        let sign = match (before, after) {
            (false, true) => "+",
            (true, false) => "-",
            (true, true) => "~",
            (false, false) => return None,
        };
        Some((address, sign))
    });
    let outputs = |v: &Version| v.ended.as_ref().map(|e| e.outputs.clone()).unwrap_or_default();
    Ok(Difference {
        files: files(&documents, &from_version, &to_version)?,
        variables: both_sides(
            &from_version.variables().into_iter().collect(),
            &to_version.variables().into_iter().collect(),
        ),
        outputs: both_sides(&outputs(&from_version), &outputs(&to_version)),
        statements: statements.filter(|s| s.before != s.after).collect(),
        objects: objects.collect(),
        gaps,
        from: from_version,
        to: to_version,
    })
}

type BothSides<V> = Vec<(String, Option<V>, Option<V>)>;

fn both_sides<V: Clone + PartialEq>(from: &BTreeMap<String, V>, to: &BTreeMap<String, V>) -> BothSides<V> {
    let mut names: Vec<&String> = from.keys().chain(to.keys()).collect();
    names.sort();
    names.dedup();
    let both = names
        .into_iter()
        .map(|name| (name.clone(), from.get(name).cloned(), to.get(name).cloned()));
    both.filter(|(_, before, after)| before != after).collect()
}

/// Files of the configuration that differ. A version without a configuration has that of the one before.
fn files(documents: &Documents, from: &Version, to: &Version) -> Fallible<Vec<TwoTexts>> {
    let (Some(from), Some(to)) = (&from.begun.config, &to.begun.config) else {
        return Ok(Vec::new());
    };
    let all = |config: &Config| {
        let mut all = config.files.clone();
        all.extend(config.read.contents.clone());
        all
    };
    let text = |digest: Option<String>| -> Fallible<Option<Sql>> {
        let Some(digest) = digest else {
            return Ok(None);
        };
        let bytes = documents.kept(&digest)?;
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(Some(Sql {
            text: text.unwrap_or_else(|| format!("(SHA-256 {digest})\n")),
            sensitive: false,
        }))
    };
    both_sides(&all(from), &all(to))
        .into_iter()
        .map(|(name, before, after)| {
            Ok(TwoTexts {
                name,
                before: text(before)?,
                after: text(after)?,
            })
        })
        .collect()
}
