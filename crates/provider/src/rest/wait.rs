//! Polling of a real condition.

use std::future::Future;
use std::time::Duration;
use std::time::Instant;

use super::CallError;
use super::Patience;

/// How many looks in a row may fail for a reason that passes, each after all its repetitions.
const BAD_LOOKS: u32 = 3;

/// What one look at the object found.
#[derive(Debug)]
pub enum Poll<T> {
    /// The condition holds.
    Done(T),
    /// Not yet; the text is shown: `PROVISIONING`.
    Pending(String),
    /// It will never hold; the text says why.
    Failed(String),
}

/// How the pauses between two looks grow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    start: Duration,
    factor: f64,
    cap: Duration,
}

impl Schedule {
    /// Pauses from 200 ms, each half again as long, up to the interval that the API's documentation names.
    /// On this machine (`loopback`) they stay short.
    pub fn new(documented: Duration, loopback: bool) -> Self {
        if loopback {
            Schedule {
                start: Duration::from_millis(2),
                factor: 1.5,
                cap: documented.min(Duration::from_millis(100)),
            }
        } else {
            Schedule {
                start: Duration::from_millis(200),
                factor: 1.5,
                cap: documented,
            }
        }
    }

    fn grow(&self, pause: Duration) -> Duration {
        pause.mul_f64(self.factor).min(self.cap)
    }
}

/// Why a wait ended without its condition.
#[derive(Debug)]
pub enum WaitError {
    /// A look failed.
    Call(CallError),
    /// The condition will never hold.
    Failed(String),
    /// The time is up; what was seen last, and after how long.
    TimedOut(String, Duration),
    /// The run is being stopped; what was seen last.
    Stopped(String),
}

/// Looks at once, then again and again until the condition holds, fails, or the patience ends.
///
/// # Errors
///
/// See [`WaitError`].
pub async fn wait_until<T, Fut>(
    what: &str,
    schedule: Schedule,
    patience: Patience<'_>,
    mut look: impl FnMut() -> Fut + Send,
) -> Result<T, WaitError>
where
    Fut: Future<Output = Result<Poll<T>, CallError>> + Send,
{
    let start = Instant::now();
    let mut pause = schedule.start;
    let mut shown = String::new();
    let mut bad_looks = 0;
    loop {
        let seen = match look().await {
            Ok(Poll::Done(value)) => return Ok(value),
            Ok(Poll::Failed(why)) => return Err(WaitError::Failed(why)),
            Ok(Poll::Pending(seen)) => {
                bad_looks = 0;
                seen
            }
            // A wait of hours must not end because the service has a bad minute.
            Err(error) if error.is_transient() && bad_looks < BAD_LOOKS => {
                bad_looks += 1;
                error.short()
            }
            Err(error) => return Err(WaitError::Call(error)),
        };
        if seen != shown {
            patience.phase(&format!("{what} ({seen})"));
            shown.clone_from(&seen);
        }
        // Near the end the pauses become short, so that the last look is a late one.
        let nap = match patience.left() {
            Some(left) if left < schedule.start => {
                return Err(WaitError::TimedOut(seen, start.elapsed()));
            }
            Some(left) => pause.min(left.mul_f64(0.9)),
            None => pause,
        };
        if !patience.sleep(nap).await {
            return Err(WaitError::Stopped(seen));
        }
        pause = schedule.grow(pause);
    }
}

impl WaitError {
    /// What happened, as the end of a sentence that says what was waited for.
    pub fn sentence(&self) -> String {
        match self {
            WaitError::Call(error) => error.short(),
            WaitError::Failed(why) => why.clone(),
            WaitError::TimedOut(seen, after) => {
                format!("it was still {seen:?} after {}", minutes(*after))
            }
            WaitError::Stopped(seen) => format!("the run was stopped while it was {seen:?}"),
        }
    }

    /// What the user can do.
    pub fn next_step(&self) -> String {
        match self {
            WaitError::Call(error) => error.next_step().to_owned(),
            WaitError::Failed(_) => {
                "The object is kept as tainted: the next apply replaces it once the cause is removed.".to_owned()
            }
            WaitError::TimedOut(..) => {
                "Run apply again to go on waiting, or set a longer time in the resource's \"timeouts\" block if it has one."
                    .to_owned()
            }
            WaitError::Stopped(_) => "Run apply again to go on.".to_owned(),
        }
    }
}

fn minutes(time: Duration) -> String {
    match time.as_secs() {
        s if s < 120 => format!("{s} s"),
        s if s < 7200 => format!("{} min", s / 60),
        s => format!("{} h", s / 3600),
    }
}
