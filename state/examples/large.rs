//! Times of a large state: `cargo run --release -p streamform-state --example large -- FOLDER [RECORDS]` makes one in
//! `FOLDER` (600 bytes a record) unless there is one, and reads it in the ways of the commands.
#![allow(clippy::print_stdout, reason = "it is a program that prints")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use streamform_state::Entry;
use streamform_state::HolderInfo;
use streamform_state::LockWait;
use streamform_state::Mode;
use streamform_state::Object;
use streamform_state::RawJson;
use streamform_state::Record;
use streamform_state::Store;
use streamform_state::read_view;

/// Records that one commit of the generator takes.
const BATCH: usize = 1000;

fn record(number: usize) -> Result<Record, serde_json::Error> {
    let attributes = format!(
        "{{\"id\":\"lkc-{number:06}/topic-{number}\",\"topic_name\":\"topic-{number}\",\"partitions_count\":6,\"config\":{{\"cleanup.policy\":\"compact\",\"retention.ms\":\"{}\"}},\"note\":\"{}\"}}",
        number * 1000,
        "n".repeat(180)
    );
    Ok(Record {
        address: format!(
            "module.team[\"t{}\"].confluent_kafka_topic.table[{number}]",
            number % 100
        ),
        mode: Mode::Managed,
        type_name: "confluent_kafka_topic".into(),
        provider: "provider[\"registry.terraform.io/confluentinc/confluent\"]".into(),
        current: Some(Object {
            attributes: RawJson::from_text(attributes)?,
            dependencies: vec!["module.team.confluent_kafka_cluster.main".into()],
            ..Object::default()
        }),
        deposed: BTreeMap::new(),
        version: 0,
    })
}

fn open(dir: &Path) -> Result<Store, Box<dyn std::error::Error>> {
    let holder = HolderInfo::new(
        "OperationTypeApply",
        "ada@engine",
        "run-1",
        "2026-11-21T10:00:00Z",
    );
    Ok(Store::open(dir, holder, LockWait::No)?)
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    println!("{what:<34} {:>9.2} ms", began.elapsed().as_secs_f64() * 1000.0);
    done
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let dir = args.next().ok_or("say in which folder")?;
    let dir = Path::new(&dir);
    let records: usize = args.next().map_or(Ok(100_000), |text| text.parse())?;
    if !dir.join("manifest.json").exists() {
        let mut store = open(dir)?;
        timed("commits", || -> Result<(), Box<dyn std::error::Error>> {
            for from in (0..records).step_by(BATCH) {
                let batch = (from..records.min(from + BATCH))
                    .map(|number| record(number).map(Entry::Put))
                    .collect::<Result<_, _>>()?;
                store.commit(batch)?;
            }
            Ok(())
        })?;
        timed("finish", || store.finish())?;
    }
    let view = timed("open for reading", || read_view(dir))?;
    println!("{:<34} {:>9}", "records", view.len());
    timed("all addresses", || view.addresses().map(str::len).sum::<usize>());
    let one = record(records / 2)?.address;
    timed("one record", || view.get(&one).map(|record| record.version));
    let mut store = timed("open for writing", || open(dir))?;
    let mut changed = record(records / 2)?;
    changed.type_name = format!("changed-{}", store.view().serial());
    timed("one commit", || store.commit(vec![Entry::Put(changed)]))?;
    timed("finish after one change", || store.finish())?;
    let view = timed("open for reading, with a log", || read_view(dir))?;
    timed("all records", || {
        view.records().map(|record| record.address.len()).sum::<usize>()
    });
    Ok(())
}
