//! The log: events, the proof of each, and the checkpoint that somebody outside should keep.

use super::Shared;
use super::answer::{Asked, Given, Named, Problem, answer, on_thread};
use super::consulted::{Look, consulted};
use super::document::{self as shape};
use axum::Extension;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use glasshouse_engine::erase;
use glasshouse_engine::events::{Filter, Row};
use glasshouse_store::base64;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

/// Events that are given at once.
const MOST_EVENTS: usize = 500;
/// Characters of a summary.
const LONGEST_SUMMARY: usize = 400;
/// Bytes of a payload that a proof holds; a longer one is in the case's folder.
const MOST_PAYLOAD: usize = 1 << 20;
/// Bytes of a reason.
const MOST_REASON: usize = 4096;

/// Which events.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// `collection`, `alteration`, `consultation`, `disclosure`, `combination` or `erasure`.
    kind: Option<String>,
    /// Only what this person did.
    person: Option<String>,
    /// Only what names this: the id of a record, the path of a file.
    object: Option<String>,
    /// At or after this time (ISO 8601, or the beginning of it).
    from: Option<String>,
    /// Up to this time, what begins with it included.
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
pub async fn events(Extension(serving): Shared, Asked(which): Asked<Which>) -> Response {
    answer(serving, move |serving, _| {
        consulted(serving, Look::Log)?;
        let given = |text: Option<String>| text.filter(|t| !t.is_empty());
        let filter = Filter {
            person: given(which.person),
            kind: given(which.kind),
            object: given(which.object),
            from: given(which.from),
            until: given(which.to),
            ..Filter::default()
        };
        let mut events = glasshouse_engine::events::list(&serving.house.case, &filter, &serving.session().words())?;
        events.reverse();
        let digests: Vec<String> = glasshouse_store::read_case_events(&serving.house.case)?
            .into_iter()
            .map(|(leaf, _)| leaf.payload)
            .collect();
        let digest = |seq: u64| usize::try_from(seq).ok().and_then(|n| digests.get(n));
        let rows: Vec<Value> = events
            .iter()
            .skip(which.offset)
            .take(which.limit.min(MOST_EVENTS))
            .map(|event| shown(event, digest(event.seq), serving.session().is_own()))
            .collect();
        Ok(json!({ "total": events.len(), "rows": rows }))
    })
    .await
}

fn shown(event: &Row, digest: Option<&String>, own: bool) -> Value {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let detail = event.detail.as_object().into_iter().flatten().map(|(name, value)| format!("{name}: {}", text(value)));
    let content = event.content.iter().map(|(name, text)| format!("{name}: {text}"));
    let summary = match event.erased {
        true => "What it was about is erased or missing.".to_owned(),
        false => detail.chain(content).collect::<Vec<_>>().join(", ").chars().take(LONGEST_SUMMARY).collect(),
    };
    json!({
        "n": event.seq, "time": event.time, "kind": event.kind, "action": event.action, "person": event.who,
        "place": event.place, "role": if own { "holder" } else { event.role.as_str() },
        "authority": event.authority, "enquiry": event.enquiry, "policies": event.policies, "tool": event.tool,
        "summary": summary, "digest": digest, "erased": event.erased,
    })
}

/// What proves an event to somebody who keeps a checkpoint: its leaf and the hashes up to the root.
#[utoipa::path(get, path = "/api/events/{n}/proof", tag = "log", params(("n" = u64, Path, description = "Number of the event")),
    responses((status = 200, body = shape::Proof), (status = 404, body = shape::Error)))]
pub async fn proof(Extension(serving): Shared, Named(n): Named<u64>) -> Response {
    answer(serving, move |serving, _| {
        consulted(serving, Look::Log)?;
        let none = || Problem::missing("The log has no such event.");
        let size = glasshouse_store::read_case_events(&serving.house.case)?.len() as u64;
        if n >= size {
            return Err(none());
        }
        let file = glasshouse_store::read_case_file(&serving.house.case)?;
        let (checkpoint, proofs) = glasshouse_store::prove(&serving.house.case, &file.origin, &file.public_key, &[n])?;
        let proof = proofs.into_iter().next().ok_or_else(none)?;
        let payload = std::fs::read_to_string(serving.house.case.join(glasshouse_layout::paths::payload(n))).ok();
        // Origin, size and root are the first three lines of a checkpoint.
        let root = checkpoint.lines().nth(2).map(str::to_owned);
        Ok(json!({
            "n": n, "leaf": String::from_utf8_lossy(&proof.leaf), "payload": payload.filter(|p| p.len() <= MOST_PAYLOAD),
            "size": size, "root": root, "hashes": proof.path.iter().map(base64).collect::<Vec<_>>(),
            "checkpoint": checkpoint,
        }))
    })
    .await
}

/// Events whose content is to go.
#[derive(Deserialize, ToSchema)]
pub struct Erasing {
    /// Their numbers.
    events: Vec<u64>,
    /// Only the content that is kept apart (words of queries, recipients); who did what stays.
    #[serde(default)]
    content: bool,
    /// Why; it is written down.
    reason: String,
}

/// Erases what events say, for good: that they happened, when and of what kind stays, and the log still proves.
#[utoipa::path(post, path = "/api/events/erase", tag = "log", request_body = Erasing,
    params(("X-Glasshouse" = String, Header, description = "`csrf` of the session")),
    responses((status = 200, body = shape::Erased)))]
pub async fn erase(Extension(serving): Shared, Given(asked): Given<Erasing>) -> Response {
    answer(serving, move |serving, _| {
        serving.session().permitted("log.erase")?;
        if asked.reason.trim().is_empty() {
            return Err(Problem::asked("Say why: it stands in the log."));
        }
        if asked.events.len() > MOST_EVENTS || asked.reason.len() > MOST_REASON {
            return Err(Problem::asked("That is too much at once. Ask for fewer events, in fewer words."));
        }
        let (reason, content) = (asked.reason.trim().to_owned(), asked.content);
        let erased = erase::events(serving.session(), &erase::Asked { events: asked.events, content, reason })?;
        if erased == erase::Erased::default() {
            return Err(Problem::missing("None of these events says anything that could be erased."));
        }
        Ok(json!({ "erased": erased.events, "left": erased.left }))
    })
    .await
}

/// The newest signed checkpoint, to be kept outside.
#[utoipa::path(get, path = "/api/checkpoint", tag = "log", responses((status = 200, content_type = "text/plain", body = String)))]
pub async fn checkpoint(Extension(serving): Shared) -> Response {
    let read = on_thread(serving, |serving, _| Ok(glasshouse_store::read_checkpoint_file(&serving.house.case)?));
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
