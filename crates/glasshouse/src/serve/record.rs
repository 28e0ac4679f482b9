//! One record: everything known of it, its bytes, its neighbours.

use super::answer::{Asked, Named, Problem, answer};
use super::consulted::{Look, consulted, seen};
use super::document::{self as shape};
use super::{Live, Shared};
use axum::Extension;
use axum::response::Response;
use glasshouse_engine::evidence::{Entry, Locator};
use glasshouse_engine::view::{Detail, Nearby};
use glasshouse_layout::SourceFile;
use glasshouse_store::base64;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

/// Bytes of a record that are given at once.
const MOST_BYTES: u64 = 1 << 20;
/// Bytes beside a record's that are given.
const MOST_AROUND: u64 = 64 << 10;
/// Places of a record that are shown.
const MOST_REFS: usize = 100;

/// Returns a record, or the answer that there is none.
pub fn found(live: &Live, id: &str) -> Result<Detail, Problem> {
    let record = live.view.record(id)?;
    record.ok_or_else(|| Problem::missing("No such record is in this case."))
}

/// Returns the kind of a locator, as its text begins.
fn kind(locator: &Locator) -> String {
    locator.to_string().split(':').next().unwrap_or_default().to_owned()
}

fn located(locator: &Locator) -> Value {
    json!({
        "kind": kind(locator), "text": locator.to_string(), "detail": locator.detail,
        "start": locator.start, "length": locator.length,
    })
}

/// Everything that is known of a record.
#[utoipa::path(get, path = "/api/record/{id}", tag = "records", params(("id" = String, Path, description = "Id of the record")),
    responses((status = 200, body = shape::Record), (status = 404, body = shape::Error)))]
pub async fn record(Extension(serving): Shared, Named(id): Named<String>) -> Response {
    answer(serving, move |serving, live| {
        let record = found(live, &id)?;
        consulted(serving, Look::Record(&id))?;
        let mut refs = Vec::new();
        for at in record.refs.iter().take(MOST_REFS) {
            let entry = live.evidence.entry(at.entry)?;
            let of = |pick: fn(&Entry) -> Value| entry.as_ref().map_or(Value::Null, pick);
            refs.push(json!({
                "entry": at.entry.0,
                "path": of(|e| json!(e.path)),
                "sha256": of(|e| json!(e.sha256)),
                "size": of(|e| json!(e.size)),
                "mime": of(|e| json!(e.mime)),
                "status": of(|e| json!(e.status)),
                "part": entry.as_ref().map(|e| {
                    let of = |held: &&SourceFile| held.source == e.source && held.part.number == e.part;
                    let authority = live.evidence.parts().iter().find(of).map(|held| &held.authority);
                    json!({
                        "source": e.source, "number": e.part, "authority": authority,
                        "origin": live.origin(&e.source, e.part),
                    })
                }),
                "locator": located(&at.locator),
            }));
        }
        let marks = glasshouse_engine::work::marks(&serving.house.case, Some(&id))?;
        let (tags, notes): (Vec<_>, Vec<_>) = marks.into_iter().partition(|m| m.kind == "tag");
        Ok(shape::Answered { record, refs, tags, notes })
    })
    .await
}

/// Which bytes of a record.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Window {
    /// Number of the record's place, from 0.
    #[serde(rename = "ref", default)]
    place: usize,
    /// Bytes before and after the record's own that are wanted, at most 65536. Only a `self` case gives them.
    #[serde(default)]
    around: u64,
    /// Bytes of the record to leave out before the first.
    #[serde(default)]
    offset: u64,
    /// Bytes of the record to give, at most 1048576.
    limit: Option<u64>,
}

/// The bytes that a record was made from, as they stand in the evidence.
#[utoipa::path(get, path = "/api/record/{id}/bytes", tag = "records",
    params(("id" = String, Path, description = "Id of the record"), Window),
    responses((status = 200, body = shape::Bytes), (status = 404, body = shape::Error)))]
pub async fn bytes(Extension(serving): Shared, Named(id): Named<String>, Asked(asked): Asked<Window>) -> Response {
    answer(serving, move |serving, live| {
        let record = found(live, &id)?;
        consulted(serving, Look::Bytes(&id))?;
        let at = record.refs.get(asked.place).ok_or_else(|| Problem::missing("The record has no such place."))?;
        let entry = live.evidence.entry(at.entry)?;
        let size = entry.as_ref().map_or(0, |e| e.size);
        // What lies beside a record is somebody else's record, or nobody's: only the holder of it all may look.
        let around = if serving.session().is_own() { asked.around.min(MOST_AROUND) } else { 0 };
        let (start, length) = (at.locator.start, at.locator.length);
        let end = start.saturating_add(length);
        let first = start.saturating_add(asked.offset.min(length));
        let first = if asked.offset == 0 { first.saturating_sub(around) } else { first };
        let wanted = asked.limit.unwrap_or(MOST_BYTES).min(MOST_BYTES);
        let last = start.saturating_add(asked.offset.min(length)).saturating_add(wanted).min(end);
        let last = if last == end { end.saturating_add(around).min(size.max(end)) } else { last };
        let window = live.evidence.range(at.entry, first, last.saturating_sub(first))?;
        let kind = kind(&at.locator);
        let node = (!matches!(kind.as_str(), "bytes" | "whole")).then(|| format!("{kind}: {}", at.locator.detail));
        Ok(json!({
            "entry": at.entry.0,
            "path": entry.as_ref().map(|e| &e.path),
            "mime": entry.as_ref().and_then(|e| e.mime.as_ref()),
            "sha256": entry.as_ref().and_then(|e| e.sha256.as_ref()),
            "size": size,
            "start": start,
            "length": length,
            "locator": located(&at.locator),
            "window_start": first,
            "window_base64": base64(&window),
            "text": as_text(&window),
            "node": node,
        }))
    })
    .await
}

/// Returns bytes as text if they are UTF-8, up to a character that the window cuts.
fn as_text(bytes: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) if e.error_len().is_none() => std::str::from_utf8(bytes.get(..e.valid_up_to())?).ok()?,
        Err(_) => return None,
    };
    let binary = text.bytes().any(|b| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b));
    (!binary).then_some(text)
}

/// Where neighbours are looked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Beside {
    /// `time` (if left out), `conversation` or `source`.
    #[serde(rename = "in", default)]
    within: String,
    /// Rows on each side, at most 50.
    #[serde(default = "five")]
    limit: u32,
}

fn five() -> u32 {
    5
}

/// The records before and after one, in the order of time.
#[utoipa::path(get, path = "/api/record/{id}/near", tag = "records",
    params(("id" = String, Path, description = "Id of the record"), Beside),
    responses((status = 200, body = shape::Near), (status = 404, body = shape::Error)))]
pub async fn near(Extension(serving): Shared, Named(id): Named<String>, Asked(asked): Asked<Beside>) -> Response {
    answer(serving, move |serving, live| {
        let within = match asked.within.as_str() {
            "" | "time" => Nearby::Time,
            "conversation" => Nearby::Conversation,
            "source" => Nearby::Source,
            _ => return Err(Problem::asked("Neighbours are looked for in time, conversation or source.")),
        };
        consulted(serving, Look::Record(&id))?;
        let near = live.view.near(&id, within, asked.limit.min(50))?;
        let (previous, next) = near.ok_or_else(|| Problem::missing("No such record is in this case."))?;
        seen(serving, &previous);
        seen(serving, &next);
        Ok(json!({ "previous": previous, "next": next }))
    })
    .await
}
