//! A state in a database looked at row by row, and what of it can be kept when rows are damaged. Other copies of it there are none.

use serde::Serialize;
use tokio_postgres::Client;

use super::link::Trouble;
use super::lock;
use super::schema::Tables;
use super::snapshot;
use super::snapshot::Row;
use super::snapshot::Rows;
use crate::Restored;
use crate::StateError;
use crate::check::Examined;
use crate::check::Finding;
use crate::check::count;
use crate::check::some;
use crate::contents::Contents;
use crate::contents::Standing;
use crate::document;
use crate::item::Codec;
use crate::item::Item;
use crate::item::digest;

/// Rows told apart.
struct Sorted {
    /// What reads well.
    contents: Contents,
    good: Vec<Item>,
    damaged: Vec<Row>,
    /// Why each of them is.
    why: Vec<String>,
    /// What cannot be judged from here: sealed with a key that is not at hand.
    closed: Option<StateError>,
}

fn sort(rows: &mut Rows, codec: &Codec, place: &str) -> Sorted {
    let mut sorted = Sorted {
        contents: Contents::empty(&rows.standing.lineage),
        good: Vec::new(),
        damaged: Vec::new(),
        why: Vec::new(),
        closed: None,
    };
    for row in rows.take() {
        let judged = row.item(place).and_then(|item| {
            sorted
                .contents
                .load(codec, &item)
                .map_err(|bad| bad.in_file(place.as_ref()))?;
            Ok(item)
        });
        match judged {
            Ok(item) => sorted.good.push(item),
            Err(error @ (StateError::Unseal { .. } | StateError::KeyFile { .. })) => {
                sorted.closed.get_or_insert(error);
            }
            Err(_) => {
                sorted.why.push(row.name());
                sorted.damaged.push(row);
            }
        }
    }
    sorted.contents.stand_at(&rows.standing);
    sorted
}

/// Examines the rows of a state as of one instant.
pub(super) fn examine(mut rows: Rows, codec: &Codec, place: &str) -> Examined {
    const PART: &str = "rows";
    let mut examined = Examined::default();
    let findings = &mut examined.findings;
    let (alive, dead): (Vec<_>, Vec<_>) = rows.locks.iter().partition(|lock| lock.alive);
    findings.push(match (alive.len(), dead.len()) {
        (0, 0) => Finding::well("lock", "Nobody held it"),
        (alive, 0) => Finding::well("lock", format!("{} at work", count(alive, "run"))),
        (_, dead) => Finding::note(
            "lock",
            format!(
                "{} did not end in order; the next run takes its lock over",
                count(dead, "run")
            ),
        ),
    });
    let sorted = sort(&mut rows, codec, place);
    if let Some(closed) = &sorted.closed {
        findings.push(Finding::wrong(PART, closed.to_string()));
    }
    if !sorted.why.is_empty() {
        findings.push(
            Finding::wrong(
                PART,
                format!("These were damaged or changed by another program: {}", some(&sorted.why)),
            )
            .advise("Bring the database back from a backup; or keep what reads well with `streamform state restore`, and import the rest."),
        );
    }
    let found = sorted.contents.standing();
    let wanted = &rows.standing;
    let adds_up = (found.count, &found.digest) == (wanted.count, &wanted.digest);
    if adds_up {
        findings.push(Finding::well(
            PART,
            format!("{} read well and add up", count(sorted.good.len(), "row")),
        ));
    } else if sorted.why.is_empty() && sorted.closed.is_none() {
        findings.push(
            Finding::wrong(
                PART,
                format!(
                    "There are {}, where {} were written: rows were lost, put back or changed by another program",
                    found.count, wanted.count
                ),
            )
            .advise("Bring the database back from a backup; or go on with the rows that there are with `streamform state restore`, and import the rest."),
        );
    }
    if adds_up {
        findings.push(Finding::well(
            "state",
            format!(
                "It can be read, with serial {}, commit {}",
                wanted.serial, wanted.seq
            ),
        ));
        let intents = sorted.contents.intents().cloned().collect();
        examined.state = Some((sorted.contents.view, intents));
    }
    examined
}

/// A damaged row, as it is set aside.
#[derive(Serialize)]
struct Aside<'a> {
    kind: &'a str,
    id: &'a str,
    envelope: &'a str,
}

/// Keeps the rows that read well, and sets the others aside in a document. The whole state is locked.
pub(super) async fn salvage(
    client: &mut Client,
    tables: &Tables,
    workspace: &str,
    codec: &Codec,
    place: &str,
) -> Result<Restored, Trouble> {
    let Some(mut rows) = snapshot::rows(client, tables, workspace, None).await? else {
        return Err(lock::lost(place, Vec::new()).into());
    };
    let sorted = sort(&mut rows, codec, place);
    if let Some(closed) = sorted.closed {
        return Err(closed.into());
    }
    let before = &rows.standing;
    let after = Standing {
        seq: before.seq + 1,
        serial: before.serial + 1,
        ..sorted.contents.standing()
    };
    if (after.count, &after.digest) == (before.count, &before.digest) {
        return Err(StateError::NoSnapshotsThere {
            place: place.to_owned(),
        }
        .into());
    }
    let name = format!("set-aside/{:020}", after.seq);
    let aside: Vec<Aside<'_>> = sorted
        .damaged
        .iter()
        .map(|row| Aside {
            kind: &row.kind,
            id: &row.id,
            envelope: &row.envelope,
        })
        .collect();
    let text = serde_json::to_string(&aside).unwrap_or_default();
    let stored = document::encode(codec, &name, &text, true)?.into_bytes();

    let transaction = client.transaction().await?;
    lock::state_row(&transaction, tables, workspace).await?;
    let keep = tables
        .sql("INSERT INTO {}.streamform_documents VALUES ($1, $2, $3) ON CONFLICT (workspace, name) DO UPDATE SET stored = $3");
    transaction.execute(&keep, &[&workspace, &name, &stored]).await?;
    let remove = tables.sql("DELETE FROM {}.streamform_items WHERE workspace = $1 AND kind = $2 AND id = $3");
    for row in &sorted.damaged {
        transaction
            .execute(&remove, &[&workspace, &row.kind, &row.id])
            .await?;
    }
    let put = tables.sql(
        "UPDATE {}.streamform_items SET digest = $4 WHERE workspace = $1 AND kind = $2 AND id = $3 AND digest <> $4",
    );
    for Item(kind, id, text) in &sorted.good {
        let Some(text) = text else { continue };
        let sum = format!("{:032x}", digest(*kind, id, text));
        transaction
            .execute(&put, &[&workspace, &kind.name(), id, &sum])
            .await?;
    }
    let stand = tables.sql(
        "UPDATE {}.streamform_states SET seq = $2, serial = $3, count = $4, digest = $5 WHERE workspace = $1",
    );
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    transaction
        .execute(
            &stand,
            &[
                &workspace,
                &number(after.seq),
                &number(after.serial),
                &number(after.count),
                &after.digest,
            ],
        )
        .await?;
    transaction.commit().await?;
    Ok(Restored {
        snapshot: place.into(),
        from_serial: before.serial,
        serial: after.serial,
        set_aside: format!("the document {name} beside the state").into(),
        lost: sorted.why,
    })
}
