//! What is printed: summaries, lists, and what to keep.

use crate::acting::As;
use crate::args::{Listing, Sample, Verify, found};
use glasshouse_engine::EngineError;
use glasshouse_engine::authority;
use glasshouse_engine::session::{About, now};
use glasshouse_engine::sql::Tables;
use glasshouse_layout::RunFile;

use glasshouse_store::Case;
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
pub fn summary(case: &Path, run: &RunFile) {
    say!("{} records in {}:", count(run.records), case.display());
    for found in &run.found {
        let span = match (found.first, found.last) {
            (Some(first), Some(last)) => format!("{} to {}", day(first), day(last)),
            _ => "no times".to_owned(),
        };
        say!("  {:>12}  {:<28} {span:<26} {}", count(found.records), found.format, found.tier);
    }
    for (status, n) in &run.entries {
        say!("  {:>12}  entries {status}", count(*n));
    }
    if let Some(others) = run.third_parties {
        say!("  {:>12}  people other than the subject, by an estimate", count(others));
    }
    if run.warnings > 0 {
        say!("  {:>12}  warnings: glasshouse warnings {}", count(run.warnings), case.display());
    }
}

/// Returns the day of a time, UTC.
fn day(micros: i64) -> String {
    let second = micros.div_euclid(1_000_000);
    glasshouse_engine::search::query::day(second)
}

/// Prints what somebody outside should keep.
pub fn keep(case: &Case) -> Result<(), EngineError> {
    say!();
    say!("Keep this outside the case; with it, any later change can be proven:");
    say!("fingerprint {}", case.fingerprint());
    say!("{}", case.checkpoint()?.trim_end());
    Ok(())
}

/// `glasshouse case show`.
pub fn case(folder: &Path, acting: &As) -> Result<u8, EngineError> {
    acting.session(folder)?.consult("case.show", About::default())?;
    let file = glasshouse_store::read_case_file(folder)?;
    say!("{}: {}", folder.display(), file.title);
    say!("made {} by {}", file.created, file.tool);
    for standing in authority::standings(folder)? {
        let authority = &standing.authority;
        let label = plain(&standing.enrolled.label());
        say!(
            "authority {} version {} ({}), {}: {label}",
            authority.id,
            authority.version,
            authority.kind,
            standing.state(now())
        );
    }
    crate::custody::say_due(folder);
    say!("id {}, custody {}", file.id, file.custody);
    for origin in glasshouse_store::read_origins(folder)? {
        say!("combined out of case {}: {} parts", origin.case, origin.parts.len());
    }
    for one in glasshouse_engine::combine::made_into(folder)? {
        say!("combined into case {} under {}, {}", one.case, one.authority, one.time);
    }
    say!("fingerprint {}", glasshouse_layout::fingerprint(&file.public_key));
    match glasshouse_store::read_run(folder)? {
        Some(run) => summary(folder, &run),
        None => say!("Nothing was read yet."),
    }
    Ok(0)
}

/// `glasshouse outcomes`.
pub fn outcomes(listing: &Listing, acting: &As) -> Result<u8, EngineError> {
    acting.session(&listing.case)?.consult("list.show", About::object("outcomes"))?;
    let statement = "SELECT outcome, count, unit, service, family, reason FROM outcomes \
        ORDER BY outcome DESC, unit DESC, service, family, reason";
    for row in Tables::open(&listing.case)?.rows(statement)? {
        if listing.json.json {
            json_line(&row)?;
            continue;
        }
        let text = |name: &str| row.get(name).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        let n = row.get("count").and_then(serde_json::Value::as_u64).unwrap_or_default();
        let line = format!(
            "{:>14} {:<7}  {:<12} {:<14} {:<10} {}",
            count(n),
            text("unit"),
            text("outcome"),
            text("service"),
            text("family"),
            text("reason")
        );
        say!("{}", plain(line.trim_end()));
    }
    let run = glasshouse_store::read_run(&listing.case)?;
    if let (false, Some(others)) = (listing.json.json, run.and_then(|run| run.third_parties)) {
        say!("{:>14} people other than the subject are named in what is shown, by an estimate.", count(others));
    }
    Ok(0)
}

/// `glasshouse providers`.
pub fn providers(json: bool) -> Result<u8, EngineError> {
    for provider in glasshouse_providers::providers() {
        let manifest = provider.manifest();
        if !json {
            say!("{} ({})", manifest.title, manifest.id);
        }
        for format in manifest.formats {
            let families: Vec<_> = format.families.iter().map(|f| f.as_str()).collect();
            if json {
                let line = serde_json::json!({
                    "format": format!("{}.{}", manifest.id, format.id), "provider": manifest.id, "title": format.title,
                    "families": families, "tier": format.tier.as_str(), "version": format.version,
                    "not_covered": manifest.not_covered, "references": manifest.references,
                });
                say!("{line}");
            } else {
                say!(
                    "  {:<28} {:<12} {}",
                    format!("{}.{}", manifest.id, format.id),
                    format.tier.as_str(),
                    format.title
                );
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
    let identity = verify
        .identity
        .as_ref()
        .map(|path| std::fs::read_to_string(path).map_err(|e| EngineError::io(path, "read", e)));
    let options = glasshouse_verify::Options {
        against,
        identity: identity.transpose()?,
        deep: verify.deep,
        scratch: Some(std::env::temp_dir()),
        ..glasshouse_verify::Options::default()
    };
    let report = glasshouse_verify::verify_any(&verify.case, &options);
    let report = report.map_err(|e| EngineError::other(e.to_string()))?;
    report.lines().iter().for_each(|line| say!("{line}"));
    if verify.case.is_dir() {
        crate::custody::say_due(&verify.case);
    }
    say!("{}", report.conclusion());
    Ok(found(report.proven()))
}

/// `glasshouse sample`.
pub fn sample(sample: &Sample) -> Result<u8, EngineError> {
    if !(sample.scale > 0.0 && sample.scale <= 100.0) {
        return Err(EngineError::other("The scale lies between 0 and 100; 1.0 is a full account."));
    }
    glasshouse_testkit::write_account(&sample.dir, sample.scale, sample.seed)
        .map_err(|e| EngineError::io(&sample.dir, "write the sample to", e))?;
    say!("Wrote a synthetic account to {}. Every person in it is invented.", sample.dir.display());
    say!("Try: glasshouse open {}/takeout-*.zip {}/loose", sample.dir.display(), sample.dir.display());
    Ok(0)
}

/// Prints one JSON object on a line.
pub fn json_line(value: &impl serde::Serialize) -> Result<(), EngineError> {
    let line = serde_json::to_string(value).map_err(|e| EngineError::other(e.to_string()))?;
    say!("{}", safe_json(&line));
    Ok(())
}

/// Prints CSV: to a file or a program as it is, to a terminal so that it cannot steer it.
pub fn csv(lines: &str) -> Result<(), EngineError> {
    use std::io::IsTerminal as _;
    let shown = if std::io::stdout().is_terminal() { plain(&lines.replace("\r\n", "\n")) } else { lines.to_owned() };
    let mut lines = shown;
    if lines.ends_with('\n') {
        lines.pop();
    }
    say!("{lines}");
    Ok(())
}

/// Returns text for people: what would steer a terminal or turn the order of letters around is made visible.
pub fn plain(text: &str) -> String {
    let visible = |c: char| match c {
        '\n' => c,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        c if steers(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(visible).collect()
}

/// Returns the same JSON with escapes for what would steer a terminal.
pub fn safe_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if steers(c) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

fn steers(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(plain("a\u{1b}[2J\u{9b}\u{202e}\u{7f}é\n"), "a\u{241b}[2J\u{fffd}\u{fffd}\u{2421}é\n");
        let json = safe_json(&serde_json::to_string("\u{9b}31m\u{202e}\u{7f}é").unwrap());
        assert_eq!(json, "\"\\u009b31m\\u202e\\u007fé\"");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), "\u{9b}31m\u{202e}\u{7f}é");
    }
}
