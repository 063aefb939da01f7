//! Where to find what has been planned so far. Most plans never ask: the tables are made when somebody does, and brought up to date
//! when the next one does.

use rustc_hash::FxHashMap as HashMap;
use rustc_hash::FxHashSet as HashSet;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsResource;
use streamform_lang::addrs::ConfigResource;

use crate::plan::Action;
use crate::plan::InstanceChange;

/// Tables of the changes of current objects, as long as changes are only added.
#[derive(Default)]
pub(super) struct Planned {
    of: Table<HashMap<AbsInstance, usize>>,
    of_block: Table<HashMap<AbsResource, Vec<usize>>>,
    changing: Table<HashSet<ConfigResource>>,
}

#[derive(Default)]
struct Table<T> {
    /// How many changes are in it.
    seen: usize,
    table: T,
}

impl<T> Table<T> {
    fn brought_up_to(
        &mut self,
        changes: &[InstanceChange],
        mut add: impl FnMut(&mut T, usize, &InstanceChange),
    ) -> &T {
        let new = changes.iter().enumerate().skip(self.seen);
        for (i, change) in new.filter(|(_, c)| c.deposed.is_none()) {
            add(&mut self.table, i, change);
        }
        self.seen = changes.len();
        &self.table
    }
}

impl Planned {
    /// Where the change of an instance is.
    pub(super) fn at(&mut self, changes: &[InstanceChange], address: &AbsInstance) -> Option<usize> {
        let table = self.of.brought_up_to(changes, |table, i, change| {
            table.insert(change.address.clone(), i);
        });
        table.get(address).copied()
    }

    /// Where the changes of a block's instances are.
    pub(super) fn of_block(&mut self, changes: &[InstanceChange], block: &AbsResource) -> &[usize] {
        let table = self.of_block.brought_up_to(changes, |table, i, change| {
            table.entry(change.address.abs_resource()).or_default().push(i);
        });
        table.get(block).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether anything of a block changes, in any module instance.
    pub(super) fn is_changing(&mut self, changes: &[InstanceChange], block: &ConfigResource) -> bool {
        let table = self.changing.brought_up_to(changes, |table, _, change| {
            if change.action != Action::NoOp {
                table.insert(change.address.config());
            }
        });
        table.contains(block)
    }
}
