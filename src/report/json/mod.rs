//! Reports for programs, in the formats of Terraform: plan 1.2, state 1.0, the `-json` stream 1.2, validate 1.0, outputs.

mod checks;
mod configuration;
mod exact;
mod history;
mod outputs;
mod plan;
mod relevant;
mod schemas;
mod state;
mod ui;
mod validate;
mod value;

pub use exact::json_text;
pub use history::difference_json;
pub use history::history_json;
pub use history::version_json;
pub use outputs::output_json;
pub use outputs::outputs_json;
pub use plan::plan_json;
pub(super) use schemas::called_function;
pub use schemas::functions_json;
pub use schemas::provider_schemas_json;
pub use state::state_json;
pub use ui::UiStream;
pub use validate::validate_json;

#[cfg(test)]
pub(super) mod tests;
