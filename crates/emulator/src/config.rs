//! How to start an emulator, and why it may refuse.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How an emulator is to run.
#[derive(Clone, Debug, Default)]
pub struct EmulatorConfig {
    /// Where to listen. `None`: the port that the data directory remembers, else a free one, on 127.0.0.1.
    pub listen: Option<SocketAddr>,
    /// Where objects are kept. `None`: in memory only.
    pub data_dir: Option<PathBuf>,
    /// How long passing phases (`PROVISIONING`, `PENDING`, `STOPPING`, `DELETING`) last, and how long a new API key
    /// is refused. Zero: not at all.
    pub phase_delay: Duration,
    /// The organization's id, a UUID. `None`: the one that the data directory remembers, else a new one.
    pub organization_id: Option<String>,
}

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// Another live process serves this data directory; talk to that one.
    #[error("the emulator of this data directory is already running at {endpoint}")]
    AlreadyServing {
        /// Where it listens.
        endpoint: String,
        /// The id of the first Cloud API key.
        cloud_api_key: String,
        /// The secret of the first Cloud API key.
        cloud_api_secret: String,
        /// The organization's id.
        organization_id: String,
    },
    /// Another live process holds the data directory but does not answer.
    #[error(
        "another process holds the emulator's data directory {}, but does not answer at its address; end that process, \
         or choose another data directory",
        path.display()
    )]
    Held {
        /// The data directory.
        path: PathBuf,
    },
    /// The remembered port belongs to somebody else now.
    #[error(
        "port {port} on 127.0.0.1 is taken by another program; the objects in {} were handed out with addresses at \
         that port. End that program, or start the emulator with an explicit address and update the addresses in your \
         configuration",
        path.display()
    )]
    PortTaken {
        /// The port.
        port: u16,
        /// The data directory that remembers it.
        path: PathBuf,
    },
    /// The address cannot be listened on.
    #[error("the emulator cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the data directory cannot be read or written.
    #[error("the emulator cannot use {}: {source}", path.display())]
    DataDir {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The log is damaged.
    #[error(
        "line {line} of {} is damaged, so the emulator's objects cannot be trusted; restore the file, or delete the data \
         directory to start empty",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The damaged line, counted from 1.
        line: usize,
    },
    /// A file was written by a newer version.
    #[error("{} has format version {version}, which only a newer streamform can read", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u64,
    },
    /// The wanted organization is not the one of the data directory.
    #[error(
        "the data directory belongs to organization {found}, not to {wanted}; leave the organization out, or choose \
         another data directory"
    )]
    OrganizationDiffers {
        /// The organization of the data directory.
        found: String,
        /// The organization that was asked for.
        wanted: String,
    },
}

impl EmulatorError {
    pub(crate) fn data_dir(path: &Path, source: std::io::Error) -> EmulatorError {
        EmulatorError::DataDir {
            path: path.to_owned(),
            source,
        }
    }
}
