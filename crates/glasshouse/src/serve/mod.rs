//! The case in a browser: on loopback, behind a link that opens it once, with nothing remote.

mod answer;
mod case;
mod consulted;
mod document;
mod guard;
mod html;
mod lists;
mod log;
mod media;
mod page;
mod record;
mod talks;
mod work;

use answer::Problem;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use glasshouse_engine::EngineError;
use glasshouse_engine::evidence::Evidence;
use glasshouse_engine::session::Session;
use glasshouse_engine::view::View;
use ring::rand::SecureRandom;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Bytes of the body of a request.
const MOST_BODY: usize = 256 << 10;

/// What all requests share.
struct Serving {
    case: PathBuf,
    /// Who looks, under which authority, and the log of it.
    session: Session,
    live: Mutex<Watched>,
    /// Opens the page once; the session that it starts lasts as long as this process.
    link: String,
    used: AtomicBool,
    cookie: String,
    /// What a page has to show with each change, which a page elsewhere cannot know.
    csrf: String,
    address: SocketAddr,
}

/// The case, and the checkpoint's length and time when it was last looked at: they move with every event.
struct Watched {
    stamp: Option<(u64, SystemTime)>,
    live: Arc<Live>,
}

/// The case as its newest run left it.
struct Live {
    run: String,
    view: View,
    evidence: Evidence,
}

impl Live {
    fn open(case: &std::path::Path, session: &Session) -> Result<Self, EngineError> {
        let run = glasshouse_store::read_run(case)?.unwrap_or_default().run;
        Ok(Live { run, view: View::open(case)?, evidence: Evidence::open(case, session.seal()?)? })
    }
}

fn stamp(case: &std::path::Path) -> Option<(u64, SystemTime)> {
    let about = std::fs::metadata(case.join(glasshouse_layout::paths::CHECKPOINT)).ok()?;
    Some((about.len(), about.modified().ok()?))
}

impl Serving {
    /// Returns the case as it is now: a run that ended since is taken up.
    fn live(&self) -> Result<Arc<Live>, Problem> {
        let mut watched = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let now = stamp(&self.case);
        if now != watched.stamp {
            let run = glasshouse_store::read_run(&self.case)?.unwrap_or_default().run;
            if run != watched.live.run {
                watched.live = Arc::new(Live::open(&self.case, &self.session)?);
            }
            watched.stamp = now;
        }
        Ok(watched.live.clone())
    }

    /// Returns whether the case cannot be written, as on a disk that is mounted so.
    fn readonly(&self) -> bool {
        std::fs::OpenOptions::new().write(true).open(self.case.join(".lock")).is_err()
    }
}

type Shared = axum::extract::State<Arc<Serving>>;

/// Serves a case until the process is stopped, and prints the link.
pub fn serve(case: &std::path::Path, listen: &str, session: Session) -> Result<u8, EngineError> {
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
    let live = Arc::new(Live::open(case, &session)?);
    let serving = Arc::new(Serving {
        case: case.to_path_buf(),
        session,
        live: Mutex::new(Watched { stamp: stamp(case), live }),
        link: random()?,
        used: AtomicBool::new(false),
        cookie: random()?,
        csrf: random()?,
        address,
    });
    let warm = serving.clone();
    // What fails here fails again, and is said, when somebody asks.
    std::thread::spawn(move || warm.live().map(|live| live.view.warm()));
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
        .route("/api/session", get(case::session))
        .route("/api/case", get(case::case))
        .route("/api/warnings", get(case::warnings))
        .route("/api/entries", get(case::entries))
        .route("/api/list", get(lists::list))
        .route("/api/rank", get(lists::rank))
        .route("/api/histogram", get(lists::histogram))
        .route("/api/facets", get(lists::facets))
        .route("/api/complete", get(lists::complete))
        .route("/api/map", get(lists::map))
        .route("/api/track", get(lists::track))
        .route("/api/conversations", get(talks::conversations))
        .route("/api/conversation", get(talks::conversation))
        .route("/api/people", get(talks::people))
        .route("/api/graph", get(talks::graph))
        .route("/api/self", get(talks::reveals))
        .route("/api/record/{id}", get(record::record))
        .route("/api/record/{id}/bytes", get(record::bytes))
        .route("/api/record/{id}/near", get(record::near))
        .route("/api/media", get(media::gallery))
        .route("/api/media/{id}/{n}", get(media::medium))
        .route("/api/thumb/{id}/{n}", get(media::thumb))
        .route("/api/html/{id}", get(html::html))
        .route("/api/marks", get(work::marks).post(work::mark))
        .route("/api/marks/{n}/undo", post(work::undo_mark))
        .route("/api/saved", get(work::saved).post(work::save))
        .route("/api/saved/{n}/undo", post(work::undo_saved))
        .route("/api/events", get(log::events))
        .route("/api/events/{n}/proof", get(log::proof))
        .route("/api/checkpoint", get(log::checkpoint))
        .route("/api/openapi.json", get(document::document))
        .fallback(page::page)
        .method_not_allowed_fallback(answer::wrong_method)
        .layer(DefaultBodyLimit::max(MOST_BODY))
        .layer(from_fn_with_state(serving.clone(), guard::guard))
        .with_state(serving)
}

fn random() -> Result<String, EngineError> {
    let mut bytes = [0; 24];
    let random = ring::rand::SystemRandom::new();
    random.fill(&mut bytes).map_err(|_| EngineError::other("The operating system gave no random numbers."))?;
    Ok(glasshouse_layout::hex(bytes))
}
