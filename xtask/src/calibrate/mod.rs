//! The kinds of work that an intake cannot do without, each alone and as fast as the crates allow.
//!
//! An intake is measured against their sum: what it takes beyond that is its own doing. Each runs as a process of
//! its own on one thread. Only the work itself is the phase; what makes its input ready is not counted.

mod archive;
pub mod index;
mod json;
mod mail;
mod texts;

pub use archive::{extract, extract_text};
pub use mail::messages;
pub use texts::of_mail as mail_texts;

use crate::{Fault, measure};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Instant;

#[derive(Args)]
pub struct Calibrate {
    /// The export: all of its parts.
    #[arg(required = true)]
    zips: Vec<PathBuf>,
    #[arg(long)]
    what: What,
    /// For tantivy: texts made ready by an earlier call; written if the file is not there.
    #[arg(long)]
    texts: Option<PathBuf>,
}

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// SHA-256 of the zip.
    HashZip,
    /// Every entry inflated in a stream, and its SHA-256.
    InflateHash,
    /// The mbox split and every message parsed in full.
    Mime,
    /// Records.json read point by point into a typed struct.
    Json,
    /// Texts of mails and chats and titles of activities indexed with positions.
    Tantivy,
}

impl What {
    pub const ALL: [What; 5] = [What::HashZip, What::InflateHash, What::Mime, What::Json, What::Tantivy];
}

/// What a calibrator took.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    pub what: What,
    /// Of the whole process.
    pub seconds: f64,
    pub cpu_seconds: f64,
    /// Of the work alone.
    pub phase_seconds: f64,
    pub phase_cpu_seconds: f64,
    /// Bytes that the work went through.
    pub bytes: u64,
    pub items: u64,
    pub peak_rss_kb: u64,
}

/// How much the work went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    bytes: u64,
    items: u64,
}

/// Takes the time of the work alone.
struct Phase {
    seconds: f64,
    cpu_seconds: f64,
    done: Done,
}

impl Phase {
    fn of(work: impl FnOnce() -> Result<Done, Fault>) -> Result<Phase, Fault> {
        let (start, cpu) = (Instant::now(), measure::cpu_of_self());
        let done = work()?;
        Ok(Phase { seconds: start.elapsed().as_secs_f64(), cpu_seconds: measure::cpu_of_self() - cpu, done })
    }
}

/// Runs one calibrator and prints what it took.
pub fn run(args: &Calibrate) -> Result<(), Fault> {
    let start = Instant::now();
    let zips = &args.zips;
    let phase = match args.what {
        What::HashZip => Phase::of(|| archive::hash_files(zips))?,
        What::InflateHash => Phase::of(|| archive::inflate_and_hash(zips))?,
        What::Mime => {
            let mbox = archive::read(zips, mail::is_mbox)?;
            Phase::of(|| mail::parse_all(&mbox))?
        }
        What::Json => {
            let points = archive::read(zips, json::is_points)?;
            Phase::of(|| json::read_points(&points))?
        }
        What::Tantivy => {
            let texts = texts::load_or_make(zips, args.texts.as_deref())?;
            let folder = tempfile::tempdir()?;
            Phase::of(|| index::index(&texts, folder.path()))?
        }
    };
    let measured = Measured {
        what: args.what,
        seconds: start.elapsed().as_secs_f64(),
        cpu_seconds: measure::cpu_of_self(),
        phase_seconds: phase.seconds,
        phase_cpu_seconds: phase.cpu_seconds,
        bytes: phase.done.bytes,
        items: phase.done.items,
        peak_rss_kb: measure::peak_rss_kb("self"),
    };
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
}
