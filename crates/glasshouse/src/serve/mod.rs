//! The case in a browser, with nothing remote: a personal case on loopback behind a link that opens it once, every
//! other case for people who sign in, from other machines over TLS only.

mod answer;
mod case;
mod choosing;
mod consulted;
mod custody;
mod document;
mod exports;
mod guard;
mod html;
mod issuer;
mod lists;
mod log;
mod looks;
mod media;
mod page;
mod people;
mod record;
mod sign_in;
mod smalls;
mod talks;
mod tls;
mod visits;
mod work;

use answer::Problem;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use glasshouse_engine::EngineError;
use glasshouse_engine::decoding::Apart;
use glasshouse_engine::evidence::Evidence;
use glasshouse_engine::people::Home;
use glasshouse_engine::session::Session;
use glasshouse_engine::view::View;
use glasshouse_layout::Origin;
use glasshouse_store::seal::{Identity, Seal};
use issuer::Elsewhere;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use visits::{Visit, Visits, random};

/// Bytes of the body of a request.
const MOST_BODY: usize = 256 << 10;
/// What was seen waits in memory for at most so long before it is in the log; that it was asked for is there before.
const TENDED: Duration = Duration::from_secs(10);

/// What all requests share.
struct House {
    case: PathBuf,
    live: Mutex<Watched>,
    /// Opens the page of a personal case once; none where people sign in.
    link: Mutex<Option<(String, Session)>>,
    /// The installation whose people may sign in; none in a personal case.
    home: Option<Home>,
    /// The keys of the evidence.
    seal: Seal,
    /// The organisation's issuer, where it says who people are.
    elsewhere: Option<Elsewhere>,
    /// One password is checked at a time.
    turn: Mutex<()>,
    /// One export is made at a time.
    exporting: Mutex<()>,
    /// Who takes pictures apart, for the previews in them and for small ones.
    decoder: Apart,
    smalls: smalls::Smalls,
    visits: Visits,
    /// Who has still to say under which authority they act.
    choosing: choosing::Choosing,
    address: SocketAddr,
    /// Hosts, with ports, that this server is asked by.
    hosts: Vec<String>,
    secure: bool,
}

/// What one request has: the server, and whose visit it belongs to.
struct Serving {
    house: Arc<House>,
    visit: Arc<Visit>,
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
    /// The cases that it was made out of, if it was.
    origins: Vec<Origin>,
}

impl Live {
    /// Opens the newest run, with the keys of the evidence.
    fn open(case: &Path, seal: &Seal) -> Result<Self, EngineError> {
        let run = glasshouse_store::read_run(case)?.unwrap_or_default().run;
        let origins = glasshouse_store::read_origins(case)?;
        Ok(Live { run, view: View::open(case)?, evidence: Evidence::open(case, seal.clone())?, origins })
    }

    /// Returns where a part was before this case was made out of others; none for what was taken in here.
    fn origin(&self, source: &str, part: u32) -> Option<Value> {
        self.origins.iter().find_map(|origin| {
            let one = origin.parts.iter().find(|one| one.as_source == source && one.as_part == part)?;
            Some(json!({ "case": origin.case, "source": one.source, "number": one.part }))
        })
    }
}

fn stamp(case: &Path) -> Option<(u64, SystemTime)> {
    let about = std::fs::metadata(case.join(glasshouse_layout::paths::CHECKPOINT)).ok()?;
    Some((about.len(), about.modified().ok()?))
}

impl House {
    /// Returns the case as it is now: a run that ended since is taken up.
    fn live(&self) -> Result<Arc<Live>, Problem> {
        let mut watched = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let now = stamp(&self.case);
        if now != watched.stamp {
            let run = glasshouse_store::read_run(&self.case)?.unwrap_or_default().run;
            if run != watched.live.run {
                watched.live = Arc::new(Live::open(&self.case, &self.seal)?);
            } else {
                watched.live.view.look_again();
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

impl Serving {
    /// Returns who looks, under which authority, and the log of it.
    fn session(&self) -> &Session {
        &self.visit.session
    }

    /// Ends the visit if its authority, or the person's account, is no longer what it was when they signed in.
    fn stands(&self) -> Result<(), Problem> {
        if !self.visit.to_be_checked() {
            return Ok(());
        }
        if self.session().still_stands()? {
            self.visit.checked();
            return Ok(());
        }
        self.house.visits.end(&self.visit);
        Err(Problem::stranger("The authority, or what you are here, was changed since you signed in. Sign in again."))
    }
}

type Shared = axum::Extension<Arc<Serving>>;

/// Where and how to serve.
pub struct Listening<'a> {
    pub address: &'a str,
    /// Certificate and key, as files.
    pub tls: Option<(&'a Path, &'a Path)>,
    /// Names by which browsers reach the server, beside its address.
    pub names: &'a [String],
}

/// Whose page it is.
pub enum Door {
    /// The holder's, who has the link.
    Link(Session),
    /// That of whoever signs in.
    People(Home),
}

/// Serves a case until the process is stopped, and says how to get in.
pub fn serve(case: &Path, listening: &Listening<'_>, door: Door) -> Result<u8, EngineError> {
    let wrong = |e: std::io::Error| {
        let at = listening.address;
        EngineError::other(format!("Cannot serve at {at}: {e}. Give an address like 127.0.0.1:8000 with --listen."))
    };
    let tls = listening.tls.map(|(certificate, key)| tls::config(certificate, key)).transpose()?;
    let listener = std::net::TcpListener::bind(listening.address).map_err(wrong)?;
    let address = listener.local_addr().map_err(wrong)?;
    outside(address, tls.is_some(), listening.names, &door)?;
    listener.set_nonblocking(true).map_err(wrong)?;
    let (port, scheme) = (address.port(), if tls.is_some() { "https" } else { "http" });
    let usual = if tls.is_some() { 443 } else { 80 };
    let mut hosts = Vec::new();
    let own = if address.ip().is_loopback() { vec!["localhost".into(), "127.0.0.1".into()] } else { Vec::new() };
    let ip = match address {
        SocketAddr::V4(v4) => v4.ip().to_string(),
        SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
    };
    for name in own.iter().chain([&ip]).chain(listening.names) {
        hosts.push(format!("{name}:{port}"));
        hosts.extend((port == usual).then(|| name.clone()));
    }
    let shown = listening.names.first().unwrap_or(&ip);
    let base = if port == usual { format!("{scheme}://{shown}") } else { format!("{scheme}://{shown}:{port}") };
    let mut elsewhere = None;
    // It is the same for as long as there is the case.
    let seal = match &door {
        Door::Link(session) => session.seal()?,
        Door::People(home) => {
            let keys: Vec<Identity> = home.processing().into_iter().collect();
            Seal::open(case, &glasshouse_store::read_case_file(case)?, &keys)?
        }
    };
    let (link, home, way) = match door {
        Door::Link(session) => {
            let link = random()?;
            let way = format!("Open once: {base}/open?link={link}");
            (Some((link, session)), None, way)
        }
        Door::People(home) => {
            let mut way = format!("Sign in at {base}/");
            if let Some(named) = home.organisation()?.and_then(|organisation| organisation.issuer) {
                let over = Elsewhere::new(named.under(home.folder()), &base)?;
                way.push_str(&format!("\n{} says who people are, and sends them back to {}", over.url(), over.back()));
                elsewhere = Some(over);
            }
            (None, Some(home), way)
        }
    };
    let live = Arc::new(Live::open(case, &seal)?);
    exports::clear(case);
    // Outside personal cases an authority names the analysis, and what came of it does not outlive the visit.
    let open = link.is_some() && glasshouse_store::read_case_file(case)?.encryption != glasshouse_layout::SEALED;
    let house = Arc::new(House {
        case: case.to_path_buf(),
        seal,
        live: Mutex::new(Watched { stamp: stamp(case), live }),
        link: Mutex::new(link),
        home,
        elsewhere,
        turn: Mutex::new(()),
        exporting: Mutex::new(()),
        decoder: crate::decoder(),
        smalls: if open { smalls::Smalls::kept(case) } else { smalls::Smalls::default() },
        visits: Visits::default(),
        choosing: choosing::Choosing::default(),
        address,
        hosts,
        secure: tls.is_some(),
    });
    // What fails here fails again, and is said, when somebody asks.
    let warm = house.clone();
    std::thread::spawn(move || warm.live().map(|live| live.view.warm()));
    let opened = house.clone();
    std::thread::spawn(move || {
        opened.live().map(|live| {
            // The first rows come first; then this waits for the disk while the other computes.
            live.view.select("").map(|_| live.evidence.warm())
        })
    });
    let tended = house.clone();
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(TENDED);
            tended.visits.tend();
        }
    });
    // What was seen and waits is written down before the end.
    let ended = house.clone();
    crate::signals::serving(move || ended.visits.tend());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(wrong)?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(wrong)?;
        let router = router(house);
        // In one write: whoever reads the link may close the output after it, and serving goes on.
        say!("{way}\nStop with Ctrl-C.");
        match tls {
            Some(config) => axum::serve(tls::Encrypted::new(listener, config).map_err(wrong)?, router).await,
            None => axum::serve(listener, router).await,
        }
        .map_err(wrong)
    })?;
    Ok(0)
}

/// Refuses to serve other machines where that would not be safe.
fn outside(address: SocketAddr, encrypted: bool, names: &[String], door: &Door) -> Result<(), EngineError> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    let why = if matches!(door, Door::Link(_)) {
        "A personal case is served to this machine only. Listen at 127.0.0.1."
    } else if !encrypted {
        "Other machines are served encrypted only: give --tls-cert and --tls-key, or listen at 127.0.0.1."
    } else if address.ip().is_unspecified() && names.is_empty() {
        "Say with --name under which name browsers reach this server; a request by another name is refused."
    } else {
        return Ok(());
    };
    Err(EngineError::other(why))
}

fn router(house: Arc<House>) -> Router {
    Router::new()
        .route("/api/sign-in", get(sign_in::ways).post(sign_in::sign_in))
        .route("/sign-in/begin", get(issuer::begin))
        .route("/sign-in/return", get(issuer::come_back))
        .route("/api/sign-out", post(sign_in::sign_out))
        .route("/api/enquiry", post(sign_in::enquire))
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
        .route("/api/people", get(people::people))
        .route("/api/people/join", post(people::join))
        .route("/api/people/split", post(people::split))
        .route("/api/people/changes", get(people::changes))
        .route("/api/people/changes/{n}/undo", post(people::undo))
        .route("/api/graph", get(people::graph))
        .route("/api/self", get(talks::reveals))
        .route("/api/self/made-by", get(talks::made_by))
        .route("/api/record/{id}", get(record::record))
        .route("/api/record/{id}/bytes", get(record::bytes))
        .route("/api/record/{id}/near", get(record::near))
        .route("/api/media", get(media::gallery))
        .route("/api/media/{id}/{n}", get(media::medium))
        .route("/api/media/{id}/{n}/alike", get(smalls::alike))
        .route("/api/thumb/{id}/{n}", get(media::thumb))
        .route("/api/html/{id}", get(html::html))
        .route("/api/marks", get(work::marks).post(work::mark))
        .route("/api/marks/{n}/undo", post(work::undo_mark))
        .route("/api/saved", get(work::saved).post(work::save))
        .route("/api/saved/{n}/undo", post(work::undo_saved))
        .route("/api/events", get(log::events))
        .route("/api/events/{n}/proof", get(log::proof))
        .route("/api/checkpoint", get(log::checkpoint))
        .route("/api/events/erase", post(log::erase))
        .route("/api/custody", get(custody::custody))
        .route("/api/custody/certificates/{n}", get(custody::certificate))
        .route("/api/exports", get(exports::exports).post(exports::begin))
        .route("/api/exports/{n}/file", get(exports::file))
        .route("/api/openapi.json", get(document::document))
        .fallback(page::page)
        .method_not_allowed_fallback(answer::wrong_method)
        .layer(DefaultBodyLimit::max(MOST_BODY))
        .layer(from_fn_with_state(house.clone(), guard::guard))
        .with_state(house)
}
