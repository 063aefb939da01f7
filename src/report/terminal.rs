//! The terminal skin: plans, results and progress with Terraform's words and signs.

mod diff_text;
mod plan_text;
mod progress;
mod result_text;

pub use plan_text::NextStep;
pub use plan_text::next_step_text;
pub use plan_text::plan_text;
pub use progress::Progress;
pub use progress::event_line;
pub use result_text::apply_complete_text;
pub use result_text::destroy_complete_text;
pub use result_text::outputs_text;

pub(super) use diff_text::DiffWriter;
pub(super) use diff_text::Layout;
pub(super) use diff_text::Manner;
pub(super) use plan_text::changed_values;
pub(super) use progress::elapsed_text;

use super::paint::Paint;

/// How text for a terminal is written.
#[derive(Clone, Copy, Debug)]
pub struct TextStyle {
    /// Colours.
    pub paint: Paint,
    /// Columns.
    pub width: usize,
}

impl Default for TextStyle {
    fn default() -> Self {
        TextStyle {
            paint: Paint::plain(),
            width: 78,
        }
    }
}
