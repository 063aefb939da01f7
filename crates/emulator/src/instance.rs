//! The data directory: who serves it, and what it remembers besides objects.
//!
//! `emulator.lock` is held (an advisory lock of the kernel, which ends with the process) by the one that serves.
//! `emulator.json` says where that is, which organization it is, and which Cloud API key opens it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::EmulatorError;

const LOCK: &str = "emulator.lock";
const INFO: &str = "emulator.json";
/// How often, and how far apart, a second starter asks whether the first one answers already.
const PATIENCE: (u32, Duration) = (60, Duration::from_millis(50));

/// What a data directory remembers besides objects.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Info {
    pub(crate) version: u64,
    pub(crate) port: u16,
    pub(crate) endpoint: String,
    pub(crate) organization_id: String,
    pub(crate) cloud_api_key: String,
    pub(crate) cloud_api_secret: String,
}

/// A data directory that this process serves. The lock ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Instance {
    path: PathBuf,
    _lock: File,
}

impl Instance {
    /// Takes the data directory.
    ///
    /// # Errors
    /// Somebody else serves it ([`EmulatorError::AlreadyServing`]), or it cannot be used.
    pub(crate) async fn take(path: &Path) -> Result<Instance, EmulatorError> {
        let fail = |source| EmulatorError::data_dir(path, source);
        std::fs::create_dir_all(path).map_err(fail)?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        private(&mut options);
        let lock = options.open(path.join(LOCK)).map_err(fail)?;
        // A starter that finds no answer tries the lock again: the holder may just have ended.
        for _ in 0..PATIENCE.0 {
            match lock.try_lock() {
                Ok(()) => {
                    return Ok(Instance {
                        path: path.to_owned(),
                        _lock: lock,
                    });
                }
                Err(TryLockError::Error(source)) => return Err(fail(source)),
                Err(TryLockError::WouldBlock) => {}
            }
            if let Ok(Some(info)) = read(path)
                && tokio::net::TcpStream::connect(info.endpoint.trim_start_matches("http://"))
                    .await
                    .is_ok()
            {
                return Err(EmulatorError::AlreadyServing {
                    endpoint: info.endpoint,
                    cloud_api_key: info.cloud_api_key,
                    cloud_api_secret: info.cloud_api_secret,
                    organization_id: info.organization_id,
                });
            }
            tokio::time::sleep(PATIENCE.1).await;
        }
        Err(EmulatorError::Held {
            path: path.to_owned(),
        })
    }

    /// What the directory remembers, if it was served before.
    pub(crate) fn info(&self) -> Result<Option<Info>, EmulatorError> {
        read(&self.path)
    }

    /// Remembers `info`, whole or not at all.
    pub(crate) fn remember(&self, info: &Info) -> Result<(), EmulatorError> {
        let fail = |source| EmulatorError::data_dir(&self.path, source);
        let fresh = self.path.join(format!("{INFO}.new"));
        let mut options = OpenOptions::new();
        options.create(true).truncate(true).write(true);
        private(&mut options);
        let mut file = options.open(&fresh).map_err(fail)?;
        let text = serde_json::to_string_pretty(info).map_err(|error| fail(error.into()))?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(fail)?;
        std::fs::rename(&fresh, self.path.join(INFO)).map_err(fail)
    }

    /// Where the log of objects is.
    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("objects.jsonl")
    }
}

fn read(path: &Path) -> Result<Option<Info>, EmulatorError> {
    let path = path.join(INFO);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(EmulatorError::data_dir(&path, source)),
    };
    let info: Info =
        serde_json::from_str(&text).map_err(|error| EmulatorError::data_dir(&path, error.into()))?;
    if info.version != 1 {
        return Err(EmulatorError::NewerFormat {
            path,
            version: info.version,
        });
    }
    Ok(Some(info))
}

/// Only the owner may read what is opened with these options, where the system knows such a thing.
pub(crate) fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}
