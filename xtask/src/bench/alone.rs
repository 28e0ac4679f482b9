//! Each export taken in by itself: how much of it, and how many records, a second.

use super::stats::Spread;
use super::{Bench, open};
use crate::{Fault, measure};
use std::path::Path;
use std::process::Command;

/// Measures the exports that were named, and prints a line each.
pub fn print(args: &Bench, scratch: &Path) -> Result<(), Fault> {
    if args.alone.is_empty() {
        return Ok(());
    }
    println!(
        "| export | MB | records | wall s | cpu s | MB/s | records/s | RSS MB |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    );
    for export in &args.alone {
        let size = std::fs::metadata(export).map_err(|e| format!("{}: {e}", export.display()))?.len() as f64 / 1e6;
        let (mut costs, mut count) = (Vec::new(), 0);
        for number in 0..args.pairs {
            let fresh = tempfile::tempdir_in(scratch)?;
            let case = fresh.path().join("case");
            costs.push(open(&args.glasshouse, std::slice::from_ref(export), &case)?);
            if number == 0 {
                count = records(&args.glasshouse, &case, "")?;
            }
        }
        let median = |of: fn(&measure::Cost) -> f64| Spread::of(costs.iter().map(of)).median();
        let wall = median(|cost| cost.seconds);
        println!(
            "| {} | {size:.0} | {count} | {wall:.2} | {:.2} | {:.1} | {:.0} | {:.0} |",
            export.file_name().unwrap_or_default().to_string_lossy(),
            median(|cost| cost.cpu_seconds),
            size / wall,
            count as f64 / wall,
            median(|cost| cost.peak_rss_kb as f64 / 1024.0)
        );
    }
    println!();
    Ok(())
}

/// Returns how many records of a case a query finds.
pub fn records(glasshouse: &Path, case: &Path, query: &str) -> Result<u64, Fault> {
    let output = Command::new(glasshouse).arg("search").arg(case).args(["--count", query]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    Ok(digits.parse().map_err(|_| format!("{}: no count of records: {text}", case.display()))?)
}
