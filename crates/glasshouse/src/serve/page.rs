//! The page itself, built from `web/` and embedded.

use super::answer::Problem;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use rust_embed::Embed;

#[derive(Embed)]
#[folder = "../../web/dist"]
struct Dist;

/// Gives a file of the page; every other path that is no `/api` is a view of it.
pub async fn page(method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if !matches!(method, Method::GET | Method::HEAD) || path == "api" || path.starts_with("api/") {
        return Problem::missing("There is nothing of that name.").into_response();
    }
    // Names are looked up among those embedded; none is a path on this machine.
    let (name, file) = match Dist::get(path) {
        Some(file) if !path.is_empty() => (path, file),
        _ if path.starts_with("assets/") => {
            return Problem::missing("The page has no such file; reload it.").into_response();
        }
        _ => match Dist::get("index.html") {
            Some(file) => ("index.html", file),
            None => return Problem::missing("This build has no page.").into_response(),
        },
    };
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let kind = match ending {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/vnd.microsoft.icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    ([(CONTENT_TYPE, kind)], file.data).into_response()
}
