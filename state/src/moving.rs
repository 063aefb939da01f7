//! Records that get other addresses.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use streamform_lang::addrs::AbsInstance;

use crate::Entry;
use crate::Record;
use crate::StateView;

impl StateView {
    /// What to commit, in one go, so that records stand at other addresses: each move is an old and a new address. The
    /// objects stay as they are, deposed ones and private bytes included; dependencies that other records have on a
    /// block that moves are renamed, and doubled where only some of its instances move.
    ///
    /// All old addresses are given up before the new ones are taken, so that objects can change places. A move from an
    /// address without a record is left out. That nothing else stands at a new address is for the caller to see to.
    ///
    /// Costs one look at every record if a block gets another name, else only the records that move.
    pub fn moving(&self, moves: &[(AbsInstance, AbsInstance)]) -> Vec<Entry> {
        let moves: BTreeMap<String, &(AbsInstance, AbsInstance)> =
            moves.iter().map(|m| (m.0.to_string(), m)).collect();
        let renamed = self.renamed_blocks(&moves);
        let mut entries: Vec<Entry> = Vec::with_capacity(2 * moves.len());
        let mut records = Vec::with_capacity(moves.len());
        for (from, (_, to)) in &moves {
            let Some(record) = self.get(from) else { continue };
            entries.push(Entry::Remove {
                address: from.clone(),
            });
            let mut record = Record::clone(record);
            record.address = to.to_string();
            record.type_name = to.resource.ty.to_string();
            rename_dependencies(&mut record, &renamed);
            records.push(Entry::Put(record));
        }
        entries.extend(records);
        if !renamed.is_empty() {
            for record in self.records().filter(|r| !moves.contains_key(&r.address)) {
                let depends = record
                    .objects()
                    .any(|(_, o)| o.dependencies.iter().any(|d| renamed.contains_key(d)));
                if depends {
                    let mut record = Record::clone(record);
                    rename_dependencies(&mut record, &renamed);
                    entries.push(Entry::Put(record));
                }
            }
        }
        entries
    }

    /// The state as it would be with entries committed; intents, lineage and serial are left aside.
    #[must_use]
    pub fn after(&self, entries: &[Entry]) -> StateView {
        let mut view = self.clone();
        for entry in entries {
            match entry {
                Entry::Remove { address } => {
                    view.records.remove(address);
                }
                Entry::Put(record) if record.is_empty() => {
                    view.records.remove(&record.address);
                }
                Entry::Put(record) => view.insert(record.clone()),
                Entry::Outputs(outputs) => view.outputs = outputs.clone().into(),
                Entry::Checks(checks) => view.checks = checks.clone().into(),
                Entry::Intent(_) | Entry::Settled { .. } | Entry::Identity { .. } => {}
            }
        }
        view
    }

    /// For each block some of whose instances get into another one: what a dependency on it becomes.
    fn renamed_blocks(
        &self,
        moves: &BTreeMap<String, &(AbsInstance, AbsInstance)>,
    ) -> BTreeMap<String, BTreeSet<String>> {
        let mut renamed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in moves.values() {
            renamed
                .entry(from.config().to_string())
                .or_default()
                .insert(to.config().to_string());
        }
        // Only keys change in it.
        renamed.retain(|block, names| names.len() > 1 || !names.contains(block));
        if renamed.is_empty() {
            return renamed;
        }
        for record in self.records().filter(|r| !moves.contains_key(&r.address)) {
            if let Ok(address) = AbsInstance::parse(&record.address)
                && let block = address.config().to_string()
                && let Some(names) = renamed.get_mut(&block)
            {
                names.insert(block);
            }
        }
        renamed
    }
}

fn rename_dependencies(record: &mut Record, renamed: &BTreeMap<String, BTreeSet<String>>) {
    for object in record.current.iter_mut().chain(record.deposed.values_mut()) {
        if !object.dependencies.iter().any(|d| renamed.contains_key(d)) {
            continue;
        }
        let names: BTreeSet<String> = std::mem::take(&mut object.dependencies)
            .into_iter()
            .flat_map(|d| match renamed.get(&d) {
                Some(names) => names.iter().cloned().collect(),
                None => vec![d],
            })
            .collect();
        object.dependencies = names.into_iter().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mode;
    use crate::Object;

    fn record(address: &str, dependencies: &[&str]) -> Record {
        Record {
            address: address.into(),
            mode: Mode::Managed,
            type_name: "t".into(),
            provider: "provider[\"x/y/z\"]".into(),
            current: Some(Object {
                dependencies: dependencies.iter().map(|d| (*d).to_owned()).collect(),
                private: Some(vec![1]),
                ..Object::default()
            }),
            deposed: BTreeMap::from([("0badcafe".to_owned(), Object::default())]),
            version: 0,
        }
    }

    fn view(records: Vec<Record>) -> StateView {
        StateView::from_parts("l", 1, records, BTreeMap::new(), serde_json::Value::Null)
    }

    fn moved(state: &StateView, moves: &[(&str, &str)]) -> StateView {
        let moves: Vec<_> = moves
            .iter()
            .map(|(a, b)| (AbsInstance::parse(a).unwrap(), AbsInstance::parse(b).unwrap()))
            .collect();
        state.after(&state.moving(&moves))
    }

    fn told(state: &StateView) -> Vec<(String, Vec<String>)> {
        state
            .records()
            .map(|r| {
                let current = r.current.as_ref().unwrap();
                assert!(current.private.is_some() && r.deposed.len() == 1);
                (r.address.clone(), current.dependencies.clone())
            })
            .collect()
    }

    fn is(found: &[(String, Vec<String>)], wanted: &[(&str, &[&str])]) {
        let wanted: Vec<(String, Vec<String>)> = wanted
            .iter()
            .map(|(a, d)| ((*a).to_owned(), d.iter().map(|d| (*d).to_owned()).collect()))
            .collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_record_moves_with_all_it_holds_and_its_name_in_others() {
        let state = view(vec![record("t.a", &[]), record("t.b", &["t.a", "t.z"])]);
        is(
            &told(&moved(&state, &[("t.a", "module.m[\"x\"].t.c")])),
            &[("module.m[\"x\"].t.c", &[]), ("t.b", &["module.m.t.c", "t.z"])],
        );
    }

    #[test]
    fn objects_change_places() {
        let state = view(vec![record("t.a", &["t.b"]), record("t.b", &[])]);
        is(
            &told(&moved(&state, &[("t.a", "t.b"), ("t.b", "t.a")])),
            &[("t.a", &[]), ("t.b", &["t.a"])],
        );
    }

    #[test]
    fn a_block_that_keeps_instances_stays_a_dependency() {
        let state = view(vec![
            record("t.a[0]", &[]),
            record("t.a[1]", &[]),
            record("t.b", &["t.a"]),
        ]);
        is(
            &told(&moved(&state, &[("t.a[1]", "t.c")])),
            &[("t.a[0]", &[]), ("t.b", &["t.a", "t.c"]), ("t.c", &[])],
        );
        is(
            &told(&moved(&state, &[("t.a[0]", "t.a[\"x\"]")])),
            &[("t.a[\"x\"]", &[]), ("t.a[1]", &[]), ("t.b", &["t.a"])],
        );
    }

    #[test]
    fn what_is_not_there_does_not_move() {
        let state = view(vec![record("t.a", &[])]);
        assert!(
            state
                .moving(&[(
                    AbsInstance::parse("t.q").unwrap(),
                    AbsInstance::parse("t.r").unwrap()
                )])
                .is_empty()
        );
    }
}
