//! How long a call or a wait may take, and who may end it early.

use std::time::Duration;
use std::time::Instant;

use crate::declared::Context;
use crate::protocol::Progress;

/// How often a sleeping call looks whether the run is being stopped.
const GLANCE: Duration = Duration::from_millis(50);

/// The patience of an operation: its deadline and the sign to stop.
#[derive(Clone, Copy, Default)]
pub struct Patience<'a> {
    progress: Option<&'a dyn Progress>,
    deadline: Option<Instant>,
}

impl<'a> Patience<'a> {
    /// The patience of an operation of a declared type.
    pub fn of(context: &Context<'a>) -> Self {
        Patience {
            progress: Some(context.progress),
            deadline: Some(context.deadline),
        }
    }

    /// A patience that ends at an instant and hears no sign to stop.
    pub fn until(deadline: Instant) -> Self {
        Patience {
            progress: None,
            deadline: Some(deadline),
        }
    }

    /// The same, but ending no later than `limit` from now.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        let end = Instant::now() + limit;
        self.deadline = Some(self.deadline.map_or(end, |d| d.min(end)));
        self
    }

    /// Whether the run is being stopped.
    pub fn stopping(&self) -> bool {
        self.progress.is_some_and(Progress::stopping)
    }

    /// The time that is left; none: no end.
    pub fn left(&self) -> Option<Duration> {
        self.deadline.map(|d| d.saturating_duration_since(Instant::now()))
    }

    /// Shows a phase.
    pub fn phase(&self, text: &str) {
        if let Some(progress) = self.progress {
            progress.phase(text);
        }
    }

    /// Sleeps; false if it was ended early by the sign to stop.
    pub async fn sleep(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        loop {
            if self.stopping() {
                return false;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            let nap = if self.progress.is_some() {
                left.min(GLANCE)
            } else {
                left
            };
            tokio::time::sleep(nap).await;
        }
    }
}
