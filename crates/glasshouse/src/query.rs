//! Asking a case: search, show, SQL, lists.

use crate::acting::As;
use crate::args::{Listing, Search, Show, Sql, TableFormat, found};
use crate::output;
use glasshouse_engine::EngineError;
use glasshouse_engine::search as engine;
use glasshouse_engine::session::About;
use glasshouse_engine::sql::{Limits, Tables};
use std::io::Write;
use std::path::Path;

/// `glasshouse search`.
pub fn search(search: &Search, acting: &As) -> Result<u8, EngineError> {
    let session = acting.session(&search.case)?;
    let words = search.query.join(" ");
    session.consult("record.search", About::query(&words))?;
    let hits = engine::search(&search.case, &words, if search.count { 0 } else { search.limit })?;
    session.seen(hits.rows.iter().map(|hit| hit.id.clone()));
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
pub fn show(show: &Show, acting: &As) -> Result<u8, EngineError> {
    let action = if show.bytes { "record.bytes" } else { "record.show" };
    let session = acting.session(&show.case)?;
    session.consult(action, About::object(&show.record))?;
    let record = glasshouse_engine::read::record(&show.case, &show.record)?;
    let Some(record) = record else {
        return Err(EngineError::other(format!(
            "No record {} is in this case. Ids are in the first column of `glasshouse search`.",
            show.record
        )));
    };
    if show.bytes {
        let mut out = std::io::stdout().lock();
        glasshouse_engine::read::bytes(&show.case, &session.seal()?, &record, &mut out)?;
        out.flush().map_err(|e| EngineError::other(e.to_string()))?;
        return Ok(0);
    }
    let json = serde_json::to_string_pretty(&record).map_err(|e| EngineError::other(e.to_string()))?;
    say!("{}", output::safe_json(&json));
    Ok(0)
}

/// `glasshouse sql`.
pub fn sql(sql: &Sql, acting: &As) -> Result<u8, EngineError> {
    let session = acting.session(&sql.case)?;
    session.consult("record.sql", About::query(&sql.statement))?;
    let mut answer = Answer::default();
    let limits = Limits { seconds: sql.seconds, ..Limits::default() };
    let tables =
        if session.may("log.read").is_ok() { Tables::open_with_log(&sql.case)? } else { Tables::open(&sql.case)? };
    match sql.format {
        TableFormat::Json => tables.each_row(&sql.statement, limits, &mut |row| {
            answer.holds(serde_json::to_string(&row).unwrap_or_default().as_bytes());
            output::json_line(&row)
        })?,
        TableFormat::Table => {
            let table = tables.pretty(&sql.statement, limits)?;
            answer.holds(table.as_bytes());
            say!("{}", output::plain(&table));
        }
        TableFormat::Csv => tables.csv(&sql.statement, limits, &mut |lines| {
            answer.holds(lines.as_bytes());
            output::csv(lines)
        })?,
    }
    session.seen([answer.name()]);
    Ok(0)
}

/// An answer as the log names it: by its hash, since its rows need not be records.
struct Answer(ring::digest::Context);

impl Default for Answer {
    fn default() -> Self {
        Answer(ring::digest::Context::new(&ring::digest::SHA256))
    }
}

impl Answer {
    fn holds(&mut self, text: &[u8]) {
        self.0.update(text);
    }

    fn name(self) -> String {
        format!("sha256:{}", glasshouse_layout::hex(self.0.finish()))
    }
}

/// `glasshouse digest`.
pub fn digest(case: &Path, acting: &As) -> Result<u8, EngineError> {
    acting.session(case)?.consult("case.show", About::object("digest"))?;
    let Some(run) = glasshouse_store::read_run(case)? else {
        return Err(EngineError::other("Nothing was read yet. Run `glasshouse process` on the case."));
    };
    say!("{}", glasshouse_engine::digest::digest(case, &run)?);
    Ok(0)
}

/// The commands that list a table.
pub fn list(listing: &Listing, statement: &str, acting: &As) -> Result<u8, EngineError> {
    let table = statement.split(' ').nth(3).unwrap_or_default();
    acting.session(&listing.case)?.consult("list.show", About::object(table))?;
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
