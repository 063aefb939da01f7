//! How things look: one model of a plan, and its skins. Nothing here reads the environment or a file of its own accord,
//! and everything that is printed goes through one [`Ui`].
//!
//! | what | function |
//! | --- | --- |
//! | streams, prompts | [`Ui::out`], [`Ui::err`], [`Ui::prompt`], [`Ui::diagnostics`] |
//! | secrets by value, masked in all of it | [`crate::plan::Secrets`]; in clear: [`Ui::out_in_clear`] |
//! | diagnostics | [`diagnostics_text`], [`diagnostic_json`] |
//! | a plan | [`PlanReport::of`], then [`plan_text`]; below it [`next_step_text`] |
//! | progress | [`Progress::new`] gives a [`crate::plan::Observer`]; single lines: [`event_line`] |
//! | after an apply | [`apply_complete_text`], [`destroy_complete_text`], [`outputs_text`] |
//! | a state | [`state_text()`], [`instance_text`]; its outputs: [`state_outputs`] |
//! | drift alone | [`DriftReport::of`], then its text or JSON |
//! | the history | [`history_text`], [`version_text`], [`difference_text`], [`rollback_text`] |
//! | a pull request | [`plan_markdown`] |
//! | JSON | [`json::plan_json`], [`json::state_json`], [`json::validate_json`], [`json::outputs_json`], [`json::output_json`] |
//! | the `-json` stream | [`json::UiStream::new`]: `version`, `plan`, `applied`, `diagnostics`; it is an observer too |
//! | pictures | [`graph_dot`], [`graph_mermaid`], [`plan_graph_dot`], [`plan_graph_mermaid`] |
//! | a value | [`value_text()`], [`value_text_in_clear`]; a type: [`type_text()`] |
//! | lines of a person | [`LineEditor`] |

pub mod diagnostic;
pub mod diff;
pub mod drift;
pub mod graph;
pub mod history;
pub mod json;
pub mod line_editor;
pub mod markdown;
pub mod model;
pub mod paint;
#[cfg(test)]
mod specimens;
pub mod state_text;
pub mod terminal;
pub mod tree_text;
pub mod type_text;
pub mod ui;
pub mod value_text;

pub use diagnostic::DiagnosticStyle;
pub use diagnostic::diagnostic_json;
pub use diagnostic::diagnostic_text;
pub use diagnostic::diagnostics_text;
pub use drift::DriftReport;
pub use graph::graph_dot;
pub use graph::graph_mermaid;
pub use graph::plan_graph_dot;
pub use graph::plan_graph_mermaid;
pub use history::difference_text;
pub use history::history_text;
pub use history::learn_version;
pub use history::rollback_text;
pub use history::version_text;
pub use line_editor::LineEditor;
pub use line_editor::Typed;
pub use markdown::MarkdownOptions;
pub use markdown::plan_markdown;
pub use model::PlanReport;
pub use paint::Paint;
pub use state_text::instance_text;
pub use state_text::state_outputs;
pub use state_text::state_text;
pub use terminal::NextStep;
pub use terminal::Progress;
pub use terminal::TextStyle;
pub use terminal::apply_complete_text;
pub use terminal::destroy_complete_text;
pub use terminal::event_line;
pub use terminal::next_step_text;
pub use terminal::outputs_text;
pub use terminal::plan_text;
pub use tree_text::Tree;
pub use tree_text::tree_text;
pub use type_text::type_text;
pub use ui::Ui;
pub use ui::UiSettings;
pub use value_text::value_text;
pub use value_text::value_text_in_clear;
