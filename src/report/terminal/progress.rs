//! What happens while it happens: plain lines, or a live view on a terminal.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::Weak;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use indicatif::ProgressBar;
use indicatif::ProgressStyle;

use crate::plan::Event;
use crate::plan::Observer;
use crate::plan::Operation;
use crate::report::diagnostic::diagnostic_text;
use crate::report::paint::Ink;
use crate::report::paint::Paint;
use crate::report::ui::Ui;
use crate::report::value_text::clean;
use streamform_lang::diag::Sources;
use streamform_lang::value::Value;

/// After how long, and how often, a running operation is told again.
const REMIND: Duration = Duration::from_secs(10);
/// More than so many running operations are not drawn: they would scroll the screen away.
const MOST_BARS: usize = 12;

/// Shows events of the engine on standard error.
pub struct Progress {
    ui: Ui,
    running: Mutex<BTreeMap<String, Running>>,
    /// One line for all that is read: there may be thousands, each of them quick.
    reading: Mutex<Reading>,
    /// Ends the reminder when it is dropped.
    _end: Mutex<Option<mpsc::Sender<()>>>,
}

#[derive(Default)]
struct Reading {
    now: usize,
    done: usize,
    bar: Option<ProgressBar>,
}

struct Running {
    operation: Operation,
    since: Instant,
    told: u32,
    phase: Option<String>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Shows events through `ui`. Operations that take long are told again every ten seconds, or drawn if `ui` is live.
    pub fn new(ui: Ui) -> Arc<Progress> {
        let (end, ended) = mpsc::channel::<()>();
        let progress = Arc::new(Progress {
            ui,
            running: Mutex::default(),
            reading: Mutex::default(),
            _end: Mutex::new(Some(end)),
        });
        if !progress.ui.settings().live {
            let weak: Weak<Progress> = Arc::downgrade(&progress);
            std::thread::spawn(move || {
                while let Err(mpsc::RecvTimeoutError::Timeout) =
                    ended.recv_timeout(Duration::from_millis(500))
                {
                    let Some(progress) = weak.upgrade() else { return };
                    progress.remind(Instant::now());
                }
            });
        }
        progress
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells again what has been running for ten seconds more.
    pub(super) fn remind(&self, now: Instant) {
        let mut lines = String::new();
        for (address, r) in self.lock().iter_mut() {
            let elapsed = now.saturating_duration_since(r.since);
            let turns = (elapsed.as_secs() / REMIND.as_secs()) as u32;
            if turns > r.told {
                r.told = turns;
                let elapsed = REMIND * turns;
                lines.push_str(&still_line(
                    address,
                    r.operation,
                    elapsed,
                    r.phase.as_deref(),
                    self.paint(),
                ));
            }
        }
        if !lines.is_empty() {
            self.ui.err(&lines);
        }
    }

    fn paint(&self) -> Paint {
        self.ui.err_style().paint
    }

    fn spinner(&self, message: String) -> ProgressBar {
        let bar = self.ui.bars().add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(message);
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }

    /// Counts objects that are being read; the line goes when none is left.
    fn count_reading(&self, begins: bool) {
        if !self.ui.settings().live {
            return;
        }
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if begins {
            reading.now += 1;
            if reading.bar.is_none() {
                reading.bar = Some(self.spinner(String::new()));
            }
        } else {
            reading.now = reading.now.saturating_sub(1);
            reading.done += 1;
        }
        if let Some(bar) = &reading.bar {
            bar.set_message(format!("Refreshing state... {} read", reading.done));
        }
        if reading.now == 0
            && let Some(bar) = reading.bar.take()
        {
            bar.finish_and_clear();
            self.ui.bars().remove(&bar);
        }
    }

    fn begin(&self, address: &str, operation: Operation) {
        if operation == Operation::Refresh {
            return self.count_reading(true);
        }
        let mut running = self.lock();
        let bar = (self.ui.settings().live && running.len() < MOST_BARS)
            .then(|| self.spinner(clean(&format!("{address}: {}", doing(operation)))));
        running.insert(
            address.to_owned(),
            Running {
                operation,
                since: Instant::now(),
                told: 0,
                phase: None,
                bar,
            },
        );
    }

    fn finish(&self, address: &str) {
        let ended = self.lock().remove(address);
        if let Some(bar) = ended.and_then(|r| r.bar) {
            bar.finish_and_clear();
            self.ui.bars().remove(&bar);
        }
    }
}

impl Observer for Progress {
    fn secret(&self, value: &Value) {
        self.ui.secrets().learn(value);
    }

    fn event(&self, event: Event) {
        match &event {
            Event::Started {
                address, operation, ..
            } => self.begin(address, *operation),
            Event::Phase { address, text, .. } => {
                if let Some(r) = self.lock().get_mut(address) {
                    if let Some(bar) = &r.bar {
                        bar.set_message(clean(&format!("{address}: {} ({text})", doing(r.operation))));
                    }
                    r.phase = Some(text.clone());
                }
            }
            Event::Completed {
                operation: Operation::Refresh,
                ..
            }
            | Event::Failed {
                operation: Operation::Refresh,
                ..
            } => {
                self.count_reading(false);
            }
            Event::Completed { address, .. } | Event::Failed { address, .. } => self.finish(address),
            Event::Provisioning { .. }
            | Event::ProvisionOutput { .. }
            | Event::Provisioned { .. }
            | Event::Skipped { .. }
            | Event::Stopping
            | Event::Notice(_) => {}
        }
        if let Event::Notice(d) = &event {
            return self.ui.err(&diagnostic_text(
                d,
                &Sources::default(),
                &self.ui.diagnostic_style(),
            ));
        }
        // Where running operations are drawn, only what ended needs a line.
        let drawn = self.ui.settings().live && matches!(event, Event::Started { .. });
        if let (false, Some(mut line)) = (drawn, event_line(&event, self.paint())) {
            line.push('\n');
            self.ui.err(&line);
        }
    }
}

fn doing(operation: Operation) -> &'static str {
    match operation {
        Operation::Refresh => "Refreshing state...",
        Operation::Read => "Reading...",
        Operation::Create => "Creating...",
        Operation::Update => "Modifying...",
        Operation::Delete => "Destroying...",
        Operation::Recover => "Looking up the outcome of an interrupted change...",
        Operation::Open => "Opening...",
        Operation::CloseEphemeral => "Closing...",
        Operation::FindImport => "Preparing import...",
        Operation::Import => "Importing...",
    }
}

fn done(operation: Operation) -> Option<&'static str> {
    Some(match operation {
        Operation::Refresh | Operation::FindImport => return None,
        Operation::Import => "Import complete",
        Operation::Read => "Read complete",
        Operation::Create => "Creation complete",
        Operation::Update => "Modifications complete",
        Operation::Delete => "Destruction complete",
        Operation::Recover => "Outcome found",
        Operation::Open => "Opening complete",
        Operation::CloseEphemeral => "Closing complete",
    })
}

/// Seconds as Terraform prints them: `0s`, `1m5s`, `1h0m0s`.
pub(crate) fn elapsed_text(elapsed: Duration) -> String {
    let s = elapsed.as_secs();
    match (s / 3600, s / 60 % 60, s % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s}s"),
        (h, m, s) => format!("{h}h{m}m{s}s"),
    }
}

fn still_line(
    address: &str,
    operation: Operation,
    elapsed: Duration,
    phase: Option<&str>,
    paint: Paint,
) -> String {
    let what = match operation {
        Operation::Create => "creating",
        Operation::Update => "modifying",
        Operation::Delete => "destroying",
        Operation::Read => "reading",
        Operation::Refresh => "refreshing",
        Operation::Recover => "looking up",
        Operation::Open => "opening",
        Operation::CloseEphemeral => "closing",
        Operation::FindImport | Operation::Import => "importing",
    };
    let mut text = format!("{address}: Still {what}... [{} elapsed]", elapsed_text(elapsed));
    if let Some(phase) = phase {
        text.push_str(&format!(" ({phase})"));
    }
    let mut out = paint.text(Ink::Bold, &clean(&text));
    out.push('\n');
    out
}

/// Paints text without anything that steers the terminal.
struct Cleaned(Paint);

impl Cleaned {
    fn text(&self, ink: Ink, text: &str) -> String {
        self.0.text(ink, &clean(text))
    }
}

/// The line that an event is worth, without a line end; none for those that are not worth one.
pub fn event_line(event: &Event, paint: Paint) -> Option<String> {
    let with_id = |text: String, id: &Option<String>| match id {
        Some(id) => format!("{text} [id={id}]"),
        None => text,
    };
    // Addresses and ids may hold what a user typed or an API answered.
    let paint = Cleaned(paint);
    Some(match event {
        Event::Started { address, operation, id } => {
            let id = if *operation == Operation::Create { &None } else { id };
            paint.text(Ink::Bold, &with_id(format!("{address}: {}", doing(*operation)), id))
        }
        Event::Completed { address, operation, id, elapsed } => {
            let text = match operation {
                // Nothing is waited for: it is written with all others.
                Operation::Import => format!("{address}: {}", done(*operation)?),
                _ => format!("{address}: {} after {}", done(*operation)?, elapsed_text(*elapsed)),
            };
            let id = if *operation == Operation::Delete { &None } else { id };
            paint.text(Ink::Bold, &with_id(text, id))
        }
        Event::Failed { address, operation, elapsed } => {
            let what = match operation {
                Operation::Refresh => "Refreshing",
                Operation::Read => "Reading",
                Operation::Create => "Creation",
                Operation::Update => "Modification",
                Operation::Delete => "Destruction",
                Operation::Recover => "Looking up the outcome",
                Operation::Open => "Opening",
                Operation::CloseEphemeral => "Closing",
                Operation::FindImport | Operation::Import => "Import",
            };
            paint.text(Ink::BoldRed, &format!("{address}: {what} failed after {}", elapsed_text(*elapsed)))
        }
        Event::Provisioning { address, provisioner } => {
            paint.text(Ink::Bold, &format!("{address}: Provisioning with '{provisioner}'..."))
        }
        Event::ProvisionOutput { address, provisioner, text } => {
            let text = clean(text);
            format!("{} {text}", paint.text(Ink::Bold, &format!("{address} ({provisioner}):")))
        }
        // The error of one that must not fail is told as such.
        Event::Provisioned { address, provisioner, failed: Some(why), goes_on: true } => {
            paint.text(Ink::Yellow, &format!("{address} ({provisioner}): failed ({why}); going on, because on_failure is continue"))
        }
        Event::Skipped { address } => {
            paint.text(Ink::Yellow, &format!("{address}: Skipped, because something before it failed"))
        }
        Event::Stopping => paint.text(
            Ink::BoldYellow,
            "Stopping: waiting for what is in flight. The state is saved after every step; a second interrupt does not wait.",
        ),
        Event::Phase { .. } | Event::Provisioned { .. } | Event::Notice(_) => return None,
    })
}

#[cfg(test)]
mod tests;
