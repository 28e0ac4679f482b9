//! The case in a browser: on loopback, behind a link that opens it once, with nothing remote.

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, LOCATION, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use glasshouse_engine::EngineError;
use glasshouse_engine::search::{Interval, Searcher};
use ring::rand::SecureRandom;
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes of a record that the page shows at most.
const MOST_BYTES: u64 = 1 << 20;

struct Serving {
    case: PathBuf,
    searcher: Searcher,
    /// Opens the page once; the session that it starts lasts as long as this process.
    link: String,
    used: AtomicBool,
    session: String,
    address: SocketAddr,
}

type Shared = State<Arc<Serving>>;

/// Serves a case until the process is stopped, and prints the link.
pub fn serve(case: &std::path::Path, listen: &str) -> Result<u8, EngineError> {
    let wrong = |e: std::io::Error| {
        EngineError::other(format!("Cannot serve at {listen}: {e}. Give an address like 127.0.0.1:8000 with --listen."))
    };
    let listener = std::net::TcpListener::bind(listen).map_err(wrong)?;
    let address = listener.local_addr().map_err(wrong)?;
    if !address.ip().is_loopback() {
        return Err(EngineError::other(
            "Only this machine is served: accounts and encryption for others are not there yet. Listen at 127.0.0.1.",
        ));
    }
    listener.set_nonblocking(true).map_err(wrong)?;
    let serving = Arc::new(Serving {
        case: case.to_path_buf(),
        searcher: Searcher::open(case)?,
        link: random()?,
        used: AtomicBool::new(false),
        session: random()?,
        address,
    });
    // In one write: whoever reads the link may close the output after it, and serving goes on.
    let link = format!("Open once: http://{address}/open?link={}", serving.link);
    say!("{link}\nStop with Ctrl-C. Only this machine can reach it.");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(wrong)?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(wrong)?;
        axum::serve(listener, router(serving)).await.map_err(wrong)
    })?;
    Ok(0)
}

fn router(serving: Arc<Serving>) -> Router {
    Router::new()
        .route("/", get(|| async { file("text/html; charset=utf-8", include_str!("../web/index.html")) }))
        .route("/app.js", get(|| async { file("text/javascript", include_str!("../web/app.js")) }))
        .route("/style.css", get(|| async { file("text/css", include_str!("../web/style.css")) }))
        .route("/api/case", get(case))
        .route("/api/search", get(search))
        .route("/api/record/{id}", get(record))
        .route("/api/bytes/{id}", get(bytes))
        .route("/api/histogram", get(histogram))
        .layer(from_fn_with_state(serving.clone(), guard))
        .with_state(serving)
}

fn file(kind: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, kind)], text).into_response()
}

/// Lets in who holds the session, turns the link into one, and puts the strictest headers on every answer.
async fn guard(State(serving): Shared, request: Request, next: Next) -> Response {
    // Another name for this address means a page elsewhere is trying to reach the case.
    let host = request.headers().get(HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let port = serving.address.port();
    let ours = [serving.address.to_string(), format!("localhost:{port}"), format!("127.0.0.1:{port}")];
    let cookie = format!("glasshouse={}", serving.session);
    let cookies = request.headers().get(COOKIE).and_then(|c| c.to_str().ok()).unwrap_or_default();
    let mut response = if !ours.iter().any(|o| o == host) {
        (StatusCode::FORBIDDEN, "This address belongs to another name.").into_response()
    } else if cookies.split("; ").any(|c| same(c, &cookie)) {
        next.run(request).await
    } else if request.uri().path() == "/open" && request.method() == Method::GET {
        let given = request.uri().query().and_then(|q| q.strip_prefix("link=")).unwrap_or_default();
        if same(given, &serving.link) && !serving.used.swap(true, Ordering::SeqCst) {
            let cookie = format!("{cookie}; HttpOnly; SameSite=Strict; Path=/");
            (StatusCode::SEE_OTHER, [(LOCATION, "/".to_owned()), (SET_COOKIE, cookie)]).into_response()
        } else {
            (StatusCode::FORBIDDEN, "This link was used already. Run `glasshouse serve` again for a new one.")
                .into_response()
        }
    } else {
        (StatusCode::FORBIDDEN, "Open the link that `glasshouse serve` printed.").into_response()
    };
    let headers = response.headers_mut();
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Compares without telling by its time where two texts differ.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |all, (x, y)| all | (x ^ y)) == 0
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    limit: Option<usize>,
    /// Width of a histogram's bars: day, month or year.
    by: Option<String>,
}

async fn search(State(serving): Shared, Query(asked): Query<Asked>) -> Response {
    answer(move || {
        let hits = serving.searcher.search(&asked.q, asked.limit.unwrap_or(20).min(1000))?;
        Ok(json!({ "count": hits.count, "rows": hits.rows }))
    })
    .await
}

async fn case(State(serving): Shared) -> Response {
    answer(move || {
        let file = glasshouse_store::read_case_file(&serving.case)?;
        let run = glasshouse_store::read_run(&serving.case)?;
        let run = run.unwrap_or_default();
        Ok(json!({
            "title": file.title, "kind": file.kind, "fingerprint": glasshouse_layout::fingerprint(&file.public_key),
            "warnings": run.warnings, "found": run.found, "entries": run.entries,
        }))
    })
    .await
}

async fn histogram(State(serving): Shared, Query(asked): Query<Asked>) -> Response {
    answer(move || {
        let unit = match asked.by.as_deref() {
            Some("day") => Interval::Day,
            Some("year") => Interval::Year,
            _ => Interval::Month,
        };
        Ok(json!(serving.searcher.histogram(&asked.q, unit)?))
    })
    .await
}

async fn record(State(serving): Shared, Path(id): Path<String>) -> Response {
    answer(move || match glasshouse_engine::read::record(&serving.case, &id)? {
        Some(record) => serde_json::to_value(record).map_err(|e| EngineError::other(e.to_string())),
        None => Err(EngineError::Query("No such record is in this case.".into())),
    })
    .await
}

async fn bytes(State(serving): Shared, Path(id): Path<String>) -> Response {
    let work = move || -> Result<Vec<u8>, EngineError> {
        let record = glasshouse_engine::read::record(&serving.case, &id)?;
        let record = record.ok_or_else(|| EngineError::Query("No such record is in this case.".into()))?;
        let mut out = Capped { bytes: Vec::new() };
        glasshouse_engine::read::bytes(&serving.case, &record, &mut out)?;
        Ok(out.bytes)
    };
    match tokio::task::spawn_blocking(work).await {
        // Evidence leaves as plain text, whatever it is: the browser must not run it.
        Ok(Ok(bytes)) => ([(CONTENT_TYPE, "text/plain; charset=utf-8")], bytes).into_response(),
        Ok(Err(error)) => told(&error),
        Err(_) => told(&EngineError::other("The request failed.")),
    }
}

/// Takes the first bytes and lets the rest go by.
struct Capped {
    bytes: Vec<u8>,
}

impl std::io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = (MOST_BYTES as usize).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn answer(work: impl FnOnce() -> Result<Value, EngineError> + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(value)) => axum::Json(value).into_response(),
        Ok(Err(error)) => told(&error),
        Err(_) => told(&EngineError::other("The request failed.")),
    }
}

fn told(error: &EngineError) -> Response {
    let status = match error {
        EngineError::Query(_) => StatusCode::BAD_REQUEST,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, axum::Json(json!({ "error": error.to_string() }))).into_response()
}

fn random() -> Result<String, EngineError> {
    let mut bytes = [0; 24];
    let random = ring::rand::SystemRandom::new();
    random.fill(&mut bytes).map_err(|_| EngineError::other("The operating system gave no random numbers."))?;
    Ok(glasshouse_layout::hex(bytes))
}
