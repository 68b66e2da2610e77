use std::process::ExitCode;

fn main() -> ExitCode {
    match flopledger::cli::run(std::env::args_os()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            flopledger::standard::tell(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
