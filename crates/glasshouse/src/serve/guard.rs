//! Who gets in: the holder of the link, under our own name, and changes only from our own page.

use super::answer::Problem;
use super::{Serving, Shared};
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, LOCATION, ORIGIN, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::atomic::Ordering;

/// What the page and its answers may do: nothing remote, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    media-src 'self' blob:; connect-src 'self'; worker-src 'self' blob:; frame-src 'self'; font-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Lets in who holds the session, turns the link into one, and puts the strictest headers on every answer.
pub async fn guard(State(serving): Shared, request: Request, next: Next) -> Response {
    let mut response = match allowed(&serving, &request) {
        Ok(true) => next.run(request).await,
        Ok(false) => opened(&serving),
        Err(problem) => problem.into_response(),
    };
    let headers = response.headers_mut();
    // Evidence in a frame has a policy of its own, which is stricter, and may be framed by our page.
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Says whether a request goes on (`true`) or has just shown the link (`false`).
fn allowed(serving: &Serving, request: &Request) -> Result<bool, Problem> {
    let text = |name: HeaderName| request.headers().get(name).and_then(|v| v.to_str().ok());
    // Another name for this address means that a page elsewhere is trying to reach the case.
    let port = serving.address.port();
    let ours = [serving.address.to_string(), format!("localhost:{port}"), format!("127.0.0.1:{port}")];
    if !text(HOST).is_some_and(|host| ours.iter().any(|o| o == host)) {
        return Err(Problem::denied("This address belongs to another name."));
    }
    let cookie = format!("{}={}", cookie_name(serving), serving.cookie);
    if !text(COOKIE).unwrap_or_default().split("; ").any(|c| same(c, &cookie)) {
        if request.uri().path() != "/open" || request.method() != Method::GET {
            return Err(Problem::denied("Open the link that `glasshouse serve` printed."));
        }
        let given = request.uri().query().and_then(|q| q.strip_prefix("link=")).unwrap_or_default();
        if !same(given, &serving.link) || serving.used.swap(true, Ordering::SeqCst) {
            return Err(Problem::denied("This link was used already. Run `glasshouse serve` again for a new one."));
        }
        return Ok(false);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let foreign = text(ORIGIN)
            .is_some_and(|origin| !origin.strip_prefix("http://").is_some_and(|host| ours.iter().any(|o| o == host)));
        let shown = text(HeaderName::from_static("x-glasshouse")).unwrap_or_default();
        if foreign || !same(shown, &serving.csrf) {
            return Err(Problem::denied("Changes come from the page that this server gave; reload it and try again."));
        }
    }
    Ok(true)
}

fn opened(serving: &Serving) -> Response {
    let cookie = format!("{}={}; HttpOnly; SameSite=Strict; Path=/", cookie_name(serving), serving.cookie);
    (StatusCode::SEE_OTHER, [(LOCATION, "/".to_owned()), (SET_COOKIE, cookie)]).into_response()
}

/// Compares without telling by its time where two texts differ.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |all, (x, y)| all | (x ^ y)) == 0
}

/// Returns the name of the session's cookie: browsers share cookies between ports, and cases may be served at once.
fn cookie_name(serving: &Serving) -> String {
    format!("glasshouse-{}", serving.address.port())
}
