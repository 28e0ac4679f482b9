//! People's work: marks on records, and saved searches.

use super::Shared;
use super::answer::{Asked, Given, Named, Problem, answer};
use super::consulted::{Look, consulted};
use super::document::{self as shape};
use super::record::found;
use axum::Extension;
use axum::response::Response;
use glasshouse_engine::work;
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

/// Whose marks.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Of {
    /// Only those of this record.
    record: Option<String>,
}

/// The marks that stand: tags, facts, assessments and bookmarks.
#[utoipa::path(get, path = "/api/marks", tag = "work", params(Of), responses((status = 200, body = shape::Marks)))]
pub async fn marks(Extension(serving): Shared, Asked(of): Asked<Of>) -> Response {
    answer(serving, move |serving, _| Ok(json!({ "rows": work::marks(&serving.house.case, of.record.as_deref())? })))
        .await
}

/// A mark to be made.
#[derive(Deserialize, ToSchema)]
pub struct NewMark {
    record: String,
    /// `tag`, `fact`, `assessment` or `bookmark`.
    kind: String,
    #[serde(default)]
    text: String,
}

/// Marks a record. The change is an event of the log.
#[utoipa::path(post, path = "/api/marks", tag = "work", request_body = NewMark,
    params(("X-Glasshouse" = String, Header, description = "`csrf` of the session")),
    responses((status = 200, body = shape::Mark), (status = 403, body = shape::Error), (status = 409, body = shape::Error)))]
pub async fn mark(Extension(serving): Shared, Given(new): Given<NewMark>) -> Response {
    answer(serving, move |serving, live| {
        let record = found(live, &new.record)?;
        let case = serving.session().open("work.write")?;
        Ok(work::mark(&case, serving.session().person().0, &record.row.id, &new.kind, &new.text)?)
    })
    .await
}

/// Undoes a mark: it stays in the file, and is no longer shown.
#[utoipa::path(post, path = "/api/marks/{n}/undo", tag = "work",
    params(("n" = i64, Path, description = "Number of the mark"), ("X-Glasshouse" = String, Header, description = "`csrf` of the session")),
    responses((status = 200, body = shape::Undone), (status = 404, body = shape::Error)))]
pub async fn undo_mark(Extension(serving): Shared, Named(n): Named<i64>) -> Response {
    answer(serving, move |serving, _| {
        let case = serving.session().open("work.write")?;
        undone(n, work::undo_mark(&case, serving.session().person().0, n)?)
    })
    .await
}

/// The saved searches that stand.
#[utoipa::path(get, path = "/api/saved", tag = "work", responses((status = 200, body = shape::SavedList)))]
pub async fn saved(Extension(serving): Shared) -> Response {
    answer(serving, |serving, _| {
        consulted(serving, Look::List("saved"))?;
        Ok(json!({ "rows": work::saved(&serving.house.case)? }))
    })
    .await
}

/// A search to be kept.
#[derive(Deserialize, ToSchema)]
pub struct NewSaved {
    name: String,
    /// Path and query of the view, as in the address bar.
    url: String,
}

/// Keeps a search. The change is an event of the log.
#[utoipa::path(post, path = "/api/saved", tag = "work", request_body = NewSaved,
    params(("X-Glasshouse" = String, Header, description = "`csrf` of the session")),
    responses((status = 200, body = shape::Saved), (status = 403, body = shape::Error), (status = 409, body = shape::Error)))]
pub async fn save(Extension(serving): Shared, Given(new): Given<NewSaved>) -> Response {
    answer(serving, move |serving, _| {
        let case = serving.session().open("work.write")?;
        Ok(work::save(&case, serving.session().person().0, &new.name, &new.url)?)
    })
    .await
}

/// Undoes a saved search: it stays in the file, and is no longer shown.
#[utoipa::path(post, path = "/api/saved/{n}/undo", tag = "work",
    params(("n" = i64, Path, description = "Number of the search"), ("X-Glasshouse" = String, Header, description = "`csrf` of the session")),
    responses((status = 200, body = shape::Undone), (status = 404, body = shape::Error)))]
pub async fn undo_saved(Extension(serving): Shared, Named(n): Named<i64>) -> Response {
    answer(serving, move |serving, _| {
        let case = serving.session().open("work.write")?;
        undone(n, work::undo_saved(&case, serving.session().person().0, n)?)
    })
    .await
}

pub fn undone(n: i64, done: bool) -> Result<serde_json::Value, Problem> {
    match done {
        true => Ok(json!({ "undone": n })),
        false => Err(Problem::missing("There is no such thing that stands.")),
    }
}
