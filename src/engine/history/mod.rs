//! The history of a state: every run that has changed it is a version, with what it was made from.
//!
//! A version begins with a document that is durable before anything is changed and ends with a second one; a run that is killed
//! between them is ended as interrupted by the next one. Nothing here grows with the state: what a version keeps is what its
//! run has changed, the outputs, and the digests of its files. Files are kept once by their digest. Whatever goes wrong with the
//! history is a warning: it must not keep a run from its work.

mod prune;
mod read;
mod record;
mod rollback;
mod store;
mod version;

pub use prune::Keep;
pub use read::Difference;
pub use read::TwoTexts;
pub use read::compare_versions;
pub use read::get_version;
pub use read::list_versions;
pub use rollback::Earlier;
pub use rollback::earlier;
pub use version::Begun;
pub use version::Change;
pub use version::Config;
pub use version::Counts;
pub use version::Ended;
pub use version::Kind;
pub use version::Sql;
pub use version::SqlChange;
pub use version::Status;
pub use version::Version;

pub(super) use record::Planned;
pub(super) use record::begin;
pub(super) use record::not_written;
pub(super) use record::note;
pub(super) use record::record_changes;
