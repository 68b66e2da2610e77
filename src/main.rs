use std::process::ExitCode;

/// Translating makes many small allocations, which take a tenth less of a short command's time here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match flopledger::cli::run(std::env::args_os()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("flopledger: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
