//! The `streamform` command.

/// A plan makes and drops millions of small values: with the system's allocator a third of the time of a large one goes
/// into that, and into page faults. (Measured on Linux with glibc: `docs/performance.md`.) Without transparent huge pages: they would
/// spare page faults too, for a fifth more memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    streamform::cli::main(std::env::args_os())
}
