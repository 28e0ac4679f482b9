//! Giving records away from the page: an export is packed into one file in the case's cache, and fetched as that.
//!
//! It is the export of the command line, with its event before it is there. It belongs to the visit that asked for it,
//! and is removed when that ends. It lies there sealed, and its key is in the memory of this process alone.

use super::answer::{Given, Named, Problem, answer, on_thread};
use super::document::{self as shape};
use super::lists::bounded;
use super::visits::random;
use super::{Serving, Shared};
use axum::Extension;
use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use glasshouse_engine::EngineError;
use glasshouse_engine::evidence::stream;
use glasshouse_engine::export::{self, Exported, Packing, Progress, Wanted};
use glasshouse_store::{Packet, Parcel};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;

/// Exports of one visit: each is held until the visit ends.
const MOST_EXPORTS: usize = 20;
/// Bytes of what somebody writes of it.
const LONGEST: usize = 4096;
/// Where they lie in a case.
const FOLDER: &str = "cache/exports";
/// The file by whose lock is known that somebody still serves an export.
const HELD: &str = ".held";

/// Exports that somebody asked for in a visit, by their numbers from 1.
pub type Exports = Mutex<Vec<Arc<Job>>>;

/// One of them.
pub struct Job {
    number: usize,
    query: String,
    tag: Option<String>,
    recipient: String,
    purpose: String,
    progress: Progress,
    state: Mutex<State>,
    /// What holds it, and the lock that says so.
    folder: PathBuf,
    _held: File,
}

enum State {
    Running,
    Done { exported: Exported, packet: Packet },
    Failed(String),
}

impl Drop for Job {
    fn drop(&mut self) {
        // Whoever serves the case next tries again.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Job {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shown(&self) -> Value {
        let (mut state, mut bytes, mut sha256, mut error) = ("running", None, None, None);
        match &*self.state() {
            State::Running => {}
            State::Done { exported, packet } => {
                (state, bytes, sha256) = ("done", Some(packet.len), Some(exported.sha256.clone()));
            }
            State::Failed(sentence) => (state, error) = ("failed", Some(sentence.clone())),
        }
        let count = |of: &std::sync::atomic::AtomicU64| of.load(Ordering::Relaxed);
        json!({
            "n": self.number, "q": self.query, "tag": self.tag, "recipient": self.recipient, "purpose": self.purpose,
            "state": state, "records": count(&self.progress.records), "done": count(&self.progress.done),
            "bytes": bytes, "sha256": sha256, "error": error,
        })
    }

    /// Makes the export.
    fn make(&self, serving: &Serving) -> Result<(Exported, Packet), EngineError> {
        let wanted = Wanted {
            query: self.query.clone(),
            tag: self.tag.clone(),
            recipient: self.recipient.clone(),
            purpose: self.purpose.clone(),
        };
        let path = self.folder.join("export");
        let make = || {
            let mut packing = Packing { parcel: Parcel::begin(&path)?, folder: format!("export-{}", self.number) };
            let exported = export::export_into(serving.session(), &wanted, &mut packing, &self.progress)?;
            Ok((exported, packing.parcel.finish()?))
        };
        // What is left of one that failed opens to nobody; that it cannot be removed would only hide the reason.
        make().inspect_err(|_| drop(fs::remove_file(&path)))
    }
}

/// Removes what is left of exports that nobody serves any longer.
pub fn clear(case: &Path) {
    for entry in fs::read_dir(case.join(FOLDER)).into_iter().flatten().flatten() {
        let held = File::open(entry.path().join(HELD));
        if held.is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// What is to be given away.
#[derive(Deserialize, ToSchema)]
pub struct NewExport {
    /// The search whose records go in; all records for none.
    #[serde(default)]
    q: String,
    /// Only records with this tag.
    #[serde(default)]
    tag: Option<String>,
    /// Who gets it. Outside a personal case it has to be said.
    #[serde(default)]
    recipient: String,
    /// What for. Outside a personal case it has to be said.
    #[serde(default)]
    purpose: String,
}

/// Begins an export. It is in the log, with recipient and purpose, before it can be fetched; of a personal case nothing is.
#[utoipa::path(post, path = "/api/exports", tag = "custody", request_body = NewExport,
    params(("X-Glasshouse" = String, Header, description = "`csrf` of the session")),
    responses((status = 200, body = shape::Export)))]
pub async fn begin(Extension(serving): Shared, Given(new): Given<NewExport>) -> Response {
    let of = serving.clone();
    answer(serving, move |serving, live| {
        serving.session().permitted("export.make")?;
        bounded(&new.q)?;
        let tag = new.tag.map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty());
        for text in [Some(&new.recipient), Some(&new.purpose), tag.as_ref()] {
            if text.is_some_and(|text| text.len() > LONGEST) {
                return Err(Problem::asked("That is too long to be written down. Say it in fewer words."));
            }
        }
        if !serving.session().is_own() && (new.recipient.trim().is_empty() || new.purpose.trim().is_empty()) {
            return Err(Problem::asked(
                "Say who gets it and what for: a disclosure names its recipient and its reason (DPA 2018 s.62(3)).",
            ));
        }
        // What cannot be searched for is said at once.
        live.view.select(&new.q)?;
        let mut exports = serving.visit.exports.lock().unwrap_or_else(PoisonError::into_inner);
        if exports.len() >= MOST_EXPORTS {
            return Err(Problem::asked(format!(
                "{MOST_EXPORTS} exports were made in this visit, and each is kept until it ends. Use `glasshouse export` for more."
            )));
        }
        let (folder, held) = place(&serving.house.case)?;
        let job = Arc::new(Job {
            number: exports.len() + 1,
            query: new.q.trim().to_owned(),
            tag,
            recipient: new.recipient.trim().to_owned(),
            purpose: new.purpose.trim().to_owned(),
            progress: Progress::default(),
            state: Mutex::new(State::Running),
            folder,
            _held: held,
        });
        exports.push(job.clone());
        let shown = job.shown();
        std::thread::spawn(move || {
            // One at a time: each reads from the whole case.
            let _turn = of.house.exporting.lock().unwrap_or_else(PoisonError::into_inner);
            let made = job.make(&of);
            *job.state() = match made {
                Ok((exported, packet)) => State::Done { exported, packet },
                Err(error) => State::Failed(error.to_string()),
            };
        });
        Ok(shown)
    })
    .await
}

/// Makes the folder of an export, with the lock that says that it is served.
fn place(case: &Path) -> Result<(PathBuf, File), EngineError> {
    let folder = case.join(FOLDER).join(random()?);
    glasshouse_store::files::make_folder(&folder)?;
    let path = folder.join(HELD);
    let failed = |e| EngineError::io(&path, "create", e);
    let held = File::create(&path).map_err(failed)?;
    held.lock().map_err(failed)?;
    Ok((folder, held))
}

/// The exports of this visit, and how far each is.
#[utoipa::path(get, path = "/api/exports", tag = "custody", responses((status = 200, body = shape::Exports)))]
pub async fn exports(Extension(serving): Shared) -> Response {
    answer(serving, |serving, _| {
        serving.session().may("export.make")?;
        let exports = serving.visit.exports.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(json!({ "rows": exports.iter().map(|job| job.shown()).collect::<Vec<_>>() }))
    })
    .await
}

/// An export that is done, as a zip of its folder.
#[utoipa::path(get, path = "/api/exports/{n}/file", tag = "custody", params(("n" = u32, Path, description = "Number of the export")),
    responses((status = 200, content_type = "application/zip", body = Vec<u8>), (status = 404, body = shape::Error)))]
pub async fn file(Extension(serving): Shared, Named(n): Named<u32>) -> Response {
    let found = on_thread(serving, move |serving, _| {
        serving.session().may("export.make")?;
        let exports = serving.visit.exports.lock().unwrap_or_else(PoisonError::into_inner);
        let job = exports.iter().find(|job| job.number as u32 == n);
        let job = job.ok_or_else(|| Problem::missing("This visit made no such export."))?;
        let state = job.state();
        let State::Done { packet, .. } = &*state else {
            return Err(Problem::missing("The export is not there yet."));
        };
        Ok((stream(packet.reader()?), packet.len))
    });
    match found.await {
        Ok((stream, size)) => {
            let about = [
                (CONTENT_TYPE, "application/zip".to_owned()),
                (CONTENT_DISPOSITION, format!("attachment; filename=\"export-{n}.zip\"")),
                (CONTENT_LENGTH, size.to_string()),
            ];
            (about, Body::from_stream(stream)).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}
