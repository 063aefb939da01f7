//! SIGKILL at random instants and at every journal step.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;

use super::dice::Dice;
use super::life::End;
use super::life::Life;
use super::life::STAGES;

/// Paths of which a call now and then has its effect, but its answer gets lost before the command is killed.
const LOSING: &[&str] = &[
    "/iam/v2/api-keys",
    "/cmk/v2/clusters",
    "/iam/v2/service-accounts",
    "/kafka/v3",
    "/subjects",
    "/sql/v1",
];

/// Lives that are lived side by side.
const LIVES: u64 = 4;

/// What all lives together have come to.
#[derive(Default)]
struct Tally {
    at_steps: AtomicU64,
    at_instants: AtomicU64,
    of_repairs: AtomicU64,
    lost_answers: AtomicU64,
}

impl Tally {
    fn kills(&self) -> u64 {
        [&self.at_steps, &self.at_instants, &self.of_repairs]
            .iter()
            .map(|n| n.load(Ordering::SeqCst))
            .sum()
    }
}

/// Journal steps of one stage that one life goes through.
struct Steps {
    /// The next to be killed at.
    next: u64,
    /// The number of steps that a run of the stage has, as far as is known: a run was killed at the one before.
    seen: u64,
    /// A run got to its end: there are no more.
    exhausted: bool,
}

/// Lives until there were so many kills and, if `every` step is wanted, every step was had.
fn live(number: u64, seed: u64, kills: u64, every: bool, tally: &Tally) -> Vec<u64> {
    let mut life = Life::begin(&["-phase-delay=30ms"]);
    let mut dice = Dice::new(seed + number);
    let mut steps: Vec<Steps> = STAGES
        .iter()
        .map(|_| Steps {
            next: number + 1,
            seen: 100,
            exhausted: false,
        })
        .collect();
    // How long each kind of run takes, about: learnt as the rounds go on, so that nearly every kill hits.
    let mut usual = [300; STAGES.len()];
    for round in 0.. {
        let done = tally.kills() >= kills && (!every || steps.iter().all(|s| s.exhausted));
        if done {
            break;
        }
        assert!(round < 60 + kills, "too few of the kills hit a living command");
        for (at, stage) in STAGES.into_iter().enumerate() {
            life.enter(stage);
            let mut faults = vec![format!(
                r#"{{"fault":"latency","ms":{},"calls":300}}"#,
                dice.below(12)
            )];
            let losing = dice
                .once_in(4)
                .then(|| LOSING[dice.below(LOSING.len() as u64) as usize]);
            if let Some(path) = losing {
                tally.lost_answers.fetch_add(1, Ordering::SeqCst);
                faults.push(format!(r#"{{"fault":"drop_after","calls":1,"path":"{path}"}}"#));
            }
            if dice.once_in(3) {
                faults.push(r#"{"fault":"late_lists","ms":150}"#.to_owned());
            }
            life.faults(&faults);
            let of_stage = &mut steps[at];
            let by_step = cfg!(debug_assertions)
                && if every {
                    !of_stage.exhausted
                } else {
                    dice.once_in(2)
                };
            let end = match (by_step, every) {
                (true, true) => End::AtStep(of_stage.next),
                (true, false) => End::AtStep(1 + dice.below(of_stage.seen)),
                (false, _) => End::After(15 + dice.below(usual[at])),
            };
            let killed = life.kill(&life.command(), end);
            match end {
                End::AtStep(step) if killed => {
                    tally.at_steps.fetch_add(1, Ordering::SeqCst);
                    of_stage.seen = of_stage.seen.max(step + 10);
                    of_stage.next = step + LIVES;
                }
                End::AtStep(step) => {
                    of_stage.exhausted = true;
                    of_stage.seen = step.saturating_sub(1).max(1);
                }
                End::After(_) if killed => {
                    tally.at_instants.fetch_add(1, Ordering::SeqCst);
                    usual[at] += usual[at] / 20;
                }
                End::After(_) => usual[at] = usual[at] * 9 / 10,
            }
            let mut told = format!("{end:?}{}", if killed { "" } else { " (had ended)" });
            // Whoever comes to help may meet the same fate.
            if dice.once_in(4) {
                let end = End::AtStep(1 + dice.below(24));
                if life.kill_repair(end) {
                    tally.of_repairs.fetch_add(1, Ordering::SeqCst);
                    told.push_str(&format!(", the repair {end:?}"));
                }
            }
            life.mend(&format!(
                "seed {seed}, life {number}, round {round}, killed {told}, answer lost at {losing:?}"
            ));
        }
    }
    steps.iter().map(|s| s.seen).collect()
}

/// A hundred kills; `STREAMFORM_KILLS=1000` asks for so many, and for every journal step of every stage (nightly).
/// `STREAMFORM_KILL_SEED` has other instants.
#[test]
fn a_hundred_kills_lose_nothing_and_make_nothing_twice() {
    let number = |name: &str| std::env::var(name).ok().map(|n| n.parse::<u64>().unwrap());
    let wanted = number("STREAMFORM_KILLS");
    let seed = number("STREAMFORM_KILL_SEED").unwrap_or(1);
    let kills = wanted.unwrap_or(100);
    let tally = Arc::new(Tally::default());
    let lives: Vec<_> = (0..LIVES)
        .map(|life| {
            let tally = Arc::clone(&tally);
            thread::spawn(move || live(life, seed, kills, wanted.is_some(), &tally))
        })
        .collect();
    let steps: Vec<Vec<u64>> = lives.into_iter().map(|life| life.join().unwrap()).collect();
    assert!(tally.kills() >= kills);
    let most: Vec<String> = STAGES
        .iter()
        .enumerate()
        .map(|(at, stage)| {
            let most = steps.iter().map(|s| s[at]).max().unwrap_or_default();
            format!("{stage:?} {most}")
        })
        .collect();
    report(&format!(
        "seed {seed}: {} kills: {} at journal steps, {} at random instants, {} of repairs; {} answers lost besides; journal steps by stage: {}",
        tally.kills(),
        tally.at_steps.load(Ordering::SeqCst),
        tally.at_instants.load(Ordering::SeqCst),
        tally.of_repairs.load(Ordering::SeqCst),
        tally.lost_answers.load(Ordering::SeqCst),
        most.join(", ")
    ));
}

#[expect(
    clippy::print_stdout,
    reason = "seen with --nocapture: the numbers of a nightly run"
)]
fn report(text: &str) {
    println!("{text}");
}
