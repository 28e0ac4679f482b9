//! Asking a case: search, show, SQL, lists.

use crate::args::{Listing, Search, Show, Sql, TableFormat, found};
use crate::output;
use glasshouse_engine::EngineError;
use glasshouse_engine::search::Searcher;
use glasshouse_engine::sql::{Limits, Tables};
use std::io::Write;
use std::path::Path;

/// `glasshouse search`.
pub fn search(search: &Search) -> Result<u8, EngineError> {
    let searcher = Searcher::open(&search.case)?;
    let hits = searcher.search(&search.query.join(" "), if search.count { 0 } else { search.limit })?;
    if search.count {
        say!("{}", hits.count);
    } else if search.json.json {
        for hit in &hits.rows {
            output::json_line(hit)?;
        }
    } else {
        say!("{} records", output::count(hits.count));
        for hit in &hits.rows {
            let time = hit.time.as_deref().unwrap_or("no time            ");
            let line = hit.title.as_deref().or(hit.text.as_deref()).unwrap_or("");
            let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(90).collect();
            let line = output::plain(&line);
            say!("{}  {}  {:<24} {line}", hit.id, &time.chars().take(19).collect::<String>(), hit.format);
        }
    }
    Ok(found(hits.count > 0))
}

/// `glasshouse show`.
pub fn show(show: &Show) -> Result<u8, EngineError> {
    let record = glasshouse_engine::read::record(&show.case, &show.record)?;
    let Some(record) = record else {
        return Err(EngineError::other(format!(
            "No record {} is in this case. Ids are in the first column of `glasshouse search`.",
            show.record
        )));
    };
    if show.bytes {
        let mut out = std::io::stdout().lock();
        glasshouse_engine::read::bytes(&show.case, &record, &mut out)?;
        out.flush().map_err(|e| EngineError::other(e.to_string()))?;
        return Ok(0);
    }
    let json = serde_json::to_string_pretty(&record).map_err(|e| EngineError::other(e.to_string()))?;
    say!("{}", output::safe_json(&json));
    Ok(0)
}

/// `glasshouse sql`.
pub fn sql(sql: &Sql) -> Result<u8, EngineError> {
    let limits = Limits { seconds: sql.seconds, ..Limits::default() };
    let tables = Tables::open(&sql.case)?;
    match sql.format {
        TableFormat::Json => tables.each_row(&sql.statement, limits, &mut |row| output::json_line(&row))?,
        TableFormat::Table => say!("{}", output::plain(&tables.pretty(&sql.statement, limits)?)),
        TableFormat::Csv => tables.csv(&sql.statement, limits, &mut output::csv)?,
    }
    Ok(0)
}

/// `glasshouse digest`.
pub fn digest(case: &Path) -> Result<u8, EngineError> {
    glasshouse_store::read_case_file(case)?;
    let Some(run) = glasshouse_store::read_run(case)? else {
        return Err(EngineError::other("Nothing was read yet. Run `glasshouse process` on the case."));
    };
    say!("{}", glasshouse_engine::digest::digest(case, &run.segments)?);
    Ok(0)
}

/// The commands that list a table.
pub fn list(listing: &Listing, statement: &str) -> Result<u8, EngineError> {
    let tables = Tables::open(&listing.case)?;
    tables.each_row(statement, Limits::default(), &mut |row| {
        if listing.json.json {
            return output::json_line(&row);
        }
        let line: Vec<String> = row
            .iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(k, v)| format!("{k}={}", v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
            .collect();
        // Each row stays one line, whatever is in it.
        say!("{}", output::plain(&line.join("  ")).replace('\n', "\u{240a}"));
        Ok(())
    })?;
    Ok(0)
}
