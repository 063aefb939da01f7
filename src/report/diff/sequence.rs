//! Which elements of two sequences belong together.

use std::collections::BTreeSet;

use similar::Algorithm;
use similar::DiffOp;
use streamform_lang::value::Kind;
use streamform_lang::value::Step;
use streamform_lang::value::Value;

use super::Diff;
use super::Trail;

/// Elements of two lists. With `by_place`, lists of equal length are compared place by place; else the longest common
/// part stays, and objects that stand in each other's place are compared with each other. All as in Terraform.
pub(super) fn list(
    before: &[Value],
    after: &[Value],
    both: bool,
    by_place: bool,
    trail: &mut Trail,
    mut one: impl FnMut(Option<&Value>, Option<&Value>, &mut Trail) -> Diff,
) -> Vec<Diff> {
    let mut out = Vec::with_capacity(before.len().max(after.len()));
    let mut step = |b: Option<usize>, a: Option<usize>, trail: &mut Trail| {
        trail.push(Step::Index(a.or(b).unwrap_or_default()));
        out.push(one(
            b.and_then(|i| before.get(i)),
            a.and_then(|i| after.get(i)),
            trail,
        ));
        trail.pop();
    };
    if !both || (by_place && before.len() == after.len()) {
        for i in 0..before.len().max(after.len()) {
            step(
                (i < before.len()).then_some(i),
                (i < after.len()).then_some(i),
                trail,
            );
        }
        return out;
    }
    for op in similar::capture_diff_slices(Algorithm::Myers, before, after) {
        match op {
            DiffOp::Equal {
                old_index,
                new_index,
                len,
            } => {
                for i in 0..len {
                    step(Some(old_index + i), Some(new_index + i), trail);
                }
            }
            op => {
                let (old, new) = (op.old_range(), op.new_range());
                let (mut i, mut j) = (old.start, new.start);
                while i < old.end {
                    if j < new.end && is_object(&before[i]) && is_object(&after[j]) {
                        step(Some(i), Some(j), trail);
                        j += 1;
                    } else {
                        step(Some(i), None, trail);
                    }
                    i += 1;
                }
                while j < new.end {
                    step(None, Some(j), trail);
                    j += 1;
                }
            }
        }
    }
    out
}

fn is_object(value: &Value) -> bool {
    matches!(value.kind(), Kind::Object(_) | Kind::Map(_))
}

/// Elements of two sets: those that go or stay, then those that come.
pub(super) fn set(
    before: &[Value],
    after: &[Value],
    trail: &mut Trail,
    mut one: impl FnMut(Option<&Value>, Option<&Value>, &mut Trail) -> Diff,
) -> Vec<Diff> {
    let mut out = Vec::with_capacity(before.len().max(after.len()));
    let mut step = |b: Option<&Value>, a: Option<&Value>, trail: &mut Trail| {
        let Some(v) = a.or(b) else { return };
        trail.push(Step::Element(Box::new(v.clone())));
        out.push(one(b, a, trail));
        trail.pop();
    };
    let (old, new): (BTreeSet<&Value>, BTreeSet<&Value>) = (before.iter().collect(), after.iter().collect());
    for b in before {
        let stays = new.get(b).copied().filter(|a| a.is_wholly_known());
        step(Some(b), stays, trail);
    }
    for a in after {
        if !a.is_wholly_known() || !old.contains(a) {
            step(None, Some(a), trail);
        }
    }
    out
}
