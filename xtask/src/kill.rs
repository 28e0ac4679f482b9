//! Intakes that are killed: the case that a later run finishes is the one that an undisturbed run makes.
//!
//! Moments are counted in processor time, not on the clock: on a busy machine the same work takes another while.

use crate::Fault;
use crate::measure::{self, Cost};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

#[derive(Args)]
pub struct Kill {
    /// The program to be killed.
    #[arg(long)]
    glasshouse: PathBuf,
    /// What is taken in: all parts of an export, folders, files.
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    input: Vec<PathBuf>,
    /// How many intakes are killed, each once, at a random moment between 5 % and 95 %.
    #[arg(long, default_value_t = 50)]
    kills: u32,
    /// How many are killed at 80 %, to see what going on costs.
    #[arg(long, default_value_t = 3)]
    late: u32,
    /// Folder for cases, removed afterwards.
    #[arg(long)]
    scratch: PathBuf,
    /// Where the random moments begin; the same number gives the same moments.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// A run after a kill at 80 % takes at most this share of a whole one.
const MOST_AFTER_LATE: f64 = 0.4;

/// Kills, resumes and compares; says whether everything held.
pub fn run(args: &Kill) -> Result<bool, Fault> {
    println!("{}", measure::machine());
    let whole = case(args)?;
    let cost = measure::cost(&mut open(args, whole.path(), &[]))?;
    let expected = digest(args, whole.path())?;
    println!("undisturbed  {:.2} s of processor, digest {expected}\n", cost.cpu_seconds);
    drop(whole);
    let mut held = true;
    // Other threads and another order of parts first: they cost one run each.
    for threads in ["1", "2", "8"] {
        let case = case(args)?;
        measure::cost(&mut open(args, case.path(), &["--threads", threads]))?;
        held &= says(&format!("{threads} threads"), args, case.path(), &expected)?;
    }
    if args.input.len() > 1 {
        let case = case(args)?;
        for part in args.input.iter().rev() {
            let one = Kill {
                input: vec![part.clone()],
                scratch: args.scratch.clone(),
                glasshouse: args.glasshouse.clone(),
                ..*args
            };
            measure::cost(&mut open(&one, case.path(), &[]))?;
        }
        held &= says("parts, the last first", args, case.path(), &expected)?;
    }
    let mut random = args.seed.max(1);
    for number in 1..=args.kills {
        let share = 0.05 + 0.9 * next(&mut random);
        let (resumed, place) = (killed(args, share, &cost)?, format!("kill {number} at {:.0} %", share * 100.0));
        held &= says(
            &format!("{place}, went on with {:.2}", resumed.1.cpu_seconds / cost.cpu_seconds),
            args,
            resumed.0.path(),
            &expected,
        )?;
    }
    for _ in 0..args.late {
        let (case, resumed) = killed(args, 0.8, &cost)?;
        let ratio = resumed.cpu_seconds / cost.cpu_seconds;
        let met = ratio <= MOST_AFTER_LATE;
        held &= met;
        let word = if met { "met" } else { "missed" };
        held &= says(
            &format!("killed at 80 %, the rest took {ratio:.2} of a whole run ({word})"),
            args,
            case.path(),
            &expected,
        )?;
    }
    println!("\nload {}", measure::load());
    Ok(held)
}

/// Kills an intake into a fresh case when it has taken its share of a whole one's processor time, and goes on.
fn killed(args: &Kill, share: f64, whole: &Cost) -> Result<(tempfile::TempDir, Cost), Fault> {
    let case = case(args)?;
    let mut child = open(args, case.path(), &[]).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let pid = child.id().to_string();
    while child.try_wait()?.is_none() {
        if measure::cpu_of(&pid) >= share * whole.cpu_seconds {
            child.kill()?;
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.wait()?;
    let resumed = measure::cost(&mut open(args, case.path(), &[]))?;
    Ok((case, resumed))
}

/// Prints whether a case has the expected digest and is proven.
fn says(what: &str, args: &Kill, case: &Path, expected: &str) -> Result<bool, Fault> {
    let same = digest(args, case)? == expected;
    let proven = Command::new(&args.glasshouse).arg("verify").arg(case.join("case")).stdout(Stdio::null()).status()?;
    let held = same && proven.success();
    let (same, proven) = (if same { "same" } else { "OTHER" }, if proven.success() { "proven" } else { "NOT PROVEN" });
    println!("{what}: {same} records, {proven}");
    Ok(held)
}

fn case(args: &Kill) -> Result<tempfile::TempDir, Fault> {
    Ok(tempfile::Builder::new().prefix("glasshouse-kill-").tempdir_in(&args.scratch)?)
}

fn open(args: &Kill, folder: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(&args.glasshouse);
    command.arg("open").args(&args.input).arg("--case").arg(folder.join("case"));
    command.args(["--no-serve", "--yes", "--quiet"]).args(more);
    command
}

fn digest(args: &Kill, folder: &Path) -> Result<String, Fault> {
    let output = Command::new(&args.glasshouse).arg("digest").arg(folder.join("case")).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Returns the next number of a fixed row between 0 and 1 (xorshift64).
fn next(state: &mut u64) -> f64 {
    for _ in 0..3 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
    }
    (*state >> 11) as f64 / (1u64 << 53) as f64
}
