//! Pictures, films and sounds: the gallery, and bytes under a type that cannot run.

use super::Shared;
use super::answer::{Asked, Named, Problem, answer, on_thread};
use super::consulted::{Look, consulted};
use super::document::{self as shape};
use super::lists::{MOST_ROWS, Ranked, bounded, sorted};
use super::record::found;
use super::smalls;
use axum::Extension;
use axum::body::Body;
use axum::http::header::{ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use glasshouse_engine::view::Sorted;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

/// Records with a picture, film or sound that the case holds, each with the first of them.
#[utoipa::path(get, path = "/api/media", tag = "media", params(Ranked), responses((status = 200, body = shape::Gallery)))]
pub async fn gallery(Extension(serving): Shared, Asked(asked): Asked<Ranked>) -> Response {
    answer(serving, move |serving, live| {
        bounded(&asked.q)?;
        let sorted = sorted(&asked.order, Sorted::NewestFirst)?;
        let set = live.view.select(&asked.q)?;
        consulted(serving, Look::Search { view: "media", query: &asked.q })?;
        let media = live.view.with_media(&set)?;
        let rows = live.view.gallery(&media, sorted, asked.rank, asked.limit.min(MOST_ROWS))?;
        serving.session().seen(rows.iter().map(|shown| shown.row.id.clone()));
        Ok(json!({ "count": media.len(), "rank": asked.rank, "rows": rows }))
    })
    .await
}

/// What is attached to a record. Pictures, sounds and films have their type, told from their bytes; everything
/// else is a download. `Range` is honoured.
#[utoipa::path(get, path = "/api/media/{id}/{n}", tag = "media",
    params(("id" = String, Path, description = "Id of the record"), ("n" = u32, Path, description = "Number of the attachment, from 0")),
    responses((status = 200, content_type = "*/*", body = Vec<u8>), (status = 206, content_type = "*/*", body = Vec<u8>),
        (status = 404, body = shape::Error), (status = 416, description = "The range lies beyond the end.")))]
pub async fn medium(Extension(serving): Shared, Named((id, n)): Named<(String, u32)>, headers: HeaderMap) -> Response {
    give(serving, id, n, headers, As::Itself).await
}

/// How large a picture is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Sized {
    /// Large enough to be looked at: of HEIC a JPEG that was made of it, of other kinds the picture itself.
    #[serde(default)]
    large: bool,
}

/// A small picture: the preview that a camera left in it if there is one, else one made of a JPEG, PNG, WebP, GIF or
/// HEIC by the process that takes pictures apart, else the picture itself, which the page scales.
#[utoipa::path(get, path = "/api/thumb/{id}/{n}", tag = "media",
    params(("id" = String, Path, description = "Id of the record"), ("n" = u32, Path, description = "Number of the attachment, from 0"), Sized),
    responses((status = 200, content_type = "*/*", body = Vec<u8>), (status = 206, content_type = "*/*", body = Vec<u8>),
        (status = 404, body = shape::Error), (status = 416, description = "The range lies beyond the end.")))]
pub async fn thumb(
    Extension(serving): Shared,
    Named((id, n)): Named<(String, u32)>,
    Asked(asked): Asked<Sized>,
    headers: HeaderMap,
) -> Response {
    give(serving, id, n, headers, if asked.large { As::Large } else { As::Small }).await
}

/// What is given of an attachment.
#[derive(Clone, Copy)]
enum As {
    Itself,
    Small,
    Large,
}

async fn give(serving: std::sync::Arc<super::Serving>, id: String, n: u32, headers: HeaderMap, what: As) -> Response {
    let range = headers.get(RANGE).and_then(|r| r.to_str().ok()).map(str::to_owned);
    let done = on_thread(serving, move |serving, live| {
        let record = found(live, &id)?;
        consulted(serving, Look::Attachment(&id, n))?;
        let file = record.row.attachments.these().iter().find(|f| f.n == n);
        let file = file.ok_or_else(|| Problem::missing("The record has no such attachment."))?;
        let (bytes, kind) = match what {
            As::Itself => smalls::bytes_of(live, file)?,
            As::Small => smalls::small(serving, live, &id, file)?,
            As::Large => smalls::large(serving, live, file)?,
        };
        let length = bytes.len();
        let name = file.name.clone().unwrap_or_else(|| "attachment".into());
        let range = match range.as_deref().map(|r| part(r, length)) {
            None | Some(Wanted::Whole) => None,
            Some(Wanted::Part(from, to)) => Some((from, to)),
            Some(Wanted::Beyond) => return Ok((None, kind, length, None, name)),
        };
        let (from, to) = range.unwrap_or((0, length));
        let stream = live.evidence.stream(bytes, from, to - from)?;
        Ok((Some(stream), kind, length, range, name))
    });
    let (stream, kind, length, range, name) = match done.await {
        Ok(done) => done,
        Err(problem) => return problem.into_response(),
    };
    let Some(stream) = stream else {
        let beyond = [(CONTENT_RANGE, format!("bytes */{length}"))];
        return (StatusCode::RANGE_NOT_SATISFIABLE, beyond).into_response();
    };
    let (from, to) = range.unwrap_or((0, length));
    let disposition = match kind {
        Some(_) => "inline".to_owned(),
        None => format!("attachment; filename*=UTF-8''{}", escaped(&name)),
    };
    let about = [
        (CONTENT_TYPE, kind.unwrap_or("application/octet-stream").to_owned()),
        (CONTENT_DISPOSITION, disposition),
        (CONTENT_LENGTH, (to - from).to_string()),
        (ACCEPT_RANGES, "bytes".to_owned()),
    ];
    let body = Body::from_stream(stream);
    match range {
        Some(_) => {
            let range = [(CONTENT_RANGE, format!("bytes {from}-{}/{length}", to - 1))];
            (StatusCode::PARTIAL_CONTENT, about, range, body).into_response()
        }
        None => (about, body).into_response(),
    }
}

/// What a `Range` asks for, its end not included.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// It is none that we know, or several: all is given.
    Whole,
    Part(u64, u64),
    Beyond,
}

fn part(range: &str, length: u64) -> Wanted {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|r| r.split_once('-')) else {
        return Wanted::Whole;
    };
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    match (number(first), number(last)) {
        (Some(from), _) if from >= length => Wanted::Beyond,
        (Some(from), Some(to)) if to >= from => Wanted::Part(from, to.saturating_add(1).min(length)),
        (Some(from), None) if last.is_empty() => Wanted::Part(from, length),
        (None, Some(0)) if first.is_empty() => Wanted::Beyond,
        (None, Some(_)) if first.is_empty() && length == 0 => Wanted::Beyond,
        (None, Some(end)) if first.is_empty() => Wanted::Part(length.saturating_sub(end), length),
        _ => Wanted::Whole,
    }
}

/// Returns a file name for a header: everything but letters and digits as `%XX`.
fn escaped(name: &str) -> String {
    let mut escaped = String::new();
    for byte in name.bytes().take(200) {
        match byte {
            b if b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_') => escaped.push(char::from(b)),
            b => escaped.push_str(&format!("%{b:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (range, expected) in [
            ("bytes=0-", Wanted::Part(0, 10)),
            ("bytes=2-3", Wanted::Part(2, 4)),
            ("bytes=2-99", Wanted::Part(2, 10)),
            ("bytes=-3", Wanted::Part(7, 10)),
            ("bytes=-99", Wanted::Part(0, 10)),
            ("bytes=10-", Wanted::Beyond),
            ("bytes=-0", Wanted::Beyond),
            ("bytes=3-2", Wanted::Whole),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("bytes=99999999999999999999999-", Wanted::Whole),
            ("items=0-1", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
        ] {
            assert_eq!(part(range, 10), expected, "{range}");
        }
        assert_eq!(part("bytes=-5", 0), Wanted::Beyond);
    }

    #[test]
    fn names_are_no_headers() {
        assert_eq!(escaped("a b\r\nX: y\".jpg"), "a%20b%0D%0AX%3A%20y%22.jpg");
    }
}
