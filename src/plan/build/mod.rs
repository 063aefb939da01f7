//! Making a plan: walks the blocks in dependency order, evaluates, reads, asks providers to plan.
//!
//! The walk is one thread of control: evaluation is synchronous, and while calls of providers are under way, blocks that
//! do not wait for them go on. See `walk.rs`.

mod conditions;
mod config_value;
mod convert;
mod data;
mod deferral;
mod ephemeral;
mod guard;
mod import;
mod instance;
mod load;
mod opening;
mod order;
mod orphans;
mod outputs;
mod planned;
mod prior;
mod providers;
mod reading;
mod recover;
mod requests;
mod resource;
mod single_import;
mod stored;
mod targets;
mod triggers;
mod unread;
mod walk;

pub use conditions::status_of;
pub use config_value::ConfigValue;
pub use config_value::Decoders;
pub use config_value::decode_instance;
pub use config_value::forbid_ephemeral;
pub use config_value::place_findings;
pub use data::as_warnings;
pub use ephemeral::Open;
pub use ephemeral::OpenAnswer;
pub use ephemeral::close_instances;
pub use ephemeral::open_instances;
pub use ephemeral::with_secrets;
pub use instance::ignore_changes;
pub use prior::display_id;
pub use prior::path_from_state;
pub use prior::path_to_state;
pub use prior::stored_values;
pub use providers::LiveProvider;
pub use providers::LiveProviders;
pub use providers::evaluate_provider;
pub use providers::provider_block;
pub use reading::shown_address;
pub use recover::Decisions;
pub use recover::ambiguous;
pub use recover::are_alike;
pub use recover::recover;
pub use recover::recover_request;
pub use resource::Ready;
pub use single_import::SingleImport;
pub use single_import::import_one;
pub use walk::Built;
pub use walk::Held;
pub use walk::PlanInput;
pub use walk::PlanOptions;
pub use walk::build;
pub use walk::build_with_world;
