//! The log that `TF_LOG` and `STREAMFORM_LOG` ask for: to standard error, or to the file that `TF_LOG_PATH` names. What is secret is
//! masked in it as everywhere.

use std::fs::File;
use std::io;
use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::environment::Looks;
use super::environment::secrets;
use super::environment::variable;
use crate::report::Ui;

/// Turns the log on, if the environment asks for it. What is wrong with it is told in the log itself.
pub(super) fn start() {
    let Some(asked) = variable("LOG") else { return };
    let (level, json, understood) = match asked.to_ascii_uppercase().as_str() {
        "OFF" => return,
        "TRACE" => (LevelFilter::TRACE, false, true),
        "DEBUG" => (LevelFilter::DEBUG, false, true),
        "INFO" => (LevelFilter::INFO, false, true),
        "WARN" => (LevelFilter::WARN, false, true),
        "ERROR" => (LevelFilter::ERROR, false, true),
        "JSON" => (LevelFilter::TRACE, true, true),
        // As Terraform: what is no level is the most.
        _ => (LevelFilter::TRACE, false, false),
    };
    let path = variable("LOG_PATH");
    let opened = path.as_deref().map(open);
    let (to, unopened) = match opened {
        Some(Ok(file)) => (To::File(Arc::new(Mutex::new(file))), None),
        Some(Err(e)) => (To::Streams(Looks::default().ui(true)), Some(e)),
        None => (To::Streams(Looks::default().ui(true)), None),
    };
    // (Of the libraries below only what HTTP does: the others tell about pages, polls and frames.)
    let told = ["streamform", "reqwest", "hyper_util", "rustls"]
        .into_iter()
        .fold(
            Targets::new().with_default(LevelFilter::WARN.min(level)),
            |all, name| all.with_target(name, level),
        );
    let log = tracing_subscriber::registry().with(told);
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(to);
    // A second one in the same process (tests) changes nothing.
    let _ = if json {
        log.with(layer.json()).try_init()
    } else {
        log.with(layer).try_init()
    };
    if !understood {
        tracing::warn!(
            value = %asked,
            "the log level is none of TRACE, DEBUG, INFO, WARN, ERROR, JSON, OFF: everything is logged"
        );
    }
    if let (Some(error), Some(path)) = (unopened, path) {
        tracing::warn!(%path, %error, "the file of the log cannot be opened; it goes to standard error");
    }
}

/// Opens the file to write on behind what is there, for its owner alone if it is new.
fn open(path: &str) -> io::Result<File> {
    let mut options = File::options();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Where the log goes.
#[derive(Clone)]
enum To {
    Streams(Ui),
    File(Arc<Mutex<File>>),
}

/// One event, written when it is whole: a secret may be in two of its pieces.
struct Event {
    to: To,
    text: Vec<u8>,
}

impl<'a> MakeWriter<'a> for To {
    type Writer = Event;

    fn make_writer(&'a self) -> Event {
        Event {
            to: self.clone(),
            text: Vec::new(),
        }
    }
}

impl Write for Event {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        match &self.to {
            To::Streams(ui) => ui.err(&text),
            To::File(file) => {
                let masked = secrets().mask(&text).into_owned();
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                // A full disk must not stop a run.
                let _ = file.write_all(masked.as_bytes());
            }
        }
    }
}
