//! An intake against the calibrators and against the programs people would use instead.
//!
//! Everything is a ratio inside one run: single walls on a shared machine mean little. The pairs are interleaved,
//! and every second one runs in the other order, so that a slow minute falls on both sides.

mod alone;
mod authority;
mod chat;
mod peers;
mod search;
mod server;
mod stats;

use crate::calibrate::{Measured, What};
use crate::measure::{self, Cost};
use crate::{Fault, calibrate};
use clap::Args;
use stats::{Bar, Row, Spread};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

#[derive(Args)]
pub struct Bench {
    /// The program to be measured.
    #[arg(long)]
    glasshouse: PathBuf,
    /// The export to take in: all of its parts.
    #[arg(long, num_args = 1.., value_name = "ZIP")]
    zip: Vec<PathBuf>,
    /// A tenth of that export, to see whether memory grows with size.
    #[arg(long, num_args = 1.., value_name = "ZIP")]
    zip_small: Vec<PathBuf>,
    /// How often everything is done; with 0 only the searches are.
    #[arg(long, default_value_t = 5)]
    pairs: usize,
    /// Also index the mail with mu and notmuch, where they are installed.
    #[arg(long)]
    mail_peers: bool,
    /// Also ask a served case, and tantivy in process, the same questions.
    #[arg(long)]
    search: bool,
    /// Also read this chat, as WhatsApp exports it, with whatstk.
    #[arg(long, value_name = "ZIP")]
    chat_peers: Option<PathBuf>,
    /// The Python that has whatstk.
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// Also take in each of these exports alone, for the throughput of its readers.
    #[arg(long, num_args = 1.., value_name = "ZIP")]
    alone: Vec<PathBuf>,
    /// Instead of the calibrators: the same export under a warrant, sealed, with limits, and with what is put aside.
    #[arg(long)]
    authority: bool,
    /// Folder for cases, removed afterwards; beside the zip if left out.
    #[arg(long)]
    scratch: Option<PathBuf>,
    /// End with 1 if a bar is missed.
    #[arg(long)]
    strict: bool,
}

/// What one round took.
struct Pair {
    calibrators: Vec<Measured>,
    first: Cost,
    again: Cost,
    small: Option<Cost>,
}

/// Runs the whole measurement; says whether it counts as passed.
pub fn run(args: &Bench) -> Result<bool, Fault> {
    let of_zip = args.pairs > 0 && !args.zip.is_empty() && !args.authority;
    let others = args.chat_peers.is_some() || !args.alone.is_empty();
    if args.zip.is_empty() && (args.search || args.mail_peers || args.authority || !others) {
        return Err("An export is needed: --zip.".into());
    }
    if args.pairs == 0 && !args.search {
        return Err("At least one pair is needed.".into());
    }
    let beside = args
        .zip
        .iter()
        .chain(&args.chat_peers)
        .chain(&args.alone)
        .next()
        .and_then(|z| z.parent())
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let scratch = tempfile::Builder::new()
        .prefix("glasshouse-bench-")
        .tempdir_in(args.scratch.as_deref().unwrap_or(beside))
        .map_err(|e| format!("There is no place for cases; name one with --scratch: {e}"))?;
    println!("{}", measure::machine());
    for zip in &args.zip {
        println!("zip        {} ({} MB)", zip.display(), file_mb(zip)?);
    }
    println!("pairs      {}\n", args.pairs);
    let texts = scratch.path().join("texts");
    // Makes the texts ready and brings the zip into the cache, so that the first pair is like the others.
    if of_zip {
        calibrator(&args.zip, What::Tantivy, &texts)?;
    }
    let mut pairs = Vec::new();
    for number in 0..if of_zip { args.pairs } else { 0 } {
        let pair = one_pair(args, &texts, &scratch, number % 2 == 1)?;
        let sum: f64 = pair.calibrators.iter().map(|m| m.phase_seconds).sum();
        eprintln!(
            "pair {}: calibrators {sum:.2} s, intake {:.2} s ({:.2} s of processor, {} MB), again {:.2} s, load {}",
            number + 1,
            pair.first.seconds,
            pair.first.cpu_seconds,
            pair.first.peak_rss_kb / 1024,
            pair.again.seconds,
            measure::load()
        );
        pairs.push(pair);
    }
    let mut rows = Vec::new();
    if !pairs.is_empty() {
        say_calibrators(&pairs);
        rows.extend(self::rows(&pairs));
    }
    if args.search {
        rows.extend(search::rows(args, scratch.path())?);
    }
    if args.authority {
        rows.extend(authority::rows(args, scratch.path())?);
    }
    if args.mail_peers {
        rows.extend(peers::rows(args, scratch.path())?);
    }
    if let Some(chat) = &args.chat_peers {
        rows.extend(chat::rows(args, chat, scratch.path())?);
    }
    alone::print(args, scratch.path())?;
    stats::print(&rows);
    println!("\nload at the end: {}", measure::load());
    Ok(!args.strict || rows.iter().all(Row::is_met))
}

fn one_pair(args: &Bench, texts: &Path, scratch: &TempDir, intake_first: bool) -> Result<Pair, Fault> {
    let calibrate =
        || What::ALL.into_iter().map(|what| calibrator(&args.zip, what, texts)).collect::<Result<Vec<_>, _>>();
    let early = if intake_first { None } else { Some(calibrate()?) };
    let case = tempfile::tempdir_in(scratch.path())?;
    let first = open(&args.glasshouse, &args.zip, &case.path().join("case"))?;
    let again = open(&args.glasshouse, &args.zip, &case.path().join("case"))?;
    drop(case);
    let small = if args.zip_small.is_empty() {
        None
    } else {
        let case = tempfile::tempdir_in(scratch.path())?;
        Some(open(&args.glasshouse, &args.zip_small, &case.path().join("case"))?)
    };
    let calibrators = match early {
        Some(measured) => measured,
        None => calibrate()?,
    };
    Ok(Pair { calibrators, first, again, small })
}

/// Takes paths into a case with the program under measurement.
fn open(glasshouse: &Path, paths: &[PathBuf], case: &Path) -> Result<Cost, Fault> {
    let mut command = Command::new(glasshouse);
    command.arg("open").args(paths).arg("--case").arg(case).args(["--no-serve", "--yes", "--quiet"]);
    measure::cost(&mut command)
}

/// Runs one calibrator as a process of its own.
fn calibrator(zips: &[PathBuf], what: What, texts: &Path) -> Result<Measured, Fault> {
    let name = serde_json::to_string(&what)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("calibrate").args(zips).args(["--what", name.trim_matches('"')]);
    if what == What::Tantivy {
        command.arg("--texts").arg(texts);
    }
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("The calibrator {name} failed: {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn say_calibrators(pairs: &[Pair]) {
    println!("{:<14}{:>10}{:>10}{:>12}{:>12}{:>10}", "calibrator", "wall s", "cpu s", "MB/s", "items/s", "RSS MB");
    for (at, what) in What::ALL.into_iter().enumerate() {
        let all = || pairs.iter().filter_map(|p| p.calibrators.get(at));
        let median = |of: fn(&Measured) -> f64| Spread::of(all().map(of)).median();
        println!(
            "{:<14}{:>10.3}{:>10.2}{:>12.1}{:>12.0}{:>10.0}",
            serde_json::to_string(&what).unwrap_or_default().trim_matches('"'),
            median(|m| m.phase_seconds),
            median(|m| m.phase_cpu_seconds),
            median(|m| m.bytes as f64 / 1e6 / m.phase_seconds),
            median(|m| m.items as f64 / m.phase_seconds),
            median(|m| m.peak_rss_kb as f64 / 1024.0),
        );
    }
    let of = |of: fn(&Pair) -> f64| Spread::of(pairs.iter().map(of)).median();
    println!("{:<14}{:>10.3}", "sum", of(sum));
    for (name, cost) in [("intake", (|p: &Pair| p.first) as fn(&Pair) -> Cost), ("intake again", |p| p.again)] {
        let median = |of: fn(Cost) -> f64| Spread::of(pairs.iter().map(|p| of(cost(p)))).median();
        println!(
            "{name:<14}{:>10.3}{:>10.2}{:>34.0}",
            median(|c| c.seconds),
            median(|c| c.cpu_seconds),
            median(|c| c.peak_rss_kb as f64 / 1024.0)
        );
    }
    println!();
}

fn sum(pair: &Pair) -> f64 {
    pair.calibrators.iter().map(|m| m.phase_seconds).sum()
}

fn rows(pairs: &[Pair]) -> Vec<Row> {
    let row = |name: &str, bar: Bar, of: &dyn Fn(&Pair) -> Option<f64>| {
        Some(Row::new(name, bar, Spread::of(pairs.iter().filter_map(of)))).filter(Row::is_measured)
    };
    let cores = measure::cores() as f64;
    let hash_zip =
        |p: &Pair| p.calibrators.iter().find(|m| m.what == calibrate::What::HashZip).map(|m| m.phase_seconds);
    [
        row("intake wall / (calibrators / cores)", Bar::AtMost { must: 2.0, aim: Some(1.4) }, &|p| {
            Some(p.first.seconds / (sum(p) / cores))
        }),
        row("intake processor time / calibrators' processor time", Bar::None, &|p| {
            Some(p.first.cpu_seconds / p.calibrators.iter().map(|m| m.phase_cpu_seconds).sum::<f64>())
        }),
        row("same zip again / hash of the zip", Bar::AtMost { must: 1.3, aim: None }, &|p| {
            hash_zip(p).map(|seconds| p.again.seconds / seconds)
        }),
        row("peak memory, MB", Bar::AtMost { must: 512.0, aim: None }, &|p| Some(p.first.peak_rss_kb as f64 / 1024.0)),
        row("peak memory / that of the small zip", Bar::AtMost { must: 1.5, aim: None }, &|p| {
            p.small.map(|small| p.first.peak_rss_kb as f64 / small.peak_rss_kb as f64)
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn file_mb(path: &Path) -> Result<u64, Fault> {
    Ok(std::fs::metadata(path).map_err(|e| format!("{}: {e}", path.display()))?.len() / 1_000_000)
}
