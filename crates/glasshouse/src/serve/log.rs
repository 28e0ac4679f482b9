//! The log: events, the proof of each, and the checkpoint that somebody outside should keep.

use super::Shared;
use super::answer::{Asked, Named, Problem, answer, on_thread};
use super::document::{self as shape};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use glasshouse_layout::{Leaf, Payload};
use glasshouse_store::base64;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

/// Events that are given at once.
const MOST_EVENTS: usize = 500;
/// Characters of a summary.
const LONGEST_SUMMARY: usize = 400;
/// Bytes of a payload that a proof holds; a longer one is in the case's folder.
const MOST_PAYLOAD: usize = 1 << 20;

/// Which events.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// `collection`, `alteration`, `consultation`, `disclosure`, `combination` or `erasure`.
    kind: Option<String>,
    /// Only what this person did.
    person: Option<String>,
    /// Only what names this: a record, a file, a source.
    object: Option<String>,
    /// At or after this time (ISO 8601, or the beginning of it).
    from: Option<String>,
    /// Before this time.
    to: Option<String>,
    #[serde(default)]
    offset: usize,
    /// Events to give, at most 500.
    #[serde(default = "hundred")]
    limit: usize,
}

fn hundred() -> usize {
    100
}

/// What was done to the case, the newest first.
#[utoipa::path(get, path = "/api/events", tag = "log", params(Which), responses((status = 200, body = shape::Events)))]
pub async fn events(State(serving): Shared, Asked(which): Asked<Which>) -> Response {
    answer(serving, move |serving, _| {
        let mut events = glasshouse_store::read_case_events(&serving.case)?;
        events.reverse();
        let is_self = glasshouse_store::read_case_file(&serving.case)?.kind == glasshouse_store::SELF_AUTHORITY;
        let given = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
        let (kind, person, object) = (given(&which.kind), given(&which.person), given(&which.object));
        let (from, to) = (given(&which.from), given(&which.to));
        events.retain(|(leaf, payload)| {
            kind.as_ref().is_none_or(|kind| leaf.kind.as_str() == kind)
                && from.as_ref().is_none_or(|from| leaf.time.as_str() >= from.as_str())
                && to.as_ref().is_none_or(|to| leaf.time.as_str() < to.as_str())
                && person.as_ref().is_none_or(|p| payload.as_ref().is_some_and(|payload| payload.who == *p))
                && object.as_ref().is_none_or(|o| payload.as_ref().is_some_and(|payload| names(payload, o)))
        });
        let role = if is_self { "holder" } else { "examiner" };
        let rows: Vec<Value> = events
            .iter()
            .skip(which.offset)
            .take(which.limit.min(MOST_EVENTS))
            .map(|(leaf, payload)| shown(leaf, payload.as_ref(), role))
            .collect();
        Ok(json!({ "total": events.len(), "rows": rows }))
    })
    .await
}

fn names(payload: &Payload, object: &str) -> bool {
    payload.files.iter().any(|f| f.path.contains(object))
        || payload.removed.iter().any(|p| p.contains(object))
        || payload.detail.to_string().contains(object)
}

fn shown(leaf: &Leaf, payload: Option<&Payload>, role: &str) -> Value {
    let summary = match payload {
        None => "What it was about is erased or missing.".to_owned(),
        Some(payload) => {
            let mut said: Vec<String> = payload
                .detail
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, value)| {
                    format!("{name}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                })
                .collect();
            if !payload.files.is_empty() {
                said.push(format!("files: {}", payload.files.len()));
            }
            said.join(", ").chars().take(LONGEST_SUMMARY).collect()
        }
    };
    json!({
        "n": leaf.seq, "time": leaf.time, "kind": leaf.kind.as_str(), "action": leaf.action,
        "person": payload.map(|p| &p.who), "place": payload.map(|p| &p.place), "role": role,
        "authority": payload.map(|p| &p.authority), "tool": payload.map(|p| &p.tool),
        "summary": summary, "digest": leaf.payload, "erased": payload.is_none(),
    })
}

/// What proves an event to somebody who keeps a checkpoint: its leaf and the hashes up to the root.
#[utoipa::path(get, path = "/api/events/{n}/proof", tag = "log", params(("n" = u64, Path, description = "Number of the event")),
    responses((status = 200, body = shape::Proof), (status = 404, body = shape::Error)))]
pub async fn proof(State(serving): Shared, Named(n): Named<u64>) -> Response {
    answer(serving, move |serving, _| {
        let proof = glasshouse_store::prove_event(&serving.case, n)?;
        let proof = proof.ok_or_else(|| Problem::missing("The log has no such event."))?;
        Ok(json!({
            "n": n, "leaf": proof.leaf, "payload": proof.payload.filter(|p| p.len() <= MOST_PAYLOAD),
            "size": proof.size, "root": base64(proof.root),
            "hashes": proof.hashes.iter().map(base64).collect::<Vec<_>>(), "checkpoint": proof.checkpoint,
        }))
    })
    .await
}

/// The newest signed checkpoint, to be kept outside.
#[utoipa::path(get, path = "/api/checkpoint", tag = "log", responses((status = 200, content_type = "text/plain", body = String)))]
pub async fn checkpoint(State(serving): Shared) -> Response {
    let read = on_thread(serving, |serving, _| Ok(glasshouse_store::read_checkpoint_file(&serving.case)?));
    match read.await {
        Ok(text) => {
            let about = [
                (CONTENT_TYPE, "text/plain; charset=utf-8"),
                (CONTENT_DISPOSITION, "attachment; filename=\"checkpoint.txt\""),
            ];
            (about, text).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}
