//! How much of the history is kept.

use std::collections::BTreeSet;

use super::store::Documents;
use super::store::Fallible;
use super::store::Numbers;
use crate::engine::Session;

/// How much of the history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// None is written.
    Nothing,
    /// All of it.
    Everything,
    /// So many versions.
    Versions(usize),
    /// What is not older than so many days.
    Days(u32),
}

impl Default for Keep {
    fn default() -> Self {
        Keep::Versions(200)
    }
}

impl Keep {
    /// Reads a setting: a number of versions, a number of days (`90d`), `all`, or `0` for none.
    pub fn parse(text: &str) -> Option<Keep> {
        match text.trim() {
            "all" => Some(Keep::Everything),
            "0" => Some(Keep::Nothing),
            text => match text.strip_suffix('d') {
                Some(days) => days.parse().ok().filter(|d| *d > 0).map(Keep::Days),
                None => text.parse().ok().map(Keep::Versions),
            },
        }
    }
}

/// Removes versions that are too old, and the files that no other version has.
pub(super) fn prune(documents: &Documents, numbers: &Numbers, session: &Session) -> Fallible<()> {
    let doomed = doomed(documents, numbers, session)?;
    if doomed.is_empty() {
        return Ok(());
    }
    let mut files = BTreeSet::new();
    for number in &doomed {
        files.extend(digests(documents, *number)?);
        documents.remove(*number)?;
    }
    for number in numbers.begun.difference(&doomed) {
        if files.is_empty() {
            break;
        }
        for digest in digests(documents, *number)? {
            files.remove(&digest);
        }
    }
    files.iter().try_for_each(|digest| documents.forget_file(digest))
}

fn digests(documents: &Documents, number: u64) -> Fallible<Vec<String>> {
    let mut found = Vec::new();
    if let Some(config) = documents.begun(number)?.and_then(|b| b.config) {
        found.extend(config.files.into_values());
        found.extend(config.read.contents.into_values());
    }
    if let Some(ended) = documents.ended(number)? {
        found.extend(ended.read.contents.into_values());
    }
    Ok(found)
}

fn doomed(documents: &Documents, numbers: &Numbers, session: &Session) -> Fallible<BTreeSet<u64>> {
    let all = &numbers.begun;
    match session.history {
        Keep::Nothing | Keep::Everything => Ok(BTreeSet::new()),
        // Looking for files that nothing needs any more reads every version: it is done for several at once.
        Keep::Versions(keep) if all.len() <= keep + keep / 10 => Ok(BTreeSet::new()),
        Keep::Versions(keep) => Ok(all.iter().copied().take(all.len() - keep.max(1)).collect()),
        Keep::Days(days) => {
            let mut doomed = BTreeSet::new();
            let now: Option<jiff::Timestamp> = (session.clock)().parse().ok();
            for number in all.iter().rev().skip(1).rev() {
                let at = documents
                    .begun(*number)?
                    .and_then(|b| b.at.parse::<jiff::Timestamp>().ok());
                let age = now.zip(at).map(|(now, at)| now.as_second() - at.as_second());
                if age.is_none_or(|seconds| seconds <= i64::from(days) * 86_400) {
                    break;
                }
                doomed.insert(*number);
            }
            Ok(doomed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_is_read() {
        for (text, keep) in [
            ("200", Some(Keep::Versions(200))),
            ("1", Some(Keep::Versions(1))),
            (" 90d ", Some(Keep::Days(90))),
            ("all", Some(Keep::Everything)),
            ("0", Some(Keep::Nothing)),
            ("0d", None),
            ("-1", None),
            ("many", None),
            ("", None),
        ] {
            assert_eq!(Keep::parse(text), keep, "{text}");
        }
    }
}
