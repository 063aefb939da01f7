//! What commands print with. (interim)
use crate::cli::arguments::ViewArgs;
use crate::plan::{Event, Observer};
use streamform_lang::diag::{Diagnostic, Diagnostics, Sources};
pub(super) struct Console;
impl Console {
    pub(super) fn new(_: &ViewArgs) -> Self {
        Console
    }
    pub(super) fn fail(&self, d: Diagnostic) -> u8 {
        self.diagnostics(&d.into(), &Sources::default());
        1
    }
    #[expect(clippy::print_stderr)]
    pub(super) fn diagnostics(&self, found: &Diagnostics, sources: &Sources) {
        for d in found {
            eprintln!(
                "{:?}: {}\n  {}\n  at {} {:?}",
                d.severity,
                d.summary,
                d.detail,
                d.subject.map(|s| sources.place(s)).unwrap_or_default(),
                d.address
            );
        }
    }
    #[expect(clippy::print_stdout)]
    pub(super) fn out(&self, t: &str) {
        println!("{t}");
    }
}
pub(super) struct Printer;
impl Observer for Printer {
    #[expect(clippy::print_stdout)]
    fn event(&self, e: Event) {
        println!("{e:?}");
    }
}
