//! `validate`
use crate::cli::arguments::ValidateArgs;
use crate::cli::session::Surroundings;
use crate::config::Disk;
use std::path::Path;
use std::sync::Arc;
pub(super) fn run(s: &Surroundings, args: &ValidateArgs) -> u8 {
    let c = super::Console::new(&args.view);
    let session = s.offline(Arc::new(())).unwrap();
    let loaded = crate::engine::load(&Disk::new("."), Path::new("."), &session.registry);
    let found = crate::engine::validate(&session, &loaded);
    c.diagnostics(&found, &loaded.config.sources);
    u8::from(found.has_errors())
}
