//! `state`
use crate::cli::arguments::StateArgs;
use crate::cli::session::Surroundings;
use std::sync::Arc;
pub(super) fn run(s: &Surroundings, _args: &StateArgs) -> u8 {
    let c = super::Console::new(&Default::default());
    let session = s.offline(Arc::new(())).unwrap();
    for r in session.read_state().unwrap().records() {
        c.out(&r.address);
    }
    0
}
