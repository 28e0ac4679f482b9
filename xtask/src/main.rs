//! Tools for those who work on Glasshouse: measurements and checks of the source. No part of what people run.

mod bench;
mod calibrate;
mod kill;
mod measure;
mod tidy;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// What goes wrong here is told to a person and ends the program: its kind does not matter.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
#[command(about = "Measures Glasshouse and checks its source.")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Does one kind of the work of an intake alone, on one thread, and prints what it took as one line of JSON.
    Calibrate(calibrate::Calibrate),
    /// Measures an intake against the calibrators, in interleaved pairs, and prints the ratios.
    Bench(bench::Bench),
    /// Kills intakes at random moments, goes on, and compares with an undisturbed one.
    Kill(kill::Kill),
    /// Checks what the compiler does not: length of files, panics, dependencies, links.
    Tidy {
        /// Root of the repository.
        #[arg(long, default_value = ".")]
        root: PathBuf,
    },
}

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Calibrate(what) => calibrate::run(&what).map(|()| true),
        Command::Bench(what) => bench::run(&what),
        Command::Kill(what) => kill::run(&what),
        Command::Tidy { root } => tidy::run(&root),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(fault) => {
            eprintln!("xtask: {fault}");
            ExitCode::from(2)
        }
    }
}
