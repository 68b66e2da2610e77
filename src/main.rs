use std::process::ExitCode;

fn main() -> ExitCode {
    match flopledger::cli::run(std::env::args_os()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("flopledger: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
