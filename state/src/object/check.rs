//! Looks at every object of a state: what a run trusts when it opens it, and what it would fall back on.

use std::path::PathBuf;

use super::bucket::Bucket;
use super::copies;
use super::copies::Copy;
use super::lease::Lease;
use super::medium;
use super::places::Place;
use super::record;
use crate::StateError;
use crate::check::Examined;
use crate::check::Finding;
use crate::check::count;
use crate::contents::Contents;
use crate::item::Codec;

/// What brings a damaged state back.
const RESTORE: &str = "Go back to the newest snapshot that reads well with `streamform state restore`.";

/// Examines a state whose lock is held.
pub(super) fn examine(
    bucket: &Bucket,
    place: &Place,
    lease: &Lease,
    codec: &Codec,
) -> Result<Examined, StateError> {
    let mut examined = Examined::default();
    let findings = &mut examined.findings;
    findings.push(match &lease.taken_over {
        None => Finding::well("lock", "Nobody held it"),
        Some(dead) => Finding::note(
            "lock",
            format!(
                "{} held it for {} since {} and did not end in order; there was no sign of life from process {}",
                dead.who, dead.operation, dead.created, dead.pid
            ),
        ),
    });
    findings.push(manifest(bucket, place)?);
    let good = snapshots(bucket, place, codec, findings)?;
    findings.push(log(bucket, place, codec, &good)?);
    match medium::read(bucket, place, codec, "") {
        Ok(read) => {
            let standing = read.contents.standing();
            findings.push(Finding::well(
                "state",
                format!(
                    "It can be read, with serial {}, commit {}",
                    standing.serial, standing.seq
                ),
            ));
            let intents = read.contents.intents().cloned().collect();
            examined.state = Some((read.contents.view, intents));
        }
        Err(error @ StateError::Remote { .. }) => return Err(error),
        Err(error) => findings.push(wrong("state", &error)),
    }
    Ok(examined)
}

fn wrong(part: &'static str, error: &StateError) -> Finding {
    let finding = Finding::wrong(part, error.to_string());
    if copies::is_no_damage(error) {
        finding
    } else {
        finding.advise(RESTORE)
    }
}

fn manifest(bucket: &Bucket, place: &Place) -> Result<Finding, StateError> {
    const PART: &str = "manifest";
    let path = PathBuf::from(bucket.place(&place.manifest()));
    let Some(found) = bucket.get(&place.manifest())? else {
        return Ok(Finding::note(
            PART,
            "There is none yet: no run has ended in order",
        ));
    };
    Ok(match record::read_manifest(&path, &found.bytes) {
        Ok(manifest) => Finding::well(
            PART,
            format!(
                "The last run ended with serial {}, commit {}",
                manifest.standing.serial, manifest.standing.seq
            ),
        ),
        Err(error) => wrong(PART, &error),
    })
}

/// Reads every snapshot; those that read well.
fn snapshots(
    bucket: &Bucket,
    place: &Place,
    codec: &Codec,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Copy>, StateError> {
    const PART: &str = "snapshots";
    let all = copies::all(bucket, place)?;
    let many = all.len();
    let mut good = Vec::new();
    for (i, copy) in all.into_iter().enumerate() {
        match copy.read(bucket, codec) {
            Ok(_) => good.push(copy),
            Err(error @ StateError::Remote { .. }) => return Err(error),
            Err(error) if i == 0 => findings.push(wrong(PART, &error)),
            Err(error) => findings.push(
                Finding::wrong(PART, error.to_string())
                    .advise("It is an older copy, and nothing needs it now. Delete the object."),
            ),
        }
    }
    if good.len() == many {
        findings.push(Finding::well(
            PART,
            match many {
                0 => "There are none yet".to_owned(),
                1 => "The only one reads well".to_owned(),
                many => format!("All {many} read well"),
            },
        ));
    }
    Ok(good)
}

/// Reads every commit, and adds up those after the oldest snapshot that the log joins.
fn log(bucket: &Bucket, place: &Place, codec: &Codec, good: &[Copy]) -> Result<Finding, StateError> {
    const PART: &str = "log";
    let names = bucket.below(&place.log(), None)?;
    let joins = |copy: &&Copy| {
        names
            .first()
            .is_some_and(|first| *first <= place.commit(copy.commit + 1))
    };
    let mut contents = match good.iter().filter(joins).min_by_key(|copy| copy.commit) {
        Some(base) => base.read(bucket, codec)?.0,
        None => Contents::empty(""),
    };
    let found = bucket.get_all(names.clone())?;
    let mut after = 0;
    for (name, found) in names.iter().zip(found) {
        let path = PathBuf::from(bucket.place(name));
        let read = found
            .ok_or_else(|| StateError::corrupt(&path, "it was removed"))
            .and_then(|found| record::read_commit(&path, &found.bytes))
            .and_then(|(_, commit)| {
                if commit.standing.seq <= contents.seq {
                    return Ok(());
                }
                after += 1;
                medium::take(&mut contents, codec, &path, &commit)
            });
        if let Err(error) = read {
            return Ok(wrong(PART, &error));
        }
    }
    Ok(Finding::well(
        PART,
        match (names.len(), after) {
            (0, _) => "It is empty: the newest snapshot has everything".to_owned(),
            (all, 0) => format!(
                "{} read well, and a snapshot has all of them",
                count(all, "commit")
            ),
            (all, added) => format!(
                "{} read well, and the {added} after a snapshot add up",
                count(all, "commit")
            ),
        },
    ))
}
