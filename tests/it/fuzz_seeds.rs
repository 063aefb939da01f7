//! What the fuzz harnesses begin with, and what they once found, through the same entry functions: on the stable
//! toolchain, every time.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use crate::sandbox::Sandbox;

#[path = "../../fuzz/entries/evaluator.rs"]
mod evaluator;
#[path = "../../fuzz/entries/parser.rs"]
mod parser;
#[path = "../../fuzz/entries/plan_file.rs"]
mod plan_file;
#[path = "../../fuzz/entries/state_json.rs"]
mod state_json;

/// Longer than any seed may take, also in an unoptimised build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs every seed of a harness, and every beginning of it: a file that was cut off is the commonest damage.
fn run_all(name: &str, entry: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(name);
    let mut count = 0;
    for file in fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let began = Instant::now();
        entry(&bytes);
        assert!(
            began.elapsed() < PATIENCE,
            "{} takes {:?}",
            path.display(),
            began.elapsed()
        );
        if bytes.len() < 4_000 {
            for cut in (0..bytes.len()).step_by(1 + bytes.len() / 20) {
                entry(&bytes[..cut]);
            }
        }
        count += 1;
    }
    assert!(count >= 3, "{} has only {count} seeds", folder.display());
}

#[test]
fn the_parser_survives_its_seeds() {
    run_all("parser", parser::run);
}

#[test]
fn the_evaluator_survives_its_seeds() {
    run_all("evaluator", evaluator::run);
}

#[test]
fn the_reader_of_plan_files_survives_its_seeds() {
    run_all("plan_file", plan_file::run);
}

#[test]
fn a_small_file_that_unpacks_to_a_large_one_is_refused() {
    let mut bytes = b"streamform-plan\n".to_vec();
    let mut packed = flate2::write::GzEncoder::new(&mut bytes, flate2::Compression::best());
    for _ in 0..80 {
        packed.write_all(&[b'['; 1 << 20]).unwrap();
    }
    packed.finish().unwrap();
    let sandbox = Sandbox::new();
    sandbox.write("p", bytes);
    sandbox
        .fail(["show", "p"])
        .says("the plan file is damaged: its 8")
        .says("as those of no plan do");
}

#[test]
fn the_reader_of_state_files_survives_its_seeds() {
    run_all("state_json", state_json::run);
}
