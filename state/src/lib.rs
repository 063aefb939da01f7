//! The state store: what Streamform remembers of the objects that it manages.

mod attribute_path;
mod bytes;
mod entry;
mod error;
mod holder;
mod journal;
mod raw_json;
mod record;
mod store;
mod view;

pub use attribute_path::AttributePath;
pub use attribute_path::PathStep;
pub use entry::Entry;
pub use error::StateError;
pub use holder::HolderInfo;
pub use holder::LockWait;
pub use journal::Intent;
pub use journal::IntentAction;
pub use raw_json::RawJson;
pub use record::Mode;
pub use record::Object;
pub use record::ObjectStatus;
pub use record::OutputValue;
pub use record::Record;
pub use store::Finished;
pub use store::Store;
pub use view::StateView;
