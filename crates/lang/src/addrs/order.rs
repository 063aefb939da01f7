//! The order of reports, on addresses as they are written: nothing is taken apart into values of its own, so a large state can be listed
//! in little memory.

use std::cmp::Ordering;

use super::InstanceKey;
use super::Mode;
use super::parse::Reader;

/// The address of one instance as text, with the places where its parts meet. Ordered as [`AbsInstance::cmp_in_reports`] orders.
///
/// [`AbsInstance::cmp_in_reports`]: super::AbsInstance::cmp_in_reports
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    text: &'a str,
    /// How many modules it lies in.
    depth: u32,
    resource_at: u32,
    name_at: u32,
    key_at: u32,
    mode: Mode,
}

impl<'a> Listed<'a> {
    /// Finds the parts of an address as the state has it; `None` when it is none.
    pub fn of(text: &'a str) -> Option<Self> {
        let mut r = Reader { text, at: 0 };
        let mut depth = 0;
        while step(&mut r).is_some() {
            r.dot().ok()?;
            depth += 1;
        }
        let resource_at = r.at;
        let mode = match r.plain_name().ok()? {
            "data" => Mode::Data,
            "ephemeral" => Mode::Ephemeral,
            _ => Mode::Managed,
        };
        r.dot().ok()?;
        if mode != Mode::Managed {
            r.plain_name().ok()?;
            r.dot().ok()?;
        }
        let name_at = r.at;
        r.plain_name().ok()?;
        let key_at = r.at;
        if !r.rest().is_empty() {
            r.plain_key()?;
        }
        let place = |at: usize| u32::try_from(at).ok();
        r.rest().is_empty().then_some(Self {
            text,
            depth,
            resource_at: place(resource_at)?,
            name_at: place(name_at)?,
            key_at: place(key_at)?,
            mode,
        })
    }

    /// The whole text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    fn modules(&self) -> &'a str {
        &self.text[..self.resource_at as usize]
    }

    /// With the mode before it and the dot behind it; both are the same where the modes are.
    fn type_name(&self) -> &'a str {
        &self.text[self.resource_at as usize..self.name_at as usize - 1]
    }

    fn name(&self) -> &'a str {
        &self.text[self.name_at as usize..self.key_at as usize]
    }

    fn key(&self) -> &'a str {
        &self.text[self.key_at as usize..]
    }
}

impl Ord for Listed<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.depth
            .cmp(&other.depth)
            .then_with(|| modules_order(self.modules(), other.modules()))
            .then_with(|| self.mode.cmp(&other.mode))
            .then_with(|| self.type_name().cmp(other.type_name()))
            .then_with(|| self.name().cmp(other.name()))
            .then_with(|| key_order(self.key(), other.key()))
    }
}

impl PartialOrd for Listed<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Listed<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Listed<'_> {}

/// The next step of a path of modules: the name of the call, and its key as it is written.
fn step<'a>(r: &mut Reader<'a>) -> Option<(&'a str, &'a str)> {
    if !r.rest().starts_with("module.") {
        return None;
    }
    r.at += "module.".len();
    let name = r.plain_name().ok()?;
    let key_at = r.at;
    if r.rest().starts_with('[') {
        r.plain_key()?;
    }
    Some((name, &r.text[key_at..r.at]))
}

/// Both are paths of modules of the same length, each step with its dot.
fn modules_order(one: &str, other: &str) -> Ordering {
    if one == other {
        return Ordering::Equal;
    }
    let (mut one, mut other) = (Reader { text: one, at: 0 }, Reader { text: other, at: 0 });
    while let (Some((name, key)), Some((other_name, other_key))) = (step(&mut one), step(&mut other)) {
        let order = name.cmp(other_name).then_with(|| key_order(key, other_key));
        if order != Ordering::Equal {
            return order;
        }
        one.at += 1;
        other.at += 1;
    }
    Ordering::Equal
}

/// Both are keys as they are written: none, `[3]` or `["text"]`.
fn key_order(one: &str, other: &str) -> Ordering {
    let is_text = |key: &str| key.starts_with("[\"");
    if one.is_empty() || other.is_empty() || is_text(one) != is_text(other) {
        return (!one.is_empty(), is_text(one)).cmp(&(!other.is_empty(), is_text(other)));
    }
    let inside = |key: &str| key.bytes().any(|byte| matches!(byte, b'\\' | b'$' | b'%'));
    if is_text(one) && !inside(one) && !inside(other) {
        // Without the quote and the bracket at the end, which are no part of it.
        return one[..one.len() - 2].cmp(&other[..other.len() - 2]);
    }
    let read = |text| Reader { text, at: 0 }.key().unwrap_or(InstanceKey::None);
    read(one).cmp(&read(other))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::addrs::AbsInstance;

    fn key() -> impl Strategy<Value = InstanceKey> {
        prop_oneof![
            Just(InstanceKey::None),
            (0..120_u64).prop_map(InstanceKey::Int),
            "[ab.\\[\\]\"$%{é\\n-]{0,3}".prop_map(|text| InstanceKey::Str(text.as_str().into())),
        ]
    }

    fn address() -> impl Strategy<Value = AbsInstance> {
        let modules = proptest::collection::vec(("[ab][b_-]?", key()), 0..3);
        let resource = ("(data\\.|ephemeral\\.)?[ab]_?", "[ab][b_-]?");
        (modules, resource, key()).prop_map(|(modules, (ty, name), key)| {
            let modules: String = modules
                .iter()
                .map(|(name, key)| format!("module.{name}{key}."))
                .collect();
            AbsInstance::parse(&format!("{modules}{ty}.{name}{key}")).unwrap()
        })
    }

    proptest! {
        #[test]
        fn texts_are_ordered_as_what_they_say(one in address(), other in address()) {
            let (a, b) = (one.to_string(), other.to_string());
            let (a, b) = (Listed::of(&a).unwrap(), Listed::of(&b).unwrap());
            prop_assert_eq!(a.cmp(&b), one.cmp_in_reports(&other), "{} {}", a.text(), b.text());
        }

        #[test]
        fn what_is_no_address_has_no_place(text in "[am.odule\\[\\]\"1]{0,12}") {
            prop_assert!(Listed::of(&text).is_none() || AbsInstance::parse(&text).is_ok(), "{}", text);
        }
    }
}
