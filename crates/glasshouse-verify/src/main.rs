//! Proves a case, or says exactly what fails.

use clap::Parser;
use glasshouse_verify::{CannotCheck, MAX_CHECKPOINT, Options, Report, verify_any};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Longest file of keys that is read.
const MAX_IDENTITY: u64 = 1 << 16;

/// Proves a Glasshouse case, or says exactly what fails.
///
/// Leaves with 0 if the case is proven, 1 if something in it contradicts its log or what was kept outside, and 2 if
/// it cannot be checked.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The folder of the case, the folder of an export, or an extract of a log.
    case: PathBuf,
    /// A checkpoint of the case that somebody outside it kept: a file, or its text.
    #[arg(long, value_name = "CHECKPOINT")]
    against: Option<PathBuf>,
    /// The fingerprint of the case's key that somebody outside it kept.
    #[arg(long, value_name = "HEX")]
    fingerprint: Option<String>,
    /// Hash the content of every entry, too.
    #[arg(long)]
    deep: bool,
    /// A file with the key that opens the evidence, where it is sealed: then what is in it is checked, too.
    #[arg(long, value_name = "FILE", conflicts_with = "identity_fd")]
    identity: Option<PathBuf>,
    /// As --identity, from this file descriptor.
    #[arg(long, value_name = "FD")]
    identity_fd: Option<i32>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let options = match options(&arguments) {
        Ok(options) => options,
        Err(error) => return cannot(&error.to_string()),
    };
    match verify_any(&arguments.case, &options) {
        Ok(report) => {
            // A reader that went away has seen enough; the exit code still tells.
            let _ = print(&report, arguments.json);
            if report.proven() { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(error) => cannot(&error.to_string()),
    }
}

fn options(arguments: &Arguments) -> Result<Options, CannotCheck> {
    let against = arguments.against.as_deref().map(read_kept).transpose()?;
    let descriptor = arguments.identity_fd.map(|fd| PathBuf::from(format!("/dev/fd/{fd}")));
    let identity = arguments.identity.as_ref().or(descriptor.as_ref()).map(|path| read_identity(path)).transpose()?;
    Ok(Options {
        against,
        identity,
        fingerprint: arguments.fingerprint.clone(),
        deep: arguments.deep,
        scratch: Some(std::env::temp_dir()),
    })
}

/// Returns a kept checkpoint, given as a file or as its text, which has several lines as no sane path has.
fn read_kept(given: &Path) -> Result<Vec<u8>, CannotCheck> {
    if let Some(text) = given.to_str().filter(|text| text.contains('\n')) {
        return Ok(text.as_bytes().to_vec());
    }
    let mut bytes = Vec::new();
    File::open(given)
        .and_then(|file| file.take(MAX_CHECKPOINT + 1).read_to_end(&mut bytes))
        .map_err(|error| CannotCheck::Unreadable(given.to_path_buf(), error.to_string()))?;
    Ok(bytes)
}

/// Returns the text of a small file of keys.
fn read_identity(path: &Path) -> Result<String, CannotCheck> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_IDENTITY).read_to_string(&mut text))
        .map_err(|error| CannotCheck::Unreadable(path.to_path_buf(), error.to_string()))?;
    Ok(text)
}

fn print(report: &Report, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        let text = serde_json::to_string(report).map_err(io::Error::other)?;
        return writeln!(out, "{text}");
    }
    for line in report.lines() {
        writeln!(out, "{line}")?;
    }
    if !report.fingerprint.is_empty() {
        writeln!(out, "log: {} events, root {}, key {}", report.tree_size, report.root, report.fingerprint)?;
    }
    writeln!(out, "{}", report.conclusion())
}

fn cannot(error: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "cannot be checked: {}", glasshouse_verify::printable(error));
    ExitCode::from(2)
}
