//! Versions and version constraints, with the syntax and the rules of Terraform.

use std::cmp::Ordering;

/// The Terraform version whose language this tool speaks; `required_version` is checked against it.
pub const COMPATIBLE_VERSION: &str = "1.11.4";

/// A version: numbers, and maybe a name of a pre-release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    numbers: Vec<u64>,
    /// How many numbers were written.
    written: usize,
    prerelease: String,
}

impl Version {
    /// Reads `1`, `1.2`, `v1.2.3-beta1+build`.
    pub fn parse(text: &str) -> Option<Version> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, build) = text.split_once('+').map_or((text, None), |(t, b)| (t, Some(b)));
        let (numbers, prerelease) = text.split_once('-').map_or((text, None), |(n, p)| (n, Some(p)));
        let words =
            |t: &str| !t.is_empty() && t.chars().all(|c| c.is_ascii_alphanumeric() || "-.~".contains(c));
        if build.is_some_and(|b| !words(b)) || prerelease.is_some_and(|p| !words(p)) {
            return None;
        }
        let mut numbers: Vec<u64> = numbers
            .split('.')
            .map(|n| {
                n.chars()
                    .all(|c| c.is_ascii_digit())
                    .then(|| n.parse().ok())
                    .flatten()
            })
            .collect::<Option<_>>()?;
        let written = numbers.len();
        while numbers.len() < 3 {
            numbers.push(0);
        }
        Some(Version {
            numbers,
            written,
            prerelease: prerelease.unwrap_or_default().to_owned(),
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let longest = self.numbers.len().max(other.numbers.len());
        let number = |v: &Version, i: usize| v.numbers.get(i).copied().unwrap_or(0);
        (0..longest)
            .map(|i| number(self, i).cmp(&number(other, i)))
            .find(|o| o.is_ne())
            .unwrap_or_else(|| {
                // A pre-release comes before the release that it leads to.
                match (self.prerelease.is_empty(), other.prerelease.is_empty()) {
                    (true, true) => Ordering::Equal,
                    (true, false) => Ordering::Greater,
                    (false, true) => Ordering::Less,
                    (false, false) => prerelease_order(&self.prerelease, &other.prerelease),
                }
            })
    }
}

/// Part by part: numbers by value and before words, words by their letters.
fn prerelease_order(a: &str, b: &str) -> Ordering {
    let mut left = a.split('.');
    let mut right = b.split('.');
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(x), Some(y)) => match (x.parse::<u64>(), y.parse::<u64>()) {
                (Ok(x), Ok(y)) => x.cmp(&y),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => x.cmp(y),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Pessimistic,
}

/// A list of conditions that a version must all fulfil: `>= 1.2, < 2.0`.
#[derive(Clone, Debug)]
pub struct Constraints(Vec<(Operator, Version)>);

impl Constraints {
    /// Reads constraints; nothing if the text is none.
    pub fn parse(text: &str) -> Option<Constraints> {
        text.split(',').map(one).collect::<Option<_>>().map(Constraints)
    }

    /// Whether a version fulfils all of them.
    pub fn allow(&self, version: &Version) -> bool {
        self.0.iter().all(|(operator, bound)| {
            // A pre-release is only taken where the constraint names one of the same release.
            let prerelease_fits = match (version.prerelease.is_empty(), bound.prerelease.is_empty()) {
                (true, true) => true,
                (false, true) => false,
                (_, false) => version.prerelease.is_empty() || version.numbers == bound.numbers,
            };
            let order = version.cmp(bound);
            match operator {
                Operator::Equal => order.is_eq(),
                Operator::NotEqual => order.is_ne(),
                Operator::Greater => prerelease_fits && order.is_gt(),
                Operator::GreaterOrEqual => prerelease_fits && order.is_ge(),
                Operator::Less => prerelease_fits && order.is_lt(),
                Operator::LessOrEqual => prerelease_fits && order.is_le(),
                Operator::Pessimistic => {
                    let kept = bound.written.saturating_sub(1).max(1);
                    prerelease_fits
                        && order.is_ge()
                        && (bound.written == 1 || version.numbers.get(..kept) == bound.numbers.get(..kept))
                }
            }
        })
    }
}

fn one(text: &str) -> Option<(Operator, Version)> {
    let text = text.trim();
    // The longer operators first.
    let (operator, rest) = [
        ("!=", Operator::NotEqual),
        (">=", Operator::GreaterOrEqual),
        ("<=", Operator::LessOrEqual),
        ("~>", Operator::Pessimistic),
        ("=", Operator::Equal),
        (">", Operator::Greater),
        ("<", Operator::Less),
    ]
    .into_iter()
    .find_map(|(sign, operator)| Some((operator, text.strip_prefix(sign)?)))
    .unwrap_or((Operator::Equal, text));
    Some((operator, Version::parse(rest.trim())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(constraint: &str, version: &str) -> bool {
        Constraints::parse(constraint)
            .unwrap()
            .allow(&Version::parse(version).unwrap())
    }

    #[test]
    fn constraints_allow_what_terraform_allows() {
        for (constraint, version) in [
            ("1.2.3", "1.2.3"),
            ("= 1.2", "1.2.0"),
            ("~> 1.2", "1.9.0"),
            ("~> 1.2.3", "1.2.9"),
            ("~> 1", "2.0.0"),
            (">= 1.0, < 2.0", "1.11.4"),
            ("!= 1.0", "1.0.1"),
            (">= 1.0.0-beta1", "1.0.0-beta2"),
            ("v1.2.3", "1.2.3"),
        ] {
            assert!(allows(constraint, version), "{constraint} {version}");
        }
        for (constraint, version) in [
            ("~> 1.2", "2.0.0"),
            ("~> 1.2.3", "1.3.0"),
            ("~> 1.2.3", "1.2.2"),
            ("< 1.0.0", "1.11.4"),
            (">= 1.0.0", "1.1.0-beta1"),
            ("> 1.0, != 1.5", "1.5.0"),
        ] {
            assert!(!allows(constraint, version), "{constraint} {version}");
        }
    }

    #[test]
    fn what_is_no_constraint_is_refused() {
        for text in ["latest", "", "1.x", ">> 1", "1.0,", "= 1.0 2.0", "-1"] {
            assert!(Constraints::parse(text).is_none(), "{text}");
        }
    }
}
