//! What was destroyed of the case, as its certificates say.
//!
//! Discarding itself is an act of the command line: whoever may do it does not sign in here, and it rewrites the
//! evidence that this server reads from.

use super::Shared;
use super::answer::{Named, Problem, answer, on_thread};
use super::consulted::{Look, consulted};
use super::document::{self as shape};
use axum::Extension;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use glasshouse_engine::ingest;
use glasshouse_layout::{Certificate, paths};
use serde_json::{Value, json};

/// What was discarded of the case: each act with what went, by whom and why.
#[utoipa::path(get, path = "/api/custody", tag = "custody", responses((status = 200, body = shape::Custody)))]
pub async fn custody(Extension(serving): Shared) -> Response {
    answer(serving, |serving, _| {
        consulted(serving, Look::Case)?;
        let certificates = ingest::read_certificates(&serving.house.case)?;
        Ok(json!({ "certificates": certificates.iter().map(shown).collect::<Vec<_>>() }))
    })
    .await
}

fn shown(certificate: &Certificate) -> Value {
    let outcomes = certificate.outcomes.iter().map(|one| {
        json!({ "service": one.service, "family": one.family, "reason": one.reason, "unit": one.unit, "count": one.count })
    });
    json!({
        "number": certificate.number, "decided": certificate.decided, "destroyed": certificate.destroyed,
        "person": certificate.person, "role": certificate.role, "authorities": certificate.authorities,
        "reason": certificate.reason, "withheld": certificate.withheld, "method": certificate.method,
        "outcomes": outcomes.collect::<Vec<_>>(),
    })
}

/// A certificate as it lies in the case; the log has its hash.
#[utoipa::path(get, path = "/api/custody/certificates/{n}", tag = "custody",
    params(("n" = u32, Path, description = "Number of the certificate")),
    responses((status = 200, content_type = "application/json", body = Value), (status = 404, body = shape::Error)))]
pub async fn certificate(Extension(serving): Shared, Named(n): Named<u32>) -> Response {
    let read = on_thread(serving, move |serving, _| {
        consulted(serving, Look::Case)?;
        let path = serving.house.case.join(paths::discard(n));
        std::fs::read(path).map_err(|_| Problem::missing("The case has no such certificate."))
    });
    match read.await {
        Ok(bytes) => {
            let about = [
                (CONTENT_TYPE, "application/json".to_owned()),
                (CONTENT_DISPOSITION, format!("attachment; filename=\"discard-{n:04}.json\"")),
            ];
            (about, bytes).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}
