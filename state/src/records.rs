//! The records of a state. Those of a large one stay in the copy on disk until somebody looks into them; what was changed since
//! lies over them.

use std::cmp::Ordering;
use std::fmt;
use std::iter::Peekable;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::sync::OnceLock;

use rpds::RedBlackTreeMapSync;

use crate::RawJson;
use crate::Record;
use crate::StateError;
use crate::contents::decode_record;
use crate::item::Codec;

/// Records that are found by an index and read one by one, ordered by address. Its bytes were held against their checksums
/// when it was opened.
pub(crate) trait Source: fmt::Debug + Send + Sync {
    /// The file.
    fn path(&self) -> &Path;

    fn len(&self) -> usize;

    fn address(&self, at: usize) -> &str;

    fn digest(&self, at: usize) -> u128;

    /// The stored form, held against its digest.
    fn text(&self, at: usize) -> Result<RawJson, StateError>;
}

/// A source, and what was read of it.
#[derive(Debug)]
struct Base {
    source: Box<dyn Source>,
    codec: Codec,
    read: Box<[OnceLock<Arc<Record>>]>,
}

/// A record and the digest of its stored form.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) record: Arc<Record>,
    pub(crate) digest: u128,
}

/// All records, by address. Cloning costs a few counters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records {
    base: Option<Arc<Base>>,
    /// `None` takes away what the base has.
    over: RedBlackTreeMapSync<String, Option<Slot>>,
    /// How many of the base are replaced or taken away.
    covered: usize,
    /// How many of `over` take something away.
    gone: usize,
}

impl Base {
    /// The first record whose address is not before this one, and whether it has it.
    fn find(&self, address: &str) -> (usize, bool) {
        let (mut low, mut high) = (0, self.source.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.source.address(middle).cmp(address) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return (middle, true),
                Ordering::Greater => high = middle,
            }
        }
        (low, false)
    }

    fn has(&self, address: &str) -> Option<usize> {
        let (at, found) = self.find(address);
        found.then_some(at)
    }

    /// The record at a place.
    ///
    /// # Panics
    /// With a [`StateError`] when the file is no longer what it was when it was opened: somebody writes over it, or the disk
    /// fails. To go on as if the record were not there could make its object twice.
    fn record(&self, at: usize) -> &Arc<Record> {
        self.read[at].get_or_init(|| {
            let address = self.source.address(at);
            let record = self.source.text(at).and_then(|text| {
                decode_record(&self.codec, address, &text).map_err(|bad| bad.in_file(self.source.path()))
            });
            match record {
                Ok(record) => Arc::new(record),
                Err(error) => std::panic::panic_any(error),
            }
        })
    }
}

impl Records {
    /// The records of a source, to be opened with `codec`.
    pub(crate) fn of(source: Box<dyn Source>, codec: &Codec) -> Self {
        let read = (0..source.len()).map(|_| OnceLock::new()).collect();
        Self {
            base: Some(Arc::new(Base {
                source,
                codec: codec.clone(),
                read,
            })),
            ..Self::default()
        }
    }

    pub(crate) fn get(&self, address: &str) -> Option<&Arc<Record>> {
        match (self.over.get(address), &self.base) {
            (Some(slot), _) => slot.as_ref().map(|slot| &slot.record),
            (None, Some(base)) => base.has(address).map(|at| base.record(at)),
            (None, None) => None,
        }
    }

    /// The digest of a record's stored form. Reads nothing.
    pub(crate) fn digest(&self, address: &str) -> Option<u128> {
        match (self.over.get(address), &self.base) {
            (Some(slot), _) => slot.as_ref().map(|slot| slot.digest),
            (None, Some(base)) => base.has(address).map(|at| base.source.digest(at)),
            (None, None) => None,
        }
    }

    pub(crate) fn insert(&mut self, address: String, slot: Slot) {
        self.cover(&address);
        self.over.insert_mut(address, Some(slot));
    }

    pub(crate) fn remove(&mut self, address: &str) {
        self.cover(address);
        if self.base.as_ref().is_some_and(|base| base.has(address).is_some()) {
            self.gone += 1;
            self.over.insert_mut(address.to_owned(), None);
        } else {
            self.over.remove_mut(address);
        }
    }

    /// Before something comes to lie over what the base has at an address.
    fn cover(&mut self, address: &str) {
        let Some(base) = &self.base else { return };
        match self.over.get(address) {
            Some(None) => self.gone -= 1,
            Some(Some(_)) => {}
            None => self.covered += usize::from(base.has(address).is_some()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        let below = self.base.as_ref().map_or(0, |base| base.source.len());
        below - self.covered + self.over.size() - self.gone
    }

    /// All addresses in order. Reads nothing.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.merged().map(|(address, _)| address)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.merged().map(|(_, found)| found.record())
    }

    /// The addresses from this one on, with their records, which are read when they are asked for.
    pub(crate) fn from<'a>(&'a self, address: &'a str) -> impl Iterator<Item = (&'a str, Found<'a>)> {
        let bounds = (Bound::Included(address), Bound::Unbounded);
        let base = self.base.as_deref();
        Merged {
            over: self.over.range::<str, _>(bounds).peekable(),
            next: base.map_or(0, |base| base.find(address).0),
            base,
        }
    }

    fn merged(&self) -> impl Iterator<Item = (&str, Found<'_>)> {
        Merged {
            over: self.over.iter().peekable(),
            base: self.base.as_deref(),
            next: 0,
        }
    }
}

/// Where a record was found.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a>(Place<'a>);

#[derive(Clone, Copy)]
enum Place<'a> {
    Over(&'a Slot),
    Base(&'a Base, usize),
}

impl<'a> Found<'a> {
    pub(crate) fn record(self) -> &'a Arc<Record> {
        match self.0 {
            Place::Over(slot) => &slot.record,
            Place::Base(base, at) => base.record(at),
        }
    }
}

/// Both layers in the order of their addresses.
struct Merged<'a, I: Iterator<Item = (&'a String, &'a Option<Slot>)>> {
    over: Peekable<I>,
    base: Option<&'a Base>,
    next: usize,
}

impl<'a, I: Iterator<Item = (&'a String, &'a Option<Slot>)>> Iterator for Merged<'a, I> {
    type Item = (&'a str, Found<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let below = self.base.filter(|base| self.next < base.source.len());
            if let Some(base) = below {
                let at = self.next;
                let address = base.source.address(at);
                let order = match self.over.peek() {
                    Some((over, _)) => address.cmp(over.as_str()),
                    None => Ordering::Less,
                };
                if order != Ordering::Greater {
                    self.next += 1;
                }
                if order == Ordering::Less {
                    return Some((address, Found(Place::Base(base, at))));
                }
            }
            let (address, slot) = self.over.next()?;
            if let Some(slot) = slot {
                return Some((address, Found(Place::Over(slot))));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::item::Kind;
    use crate::item::digest;
    use crate::store::tests::record;

    /// Records in memory.
    #[derive(Debug)]
    struct Held(Vec<(String, RawJson)>);

    impl Source for Held {
        fn path(&self) -> &Path {
            Path::new("held")
        }

        fn len(&self) -> usize {
            self.0.len()
        }

        fn address(&self, at: usize) -> &str {
            &self.0[at].0
        }

        fn digest(&self, at: usize) -> u128 {
            digest(Kind::Resource, &self.0[at].0, &self.0[at].1)
        }

        fn text(&self, at: usize) -> Result<RawJson, StateError> {
            Ok(self.0[at].1.clone())
        }
    }

    fn address(n: u8) -> String {
        format!("t.a[{n}]")
    }

    proptest! {
        #[test]
        fn over_a_base_or_not_the_records_are_the_same(
            below in proptest::collection::btree_set(0..20_u8, 0..12),
            changes in proptest::collection::vec((0..20_u8, any::<bool>()), 0..30),
        ) {
            let codec = Codec::default();
            let mut model: BTreeMap<String, Record> = BTreeMap::new();
            let mut held = Vec::new();
            let names: std::collections::BTreeSet<String> = below.iter().map(|n| address(*n)).collect();
            for name in names {
                let one = record(&name, "{\"below\":true}");
                held.push((name.clone(), codec.encode(Kind::Resource, &name, &one, false).unwrap()));
                model.insert(name, one);
            }
            let mut records = Records::of(Box::new(Held(held)), &codec);
            for (n, put) in changes {
                let name = address(n);
                if put {
                    let one = record(&name, "{\"over\":true}");
                    model.insert(name.clone(), one.clone());
                    records.insert(name, Slot { record: Arc::new(one), digest: 7 });
                } else {
                    model.remove(&name);
                    records.remove(&name);
                }
                prop_assert_eq!(records.len(), model.len());
            }
            let seen: Vec<Record> = records.iter().map(|r| Record::clone(r)).collect();
            let expected: Vec<Record> = model.values().cloned().collect();
            prop_assert_eq!(&seen, &expected);
            let addresses: Vec<&str> = records.addresses().collect();
            let expected: Vec<&str> = model.keys().map(String::as_str).collect();
            prop_assert_eq!(addresses, expected);
            for n in 0..20 {
                let name = address(n);
                prop_assert_eq!(records.get(&name).map(|r| &**r), model.get(&name));
                prop_assert_eq!(records.digest(&name).is_some(), model.contains_key(&name));
                let from: Vec<&str> = records.from(&name).map(|(a, _)| a).collect();
                let expected: Vec<&str> = model.range(name.clone()..).map(|(a, _)| a.as_str()).collect();
                prop_assert_eq!(from, expected);
            }
        }
    }
}
