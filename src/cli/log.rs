//! The log that `TF_LOG` and its kin ask for: to standard error, or to the file that `TF_LOG_PATH` names. What is secret is
//! masked in it as everywhere.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use streamform_lang::value::Value;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::environment::Looks;
use super::environment::secrets;
use super::environment::variable;
use crate::plan::Event;
use crate::plan::Observer;
use crate::report::Ui;

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wish {
    level: LevelFilter,
    json: bool,
    understood: bool,
}

impl Wish {
    fn of(text: &str) -> Wish {
        let (level, json, understood) = match text.to_ascii_uppercase().as_str() {
            "OFF" => (LevelFilter::OFF, false, true),
            "TRACE" => (LevelFilter::TRACE, false, true),
            "DEBUG" => (LevelFilter::DEBUG, false, true),
            "INFO" => (LevelFilter::INFO, false, true),
            "WARN" => (LevelFilter::WARN, false, true),
            "ERROR" => (LevelFilter::ERROR, false, true),
            "JSON" => (LevelFilter::TRACE, true, true),
            // As Terraform: what is no level is the most.
            _ => (LevelFilter::TRACE, false, false),
        };
        Wish {
            level,
            json,
            understood,
        }
    }

    /// Of the engine and of the providers. As in Terraform `LOG` wins over `LOG_CORE`, and `LOG_PROVIDER` over `LOG`.
    fn both(variable: impl Fn(&str) -> Option<String>) -> (Wish, Wish) {
        let first = |names: [&str; 2]| {
            let found = names.into_iter().find_map(&variable);
            Wish::of(found.as_deref().unwrap_or("OFF"))
        };
        (first(["LOG", "LOG_CORE"]), first(["LOG_PROVIDER", "LOG"]))
    }
}

/// Turns the log on, if the environment asks for it. What is wrong with it is told in the log itself.
pub(super) fn start() {
    let (core, provider) = Wish::both(variable);
    let most = core.level.max(provider.level);
    if most == LevelFilter::OFF {
        return;
    }
    let path = variable("LOG_PATH");
    let opened = path.as_deref().map(open);
    let (to, unopened) = match opened {
        Some(Ok(file)) => (To::File(Arc::new(Mutex::new(file))), None),
        Some(Err(e)) => (To::Streams(Looks::default().ui(true)), Some(e)),
        None => (To::Streams(Looks::default().ui(true)), None),
    };
    // (Of the libraries below only what HTTP does: the others tell about pages, polls and frames.)
    let told = [
        ("streamform", core.level),
        ("streamform_provider", provider.level),
        ("streamform_confluent", provider.level),
        ("reqwest", most),
        ("hyper_util", most),
        ("rustls", most),
    ]
    .into_iter()
    .fold(
        Targets::new().with_default(LevelFilter::WARN.min(most)),
        |all, (name, level)| all.with_target(name, level),
    );
    let log = tracing_subscriber::registry().with(told);
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(to);
    // A second one in the same process (tests) changes nothing.
    let _ = if core.json || provider.json {
        log.with(layer.json()).try_init()
    } else {
        log.with(layer).try_init()
    };
    if !(core.understood && provider.understood) {
        tracing::warn!(
            "the log level is none of TRACE, DEBUG, INFO, WARN, ERROR, JSON, OFF: everything is logged"
        );
    }
    if let (Some(error), Some(path)) = (unopened, path) {
        tracing::warn!(%path, %error, "the file of the log cannot be opened; it goes to standard error");
    }
}

/// Which command runs. Values of flags are not told: they may be secrets.
pub(super) fn command(name: &str, args: &[OsString]) {
    if !tracing::enabled!(tracing::Level::INFO) {
        return;
    }
    let flags: Vec<&str> = args
        .iter()
        .filter_map(|a| a.to_str()?.strip_prefix("--"))
        .map(|flag| flag.split('=').next().unwrap_or(flag))
        .collect();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        command = name,
        ?flags,
        "begins"
    );
}

/// An observer that logs what it passes on, if that is wanted.
pub(super) fn listening(inner: Arc<dyn Observer>) -> Arc<dyn Observer> {
    if tracing::enabled!(tracing::Level::WARN) {
        Arc::new(Logged(inner))
    } else {
        inner
    }
}

struct Logged(Arc<dyn Observer>);

impl Observer for Logged {
    fn event(&self, event: Event) {
        match &event {
            Event::Started {
                address, operation, ..
            } => tracing::debug!(%address, ?operation, "begins"),
            Event::Phase { address, text, .. } => tracing::debug!(%address, phase = %text, "goes on"),
            Event::Completed {
                address,
                operation,
                elapsed,
                ..
            } => tracing::debug!(%address, ?operation, ?elapsed, "is done"),
            Event::Failed {
                address,
                operation,
                elapsed,
            } => tracing::warn!(%address, ?operation, ?elapsed, "failed"),
            Event::Provisioning { address, provisioner } => {
                tracing::debug!(%address, %provisioner, "provisioner begins");
            }
            // (Somebody else's words: they are on the terminal already.)
            Event::ProvisionOutput { .. } => {}
            Event::Provisioned {
                address,
                provisioner,
                failed,
                ..
            } => tracing::debug!(%address, %provisioner, ok = failed.is_none(), "provisioner is done"),
            Event::Skipped { address } => tracing::info!(%address, "skipped"),
            Event::Stopping => tracing::info!("asked to stop"),
            Event::Notice(notice) => tracing::info!("{}", notice.summary),
        }
        self.0.event(event);
    }

    fn secret(&self, value: &Value) {
        self.0.secret(value);
    }

    fn hears_local_reads(&self) -> bool {
        self.0.hears_local_reads()
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

/// A line, written when it is whole: a secret may be in two of its pieces.
struct Line {
    to: To,
    text: Vec<u8>,
}

impl<'a> MakeWriter<'a> for To {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line {
            to: self.clone(),
            text: Vec::new(),
        }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(environment: &[(&str, &str)]) -> (LevelFilter, LevelFilter) {
        let look = |name: &str| {
            let found = environment.iter().find(|(n, _)| *n == name);
            found.map(|(_, v)| (*v).to_owned())
        };
        let (core, provider) = Wish::both(look);
        (core.level, provider.level)
    }

    #[test]
    fn engine_and_providers_have_levels_of_their_own() {
        use LevelFilter as L;
        assert_eq!(levels(&[]), (L::OFF, L::OFF));
        assert_eq!(levels(&[("LOG", "info")]), (L::INFO, L::INFO));
        assert_eq!(levels(&[("LOG_CORE", "DEBUG")]), (L::DEBUG, L::OFF));
        assert_eq!(levels(&[("LOG_PROVIDER", "ERROR")]), (L::OFF, L::ERROR));
        assert_eq!(
            levels(&[("LOG", "WARN"), ("LOG_CORE", "TRACE")]),
            (L::WARN, L::WARN)
        );
        assert_eq!(
            levels(&[("LOG", "WARN"), ("LOG_PROVIDER", "off")]),
            (L::WARN, L::OFF)
        );
        assert_eq!(levels(&[("LOG", "maybe")]), (L::TRACE, L::TRACE));
    }
}
