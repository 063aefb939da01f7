//! Programs of provisioners as processes of this machine.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::io::BufReader;
use std::io::PipeReader;
use std::io::Read;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use crate::exec::CommandFailure;
use crate::exec::CommandLine;
use crate::exec::CommandRunner;
use crate::exec::OutputLines;
use crate::exec::Stop;

/// How long a program may take to end by itself once it was asked to.
const GRACE: Duration = Duration::from_secs(3);
/// Longer lines are told in pieces, in bytes: a program may print without ever ending a line.
const LONGEST: u64 = 64 * 1024;

/// Starts processes; they see the environment of this one.
pub(super) struct Processes {
    base: PathBuf,
    /// Groups of processes that have not ended.
    alive: Arc<Mutex<BTreeSet<u32>>>,
}

impl Processes {
    /// Folders of commands are relative to `base`.
    pub(super) fn new(base: PathBuf) -> Self {
        Processes {
            base,
            alive: Arc::default(),
        }
    }

    fn spawn(&self, command: &CommandLine) -> Result<(Child, PipeReader), String> {
        let (program, words) = command
            .words
            .split_first()
            .ok_or_else(|| "there is nothing to run".to_owned())?;
        let folder = match &command.folder {
            None => self.base.clone(),
            Some(folder) => self.base.join(folder),
        };
        if let Some(name) = &command.folder
            && !folder.is_dir()
        {
            let what = if folder.exists() {
                "not a directory"
            } else {
                "no such file or directory"
            };
            return Err(format!("chdir {name}: {what}"));
        }
        let pipe = |e: std::io::Error| format!("its output cannot be read: {e}");
        let (output, input) = std::io::pipe().map_err(pipe)?;
        let mut child = Command::new(program);
        child
            .args(words)
            .envs(command.environment.iter().map(|(n, v)| (n, v)))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(input.try_clone().map_err(pipe)?)
            .stderr(input);
        // A group of its own: what a shell starts is ended with the shell.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut child, 0);
        let child = child.spawn().map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound if !program.contains(['/', '\\']) => {
                format!("exec: {program:?}: executable file not found in $PATH")
            }
            _ => format!("{program:?} cannot be started: {e}"),
        })?;
        // (Our own ends of the pipe went with `Command`: the reader ends when the last process closes its own.)
        Ok((child, output))
    }
}

impl CommandRunner for Processes {
    fn run(
        &self,
        command: CommandLine,
        lines: OutputLines,
        stop: Stop,
    ) -> BoxFuture<'static, Result<(), CommandFailure>> {
        let failure = |why: String, interrupted| CommandFailure { why, interrupted };
        let (mut child, output) = match self.spawn(&command) {
            Ok(started) => started,
            Err(why) => return Box::pin(std::future::ready(Err(failure(why, false)))),
        };
        let id = child.id();
        let alive = Arc::clone(&self.alive);
        lock(&alive).insert(id);
        let (send, mut ended) = oneshot::channel();
        // Reading and waiting block. Where nobody waits for it any more the thread ends with its process.
        std::thread::spawn(move || {
            read(output, &lines);
            let end = child.wait();
            lock(&alive).remove(&id);
            let _ = send.send(end);
        });
        Box::pin(async move {
            let status = tokio::select! {
                biased;
                status = &mut ended => status,
                () = stop.wait() => {
                    for kill in [false, true] {
                        end_group(id, kill);
                        if tokio::time::timeout(GRACE, &mut ended).await.is_ok() {
                            break;
                        }
                    }
                    return Err(failure("interrupted".to_owned(), true));
                }
            };
            match status {
                Ok(Ok(status)) if status.success() => Ok(()),
                Ok(Ok(status)) => Err(failure(why(status), false)),
                Ok(Err(e)) => Err(failure(format!("its end cannot be learned: {e}"), false)),
                Err(_) => Err(failure("its end cannot be learned".to_owned(), false)),
            }
        })
    }

    fn end_all(&self) {
        for id in lock(&self.alive).iter() {
            end_group(*id, true);
        }
    }
}

fn lock(alive: &Mutex<BTreeSet<u32>>) -> MutexGuard<'_, BTreeSet<u32>> {
    alive.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells every line.
fn read(output: PipeReader, lines: &OutputLines) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut output).take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                lines(text.trim_end_matches(['\n', '\r']));
            }
        }
    }
}

/// How a process ended that did not end well.
fn why(status: ExitStatus) -> String {
    if let Some(code) = status.code() {
        return format!("exit status {code}");
    }
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return match signal {
            1 => "signal: hangup".to_owned(),
            2 => "signal: interrupt".to_owned(),
            6 => "signal: aborted".to_owned(),
            9 => "signal: killed".to_owned(),
            11 => "signal: segmentation fault".to_owned(),
            15 => "signal: terminated".to_owned(),
            other => format!("signal: signal {other}"),
        };
    }
    "it ended without a status".to_owned()
}

/// Asks a process and all that it has started to end, or ends them.
fn end_group(id: u32, kill: bool) {
    #[cfg(unix)]
    {
        use rustix::process::Pid;
        use rustix::process::Signal;
        let signal = if kill { Signal::KILL } else { Signal::TERM };
        if let Some(group) = i32::try_from(id).ok().and_then(Pid::from_raw) {
            // Gone already: nothing is left to do.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }
    #[cfg(not(unix))]
    {
        let mut taskkill = Command::new("taskkill");
        taskkill.args(["/T", "/PID", &id.to_string()]);
        if kill {
            taskkill.arg("/F");
        }
        let _ = taskkill.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}
