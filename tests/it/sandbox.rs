//! A place of its own for one test: a temporary folder, an environment in which nothing of this machine shows, the
//! built command, and an emulator as a separate process.
#![allow(dead_code, reason = "every file of tests uses its own part of this")]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// A command that takes longer than this hangs: it is ended, and the test fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// A temporary folder and the environment of every command that runs in it.
pub(crate) struct Sandbox {
    root: TempDir,
    env: BTreeMap<OsString, OsString>,
}

impl Sandbox {
    /// An empty sandbox: `repo` is where commands start, `home` is the home folder, `tmp` the temporary folder.
    pub(crate) fn new() -> Sandbox {
        let root = tempfile::Builder::new()
            .prefix("streamform-it-")
            .tempdir()
            .unwrap();
        for folder in ["repo", "home/.config", "tmp"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        let mut env = BTreeMap::new();
        let home = root.path().join("home");
        env.insert("XDG_CONFIG_HOME".into(), home.join(".config").into_os_string());
        env.insert("HOME".into(), home.into_os_string());
        env.insert("TMPDIR".into(), root.path().join("tmp").into_os_string());
        // What a process needs to start at all, and what coverage needs. TF_*, CONFLUENT_*, STREAMFORM_*, proxies and
        // the like stay outside because nothing else is let in.
        for name in ["PATH", "SystemRoot", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                env.insert(name.into(), value);
            }
        }
        Sandbox { root, env }
    }

    /// The folder in which commands start, or something in it.
    pub(crate) fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        self.root.path().join("repo").join(inside)
    }

    /// Sets a variable for all commands from now on.
    pub(crate) fn set_env(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.env.insert(name.into(), value.into());
    }

    /// Takes a variable away from all commands from now on.
    pub(crate) fn remove_env(&mut self, name: impl AsRef<OsStr>) {
        self.env.remove(name.as_ref());
    }

    /// Writes a file, with the folders that it needs.
    pub(crate) fn write(&self, inside: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The text of a file.
    #[track_caller]
    pub(crate) fn read(&self, inside: impl AsRef<Path>) -> String {
        let path = self.path(inside);
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("{} cannot be read: {e}", path.display()))
    }

    /// Replaces a text that a file holds exactly once.
    #[track_caller]
    pub(crate) fn edit(&self, inside: impl AsRef<Path>, from: &str, to: &str) {
        let text = self.read(&inside);
        assert_eq!(
            text.matches(from).count(),
            1,
            "{} should hold {from:?} exactly once",
            inside.as_ref().display()
        );
        self.write(inside, text.replacen(from, to, 1));
    }

    /// Copies a folder of the project (`examples`, `modules`) to the same place in the sandbox.
    pub(crate) fn copy_of_project(&self, folder: &str) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        copy_folder(&from, &self.path(folder));
    }

    /// Copies any folder to a place in the sandbox.
    pub(crate) fn copy_folder(&self, from: &Path, inside: impl AsRef<Path>) {
        copy_folder(from, &self.path(inside));
    }

    /// The command, ready to start in the folder `repo`, with nothing but the sandbox's environment.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_streamform"));
        command
            .args(args)
            .current_dir(self.path(""))
            .env_clear()
            .envs(&self.env)
            .stdin(Stdio::null());
        command
    }

    /// Runs the command to its end.
    #[must_use = "look at what the command said, or run it with `ok` or `fail`"]
    #[track_caller]
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        let args: Vec<OsString> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        finish(self.command(&args), &args, None)
    }

    /// Runs the command to its end, with something to read on its standard input.
    #[must_use = "look at what the command said, or run it with `ok` or `fail`"]
    #[track_caller]
    pub(crate) fn run_with_input<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
        input: &str,
    ) -> Run {
        let args: Vec<OsString> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        finish(self.command(&args), &args, Some(input.to_owned()))
    }

    /// Runs another program to its end in a folder of the sandbox, with the sandbox's environment; `None` when it is not on this machine.
    #[track_caller]
    pub(crate) fn program(&self, program: &str, folder: &str, args: &[&str]) -> Option<Run> {
        let path = std::env::var_os("PATH")?;
        let file = std::env::split_paths(&path)
            .map(|folder| folder.join(program))
            .find(|file| file.is_file())?;
        let mut command = Command::new(file);
        command
            .args(args)
            .current_dir(self.path(folder))
            .env_clear()
            .envs(&self.env)
            .stdin(Stdio::null());
        let line: Vec<OsString> = [program].iter().chain(args).map(OsString::from).collect();
        Some(finish(command, &line, None))
    }

    /// Runs the command, which must succeed.
    #[track_caller]
    pub(crate) fn ok<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, Some(0), "the command should succeed\n{run}");
        run
    }

    /// Runs the command, which must fail with exit code 1.
    #[track_caller]
    pub(crate) fn fail<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, Some(1), "the command should fail\n{run}");
        run
    }

    /// Starts an emulator of its own, empty and in memory, and points all commands of this sandbox at it.
    #[track_caller]
    pub(crate) fn start_emulator(&mut self) -> EmulatorProcess {
        let emulator = self.emulator([] as [&str; 0]);
        self.set_env("STREAMFORM_EMULATOR", &emulator.endpoint);
        self.set_env("CONFLUENT_CLOUD_API_KEY", &emulator.cloud_api_key);
        self.set_env("CONFLUENT_CLOUD_API_SECRET", &emulator.cloud_api_secret);
        emulator
    }

    /// Starts an emulator with more arguments (`-data=DIR`); commands of this sandbox are not pointed at it.
    #[track_caller]
    pub(crate) fn emulator<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> EmulatorProcess {
        let mut command = self.command(["emulator", "-json"]);
        command.args(args).stdout(Stdio::piped()).stderr(Stdio::inherit());
        EmulatorProcess::start(command)
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let entries = fs::read_dir(from).unwrap_or_else(|e| panic!("{} cannot be read: {e}", from.display()));
    for entry in entries {
        let entry = entry.unwrap();
        let name = entry.file_name();
        // What somebody's own runs left in the project is not part of it.
        if name.to_string_lossy().starts_with("streamform.") || name == ".streamform" || name == ".terraform"
        {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

#[track_caller]
fn finish(mut command: Command, args: &[OsString], input: Option<String>) -> Run {
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    if let (Some(mut pipe), Some(input)) = (child.stdin.take(), input) {
        // The command may end without reading all of it.
        thread::spawn(move || pipe.write_all(input.as_bytes()));
    }
    let (done, both_closed) = mpsc::channel();
    let stdout = read_all(child.stdout.take().unwrap(), done.clone());
    let stderr = read_all(child.stderr.take().unwrap(), done);
    // Two answers: stdout and stderr.
    let late = (0..2).any(|_| both_closed.recv_timeout(PATIENCE).is_err());
    if late {
        let _ = child.kill();
    }
    let run = Run {
        line: args
            .iter()
            .map(|arg| arg.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" "),
        code: child.wait().unwrap().code(),
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    };
    assert!(!late, "the command did not end within {PATIENCE:?}\n{run}");
    run
}

fn read_all(mut pipe: impl Read + Send + 'static, done: mpsc::Sender<()>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        let _ = done.send(());
        String::from_utf8(bytes).unwrap()
    })
}

/// What a command did.
pub(crate) struct Run {
    line: String,
    /// The exit code; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn code_is(&self, code: i32) -> &Run {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Checks that a text is on stdout or stderr.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Run {
        assert!(
            self.stdout.contains(text) || self.stderr.contains(text),
            "{text:?} should be said\n{self}"
        );
        self
    }

    /// Checks that a text is neither on stdout nor on stderr.
    #[track_caller]
    pub(crate) fn is_silent_about(&self, text: &str) -> &Run {
        assert!(
            !self.stdout.contains(text) && !self.stderr.contains(text),
            "{text:?} should not be said\n{self}"
        );
        self
    }

    /// Stdout as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("stdout is no JSON: {e}\n{self}"))
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "$ streamform {}\nexit code {:?}\n--- stdout\n{}\n--- stderr\n{}",
            self.line, self.code, self.stdout, self.stderr
        )
    }
}

/// An emulator in a process of its own, ended when this is dropped.
pub(crate) struct EmulatorProcess {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub(crate) endpoint: String,
    pub(crate) cloud_api_key: String,
    pub(crate) cloud_api_secret: String,
    pub(crate) organization_id: String,
}

impl EmulatorProcess {
    #[track_caller]
    fn start(mut command: Command) -> EmulatorProcess {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let facts: Value = serde_json::from_str(&line).unwrap_or_else(|e| {
            let _ = child.kill();
            panic!("the emulator should say where it listens, in one line of JSON, not {line:?}: {e}")
        });
        let fact = |name: &str| {
            facts[name]
                .as_str()
                .unwrap_or_else(|| panic!("the emulator should say its {name}: {line}"))
                .to_owned()
        };
        EmulatorProcess {
            endpoint: fact("endpoint"),
            cloud_api_key: fact("cloud_api_key"),
            cloud_api_secret: fact("cloud_api_secret"),
            organization_id: fact("organization_id"),
            child,
        }
    }

    /// All living objects by kind, as `GET /_emulator/objects` answers.
    #[track_caller]
    pub(crate) fn objects(&self) -> Value {
        self.request("GET", "/_emulator/objects", "")
    }

    /// Names of all living objects of a kind (`topics`, `statements`, …), sorted.
    #[track_caller]
    pub(crate) fn names(&self, kind: &str) -> Vec<String> {
        let objects = self.objects();
        let list = objects[kind]
            .as_array()
            .unwrap_or_else(|| panic!("the emulator knows no {kind}"));
        let mut names: Vec<String> = list
            .iter()
            .map(|object| object["name"].as_str().unwrap_or_default().to_owned())
            .collect();
        names.sort();
        names
    }

    /// A request without credentials to the emulator's own paths; the answer as JSON.
    #[track_caller]
    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> Value {
        self.call(method, path, body, None)
    }

    /// A request with the Cloud API key, as somebody else would send it who changes things behind the state's back.
    #[track_caller]
    pub(crate) fn cloud(&self, method: &str, path: &str, body: &str) -> Value {
        use base64::Engine;
        let pair = format!("{}:{}", self.cloud_api_key, self.cloud_api_secret);
        let basic = base64::engine::general_purpose::STANDARD.encode(pair);
        self.call(method, path, body, Some(&basic))
    }

    #[track_caller]
    fn call(&self, method: &str, path: &str, body: &str, basic: Option<&str>) -> Value {
        let address = self.endpoint.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let authorization = basic
            .map(|basic| format!("Authorization: Basic {basic}\r\n"))
            .unwrap_or_default();
        // HTTP/1.0: the answer comes in one piece and the connection ends with it.
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: {address}\r\n{authorization}Content-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).unwrap_or_default();
        assert!(
            status.starts_with('2'),
            "{method} {path} should succeed\n{answer}"
        );
        if body.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(body)
            .unwrap_or_else(|e| panic!("{method} {path} should answer JSON: {e}\n{answer}"))
    }

    /// Ends the emulator without a word, as a crash would.
    pub(crate) fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for EmulatorProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
