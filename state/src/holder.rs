//! Who holds a state's lock.

use std::fmt;
use std::time::Duration;
use std::time::Instant;

use serde::Deserialize;
use serde::Serialize;

/// Who holds the lock, and why. Written into the lock file so that the next one can say who is in the way; the lock itself
/// is the kernel's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolderInfo {
    /// Unique name of this lock (a UUID): what `force-unlock` takes.
    pub id: String,
    /// What the holder does, as Terraform names it: `OperationTypeApply`, `OperationTypePlan`, …
    pub operation: String,
    /// `user@host`.
    pub who: String,
    /// Process number of the holder on its host.
    pub pid: u32,
    /// Version of the program.
    pub version: String,
    /// Since when, RFC 3339.
    pub created: String,
    /// The run.
    pub run: String,
}

impl HolderInfo {
    /// Describes this process. `created` is RFC 3339, by the caller's clock.
    pub fn new(
        operation: impl Into<String>,
        who: impl Into<String>,
        run: impl Into<String>,
        created: impl Into<String>,
    ) -> Self {
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            operation: operation.into(),
            who: who.into(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").into(),
            created: created.into(),
            run: run.into(),
        }
    }
}

impl fmt::Display for HolderInfo {
    /// The block that Terraform prints under "Lock Info:".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  ID:        {}", self.id)?;
        writeln!(f, "  Operation: {}", self.operation)?;
        writeln!(f, "  Who:       {} (process {})", self.who, self.pid)?;
        writeln!(f, "  Version:   {}", self.version)?;
        writeln!(f, "  Created:   {}", self.created)?;
        write!(f, "  Run:       {}", self.run)
    }
}

/// How long to wait for a lock that somebody holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LockWait {
    /// Not at all.
    #[default]
    No,
    /// Up to this long.
    UpTo(Duration),
}

impl LockWait {
    /// Begins to wait, at least for `grace`: first for `pause` between two attempts, then twice as long each time, up to `longest`.
    pub(crate) fn begin(self, grace: Duration, pause: Duration, longest: Duration) -> Waiting {
        let limit = match self {
            Self::No => Duration::ZERO,
            Self::UpTo(limit) => limit,
        };
        Waiting {
            started: Instant::now(),
            limit: limit.max(grace),
            pause,
            longest,
        }
    }
}

/// Somebody who waits for a lock.
#[derive(Debug)]
pub(crate) struct Waiting {
    started: Instant,
    limit: Duration,
    pause: Duration,
    longest: Duration,
}

impl Waiting {
    /// Sleeps before the next attempt. False: the time is over.
    pub(crate) fn pause(&mut self) -> bool {
        let left = self.limit.saturating_sub(self.started.elapsed());
        if left.is_zero() {
            return false;
        }
        std::thread::sleep(self.pause.min(left));
        self.pause = (self.pause * 2).min(self.longest);
        true
    }
}
