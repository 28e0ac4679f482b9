//! What is printed: summaries, lists, and what to keep.

use crate::args::{Sample, Verify, found};
use glasshouse_engine::EngineError;
use glasshouse_layout::RunFile;
use glasshouse_providers::ALL;
use glasshouse_store::Case;
use std::collections::BTreeMap;
use std::path::Path;

/// Returns a number with its thousands apart.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Says what a run found.
pub fn summary(case: &Path, run: &RunFile) -> Result<(), EngineError> {
    let tables = glasshouse_engine::sql::Tables::open(case)?;
    println!("{} records in {}:", count(run.records), case.display());
    let rows = tables.rows(
        "SELECT format, count(*) AS n, min(time) AS first, max(time) AS last, min(tier) AS tier FROM records GROUP BY format ORDER BY n DESC",
    )?;
    for row in &rows {
        let text = |name: &str| row.get(name).and_then(|v| v.as_str()).unwrap_or("").to_owned();
        let day = |name: &str| text(name).chars().take(10).collect::<String>();
        let n = row.get("n").and_then(serde_json::Value::as_u64).unwrap_or(0);
        let span = if day("first").is_empty() { String::new() } else { format!("{} to {}", day("first"), day("last")) };
        println!("  {:>12}  {:<28} {:<26} {}", count(n), text("format"), span, text("tier"));
    }
    for row in tables.rows("SELECT status, count(*) AS n FROM entries WHERE kind = 'file' GROUP BY status ORDER BY n DESC")? {
        let n = row.get("n").and_then(serde_json::Value::as_u64).unwrap_or(0);
        println!("  {:>12}  entries {}", count(n), row.get("status").and_then(|v| v.as_str()).unwrap_or(""));
    }
    if run.warnings > 0 {
        println!("  {:>12}  warnings: glasshouse warnings {}", count(run.warnings), case.display());
    }
    Ok(())
}

/// Prints what somebody outside should keep.
pub fn keep(case: &Case) -> Result<(), EngineError> {
    println!();
    println!("Keep this outside the case; with it, any later change can be proven:");
    println!("fingerprint {}", case.fingerprint());
    println!("{}", case.checkpoint()?.trim_end());
    Ok(())
}

/// `glasshouse case show`.
pub fn case(folder: &Path) -> Result<u8, EngineError> {
    let file = glasshouse_store::read_case_file(folder)?;
    println!("{}: {}", folder.display(), file.title);
    println!("made {} by {}", file.created, file.tool);
    println!("authority {}: no legal basis recorded; custody {}", file.kind, file.custody);
    println!("fingerprint {}", glasshouse_layout::fingerprint(&file.public_key));
    match glasshouse_store::read_run(folder)? {
        Some(run) => summary(folder, &run)?,
        None => println!("Nothing was read yet."),
    }
    Ok(0)
}

/// `glasshouse providers`.
pub fn providers(json: bool) -> Result<u8, EngineError> {
    for provider in ALL {
        let manifest = provider.manifest();
        if !json {
            println!("{} ({})", manifest.title, manifest.id);
        }
        for format in manifest.formats {
            let families: Vec<_> = format.families.iter().map(|f| f.as_str()).collect();
            if json {
                let line = serde_json::json!({
                    "format": format!("{}.{}", manifest.id, format.id), "provider": manifest.id, "title": format.title,
                    "families": families, "tier": format.tier.as_str(), "version": format.version,
                    "not_covered": manifest.not_covered, "references": manifest.references,
                });
                println!("{line}");
            } else {
                println!("  {:<28} {:<12} {}", format!("{}.{}", manifest.id, format.id), format.tier.as_str(), format.title);
            }
        }
    }
    Ok(0)
}

/// `glasshouse verify`.
pub fn verify(verify: &Verify) -> Result<u8, EngineError> {
    let against = match &verify.against {
        Some(path) => Some(std::fs::read(path).map_err(|e| EngineError::io(path, "read", e))?),
        None => None,
    };
    let options = glasshouse_verify::Options {
        against,
        deep: verify.deep,
        scratch: Some(std::env::temp_dir()),
        ..glasshouse_verify::Options::default()
    };
    let report = glasshouse_verify::verify(&verify.case, &options).map_err(|e| EngineError::other(e.to_string()))?;
    for finding in &report.findings {
        println!("{finding}");
    }
    println!("{}", report.conclusion());
    Ok(found(report.proven()))
}

/// `glasshouse sample`.
pub fn sample(sample: &Sample) -> Result<u8, EngineError> {
    if !(sample.scale > 0.0 && sample.scale <= 100.0) {
        return Err(EngineError::other("The scale lies between 0 and 100; 1.0 is a full account."));
    }
    glasshouse_testkit::write_account(&sample.dir, sample.scale, sample.seed)
        .map_err(|e| EngineError::io(&sample.dir, "write the sample to", e))?;
    println!("Wrote a synthetic account to {}. Every person in it is invented.", sample.dir.display());
    println!("Try: glasshouse open {}/takeout-*.zip {}/loose", sample.dir.display(), sample.dir.display());
    Ok(0)
}

/// Prints rows as JSON, one a line.
pub fn json_lines(rows: &[BTreeMap<String, serde_json::Value>]) -> Result<(), EngineError> {
    for row in rows {
        println!("{}", serde_json::to_string(row).map_err(|e| EngineError::other(e.to_string()))?);
    }
    Ok(())
}
