//! Which part of a state a run writes, for backends whose locks are smaller than a state.

use std::collections::BTreeSet;

/// The part of a state that a lock covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of it.
    Whole,
    /// Everything at and below these addresses, of modules, resources or instances. None at all: nothing but outputs and checks.
    Subtrees(BTreeSet<String>),
}

impl Scope {
    /// Whether both cover some address.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Whole, _) | (_, Self::Whole) => true,
            (Self::Subtrees(one), Self::Subtrees(other)) => {
                let (few, many) = if one.len() <= other.len() {
                    (one, other)
                } else {
                    (other, one)
                };
                few.iter()
                    .any(|address| at_or_above(many, address) || any_below(many, address))
            }
        }
    }

    /// Whether an address lies in it.
    pub fn covers(&self, address: &str) -> bool {
        match self {
            Self::Whole => true,
            Self::Subtrees(roots) => at_or_above(roots, address),
        }
    }
}

/// Whether `roots` has the address or an ancestor of it: what is left of a dot or a bracket. (What is left of one inside a quoted
/// key is no address, so it is in no set of addresses.)
fn at_or_above(roots: &BTreeSet<String>, address: &str) -> bool {
    roots.contains(address)
        || address
            .bytes()
            .enumerate()
            .any(|(at, byte)| matches!(byte, b'.' | b'[') && roots.contains(&address[..at]))
}

fn any_below(roots: &BTreeSet<String>, address: &str) -> bool {
    ['.', '['].iter().any(|mark| {
        let prefix = format!("{address}{mark}");
        roots
            .range::<String, _>(&prefix..)
            .next()
            .is_some_and(|root| root.starts_with(&prefix))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(addresses: &[&str]) -> Scope {
        Scope::Subtrees(addresses.iter().map(|a| (*a).to_owned()).collect())
    }

    #[test]
    fn parts_overlap_where_one_is_above_the_other() {
        let overlaps = |one: &[&str], other: &[&str]| {
            let found = scope(one).overlaps(&scope(other));
            assert_eq!(found, scope(other).overlaps(&scope(one)), "{one:?} {other:?}");
            found
        };
        assert!(overlaps(&["module.a"], &["module.a.thing.b[0]"]));
        assert!(overlaps(&["module.a"], &["x.y", "module.a[\"k.\"].thing.b"]));
        assert!(overlaps(&["thing.a"], &["thing.a[0]", "thing.b"]));
        assert!(overlaps(&["thing.a", "thing.c"], &["thing.c"]));
        assert!(!overlaps(&["thing.a"], &["thing.ab", "data.thing.a"]));
        assert!(!overlaps(&["thing.a[0]"], &["thing.a[1]", "thing.a[01]"]));
        assert!(!overlaps(
            &["module.a.thing.b"],
            &["module.a.thing.c", "module.ab"]
        ));
        assert!(!overlaps(&[], &["thing.a"]));
        assert!(Scope::Whole.overlaps(&scope(&[])));
    }

    #[test]
    fn a_part_covers_what_is_below() {
        let part = scope(&["module.a", "thing.b[0]"]);
        assert!(part.covers("module.a.thing.x") && part.covers("module.a[1].thing.x"));
        assert!(part.covers("thing.b[0]"));
        assert!(!part.covers("thing.b") && !part.covers("module.ab.thing.x"));
        assert!(Scope::Whole.covers("thing.b"));
    }
}
