//! Small pictures and what they look like. Pictures are taken apart in the process that is there for that, and the newest
//! small ones are kept in memory.

use super::answer::{Asked, Named, Problem, answer};
use super::consulted::{Look, consulted};
use super::document::{self as shape};
use super::lists::bounded;
use super::looks::{self, Looks};
use super::{Live, Serving, Shared};
use axum::Extension;
use axum::response::Response;
use glasshouse_engine::authority::fields::SIMILAR_PICTURES;
use glasshouse_engine::evidence::{Bytes, preview, safe_type};
use glasshouse_engine::view::{Attachment, Sorted};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use utoipa::IntoParams;

/// A picture larger than this is not taken apart.
const MOST_PICTURE: u64 = 64 << 20;
/// Bytes of small pictures that are kept.
const MOST_KEPT: usize = 32 << 20;
/// Pictures before and after one, in the order of time, that it is compared with.
const AROUND: u32 = 200;
/// Places of 64 in which pictures that look alike may differ.
const ALIKE: u32 = 8;
/// How long one question takes pictures apart; whoever asks again goes on from there.
const PATIENCE: Duration = Duration::from_millis(1500);

/// What no browser shows by itself.
const HEIC: &str = "image/heic";
const NOT_SHOWN: &str = "The picture cannot be taken apart and holds no preview, and browsers cannot show its format.";

/// A small picture by its record and its number there.
type Key = (String, u32);

/// What is known of pictures that were taken apart.
#[derive(Default)]
pub struct Smalls(Mutex<Known>);

#[derive(Default)]
struct Known {
    looks: Looks,
    jpegs: VecDeque<(Key, Arc<Vec<u8>>)>,
    bytes: usize,
}

impl Smalls {
    /// Returns one that knows what is kept in the folder of a personal case whose evidence lies open.
    pub fn kept(case: &Path) -> Self {
        Smalls(Mutex::new(Known { looks: Looks::kept(case), ..Known::default() }))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn jpeg(&self, key: &Key) -> Option<Arc<Vec<u8>>> {
        self.known().jpegs.iter().find(|(of, _)| of == key).map(|(_, jpeg)| jpeg.clone())
    }

    /// Returns what a picture looks like, if it was taken apart; none in it if that told nothing.
    fn look(&self, file: &Attachment) -> Option<Option<u64>> {
        self.known().looks.get(&looks::key(file)?)
    }

    fn looked(&self, file: &Attachment, look: Option<u64>) {
        if let Some(key) = looks::key(file) {
            self.known().looks.add(key, look);
        }
    }

    fn keep(&self, key: Key, jpeg: Arc<Vec<u8>>) {
        let mut known = self.known();
        known.bytes += jpeg.len();
        known.jpegs.push_back((key, jpeg));
        while known.bytes > MOST_KEPT {
            let Some((_, oldest)) = known.jpegs.pop_front() else { return };
            known.bytes -= oldest.len();
        }
    }
}

/// Returns the bytes of an attachment, with the type that its own bytes prove; none for what cannot be shown.
pub fn bytes_of(live: &Live, file: &Attachment) -> Result<(Bytes, Option<&'static str>), Problem> {
    let at = file.place().ok_or_else(|| Problem::missing("The export names this file and does not contain it."))?;
    let size = live.evidence.entry(at.entry)?.map(|e| e.size);
    let bytes = live.evidence.attachment(at.entry, &at.locator, size)?;
    let kind = safe_type(&live.evidence.head(&bytes)?);
    Ok((bytes, kind))
}

/// Returns a picture to be shown small: the preview that a camera left in it, else one made of it, else itself.
pub fn small(
    serving: &Serving,
    live: &Live,
    id: &str,
    file: &Attachment,
) -> Result<(Bytes, Option<&'static str>), Problem> {
    let key = (id.to_owned(), file.n);
    if let Some(jpeg) = serving.house.smalls.jpeg(&key) {
        return Ok((Bytes::Held(jpeg.to_vec()), Some("image/jpeg")));
    }
    let (bytes, kind) = bytes_of(live, file)?;
    if !kind.is_some_and(|k| k.starts_with("image/")) {
        return Err(Problem::missing("This is no picture."));
    }
    let whole = live.evidence.held(&bytes, 0, MOST_PICTURE)?;
    if let Some(found) = preview(&serving.house.decoder, &whole) {
        return Ok((Bytes::Held(found), Some("image/jpeg")));
    }
    match serving.house.decoder.small(&whole) {
        Some(small) => {
            serving.house.smalls.looked(file, Some(small.look));
            serving.house.smalls.keep(key, Arc::new(small.jpeg.clone()));
            Ok((Bytes::Held(small.jpeg), Some("image/jpeg")))
        }
        None if kind == Some(HEIC) => Err(Problem::missing(NOT_SHOWN)),
        // A browser may know more kinds than are taken apart here.
        None => Ok((bytes, kind)),
    }
}

/// Returns a picture to be looked at: itself where browsers know its kind, else one made of it, else its preview.
pub fn large(serving: &Serving, live: &Live, file: &Attachment) -> Result<(Bytes, Option<&'static str>), Problem> {
    let (bytes, kind) = bytes_of(live, file)?;
    if kind != Some(HEIC) {
        return Ok((bytes, kind));
    }
    let whole = live.evidence.held(&bytes, 0, MOST_PICTURE)?;
    let decoder = &serving.house.decoder;
    let shown = decoder.large(&whole).map(|made| made.jpeg).or_else(|| preview(decoder, &whole));
    let shown = shown.ok_or_else(|| Problem::missing(NOT_SHOWN))?;
    Ok((Bytes::Held(shown), Some("image/jpeg")))
}

/// Returns what a picture looks like, from its preview where it has one; none if that cannot be told.
fn look(serving: &Serving, live: &Live, file: &Attachment) -> Option<u64> {
    if let Some(known) = serving.house.smalls.look(file) {
        return known;
    }
    let made = bytes_of(live, file).ok().filter(|(_, kind)| kind.is_some_and(|k| k.starts_with("image/")));
    let whole = made.and_then(|(bytes, _)| live.evidence.held(&bytes, 0, MOST_PICTURE).ok());
    let small = whole.and_then(|whole| {
        let decoder = &serving.house.decoder;
        decoder.small(&whole).or_else(|| decoder.small(&preview(decoder, &whole)?))
    });
    let look = small.map(|small| small.look);
    serving.house.smalls.looked(file, look);
    look
}

/// Among which pictures.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Among {
    /// Query, as in `glasshouse search`; everything if left out.
    #[serde(default)]
    q: String,
    /// Compare with the 401 from this rank on, the newest first; with those nearest in time if left out.
    from: Option<u32>,
}

/// Pictures that look alike, among 401 of a search, those nearest in time or others: a finding by comparing them at 64 places each,
/// which says neither that they are the same nor that no other is. `looked` of `of` are compared; who asks again goes on.
#[utoipa::path(get, path = "/api/media/{id}/{n}/alike", tag = "media",
    params(("id" = String, Path, description = "Id of the record"), ("n" = u32, Path, description = "Number of the attachment, from 0"), Among),
    responses((status = 200, body = shape::Alike), (status = 404, body = shape::Error)))]
pub async fn alike(
    Extension(serving): Shared,
    Named((id, n)): Named<(String, u32)>,
    Asked(asked): Asked<Among>,
) -> Response {
    answer(serving, move |serving, live| {
        bounded(&asked.q)?;
        serving.session().may_analyse(SIMILAR_PICTURES)?;
        let set = live.view.select(&asked.q)?;
        consulted(serving, Look::Search { view: "alike", query: &asked.q })?;
        let record = super::record::found(live, &id)?;
        let file = record.row.attachments.these().iter().find(|f| f.n == n && f.present);
        let file = file.ok_or_else(|| Problem::missing("The record has no such attachment."))?;
        let own = look(serving, live, file).ok_or_else(|| Problem::missing("This picture cannot be compared."))?;
        let media = live.view.with_media(&set)?;
        let from = match asked.from {
            Some(from) => from,
            None => live.view.rank_of(&media, Sorted::NewestFirst, &id)?.unwrap_or(0).saturating_sub(AROUND),
        };
        let near = live.view.gallery(&media, Sorted::NewestFirst, from, 2 * AROUND + 1)?;
        let others: Vec<_> = near.iter().filter(|one| one.row.id != id && one.media.about.kind == file.kind).collect();
        let (begun, next) = (Instant::now(), AtomicUsize::new(0));
        let compare = || {
            let mut found: Vec<(u32, usize)> = Vec::new();
            let mut looked = 0usize;
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(one) = others.get(at) else { return (found, looked) };
                let known = serving.house.smalls.look(&one.media.about).is_some();
                if !known && begun.elapsed() > PATIENCE {
                    continue;
                }
                looked += 1;
                let apart = look(serving, live, &one.media.about).map(|look| (look ^ own).count_ones());
                found.extend(apart.filter(|apart| *apart <= ALIKE).map(|apart| (apart, at)));
            }
        };
        // Two at a time: each is taken apart in a process of its own.
        let parts = std::thread::scope(|scope| {
            let threads = [scope.spawn(compare), scope.spawn(compare)];
            threads.into_iter().map(|thread| thread.join().unwrap_or_default()).collect::<Vec<_>>()
        });
        serving.house.smalls.known().looks.save();
        let looked: usize = parts.iter().map(|(_, looked)| looked).sum();
        let mut found: Vec<(u32, usize)> = parts.into_iter().flat_map(|(found, _)| found).collect();
        found.sort_unstable();
        let rows: Vec<Value> =
            found.iter().filter_map(|(apart, at)| Some(json!({ "apart": apart, "shown": others.get(*at)? }))).collect();
        serving.session().seen(found.iter().filter_map(|(_, at)| Some(others.get(*at)?.row.id.clone())));
        Ok(json!({ "looked": looked, "of": others.len(), "all": media.len(), "rows": rows }))
    })
    .await
}
