//! The one way to the terminal: whatever a command says goes through [`Ui`].

use std::io;
use std::io::BufRead;
use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use indicatif::MultiProgress;
use indicatif::ProgressDrawTarget;

use super::diagnostic::DiagnosticStyle;
use super::diagnostic::diagnostics_text;
use super::paint::Paint;
use super::terminal::TextStyle;
use crate::plan::Secrets;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;

/// What a [`Ui`] needs to know; the command finds it out (environment, options, terminal).
#[derive(Clone, Copy, Debug)]
pub struct UiSettings {
    /// Colours on standard output.
    pub color_out: bool,
    /// Colours on standard error.
    pub color_err: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Standard error is a terminal that may be drawn upon: running operations are shown as they go.
    pub live: bool,
    /// Warnings as a list of summaries.
    pub compact_warnings: bool,
}

impl Default for UiSettings {
    fn default() -> Self {
        UiSettings {
            color_out: false,
            color_err: false,
            width: 78,
            live: false,
            compact_warnings: false,
        }
    }
}

/// Standard output, standard error and standard input. Cheap to clone; may be used from many threads: a text that is
/// given in one call is never torn apart.
#[derive(Clone)]
pub struct Ui {
    shared: Arc<Shared>,
}

struct Shared {
    settings: UiSettings,
    secrets: Secrets,
    out: Mutex<Box<dyn Write + Send>>,
    err: Mutex<Box<dyn Write + Send>>,
    input: Mutex<Box<dyn BufRead + Send>>,
    bars: MultiProgress,
    closed: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked while writing leaves nothing half done that matters.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ui {
    /// The streams of this process. What `secrets` knows is masked in all that is written.
    pub fn new(settings: UiSettings, secrets: Secrets) -> Ui {
        let target = if settings.live {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Ui::build(
            settings,
            secrets,
            Box::new(io::stdout()),
            Box::new(io::stderr()),
            Box::new(io::BufReader::new(io::stdin())),
            target,
        )
    }

    /// Other streams, for tests. Nothing is drawn.
    pub fn with_streams(
        settings: UiSettings,
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
        input: Box<dyn BufRead + Send>,
    ) -> Ui {
        Ui::build(
            settings,
            Secrets::default(),
            out,
            err,
            input,
            ProgressDrawTarget::hidden(),
        )
    }

    fn build(
        settings: UiSettings,
        secrets: Secrets,
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
        input: Box<dyn BufRead + Send>,
        target: ProgressDrawTarget,
    ) -> Ui {
        Ui {
            shared: Arc::new(Shared {
                settings,
                secrets,
                out: Mutex::new(out),
                err: Mutex::new(err),
                input: Mutex::new(input),
                bars: MultiProgress::with_draw_target(target),
                closed: AtomicBool::new(false),
            }),
        }
    }

    /// What it was made with.
    pub fn settings(&self) -> &UiSettings {
        &self.shared.settings
    }

    /// How texts for standard output are made.
    pub fn style(&self) -> TextStyle {
        TextStyle {
            paint: Paint::new(self.shared.settings.color_out),
            width: self.shared.settings.width,
        }
    }

    /// How texts for standard error are made.
    pub fn err_style(&self) -> TextStyle {
        TextStyle {
            paint: Paint::new(self.shared.settings.color_err),
            width: self.shared.settings.width,
        }
    }

    /// How diagnostics for standard error are made.
    pub fn diagnostic_style(&self) -> DiagnosticStyle {
        DiagnosticStyle {
            paint: Paint::new(self.shared.settings.color_err),
            width: self.shared.settings.width,
            compact_warnings: self.shared.settings.compact_warnings,
        }
    }

    /// What must not be shown.
    pub fn secrets(&self) -> &Secrets {
        &self.shared.secrets
    }

    /// Writes data to standard output, as it is but for secrets. A line end is the caller's.
    pub fn out(&self, text: &str) {
        self.write(&self.shared.out, &self.shared.secrets.mask(text));
    }

    /// Writes data to standard output with the secrets in it: only for what a user asks for by name as in Terraform (`output`,
    /// `show -json`, `state pull`).
    pub fn out_in_clear(&self, text: &str) {
        self.write(&self.shared.out, text);
    }

    /// Writes a message to standard error, as it is but for secrets. A line end is the caller's.
    pub fn err(&self, text: &str) {
        self.write(&self.shared.err, &self.shared.secrets.mask(text));
    }

    /// Writes bytes to standard output (plan files, archives).
    pub fn out_bytes(&self, bytes: &[u8]) {
        self.shared
            .bars
            .suspend(|| self.note(&lock(&self.shared.out).write_all(bytes)));
    }

    /// Writes diagnostics to standard error.
    pub fn diagnostics(&self, diagnostics: &Diagnostics, sources: &Sources) {
        if !diagnostics.is_empty() {
            self.err(&diagnostics_text(diagnostics, sources, &self.diagnostic_style()));
        }
    }

    /// Asks on standard error and reads a line; none at the end of input. The line end is taken off.
    ///
    /// # Errors
    /// When standard input cannot be read.
    pub fn prompt(&self, question: &str) -> io::Result<Option<String>> {
        self.err(question);
        self.note(&lock(&self.shared.err).flush());
        let mut line = String::new();
        let read = self
            .shared
            .bars
            .suspend(|| lock(&self.shared.input).read_line(&mut line))?;
        if read == 0 {
            return Ok(None);
        }
        Ok(Some(line.trim_end_matches(['\n', '\r']).to_owned()))
    }

    /// Writes out what is still held back. Call it before the process ends.
    pub fn flush(&self) {
        self.note(&lock(&self.shared.out).flush());
        self.note(&lock(&self.shared.err).flush());
    }

    /// Whether the reader of a stream has gone away (`streamform plan | head`): what is written now goes nowhere.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Relaxed)
    }

    pub(super) fn bars(&self) -> &MultiProgress {
        &self.shared.bars
    }

    fn write(&self, stream: &Mutex<Box<dyn Write + Send>>, text: &str) {
        let write = || {
            let mut stream = lock(stream);
            stream.write_all(text.as_bytes()).and_then(|()| stream.flush())
        };
        // Bars are taken away while something is written, so that they do not end up inside it.
        let done = if self.shared.settings.live {
            self.shared.bars.suspend(write)
        } else {
            write()
        };
        self.note(&done);
    }

    /// A closed pipe or a full disk must not stop an apply half-way: it is remembered, nothing more.
    fn note(&self, done: &io::Result<()>) {
        if done.is_err() {
            self.shared.closed.store(true, Ordering::Relaxed);
        }
    }
}

/// Keeps what is written, for tests.
#[derive(Clone, Debug, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// Everything so far; bytes that are no UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&lock(&self.0)).into_owned()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    #[test]
    fn a_closed_pipe_is_remembered_and_no_panic() {
        let err = Captured::default();
        let ui = Ui::with_streams(
            UiSettings::default(),
            Box::new(Closed),
            Box::new(err.clone()),
            Box::new(io::empty()),
        );
        assert!(!ui.is_closed());
        ui.out("x");
        ui.err("still here\n");
        ui.flush();
        assert!(ui.is_closed());
        assert_eq!(err.text(), "still here\n");
    }

    #[test]
    fn asks_and_reads_lines() {
        let err = Captured::default();
        let input = io::Cursor::new("yes\r\nno");
        let ui = Ui::with_streams(
            UiSettings::default(),
            Box::new(io::sink()),
            Box::new(err.clone()),
            Box::new(input),
        );
        assert_eq!(ui.prompt("Sure? ").unwrap().as_deref(), Some("yes"));
        assert_eq!(ui.prompt("").unwrap().as_deref(), Some("no"));
        assert_eq!(ui.prompt("").unwrap(), None);
        assert_eq!(err.text(), "Sure? ");
    }
}
