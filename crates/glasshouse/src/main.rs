//! The command line of Glasshouse: the only crate that prints, reads the environment, or exits.

mod args;
mod intake;
mod output;
mod query;
mod serve;

use clap::Parser;
use std::process::ExitCode;

/// Nothing was found, or a proof failed: the command did its work and the answer is no.
pub const EXIT_NO: u8 = 1;
/// The command could not be carried out.
pub const EXIT_FAILED: u8 = 2;
/// The person stopped it; the same command goes on.
pub const EXIT_STOPPED: u8 = 130;

fn main() -> ExitCode {
    let args = args::Args::parse();
    match args::run(args.command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("glasshouse: {error}");
            let stopped = matches!(error, glasshouse_engine::EngineError::Stopped);
            ExitCode::from(if stopped { EXIT_STOPPED } else { EXIT_FAILED })
        }
    }
}
