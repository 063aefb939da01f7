//! The `streamform` command.

fn main() -> std::process::ExitCode {
    streamform::cli::main(std::env::args_os())
}
