//! The `streamform` command.

/// A plan makes and drops millions of small values: with the system's allocator a third of the time of a large one goes
/// into that, and into page faults. (Measured on Linux with glibc: `docs/performance.md`.)
#[global_allocator]
static ALLOCATOR: streamform_allocator::Allocator = streamform_allocator::Allocator;

fn main() -> std::process::ExitCode {
    streamform_allocator::settle();
    streamform::cli::main(std::env::args_os())
}
