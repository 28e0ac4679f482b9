//! Who gets in: the holder of the link or who signed in, under our own name, and changes only from our own page.

use super::answer::Problem;
use super::visits::Visit;
use super::{House, Serving};
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, LOCATION, ORIGIN, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::{Arc, PoisonError};

/// What the page and its answers may do: nothing remote, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    media-src 'self' blob:; connect-src 'self'; worker-src 'self' blob:; frame-src 'self'; font-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Lets in who belongs to a visit, turns the link into one, and puts the strictest headers on every answer.
pub async fn guard(State(house): State<Arc<House>>, mut request: Request, next: Next) -> Response {
    let mut response = match allowed(&house, &request) {
        Ok(Entry::Visit(visit)) => {
            request.extensions_mut().insert(Arc::new(Serving { house, visit }));
            next.run(request).await
        }
        Ok(Entry::Open) => next.run(request).await,
        Ok(Entry::Link(token)) => {
            (StatusCode::SEE_OTHER, [(LOCATION, "/".to_owned()), (SET_COOKIE, cookie(&house, &token))]).into_response()
        }
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

/// How a request goes on.
enum Entry {
    /// As part of a visit.
    Visit(Arc<Visit>),
    /// To what holds nothing of the case: the empty page, and the place to sign in.
    Open,
    /// With what its browser shows from now on: it came by the link.
    Link(String),
}

fn allowed(house: &House, request: &Request) -> Result<Entry, Problem> {
    let text = |name: HeaderName| request.headers().get(name).and_then(|v| v.to_str().ok());
    // Another name for this address means that a page elsewhere is trying to reach the case.
    let ours = |host: &str| house.hosts.iter().any(|own| own == host);
    if !text(HOST).is_some_and(ours) {
        return Err(Problem::denied("This address belongs to another name."));
    }
    let scheme = if house.secure { "https://" } else { "http://" };
    let foreign = text(ORIGIN).is_some_and(|origin| !origin.strip_prefix(scheme).is_some_and(ours));
    let reading = matches!(*request.method(), Method::GET | Method::HEAD);
    if let Some(visit) = shown(house, request.headers()).and_then(|token| house.visits.find(token)) {
        let secret = text(HeaderName::from_static("x-glasshouse")).unwrap_or_default();
        if !reading && (foreign || !same(secret, &visit.csrf)) {
            return Err(Problem::denied("Changes come from the page that this server gave; reload it and try again."));
        }
        return Ok(Entry::Visit(visit));
    }
    let path = request.uri().path();
    if house.home.is_some() {
        return match path {
            // Nobody is signed in against their will: the page itself has to send the name.
            "/api/sign-in" if reading || (!foreign && text(ORIGIN).is_some()) => Ok(Entry::Open),
            _ if path.starts_with("/api") => Err(Problem::stranger("Sign in first.")),
            _ => Ok(Entry::Open),
        };
    }
    if path != "/open" || request.method() != Method::GET {
        return Err(Problem::denied("Open the link that `glasshouse serve` printed."));
    }
    let given = request.uri().query().and_then(|q| q.strip_prefix("link=")).unwrap_or_default();
    let mut link = house.link.lock().unwrap_or_else(PoisonError::into_inner);
    match link.take() {
        Some((own, session)) if same(given, &own) => Ok(Entry::Link(house.visits.begin(session)?.0)),
        kept => {
            *link = kept;
            Err(Problem::denied("This link was used already. Run `glasshouse serve` again for a new one."))
        }
    }
}

/// Returns what a browser shows of what it was given.
pub fn shown<'a>(house: &House, headers: &'a HeaderMap) -> Option<&'a str> {
    let name = cookie_name(house);
    let cookies = headers.get(COOKIE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    cookies.split("; ").find_map(|c| c.strip_prefix(&name)?.strip_prefix('='))
}

/// Returns the header that gives a browser what it has to show.
pub fn cookie(house: &House, token: &str) -> String {
    let secure = if house.secure { "; Secure" } else { "" };
    format!("{}={token}; HttpOnly; SameSite=Strict; Path=/{secure}", cookie_name(house))
}

/// Returns the header that makes a browser forget it.
pub fn forgotten(house: &House) -> String {
    format!("{}; Max-Age=0", cookie(house, ""))
}

/// Compares without telling by its time where two texts differ.
pub fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |all, (x, y)| all | (x ^ y)) == 0
}

/// Returns the name of the session's cookie: browsers share cookies between ports, and cases may be served at once.
fn cookie_name(house: &House) -> String {
    format!("glasshouse-{}", house.address.port())
}
