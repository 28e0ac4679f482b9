//! Conversations, and what an account reveals.

use super::Shared;
use super::answer::{Asked, Problem, answer};
use super::consulted::{Look, consulted};
use super::document::{self as shape};
use super::lists::{MOST_ROWS, Ranked, bounded, sorted};
use axum::Extension;
use axum::response::Response;
use glasshouse_engine::view::Sorted;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

/// Conversations of the records that a query finds, the most recent first.
#[utoipa::path(get, path = "/api/conversations", tag = "people", params(Ranked), responses((status = 200, body = shape::Conversations)))]
pub async fn conversations(Extension(serving): Shared, Asked(asked): Asked<Ranked>) -> Response {
    answer(serving, move |serving, live| {
        bounded(&asked.q)?;
        let set = live.view.select(&asked.q)?;
        consulted(serving, Look::Search { view: "conversations", query: &asked.q })?;
        let (count, rows) = live.view.talks(&set, asked.rank as usize, asked.limit.min(MOST_ROWS) as usize)?;
        Ok(json!({ "count": count, "rows": rows }))
    })
    .await
}

/// One conversation.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OneTalk {
    service: String,
    /// What ties it together, as `conversation` of a row says.
    id: String,
    /// `time` (oldest first, if left out) or `-time`.
    #[serde(default)]
    order: String,
    /// Rank of the first row; with `time` or `record` the answer begins there.
    #[serde(default)]
    rank: u32,
    /// Jump to this time: ISO 8601 with an offset, or a date (UTC).
    time: Option<String>,
    /// Jump to this record.
    record: Option<String>,
    #[serde(default = "fifty")]
    limit: u32,
}

fn fifty() -> u32 {
    50
}

/// The records of one conversation, in order.
#[utoipa::path(get, path = "/api/conversation", tag = "people", params(OneTalk),
    responses((status = 200, body = shape::Conversation), (status = 404, body = shape::Error)))]
pub async fn conversation(Extension(serving): Shared, Asked(asked): Asked<OneTalk>) -> Response {
    answer(serving, move |serving, live| {
        let sorted = sorted(&asked.order, Sorted::OldestFirst)?;
        let talk = live.view.talk(&asked.service, &asked.id)?;
        consulted(serving, Look::Search { view: "conversation", query: &asked.id })?;
        let rank = match (&asked.record, &asked.time) {
            (None, None) => asked.rank,
            (Some(id), _) => {
                let rank = live.view.rank_of(&talk, sorted, id)?;
                rank.ok_or_else(|| Problem::missing("The record is not in this conversation."))?
            }
            (None, Some(time)) => {
                let time = glasshouse_engine::view::instant(time);
                let time = time.ok_or_else(|| Problem::asked("The time is not one. Write 2024-01-30T13:00:01Z."))?;
                live.view.rank(&talk, sorted, time)?
            }
        };
        let rows = live.view.said(&talk, sorted, rank, asked.limit.min(MOST_ROWS))?;
        serving.session().seen(rows.iter().map(|said| said.row.id.clone()));
        Ok(json!({ "count": talk.len(), "rank": rank, "rows": rows }))
    })
    .await
}

/// What the account reveals about its holder, each statement with the query that shows its records.
///
/// Homes, works and nights away are findings: computed from the places and hours of records, and never facts.
#[utoipa::path(get, path = "/api/self", tag = "people", responses((status = 200, body = shape::Reveals)))]
pub async fn reveals(Extension(serving): Shared) -> Response {
    answer(serving, |serving, live| {
        consulted(serving, Look::Search { view: "self", query: "" })?;
        Ok(json!(*live.view.reveals()?))
    })
    .await
}

/// By service which apps and devices put its records there, as far as fields of the records name them.
///
/// All fields of all records are read for the first answer.
#[utoipa::path(get, path = "/api/self/made-by", tag = "people", responses((status = 200, body = shape::Makers)))]
pub async fn made_by(Extension(serving): Shared) -> Response {
    answer(serving, |serving, live| {
        consulted(serving, Look::Search { view: "self", query: "" })?;
        Ok(json!(*live.view.made_by()?))
    })
    .await
}
