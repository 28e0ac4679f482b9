//! Asking a case: search, show, SQL, lists.

use crate::args::{Listing, Search, Show, Sql, TableFormat, found};
use crate::output;
use glasshouse_engine::EngineError;
use glasshouse_engine::search::Searcher;
use glasshouse_engine::sql::{Limits, Tables};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

type Row = BTreeMap<String, serde_json::Value>;

/// `glasshouse search`.
pub fn search(search: &Search) -> Result<u8, EngineError> {
    let searcher = Searcher::open(&search.case)?;
    let hits = searcher.search(&search.query.join(" "), if search.count { 0 } else { search.limit })?;
    if search.count {
        say!("{}", hits.count);
    } else if search.json.json {
        for hit in &hits.rows {
            say!("{}", serde_json::to_string(hit).map_err(|e| EngineError::other(e.to_string()))?);
        }
    } else {
        say!("{} records", output::count(hits.count));
        for hit in &hits.rows {
            let time = hit.time.as_deref().unwrap_or("no time            ");
            let line = hit.title.as_deref().or(hit.text.as_deref()).unwrap_or("");
            let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(90).collect();
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
    say!("{json}");
    Ok(0)
}

/// `glasshouse sql`.
pub fn sql(sql: &Sql) -> Result<u8, EngineError> {
    let limits = Limits { seconds: sql.seconds, ..Limits::default() };
    let tables = Tables::open(&sql.case)?;
    match sql.format {
        TableFormat::Json => output::json_lines(&tables.rows_within(&sql.statement, limits)?)?,
        TableFormat::Table => say!("{}", tables.pretty(&sql.statement, limits)?),
        TableFormat::Csv => say!("{}", tables.csv(&sql.statement, limits)?.trim_end_matches("\r\n")),
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
    if listing.json.json {
        output::json_lines(&tables.rows(statement)?)?;
        return Ok(0);
    }
    let rows: Vec<Row> = tables.rows(statement)?;
    for row in &rows {
        let line: Vec<String> = row
            .iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(k, v)| format!("{k}={}", v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
            .collect();
        say!("{}", line.join("  "));
    }
    Ok(0)
}
