//! The lock: a lease that its holder renews, with a number that rises each time it changes hands.
//!
//! The lock is an object that is only ever written on the condition that nobody else did. A holder that gives no sign of life
//! for as long as the lease lasts, by the server's clock, is dead: whoever comes next takes over and first makes a commit of its
//! own, so that the old one, should it wake up, finds that number taken.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use serde::Deserialize;
use serde::Serialize;
use tokio::sync::Mutex as AsyncMutex;

use super::bucket::Bucket;
use super::bucket::Found;
use super::bucket::Written;
use crate::AfterAKill;
use crate::HolderInfo;
use crate::LockWait;
use crate::StateError;

const VERSION: u64 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Hold {
    /// Somebody has it.
    Held,
    /// Its last holder has ended in order.
    Free,
    /// It was taken away from its holder, who may still be alive.
    Broken,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Document {
    format: String,
    version: u64,
    /// Rises each time the lock is taken.
    fence: u64,
    hold: Hold,
    /// How long the holder may be silent.
    lease_seconds: u64,
    /// Signs of life: no two versions of the object are equal, and so neither are their tags.
    beat: u64,
    holder: HolderInfo,
}

impl Document {
    fn read(place: &str, found: &Found) -> Result<Self, StateError> {
        let document: Self = serde_json::from_slice(&found.bytes)
            .map_err(|_| StateError::corrupt(place.as_ref(), "it is no lock"))?;
        if document.version > VERSION {
            return Err(StateError::NewerFormat {
                path: place.into(),
                found: document.version,
                supported: VERSION,
            });
        }
        Ok(document)
    }

    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// How many seconds the lease still lasts, if somebody has it. Clocks tell whole seconds: one more is waited.
    fn left(&self, written: i64, now: i64) -> Option<u64> {
        if self.hold != Hold::Held {
            return None;
        }
        let silent = u64::try_from(now - written).unwrap_or(0);
        (self.lease_seconds + 1)
            .checked_sub(silent)
            .filter(|left| *left > 0)
    }
}

/// The lock, held. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Lease {
    beats: Arc<Beats>,
    pub(super) fence: u64,
    pub(super) holder: HolderInfo,
    /// The one before did not end in order: who it was.
    pub(super) taken_over: Option<HolderInfo>,
    /// The one before may be alive: its number of commits must be closed to it.
    pub(super) must_fence: bool,
}

/// What the renewing task and the holder share.
#[derive(Debug)]
struct Beats {
    bucket: Bucket,
    key: String,
    lease: Duration,
    /// The lock as it was written last, and its tag.
    current: AsyncMutex<(Document, Option<String>)>,
    pulse: Mutex<Pulse>,
}

#[derive(Debug)]
struct Pulse {
    last: Instant,
    last_by_the_clock: SystemTime,
    lost: Option<String>,
    ended: bool,
}

/// Takes the lock, waiting for it if so told.
pub(super) fn acquire(
    bucket: &Bucket,
    key: &str,
    holder: &HolderInfo,
    wait: LockWait,
    lease: Duration,
) -> Result<Lease, StateError> {
    let mut waiting = wait.begin(Duration::ZERO, Duration::from_millis(100), Duration::from_secs(2));
    loop {
        match attempt(bucket, key, holder, lease)? {
            Ok(taken) => return Ok(taken),
            Err(Some((other, left))) => {
                if !waiting.pause() {
                    return Err(StateError::Locked {
                        place: bucket.place(key),
                        holder: Some(Box::new(other)),
                        after_a_kill: AfterAKill::RunsOut(left),
                    });
                }
            }
            // Somebody was faster, or let go at this moment: look again.
            Err(None) => {}
        }
    }
}

type Attempt = Result<Lease, Option<(HolderInfo, u64)>>;

fn attempt(bucket: &Bucket, key: &str, holder: &HolderInfo, lease: Duration) -> Result<Attempt, StateError> {
    let place = bucket.place(key);
    let found = bucket.get(key)?;
    let before = found
        .as_ref()
        .map(|found| Document::read(&place, found))
        .transpose()?;
    if let (Some(document), Some(found)) = (&before, &found)
        && let Some(left) = document.left(found.written, bucket.clock.now())
    {
        return Ok(Err(Some((document.holder.clone(), left))));
    }
    let document = Document {
        format: "streamform-lock".into(),
        version: VERSION,
        fence: before.as_ref().map_or(1, |before| before.fence + 1),
        hold: Hold::Held,
        lease_seconds: lease.as_secs().max(1),
        beat: 0,
        holder: holder.clone(),
    };
    let version = found.map(|found| found.etag);
    let Written::Done(etag) = bucket.put_if(key, document.bytes(), version)? else {
        // A write whose answer was lost is seen as a refusal when it is sent again.
        let again = bucket.get(key)?;
        let ours =
            again.filter(|found| Document::read(&place, found).is_ok_and(|d| d.holder.id == holder.id));
        return match ours {
            Some(found) => Ok(Ok(held(bucket, key, document, found.etag, before))),
            None => Ok(Err(None)),
        };
    };
    Ok(Ok(held(bucket, key, document, etag, before)))
}

fn held(
    bucket: &Bucket,
    key: &str,
    document: Document,
    etag: Option<String>,
    before: Option<Document>,
) -> Lease {
    let lease = Duration::from_secs(document.lease_seconds);
    let (fence, holder) = (document.fence, document.holder.clone());
    let beats = Arc::new(Beats {
        bucket: bucket.clone(),
        key: key.to_owned(),
        lease,
        current: AsyncMutex::new((document, etag)),
        pulse: Mutex::new(Pulse {
            last: Instant::now(),
            last_by_the_clock: SystemTime::now(),
            lost: None,
            ended: false,
        }),
    });
    let beating = Arc::downgrade(&beats);
    bucket.thread.spawn(async move {
        loop {
            tokio::time::sleep(lease / 3).await;
            let Some(beats) = beating.upgrade() else { return };
            if beats.is_over() {
                return;
            }
            if let Err(error) = beats.renew(Hold::Held).await {
                tracing::warn!(%error, "the lock could not be renewed");
            }
        }
    });
    let unclean = before.filter(|before| before.hold != Hold::Free);
    Lease {
        beats,
        fence,
        holder,
        must_fence: unclean.is_some(),
        taken_over: unclean.filter(|b| b.hold == Hold::Held).map(|b| b.holder),
    }
}

impl Beats {
    fn pulse(&self) -> std::sync::MutexGuard<'_, Pulse> {
        self.pulse.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        let pulse = self.pulse();
        pulse.ended || pulse.lost.is_some()
    }

    /// Gives a sign of life, or lets go.
    async fn renew(&self, hold: Hold) -> Result<(), StateError> {
        let mut current = self.current.lock().await;
        if self.is_over() && hold == Hold::Held {
            return Ok(());
        }
        let (document, etag) = &mut *current;
        let mut next = document.clone();
        next.beat += 1;
        next.hold = hold;
        let at = (Instant::now(), SystemTime::now());
        let written = self
            .bucket
            .store_if(&self.key, next.bytes(), Some(etag.clone()))
            .await?;
        let tag = match written {
            Written::Done(tag) => tag,
            Written::Refused => {
                let place = self.bucket.place(&self.key);
                let found = self.bucket.fetch(&self.key).await?;
                let now = found
                    .as_ref()
                    .map(|found| Document::read(&place, found))
                    .transpose()?;
                match (found, now) {
                    // An earlier renewal whose answer was lost.
                    (Some(found), Some(now)) if now.fence == next.fence && now.hold == Hold::Held => {
                        next.beat = now.beat;
                        found.etag
                    }
                    (_, now) => {
                        let who = now.map_or_else(
                            || "its lock is gone".to_owned(),
                            |now| match now.hold {
                                Hold::Broken => "its lock was taken away (force-unlock)".to_owned(),
                                _ => format!("it was taken over by {}", now.holder.who),
                            },
                        );
                        self.pulse().lost = Some(who);
                        return Ok(());
                    }
                }
            }
        };
        *document = next;
        *etag = tag;
        let mut pulse = self.pulse();
        pulse.last = at.0;
        pulse.last_by_the_clock = at.1;
        Ok(())
    }
}

impl Lease {
    /// Makes sure that the lock is still ours, as far as that can be known here.
    pub(super) fn check(&self) -> Result<(), StateError> {
        let silent = {
            let pulse = self.beats.pulse();
            // A machine that slept may not have counted it.
            let slept = pulse.last_by_the_clock.elapsed().unwrap_or_default();
            pulse.last.elapsed().max(slept)
        };
        if silent > self.beats.lease && !self.beats.is_over() {
            let beats = Arc::clone(&self.beats);
            let renewed = self
                .beats
                .bucket
                .thread
                .run(async move { beats.renew(Hold::Held).await });
            renewed.unwrap_or(Ok(()))?;
        }
        match &self.beats.pulse().lost {
            None => Ok(()),
            Some(why) => Err(self.lost(why)),
        }
    }

    /// The error of a lock that is no longer ours.
    pub(super) fn lost(&self, why: &str) -> StateError {
        StateError::LockLost {
            place: self.beats.bucket.place(&self.beats.key),
            detail: why.to_owned(),
            by: None,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let beats = Arc::clone(&self.beats);
        // Who has not closed the way to the one before leaves that to the next one.
        let hold = if self.must_fence { Hold::Broken } else { Hold::Free };
        if !beats.is_over() {
            // If this fails, the lease runs out by itself.
            let thread = beats.bucket.thread.clone();
            let _ = thread.run(async move {
                let limit = Duration::from_secs(10);
                let _ = tokio::time::timeout(limit, beats.renew(hold)).await;
                beats.pulse().ended = true;
            });
        }
    }
}

/// Who holds the lock at this moment.
pub(super) fn info(bucket: &Bucket, key: &str) -> Result<Option<HolderInfo>, StateError> {
    let Some(found) = bucket.get(key)? else {
        return Ok(None);
    };
    let document = Document::read(&bucket.place(key), &found)?;
    let held = document.left(found.written, bucket.clock.now()).is_some();
    Ok(held.then_some(document.holder))
}

/// Takes the lock away from its holder, who cannot commit any more.
pub(super) fn force_unlock(bucket: &Bucket, key: &str, id: &str) -> Result<HolderInfo, StateError> {
    let place = bucket.place(key);
    loop {
        let not_locked = || StateError::NotLocked {
            path: place.clone().into(),
        };
        let found = bucket.get(key)?.ok_or_else(not_locked)?;
        let mut document = Document::read(&place, &found)?;
        if document.hold != Hold::Held {
            return Err(not_locked());
        }
        if document.holder.id != id {
            return Err(StateError::OtherLock {
                path: place.into(),
                asked: id.to_owned(),
                found: document.holder.id,
            });
        }
        document.hold = Hold::Broken;
        document.beat += 1;
        if let Written::Done(_) = bucket.put_if(key, document.bytes(), Some(found.etag))? {
            return Ok(document.holder);
        }
    }
}
