//! The state store: what Streamform remembers of the objects that it manages, and how it is kept from being lost.
//!
//! # Using it
//!
//! ```
//! use streamform_state::{Entry, HolderInfo, LockWait, Store, read_view};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let dir = folder.path();
//! let holder = HolderInfo::new("OperationTypeApply", "ada@engine", "run-1", "2026-11-21T10:00:00Z");
//! let mut store = Store::open(dir, holder, LockWait::No)?; // alone from here on
//! for intent in store.open_intents() {
//!     // A run was killed between a call and its answer: ask the provider what became of it.
//! }
//! store.commit(vec![Entry::Checks(serde_json::json!([]))])?; // durable when it returns
//! let view = store.view(); // whole, consistent, and it stays as it is
//! assert_eq!(read_view(dir)?.serial(), view.serial()); // others read without a lock
//! store.finish()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Where it is kept
//!
//! A [`Backend`] keeps the states of all workspaces. What follows is how folders of this machine do it ([`Backend::local`]).
//!
//! A PostgreSQL database ([`Backend::postgres`]) keeps a row an item. A commit is one transaction; readers see all rows as of one
//! instant. A lock covers a part of a state ([`Scope`]): it is a row with a number that only rises, and an advisory lock of the
//! holder's session tells whether the holder is alive. Whoever's row is gone cannot commit any more.
//!
//! # How it is kept
//!
//! * **Log first.** [`Store::commit`] appends one checksummed frame to the log and syncs it. Results of finished steps and intents of
//!   newly ready ones go into the same frame, so a step costs one sync or less.
//! * **Snapshots** are full copies. Readers use the newest one and the log since, so they do not wait for a writer. A small state (below
//!   4 MiB) is copied after every run that changed it, a large one when the log has grown to a quarter of its size. Log segments that the
//!   newest snapshot covers are kept: with the snapshot before they are the second copy of the state.
//! * **A large snapshot has an index** and is read where somebody looks into it: opening holds all of its bytes against their
//!   checksums, a block at a time, and keeps the index alone.
//! * **The working store** (sled) is the second copy of a very large state (256 MiB and more). It is brought up to date before a snapshot is
//!   written, and the snapshot is written from it, so that each has been held against the other. A smaller state does without: to fill
//!   it costs more than all else that a run does to its state, and to put the newest snapshot and the log together costs little.
//! * **The manifest** says where the last finished run ended. Log frames, working store, snapshots and manifest all carry the
//!   number and the digest of all items: what is behind is brought forward, what contradicts is refused, and the message says
//!   what [`restore`] can do about it.
//! * **The lock** is the kernel's (`flock`), so it cannot outlive its process; a file beside it says who holds it.
//! * **Sealing** ([`SealKey`]) encrypts records with sensitive attributes or private bytes, sensitive outputs, and every intent, in
//!   all of these places alike.
//!
//! Every file begins with the version of its format; one that is newer than this program is refused and left alone.
//! Files have mode 0600, folders 0700.

mod attribute_path;
mod backend;
mod bytes;
mod check;
mod contents;
mod document;
mod durable;
mod entry;
mod error;
mod holder;
mod http;
mod item;
mod journal;
mod local;
mod moving;
mod object;
mod postgres;
mod raw_json;
mod record;
mod records;
mod rekey;
mod remote_thread;
mod scope;
mod sealing;
mod steps;
mod store;
mod tfstate;
mod view;

pub use attribute_path::AttributePath;
pub use attribute_path::PathStep;
pub use backend::Backend;
pub use backend::KeptSnapshot;
pub use backend::Snapshot;
pub use check::Check;
pub use check::Finding;
pub use check::Verdict;
pub use entry::Entry;
pub use error::AfterAKill;
pub use error::StateError;
pub use holder::HolderInfo;
pub use holder::LockWait;
pub use http::HttpSettings;
pub use journal::Intent;
pub use journal::IntentAction;
pub use local::DEFAULT_WORKSPACE;
pub use local::Places;
pub use local::Restored;
pub use local::SnapshotInfo;
pub use local::file_of_folder;
pub use local::folder_of_file;
pub use local::force_unlock;
pub use local::lock_info;
pub use local::read_snapshot;
pub use local::read_view;
pub use local::read_view_sealed;
pub use local::restore;
pub use local::snapshots;
pub use local::workspace_dir;
pub use local::workspaces;
pub use object::Credentials;
pub use object::Proxies;
pub use object::S3Settings;
pub use postgres::POSTGRES_ARGUMENTS;
pub use postgres::PostgresSettings;
pub use raw_json::RawJson;
pub use record::Mode;
pub use record::Object;
pub use record::ObjectStatus;
pub use record::OutputValue;
pub use record::Record;
pub use rekey::Rekeyed;
pub use scope::Scope;
pub use sealing::SealKey;
pub use steps::Watcher;
pub use steps::watch_steps;
pub use store::Finished;
pub use store::Newer;
pub use store::Rescued;
pub use store::Store;
pub use store::TakenIn;
pub use tfstate::ForeignState;
pub use view::StateView;
