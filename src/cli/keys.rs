//! Where the key of the state comes from, by the environment.

use streamform_lang::diag::Diagnostic;
use streamform_state::SealKey;

/// Variables that name a source, and how each is understood.
const SOURCES: [(&str, Source); 4] = [
    ("STREAMFORM_STATE_KEY_FILE", Source::KeyFile),
    ("STREAMFORM_STATE_PASSPHRASE", Source::Passphrase),
    ("STREAMFORM_STATE_AGE_IDENTITY", Source::AgeIdentity),
    ("STREAMFORM_STATE_KEY_COMMAND", Source::Command),
];

/// Which of the keys is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The one that the state has.
    Present,
    /// One that it had: it still opens what was sealed with it.
    Old,
    /// The one that it gets.
    New,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    KeyFile,
    Passphrase,
    AgeIdentity,
    Command,
}

impl Which {
    const fn ending(self) -> &'static str {
        match self {
            Which::Present => "",
            Which::Old => "_OLD",
            Which::New => "_NEW",
        }
    }
}

impl Source {
    /// The key from this source, whose setting is called `name`.
    pub(super) fn key(self, name: &str, value: &str) -> Result<SealKey, Box<Diagnostic>> {
        match self {
            Source::KeyFile => Ok(SealKey::at(value)),
            Source::AgeIdentity => Ok(SealKey::of_age_identity(value)),
            Source::Command => Ok(SealKey::of_command(value)),
            Source::Passphrase => SealKey::of_passphrase(value).map_err(|e| {
                Box::new(Diagnostic::error(
                    format!("Invalid {name}"),
                    // (The message does not hold the passphrase.)
                    e.to_string(),
                ))
            }),
        }
    }
}

/// The keys that the environment names; empty variables count as not set.
pub(super) fn named(
    which: Which,
    read: impl Fn(&str) -> Option<String>,
) -> Result<Vec<(String, SealKey)>, Box<Diagnostic>> {
    let mut keys = Vec::new();
    for (name, source) in SOURCES {
        let name = format!("{name}{}", which.ending());
        if let Some(value) = read(&name).filter(|value| !value.is_empty()) {
            keys.push((name.clone(), source.key(&name, &value)?));
        }
    }
    Ok(keys)
}

/// The one key out of what was named.
pub(super) fn only(mut keys: Vec<(String, SealKey)>) -> Result<Option<SealKey>, Box<Diagnostic>> {
    if keys.len() > 1 {
        let names: Vec<&str> = keys.iter().map(|(name, _)| name.as_str()).collect();
        return Err(Box::new(Diagnostic::error(
            "More than one key for the state",
            format!(
                "{} are set, and a state is sealed with one key. Unset all but one. To change from one to another, see `streamform state rekey -help`.",
                names.join(" and ")
            ),
        )));
    }
    Ok(keys.pop().map(|(_, key)| key))
}

/// The key that seals the state and opens it. What was sealed with the key file of this machine, or with a key of a variable that ends in
/// `_OLD`, is opened too. None: the user has no home, and names no other source.
pub(super) fn of_environment(
    read: impl Fn(&str) -> Option<String>,
) -> Result<Option<SealKey>, Box<Diagnostic>> {
    let chosen = only(named(Which::Present, &read)?)?;
    let old = named(Which::Old, &read)?.into_iter().map(|(_, key)| key);
    Ok(match (chosen, SealKey::of_user()) {
        (Some(chosen), of_user) => Some(chosen.also_opening(old.chain(of_user))),
        (None, Some(of_user)) => Some(of_user.also_opening(old)),
        (None, None) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(set: &[(&str, &str)]) -> Result<Option<SealKey>, Box<Diagnostic>> {
        of_environment(|name| {
            let found = set.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn one_source_is_taken_and_two_are_refused() {
        let chosen = key(&[("STREAMFORM_STATE_KEY_FILE", "some.key")])
            .unwrap()
            .unwrap();
        assert!(!chosen.is_machine_made());
        assert_eq!(chosen.describe(), "the key file some.key");
        let both = [
            ("STREAMFORM_STATE_KEY_FILE", "some.key"),
            ("STREAMFORM_STATE_PASSPHRASE", "correct horse"),
            ("STREAMFORM_STATE_KEY_COMMAND", ""),
        ];
        let told = key(&both).unwrap_err();
        assert!(
            told.detail
                .starts_with("STREAMFORM_STATE_KEY_FILE and STREAMFORM_STATE_PASSPHRASE are set"),
            "{}",
            told.detail
        );
        assert!(!told.detail.contains("horse"));
    }

    #[test]
    fn a_bad_passphrase_is_refused_under_its_name() {
        let told = key(&[("STREAMFORM_STATE_PASSPHRASE_OLD", "hunter2")]).unwrap_err();
        assert_eq!(told.summary, "Invalid STREAMFORM_STATE_PASSPHRASE_OLD");
        assert!(!told.detail.contains("hunter2"));
    }
}
