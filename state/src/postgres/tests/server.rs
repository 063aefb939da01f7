//! A PostgreSQL server of its own for a test: in a temporary folder, on a port of its own, stopped at the end. Used by the tests of
//! this crate and by the end-to-end tests.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

/// A running server. Stopped when dropped.
pub(crate) struct Server {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
}

static DATABASES: AtomicU32 = AtomicU32::new(0);

impl Server {
    /// One server for all tests that run at this moment; each has a database of its own. `None` as for [`Server::start`].
    pub(crate) fn shared() -> Option<Arc<Self>> {
        static SERVER: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut known = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
        known.upgrade().or_else(|| {
            let server = Arc::new(Self::start()?);
            *known = Arc::downgrade(&server);
            Some(server)
        })
    }

    /// `None`, and a line that says why, where no server is installed.
    fn start() -> Option<Self> {
        Self::start_with(&[], &[])
    }

    /// One with further settings, and files in the folder of its data (readable by the server alone; `pg_hba.conf` goes before what is
    /// there).
    pub(crate) fn start_with(settings: &[&str], files: &[(&str, &str)]) -> Option<Self> {
        let Some(bin) = programs() else {
            #[expect(clippy::print_stderr, reason = "a test that is skipped says why")]
            let () = eprintln!("skipped: no PostgreSQL server is installed (apt-get install postgresql)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let root = is_root();
        if root {
            // The server refuses to run as root.
            let owned = Command::new("chown").arg("postgres").arg(folder.path()).status();
            assert!(
                owned.unwrap().success(),
                "the folder could not be given to the user postgres"
            );
        }
        let made = as_postgres(root, &bin.join("initdb"))
            .args([
                "-A",
                "trust",
                "-U",
                "postgres",
                "-N",
                "-E",
                "UTF8",
                "--locale=C",
                "-D",
            ])
            .arg(&data)
            .current_dir("/")
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        for (name, text) in files {
            let path = data.join(name);
            let before = fs::read_to_string(&path).unwrap_or_default();
            fs::write(&path, format!("{text}{before}")).unwrap();
            assert!(
                Command::new("chmod")
                    .arg("0600")
                    .arg(&path)
                    .status()
                    .unwrap()
                    .success()
            );
            if root {
                let owned = Command::new("chown").arg("postgres").arg(&path).status();
                assert!(owned.unwrap().success());
            }
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let process = as_postgres(root, &bin.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-c", "fsync=off"])
            .args(["-c", "unix_socket_directories=", "-c", "max_connections=60"])
            .args(settings.iter().flat_map(|setting| ["-c", setting]))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Self {
            process,
            port,
            folder,
        };
        let began = Instant::now();
        while server.sql("postgres", "SELECT 1").is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "the server did not start: {}",
                fs::read_to_string(server.folder.path().join("log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    /// A connection string to a new, empty database.
    pub(crate) fn database(&self) -> String {
        let name = format!("db{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}")).unwrap();
        self.conn_str(&name)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn conn_str(&self, database: &str) -> String {
        format!(
            "postgres://postgres:not-shown@127.0.0.1:{}/{database}?sslmode=disable",
            self.port
        )
    }

    /// Runs a statement and gives what it prints, a row a line.
    pub(crate) fn sql(&self, database: &str, statement: &str) -> Result<String, String> {
        let bin = programs().unwrap();
        let psql = bin.join("psql");
        let psql = if psql.exists() {
            psql
        } else {
            PathBuf::from("psql")
        };
        let done = Command::new(psql)
            .env("PGCONNECT_TIMEOUT", "5")
            .args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement])
            .arg(self.conn_str(database))
            .output()
            .map_err(|error| error.to_string())?;
        if done.status.success() {
            Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&done.stderr).into_owned())
        }
    }

    /// Ends all sessions of ours in a database.
    pub(crate) fn cut(&self, database: &str) {
        self.sql(
            "postgres",
            &format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}' AND application_name = 'streamform'"
            ),
        )
        .unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT: a fast shutdown. Its own children end with it.
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").args(["-INT", &pid]).status();
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(10) {
            if let Ok(Some(_)) = self.process.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The folder of the server's programs: Debian's newest, or one on the PATH.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
        .collect();
    found.sort();
    found.pop().or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
    })
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").is_ok_and(|of_self| of_self.uid() == 0)
}

/// A program, as the user postgres where this is root. (setpriv becomes the program: the process that is stopped is the server.)
fn as_postgres(root: bool, program: &Path) -> Command {
    if root {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"])
            .arg(program);
        command
    } else {
        Command::new(program)
    }
}
