//! What the case is: session, sources, formats, warnings, entries.

use super::Shared;
use super::answer::{Asked, answer};
use super::consulted::{Look, consulted};
use super::document::{self as shape};
use axum::Extension;
use axum::response::Response;
use glasshouse_engine::authority::fields::SIMILAR_PICTURES;
use glasshouse_engine::facts;
use glasshouse_layout::RunFile;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

/// What every page of a case of the kind `self` says.
const SELF_NOTICE: &str = "No legal basis recorded: this case is an account holder's look at their own data.";
/// Actions that decide what the page offers.
const OFFERED: [&str; 9] = [
    "record.search",
    "record.show",
    "record.bytes",
    "list.show",
    "log.read",
    "log.erase",
    "work.write",
    "case.show",
    "export.make",
];
/// Lines of a list that are given at once.
const MOST_LINES: usize = 1000;

/// Who is asking, about which case, and what changes have to show.
#[utoipa::path(get, path = "/api/session", tag = "case", responses((status = 200, body = shape::Session)))]
pub async fn session(Extension(serving): Shared) -> Response {
    answer(serving, |serving, _| {
        let file = glasshouse_store::read_case_file(&serving.house.case)?;
        let (name, roles) = serving.session().person();
        let is_self = serving.session().is_own();
        let (enquiries, enquiry) = serving.session().enquiries();
        let analyses: Vec<&str> = [SIMILAR_PICTURES].into_iter().filter(|one| serving.session().offers(one)).collect();
        Ok(json!({
            "case": {
                "title": file.title,
                "kind": file.kind,
                "fingerprint": glasshouse_layout::fingerprint(&file.public_key),
                "notice": if is_self { SELF_NOTICE } else { "" },
            },
            "person": { "name": name, "role": roles.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(", ") },
            "csrf": serving.visit.csrf,
            "readonly": serving.house.readonly(),
            "may": OFFERED.iter().filter(|action| serving.session().may(action).is_ok()).collect::<Vec<_>>(),
            "analyses": analyses,
            "authority": serving.session().standing().map(|s| s.authority.id.clone()),
            "statement": serving.session().standing().map(|s| s.authority.statement.clone()),
            "enquiries": enquiries,
            "enquiry": enquiry,
            "version": env!("CARGO_PKG_VERSION"),
        }))
    })
    .await
}

/// Everything about the case but its records.
#[utoipa::path(get, path = "/api/case", tag = "case", responses((status = 200, body = shape::Case)))]
pub async fn case(Extension(serving): Shared) -> Response {
    answer(serving, |serving, live| {
        consulted(serving, Look::Case)?;
        let run = glasshouse_store::read_run(&serving.house.case)?.unwrap_or_default();
        let mut sources: Vec<(String, Value)> = Vec::new();
        for held in live.evidence.parts() {
            let part = &held.part;
            let shown = json!({
                "number": part.number, "path": part.name, "size": part.size, "sha256": part.sha256,
                "container": part.container, "external": part.external,
                "origin": live.origin(&held.source, part.number),
            });
            match sources.iter_mut().find(|(id, _)| *id == held.source) {
                Some((_, source)) => {
                    if let Some(parts) = source.get_mut("parts").and_then(Value::as_array_mut) {
                        parts.push(shown);
                    }
                    let entries = source.get("entries").and_then(Value::as_u64).unwrap_or(0) + u64::from(part.entries);
                    if let Some(source) = source.as_object_mut() {
                        source.insert("entries".into(), entries.into());
                    }
                }
                None => sources.push((
                    held.source.clone(),
                    json!({
                        "id": held.source, "title": held.series, "added": part.added, "parts": [shown],
                        "entries": part.entries,
                    }),
                )),
            }
        }
        let (mut entries, mut formats) = (run.entries.clone(), facts::formats(&run));
        // Runs of earlier programs have no sums; what they would say is in what they list.
        if entries.is_empty() {
            entries = live.evidence.statuses()?;
        }
        if formats.is_empty() {
            formats = facts::formats(&RunFile { found: live.view.formats()?, ..RunFile::default() });
        }
        let (_, drift) = facts::lines(&serving.house.case, &run.run, "drift", 0, MOST_LINES)?;
        let drift: Vec<Value> = drift
            .into_iter()
            .map(|line| json!({ "format": line.get("format"), "key": line.get("field"), "count": line.get("count") }))
            .collect();
        let (_, outcomes) = facts::lines(&serving.house.case, &run.run, "outcomes", 0, MOST_LINES)?;
        let events = glasshouse_store::read_case_events_of(&serving.house.case, &|_| false)?;
        Ok(json!({
            "sources": sources.into_iter().map(|(_, source)| source).collect::<Vec<_>>(),
            "made_of": facts::made_of(&live.origins),
            "formats": formats,
            "entries": entries,
            "warnings": { "total": run.warnings, "by_code": facts::warning_counts(&serving.house.case, &run.run)? },
            "drift": drift,
            "authority": facts::authority(&serving.house.case)?,
            "outcomes": outcomes,
            "third_parties": run.third_parties,
            "verification": {
                "checkpoint": glasshouse_store::read_checkpoint_file(&serving.house.case)?,
                "size": events.len(),
                "time": events.last().map(|(leaf, _)| leaf.time.clone()),
                // Whether somebody outside keeps a checkpoint is nothing that the case can know.
                "anchored": false,
            },
            "runs": [{
                "run": run.run, "started": run.started, "finished": run.finished, "tool": run.tool,
                "records": run.records, "warnings": run.warnings,
            }],
            "not_covered": facts::not_covered(&run),
        }))
    })
    .await
}

/// Part of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// Lines to leave out before the first.
    #[serde(default)]
    offset: usize,
    /// Lines to give, at most 1000.
    #[serde(default = "hundred")]
    limit: usize,
    /// Entries: only those with this status.
    status: Option<String>,
}

fn hundred() -> usize {
    100
}

/// What could not be read, or only in part.
#[utoipa::path(get, path = "/api/warnings", tag = "case", params(Part), responses((status = 200, body = shape::Warnings)))]
pub async fn warnings(Extension(serving): Shared, Asked(part): Asked<Part>) -> Response {
    answer(serving, move |serving, live| {
        consulted(serving, Look::List("warnings"))?;
        let (total, mut rows) =
            facts::lines(&serving.house.case, &live.run, "warnings", part.offset, part.limit.min(MOST_LINES))?;
        for row in &mut rows {
            let entry = row.get("entry").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
            let entry =
                entry.map(|n| live.evidence.entry(glasshouse_engine::evidence::EntryId(n))).transpose()?.flatten();
            row.insert("path".into(), json!(entry.map(|e| e.path)));
        }
        Ok(json!({ "total": total, "rows": rows }))
    })
    .await
}

/// Every entry of every part, and what became of it.
#[utoipa::path(get, path = "/api/entries", tag = "case", params(Part), responses((status = 200, body = shape::Entries)))]
pub async fn entries(Extension(serving): Shared, Asked(part): Asked<Part>) -> Response {
    answer(serving, move |serving, live| {
        consulted(serving, Look::List("entries"))?;
        let lines = live.evidence.with_status(part.status.as_deref().filter(|s| !s.is_empty()))?;
        let page: Vec<u32> = lines.iter().skip(part.offset).take(part.limit.min(MOST_LINES)).copied().collect();
        Ok(json!({ "total": lines.len(), "rows": live.evidence.lines(&page)? }))
    })
    .await
}
