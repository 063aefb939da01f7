//! When a call is sent again, and after how long.

use std::time::Duration;

use jiff::Timestamp;
use rand::RngExt;

/// How calls are repeated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// How often a call may be sent again after the first time.
    pub retries: u32,
    /// The upper end of the first pause; each further one doubles it. The pause is drawn evenly from zero to there,
    /// so that many clients do not come back at the same moment.
    pub base: Duration,
    /// The longest pause that we choose ourselves.
    pub cap: Duration,
    /// The longest time that one call with all its repetitions may take. A server that asks for more is told no.
    pub budget: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            retries: 4,
            base: Duration::from_secs(1),
            cap: Duration::from_secs(30),
            budget: Duration::from_secs(5 * 60),
        }
    }
}

impl RetryPolicy {
    /// The pause before repetition number `attempt` (from 0).
    pub(super) fn pause(&self, attempt: u32) -> Duration {
        let top = self.base.saturating_mul(1_u32 << attempt.min(16)).min(self.cap);
        top.mul_f64(rand::rng().random_range(0.0..=1.0))
    }
}

/// Whether a status says "later".
pub(super) fn is_transient(status: u16) -> bool {
    status == 429 || (status >= 500 && status != 501)
}

/// The time that a `Retry-After` header asks for: seconds, or an HTTP date.
pub(super) fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<f64>() {
        // A fraction is not in the standard but is sent by some proxies.
        return (seconds.is_finite() && seconds >= 0.0)
            .then(|| Duration::from_secs_f64(seconds.min(86_400.0)));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(header)
        .ok()?;
    let seconds = at.as_second().saturating_sub(now.as_second()).max(0);
    Some(Duration::from_secs(seconds.unsigned_abs().min(86_400)))
}
