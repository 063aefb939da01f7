//! Time as the emulator sees it: the machine's clock plus an offset that a test may advance.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A moment: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Moment(pub(crate) i64);

impl Moment {
    /// RFC 3339 with microseconds, as the control plane prints times.
    pub(crate) fn rfc3339(self) -> String {
        Timestamp::from_microsecond(self.0)
            .map_or_else(|_| "1970-01-01T00:00:00Z".to_owned(), |t| format!("{t:.6}"))
    }

    /// RFC 3339 with whole seconds, as the Flink gateway prints times.
    pub(crate) fn rfc3339_seconds(self) -> String {
        Timestamp::from_microsecond(self.0)
            .map_or_else(|_| "1970-01-01T00:00:00Z".to_owned(), |t| format!("{t:.0}"))
    }

    /// Whether `delay` has gone by between this moment and `now`.
    pub(crate) fn is_past(self, delay: Duration, now: Moment) -> bool {
        i128::from(now.0) - i128::from(self.0) >= i128::try_from(delay.as_micros()).unwrap_or(i128::MAX)
    }

    /// This moment moved by `delay`, at most to the end of time.
    pub(crate) fn plus(self, delay: Duration) -> Moment {
        Moment(
            self.0
                .saturating_add(i64::try_from(delay.as_micros()).unwrap_or(i64::MAX)),
        )
    }
}

/// The machine's clock plus an offset.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_micros: AtomicI64,
}

impl Clock {
    /// The present moment.
    pub(crate) fn now(&self) -> Moment {
        let offset = self.offset_micros.load(Ordering::Relaxed);
        Moment(Timestamp::now().as_microsecond().saturating_add(offset))
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.offset_micros.fetch_add(micros, Ordering::Relaxed);
    }
}
