//! What a command asks for: validate, plan, apply. No terminal, no environment, no clock of its own: all of that comes in
//! with [`Session`].

mod apply;
mod backend;
mod console;
mod import;
mod inputs;
mod load;
mod plan;
mod provisioners;
mod remote_state;
mod scope;
mod session;
pub mod state;
mod takeover;
mod validate;
mod workspaces;

#[cfg(test)]
mod tests;

pub use apply::ApplyOutcome;
pub use apply::apply;
pub use backend::BackendRecord;
pub use backend::LOCAL_ARGUMENTS;
pub use backend::Unsettled;
pub use backend::default_backend;
pub use backend::settled_backend;
pub use backend::unavailable_backend;
pub use console::Against;
pub use console::Answer;
pub use console::Console;
pub use console::console;
pub use import::ImportRequest;
pub use import::import;
pub use inputs::GivenVariable;
pub use inputs::VariableSource;
pub use inputs::parse_variables_file;
pub use load::Loaded;
pub use load::load;
pub use load::load_declarations;
pub use plan::PlanRequest;
pub use plan::Planned;
pub use plan::plan;
pub use plan::restore;
pub use remote_state::LocalStates;
pub use session::Clock;
pub use session::Session;
pub use session::timestamp;
pub use takeover::Waiting;
pub use takeover::all_waiting;
pub use takeover::none_waits;
pub use takeover::take_over;
pub use validate::validate;
pub use workspaces::Migration;
pub use workspaces::copy_state;
pub use workspaces::create_workspace;
pub use workspaces::delete_workspace;
pub use workspaces::find_migration;
pub use workspaces::is_workspace_name;
pub use workspaces::list_workspaces;
pub use workspaces::managed_objects;
pub use workspaces::migrate;
pub use workspaces::select_workspace;
pub use workspaces::selected_workspace;
pub use workspaces::state_of_file;
