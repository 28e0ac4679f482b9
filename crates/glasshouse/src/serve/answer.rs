//! Answers and what goes wrong with them, as sentences for people.

use super::{Live, Serving};
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use glasshouse_engine::EngineError;
use glasshouse_store::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::sync::Arc;

/// What an answer cannot be, by status.
#[derive(Debug)]
pub struct Problem {
    pub status: StatusCode,
    pub sentence: String,
}

impl Problem {
    pub fn asked(sentence: impl Into<String>) -> Self {
        Problem { status: StatusCode::BAD_REQUEST, sentence: sentence.into() }
    }

    pub fn missing(sentence: impl Into<String>) -> Self {
        Problem { status: StatusCode::NOT_FOUND, sentence: sentence.into() }
    }

    pub fn denied(sentence: impl Into<String>) -> Self {
        Problem { status: StatusCode::FORBIDDEN, sentence: sentence.into() }
    }

    pub fn stranger(sentence: impl Into<String>) -> Self {
        Problem { status: StatusCode::UNAUTHORIZED, sentence: sentence.into() }
    }

    pub fn fault(sentence: impl Into<String>) -> Self {
        Problem { status: StatusCode::INTERNAL_SERVER_ERROR, sentence: sentence.into() }
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        let sentence = error.to_string();
        match error {
            EngineError::Query(_) => Problem::asked(sentence),
            EngineError::Denied(_) => Problem::denied(sentence),
            // The case is taken: the same request may do later.
            EngineError::Store(StoreError::Other(_)) if sentence.contains("another Glasshouse process") => {
                Problem { status: StatusCode::CONFLICT, sentence }
            }
            _ => Problem::fault(sentence),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        EngineError::from(error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, axum::Json(json!({ "error": self.sentence }))).into_response()
    }
}

/// Does what takes time on a thread for that, and answers as JSON.
pub async fn answer<T: Serialize + Send + 'static>(
    serving: Arc<Serving>,
    work: impl FnOnce(&Serving, &Live) -> Result<T, Problem> + Send + 'static,
) -> Response {
    match on_thread(serving, work).await {
        // Written on this side of the thread: what cannot be written is a fault, too.
        Ok(value) => axum::Json(value).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// Does what takes time on a thread for that.
pub async fn on_thread<T: Send + 'static>(
    serving: Arc<Serving>,
    work: impl FnOnce(&Serving, &Live) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(move || {
        serving.stands()?;
        let live = serving.house.live()?;
        work(&serving, &live)
    });
    done.await.unwrap_or_else(|_| {
        Err(Problem::fault(
            "The request failed where it should not. Files of the case may be altered: run `glasshouse verify` on it.",
        ))
    })
}

/// The parameters of a request; what is wrong with them is said as every problem is.
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let wrong = |e: QueryRejection| Problem::asked(format!("The parameters cannot be read: {}.", e.body_text()));
        Query::from_request_parts(parts, state).await.map(|Query(asked)| Asked(asked)).map_err(wrong)
    }
}

/// The parts of a path that name something.
pub struct Named<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let wrong = |_: PathRejection| Problem::missing("There is nothing of that name.");
        Path::from_request_parts(parts, state).await.map(|Path(named)| Named(named)).map_err(wrong)
    }
}

/// The JSON body of a change.
pub struct Given<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Given<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let wrong = |e: JsonRejection| Problem::asked(format!("The body cannot be read: {}.", e.body_text()));
        axum::Json::from_request(request, state).await.map(|axum::Json(given)| Given(given)).map_err(wrong)
    }
}

/// Answers a request whose path is known and whose method is not.
pub async fn wrong_method() -> Response {
    let problem = Problem { status: StatusCode::METHOD_NOT_ALLOWED, sentence: "This cannot be done here.".into() };
    problem.into_response()
}
