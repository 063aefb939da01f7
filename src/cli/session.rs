//! From arguments and environment to a session: providers, emulator, state folder, signals.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use streamform_confluent::ProviderDefaults;
use streamform_emulator::Emulator;
use streamform_emulator::EmulatorConfig;
use streamform_emulator::EmulatorError;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Diagnostic;
use streamform_lang::value::Value;
use streamform_provider::Registry;
use streamform_state::Backend;
use streamform_state::LockWait;
use tokio::runtime::Runtime;

use super::arguments::GlobalArgs;
use super::environment::Looks;
use super::environment::has_terminal;
use super::environment::secrets;
use super::environment::variable;
use super::keys;
use super::process::Processes;
use crate::config::Disk;
use crate::config::root_backend;
use crate::engine;
use crate::engine::OtherStates;
use crate::engine::Premises;
use crate::engine::Session;
use crate::engine::history::Keep;
use crate::engine::timestamp;
use crate::exec::Stop;
use crate::plan::Event;
use crate::plan::Observer;
use crate::report::Ui;

/// Which emulator a command uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EmulatorChoice {
    /// None: the real API.
    None,
    /// One in this process.
    Embedded,
    /// One that runs already.
    At(String),
}

/// What all commands share.
pub(super) struct Surroundings {
    pub(super) base: PathBuf,
    pub(super) cwd: PathBuf,
    pub(super) emulator: EmulatorChoice,
    pub(super) no_color: bool,
}

/// What came of a question.
pub(super) enum Answer {
    /// A line.
    Line(String),
    /// Standard input is at its end, or cannot be read.
    End,
    /// Ctrl-C.
    Interrupted,
}

/// Shows nothing, and knows what must not be shown.
pub(super) struct Quiet;

impl Observer for Quiet {
    fn event(&self, _event: Event) {}

    fn secret(&self, value: &Value) {
        secrets().learn(value);
    }
}

/// A session, and what must live as long.
pub(super) struct Opened {
    pub(super) session: Session,
    pub(super) runtime: Runtime,
    emulator: Option<Emulator>,
}

impl Surroundings {
    /// Settles where to work and which emulator to use.
    pub(super) fn new(global: &GlobalArgs) -> Result<Self, Box<Diagnostic>> {
        let cwd = std::env::current_dir().map_err(|e| {
            Diagnostic::error(
                "No current folder",
                format!("The current folder cannot be used: {e}."),
            )
        })?;
        if let Some(dir) = &global.chdir {
            // As Terraform: everything behaves as if the command had been started there.
            std::env::set_current_dir(dir).map_err(|e| {
                Diagnostic::error(
                    "Error handling -chdir option",
                    format!("The folder {} cannot be entered: {e}.", dir.display()),
                )
            })?;
        }
        let variable = std::env::var("STREAMFORM_EMULATOR")
            .ok()
            .filter(|v| !v.is_empty());
        let emulator = match variable.as_deref() {
            _ if global.emulator && !variable.as_deref().is_some_and(|v| v.starts_with("http")) => {
                EmulatorChoice::Embedded
            }
            None | Some("0" | "false") => EmulatorChoice::None,
            Some("1" | "true") => EmulatorChoice::Embedded,
            Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
                EmulatorChoice::At(url.trim_end_matches('/').to_owned())
            }
            Some(other) => {
                return Err(Box::new(Diagnostic::error(
                    "Invalid STREAMFORM_EMULATOR",
                    format!(
                        "STREAMFORM_EMULATOR is {other:?}. Use 1 for an emulator in this process, or the http:// address of a running one."
                    ),
                )));
            }
        };
        Ok(Surroundings {
            base: PathBuf::from("."),
            cwd,
            emulator,
            no_color: global.no_color,
        })
    }

    /// The streams, for a command that ends at once.
    pub(super) fn ui(&self) -> Ui {
        Looks {
            no_color: self.no_color,
            compact_warnings: false,
        }
        .ui(true)
    }

    /// The folder in which `init` and `workspace select` note what they have settled.
    pub(super) fn data(&self) -> PathBuf {
        self.base
            .join(variable("DATA_DIR").unwrap_or_else(|| ".streamform".to_owned()))
    }

    /// Where the states are.
    pub(super) fn backend(&self) -> Result<Backend, Box<Diagnostic>> {
        let block = root_backend(&Disk::new(&self.base), Path::new("."));
        engine::settled_backend(&self.premises(), block.as_deref())
    }

    /// What the backend may draw on.
    pub(super) fn premises(&self) -> Premises {
        Premises {
            base: self.base.clone(),
            data: self.data(),
            // What is wrong with it is told when it is needed.
            key: keys::of_environment(|name| std::env::var(name).ok()).unwrap_or_default(),
            environment: Arc::new(|name| std::env::var(name).ok()),
        }
    }

    /// Whether the environment decides about the workspace.
    pub(super) fn workspace_is_overridden(&self) -> bool {
        variable("WORKSPACE").is_some()
    }

    /// The current workspace.
    pub(super) fn workspace(&self) -> Result<String, Box<Diagnostic>> {
        let Some(name) = variable("WORKSPACE") else {
            return engine::selected_workspace(&self.data());
        };
        if engine::is_workspace_name(&name) {
            return Ok(name);
        }
        Err(Box::new(Diagnostic::error(
            "Invalid workspace name set using TF_WORKSPACE",
            format!(
                "The workspace name {name:?} is not allowed. The name must contain only URL safe characters, and no path separators."
            ),
        )))
    }

    /// A session for commands that make no call.
    pub(super) fn offline(&self) -> Result<Session, Box<Diagnostic>> {
        self.offline_telling(Arc::new(Quiet))
    }

    /// The same with an observer of its own.
    pub(super) fn offline_telling(&self, observer: Arc<dyn Observer>) -> Result<Session, Box<Diagnostic>> {
        self.session(ProviderDefaults::default(), observer)
    }

    /// A session with the emulator, if one was asked for.
    pub(super) fn open(&self, observer: Arc<dyn Observer>) -> Result<Opened, Box<Diagnostic>> {
        let embedded = self.emulator == EmulatorChoice::Embedded;
        // The emulator serves while the engine waits for it; without one a single thread is enough.
        let mut builder = if embedded {
            let mut b = tokio::runtime::Builder::new_multi_thread();
            b.worker_threads(2);
            b
        } else {
            tokio::runtime::Builder::new_current_thread()
        };
        let runtime = builder
            .enable_all()
            .build()
            .map_err(|e| Diagnostic::error("Cannot start", format!("The runtime cannot be started: {e}.")))?;
        let mut defaults = ProviderDefaults::default();
        let mut emulator = None;
        match &self.emulator {
            EmulatorChoice::None => {
                defaults.without_credentials = self.base.join("streamform.emulator").is_dir().then(|| {
                    "An emulator has been used in this folder: to use it again, put -emulator in front of the command.".to_owned()
                });
            }
            EmulatorChoice::Embedded => {
                let config = EmulatorConfig {
                    data_dir: Some(self.base.join("streamform.emulator")),
                    phase_delay: phase_delay()?,
                    ..EmulatorConfig::default()
                };
                match runtime.block_on(Emulator::start(config)) {
                    Ok(started) => {
                        defaults.endpoint = Some(started.endpoint().to_owned());
                        defaults.cloud_api_key = Some(started.cloud_api_key().to_owned());
                        defaults.cloud_api_secret = Some(started.cloud_api_secret().to_owned());
                        defaults.organization_id = Some(started.organization_id().to_owned());
                        emulator = Some(started);
                    }
                    Err(EmulatorError::AlreadyServing {
                        endpoint,
                        cloud_api_key,
                        cloud_api_secret,
                        organization_id,
                    }) => {
                        defaults.endpoint = Some(endpoint);
                        defaults.cloud_api_key = Some(cloud_api_key);
                        defaults.cloud_api_secret = Some(cloud_api_secret);
                        defaults.organization_id = Some(organization_id);
                    }
                    Err(e) => {
                        return Err(Box::new(Diagnostic::error(
                            "Emulator cannot start",
                            format!("It was not started: {e}."),
                        )));
                    }
                }
            }
            EmulatorChoice::At(url) => {
                defaults.endpoint = Some(url.clone());
                if !has_credentials() {
                    let told = runtime
                        .block_on(streamform_emulator::credentials(url))
                        .map_err(|e| {
                            Diagnostic::error(
                                "Emulator cannot be used",
                                format!("STREAMFORM_EMULATOR names an emulator, but {e}."),
                            )
                            .help("streamform emulator")
                        })?;
                    defaults.cloud_api_key = Some(told.cloud_api_key);
                    defaults.cloud_api_secret = Some(told.cloud_api_secret);
                    defaults.organization_id = Some(told.organization_id);
                }
            }
        }
        if let Some(secret) = &defaults.cloud_api_secret {
            secrets().learn_text(secret);
        }
        let session = self.session(defaults, observer)?;
        Ok(Opened {
            session,
            runtime,
            emulator,
        })
    }

    fn session(
        &self,
        defaults: ProviderDefaults,
        observer: Arc<dyn Observer>,
    ) -> Result<Session, Box<Diagnostic>> {
        let key = keys::of_environment(|name| std::env::var(name).ok())?;
        let mut registry = Registry::default();
        registry.add(
            ProviderAddr::builtin(),
            Arc::new(streamform_provider::builtin::BuiltinFactory::with_states(
                Arc::new(OtherStates::new(self.premises())),
            )),
        );
        let confluent = ProviderAddr {
            host: streamform_lang::addrs::DEFAULT_HOST.into(),
            namespace: "confluentinc".into(),
            ty: "confluent".into(),
        };
        registry.add(confluent, streamform_confluent::factory(defaults));
        let workspace = self.workspace()?;
        let (backend, unusable) = match self.backend() {
            Ok(backend) => (backend, None),
            // Told by whoever asks for the state: not every command does.
            Err(why) => (engine::default_backend(&self.base), Some(*why)),
        };
        tracing::debug!(
            %workspace,
            state = %backend.place(&workspace),
            emulator = ?self.emulator,
            "session"
        );
        let home = std::env::home_dir();
        let elsewhere = home
            .as_ref()
            .map(|home| home.join(".local").join("state").join("streamform"));
        Ok(Session {
            base: self.base.clone(),
            cwd: self.cwd.clone(),
            home,
            kept_files: None,
            rescue: [self.base.clone()].into_iter().chain(elsewhere).collect(),
            backend,
            unusable,
            key,
            workspace,
            registry,
            who: who(),
            lock_wait: LockWait::No,
            clock: Arc::new(timestamp),
            observer,
            stop: Stop::default(),
            commands: Arc::new(Processes::new(self.base.clone())),
            parallelism: 10,
            history: history()?,
        })
    }
}

impl Opened {
    /// Runs work of the engine to its end. The first Ctrl-C (or SIGTERM) asks it to stop, a second one ends at once. `tell`: the
    /// work does not say itself that it was asked.
    pub(super) fn run<T>(&self, tell: bool, work: impl Future<Output = T>) -> T {
        let stop = self.session.stop.clone();
        let observer = self.session.observer.clone();
        let commands = Arc::clone(&self.session.commands);
        self.runtime.block_on(async move {
            let signals = async {
                interrupted().await;
                stop.set();
                if tell {
                    observer.event(Event::Stopping);
                }
                interrupted().await;
            };
            tokio::select! {
                // (Signals first: they are caught from before the work begins.)
                biased;
                () = signals => {
                    // The journal says what was under way; the next run looks it up.
                    commands.end_all();
                    std::process::exit(1);
                }
                done = work => done,
            }
        })
    }

    /// Reads a line from standard input; an interrupt ends the waiting.
    pub(super) fn ask(&self, ui: &Ui, question: &str) -> Answer {
        let (send, receive) = tokio::sync::oneshot::channel();
        let again = ui.clone();
        let ui = ui.clone();
        let question = question.to_owned();
        // The thread may wait for a line that never comes: it ends with the process.
        std::thread::spawn(move || {
            let _ = send.send(ui.prompt(&question));
        });
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                line = receive => match line {
                    Ok(Ok(Some(line))) => {
                        // What nobody has typed has left no line end on the screen.
                        if !has_terminal() {
                            again.err("\n");
                        }
                        Answer::Line(line)
                    }
                    _ => Answer::End,
                },
                () = interrupted() => Answer::Interrupted,
            }
        })
    }

    /// Ends the emulator in order.
    pub(super) fn close(self) {
        if let Some(emulator) = self.emulator {
            self.runtime.block_on(emulator.shutdown());
        }
        self.runtime.shutdown_timeout(Duration::from_millis(100));
    }
}

/// Waits for Ctrl-C or SIGTERM.
pub(super) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::SignalKind;
        use tokio::signal::unix::signal;
        let terminate = async {
            match signal(SignalKind::terminate()) {
                Ok(mut s) => {
                    s.recv().await;
                }
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            r = tokio::signal::ctrl_c() => if r.is_err() { std::future::pending::<()>().await },
            () = terminate => {}
        }
    }
    #[cfg(not(unix))]
    {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Whether the environment opens an API by itself.
fn has_credentials() -> bool {
    ["CONFLUENT_CLOUD_API_KEY", "CONFLUENT_CLOUD_API_SECRET"]
        .iter()
        .all(|n| std::env::var_os(n).is_some_and(|v| !v.is_empty()))
}

/// How long phases of the emulator last, by the environment.
pub(super) fn phase_delay() -> Result<Duration, Box<Diagnostic>> {
    match std::env::var("STREAMFORM_EMULATOR_PHASE_DELAY") {
        Ok(text) => duration(&text)
            .ok_or_else(|| Box::new(invalid_duration("STREAMFORM_EMULATOR_PHASE_DELAY", &text))),
        Err(_) => Ok(Duration::ZERO),
    }
}

/// The refusal of a text that is no duration.
pub(super) fn invalid_duration(what: &str, text: &str) -> Diagnostic {
    Diagnostic::error(
        "Invalid duration",
        format!(
            "{what} is {text:?}, which is no duration. Use a number and a unit, such as 500ms, 30s, 5m or 1h30m."
        ),
    )
}

/// Reads a duration as Go writes it: `1h30m`, `500ms`, `0`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = 0.0f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let number: f64 = rest[..digits].parse().ok()?;
        let unit_text = &rest[digits..];
        let end = unit_text
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(unit_text.len());
        let unit = match &unit_text[..end] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total += number * unit;
        rest = &unit_text[end..];
    }
    (!text.is_empty())
        .then(|| Duration::try_from_secs_f64(total).ok())
        .flatten()
}

/// How much of the history is kept, by the environment.
fn history() -> Result<Keep, Box<Diagnostic>> {
    let Some(text) = std::env::var("STREAMFORM_HISTORY_KEEP")
        .ok()
        .filter(|t| !t.is_empty())
    else {
        return Ok(Keep::default());
    };
    Keep::parse(&text).ok_or_else(|| {
        Box::new(Diagnostic::error(
            "Invalid STREAMFORM_HISTORY_KEEP",
            format!(
                "STREAMFORM_HISTORY_KEEP is {text:?}. Use a number of versions (200), a number of days (90d), all, or 0 to write no history."
            ),
        ))
    })
}

/// The name of the account that this process runs under, where the environment does not say (containers, services).
fn account() -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let uid = std::fs::metadata("/proc/self").ok()?.uid().to_string();
        let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
        accounts.lines().find_map(|line| {
            let mut fields = line.split(':');
            let (name, number) = (fields.next()?, fields.nth(1)?);
            (number == uid && !name.is_empty()).then(|| name.to_owned())
        })
    }
    #[cfg(not(unix))]
    None
}

fn who() -> String {
    let user = ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|n| std::env::var(n).ok().filter(|v| !v.is_empty()))
        .or_else(account)
        .unwrap_or_else(|| "unknown".to_owned());
    let host = std::env::var("HOSTNAME")
        .ok()
        .filter(|h| !h.is_empty())
        .or_else(|| {
            std::fs::read_to_string("/proc/sys/kernel/hostname")
                .ok()
                .map(|h| h.trim().to_owned())
        })
        .unwrap_or_else(|| "localhost".to_owned());
    format!("{user}@{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        assert_eq!(duration("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(duration("0s"), Some(Duration::ZERO));
        assert_eq!(duration("1.5s"), Some(Duration::from_millis(1500)));
        for bad in ["", "5", "x", "5 s", "-1s", "1d"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
