//! Answers that do not come, or say nothing, before or after the effect of a call: at every call that changes something.

use std::thread;

use super::life::Life;
use super::life::STAGES;

/// Changing calls that a stage has at most: no more of them are cut.
const MOST: usize = 200;

/// Cuts every `stride`th changing call of every stage, starting with the `first`.
fn cut(fault: &str, first: usize, stride: usize) -> usize {
    let mut life = Life::begin(&[]);
    let mut cuts = 0;
    let mut at = [first; STAGES.len()];
    let mut over = [false; STAGES.len()];
    while over.iter().any(|o| !o) {
        for (stage, skip) in STAGES.into_iter().zip(0..) {
            life.enter(stage);
            let skipped = at[skip];
            life.faults(&[format!(r#"{{"fault":"{fault}","calls":1,"skip":{skipped}}}"#)]);
            let run = life.sandbox.run(life.command());
            let left = life
                .emulator
                .request("POST", "/_emulator/faults", r#"{"faults":[]}"#);
            let was_cut = left["active"] == 0;
            cuts += usize::from(was_cut);
            over[skip] |= !was_cut || skipped > MOST;
            at[skip] += stride;
            let context = format!("{fault} at changing call {} ({stage:?})", skipped + 1);
            if run.code == Some(0) {
                // Settled in the same run.
                life.faults(&[]);
                life.check(&run, &context);
            } else {
                // What could not be settled at once is by the next run.
                life.mend(&format!("{context}\n{run}"));
            }
        }
    }
    cuts
}

/// Nightly every call, otherwise one of so many.
fn cut_everywhere(fault: &'static str, of: usize) {
    let stride = if std::env::var_os("STREAMFORM_KILLS").is_some() {
        1
    } else {
        of
    };
    let halves: Vec<_> = [0, stride.max(2) / 2]
        .into_iter()
        .map(|first| thread::spawn(move || cut(fault, first, stride)))
        .collect();
    let cuts: usize = halves.into_iter().map(|h| h.join().unwrap()).sum();
    assert!(cuts > 140 / stride, "only {cuts} calls were cut");
}

#[test]
fn a_connection_cut_after_the_effect_loses_nothing() {
    cut_everywhere("drop_after", 7);
}

#[test]
fn a_gateway_that_gives_up_after_the_effect_loses_nothing() {
    cut_everywhere("gateway_timeout", 19);
}

#[test]
fn an_answer_that_ends_in_the_middle_loses_nothing() {
    cut_everywhere("garbled", 19);
}

#[test]
fn a_connection_cut_before_the_effect_makes_nothing_twice() {
    cut_everywhere("drop_before", 7);
}
