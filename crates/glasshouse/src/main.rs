//! The command line of Glasshouse: the only crate that prints, reads the environment, or exits.

/// Prints a line. A reader that went away (`| head`) has seen enough: the program ends.
macro_rules! say {
    () => { say!("") };
    ($($text:tt)*) => {{
        use std::io::Write as _;
        if let Err(error) = writeln!(std::io::stdout(), $($text)*) {
            $crate::end_of_output(&error);
        }
    }};
}

/// Records are made of many small pieces; the system's allocator costs a tenth of an intake.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod acting;
mod args;
mod custody;
mod govern;
mod intake;
mod log;
mod output;
mod query;
mod review;
mod serve;
mod signals;

use clap::Parser;
use glasshouse_engine::decoding::Apart;
use std::process::ExitCode;

/// Nothing was found, or a proof failed: the command did its work and the answer is no.
pub const EXIT_NO: u8 = 1;
/// The command could not be carried out.
pub const EXIT_FAILED: u8 = 2;
/// The person stopped it; the same command goes on.
pub const EXIT_STOPPED: u8 = 130;

/// Ends the program when nothing more can be printed: quietly if the reader went away, with an error otherwise.
fn end_of_output(error: &std::io::Error) -> ! {
    // 128 and the number of SIGPIPE, as shells report a program whose reader went away.
    const READER_GONE: i32 = 141;
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        std::process::exit(READER_GONE);
    }
    eprintln!("glasshouse: cannot print: {error}");
    std::process::exit(i32::from(EXIT_FAILED));
}

/// Returns who takes pictures and films apart: this program, as a process that does nothing else.
fn decoder() -> Apart {
    // The file may have been replaced since; this name means the program as it runs.
    Apart::new(format!("/proc/{}/exe", std::process::id()).into(), &[args::READ_MEDIA])
}

fn main() -> ExitCode {
    let args = args::Args::parse();
    // Libraries may trip over files of a case that were altered; that is a failure like any other.
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| args::run(args)));
    let done = done.unwrap_or_else(|_| {
        Err(glasshouse_engine::EngineError::other(
            "The program failed where it should not; what was done before is kept. Files of the case may be altered: run `glasshouse verify` on it.",
        ))
    });
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // The message may name what the evidence named.
            eprintln!("glasshouse: {}", output::plain(&error.to_string()));
            let stopped = matches!(error, glasshouse_engine::EngineError::Stopped);
            ExitCode::from(if stopped { EXIT_STOPPED } else { EXIT_FAILED })
        }
    }
}
