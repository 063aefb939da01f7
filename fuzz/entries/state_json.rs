//! State files of Terraform.

use streamform_state::ForeignState;

/// Whatever the text is, there is a state or a word on why there is none; what was read can be written, and read again.
pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(state) = ForeignState::from_v4_text(text) else {
        return;
    };
    let Ok(written) = state.view.to_v4_text("1.11.4") else {
        return;
    };
    if let Err(e) = ForeignState::from_v4_text(&written) {
        panic!("what was written cannot be read again: {e}\n{written}");
    }
}
